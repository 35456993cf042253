"""A Makefile is read as text, and read as make would read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.conventions.make.makefile import MAX_INCLUDES, Call, parse_makefile, read_makefile
from mcp_server.conventions.make.wildcard import list_folders
from mcp_server.conventions.shell.pieces import Opaque, Place
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.files import makefile_tasks
from mcp_server.conventions.tasks.tasks import reachable


def recipe(text: str, name: str = "test") -> list[str]:
    return [line.text for line in parse_makefile(text)[name].recipe]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test:\n\tpytest\n", ["pytest"]),
        ("test: ; pytest\n", ["pytest"]),
        ("test:\n\t@-pytest\n\t+mypy\n", ["pytest", "mypy"]),
        ("test:\r\n\tpytest\r\n", ["pytest"]),
        ("test:\n\tpytest \\\n\t  -q\n", ["pytest \\\n  -q"]),
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
        (
            "define run\n@a $(1)\n-b \\\n c\n# d\nendef\ntest:\n\t$(call run,1)\n",
            ["a 1", "b \\\n c"],
        ),
        ("define a\ndefine b\nendef\nx\nendef\ntest: ; $(words $(a))\n", ["4"]),
        ("define a :=\nx\nendef\ndefine a +=\ny\nendef\ntest: ; z $(strip $(a))\n", ["z x y"]),
        ("A = x # no\nB := [$(A)]\ntest: ; z $(B) '#'\n", ["z [x ] '#'"]),
        ("A = a\\#b\ntest: ; z $(A)\n", ["z a#b"]),
        ("A = a \\\n  b\\\n c\ntest: ; z $(A)\n", ["z a b c"]),
        ("A$(B)C = 1\nN = AC\ntest: ; z $($(N)) ${A$(B)C} $N\n", ["z 1 1 AC"]),
        ("A=1\nundefine A\ntest: ; z [$(A)]\n", ["z []"]),
        ("R = test: ; yes\n$(R)\n", ["yes"]),
        ("test: A=1; x\ntest: ; z $(A)\n", ["z 1; x"]),
        ("test: ;A=1 x\n", ["A=1 x"]),
        ("a test &: ; z $@\n", ["z test"]),
        ("a test: %t: %x ; z $* $<\n", ["z tes tesx"]),
        ("test:\n\tx \\\\\n\ty\n", ["x \\\\", "y"]),
        ("test: x\ntest: y | w\n\tz $< $^ [$|] $(@D) $(@F)\n", ["z y y x [w] . test"]),
        (".SECONDEXPANSION:\nD_test=x\ntest: $$(D_$$@) ; z $^\n", ["z x"]),
        ("A := 1\ntest: A += $(B)\nB = 5\ntest: ; z $(A)\n", ["z 1 5"]),
        ("A = 1\ntest: A += 2\nt%: A += 3\nte%: A += 4\ntest: ; z $(A)\n", ["z 1 3 4 2"]),
        ("override A = 2\nA = 3\ntest: ; z $(A)\n", ["z 3"]),
        ("ifeq (a, a )\nA=1\nelse ifeq ($(strip a ),a)\nA=2\nendif\ntest: ; z $(A)\n", ["z 2"]),
        ("ifeq ((a,b),(a,b))\nA=1\nendif\ntest: ; z $(A)\n", ["z 1"]),
        ("ifneq (x$(shell y),)\nA=1\nelse\nA=2\nendif\ntest: ; z $(A)\n", ["z 1"]),
        ("E =\nF = $(E)\nifdef E\nA=1\nendif\nifdef F\nA+=2\nendif\ntest: ; z $(A)\n", ["z 2"]),
        ("test:\n\ta\n.DEFAULT:\n\tb: c\n", ["a"]),
        ("test:\n\ta\nvpath %.c d:e\nload x\n", ["a"]),
        ("test: ; z $(CURDIR)/x $(shell pwd)/y\n", ["z ./x ./y"]),
        ("H := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))\ntest: ; z $(H)x\n", ["z ./x"]),
        ("test: ; z $(filter-out $@,$(MAKECMDGOALS))\n", ["z"]),
        ("test:\n\t$(eval V := $(shell x))\n\tz $(V)\n", [f"z {UNKNOWN}"]),
        ("test: test-a\ntest-%: ; x\ntest: ; z\n", ["z"]),
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
        "A = $(guile x)\ntest:\n\tx $(A)\n",
        "A = $(subst a,b)\ntest:\n\tx $(A)\n",
        "A = $(word 0,a)\ntest:\n\tx $(A)\n",
        "A = $(file <x)\ntest:\n\tx $(A)\n",
        "test:\n\tx $(if $(shell y),a,b)\n",
        "test:\n\tx $(\n",
        "f = $(call f,$(1)x)\ntest:\n\tx $(call f,y)\n",
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
        (".EXPORT_ALL_VARIABLES:\nA = 1\na.b = 2\ntest:\n\tx\n", {"A": "1"}),
        ("export\nunexport B\nA = 1\nB = 2\ntest:\n\tx\n", {"A": "1"}),
        ("PATH := a\ntest:\n\tx\n", {"PATH": "a"}),
    ],
)
def test_exported_variables_reach_the_recipe(text: str, expected: dict[str, str]) -> None:
    assert parse_makefile(text)["test"].env == expected


@pytest.mark.parametrize(
    "text",
    [
        "test-%:\n\tx\n",
        "%: %.x; y\n",
        "export\n",
        "$(A)\n",
        ".PHONY: test\n",
        "%.o: %.c\n\tx\n",
        "A=1\n",
    ],
)
def test_patterns_and_special_targets_are_no_tasks(text: str) -> None:
    assert parse_makefile(text) == {}


def test_undecodable_bytes_do_not_hide_the_rest(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes(b"# caf\xe9\ntest:\n\tpytest\n")
    found = makefile_tasks(Place(tmp_path), ".")
    assert found is not None
    assert [part.piece.text for part in found.tasks["test"].parts] == ["pytest"]


def read(text: str, files: dict[str, str], **overrides: str) -> dict[str, list[str]]:
    found = parse_makefile(text, "sub/Makefile", files.get, overrides=overrides)
    return {name: [line.text for line in one.recipe] for name, one in found.items()}


def test_a_file_that_includes_itself_is_read_once() -> None:
    names: list[str] = []

    def include(name: str) -> str:
        names.append(name)
        return "include again.mk\n"

    assert parse_makefile("include again.mk\n", include=include) == {}
    assert names == ["again.mk"]


def test_includes_have_an_end() -> None:
    names: list[str] = []

    def include(name: str) -> str:
        names.append(name)
        return ""

    text = "".join(f"include {number}.mk\n" for number in range(1000))
    assert parse_makefile(text, include=include) == {}
    assert len(names) == MAX_INCLUDES


def test_includes_are_named_from_the_folder_that_make_runs_in() -> None:
    files = {"sub/mk/a.mk": "include mk/b.mk\n", "sub/mk/b.mk": "test: ; x $(MAKEFILE_LIST)\n"}
    assert read("D = mk\ninclude $(D)/a.mk\n", files) == {"test": ["x Makefile mk/a.mk mk/b.mk"]}


def test_variables_of_the_call_win_over_those_of_the_file() -> None:
    text = "N = 1\nM ?= 1\nN += 2\noverride O = 3\ntest: N = 4\ntest: ; x $(N) $(M) $(O)\n"
    assert read(text, {}) == {"test": ["x 4 1 3"]}
    assert read(text, {}, N="a", M="b", O="c") == {"test": ["x a b 3"]}
    assert parse_makefile(text, overrides={"N": "a"})["test"].env == {"N": "a"}


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("test:\n\t-a\n\tb\n", [True, False]),
        ("test:\n\t@-+a\n\t+ -b\n", [True, True]),
        ("define d\na\n-b\nendef\ntest:\n\t$(d)\n\t-$(d)\n", [False, True, True, True]),
        (".IGNORE:\ntest: ; a\n", [True]),
        (".IGNORE: test\ntest: ; a\n", [True]),
        (".IGNORE: x\ntest: ; a\n", [False]),
    ],
)
def test_a_command_whose_status_make_ignores_is_said_to_be_no_gate(
    text: str, ignored: list[bool]
) -> None:
    assert [line.ignored for line in parse_makefile(text)["test"].recipe] == ignored


def test_a_pattern_serves_the_targets_that_something_names() -> None:
    text = (
        "all: test-unit test-phony\n.PHONY: test-phony\n"
        "test-%: dep-%\n\tx $* $<\nlong-test-%: ; y\ndep-%: ; d $*\n"
        "call:\n\t$(MAKE) test-called\n\tcd x && make test-elsewhere\n"
    )
    found = read_makefile(text, call=Call(("test-goal",))).targets
    assert {name: [line.text for line in one.recipe] for name, one in found.items()} == {
        "all": [],
        "call": ["make test-called", "cd x && make test-elsewhere"],
        "test-goal": ["x goal dep-goal"],
        "test-unit": ["x unit dep-unit"],
        "test-called": ["x called dep-called"],
        "dep-goal": ["d goal"],
        "dep-unit": ["d unit"],
        "dep-called": ["d called"],
    }
    assert found["test-unit"].recipe[0].source == "Makefile:test-unit:4"
    assert found["test-unit"].needs == ["dep-unit"]


def test_a_pattern_whose_prerequisite_nobody_makes_does_not_serve() -> None:
    text = "test: a.o\n%.o: %.c ; no\n%.o: ; yes\n"
    assert [line.text for line in parse_makefile(text)["a.o"].recipe] == ["yes"]


def test_a_pattern_does_not_serve_what_it_needs_itself() -> None:
    assert list(parse_makefile("x%: xx%\n\ty\ntest: x1\n")) == ["test", "x1"]


def test_the_closest_pattern_serves() -> None:
    text = "test: lint-x\n%: ; any\nlint-%: ; close\n"
    assert [line.text for line in parse_makefile(text)["lint-x"].recipe] == ["close"]


def test_the_variables_of_a_target_reach_what_it_needs() -> None:
    text = "A = 1\ntest: A = 2\ntest: mid\n\tx $(A)\nmid: dep\ndep: ; y $(A)\n"
    found = parse_makefile(text)
    assert [(line.text, line.source) for line in found["test"].recipe] == [
        ("y 2", "Makefile:dep:6"),
        ("x 2", "Makefile:test:4"),
    ]
    assert found["test"].needs == []
    assert [line.text for line in found["dep"].recipe] == ["y 1"]
    private = parse_makefile(text.replace("test: A", "test: private A"))
    assert private["test"].needs == ["mid"]


def test_a_rule_made_of_a_list_is_read_for_each_name() -> None:
    text = "M = a b\ntest: $(M:%=test-%)\n$(M:%=test-%): test-%:\n\tx $*\n"
    assert read(text, {}) == {"test": [], "test-a": ["x a"], "test-b": ["x b"]}


def test_the_goal_of_plain_make_is_told() -> None:
    assert read_makefile(".PHONY: x\na: b\nb:\n").goal == "a"
    assert read_makefile(".DEFAULT_GOAL := b\na: b\nb:\n").goal == "b"
    assert read_makefile("").goal is None


def test_existing_files_are_found_for_patterns(tmp_path: Path) -> None:
    for name in ("mk/a.mk", "mk/.b.mk", "tests/x.py", "tests/y.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("A = 1\n")
    (tmp_path / "out").symlink_to(tmp_path.parent)
    text = (
        "include mk/*.mk\nT = $(patsubst tests/%.py,%,$(wildcard tests/*.py no/*))\n"
        "test: ; x $(A) $(T) $(wildcard mk tests/ o*/*) $(MAKEFILE_LIST)\n"
        "up: ; $(wildcard ../*)\n"
    )
    found = read_makefile(
        text, include=lambda name: (tmp_path / name).read_text(), listing=list_folders(tmp_path)
    ).targets
    assert [line.text for line in found["test"].recipe] == ["x 1 x y mk tests/ Makefile mk/a.mk"]
    assert [line.text for line in found["up"].recipe] == [UNKNOWN]
