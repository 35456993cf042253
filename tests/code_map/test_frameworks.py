"""Routes, models, settings and newer syntax, in the forms in which projects write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.code_map import map_change

STARS = "".join(f"from app.m{n} import *\n" for n in range(25)) + "from app.last import *\n"
PROJECT = '[project]\nname = "p"\nversion = "1"\n'


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in {"pyproject.toml": PROJECT, "app/__init__.py": "", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {
                "app/views.py": (
                    "from flask import Blueprint\n"
                    "from app.core import work\n"
                    "pages = Blueprint('pages', __name__, url_prefix='/pages')\n"
                    "@pages.route('/<int:number>', methods=['GET', 'POST'])\n"
                    "def page(number):\n    return work()\n"
                )
            },
            {"GET|POST /pages/<int:number> app/views.py:5 page"},
            id="flask",
        ),
        pytest.param(
            {
                "app/views.py": (
                    "from django.views import View\n"
                    "from app.core import work\n"
                    "def page(request):\n    return work()\n"
                    "class Page(View):\n    def get(self, request):\n        return work()\n"
                ),
                "app/urls.py": (
                    "from django.urls import path\n"
                    "from app import views\n"
                    "urlpatterns = [path('one/', views.page), path('two/', views.Page.as_view())]\n"
                ),
            },
            {"/one/ app/views.py:3 page", "GET /two/ app/views.py:6 Page.get"},
            id="django",
        ),
        pytest.param(
            {
                "app/views.py": (
                    "from starlette.routing import Route\n"
                    "from app.core import work\n"
                    "async def page(request):\n    return work()\n"
                    "routes = [Route('/page', page)]\n"
                )
            },
            {"/page app/views.py:3 page"},
            id="starlette",
        ),
        pytest.param(
            {
                "app/views.py": (
                    "from litestar import Controller, get\n"
                    "from app.core import work\n"
                    "class Pages(Controller):\n"
                    "    path = '/pages'\n"
                    "    @get('/{number:int}')\n"
                    "    async def page(self, number: int) -> int:\n        return work()\n"
                )
            },
            {"GET /pages/{number:int} app/views.py:6 Pages.page"},
            id="litestar",
        ),
        pytest.param(
            {
                "app/views.py": (
                    "from fastapi import APIRouter, Depends, FastAPI\n"
                    "from app.core import work\n"
                    "inner = APIRouter(prefix='/inner', dependencies=[Depends(work)])\n"
                    "outer = APIRouter(prefix='/outer')\n"
                    "outer.include_router(inner)\n"
                    "app = FastAPI()\n"
                    "app.include_router(outer, prefix='/v2')\n"
                    "@inner.patch('')\n"
                    "def page(): ...\n"
                )
            },
            {"PATCH /v2/outer/inner app/views.py:9 page"},
            id="fastapi",
        ),
    ],
)
def test_routes_that_reach_a_function_are_found(
    tmp_path: Path, files: dict[str, str], expected: set[str]
) -> None:
    root = write(tmp_path, {"app/core.py": "def work():\n    return 1\n", **files})
    assert set(map_change(root, ["work"], detail=True).routes) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "from sqlmodel import SQLModel\nclass Hero(SQLModel, table=True):\n    id: int\n",
            ("app/models.py:2 Hero (sqlmodel)",),
        ),
        (
            "from django.db.models import Model\nclass Hero(Model):\n    name = CharField()\n",
            ("app/models.py:2 Hero (django)",),
        ),
        (
            "from pydantic import BaseModel\nclass Hero(BaseModel):\n    name: str\n",
            ("app/models.py:2 Hero (pydantic)",),
        ),
        ("class Hero:\n    name: str\n", ()),
    ],
)
def test_models_are_told_apart(tmp_path: Path, text: str, expected: tuple[str, ...]) -> None:
    root = write(tmp_path, {"app/models.py": text})
    assert map_change(root, ["Hero"]).models == expected


def test_django_models_need_migrations_of_their_app(tmp_path: Path) -> None:
    text = (
        "from django.db import models\nclass Hero(models.Model):\n    age = models.IntegerField()\n"
    )
    root = write(tmp_path, {"app/models.py": text, "app/migrations/__init__.py": ""})
    told = "a change of the columns of Hero needs a revision in app/migrations"
    assert map_change(root, ["Hero"]).migrations == (told,)


def test_a_method_of_a_table_is_no_column_of_it(tmp_path: Path) -> None:
    text = (
        "from sqlmodel import SQLModel\n"
        "class Hero(SQLModel, table=True):\n"
        "    id: int\n"
        "    def greet(self) -> str: ...\n"
    )
    revision = "revision = 'a'\ndown_revision = None\n"
    files = {"app/models.py": text, "alembic/env.py": "", "alembic/versions/a.py": revision}
    root = write(tmp_path, files)
    assert map_change(root, ["Hero.greet"]).migrations == ()
    told = "a change of the columns of Hero (id) needs a revision in alembic/versions (head a)"
    assert map_change(root, ["Hero.id"]).migrations == (told,)


INHERITED = (
    "from sqlmodel import Field, SQLModel\n"
    "class ItemBase(SQLModel):\n    title: str = Field(max_length=255)\n"
    "class ItemCreate(ItemBase):\n    pass\n"
    "class Item(ItemBase, table=True):\n    id: int\n"
)


@pytest.mark.parametrize(
    "what", ["ItemBase.title", "Item.title", "app/models.py::Item.title", "app.models:Item.title"]
)
def test_a_column_that_a_table_inherits_is_its_column(tmp_path: Path, what: str) -> None:
    revision = "revision = 'a'\ndown_revision = None\n"
    files = {"app/models.py": INHERITED, "alembic/env.py": "", "alembic/versions/a.py": revision}
    view = map_change(write(tmp_path, files), [what])
    assert [one.symbol for one in view.symbols] == ["ItemBase.title"]
    told = "a change of the columns of Item (title) needs a revision in alembic/versions (head a)"
    assert view.migrations == (told,)
    assert "app/models.py:6 Item (sqlmodel)" in view.models


@pytest.mark.parametrize(
    "settings",
    ["[tool.pytest]\nini_options = 1\n", "[tool.pytest.ini_options]\npythonpath = 3\n"],
)
def test_settings_that_make_no_sense_are_passed_over(tmp_path: Path, settings: str) -> None:
    files = {"pyproject.toml": PROJECT + settings, "app/core.py": "def work(): ...\n"}
    assert map_change(write(tmp_path, files), ["work"]).symbols


def test_settings_of_django_are_read_by_name(tmp_path: Path) -> None:
    text = "from django.conf import settings\ndef work():\n    return settings.SECRET_PLACE\n"
    root = write(tmp_path, {"app/core.py": text})
    assert map_change(root, ["work"]).settings == ("SECRET_PLACE read in app/core.py:3 work",)


@pytest.mark.parametrize(
    "text",
    [
        "type Number = int\n\n\ndef use() -> Number:\n    return work()\n",
        "def use[T: (int, str)](one: T) -> T:\n    return work()\n",
        "class Box[\n    T,\n]:\n    pass\n\n\ndef use():\n    return work()\n",
        "def use():\n    try:\n        return work()\n    except A, B:\n        pass\n",
    ],
)
def test_syntax_newer_than_hdbs_own_python_is_followed(tmp_path: Path, text: str) -> None:
    files = {
        "app/core.py": "def work(): ...\n",
        "app/use.py": f"from app.core import work\n\n{text}",
    }
    root = write(tmp_path, files)
    line = text[: text.index("work()")].count("\n") + 3
    (symbol,) = map_change(root, ["work"]).symbols
    assert symbol.callers == (f"app/use.py:{line} use",)


def test_a_name_is_followed_through_an_import_of_everything(tmp_path: Path) -> None:
    files = {
        "app/core.py": "def work(): ...\n",
        "app/every.py": "from app.core import *\n",
        "app/use.py": "from app.every import work as job\ndef use():\n    return job()\n",
    }
    (symbol,) = map_change(write(tmp_path, files), ["work"]).symbols
    assert symbol.callers == ("app/use.py:3 use",)


@pytest.mark.parametrize(
    "files",
    [
        {"app/core.py": "from app.other import *\n", "app/other.py": "from app.core import *\n"},
        {"app/core.py": "from app.core import work as work\n"},
        {"app/core.py": "class A(B): ...\nclass B(A): ...\n"},
        {"app/core.py": "a = b.x\nb = a.x\ndef f():\n    return a.x.y()\n"},
        {"app/core.py": "x = " + " + ".join(["1"] * 3_000) + "\n"},
        {"app/core.py": "x = " + "(" * 150 + "1" + ")" * 150 + "\n"},
        {"app/core.py": "\n".join(f"a{n} = a{n + 1}.b" for n in range(400)) + "\n"},
        {"app/core.py": "\0\n"},
        {f"app/m{n}.py": STARS for n in range(25)},
    ],
)  # fmt: skip
def test_code_in_circles_comes_to_an_end(tmp_path: Path, files: dict[str, str]) -> None:
    uses = {
        "app/use.py": "from app.core import a0, A\nfrom app.m1 import work\nwork(a0.c, A().d)\n",
        "app/again.py": "from app.core import work\nwork()\n",
        "app/last.py": "def work(): ...\n",
    }
    root = write(tmp_path, {**files, **uses})
    assert map_change(root, ["app"], detail=True).symbols
    assert map_change(root, ["app/last.py::work"]).symbols
