"""HTTP interfaces as the skills teach them: routes and answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import anyio.to_thread
import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict
from starlette import status
from starlette.exceptions import StarletteDeprecationWarning

from tests.skills.blocks import load

routes = load("python-backend/references/api.md#routes")
answers = load("python-backend/references/api.md#answers")


class MemoryOrders:
    """Orders in a dict, and how many each page was asked for."""

    def __init__(self) -> None:
        self.kept: dict[UUID, Any] = {}
        self.asked: list[int] = []

    def place(self, sku: str, quantity: int) -> BaseModel:
        """Keep an order."""
        order: BaseModel = routes.OrderPublic(id=(key := uuid4()), sku=sku, quantity=quantity)
        self.kept[key] = order
        return order

    def find(self, order_id: UUID) -> BaseModel | None:
        """Return an order, if it is there."""
        return self.kept.get(order_id)

    def page(self, after: UUID | None, limit: int) -> list[BaseModel]:
        """Return the orders after one."""
        self.asked.append(limit)
        ids = [*self.kept]
        start = ids.index(after) + 1 if after else 0
        return [self.kept[one] for one in ids[start : start + limit]]


def orders_app() -> FastAPI:
    app = FastAPI()
    app.state.orders = MemoryOrders()
    app.include_router(routes.router, prefix="/api")
    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(orders_app()) as client:
        yield client


ORDER = {"sku": "TEA-01", "quantity": 2}


def test_what_was_created_is_found_where_location_says(client: TestClient) -> None:
    created = client.post("/api/v1/orders", json=ORDER)
    assert created.status_code == 201
    assert created.headers["location"] == f"/api/v1/orders/{created.json()['id']}"
    assert client.get(created.headers["location"]).json() == created.json()


def seed_orders() -> APIRouter:
    """Return the routes of another version, whose functions have the same names."""
    router = APIRouter(prefix="/v2/orders")

    @router.get("/{order_id}")
    def read_order(order_id: str) -> str:
        return order_id

    return router


def test_location_keeps_the_prefix_of_a_mount_of_a_server_and_of_a_version() -> None:
    inner, outer = FastAPI(), FastAPI()
    inner.state.orders = MemoryOrders()
    inner.include_router(seed_orders())
    inner.include_router(routes.router)
    outer.mount("/shop", inner)
    mounted, proxied = TestClient(outer), TestClient(inner, root_path="/shop")
    for client in (mounted, proxied):
        created = client.post("/shop/v1/orders", json=ORDER)
        assert created.headers["location"] == f"/shop/v1/orders/{created.json()['id']}"
        assert client.get(created.headers["location"]).json() == created.json()
    assert inner.url_path_for("read_order", order_id="7") == "/v2/orders/7"


def test_location_is_one_line_below_a_prefix_that_the_caller_writes() -> None:
    app = FastAPI()
    app.state.orders = MemoryOrders()
    app.include_router(routes.router, prefix="/{tenant}")
    created = TestClient(app).post("/caf\u00e9%0D%0Aset-cookie:a=b/v1/orders", json=ORDER)
    assert created.status_code == 201
    assert created.headers["location"].startswith("/caf%C3%A9%0D%0Aset-cookie%3Aa%3Db/v1/orders/")


def test_what_hands_out_an_object_takes_no_thread() -> None:
    dependencies = (routes.get_orders, answers.current_user)
    assert all(asyncio.iscoroutinefunction(one) for one in dependencies)


def test_a_callers_host_is_in_no_answer(client: TestClient) -> None:
    evil = {"host": "evil.example"}
    created = client.post("/api/v1/orders", json=ORDER, headers=evil)
    assert "evil" not in str(created.headers)
    app = FastAPI()

    @app.get("/seed")
    def seed_route(request: Request) -> str:
        return str(request.url_for("seed_route"))

    seed = TestClient(app)
    assert "evil.example" in seed.get("/seed", headers=evil).text
    moved = seed.get("/seed/", headers=evil, follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (307, "http://evil.example/seed")


BAD_ORDERS: list[Any] = [
    ORDER | {"sku": ""},
    ORDER | {"sku": "tea"},
    ORDER | {"sku": "TEA-01\n"},
    ORDER | {"quantity": 0},
    ORDER | {"quantity": 1001},
    ORDER | {"total": 0},
    {"sku": "TEA-01"},
    [],
    None,
]


@pytest.mark.parametrize("order", BAD_ORDERS)
def test_a_wrong_order_is_a_422(client: TestClient, order: object) -> None:
    assert client.post("/api/v1/orders", json=order).status_code == 422
    assert client.app.state.orders.kept == {}  # type: ignore[attr-defined]


def test_pages_follow_each_other_to_the_end(client: TestClient) -> None:
    made = [client.post("/api/v1/orders", json=ORDER).json()["id"] for _ in range(5)]
    seen: list[str] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = client.get("/api/v1/orders", params={"limit": 2, **after}).json()
        seen += [one["id"] for one in page["items"]]
        after = {"after": page["after"]}
    assert seen == made
    assert page["after"] is None


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e9", "9" * 400, "all"])
def test_a_page_is_bounded(client: TestClient, limit: str) -> None:
    assert client.get("/api/v1/orders", params={"limit": limit}).status_code == 422
    assert client.app.state.orders.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "given", ["7", "..", "%2e%2e", "0" * 40, "3f2b6c1e-5d47-4c8a-9a53-0d9f6a1b7e42"]
)
def test_what_is_no_order_is_not_found_or_refused(client: TestClient, given: str) -> None:
    assert client.get(f"/api/v1/orders/{given}").status_code in {404, 422}


async def test_a_blocking_call_stops_the_loop_in_async_def_and_not_in_def() -> None:
    """The other work of the loop is one callback, which the handlers wait for."""
    app = FastAPI()
    loop = asyncio.get_running_loop()

    @app.get("/seed")
    async def seed_route() -> bool:
        other = threading.Event()
        loop.call_soon(other.set)
        return other.wait(0.02)

    @app.get("/ours")
    def route() -> bool:
        other = threading.Event()
        loop.call_soon_threadsafe(other.set)
        return other.wait(10)

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/seed")).json() is False
        assert (await client.get("/ours")).json() is True
    assert anyio.to_thread.current_default_thread_limiter().total_tokens == 40


def test_the_former_names_of_statuses_warn() -> None:
    for name in ("HTTP_422_UNPROCESSABLE_ENTITY", "HTTP_413_REQUEST_ENTITY_TOO_LARGE"):
        with pytest.warns(StarletteDeprecationWarning):
            getattr(status, name)


def test_the_first_route_that_fits_is_taken() -> None:
    app = FastAPI()
    app.include_router(routes.router)
    app.state.orders = MemoryOrders()

    @app.get("/v1/orders/export")
    def export() -> str:
        return "all"

    assert TestClient(app).get("/v1/orders/export").status_code == 422


HASH = "$argon2id$"


class Strict(BaseModel):
    """The seed's answer, which refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")
    name: str


