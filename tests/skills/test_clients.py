"""Calls to other services: what a hostile or broken one can make of us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from pydantic import ValidationError

from tests.skills.blocks import load
from tests.skills.serving import served

calls = load("python-backend/references/application.md#calls-to-other-services")

HOSTILE = [
    "../admin",
    "..",
    ".",
    "",
    "../../v1/admin/keys",
    "a/b",
    "EUR?admin=1",
    "EUR#",
    "//evil.example",
    "@evil.example",
    "https://evil.example/",
    "EUR\r\nHost: evil.example",
    "..\\admin",
    "%2e%2e/admin",
    "EUR;v=1",
]


@asynccontextmanager
async def rates(
    answer: Callable[[httpx2.Request], httpx2.Response],
) -> AsyncIterator[tuple[Any, list[httpx2.Request]]]:
    """Give the block's service, answered by a function, and the requests it got."""
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer(request)

    transport = httpx2.MockTransport(handle)
    async with httpx2.AsyncClient(base_url="https://rates.example", transport=transport) as client:
        yield calls.Rates(client), seen


def good(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={"currency": "EUR", "value": "1.08", "source": "new field"})


async def seed_latest(client: httpx2.AsyncClient, currency: str) -> dict[str, object]:
    """Do what the seed did: the text in the path, the body before anybody looks at it."""
    answer = await client.get(f"/v1/rates/{currency}")
    answer.raise_for_status()
    said: dict[str, object] = answer.json()
    return said


async def test_an_answer_is_parsed_and_what_it_has_beside_is_ignored() -> None:
    async with rates(good) as (service, _):
        rate = await service.latest("EUR")
    assert rate == calls.Rate(currency="EUR", value=Decimal("1.08"))
    binary = calls.Rate.model_validate_json('{"currency": "EUR", "value": 0.30000000000000004}')
    assert binary.value == Decimal("0.30000000000000004")


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_segment_stays_one_segment(value: str) -> None:
    async with rates(good) as (service, seen):
        if value in {"", ".", ".."}:
            with pytest.raises(ValueError, match="not a path segment"):
                await service.latest(value)
            assert seen == []
            return
        await service.latest(value)
    (request,) = seen
    path = request.url.raw_path.decode()
    assert request.url.host == "rates.example"
    assert path.startswith("/v1/rates/")
    assert path.count("/") == 3
    assert not {"?", "#"} & {*path}


async def test_the_seed_and_quote_alone_leave_the_path() -> None:
    async with rates(good) as (service, seen):
        await seed_latest(service.client, "../admin/keys")
        await seed_latest(service.client, "EUR?admin=1")
        await service.client.get(f"/v1/rates/{calls.quote('..', safe='')}")
    paths = [one.url.raw_path.decode() for one in seen]
    assert paths == ["/v1/admin/keys", "/v1/rates/EUR?admin=1", "/v1"]


BAD = {
    "an error that looks like an answer": httpx2.Response(
        500, json={"currency": "EUR", "value": "9"}
    ),
    "an error page": httpx2.Response(502, text="<html>bad gateway</html>"),
    "a redirect": httpx2.Response(302, headers={"location": "http://169.254.169.254/latest"}),
    "no JSON": httpx2.Response(200, text="<html>log in</html>"),
    "a list": httpx2.Response(200, json=[]),
    "a field is missing": httpx2.Response(200, json={"currency": "EUR"}),
    "infinity": httpx2.Response(200, content=b'{"currency": "EUR", "value": "Infinity"}'),
    "a number of a million digits": httpx2.Response(
        200, json={"currency": "EUR", "value": "1e999999"}
    ),
    "a word": httpx2.Response(200, json={"currency": "EUR", "value": "free"}),
    "less than nothing": httpx2.Response(200, json={"currency": "EUR", "value": -1}),
    "bytes that are no text": httpx2.Response(200, content=b'{"currency": "\xff", "value": 1}'),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
async def test_what_is_wrong_becomes_one_error_with_its_cause(answer: httpx2.Response) -> None:
    async with rates(lambda _: answer) as (service, seen):
        with pytest.raises(calls.RatesError) as raised:
            await service.latest("EUR")
    assert isinstance(raised.value.__cause__, httpx2.HTTPError | ValidationError)
    assert str(raised.value) == ""
    assert len(seen) == 1


async def test_the_seed_believes_what_another_service_says() -> None:
    answer = httpx2.Response(200, content=b'{"currency": "EUR", "value": Infinity}')
    async with rates(lambda _: answer) as (service, _):
        assert (await seed_latest(service.client, "EUR"))["value"] == float("inf")
        with pytest.raises(calls.RatesError):
            await service.latest("EUR")


HOST = "rates-3.internal"


@pytest.mark.parametrize("error", [httpx2.ConnectError, httpx2.ReadTimeout, httpx2.PoolTimeout])
async def test_a_failed_connection_becomes_the_same_error(error: type[Exception]) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise error(HOST)

    async with rates(fail) as (service, _):
        with pytest.raises(calls.RatesError):
            await service.latest("EUR")


async def test_an_answer_that_drips_is_ended_by_the_calls_own_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each read of the dripping answer is in time: the client's timeout does not see it."""
    enough, given_up = asyncio.Event(), asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            for count in range(100_000):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0)
                if count == 200:
                    enough.set()
        except ConnectionError:
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            given_up.set()

    deadline: list[asyncio.Timeout] = []

    def timeout(seconds: float) -> asyncio.Timeout:
        assert seconds == 10
        deadline.append(asyncio.timeout(None))
        return deadline[0]

    monkeypatch.setattr(calls, "asyncio", SimpleNamespace(timeout=timeout))
    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=1) as client:
        calling = asyncio.create_task(calls.Rates(client).latest("EUR"))
        await enough.wait()
        assert not calling.done()
        deadline[0].reschedule(0)
        with pytest.raises(calls.RatesError) as raised:
            await calling
        assert isinstance(raised.value.__cause__, TimeoutError)
        await given_up.wait()


async def test_a_client_for_each_call_connects_each_time() -> None:
    app = FastAPI()

    @app.get("/")
    async def caller(request: Request) -> int | None:
        return request.client and request.client.port

    async with served(app) as (_, url):
        seed_ports = set()
        for _ in range(3):
            async with httpx2.AsyncClient() as seed_client:
                seed_ports.add((await seed_client.get(url)).json())
        async with httpx2.AsyncClient() as client:
            ports = {(await client.get(url)).json() for _ in range(3)}
    assert (len(seed_ports), len(ports)) == (3, 1)
