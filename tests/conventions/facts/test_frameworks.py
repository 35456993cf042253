"""Frameworks and their versions, from lock files of every kind or else as declared."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.conventions.facts.projects import facts_of

PROJECT = "[project]\nname = 'shop'\ndependencies = ['fastapi>=0.110', 'Django', 'left-pad==1']\n"
TOML_LOCK = '[[package]]\nname = "{}"\nversion = "{}"\nsource = {{ registry = "x" }}\n\n'
UV = "version = 1\n\n" + "".join(
    TOML_LOCK.format(*pair)
    for pair in (("fastapi", "0.115.2"), ("django", "5.1"), ("django", "4.2"), ("celery", "5"))
)
PIPFILE = """{
    "default": {
        "django": {
            "hashes": ["x"],
            "version": "==5.1"
        },
        "fastapi": {
            "git": "y"
        }
    }
}"""


@pytest.mark.parametrize(
    ("name", "text", "fastapi", "django"),
    [
        ("uv.lock", UV, "0.115.2", "5.1 / 4.2"),
        ("poetry.lock", UV.replace("\n", "\r\n"), "0.115.2", "5.1 / 4.2"),
        ("pylock.toml", UV.replace("[[package]]", "[[packages]]"), "0.115.2", "5.1 / 4.2"),
        ("Pipfile.lock", PIPFILE, ">=0.110", "5.1"),
        ("requirements.txt", "# x\nfastapi[all]==0.1 \\\n  --hash=x\n", "0.1", ""),
        ("uv.lock", "\x00[[package]", ">=0.110", ""),
    ],
)
def test_versions_come_from_the_lock_file(
    name: str, text: str, fastapi: str, django: str, tmp_path: Path
) -> None:
    found = facts_of(tmp_path, {"pyproject.toml": PROJECT, name: text}).frameworks
    assert [(one.name, one.version) for one in found] == [("fastapi", fastapi), ("django", django)]
    assert found[0].locked == (fastapi != ">=0.110")


def test_the_lock_of_a_workspace_stands_above_its_member(tmp_path: Path) -> None:
    files = {"uv.lock": UV, "pyproject.toml": "[tool.uv]\n", "api/pyproject.toml": PROJECT}
    found = facts_of(tmp_path, files, "api").frameworks
    assert (found[0].version, found[0].source) == ("0.115.2", "uv.lock")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.poetry.dependencies]\nflask = {version = '3.0'}\n"),
        ("pyproject.toml", "[tool.poetry.group.main.dependencies]\nflask = '3.0'\n"),
        ("pyproject.toml", "[dependency-groups]\nweb = ['flask==3.0']\n"),
        ("pyproject.toml", "[project.optional-dependencies]\nweb = ['flask (==3.0)']\n"),
        ("setup.cfg", "[options]\ninstall_requires =\n    flask==3.0\n"),
        ("setup.py", "setup(install_requires=['flask==3.0'])"),
        ("requirements/base.txt", "flask==3.0\n"),
    ],
)
def test_what_is_declared_counts_in_every_form(name: str, text: str, tmp_path: Path) -> None:
    found = facts_of(tmp_path, {"setup.py": "", name: text}).frameworks
    assert [(one.name, one.version.lstrip("=")) for one in found] == [("flask", "3.0")]


def test_what_is_imported_is_in_use_and_the_project_itself_is_not(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'flask'\n",
        "src/flask/__init__.py": "'''No click here.'''\nimport flask\nfrom httpx import Client\n",
    }
    found = facts_of(tmp_path, files).frameworks
    assert [(one.name, one.source) for one in found] == [("httpx", "src/flask/__init__.py:3")]


def test_what_only_development_needs_is_told_so(tmp_path: Path) -> None:
    text = PROJECT + "[dependency-groups]\ndev = ['aiohttp']\n"
    found = facts_of(tmp_path, {"pyproject.toml": text}).frameworks
    assert {one.name: one.development for one in found} == {
        "fastapi": False,
        "django": False,
        "aiohttp": True,
    }


def test_a_lock_file_of_megabytes_is_read_quickly(tmp_path: Path) -> None:
    lock = "".join(TOML_LOCK.format(f"p{number}", "1") for number in range(60_000)) + UV
    begin = time.perf_counter()
    found = facts_of(tmp_path, {"pyproject.toml": PROJECT, "uv.lock": lock}).frameworks
    assert found[0].version == "0.115.2"
    assert time.perf_counter() - begin < 2
