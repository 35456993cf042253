"""Classes, calls, decorators and routes, across modules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.semantic import (
    Given,
    bases,
    calls,
    decorations,
    fields,
    is_a,
    kind,
    method_calls,
    receiver,
    ref,
    routes,
)
from tests.semantic.asked import asked, module

MODEL = frozenset({"pydantic.BaseModel"})
MODELS = {
    "plain": "from pydantic import BaseModel\nclass A(BaseModel): ...",
    "settings": "from pydantic_settings import BaseSettings\nclass A(BaseSettings): ...",
    "generic": "from pydantic import BaseModel\nclass P(BaseModel): ...\nclass A(P[int]): ...",
    "with others": "from typing import Generic\nfrom pydantic import BaseModel\n"
    "class A(Generic[T], BaseModel): ...",
    "through two modules": "from app.b import B\nclass A(B): ...\n"
    "# file: app/b.py\nfrom app.c import *\nclass B(C): ...\n"
    "# file: app/c.py\nimport pydantic as p\nclass C(p.BaseModel): ...",
    "alias": "import pydantic\nBase = pydantic.BaseModel\nclass A(Base): ...",
    "new syntax": "from pydantic import BaseModel\nclass A[T](BaseModel): ...",
}
ROUTES = {
    "decorator": "@router.get('/')\ndef answer(): ...",
    "two decorators": "@other\n@router.post('/')\nasync def answer(): ...",
    "added": "def answer(): ...\nrouter.add_api_route('/', answer)",
    "added by name": "def answer(): ...\nrouter.add_api_route('/', endpoint=answer)",
    "written out": "def answer(): ...\nrouter.get('/')(answer)",
    "kept": "get = router.get('/')\n@get\ndef answer(): ...",
    "elsewhere": "from app.routers import users\n@users.get('/')\ndef answer(): ...\n"
    "# file: app/routers.py\nfrom fastapi import APIRouter\nusers = APIRouter()",
    "on an object": "class A:\n    def __init__(self):\n        self.r = APIRouter()\n"
    "        @self.r.get('/')\n        def answer(): ...",
    "starlette": "from starlette.routing import Route\ndef answer(r): ...\n"
    "x = [Route('/', answer)]",
    "a subclass": "class R(APIRouter): ...\nr = R()\n@r.get('/')\ndef answer(): ...",
}


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
def test_knows_bases(text: str, tmp_path: Path) -> None:
    found = module(tmp_path, text)
    node = next(one for one in found.nodes(ast.ClassDef) if one.name == "A")
    assert is_a(bases(found, node)[0], MODEL)


@pytest.mark.parametrize(
    "text", ["class A(B): ...\nclass B(A): ...", "class A(A): ...", "class A(f()): ..."]
)
def test_ends_with_bases_in_a_circle(text: str, tmp_path: Path) -> None:
    found = module(tmp_path, text)
    for node in found.nodes(ast.ClassDef):
        assert not is_a(bases(found, node)[0], MODEL)


def test_knows_inherited_fields(tmp_path: Path) -> None:
    found = module(
        tmp_path,
        "from app.base import Base\nclass A(Base):\n    x: int = 1\n"
        "# file: app/base.py\nclass Base:\n    x: str\n    y: str\n    z = 1",
    )
    (node,) = found.nodes(ast.ClassDef)
    held = fields(found, node)
    assert {name: ast.unparse(one.annotation) for name, one in held.items()} == {
        "x": "int",
        "y": "str",
    }


def test_classes_of_equal_names_are_different_ones(tmp_path: Path) -> None:
    found = module(
        tmp_path,
        "class A:\n    class Meta:\n        x: int\n"
        "class B:\n    class Meta(A.Meta):\n        y: int",
    )
    last = found.nodes(ast.ClassDef)[-1]
    assert set(fields(found, last)) == {"x", "y"}


@pytest.mark.parametrize("text", ROUTES.values(), ids=ROUTES)
def test_finds_routes(text: str, tmp_path: Path) -> None:
    found = module(tmp_path, f"from fastapi import APIRouter\nrouter = APIRouter()\n{text}")
    assert [one.function.name for one in routes(found)] == ["answer"]


def test_finds_no_routes_of_others(tmp_path: Path) -> None:
    text = (
        "import other\napp = other.App()\n@app.get('/')\ndef answer(): ...\n"
        "@cache.get('x')\ndef f(): ..."
    )
    assert not routes(module(tmp_path, text))


def test_finds_calls_in_order(tmp_path: Path) -> None:
    found = module(
        tmp_path,
        "import requests as r\nfrom requests import post\nfrom app import requests\n"
        "r.get(1)\npost(2)\nrequests.get(3)\nr.Session().put(4)\n# file: app/requests.py\n"
        "def get(x): ...",
    )
    held = [(one.name, one.constant("url", 0)) for one in calls(found, "requests.")]
    assert held == [
        ("requests.get", 1),
        ("requests.post", 2),
        ("requests.Session.put", 4),
        ("requests.Session", None),
    ]


def test_finds_methods_that_have_a_name_of_their_own(tmp_path: Path) -> None:
    found = module(tmp_path, "a.labels(1)\nbound = b.labels\nbound(2)\nlabels(3)")
    held = [receiver(found, one) for one in method_calls(found, "labels")]
    assert [ast.unparse(one.node) for one in held if isinstance(one, Given)] == ["a", "b"]


def test_finds_decorators_however_they_are_put(tmp_path: Path) -> None:
    found = module(
        tmp_path,
        "import celery\nkept = celery.shared_task(bind=True)\n@celery.shared_task\ndef a(): ...\n"
        "@kept\ndef b(): ...\ndef c(): ...\nc = celery.shared_task(bind=True)(c)\n"
        "@other\ndef d(): ...",
    )
    held = [
        function.name
        for function in found.functions()
        if list(decorations(found, function, {"celery.shared_task"}))
    ]
    assert held == ["a", "b", "c"]


def test_nodes_that_stand_nowhere_are_answered_too(tmp_path: Path) -> None:
    found = module(tmp_path, "x = 1")
    made = ast.parse("a.b(c)", mode="eval").body
    assert ref(found, made) is None
    assert kind(found, made) is None
    assert not asked(found)
