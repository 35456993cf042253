"""Handlers that take a body apart by its keys, which no model has checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.raw_request_body import RULE
from tests.rules.cases import hits

HITS = {
    "the request's": """
        from fastapi import APIRouter, Request
        router = APIRouter()
        @router.post("/orders")
        async def place(request: Request):
            body = await request.json()  # hit
            return store(body["number"])
    """,
    "taken at once": """
        import fastapi as web
        app = web.FastAPI()
        @app.put("/orders")
        async def place(r: web.Request):
            return store((await r.json())["number"])  # hit
    """,
    "a dictionary": """
        from typing import Any
        from fastapi import APIRouter
        orders = APIRouter()
        @orders.patch("/orders/{number}")
        def change(
            number: int,
            changes: dict[str, Any],  # hit
        ):
            return store(number, changes["price"])
    """,
    "marked as the body": """
        from typing import Annotated, Dict
        from fastapi import APIRouter, Body
        router = APIRouter()
        def build():
            @router.post("/orders")
            @logged
            async def place(payload: Annotated[Dict, Body()]) -> None:  # hit
                if payload.get("number"):
                    store(payload["price"])
    """,
    "an alias of another module": """
        from app.web import Json, router
        @router.post("/orders")
        async def place(payload: "Json | None" = None):  # hit
            return payload["number"]
        # file: app/web.py
        from fastapi import APIRouter
        router = APIRouter()
        Json = dict
    """,
    "named on the way": """
        from fastapi import APIRouter
        from starlette.requests import Request
        router = APIRouter()
        @router.delete("/orders")
        async def remove(request: Request):
            try:
                if (body := await request.json()):  # hit
                    drop(body["number"])
            except ValueError:
                pass
    """,
}
CLEAN = {
    "nothing taken for granted": """
        from fastapi import APIRouter, Request
        router = APIRouter()
        @router.post("/orders")
        async def place(request: Request):
            body = await request.json()
            return store(body.get("number", 0), body.pop("price", None))
        @router.post("/events")
        async def event(request: Request):
            return store((await request.json()).get("event", "ping"))
    """,
    "asked for first": """
        from fastapi import APIRouter, HTTPException
        router = APIRouter()
        @router.post("/orders")
        async def place(payload: dict):
            if "number" not in payload:
                raise HTTPException(422)
            if payload.get("price"):
                store(payload["price"])
            return store(payload["number"])
    """,
    "a missing key is answered": """
        from fastapi import APIRouter, HTTPException, Request
        router = APIRouter()
        @router.post("/orders")
        async def place(request: Request):
            body = await request.json()
            try:
                return store(body["number"])
            except (KeyError, TypeError):
                raise HTTPException(422)
    """,
    "a model": """
        from fastapi import APIRouter
        from pydantic import BaseModel
        router = APIRouter()
        class Order(BaseModel):
            number: int
        @router.post("/orders")
        async def place(order: Order):
            return order.number
    """,
    "checked by a model": """
        from fastapi import APIRouter, Request
        from app.models import Order
        router = APIRouter()
        @router.post("/orders")
        async def place(request: Request):
            body = await request.json()
            order = Order(**body)
            return order.number, body["extra"]
        # file: app/models.py
        from pydantic import BaseModel
        class Order(BaseModel):
            number: int
    """,
    "typed values": """
        from fastapi import APIRouter
        router = APIRouter()
        @router.post("/prices")
        async def prices(prices: dict[str, int]):
            return prices["apple"]
    """,
    "passed on": """
        from fastapi import APIRouter, Request
        router = APIRouter()
        @router.post("/proxy")
        async def proxy(request: Request, payload: dict):
            return await send(json=await request.json(), more=payload)
    """,
    "a signed hook": """
        from fastapi import APIRouter, Request
        router = APIRouter()
        @router.post("/hooks")
        async def hook(request: Request):
            verify_signature(await request.body(), request.headers)
            event = await request.json()
            return event["type"]
    """,
    "types looked at": """
        from fastapi import APIRouter, Request
        router = APIRouter()
        @router.post("/orders")
        async def place(request: Request):
            body = await request.json()
            if not isinstance(body, dict):
                raise Refused
            return body["number"]
    """,
    "injected": """
        from typing import Annotated
        from fastapi import APIRouter, Depends
        router = APIRouter()
        @router.post("/orders")
        async def place(user: Annotated[dict, Depends(get_user)], claims: dict = Depends(claims)):
            return user["id"], claims["sub"]
    """,
    "an answer": """
        from fastapi import APIRouter
        router = APIRouter()
        @router.post("/orders")
        async def place(number: int):
            answer = await client.get("/orders")
            return answer.json()["number"]
    """,
    "no handler": """
        from fastapi import Request
        async def number_of(request: Request) -> int:
            body = await request.json()
            return body["number"]
    """,
    "a route of the project's own": """
        from app.web import router
        @router.post("/orders")
        async def place(payload: dict):
            return payload["number"]
        # file: app/web.py
        class Router: ...
        router = Router()
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
