"""tox environments give their commands where every word is known."""

from __future__ import annotations

import re
import time
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_server.conventions import read_conventions
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tox.configuration import ToxTarget, chosen, of_ini, of_toml


def targets(text: str, *, posargs: tuple[str, ...] | None = None) -> dict[str, ToxTarget]:
    parser = RawConfigParser()
    parser.read_string(text)
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    found = of_ini(sections, "tox.ini [{}]", text=text, posargs=posargs)
    return {one.name: one for one in found}


def ini(text: str) -> dict[str, tuple[str, ...]]:
    return {name: one.lines for name, one in targets(text).items()}


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("pytest {posargs}", "pytest"),
        ("pytest {posargs:tests -q}", "pytest tests -q"),
        ("{env:CMD:pytest} x", "pytest x"),
        ("{env:CMD:coverage run -m pytest} {posargs:{env:ARGS:}}", "coverage run -m pytest"),
        ("-pytest", "pytest"),
        ("{envpython} -m pytest", "python -m pytest"),
        ("pytest {toxinidir}/tests", "pytest ./tests"),
        ("pytest \\\n    -q", "pytest -q"),
        ("pytest --basetemp={envtmpdir} -q", "pytest -q"),
        ("pytest --basetemp {envtmpdir}/x", "pytest"),
        ("x -d {envtmpdir}/d", f"x -d {UNKNOWN}/d"),
        ("{envbindir}/pytest", "pytest"),
        ("pytest --rootdir={toxworkdir}", f"pytest --rootdir={UNKNOWN}"),
        ("pytest {tty:--color=yes:}", "pytest"),
        ("pytest {env:GONE}", "pytest"),
        ("pytest {description}", "pytest what"),
        ("python -c '{\\}' {a-b}", "python -c '{}' {a-b}"),
        ("pytest -k {envname} # why", "pytest -k py"),
        ("pytest {[base]args}", "pytest -q"),
        ("pytest {[gone]args}", f"pytest {UNKNOWN}"),
    ],
)
def test_substitutions_are_resolved(commands: str, expected: str) -> None:
    assert ini(f"[base]\nargs = -q\n[testenv]\ndescription = what\ncommands = {commands}\n") == {
        "testenv": (expected,)
    }


def test_a_line_under_a_factor_is_read_in_the_environment_that_has_it() -> None:
    lines = (
        "\n  cov: a\n  !cov: b\n  x,py{38,39}: c\n  py-{cov,y}: d\n"
        "  python -W error::W x\n  http://h\n  pytest\n"
    )
    found = ini(f"[testenv]\ncommands ={lines}[testenv:py39-cov]\ncommands ={lines}")
    rest = ("python -W error::W x", "http://h", "pytest")
    assert found["testenv"] == ("b", *rest)
    assert found["py39-cov"] == ("a", "c", *rest)


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
    assert found["tmp"].lines == ("pytest", f"x '{UNKNOWN}'")
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
    assert [(one.text, re.sub(r":\d+", "", one.source)) for one in project.commands] == [
        ("A=1 pytest -k 'a b' tests".removeprefix("A=1 "), f"{name} [{prefix}env_run_base]"),
        ("mypy", f"{name} [{prefix}env.typing]"),
        ("pyright", f"{name} [{prefix}env.typing]"),
    ]
    assert [(one.text, one.reason) for one in project.others] == [
        ("pytest", "`testenv` is planned for pytest"),
        ("tox -e style", "it would run `pre-commit`"),
    ]


MATRIX = """
[tox]
env_list =
    py3{10-11}-{unit,broker},
    pypy3-unit
    lint  # the quick one
labels =
    fast = lint, py310-unit
[testenv]
deps =
    -r{toxinidir}/requirements.txt
    pytest-Cov>=4
    broker: redis
extras = test
set_env =
    A = 1
    broker: URL = redis://x
    file|.env
commands_pre = pip install -e .
commands =
    unit: pytest tests {posargs:-q}
    broker: pytest broker
[testenv:lint]
skip_install = true
labels = quick
change_dir = src
commands =
    - ruff check {toxinidir}/src
    ! false
    mypy .
[testenv:docs]
commands = sphinx-build
[testenv:pypy3-unit]
commands = pytest tests/test_one.py
"""


