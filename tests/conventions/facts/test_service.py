"""Where the parts of a service live, and how its endpoints do what they all do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conventions.facts.projects import facts_of

ROUTER = """from fastapi import APIRouter, Depends, HTTPException
from app.deps import CurrentUser

router = APIRouter(prefix="/x")

@router.get("/a", response_model=int)
async def read_a(user: CurrentUser) -> int:
    if not user:
        raise HTTPException(404)
    return 1

@router.get(
    "/b",
    response_model=int,
)
async def read_b(user: CurrentUser) -> int:
    if not user:
        raise HTTPException(404)
    if user == 2:
        return 3
    return 1

@router.get("/c", response_model=int)
async def read_c(
    user: CurrentUser,
) -> int:
    if not user:
        raise HTTPException(404)
    if user == 2:
        return 3
    if user == 3:
        return 4
    return 1

@router.get("/d")
def read_d():
    return 1
"""
APP = {
    "pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nrun = 'app.main:run'\n",
    "app/__init__.py": "",
    "app/deps.py": (
        "from fastapi import Depends\nfrom sqlalchemy.ext.asyncio import AsyncSession\n\n"
        "async def get_session():\n    yield AsyncSession()\n\n"
        "CurrentUser = Annotated[\n    int, Depends(get_session)\n]\n"
    ),
    "app/main.py": (
        "from fastapi import FastAPI\n\napp = FastAPI()\n\n@app.exception_handler(ValueError)\n"
        "def handle(): ...\n"
    ),
    "app/core/config.py": (
        "from pydantic_settings import BaseSettings\n\nclass Settings(BaseSettings):\n    a: int\n"
    ),
    "app/models/user.py": "from sqlmodel import SQLModel\n\nclass User(SQLModel, table=True): 1\n",
    "app/models/item.py": "from sqlmodel import SQLModel\n\nclass Item(SQLModel, table=True): 1\n",
    "app/schemas/user.py": "from pydantic import BaseModel\n\nclass UserRead(BaseModel): ...\n",
    "app/errors.py": "import logging\nlog = logging.getLogger(__name__)\n"
    "\nclass NotFoundError(Exception):\n    pass\n",
    "app/api/x.py": ROUTER,
}


def test_places_are_told_with_their_line_or_folder(tmp_path: Path) -> None:
    found = dict(facts_of(tmp_path, APP).places)
    assert {name: [str(spot) for spot in one.spots] for name, one in found.items()} == {
        "settings": ["Settings (app/core/config.py:3)"],
        "models": ["2 files with models (app/models/)"],
        "schemas": ["user.py (app/schemas/user.py:3)"],
        "routes": ["main.py (app/main.py:3)", "x.py (app/api/x.py:4)"],
        "apps": ["app.main:app (app/main.py:3)"],
        "scripts": ["run = app.main:run (pyproject.toml:4)"],
    }


def test_the_endpoint_is_of_the_commonest_shape_and_of_median_length(tmp_path: Path) -> None:
    found = facts_of(tmp_path, APP).endpoint
    assert found is not None
    assert (found.name, found.source) == ("read_b", "app/api/x.py:16")
    assert found.features == (
        "async", "router prefix", "dependencies", "response_model", "return annotation", "raises",
    )  # fmt: skip
    assert found.why.startswith("3 of 4 endpoints have exactly async, router prefix")


def test_the_styles_are_counted(tmp_path: Path) -> None:
    found = facts_of(tmp_path, APP).service
    assert str(found.errors) == (
        "raise HTTPException (3), exception handlers (1), own exception classes (1)"
    )
    assert str(found.logging) == "logging.getLogger (1)"
    assert str(found.dependencies) == "Annotated[..., Depends()] (1)"
    assert str(found.sessions) == "async get_session() yields one (app/deps.py:4)"
    assert str(found.responses) == "response_model (3), return annotation (3) of 4 endpoints"


def test_examples_in_texts_are_no_endpoints(tmp_path: Path) -> None:
    text = (
        'from fastapi import APIRouter\n\ndef f():\n    """Use it.\n\n'
        '    @router.get("/a")\n    def shown(): ...\n    """\n\n'
        "@mock.patch('x')\ndef patched(): ...\n"
    )
    assert facts_of(tmp_path, {"app/__init__.py": text}).endpoint is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from flask import Flask\napp = Flask(__name__)\n\n@app.route('/')\ndef a(): ...\n", "a"),
        ("from litestar import get\n\n@get('/')\nasync def b() -> None: ...\n", "b"),
        ("from pyramid.view import view_config\n\n@view_config(x=1)\ndef c(request): ...\n", "c"),
        ("from django.views import View\n\nclass D(View):\n    def get(self): ...\n", "D"),
        (
            "from rest_framework import viewsets\n\nclass E(viewsets.ModelViewSet):\n    x = 1\n",
            "E",
        ),
    ],
)
def test_endpoints_of_other_frameworks_are_known(text: str, name: str, tmp_path: Path) -> None:
    found = facts_of(tmp_path, {"app/__init__.py": text}).endpoint
    assert found is not None
    assert found.name == name


