"""Annotations that are read at run time: what deferring them breaks, and what it does not."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from pydantic.errors import PydanticUserError
from sqlalchemy import MetaData
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, select

from tests.skills.blocks import load, python_sections, text

WHERE = "python-backend/references/application.md#annotations"
FUTURE = "from __future__ import annotations\n"
GUARDED = """
from typing import TYPE_CHECKING, Annotated
from fastapi import APIRouter, Query
if TYPE_CHECKING:
    from decimal import Decimal

router = APIRouter()

@router.get("/price")
async def price(above: Annotated[Decimal, Query()]) -> str:
    return "fine"
"""
ROUTES = """
from typing import Annotated
from uuid import UUID
from fastapi import APIRouter, Depends

router = APIRouter()

async def order_key(order_id: UUID) -> str:
    return order_id.hex

@router.get("/orders/{order_id}")
async def read_order(order_id: UUID, key: Annotated[str, Depends(order_key)]) -> str:
    return key
"""


def run(source: str, space: dict[str, Any]) -> None:
    """Run a block's source, changed by a test, in names of its own."""
    exec(compile(source, "block", "exec", dont_inherit=True), space)  # noqa: S102 - our own text


def module(name: str, source: str) -> ModuleType:
    """Run a source as a module of its own."""
    made = ModuleType(name)
    sys.modules[name] = made
    run(source, made.__dict__)
    return made


def answer(router: APIRouter, path: str, **headers: str) -> tuple[int, Any]:
    app = FastAPI()
    app.include_router(router)
    with TestClient(app) as client:
        got = client.get(path, headers=headers)
    return got.status_code, got.json()


def test_a_dependency_local_to_a_factory_becomes_a_query_parameter_when_deferred() -> None:
    block = load("python-backend/references/application.md#annotations")
    tenant = {"x-tenant": "acme"}
    assert answer(block.tenant_router("x-tenant"), "/tenant", **tenant) == (200, "acme")
    parts = [one for one in ast.parse(python_sections()[WHERE]).body if not is_table(one)]
    seed = module("seed_deferred", FUTURE + ast.unparse(ast.Module(parts, [])))
    status, said = answer(seed.tenant_router("x-tenant"), "/tenant", **tenant)
    assert status == 422
    assert said["detail"][0]["loc"] == ["query", "current"]


def is_table(part: ast.stmt) -> bool:
    return isinstance(part, ast.ClassDef)


@pytest.fixture
def tables() -> Iterator[registry]:
    """Return a registry of the test's own: mappers that failed spoil all others of theirs."""
    own = registry()
    yield own
    own.dispose()


@pytest.mark.parametrize("future", ["", FUTURE])
def test_a_list_relationship_fails_when_deferred(future: str, tables: registry) -> None:
    class Base(SQLModel, registry=tables):
        metadata = MetaData()

    parts = [one for one in ast.parse(python_sections()[WHERE]).body if is_table(one)]
    source = ast.unparse(ast.Module(parts, [])).replace("(SQLModel,", "(Base,")
    space = {"Base": Base, "Field": Field, "Relationship": Relationship, "__name__": "seed_tables"}
    run(future + source, space)
    if future:
        with pytest.raises(InvalidRequestError, match="generic class"):
            tables.configure()
        return
    tables.configure()
    team: Any = space["Team"]
    assert "member.team_id" in str(select(team).join(team.members))


def test_a_guarded_import_fails_when_the_route_is_asked() -> None:
    guarded = module("seed_guarded", FUTURE + GUARDED)
    with pytest.raises(PydanticUserError, match="not fully defined"):
        answer(guarded.router, "/price?above=1")
    plain = module("plain", GUARDED.replace("if TYPE_CHECKING:\n    ", ""))
    assert answer(plain.router, "/price?above=1") == (200, "fine")


def test_types_of_the_module_may_be_deferred() -> None:
    deferred = module("deferred", FUTURE + ROUTES)
    path = "/orders/7b0e7a3e-0d3f-4d4c-9d5f-1f0c2a6b8e11"
    assert answer(deferred.router, path) == (200, "7b0e7a3e0d3f4d4c9d5f1f0c2a6b8e11")


def moved(folder: Path, source: str, target: str, configuration: str = "") -> list[str]:
    """Return what ruff's TC rules would move out of a route module."""
    path = folder / "src" / "orders" / "api" / "routes.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    (folder / "pyproject.toml").write_text(configuration or "[tool.ruff]\n", encoding="utf-8")
    argv = ["check", "--no-cache", "--select", "TC", "--target-version", target]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *argv, "--output-format", "json", "src"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return [one["message"].split("`")[1] for one in json.loads(done.stdout)]


def test_ruff_moves_the_types_of_routes_and_the_exemption_stops_it(tmp_path: Path) -> None:
    assert moved(tmp_path, ROUTES, "py311") == []
    assert moved(tmp_path, ROUTES, "py314") == ["uuid.UUID"]
    assert moved(tmp_path, FUTURE + ROUTES, "py311") == ["uuid.UUID"]
    decorators = (
        "[tool.ruff.lint.flake8-type-checking]\n"
        'runtime-evaluated-decorators = ["fastapi.APIRouter.get"]\n'
    )
    only_dependency = ROUTES.replace("order_id: UUID, key", "key")
    assert moved(tmp_path, FUTURE + ROUTES, "py311", decorators) == []
    assert moved(tmp_path, FUTURE + only_dependency, "py311", decorators) == ["uuid.UUID"]
    exempt = text("python-backend/references/application.md#annotations", "toml")
    assert moved(tmp_path, FUTURE + ROUTES, "py311", exempt) == []
    assert moved(tmp_path, ROUTES, "py314", exempt) == []
