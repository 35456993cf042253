"""Functions of make that need nothing to run are computed; the values are GNU make 4.3's."""

from __future__ import annotations

import pytest

from mcp_server.conventions.make.makefile import parse_makefile
from mcp_server.conventions.shell.words import UNKNOWN


def value(text: str, before: str = "") -> str:
    line = parse_makefile(f"{before}\ntest:\n\tx [{text}]\n")["test"].recipe[0].text
    return line.removeprefix("x [").removesuffix("]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(strip   a   b )", "a b"),
        ("$(subst a,b,(a,a))", "(b,b)"),
        ("${subst a,b,{a}}", "{b}"),
        ("$(patsubst %.c,%.o,x.c y.h)", "x.o y.h"),
        ("$(patsubst x,y,x xx)", "y xx"),
        ("$(L:a=z) $(L:%=<%>)", "z b c <a> <b> <c>"),
        ("$(filter a %b,a ab c)", "a ab"),
        ("$(filter-out a %b,a ab c)", "c"),
        ("$(sort c b a b)", "a b c"),
        ("$(word 2,a b c) $(word 9,a)", "b "),
        ("$(wordlist 2,3,a b c d)", "b c"),
        ("$(words a b) $(words )", "2 0"),
        ("$(firstword a b) $(lastword a b) $(firstword )", "a b "),
        ("$(dir a/b c) $(notdir a/b c)", "a/ ./ b c"),
        ("$(suffix a.c b d/e.f) $(basename a.c d.e/f)", ".c .f a d.e/f"),
        ("$(addsuffix .x,a b) $(addprefix p/,a b)", "a.x b.x p/a p/b"),
        ("$(join a b,1 2 3)", "a1 b2 3"),
        ("$(findstring a,ba)$(findstring z,ba)", "a"),
        ("$(if  ,x,y) $(if a, x , y)$(if ,a)", "y  x "),
        ("$(or ,,c) $(and a,b)$(and a,,b)", "c b"),
        ("$(foreach v,a b,<$(v)>)", "<a> <b>"),
        ("$(call rev,a,b) $(call rev,a)", "b a  a"),
        ("$(call subst,a,b,aaa)", "bbb"),
        ("$(call none,a)", ""),
        ("$(call each,wrap,a b)", "(a) (b)"),
        ("$(call down,a b c)", "abc"),
        ("$(value rev)", "$(2) $(1)"),
        ("$(origin L) $(origin nope) $(flavor L) $(flavor S)", "file undefined recursive simple"),
        ("$(subst $(space),$(comma),$(L))", "a,b,c"),
        ("$(or $(shell x),a)", UNKNOWN),
        ("$(or a,$(shell x))", "a"),
        ("$(and $(shell x),a)", UNKNOWN),
        ("$(if $(shell x),a,a)", "a"),
        ("$(if x$(shell x),a,b)", "a"),
        ("$(foreach v,$(shell x),$(v))", UNKNOWN),
        ("$(info a)$(warning b)", ""),
        ("$(error a)", UNKNOWN),
        ("$(wildcard *)", UNKNOWN),
        ("$(call,a)", ""),
        ("$$(x) $$$$", "$(x) $$"),
    ],
)
def test_a_function_gives_what_make_gives(text: str, expected: str) -> None:
    before = (
        "L = a b c\nS := x\ncomma := ,\nempty :=\nspace := $(empty) $(empty)\n"
        "rev = $(2) $(1)\nwrap = ($(1))\neach = $(foreach a,$(2),$(call $(1),$(a)))\n"
        "down = $(firstword $(1))$(if $(word 2,$(1)),$(call down,$(wordlist 2,9,$(1))))"
    )
    assert value(text, before) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$(word x,a)",
        "$(word 0,a)",
        "$(wordlist 0,1,a)",
        "$(subst a)",
        "$(let a,b,c)",
        "$(a",
        "$(A)",
    ],
)
def test_what_make_would_stop_at_is_unknown(text: str) -> None:
    assert UNKNOWN in value(text, "A = $(B)\nB = $(A)")
