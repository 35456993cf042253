"""The skills' request ids and metrics, given hostile callers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Histogram
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.types import ASGIApp

from tests.skills.blocks import load

IDS = load("python-services/references/observability.md#request-ids")
METRICS = load("python-services/references/observability.md#metrics")


@asynccontextmanager
async def calling(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


def service() -> FastAPI:
    app = FastAPI()

    @app.get("/orders/{order_id}")
    async def order(order_id: str) -> dict[str, str]:
        del order_id
        threaded = await asyncio.to_thread(IDS.REQUEST_ID.get)
        return {"here": IDS.REQUEST_ID.get(), "thread": threaded}

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError

    return app


async def test_a_callers_id_is_kept_shown_and_passed_on() -> None:
    app = service()
    app.add_middleware(IDS.RequestId)
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["x-request-id"])
        return httpx2.Response(200)

    transport = httpx2.MockTransport(answer)

    @app.get("/forward")
    async def forward() -> None:
        async with httpx2.AsyncClient(
            transport=transport, event_hooks={"request": [IDS.pass_on]}
        ) as other:
            await other.get("http://stock")

    async with calling(app) as client:
        headers = {"x-request-id": "order-7.a_b"}
        answered = await client.get("/orders/1", headers=headers)
        assert answered.headers["x-request-id"] == "order-7.a_b"
        assert set(answered.json().values()) == {"order-7.a_b"}
        await client.get("/forward", headers=headers)
        made = [(await client.get("/orders/1")).json()["here"] for _ in range(2)]
    assert seen == ["order-7.a_b"]
    assert len({*made}) == 2


@pytest.mark.parametrize(
    "sent",
    ["", "short", "x" * 65, "12345678\n", "a\r\nset-cookie: b=c", "12345678 90", "\uff11" * 8,
     "${jndi:ldap://x}", "<script>alert</script>", "\x1b[2Jcleared", "12345678\u2028"],
)  # fmt: skip
async def test_an_id_of_another_shape_is_not_taken(sent: str) -> None:
    app = service()
    app.add_middleware(IDS.RequestId)
    messages: list[dict[str, object]] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        messages.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"x-request-id", sent.encode())]
    scope = {"type": "http", "method": "GET", "path": "/orders/1", "query_string": b""}
    await app(scope | {"headers": headers}, receive, send)
    given = json.loads(str(bytes(messages[1]["body"]).decode()))["here"]  # type: ignore[call-overload]
    assert given != sent
    assert given.isalnum()
    assert len(given) == 32


async def test_what_the_context_reaches() -> None:
    IDS.REQUEST_ID.set("order-7.a_b")
    with ThreadPoolExecutor(1) as pool:
        in_pool = await asyncio.get_running_loop().run_in_executor(pool, IDS.REQUEST_ID.get)
        submitted = pool.submit(IDS.REQUEST_ID.get).result()
    in_task = await asyncio.ensure_future(asyncio.to_thread(IDS.REQUEST_ID.get))
    assert (in_pool, submitted, in_task) == ("-", "-", "order-7.a_b")


def series(histogram: Histogram) -> set[tuple[str, ...]]:
    (family,) = histogram.collect()
    return {tuple(one.labels[name] for name in ("method", "route", "status"))
            for one in family.samples if one.name.endswith("_count")}  # fmt: skip


async def flood(app: ASGIApp) -> None:
    async with calling(app) as client:
        for number in range(50):
            await client.get(f"/orders/{number}")
            await client.get(f"/{number}.php")
            await client.request(f"M{number}", "/orders/1")
        await client.get("/broken")


async def test_callers_cannot_make_series() -> None:
    METRICS.SECONDS.clear()
    app = service()
    app.add_middleware(METRICS.Measured)
    await flood(app)
    assert series(METRICS.SECONDS) == {
        ("GET", "/orders/{order_id}", "200"),
        ("GET", "unmatched", "404"),
        ("other", "/orders/{order_id}", "405"),
        ("GET", "/broken", "500"),
    }


async def test_raw_paths_and_methods_make_one_series_each() -> None:
    registry = CollectorRegistry()
    seconds = Histogram("s", "S", ["method", "route", "status"], registry=registry)
    app = service()

    async def seed_measure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        seconds.labels(request.method, request.url.path, response.status_code).observe(0)
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=seed_measure)
    await flood(app)
    assert len(series(seconds)) == 150


async def test_what_an_endpoint_binds_is_lost_behind_base_http_middleware() -> None:
    seen: list[object] = []
    app = service()

    @app.get("/bind")
    async def bind() -> None:
        IDS.REQUEST_ID.set("bound-inside")

    async def look(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        seen.append(IDS.REQUEST_ID.get())
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=look)
    async with calling(app) as client:
        await client.get("/bind")
    assert seen == ["-"]


def test_a_library_needs_the_api_of_opentelemetry_alone() -> None:
    trace = pytest.importorskip("opentelemetry.trace")
    with trace.get_tracer("shop").start_as_current_span("order") as span:
        assert not span.is_recording()
