"""Errors of services and what callers see of them: one envelope, nothing of the inside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Annotated, Literal

import fastapi
import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import BaseModel, Field, field_validator

from tests.skills.blocks import load

handlers = load("python-backend/references/api.md#error-handlers")

SHORT = "12 letters or more"


class SignUp(BaseModel):
    """A body with a secret in it."""

    name: str
    password: str
    age: int = 0

    @field_validator("password")
    @classmethod
    def is_long(cls, value: str) -> str:
        """Refuse a short one."""
        if len(value) < 12:
            raise ValueError(SHORT)
        return value


class UnavailableError(Exception):
    """Says what callers must not read."""


SKU = "TEA-01"
INSIDE = "postgresql://app:hunter2@db-7.internal/orders: balance of account 42"


class Cat(BaseModel):
    """One of a union."""

    kind: Literal["cat"]


class Dog(BaseModel):
    """The other one."""

    kind: Literal["dog"]


async def short() -> None:
    raise handlers.OutOfStockError(SKU, 2)


def routes(app: FastAPI) -> None:
    @app.post("/users")
    def sign_up(user: SignUp) -> str:
        return user.name

    @app.get("/stock")
    def stock() -> None:
        raise handlers.OutOfStockError(SKU, 2)

    @app.post("/stock")
    def count(stock: dict[str, int]) -> int:
        return len(stock)

    @app.get("/stock/group")
    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(short())

    @app.post("/users/many")
    def sign_up_many(users: list[SignUp]) -> int:
        return len(users)

    @app.post("/pets")
    def keep(pet: Annotated[Cat | Dog, Field(discriminator="kind")]) -> str:
        return pet.kind

    @app.get("/status/{status}")
    def refuse(status: int) -> None:
        raise HTTPException(status, headers={"WWW-Authenticate": "Bearer", "Retry-After": "3"})

    @app.get("/broken")
    def broken() -> None:
        raise UnavailableError(INSIDE)


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI(responses={"default": {"model": handlers.ErrorBody}})
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    handlers.add_error_handlers(app)
    routes(app)
    ours = FastAPI()
    handlers.add_error_handlers(ours)
    app.mount("/ours", ours)
    app.mount("/seed", FastAPI())
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


JSON = {"content-type": "application/json"}


def code(answer: Response) -> tuple[int, str]:
    handlers.ErrorBody.model_validate(answer.json())
    return answer.status_code, answer.json()["error"]["code"]


def test_every_error_has_the_envelope(client: TestClient) -> None:
    assert code(client.get("/stock")) == (409, "out_of_stock")
    assert client.get("/stock").json()["error"]["message"] == "only 2 of TEA-01 left"
    assert code(client.get("/status/401")) == (401, "http_401")
    assert code(client.get("/nowhere")) == (404, "http_404")
    assert code(client.delete("/stock")) == (405, "http_405")
    assert code(client.post("/users", json={})) == (422, "invalid")
    assert code(client.post("/users", content=b"{", headers=JSON)) == (422, "invalid")
    assert code(client.get("/broken")) == (500, "internal")


def test_headers_are_passed_on(client: TestClient) -> None:
    assert client.delete("/stock").headers["allow"] == "GET"
    refused = client.get("/status/401").headers
    assert (refused["www-authenticate"], refused["retry-after"]) == ("Bearer", "3")


@pytest.mark.parametrize("status", [204, 304])
def test_what_must_have_no_body_has_none(client: TestClient, status: int) -> None:
    answer = client.get(f"/status/{status}")
    assert (answer.status_code, answer.content) == (status, b"")


def test_what_was_sent_is_not_sent_back(client: TestClient) -> None:
    answer = client.post("/users", json={"name": "ada", "password": "hunter2", "age": "hunter3"})
    assert [one["loc"] for one in answer.json()["error"]["fields"]] == [
        ["body", "password"],
        ["body", "age"],
    ]
    assert "12 letters" in answer.text
    assert "hunter" not in answer.text
    seed_app = FastAPI()
    routes(seed_app)
    seed = TestClient(seed_app).post("/users", json={"name": "ada", "password": "hunter2"})
    assert "hunter2" in seed.text


@pytest.mark.parametrize("age", ["1e400", "NaN", "-Infinity", r'"\ud800"'])
def test_what_cannot_be_sent_back_is_a_422_and_with_the_defaults_a_500(
    client: TestClient, age: str
) -> None:
    sent = f'{{"name": "ada", "password": "long enough it is", "age": {age}}}'
    assert code(client.post("/users", content=sent, headers=JSON)) == (422, "invalid")
    seed_app = FastAPI()
    routes(seed_app)
    seed_client = TestClient(seed_app, raise_server_exceptions=False)
    assert seed_client.post("/users", content=sent, headers=JSON).status_code == 500


def test_an_answer_to_many_errors_is_short(client: TestClient) -> None:
    """The default's is fifty times as long as what was sent, and made on the loop."""
    many: list[dict[str, str]] = [{}] * 1000
    answer = client.post("/users/many", json=many)
    assert len(answer.json()["error"]["fields"]) == handlers.MOST_FIELDS
    seed_app = FastAPI()
    routes(seed_app)
    assert len(TestClient(seed_app).post("/users/many", json=many).json()["detail"]) == 2000


