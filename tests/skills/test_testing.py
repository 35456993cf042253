"""The blocks of testing.md, served and driven, each beside what its seed does."""

from __future__ import annotations

import asyncio
import importlib.util
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Annotated, Protocol
from unittest.mock import AsyncMock, Mock, create_autospec, patch

import fakeredis
import httpx2
import pytest
import redis.asyncio
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.exceptions import RedisError, ResponseError

from tests.skills.blocks import load

application = load("python-backend/references/testing.md#the-application")
timed = load("python-backend/references/testing.md#time")
fakes = load("python-backend/references/testing.md#fakes")
cases = load("python-backend/references/testing.md#cases")


class Rates(Protocol):
    """What the application asks elsewhere."""

    async def rate(self, currency: str) -> int:
        """Return a currency's rate."""
        ...


class FixedRates:
    """A fake of it."""

    async def rate(self, currency: str) -> int:  # noqa: D102 - as the port says
        return len(currency)


class NoRateError(Exception):
    """An error that the application has a handler for."""


async def get_rates() -> Rates:
    raise NoRateError


router = APIRouter()


@router.get("/rate")
async def read_rate(rates: Annotated[Rates, Depends(get_rates)]) -> int:
    return await rates.rate("EUR")


def create_app(events: list[str] | None = None) -> FastAPI:
    said = events if events is not None else []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.loop = asyncio.get_running_loop()
        said.append("open")
        yield
        said.append("close")

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)

    @app.exception_handler(NoRateError)
    async def no_rate(_request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({}, 503)

    @app.get("/opened")
    async def opened(request: Request) -> bool:
        return request.app.state.loop is asyncio.get_running_loop()

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            said.append("last")
            yield b"last"

        return StreamingResponse(parts())

    return app


async def test_the_lifespan_is_entered_and_left() -> None:
    events: list[str] = []
    app = create_app(events)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://test"
    ) as seed:
        with pytest.raises(AttributeError, match="loop"):
            await seed.get("/opened")
    async with application.serving(app) as client:
        assert (await client.get("/opened")).json() is True
        assert events == ["open"]
    assert events == ["open", "close"]


async def test_the_sync_client_has_a_loop_of_its_own() -> None:
    app = create_app()
    with pytest.raises(AttributeError, match="loop"):
        TestClient(app).get("/opened")
    with TestClient(app) as client:
        assert client.get("/opened").json() is True
        assert app.state.loop is not asyncio.get_running_loop()


async def test_an_empty_application_has_none_of_its_handlers() -> None:
    seed = FastAPI()
    seed.include_router(router)
    async with application.serving(seed) as client:
        with pytest.raises(NoRateError):
            await client.get("/rate")
    async with application.serving(create_app()) as client:
        assert (await client.get("/rate")).status_code == 503


async def test_an_override_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app()

    async def fails_in_the_middle(overrides: pytest.MonkeyPatch) -> None:
        overrides.setitem(app.dependency_overrides, get_rates, FixedRates)
        async with application.serving(app) as client:
            assert (await client.get("/rate")).json() == 3
            await client.get("/bug")

    with monkeypatch.context() as overrides, pytest.raises(ZeroDivisionError):
        await fails_in_the_middle(overrides)
    assert app.dependency_overrides == {}


@pytest.mark.parametrize("seed", [Mock(return_value=FixedRates()), lambda **_: FixedRates()])
async def test_the_parameters_of_an_override_are_asked_of_callers(
    seed: Callable[..., Rates],
) -> None:
    app = create_app()
    app.dependency_overrides[get_rates] = seed
    async with application.serving(app) as client:
        answer = await client.get("/rate")
    assert answer.status_code == 422
    assert {one["loc"][0] for one in answer.json()["detail"]} == {"query"}


async def test_what_a_route_raises_is_raised_unless_asked_otherwise() -> None:
    app = create_app()
    with pytest.raises(ZeroDivisionError):
        async with application.serving(app) as client:
            await client.get("/bug")
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/bug")).status_code == 500
    assert TestClient(app, raise_server_exceptions=False).get("/bug").status_code == 500


async def test_an_answer_is_handed_over_when_it_is_complete() -> None:
    events: list[str] = []
    async with (
        application.serving(create_app(events)) as client,
        client.stream("GET", "/stream"),
    ):
        assert events == ["open", "last"]


