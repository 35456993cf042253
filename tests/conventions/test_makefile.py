"""A Makefile is read as text, and read as make would read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.conventions.make_variables import expand
from mcp_server.conventions.makefile import MAX_INCLUDES, parse_makefile
from mcp_server.conventions.pieces import Opaque, Place
from mcp_server.conventions.task_files import makefile_tasks
from mcp_server.conventions.tasks import reachable
from mcp_server.conventions.words import UNKNOWN


def recipe(text: str, name: str = "test") -> list[str]:
    return [line.text for line in parse_makefile(text)[name].recipe]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test:\n\tpytest\n", ["pytest"]),
        ("test: ; pytest\n", ["pytest"]),
        ("test:\n\t@-pytest\n\t+mypy\n", ["pytest", "mypy"]),
        ("test:\r\n\tpytest\r\n", ["pytest"]),
        ("test:\n\tpytest \\\n\t  -q\n", ["pytest -q"]),
        ("A = 1\ntest:\n\tx $(A) ${A} $$A\n", ["x 1 1 $A"]),
        ("A ?= 1\nA ?= 2\ntest:\n\tx $(A)\n", ["x 1"]),
        ("A = 1\nA += 2\ntest:\n\tx $(A)\n", ["x 1 2"]),
        ("A = $(B)\nB = 1\ntest:\n\tx $(A)\n", ["x 1"]),
        ("B = 1\nA := $(B)\nB = 2\ntest:\n\tx $(A)\n", ["x 1"]),
        ("A := $$x\ntest:\n\ty $(A)\n", ["y $x"]),
        ("test:\n\tx $(A)\nA = late\n", ["x late"]),
        ("A = 1\ntest: A = 2\ntest:\n\tx $(A)\nother:\n\tx $(A)\n", ["x 2"]),
        ("test: a b\n\tx $@ $< $^\n", ["x test a a b"]),
        ("test tests:\n\tx $@\n", ["x test"]),
        ("A = test\n$(A):\n\tx\n", ["x"]),
        ("test::\n\ta\ntest::\n\tb\n", ["a", "b"]),
        ("test:\n\ta\ntest:\n\tb\n", ["b"]),
        ("test:\n\ta\ntest: more\n", ["a"]),
        ("test:\n\ta\n\n# note\n\tb\n", ["a", "b"]),
        ("test: # note\n\t# note\n\ta\n", ["a"]),
        (".ONESHELL:\ntest:\n\tcd x\n\ty\n", ["cd x\ny"]),
        (".RECIPEPREFIX = >\ntest:\n>a\n", ["a"]),
        ("define run\n\tx\nendef\ntest:\n\ty\n", ["y"]),
        ("A=1\nifeq ($(A),1)\nB=x\nelse\nB=y\nendif\ntest:\n\t$(B)\n", ["x"]),
        ("ifeq ($(OS),Windows_NT)\nB=x\nelse\nB=y\nendif\ntest:\n\t$(B)\n", ["y"]),
        ("ifdef A\nB=x\nelse ifndef A\nB=y\nelse\nB=z\nendif\ntest:\n\t$(B)\n", ["y"]),
        ("ifeq ($(shell x),1)\nB=x\nelse\nB=y\nendif\ntest:\n\t$(B)\n", [UNKNOWN]),
        ("ifeq ($(shell x),1)\nC=1\nelse\nB=y\nendif\ntest:\n\tz $(B)\n", [f"z {UNKNOWN}"]),
        ('A=1\nifneq "$(A)" "2"\nB=x\nendif\ntest:\n\t$(B)\n', ["x"]),
        ("ifdef A\nifdef B\nC=1\nendif\nelse\nC=2\nendif\ntest:\n\tx $(C)\n", ["x 2"]),
        ("test:\nifdef A\n\ta\nelse\n\tb\nendif\n\tc\n", ["b", "c"]),
        ("A = 1\nA :::= 2\ntest:\n\tx $(A)\n", ["x 2"]),
        ("else\nendif\nendif\ntest:\n\ta\n", ["a"]),
    ],
)
def test_a_recipe_is_read_as_make_would(text: str, expected: list[str]) -> None:
    assert recipe(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A = $(shell date)\ntest:\n\tx $(A)\n",
        "A != date\ntest:\n\tx $(A)\n",
        "A = $(wildcard *.py)\ntest:\n\tx $(A)\n",
        "A = a.c\ntest:\n\tx $(A:.c=.o)\n",
        "define A\nx\nendef\ntest:\n\t$(A)\n",
        "test:\n\tx $(call run,$@)\n",
        "test:\n\tx $(HOME)\n",
        "A = $(A)$(A)\ntest:\n\tx $(A)\n",
        "A = $(B)$(B)$(B)\nB = $(A)aaaaaaaa\ntest:\n\tx $(A)\n",
        "SHELL = python3\ntest:\n\timport pytest\n",
        "SHELL := $(shell which bash)\ntest:\n\tx\n",
    ],
)
def test_what_only_make_could_tell_is_unknown(text: str, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(text)
    found = makefile_tasks(Place(tmp_path), ".")
    assert found is not None
    assert [type(part.piece) for part in found.tasks["test"].parts] == [Opaque]


def test_prerequisites_and_calls_of_make_are_followed(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(
        "all: first | second\n\t$(MAKE) third\n\tlast\nfirst:\n\ta\nsecond: all\n\tb\nthird:\n\tc\n"
    )
    found = makefile_tasks(Place(tmp_path), ".")
    assert found is not None
    texts = [part.piece.text for one in reachable(found.tasks, "all") for part in one.parts]
    assert texts == ["a", "b", "c", "last"]


def test_the_makefile_of_another_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "Makefile").write_text("test:\n\t$(MAKE) -C backend test\nx:\n\tcd a && make y\n")
    (tmp_path / "backend/Makefile").write_text("test: lint\n\tpytest\nlint:\n\tmypy\n")
    found = makefile_tasks(Place(tmp_path), ".")
    assert found is not None
    assert [(part.piece.text, part.source) for part in found.tasks["test"].parts] == [
        ("mypy", "backend/Makefile:lint:4"),
        ("pytest", "backend/Makefile:test:2"),
    ]
    assert [part.piece.text for part in found.tasks["x"].parts] == ["make y"]


@pytest.mark.parametrize(
    "call", ["make lint A=1", "make -fother.mk lint", "make --file=o lint", "make"]
)
def test_a_call_of_make_that_changes_what_it_reads_is_not_followed(
    call: str, tmp_path: Path
) -> None:
    (tmp_path / "Makefile").write_text(f"A = 0\ntest:\n\t{call}\nlint:\n\tmypy $(A)\n")
    found = makefile_tasks(Place(tmp_path), ".")
    assert found is not None
    assert [part.piece.text for part in found.tasks["test"].parts] == [call]
    assert found.tasks["test"].needs == ()


def test_a_variable_that_grows_without_end_is_unknown() -> None:
    assert expand("$(A)", {"A": "$(A)$(A)"}) == UNKNOWN


def test_two_makefiles_that_call_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "Makefile").write_text("test:\n\tmake -C a test\n")
    (tmp_path / "a/Makefile").write_text("test:\n\tcd .. && make test\n")
    assert makefile_tasks(Place(tmp_path), ".") is not None


def test_an_included_file_is_read_and_not_made(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "outside.mk").write_text("stolen:\n\tx\n")
    (inside / "checks.mk").write_text("include checks.mk\ntest:\n\tpytest\n")
    (inside / "Makefile").write_text(
        "-include checks.mk missing.mk ../outside.mk\nmissing.mk:\n\ttouch $@\n"
    )
    found = makefile_tasks(Place(inside), ".")
    assert found is not None
    assert [part.source for part in found.tasks["test"].parts] == ["checks.mk:test:3"]
    assert "stolen" not in found.tasks
    assert not (inside / "missing.mk").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("export A = 1\ntest:\n\tx\n", {"A": "1"}),
        ("A = 1\nexport A\ntest:\n\tx\n", {"A": "1"}),
        ("A = 1\nB = 2\nexport\ntest:\n\tx\n", {"A": "1", "B": "2"}),
        ("export A = 1\nunexport A\ntest:\n\tx\n", {}),
        ("test: export A = 1\ntest:\n\tx\n", {"A": "1"}),
        ("export A = $(shell date)\ntest:\n\tx\n", {}),
        ("A = 1\ntest:\n\tx\n", {}),
    ],
)
def test_exported_variables_reach_the_recipe(text: str, expected: dict[str, str]) -> None:
    assert parse_makefile(text)["test"].env == expected


@pytest.mark.parametrize("text", ["test-%:\n\tx\n", ".PHONY: test\n", "%.o: %.c\n\tx\n", "A=1\n"])
def test_patterns_and_special_targets_are_no_tasks(text: str) -> None:
    assert parse_makefile(text) == {}


def test_undecodable_bytes_do_not_hide_the_rest(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes(b"# caf\xe9\ntest:\n\tpytest\n")
    found = makefile_tasks(Place(tmp_path), ".")
    assert found is not None
    assert [part.piece.text for part in found.tasks["test"].parts] == ["pytest"]


def test_a_file_that_includes_itself_is_read_a_limited_number_of_times() -> None:
    read: list[str] = []

    def include(name: str) -> str:
        read.append(name)
        return "include again.mk\n"

    assert parse_makefile("include again.mk\n", include=include) == {}
    assert len(read) == MAX_INCLUDES