def test_keys_and_tags_are_sent_back(client: TestClient) -> None:
    assert "hunter2" in client.post("/stock", json={"hunter2": "few"}).text
    assert "hunter2" in client.post("/pets", json={"kind": "hunter2"}).text


def test_an_error_out_of_a_task_group_is_a_500(client: TestClient) -> None:
    assert code(client.get("/stock/group")) == (500, "internal")


def test_a_mounted_application_has_its_own_handlers(client: TestClient) -> None:
    assert code(client.get("/ours/nowhere")) == (404, "http_404")
    assert client.get("/seed/nowhere").json() == {"detail": "Not Found"}


def test_an_unknown_error_says_nothing_of_the_inside(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/broken", headers={"origin": "https://shop.example"})
    assert answer.json()["error"]["message"] == "internal error"
    assert not {"hunter2", "db-7", "UnavailableError"} & {*answer.text.replace('"', " ").split()}
    assert "access-control-allow-origin" not in answer.headers
    fine = client.get("/stock", headers={"origin": "https://shop.example"})
    assert fine.headers["access-control-allow-origin"] == "https://shop.example"
    assert caplog.get_records("call") == [
        one for one in caplog.get_records("call") if one.levelno < logging.ERROR
    ]


class NewError(handlers.ServiceError):  # type: ignore[misc, name-defined]
    """An error for which nobody has chosen a status yet."""

    code = "new"


def test_an_error_without_a_status_is_a_500_that_says_nothing() -> None:
    app = FastAPI()
    handlers.add_error_handlers(app)

    @app.get("/")
    def fail() -> None:
        raise NewError(INSIDE)

    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert code(answer) == (500, "internal")
    assert "hunter2" not in answer.text


def test_an_unknown_error_goes_on_to_the_server() -> None:
    app = FastAPI()
    handlers.add_error_handlers(app)
    routes(app)
    with TestClient(app) as client, pytest.raises(UnavailableError):
        client.get("/broken")


def test_debug_sends_the_inside() -> None:
    app = FastAPI(debug=True)
    handlers.add_error_handlers(app)
    routes(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert "hunter2" in client.get("/broken").text


def test_the_schema_promises_the_envelope(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    responses = schema["paths"]["/users"]["post"]["responses"]
    assert set(responses) == {"200", "default"}
    assert responses["default"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/ErrorBody"
    )
    seed_app = FastAPI()
    handlers.add_error_handlers(seed_app)
    routes(seed_app)
    assert "HTTPValidationError" in seed_app.openapi()["components"]["schemas"]


def seed_handlers(app: FastAPI) -> None:
    """Register what the seeds named: FastAPI's own exception, and `errors()` as it is."""

    @app.exception_handler(fastapi.HTTPException)
    async def refused(_: Request, error: fastapi.HTTPException) -> JSONResponse:
        return JSONResponse({"error": {"code": "refused", "message": error.detail}}, 400)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": {"code": "invalid", "details": error.errors()}}, 422)


def test_the_seeds_handlers_miss_the_router_and_cannot_write_their_answer() -> None:
    app = FastAPI()
    seed_handlers(app)
    routes(app)
    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/nowhere").json() == {"detail": "Not Found"}
    assert client.delete("/stock").json() == {"detail": "Method Not Allowed"}
    assert client.post("/users", json={"name": "ada", "password": "short"}).status_code == 500
    assert "hunter3" in client.post("/users", json={"age": "hunter3"}).text


def spend() -> None:
    raise UnavailableError(INSIDE)


def test_the_seeds_routes_send_the_text_of_any_error() -> None:
    app = FastAPI()

    @app.get("/seed")
    def seed_route() -> None:
        try:
            spend()
        except UnavailableError as error:
            raise HTTPException(400, detail=str(error)) from error

    assert "account 42" in TestClient(app).get("/seed").text
