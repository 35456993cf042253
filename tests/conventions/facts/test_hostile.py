"""Whatever the files hold: nothing is raised, nothing hangs, nothing runs and nothing leaves."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mcp_server.contract_facts import facts_lines, facts_view, lean_facts
from mcp_server.conventions.facts.sample import read_heads
from mcp_server.conventions.shell.pieces import Place
from tests.conventions.facts.projects import facts_of, write

QUICK = 2.0
"""Seconds; each of these takes far less on any machine, or grows without bound."""
WORDS = "from fastapi import APIRouter, Depends, FastAPI\nfrom sqlalchemy import x\n"


@pytest.mark.parametrize(
    "text",
    [
        "[project]\nrequires-python = 3\ndependencies = {a = 1}\nscripts = [1]\nname = 4\n",
        "[tool]\nruff = 1\nblack = []\nmypy = 'x'\npytest = 4\nalembic = 3\npoetry = 1\n",
        "[tool.ruff]\nlint = 1\nformat = 2\ntarget-version = 3\nline-length = 1e999\n",
        "[tool.ruff.lint]\nselect = 1\npydocstyle = 2\n[tool.ruff.format]\nquote-style = []\n",
        "[tool.black]\ntarget-version = [1, 'x', 'py3', []]\nline-length = 'long'\n",
        "[tool.mypy]\noverrides = [1, {}]\nplugins = [[]]\npython_version = [1]\n",
        "[tool.pytest]\nini_options = 1\nmarkers = 2\n",
        "[tool.pytest.ini_options]\naddopts = [1, {}]\nmarkers = {a = 1}\nfilterwarnings = 3\n",
        '[tool.pytest.ini_options]\naddopts = "-m \'open"\ntestpaths = [1]\nasyncio_mode = []\n',
        "[tool.alembic]\nscript_location = 1\nversion_locations = 2\n",
        "[tool.poetry]\ndependencies = 1\ngroup = {a = {dependencies = {b = [1]}}}\nscripts = 1\n",
        "[tool.isort]\nprofile = 1\nline_length = []\n[tool.flake8]\nmax-line-length = {}\n",
        "[tool.pyright]\ntypeCheckingMode = 1\nstrict = 2\n[dependency-groups]\na = [1]\n",
    ],
)
def test_tables_of_unexpected_shapes_are_survived(text: str, tmp_path: Path) -> None:
    files = {"pyproject.toml": text, "shop/__init__.py": "", "tests/test_a.py": "def test_a(): ..."}
    found = facts_of(tmp_path, files)
    lean_facts(found)
    facts_lines(facts_view(found))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe" * 5_000,
        b"\x00" * 10_000,
        (WORDS + "(" * 200_000).encode(),
        (WORDS + "@router.get(" * 20_000).encode(),
        (WORDS + "\n@router.get(\n" * 10_000 + "def a(): ...\n").encode(),
        (WORDS + "@a.get()\n" + "def a(" * 20_000).encode(),
        (WORDS + '"""' * 60_001).encode(),
        (WORDS + "\n'''\n\"\"\"" * 20_001).encode(),
        (WORDS + "x = Depends(" * 15_000).encode(),
        (WORDS + "a: " * 60_000 + "= FastAPI(").encode(),
        (WORDS + "\nasync def get_session(" * 8_000).encode(),
        (WORDS + "\nclass A(" * 20_000).encode(),
        (WORDS + "class A" + "(BaseSettings" * 14_000).encode(),
        (WORDS + "'\\" * 90_000).encode(),
        (WORDS + "def test_a(" + "a[" * 60_000).encode(),
        (WORDS + "@pytest.mark.parametrize(" * 8_000 + "\ndef test_a(): ...").encode(),
        (WORDS + "\n" + " " * 190_000 + "x").encode(),
        (WORDS + "\n@fixture\n" * 19_000).encode(),
        (WORDS + "revision = 'a'\ndown_revision = (" + "'b'," * 40_000).encode(),
        (WORDS + "def a():\n    x = 1\n" * 9_000).encode(),
    ],
)
def test_code_of_any_kind_is_read_in_linear_time(content: bytes, tmp_path: Path) -> None:
    places = ("shop/__init__.py", "tests/test_a.py", "tests/conftest.py", "m/versions/a.py")
    files: dict[str, str | bytes] = dict.fromkeys(places, content)
    write(tmp_path, {"m/env.py": "", **files})
    begin = time.perf_counter()
    found = facts_of(tmp_path, {})
    assert time.perf_counter() - begin < QUICK
    assert len(lean_facts(found).json_text()) <= 1_400