def test_schemas_are_known_by_their_base_wherever_they_lie(tmp_path: Path) -> None:
    text = "from pydantic import BaseModel\n\nclass A(BaseModel): ...\n"
    found = dict(facts_of(tmp_path, {"app/__init__.py": "", "app/dto.py": text}).places)
    assert [one.source for one in found["schemas"].spots] == ["app/dto.py:3"]


def test_an_app_of_a_src_layout_is_named_as_it_is_imported(tmp_path: Path) -> None:
    files = {
        "src/shop/__init__.py": "",
        "src/shop/web.py": "from flask import Flask\na = Flask(1)\n",
    }
    found = dict(facts_of(tmp_path, files).places)["apps"]
    assert str(found.spots[0]) == "shop.web:a (src/shop/web.py:2)"


def test_a_function_that_yields_no_session_hands_out_none(tmp_path: Path) -> None:
    text = "from sqlalchemy.orm import Session\n\ndef get_session():\n    return Session()\n"
    assert facts_of(tmp_path, {"shop/__init__.py": text}).service.sessions is None


def test_equally_named_files_of_sister_folders_are_one_place(tmp_path: Path) -> None:
    text = "from sqlalchemy.orm import Mapped\n\nclass A(Base):\n    __tablename__ = 'a'\n"
    files = {f"shop/{name}/models.py": text for name in "abcdefg"}
    found = dict(facts_of(tmp_path, {"shop/__init__.py": "", **files}).places)["models"]
    assert [str(one) for one in found.spots] == ["7 files with models (shop/*/models.py)"]
    assert found.count == 7


def test_django_tells_its_settings_models_urls_and_migrations(tmp_path: Path) -> None:
    files = {
        "manage.py": "import os\n",
        "site/settings.py": "DEBUG = 1\nINSTALLED_APPS = []\n",
        "site/wsgi.py": "from django.core.wsgi import get_wsgi_application\n"
        "application = get_wsgi_application()\n",
        "shop/models.py": "from django.db import models\n\nclass A(models.Model):\n    pass\n",
        "shop/urls.py": "from django.urls import path\nurlpatterns = []\n",
        "shop/migrations/0001_initial.py": "",
        "shop/migrations/__init__.py": "",
    }
    found = dict(facts_of(tmp_path, files).places)
    assert {name: str(one.spots[0]) for name, one in found.items()} == {
        "settings": "django settings (site/settings.py:2)",
        "models": "models.py (shop/models.py:3)",
        "routes": "urls.py (shop/urls.py:2)",
        "migrations": "1 migration (shop/migrations/)",
        "apps": "site.wsgi:application (site/wsgi.py:2)",
    }
