"""The skills' retries and deadlines, tried on a server that drops, refuses, stalls and drips."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx2
import pytest
from tenacity import (
    RetryCallState,
    RetryError,
    retry,
    retry_if_exception,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from tests.skills.blocks import load

POLICY = load("python-services/references/resilience.md#what-to-retry")
DEADLINES = load("python-services/references/resilience.md#deadlines")
WRITES = load("python-services/references/resilience.md#writes")
TRIES = 4


def reply(status: int, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status} x\r\nContent-Length: 2\r\n{headers}\r\nok".encode()


OK, DROP, STALL, DRIP = reply(200), b"", b"stall", b"drip"


@dataclass
class Server:
    """Answers each connection with the next reply, and the last one again after that."""

    replies: list[bytes]
    url: str = ""
    seen: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.tasks.append(asyncio.current_task())
        self.seen.append(await reader.read(65536))
        self.asked.set()
        now = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if now == STALL:
            await reader.read()
        elif now == DRIP:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not reader.at_eof() and not writer.is_closing():
                writer.write(b".")
                await asyncio.sleep(0.01)
        else:
            writer.write(now)
        writer.close()


@asynccontextmanager
async def serving(*replies: bytes) -> AsyncIterator[Server]:
    server = Server(list(replies))
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    async with listening:
        host, port = listening.sockets[0].getsockname()
        server.url = f"http://{host}:{port}"
        yield server
        await asyncio.gather(*filter(None, server.tasks), return_exceptions=True)


@asynccontextmanager
async def calling(
    *replies: bytes, phase: float = 5
) -> AsyncIterator[tuple[Server, httpx2.AsyncClient]]:
    async with (
        serving(*replies) as server,
        httpx2.AsyncClient(base_url=server.url, timeout=phase) as client,
    ):
        yield server, client


@pytest.fixture
def closed() -> Iterator[int]:
    """Return a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits between tries, which no test waits for."""
    found: list[float] = []

    async def record(seconds: float) -> None:
        found.append(seconds)

    for one in (POLICY.stock, DEADLINES._quote, WRITES.send):  # noqa: SLF001 - the block's own
        monkeypatch.setattr(one.retry, "sleep", record)
    return found


async def seed_call(client: httpx2.AsyncClient, calls: list[str]) -> bytes:
    """Retry on the builtin classes, and let tenacity wrap what is left."""

    @retry(
        retry=retry_if_exception_type((ConnectionError, TimeoutError)),
        stop=stop_after_attempt(5) | stop_after_delay(60),
        wait=wait_exponential_jitter(max=30),
    )
    async def call() -> bytes:
        calls.append("call")
        return (await client.get("/stock")).content

    return await call()


@pytest.mark.parametrize("failure", [DROP, reply(429), reply(502), reply(503), reply(504)])
async def test_what_passes_is_tried_again(failure: bytes, waits: list[float]) -> None:
    async with calling(failure, failure, OK) as (server, client):
        assert await POLICY.stock(client, "a") == b"ok"
    assert len(server.seen) == TRIES - 1
    assert len(waits) == TRIES - 2
    assert all(0 <= one <= POLICY.BACKOFF.max for one in waits)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
async def test_other_answers_are_not_asked_for_again(status: int, waits: list[float]) -> None:
    async with calling(reply(status)) as (server, client):
        with pytest.raises(httpx2.HTTPStatusError) as caught:
            await POLICY.stock(client, "a")
    assert caught.value.response.status_code == status
    assert (len(server.seen), waits) == (1, [])


async def test_a_refused_connection_is_tried_again(waits: list[float], closed: int) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{closed}") as client:
        with pytest.raises(httpx2.ConnectError):
            await POLICY.stock(client, "a")
        seen: list[str] = []
        with pytest.raises(httpx2.ConnectError):
            await seed_call(client, seen)
    assert len(waits) == TRIES - 1
    assert len(seen) == 1


async def test_a_dead_dependency_is_given_up_with_its_own_error(waits: list[float]) -> None:
    async with calling(STALL, phase=0.05) as (server, client):
        with pytest.raises(httpx2.ReadTimeout):
            await POLICY.stock(client, "a")
    assert (len(server.seen), len(waits)) == (TRIES, TRIES - 1)
    wrapped = POLICY.stock.retry_with(reraise=False, stop=stop_after_attempt(1))
    async with calling(reply(503)) as (_, client):
        with pytest.raises(RetryError):
            await wrapped(client, "a")


async def test_a_wait_that_is_asked_for_is_waited(waits: list[float]) -> None:
    async with calling(reply(429, "Retry-After: 7\r\n"), OK) as (_, client):
        await POLICY.stock(client, "a")
    assert [one >= 7 for one in waits] == [True]


@pytest.mark.parametrize("asked", ["3600", "9" * 400])
async def test_a_wait_that_is_too_long_is_a_failure_now(asked: str, waits: list[float]) -> None:
    async with calling(reply(429, f"Retry-After: {asked}\r\n")) as (server, client):
        with pytest.raises(httpx2.HTTPStatusError):
            await POLICY.stock(client, "a")
        assert (len(server.seen), waits) == (1, [])
        after = stop_after_attempt(2) | stop_after_delay(20)
        with pytest.raises(httpx2.HTTPStatusError):
            await POLICY.stock.retry_with(stop=after)(client, "a")
    assert waits[0] >= 3600


@pytest.mark.parametrize("asked", ["-5", "nan", "1e9", "", "²", "Fri, 31 Dec 2049 23:59:59 GMT"])
async def test_a_wait_that_is_no_number_changes_nothing(asked: str, waits: list[float]) -> None:
    header = f"Retry-After: {asked}\r\n".encode().decode("latin-1")
    async with calling(reply(429, header), OK) as (_, client):
        assert await POLICY.stock(client, "a") == b"ok"
    assert 0 <= waits[0] <= POLICY.BACKOFF.max


@pytest.mark.parametrize(
    ("url", "headers"), [("htp://127.0.0.1", {}), (None, {"Transfer-Encoding": "gzip\r\nx"})]
)
async def test_the_callers_own_faults_are_not_tried_again(
    url: str | None, headers: dict[str, str], waits: list[float]
) -> None:
    async with (
        serving(OK) as server,
        httpx2.AsyncClient(base_url=url or server.url, headers=headers) as client,
    ):
        with pytest.raises((httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)):
            await POLICY.stock(client, "a")
        assert waits == []
        wide = retry_if_exception(lambda error: isinstance(error, httpx2.TransportError))
        with pytest.raises(httpx2.TransportError):
            await POLICY.stock.retry_with(retry=wide)(client, "a")
    assert len(waits) == TRIES - 1


async def test_a_cancelled_call_ends() -> None:
    async def cancelled(work: Callable[..., Awaitable[object]]) -> int:
        async with calling(STALL, OK) as (server, client):
            task = asyncio.ensure_future(work(client, "a"))
            await server.asked.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return len(server.seen)

    all_but = POLICY.stock.retry_with(retry=retry_if_not_exception_type(ValueError), wait=None)
    assert await cancelled(POLICY.stock) == 1
    assert await cancelled(all_but) == 2


async def test_an_answer_that_drips_ends_at_the_tries_deadline(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DEADLINES, "ONE_TRY", 0.1)
    async with calling(DRIP, phase=0.09) as (server, client):
        with pytest.raises(TimeoutError):
            await DEADLINES.quote(client)
    assert (len(server.seen), len(waits)) == (3, 2)


async def test_the_outer_deadline_holds_for_all_tries(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DEADLINES, "ALL_TRIES", 0.1)
    async with calling(STALL) as (server, client):
        with pytest.raises(TimeoutError):
            await DEADLINES.quote(client)
    assert (len(server.seen), waits) == (1, [])


async def seed_send(client: httpx2.AsyncClient) -> None:
    """Send a write with a key that is made in each try."""

    @retry(retry=retry_if_exception_type(httpx2.TransportError), stop=stop_after_attempt(3))
    async def post() -> None:
        await client.post("/charges", headers={"Idempotency-Key": str(uuid4())})

    await post()


async def test_a_repeated_write_is_known_by_its_key(waits: list[float]) -> None:
    def effects(server: Server) -> int:
        lines = [line for one in server.seen for line in one.lower().split(b"\r\n")]
        return len({line for line in lines if line.startswith(b"idempotency-key:")})

    async with calling(DROP, DROP, OK) as (server, client):
        await WRITES.send(client, WRITES.Charge(UUID(int=7), 250))
    assert (len(server.seen), effects(server), len(waits)) == (3, 1, 2)
    async with calling(DROP, DROP, OK) as (server, client):
        await seed_send(client)
    assert effects(server) == 3


def test_the_wait_asks_nothing_of_a_state_without_an_outcome() -> None:
    state = RetryCallState(POLICY.stock.retry, None, (), {})
    assert POLICY.wait(state) >= 0
