"""FastAPI applications as the skills teach them: factory, lifespan, dependencies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
import uvicorn
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response
from fastapi.testclient import TestClient
from pydantic_settings import BaseSettings
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
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


def test_a_service_that_lacks_its_database_does_not_start(tmp_path: Path) -> None:
    app = factory.create_app(settings(tmp_path / "absent"))
    with pytest.raises(OperationalError), TestClient(app):
        raise AssertionError


async def test_uvicorn_ends_with_status_3_when_the_start_fails(tmp_path: Path) -> None:
    app = factory.create_app(settings(tmp_path / "absent"))
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


async def test_background_tasks_run_after_the_response_and_before_dependencies_end() -> None:
    order: list[str] = []

    async def held() -> AsyncIterator[None]:
        yield
        order.append("dependency ended")

    app = FastAPI()

    @app.post("/mail", dependencies=[Depends(held)], status_code=202)
    async def mail(later: BackgroundTasks) -> None:
        later.add_task(order.append, "task ran")

    async with asgi(app) as client:
        assert (await client.post("/mail")).status_code == 202
    assert order == ["task ran", "dependency ended"]


async def test_what_fails_after_a_yield_fails_the_request_only_in_function_scope() -> None:
    async def lease() -> AsyncIterator[None]:
        yield
        raise OSError

    app = FastAPI()
    app.post("/seed", status_code=201, dependencies=[Depends(lease)])(created)
    app.post("/", status_code=201, dependencies=[Depends(lease, scope="function")])(created)
    async with asgi(app, raises=False) as client:
        assert (await client.post("/seed")).status_code == 201
        assert (await client.post("/")).status_code == 500


async def created() -> str:
    return "created"


async def test_a_dependencys_limit_holds_for_all_that_share_its_alias() -> None:
    inside: list[str] = []
    most: list[int] = []
    both_asked = asyncio.Event()

    async def session() -> AsyncIterator[None]:
        inside.append("session")
        most.append(len(inside))
        await both_asked.wait()
        yield
        inside.pop()

    async def at_once(app: FastAPI) -> int:
        most.clear()
        both_asked.clear()
        async with asgi(app) as client, asyncio.TaskGroup() as group:
            for path in ("/a", "/b"):
                group.create_task(client.post(path))
            for _ in range(50):
                await asyncio.sleep(0)
            both_asked.set()
        return max(most)

    shared, seed_app, app = Depends(session, max_concurrency=1), FastAPI(), FastAPI()
    for path in ("/a", "/b"):
        app.post(path, dependencies=[shared])(created)
        own = Depends(session, max_concurrency=1)
        seed_app.post(path, dependencies=[own])(created)
    assert await at_once(seed_app) == 2
    assert await at_once(app) == 1


async def test_a_dependency_that_does_not_raise_again_hides_the_status() -> None:
    async def seed_held() -> AsyncIterator[None]:
        with suppress(HTTPException):
            yield

    app = FastAPI()

    @app.get("/", dependencies=[Depends(seed_held)])
    async def refuse() -> None:
        raise HTTPException(404)

    async with asgi(app, raises=False) as client:
        assert (await client.get("/")).status_code == 500