class Open(BaseModel):
    """An answer that takes along whatever it finds."""

    model_config = ConfigDict(extra="allow")
    name: str


def test_an_answer_holds_what_its_type_names() -> None:
    app = FastAPI()
    app.state.user = answers.User(name="ada", password_hash=HASH)
    app.include_router(answers.router)
    public: Any = answers.UserPublic

    @app.get("/users", response_model=list[public])
    def users() -> object:
        return [app.state.user]

    @app.get("/seed/dict")
    def seed_dict() -> dict[str, Any]:
        return dict(app.state.user)

    @app.get("/seed/forbid", response_model=Strict)
    def seed_forbid() -> object:
        return {"name": "ada", "password_hash": HASH}

    @app.get("/seed/untyped")
    def seed_untyped():  # type: ignore[no-untyped-def]  # noqa: ANN202 - the point
        return app.state.user

    @app.get("/seed/any")
    def seed_any() -> Any:  # noqa: ANN401 - the point
        return app.state.user

    @app.get("/seed/allow", response_model=Open)
    def seed_allow() -> object:
        return {"name": "ada", "password_hash": HASH}

    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/me").json() == {"name": "ada"}
    assert client.get("/users").json() == [{"name": "ada"}]
    for seed in ("dict", "untyped", "any", "allow"):
        assert "argon2id" in client.get(f"/seed/{seed}").text
    assert client.get("/seed/forbid").status_code == 500


def test_an_object_that_is_no_subclass_is_read_by_its_attributes() -> None:
    class Row:
        name, password_hash = "ada", HASH

    made = answers.UserPublic.model_validate(Row(), from_attributes=True)
    assert made.model_dump() == {"name": "ada"}
