"""Whatever a Makefile holds, reading it ends soon, raises nothing and says where it gave up."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_server.conventions.make.makefile import Call, read_makefile

SIZE = 512 * 1024
SECONDS = 2.0
"""What the issue allows for a whole reading; on an idle core each case takes under 0.5 s."""
Include = Callable[[str], str]


def chain(line: str, count: int) -> str:
    return "".join(
        line.replace("<n>", str(number)).replace("<m>", str(number + 1)) for number in range(count)
    )


@pytest.mark.parametrize(
    ("text", "include"),
    [
        ("include a.mk\n", lambda name: f"include {'b' if name == 'a.mk' else 'a'}.mk\n"),
        (chain("include <n>.mk\n", 10_000), lambda _: "A += 1\n"),
        (chain("include <n>.mk\n", 50), lambda _: "a" * SIZE),
        ("A = $(B)\nB = $(A) $(A)\ntest: ; $(A)\n", None),
        (chain("A<n> = $(A<m>)$(A<m>)\n", 100) + "test: ; $(A0)\n", None),
        ("A := xxxxxxxxxx\n" + "A := $(A)$(A)\n" * 1000, None),
        ("f = $(call f,$(1)$(1))$(call f,$(1))\ntest: ; $(call f,x)\n", None),
        ("a = 0 1 2 3 4 5 6 7 8 9\ntest: ; " + "$(foreach i,$(a)," * 12 + "x" + ")" * 12, None),
        ("A := " + "a" * 50_000 + "\ntest: ; $(subst a,$(A),$(A))\n", None),
        ("A := " + "% " * 25_000 + "\ntest: ; " + "$(filter $(A),$(A:%=b))" * 100, None),
        ("x" * SIZE, None),
        ("a " * (SIZE // 2) + ": b\n\tc\n", None),
        (chain("a<n> ", 9_000) + ":" + chain(" b<n>", 60_000) + "\n\t$^\n", None),
        (chain("a<n>:\n", 100_000), None),
        ("a::b\n\tx\n" * (SIZE // 8), None),
        (chain("a<n>: V<n>=1\na<n>: a<m>\n\tx $(V0)\n", 4_500), None),
        (chain("a%: V<n>=1\n", 4_500) + chain("b<n>: a<n>\n", 4_500), None),
        ("export\n" + chain("A<n>=1\n", 15_000) + chain("a<n>:\n\tx\n", 9_000), None),
        (chain("x<n>%: x<m>%\n\ty\n", 5_000) + "test: x01\n", None),
        ("x%: xx%\n\ty\ntest: x1\n", None),
        ("%: ; x\na:\n\t" + chain("make x<n>;", 40_000) + "\n", None),
        ("ifndef A\n" * (SIZE // 9), None),
        ("ifeq (a,a)\n" + "else ifeq (a,b)\n" * (SIZE // 16), None),
        ("A := " + "$(" * (SIZE // 4) + ")" * (SIZE // 4) + "\ntest: ; $(A)\n", None),
        ("A := $(subst a,b," + "(" * (SIZE // 2) + ")\ntest: ; $(A)\n", None),
        ("A = \\\n" * (SIZE // 6), None),
        ("a:" + " " * SIZE + "x\n\tb\n", None),
        ("\\" * SIZE, None),
        ("define A\n" * (SIZE // 10), None),
        ("\0" * SIZE, None),
        ("\f\v\r\n" * (SIZE // 4), None),
        ("export " * (SIZE // 8) + "define x\n", None),
    ],
    ids=range(32),
)
def test_a_hostile_makefile_is_read_soon(text: str, include: Include | None) -> None:
    before = time.process_time()
    read_makefile(text, include=include)
    assert time.process_time() - before < SECONDS


def test_what_was_not_followed_is_said() -> None:
    assert read_makefile("a:\n").problem is None
    assert "20,000 lines" in str(read_makefile("A = 1\n" * 21_000).problem)
    assert "5,000 targets" in str(read_makefile(chain("a<n>:\n", 6_000)).problem)
    grown = "a = 0 1 2 3 4 5 6 7 8 9\ntest: ; " + "$(foreach i,$(a)," * 12 + "x" + ")" * 12
    assert "grows too large" in str(read_makefile(grown).problem)
    large = read_makefile("include a\ninclude b\ninclude c\n", include=lambda _: "#" * SIZE)
    assert "characters" in str(large.problem)


PIECES = st.sampled_from(
    "$ $$ $( ${ ) } ( , : :: := = += ?= != ; # \\ \\\n \n \n\t \t @ - + % | & ' \" \0 \f "
    "\r\n a b A "
    "test ifeq ifdef else endif define endef include export override private undefine .PHONY "
    ".ONESHELL .RECIPEPREFIX .SECONDEXPANSION .DEFAULT_GOAL $(A) $(call $(foreach $(if $(subst "
    "$(patsubst $(word $(wildcard $(shell $(eval $(value $(filter $(MAKE) $@ $< $^ $* make -C "
    "a%b %.o ifneq vpath *.mk ../x /x".split(" ")
)


@settings(max_examples=300, deadline=2000)
@given(st.lists(PIECES, max_size=60), st.lists(PIECES, max_size=20))
def test_no_text_makes_reading_raise(pieces: list[str], included: list[str]) -> None:
    text, other = "".join(pieces), " ".join(included)
    files = {"b", "*.mk", "x/"}
    found = read_makefile(
        text,
        "d/Makefile",
        lambda _: other,
        listing=lambda _: frozenset(files),
        call=Call(("test", "a"), {"A": other}),
    )
    assert all(line.text for one in found.targets.values() for line in one.recipe)