def test_environments_that_factors_make_are_read_each_way_once() -> None:
    found = targets(MATRIX)
    assert list(found) == ["lint", "docs", "pypy3-unit", "py310-unit", "py310-broker"]
    assert found["py310-unit"].lines == ("pytest tests -q",)
    assert found["py310-unit"].names == ("py310-unit", "py311-unit")
    assert found["py310-unit"].env == {"A": "1"}
    assert found["py310-broker"].lines == ("pytest broker",)
    assert found["py310-broker"].env == {"A": "1", "URL": "redis://x"}
    assert found["py310-broker"].deps == ("pytest-cov", "redis")
    assert found["py310-broker"].requirements == ("./requirements.txt",)
    assert found["py310-broker"].extras == ("test",)
    assert found["py310-broker"].before == ("pip install -e .",)
    assert found["py310-broker"].env_files == (".env",)


def test_an_environment_says_where_its_commands_stand_and_how_they_count() -> None:
    found = targets(MATRIX)
    assert found["py310-unit"].source == "tox.ini:20 [testenv]"
    lint = found["lint"]
    assert lint.source == "tox.ini:27 [testenv:lint]"
    assert lint.lines == ("ruff check ../src", f"{UNREADABLE}false", "mypy .")
    assert lint.ignored == {0}
    assert (lint.folder, lint.skip_install, lint.labels) == ("src", True, ("fast", "quick"))


def test_a_lesser_run_says_why() -> None:
    found = targets(MATRIX)
    assert {name: (one.default, one.lesser) for name, one in found.items()} == {
        "lint": (True, None),
        "docs": (False, "its name says `docs`"),
        "pypy3-unit": (True, "it is for PyPy"),
        "py310-unit": (True, None),
        "py310-broker": (True, None),
    }
    one = targets("[testenv:bench]\ncommands = pytest tests/test_a.py::x\n")["bench"]
    assert one.lesser == "it runs the tests of one file"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", ["lint", "pypy3-unit", "py310-unit", "py310-broker"]),
        ("run -e py311-unit,lint", ["py310-unit", "lint"]),
        ("-epy3{10,11}-unit -p auto", ["py310-unit"]),
        ("r -f py311", ["py310-unit", "py310-broker"]),
        ("-f py311 unit -f lint", ["lint", "py310-unit"]),
        ("-m fast", ["lint", "py310-unit"]),
        ("-m quick", ["lint"]),
        ("-e lint docs", ["lint"]),
        ("-e gone -- -e lint", []),
        ("-e ALL", ["lint", "docs", "pypy3-unit", "py310-unit", "py310-broker"]),
        ("-c x.ini -e docs", ["docs"]),
    ],
)
def test_the_arguments_of_a_call_choose_environments(arguments: str, expected: list[str]) -> None:
    assert list(chosen(arguments.split(), list(targets(MATRIX).values()))) == expected


def test_a_python_that_no_list_names_runs_what_testenv_says() -> None:
    found = list(targets("[testenv]\ncommands = pytest\n").values())
    assert chosen(["-e", "py39"], found) == ("testenv",)
    assert chosen(["-e", "other"], found) == ()


def test_what_a_call_gives_takes_the_place_of_defaults() -> None:
    assert targets(MATRIX, posargs=("-k", "a b"))["py310-unit"].lines == ("pytest tests -k 'a b'",)


def test_settings_come_from_bases_and_other_sections() -> None:
    text = (
        "[testenv]\nset_env = A = 1\ncommands = pytest\n[shared]\nset_env = A = 2\n"
        "[testenv:a]\nbase = shared\ncommands = x {env:A}\n"
        "[testenv:b]\ncommands = y {env:A} {env:A:3}\n"
        "[testenv:c]\ncommands =\n  {[testenv:a]commands}\n  z {[testenv:b]base}\n"
        "[testenv:d]\nset_env =\n  A = x{env:A:4}\n  B = {env:C}\n  C = 5\n"
        "commands = w {env:A} {env:B}\n"
    )
    assert ini(text) == {
        "testenv": ("pytest",),
        "a": ("x 2",),
        "b": ("y 1 1",),
        "c": ("x 1", f"z {UNKNOWN}"),
        "d": ("w x4 5",),
    }


def test_the_section_of_setup_cfg_is_read() -> None:
    sections = {
        "tox:tox": {"envlist": "pypy-x, a-x, a-y"},
        "testenv": {"commands": "x: one\ny: two"},
    }
    assert [(one.name, one.default) for one in of_ini(sections, "setup.cfg [{}]")] == [
        ("a-x", True),
        ("a-y", True),
    ]


