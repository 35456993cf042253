"""Tests that call an application whose lifespan nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.asgi_without_lifespan import RULE
from tests.rules.cases import hits

APP = """
        # file: app/main.py
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        @asynccontextmanager
        async def lifespan(app):
            app.state.store = await open_store()
            yield
            await app.state.store.close()
        def create_app():
            made = FastAPI(lifespan=lifespan)
            return made
        app = FastAPI(lifespan=lifespan)
        plain = FastAPI()
"""
HITS = {
    "an application": """
        # file: tests/test_orders.py
        from httpx import ASGITransport, AsyncClient
        from app.main import app
        async def test_orders():
            async with AsyncClient(transport=ASGITransport(app=app)) as c:  # hit
                await c.get("/orders")
    """
    + APP,
    "a factory, under another name": """
        # file: tests/test_orders.py
        import httpx2 as web
        from app import main
        async def test_orders():
            app = main.create_app()
            transport = web.ASGITransport(app)  # hit
            async with web.AsyncClient(transport=transport) as client:
                await client.get("/orders")
    """
    + APP,
    "a fixture of the conftest": """
        # file: tests/conftest.py
        import pytest
        from app.main import create_app
        @pytest.fixture
        def service():
            return create_app()
        # file: tests/api/test_orders.py
        import httpx
        async def test_orders(service):
            transport = httpx.ASGITransport(**{"app": service})  # hit
    """
    + APP,
    "the parameter of old": """
        # file: tests/conftest.py
        import httpx, pytest_asyncio
        from app.main import app as service
        @pytest_asyncio.fixture
        async def client():
            async with httpx.AsyncClient(app=service, base_url="http://test") as client:  # hit
                yield client
    """
    + APP,
    "an event of old": """
        # file: tests/test_orders.py
        import httpx
        from service import api
        async def test_orders():
            transport = httpx.ASGITransport(app=api)  # hit
        # file: service.py
        import fastapi
        api = fastapi.FastAPI()
        @api.on_event("startup")
        async def start():
            api.state.store = await open_store()
    """,
    "state that is yielded": """
        # file: tests/test_orders.py
        import functools, httpx
        from service import api
        transport_of = functools.partial(httpx.ASGITransport, raise_app_exceptions=False)
        async def test_orders():
            transport = transport_of(app=api)  # hit
        # file: service.py
        from contextlib import asynccontextmanager
        from starlette.applications import Starlette
        @asynccontextmanager
        async def opened(app):
            async with open_store() as store:
                yield {"store": store}
        api = Starlette(routes=[], lifespan=opened)
    """,
}
CLEAN = {
    "without a lifespan": """
        # file: tests/test_orders.py
        import httpx
        from app.main import plain
        async def test_orders():
            transport = httpx.ASGITransport(app=plain)
    """
    + APP,
    "entered": """
        # file: tests/test_orders.py
        import httpx
        from app.main import app
        async def test_orders():
            async with app.router.lifespan_context(app):
                transport = httpx.ASGITransport(app=app)
    """
    + APP,
    "entered by the conftest": """
        # file: tests/conftest.py
        import pytest
        from asgi_lifespan import LifespanManager
        from app.main import create_app
        @pytest.fixture
        async def app():
            made = create_app()
            async with LifespanManager(made):
                yield made
        # file: tests/test_orders.py
        import httpx
        async def test_orders(app):
            transport = httpx.ASGITransport(app=app)
    """
    + APP,
    "by the client for tests": """
        # file: tests/test_orders.py
        import httpx
        from fastapi.testclient import TestClient
        from app.main import app
        async def test_orders():
            with TestClient(app):
                transport = httpx.ASGITransport(app=app)
    """
    + APP,
    "with a state of its own": """
        # file: tests/test_orders.py
        import httpx
        from app.main import app
        async def test_orders():
            app.state.store = FakeStore()
            transport = httpx.ASGITransport(app=app)
    """
    + APP,
    "with other dependencies": """
        # file: tests/conftest.py
        from app.main import app, get_store
        app.dependency_overrides[get_store] = FakeStore
        # file: tests/test_orders.py
        import httpx
        from app.main import app
        async def test_orders():
            transport = httpx.ASGITransport(app=app)
    """
    + APP,
    "a lifespan that keeps nothing": """
        # file: tests/test_orders.py
        import httpx
        from service import api
        async def test_orders():
            transport = httpx.ASGITransport(app=api)
        # file: service.py
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        @asynccontextmanager
        async def lifespan(app):
            logger.info("started")
            yield
        api = FastAPI(lifespan=lifespan)
    """,
    "another transport": """
        # file: tests/test_orders.py
        from app.bridge import ASGITransport
        from app.main import app
        async def test_orders():
            transport = ASGITransport(app=app)
        # file: app/bridge.py
        class ASGITransport: ...
    """
    + APP,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [*CLEAN.values(), RULE.right], ids=[*CLEAN, "right"])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_hits_its_own_example(tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, RULE.wrong)
    assert len(found) == 1