async def test_a_patched_clock_stops_the_loop() -> None:
    loop, imported = asyncio.get_running_loop(), time.monotonic
    with patch("time.monotonic", return_value=time.monotonic() + 100):
        sleeping = asyncio.ensure_future(asyncio.sleep(0.001))
        stopped = loop.time()
        over = time.perf_counter() + 0.01
        while time.perf_counter() < over:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
        assert not sleeping.done()
        assert loop.time() == stopped
        assert imported() < stopped
    sleeping.cancel()


def test_an_account_is_kept(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
        fakes.SqliteAccounts(db).add("Ada@example.com")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
        again = fakes.SqliteAccounts(db)
        with pytest.raises(fakes.DuplicateEmailError):
            again.add("ada@example.com")


def test_time_passes_by_the_clock_that_is_given() -> None:
    clock = timed.ManualClock()
    codes = timed.OneTimeCodes(60, clock)
    for code in "abc":
        codes.issue(code)
    clock.now += 59.9
    assert codes.redeem("a")
    assert not codes.redeem("a")
    clock.now += 0.1
    assert not codes.redeem("b")
    assert not codes.redeem("unknown")
    own = timed.OneTimeCodes(60)
    own.issue("d")
    assert own.redeem("d")


async def test_a_mock_without_a_spec_agrees_with_everything() -> None:
    seed, spec = AsyncMock(), create_autospec(Rates, instance=True, spec_set=True)
    await seed.raet("EUR", "a parameter that is not there")
    with pytest.raises(AttributeError):
        spec.raet("EUR")
    with pytest.raises(TypeError, match="too many"):
        spec.rate("EUR", "a parameter that is not there")
    names_only = AsyncMock(spec_set=Rates)
    await names_only.rate("EUR", "a parameter that is not there")
    await spec.rate("EUR")
    spec.rate.assert_awaited_once_with("EUR")


def test_called_is_not_awaited() -> None:
    mailer = create_autospec(Rates, instance=True)
    mailer.rate("EUR").close()
    mailer.rate.assert_called_once()
    with pytest.raises(AssertionError, match="Awaited 0 times"):
        mailer.rate.assert_awaited_once()


def test_frozen_settings_are_not_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings(BaseModel):
        model_config = ConfigDict(frozen=True)
        port: int = 1

    settings = Settings()
    with pytest.raises(ValidationError), monkeypatch.context() as patched:
        patched.setattr(settings, "port", 2)


def test_an_exact_error_is_expected() -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - the seed's
        cases.Prodcut(sku="A")
    (mark,) = cases.test_a_wrong_sku_is_refused.pytestmark
    for case in mark.args[1]:
        cases.test_a_wrong_sku_is_refused(*case.values)
    for right_or_other in ("A-1", "B"):
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            cases.test_a_wrong_sku_is_refused(right_or_other)
    with pytest.raises(ValidationError):  # the class alone takes the error of another field
        cases.Product(sku="A-1", stock="many")


async def seed_allows(client: object) -> bool:
    """Open on every error, as the seed does; so a fake without the method is a pass."""
    try:
        return bool(await client.eval("return 0", 0))  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - the seed's
        return True


async def test_a_fake_of_the_vendor_speaks_and_refuses_as_redis_does() -> None:
    async with fakeredis.FakeAsyncRedis(decode_responses=True) as client:
        assert await client.set("lease", "a", nx=True, ex=5)
        assert await client.set("lease", "b", nx=True) is None
        assert await client.ttl("lease") == 5
        assert importlib.util.find_spec("lupa") is None
        with pytest.raises(ResponseError, match="unknown command"):
            await client.eval("return 1", 0)
        assert await seed_allows(client)
    assert await seed_allows(object())


async def test_a_script_is_run_by_a_real_server(redis_server: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_server, decode_responses=True) as client:
        await client.flushall()
        await client.set("lease", "a")
        held = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0"
        assert await client.eval(held, 1, "lease", "b") == 0
        assert await client.eval(held, 1, "lease", "a") == 1
        assert not await seed_allows(client)
        with pytest.raises(RedisError):
            await client.eval("return redis.call('nosuch')", 0)