def test_lists_and_references_of_toml_are_followed() -> None:
    text = """
env_list = ["3.12", {product = [["a", "b"], ["x"]]}]
labels = {all = ["lint"]}
[env_run_base]
set_env = {K = "v"}
commands = [["pytest", {replace = "env", name = "K"}, {replace = "env", name = "L", default = "w"}]]
[env.lint]
ignore_outcome = true
commands = [["-", "ruff"], ["-mypy"], {replace = "ref", of = ["env", "more", "commands"]}]
[env.more]
base = ["env.lint"]
deps = ["-r x.txt", "Foo_Bar==1"]
commands = [["flake8", {replace = "ref", env = "more", key = "deps"}]]
"""
    found = {
        one.name: one
        for one in of_toml(tomllib.loads(text), "pyproject.toml [tool.tox.{}]", text=text)
    }
    assert found["testenv"].names == ("testenv", "3.12", "a-x", "b-x")
    assert found["testenv"].lines == ("pytest v w",)
    assert found["lint"].lines == ("ruff", "mypy", "flake8 '-r x.txt' Foo_Bar==1")
    assert found["lint"].ignored == {0, 1}
    assert found["lint"].labels == ("all",)
    assert found["more"].ignore_outcome
    assert (found["more"].deps, found["more"].requirements) == (("foo-bar",), ("x.txt",))


def test_toml_and_the_text_inside_it_have_lines() -> None:
    text = '[tool.tox.env."a.b"]\nx = 1\ncommands = [["y"]]\n'
    table = tomllib.loads(text)["tool"]["tox"]
    assert [one.source for one in of_toml(table, "pyproject.toml [tool.tox.{}]", text=text)] == [
        "pyproject.toml:3 [tool.tox.env.a.b]"
    ]
    text = '[tool.tox]\nlegacy_tox_ini = """\n[testenv]\ncommands = x\n"""\n'
    table = tomllib.loads(text)["tool"]["tox"]
    assert [one.source for one in of_toml(table, "pyproject.toml [tool.tox.{}]", text=text)] == [
        "pyproject.toml:4 [tool.tox testenv]"
    ]


@pytest.mark.parametrize(
    "sections",
    [
        {"tox": {"envlist": "{a,b}" * 100}, "testenv": {"commands": "x"}},
        {"tox": {"envlist": "{" * 100_000}, "testenv": {"commands": "x"}},
        {"tox": {"envlist": "{0-9999}{0-9999}"}, "testenv": {"commands": "x"}},
        {"testenv": {"commands": "{[testenv]commands}{[testenv]commands}"}},
        {"testenv": {"commands": "{description}", "description": "{description}" * 2}},
        {"testenv": {"commands": "{posargs:" * 10_000 + "}" * 10_000}},
        {"testenv": {"commands": "a: b\n" * 100_000}},
        {"testenv": {"commands": "{env:A}", "setenv": "A = {env:A}{env:A}\n" * 1000}},
    ],
)
def test_hostile_settings_end_soon(sections: dict[str, dict[str, str]]) -> None:
    before = time.process_time()
    of_ini(sections, "tox.ini [{}]")
    assert time.process_time() - before < 2


PIECES = st.sampled_from(
    "{ } [ ] , : : \n \\ \\\n # ! - = a b py testenv tox posargs env envname {posargs:} {env:A} "
    "{[testenv]commands} {[tox]envlist} {a,b} {1-3} commands".split(" ")
)
TEXTS = st.lists(PIECES, max_size=20).map("".join)


@settings(max_examples=200, deadline=2000)
@given(
    st.dictionaries(
        st.sampled_from(["tox", "testenv", "testenv:a", "testenv:{a,b}-c", "tox:tox"]),
        st.dictionaries(
            st.sampled_from("commands envlist base setenv change_dir deps labels extras".split()),
            TEXTS,
        ),
    ),
    TEXTS,
)
def test_no_setting_makes_reading_raise(sections: dict[str, dict[str, str]], text: str) -> None:
    found = of_ini(sections, "tox.ini [{}]", text=text)
    chosen(text.split(), found)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("replace default name of env key commands a product base".split()),
            inner | st.sampled_from(["ref", "env", "posargs", "a"]),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=2000)
@given(
    st.dictionaries(
        st.sampled_from("env env_list env_run_base labels legacy_tox_ini".split()), VALUES
    ),
    st.dictionaries(
        st.sampled_from("commands set_env base deps labels change_dir runner extras".split()),
        VALUES,
    ),
)
def test_no_table_makes_reading_raise(table: dict[str, object], own: dict[str, object]) -> None:
    of_toml(table, "tox.toml [{}]")
    of_toml({**table, "env": {"a": own}}, "tox.toml [{}]")
