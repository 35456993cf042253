"""Services and repositories that know of HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.layer_import import RULE
from tests.rules.cases import hits

API = """
        # file: app/api/orders.py
        from fastapi import APIRouter
        router = APIRouter()
        clock = None
"""
HITS = {
    "an HTTP error": """
        # file: app/services/orders.py
        from fastapi import HTTPException  # hit
        def find(number):
            if not number:
                raise HTTPException(404)
    """
    + API,
    "under another name, in a repository": """
        # file: app/repositories/orders.py
        import starlette.exceptions as problems  # hit
        class Orders:
            def find(self, number):
                try:
                    return self.rows[number]
                except KeyError:
                    raise problems.HTTPException(status_code=404) from None
    """
    + API,
    "through the project's own module": """
        # file: app/services/orders/find.py
        from app.web import Refused  # hit
        def find(number):
            raise Refused(404)
        # file: app/web.py
        from fastapi import HTTPException as Refused
    """
    + API,
    "a request": """
        # file: app/services/users.py
        from fastapi import Request as Asked  # hit
        class Users:
            async def current(self, request: "Asked"):
                return request.headers["x-user"]
    """
    + API,
    "a response": """
        # file: src/shop/repository/orders.py
        import fastapi  # hit
        def find(number, response: fastapi.Response | None = None):
            response.set_cookie("seen", str(number))
        # file: src/shop/routers/orders.py
        from fastapi import APIRouter
    """,
    "the layer above": """
        # file: app/services/orders.py
        def find(number):
            from app.api.orders import clock  # hit
            return clock
    """
    + API,
    "the layer above, relative": """
        # file: app/domain/orders.py
        from ..api import orders as web  # hit
        def find(number):
            return web.clock
    """
    + API,
}
CLEAN = {
    "clients of other services in a package `api`": """
        # file: app/services/vault.py
        from app.api.azure import VaultClient
        async def store(secret):
            await VaultClient().put(secret)
        # file: app/api/azure.py
        import httpx
        class VaultClient: ...
        # file: app/routes/secrets.py
        from fastapi import APIRouter
    """,
    "dependencies of the edge": """
        # file: app/services/org_auth.py
        from typing import Annotated
        from fastapi import Header, HTTPException
        async def current_org(x_api_key: Annotated[str | None, Header()] = None):
            return await _org(x_api_key)
        async def _org(key):
            raise HTTPException(403)
        # file: app/routes/orders.py
        from fastapi import APIRouter
    """,
    "what routes depend on": """
        # file: app/services/access.py
        from fastapi import HTTPException, Request
        def allowed(request: Request):
            if not request.user:
                raise HTTPException(403)
        # file: app/routes/orders.py
        from fastapi import APIRouter, Depends
        from app.services import access
        router = APIRouter(dependencies=[Depends(access.allowed)])
    """,
    "a handler of errors": """
        # file: app/services/quota.py
        from fastapi import Request
        from fastapi.responses import JSONResponse
        def exceeded(request: Request, exc: Exception) -> JSONResponse:
            return JSONResponse({}, status_code=429)
        # file: app/routes/orders.py
        from fastapi import APIRouter
    """,
    "an error of its own": """
        # file: app/services/orders.py
        class NoSuchOrder(Exception): ...
        def find(number):
            raise NoSuchOrder(number)
    """
    + API,
    "the route's own": """
        # file: app/api/users.py
        from fastapi import HTTPException, Request
        def find(request: Request):
            raise HTTPException(404)
    """
    + API,
    "no layers": """
        # file: app/services/orders.py
        from fastapi import HTTPException
        def find(number):
            raise HTTPException(404)
    """,
    "the edge of a service": """
        # file: app/services/redis/dependencies.py
        from fastapi import HTTPException, Request
        def get_redis(request: Request):
            raise HTTPException(503)
    """
    + API,
    "only for types": """
        # file: app/services/orders.py
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from fastapi import Request
            from app.api.orders import router
        def find(request: "Request"):
            return request.user
    """
    + API,
    "what works anywhere": """
        # file: app/services/orders.py
        from fastapi import UploadFile
        from fastapi.encoders import jsonable_encoder
        from starlette.concurrency import run_in_threadpool
        async def find(file: UploadFile):
            return await run_in_threadpool(jsonable_encoder, file)
    """
    + API,
    "schemas": """
        # file: app/services/orders.py
        from app.api.schemas import Order
        def find(number):
            return Order(number)
        # file: app/api/schemas.py
        class Order: ...
    """
    + API,
    "the project's own error": """
        # file: app/services/orders.py
        from app.errors import HTTPException
        def find(number):
            raise HTTPException(404)
        # file: app/errors.py
        class HTTPException(Exception): ...
    """
    + API,
    "the project's way": "".join(
        f"""
        # file: app/services/orders{number}.py
        from fastapi import HTTPException
        def find(number):
            raise HTTPException(404)
    """
        for number in range(6)
    )
    + API,
    "a folder of whole services": """
        # file: services/orders/orders/find.py
        from fastapi import HTTPException
        def find(number):
            raise HTTPException(404)
        # file: services/orders/main.py
        from fastapi import FastAPI
        # file: api/main.py
        from fastapi import FastAPI
    """,
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
