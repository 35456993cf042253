"""FastAPI applications as the skills teach them: factory and lifespan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from pydantic_settings import BaseSettings
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware.base import RequestResponseEndpoint
from starlette.routing import Router

from tests.skills.blocks import load
from tests.skills.serving import asgi

factory = load("python-backend/references/application.md#the-factory")


def settings(folder: Path) -> BaseSettings:
    url = f"sqlite+aiosqlite:///{folder}/orders.db"
    made: BaseSettings = factory.Settings(database_url=url)
    return made


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the factory's lifespan closes, in its order."""
    found: list[str] = []
    make = factory.create_async_engine

    def create_async_engine(url: str) -> AsyncEngine:
        engine: AsyncEngine = make(url)
        event.listen(engine.sync_engine, "engine_disposed", lambda _: found.append("engine"))
        return engine

    class Client(httpx2.AsyncClient):
        async def aclose(self) -> None:
            found.append("client")
            await super().aclose()

        async def __aexit__(self, *_: object) -> None:
            await self.aclose()

    monkeypatch.setattr(factory, "create_async_engine", create_async_engine)
    monkeypatch.setattr(factory, "httpx2", SimpleNamespace(AsyncClient=Client))
    return found


async def test_an_app_serves_what_its_lifespan_opens_and_closes_it_in_reverse(
    tmp_path: Path, closed: list[str]
) -> None:
    app = factory.create_app(settings(tmp_path))
    async with app.router.lifespan_context(app), asgi(app) as client:
        async with app.state.engine.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
            await connection.exec_driver_sql("INSERT INTO orders VALUES (1), (2)")
        assert (await client.get("/v1/orders/count")).json() == 2
        assert closed == []
    assert closed == ["client", "engine"]
    assert app.state.rates.is_closed


async def test_what_was_opened_is_closed_when_a_later_step_of_the_start_fails(
    tmp_path: Path, closed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(factory, "httpx2", SimpleNamespace(AsyncClient=fail))
    app = factory.create_app(settings(tmp_path))
    with pytest.raises(FileNotFoundError):
        async with app.router.lifespan_context(app):
            raise AssertionError
    assert closed == ["engine"]


async def test_what_was_opened_is_closed_when_the_body_raises(
    tmp_path: Path, closed: list[str]
) -> None:
    seed: list[str] = []

    @asynccontextmanager
    async def seed_lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        seed.append("client")

    for app in (FastAPI(lifespan=seed_lifespan), factory.create_app(settings(tmp_path))):
        with pytest.raises(RuntimeError):
            async with app.router.lifespan_context(app):
                raise RuntimeError
    assert seed == []
    assert closed == ["client", "engine"]


# Not aiosqlite's: the thread of a connection that failed may outlive its loop, and says so.
ABSENT = "postgresql+asyncpg://app@127.0.0.1:1/orders"


def test_a_service_that_lacks_its_database_does_not_start() -> None:
    app = factory.create_app(factory.Settings(database_url=ABSENT))
    with pytest.raises(ConnectionRefusedError), TestClient(app):
        raise AssertionError


async def test_uvicorn_ends_with_status_3_when_the_start_fails() -> None:
    app = factory.create_app(factory.Settings(database_url=ABSENT))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    with pytest.raises(SystemExit) as ended:
        await start(server)
    assert ended.value.code == 3


async def start(server: uvicorn.Server) -> None:
    """Do what `serve` does first, in this task: SystemExit of another one would end the loop."""
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()


def test_settings_are_given_to_the_factory_because_overrides_do_not_reach_it(
    tmp_path: Path,
) -> None:
    read: list[str] = []

    def get_url() -> str:
        return "production"

    @asynccontextmanager
    async def seed_lifespan(_: FastAPI) -> AsyncIterator[None]:
        read.append(get_url())
        yield

    seed_app = FastAPI(lifespan=seed_lifespan)
    seed_app.dependency_overrides[get_url] = lambda: "test"
    with TestClient(seed_app):
        assert read == ["production"]
    app = factory.create_app(settings(tmp_path))
    with TestClient(app):
        assert str(tmp_path) in str(app.state.engine.url)


def test_an_app_that_a_test_builds_itself_lacks_what_the_factory_adds(tmp_path: Path) -> None:
    """The seed's test app was `FastAPI()` with a router: not the real stack."""
    seed_app = FastAPI()
    seed_app.include_router(factory.router)
    with TestClient(seed_app, raise_server_exceptions=False) as client:
        assert client.get("/v1/orders/count").status_code == 500
    app = factory.create_app(settings(tmp_path))
    with TestClient(app):
        assert app.state.engine


def test_on_event_is_gone_or_deprecated() -> None:
    assert not hasattr(Router, "on_event")
    with pytest.warns(DeprecationWarning, match="lifespan"):
        FastAPI().on_event("startup")


async def test_what_a_lifespan_yields_does_not_reach_an_asgi_transport() -> None:
    @asynccontextmanager
    async def yielding(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        app.state.rates = "kept"
        yield {"rates": "yielded"}

    app = FastAPI(lifespan=yielding)

    @app.middleware("http")
    async def show(request: Request, call_next: RequestResponseEndpoint) -> Response:
        answer = await call_next(request)
        answer.headers["kept"] = request.app.state.rates
        answer.headers["yielded"] = getattr(request.state, "rates", "absent")
        return answer

    with TestClient(app) as client:
        assert client.get("/").headers["yielded"] == "yielded"
    async with app.router.lifespan_context(app), asgi(app) as client_:
        answer = await client_.get("/")
    assert (answer.headers["kept"], answer.headers["yielded"]) == ("kept", "absent")


async def test_a_mounted_application_has_no_lifespan_and_its_own_state() -> None:
    started: list[str] = []

    @asynccontextmanager
    async def seed_lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.rates = "open"
        started.append(app.title)
        yield

    inner = FastAPI(title="inner", lifespan=seed_lifespan)

    @inner.get("/rates")
    async def rates(request: Request) -> str:
        return str(request.app.state.rates)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.rates = "of the outer one"
        async with inner.router.lifespan_context(inner):
            yield

    seed_outer, outer = FastAPI(title="outer", lifespan=seed_lifespan), FastAPI(lifespan=lifespan)
    for app, status in ((seed_outer, 500), (outer, 200)):
        app.mount("/inner", inner)
        async with app.router.lifespan_context(app), asgi(app, raises=False) as client:
            assert (await client.get("/inner/rates")).status_code == status
    assert started == ["outer", "inner"]