@pytest.mark.parametrize("name", ["uv.lock", "Pipfile.lock", "requirements.txt", "setup.py",
                                  ".editorconfig", "alembic.ini", ".python-version",
                                  "pyrightconfig.json", "setup.cfg"])  # fmt: skip
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\x00",
        b"[" * 100_000,
        b'[[package]]\nname = "' * 20_000,
        b" " * 400_000,
        b"a" * 400_000,
        b"[alembic]\nscript_location = ../../..\n",
        b"[alembic]\nscript_location = %(gone)s:" + b":" * 10_000,
        b'\n        "a": {' * 20_000,
        b"python_requires = '" * 20_000,
    ],
)
def test_configuration_of_any_kind_is_survived(name: str, content: bytes, tmp_path: Path) -> None:
    write(tmp_path, {name: content, "shop.py": "import flask\n"})
    begin = time.perf_counter()
    facts_of(tmp_path, {})
    assert time.perf_counter() - begin < QUICK


def test_links_out_of_the_root_pipes_and_circles_are_not_read(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    app = "from fastapi import FastAPI\napp = FastAPI()\n"
    write(outside, {"secret.py": app, "pack/inner.py": app})
    write(root, {"shop/__init__.py": "", "shop/real.py": app})
    (root / "shop/leaving.py").symlink_to(outside / "secret.py")
    (root / "shop/folder").symlink_to(outside / "pack", target_is_directory=True)
    (root / "shop/inside.py").symlink_to(root / "shop/real.py")
    (root / "shop/circle.py").symlink_to(root / "shop/circle.py")
    os.mkfifo(root / "shop/pipe.py")
    found = dict(facts_of(root, {}).places)["apps"]
    assert [one.source for one in found.spots] == ["shop/inside.py:2", "shop/real.py:2"]


def test_the_reader_itself_neither_leaves_the_root_nor_waits_for_a_pipe(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, {"outside/a.py": "secret", "root/real/a.py": "shown", "root-2/a.py": "other"})
    (root / "out").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "beside").symlink_to(tmp_path / "root-2", target_is_directory=True)
    (root / "in").symlink_to(root / "real", target_is_directory=True)
    os.mkfifo(root / "pipe.py")
    paths = ["out/a.py", "beside/a.py", "in/a.py", "pipe.py", "gone/a.py", "real", "a\0b"]
    assert read_heads(paths, Place(root, {}), 100) == dict.fromkeys(paths, b"") | {
        "in/a.py": b"shown"
    }


def test_nothing_of_the_project_runs(tmp_path: Path) -> None:
    canary = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    names = ("conftest.py", "setup.py", "sitecustomize.py", "migrations/env.py", "app/__init__.py",
             "migrations/versions/a.py", "tests/conftest.py")  # fmt: skip
    facts_of(tmp_path, {"alembic.ini": "[alembic]\nscript_location = migrations\n"}
             | dict.fromkeys(names, canary))  # fmt: skip
    assert not (tmp_path / "ran").exists()


def test_a_large_project_is_sampled_and_says_so(tmp_path: Path) -> None:
    files = {f"shop/p{number % 7}/m{number}.py": "x = 1\n" for number in range(500)}
    files |= {f"tests/test_{number}.py": "def test_a(): ...\n" for number in range(300)}
    files |= {"shop/__init__.py": "", "shop/zz/config.py": "from pydantic_settings import "
              "BaseSettings\n\nclass Settings(BaseSettings): ...\n"}  # fmt: skip
    found = facts_of(tmp_path, files)
    assert found.sampled == "400 of 802 Python files, spread evenly"
    assert dict(found.places)["settings"].spots[0].source == "shop/zz/config.py:3"


def test_projects_inside_are_left_to_themselves(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'whole'\n",
        "whole/__init__.py": "",
        "part/pyproject.toml": "[project]\nname = 'part'\n",
        "part/tests/test_a.py": "def test_a(): ...\n",
        "part/app/__init__.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    }
    found = facts_of(tmp_path, files)
    assert (found.places, found.tests.measured) == ((), None)
    assert dict(facts_of(tmp_path, {}, "part").places)["apps"].count == 1
