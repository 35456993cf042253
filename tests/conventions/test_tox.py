"""tox environments give their commands where every word is known."""

from __future__ import annotations

import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.conventions.tox import of_ini, of_toml
from mcp_server.conventions.words import UNKNOWN


def ini(text: str) -> dict[str, tuple[str, ...]]:
    parser = RawConfigParser()
    parser.read_string(text)
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    return {one.name: one.lines for one in of_ini(sections, "tox.ini [{}]")}


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("pytest {posargs}", "pytest "),
        ("pytest {posargs:tests -q}", "pytest tests -q"),
        ("{env:CMD:pytest} x", "pytest x"),
        ("{env:CMD:coverage run -m pytest} {posargs:{env:ARGS:}}", "coverage run -m pytest "),
        ("-pytest", "pytest"),
        ("{envpython} -m pytest", "python -m pytest"),
        ("pytest {toxinidir}/tests", "pytest ./tests"),
        ("pytest \\\n    -q", "pytest -q"),
        ("pytest --basetemp={envtmpdir}", f"pytest --basetemp={UNKNOWN}"),
        ("pytest {[base]args}", "pytest -q"),
        ("pytest {[gone]args}", f"pytest {UNKNOWN}"),
    ],
)
def test_substitutions_are_resolved(commands: str, expected: str) -> None:
    assert ini(f"[base]\nargs = -q\n[testenv]\ncommands = {commands}\n") == {"testenv": (expected,)}


def test_a_line_under_a_factor_is_read_in_the_environment_that_has_it() -> None:
    lines = "\n  cov: a\n  !cov: b\n  x,y: c\n  pytest\n"
    found = ini(f"[testenv]\ncommands ={lines}[testenv:py-cov]\ncommands ={lines}")
    assert found["testenv"] == ("b", f"{UNKNOWN * 2}c", "pytest")
    assert found["py-cov"] == ("a", f"{UNKNOWN * 2}c", "pytest")


def test_an_environment_without_commands_of_its_own_is_no_task() -> None:
    assert ini("[tox]\nenvlist=a\n[testenv:a]\ndeps=x\n[other]\ncommands=y\n") == {}


FLASK = """
[env_run_base]
commands = [["pytest", "-k", "a b", {replace = "posargs", default = ["tests"], extend = true}]]
set_env = {A = "1", B = "{envtmpdir}"}
[env.typing]
commands = [["mypy"], ["pyright"]]
[env.style]
commands = [["pre-commit", "run"]]
[env.tmp]
commands = [["pytest", "--basetemp={env_tmp_dir}"], ["x", {replace = "ref", of = ["a"]}]]
[env.docs]
description = "no commands"
"""


def test_toml_environments_are_read() -> None:
    found = {one.name: one for one in of_toml(tomllib.loads(FLASK), "tox.toml [{}]")}
    assert found["testenv"].lines == ("pytest -k 'a b' tests",)
    assert found["testenv"].env == {"A": "1"}
    assert found["testenv"].source == "tox.toml [env_run_base]"
    assert found["typing"].lines == ("mypy", "pyright")
    assert found["typing"].source == "tox.toml [env.typing]"
    assert all(UNKNOWN in line for line in found["tmp"].lines)
    assert "docs" not in found


@pytest.mark.parametrize(
    "text",
    [
        "env_run_base = 1",
        "env = 1",
        "[env]\na = 1",
        "[env.a]\ncommands = 'x'",
        "[env.a]\ncommands = ['x', 1]",
        "[env.a]\ncommands = [['x', 1, {replace = 'posargs', default = 1}]]",
        "[env.a]\ncommands = [['x']]\nset_env = 1\nchange_dir = 1",
        "legacy_tox_ini = 1",
        "legacy_tox_ini = 'broken'",
    ],
)
def test_broken_toml_shapes_are_survived(text: str) -> None:
    assert all(one.name == "a" for one in of_toml(tomllib.loads(text), "{}"))


def test_the_text_inside_pyproject_is_read() -> None:
    text = "[testenv]\ncommands = pytest\n[testenv:lint]\ncommands = ruff check\n"
    found = of_toml({"legacy_tox_ini": text}, "pyproject.toml [tool.tox.{}]")
    assert [(one.name, one.lines) for one in found] == [
        ("testenv", ("pytest",)),
        ("lint", ("ruff check",)),
    ]


@pytest.mark.parametrize(("name", "prefix"), [("pyproject.toml", "tool.tox."), ("tox.toml", "")])
def test_the_environments_serve_and_refusals_stay_visible(
    name: str, prefix: str, tmp_path: Path
) -> None:
    text = FLASK.replace("[env", f"[{prefix}env").replace("[env_", f"[{prefix}env_")
    (tmp_path / "setup.py").touch()
    (tmp_path / name).write_text(text)
    project = read_conventions(tmp_path, {}).projects[0]
    assert [(one.text, one.source) for one in project.commands] == [
        ("A=1 pytest -k 'a b' tests".removeprefix("A=1 "), f"{name} [{prefix}env_run_base]"),
        ("mypy", f"{name} [{prefix}env.typing]"),
        ("pyright", f"{name} [{prefix}env.typing]"),
    ]
    assert [(one.text, one.reason) for one in project.others] == [
        ("tox -e style", "it would run `pre-commit`")
    ]
