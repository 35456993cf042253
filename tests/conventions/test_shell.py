"""Shell text comes apart into commands; what only running would tell stays opaque."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.conventions.shell.decompose import UNREADABLE, decompose
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.shell.words import UNKNOWN


def shown(text: str, place: Place | None = None) -> list[str]:
    """Write each piece as `folder$ command` with what is set and active, `?` before an opaque."""
    lines = []
    for piece in decompose(text, ".", place):
        if isinstance(piece, Opaque):
            lines.append(f"?{piece.text}")
        else:
            env = "".join(f"{name}={value} " for name, value in piece.env)
            venv = f"({piece.venv}) " if piece.venv else ""
            lines.append(f"{venv}{piece.cwd}$ {env}{' '.join(piece.argv)}")
    return lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pytest -q", [".$ pytest -q"]),
        ("cd backend && uv run pytest", ["backend$ uv run pytest"]),
        ("cd a && x; cd b; y", ["a$ x", "a/b$ y"]),
        ("(cd a && x); y", ["a$ x", ".$ y"]),
        ("cd a && cd .. && x", [".$ x"]),
        ("{ x; y; }", [".$ x", ".$ y"]),
        ("x; y && z\nw", [".$ x", ".$ y", ".$ z", ".$ w"]),
        ("x &&\n  y", [".$ x", ".$ y"]),
        ("x a \\\n  b", [".$ x a b"]),
        ("A=1 B='2 3' x", [".$ A=1 B=2 3 x"]),
        ("env A=1 x", [".$ A=1 x"]),
        ("export A=1; x", [".$ A=1 x"]),
        ("A=1; x", [".$ x"]),
        ("A='b c'; x $A \"$A\"", [".$ x b c b c"]),
        ('x "$@" $* $1', [".$ x"]),
        ("x ${1:-tests} ${DIR:-src}", [".$ x tests src"]),
        ("x -k 'not $slow'", [".$ x -k not $slow"]),
        (". .venv/bin/activate && pytest", ["(.venv) .$ pytest"]),
        ("source venv/bin/activate; pytest", ["(venv) .$ pytest"]),
        ("set -euo pipefail; exec time x", [".$ x"]),
        ("x | tee log", [".$ x"]),
        ("x 2>&1 >log | head -3", [".$ x"]),
        ("x || true", [".$ x"]),
        ("x || exit 1; y", [".$ x", ".$ y"]),
        ("x || echo failed", [".$ x"]),
        ("x # y", [".$ x"]),
        ("x a#b # it's\ny", [".$ x a#b", ".$ y"]),
        ("x; exit 0; y", [".$ x"]),
        ("true && x", [".$ x"]),
        ("false && x", []),
        ("f() { rm -rf /; }; x", [".$ x"]),
        ("x '' a", [".$ x  a"]),
        ("command -v x && y", [".$ y"]),
    ],
)
def test_a_line_comes_apart_into_its_commands(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x $(date)", ["?x $(date)"]),
        ("x `date`; y", ["?x `date`", ".$ y"]),
        ("A=$(date); x $A; y", ["?x $A", ".$ y"]),
        ("x $UNSET", ["?x $UNSET"]),
        (f"x {UNKNOWN}; y", ["?x ...", ".$ y"]),
        ("cd $(pwd) && x", [".$ x"]),
        ("cd $(dirs) && x", ["?x"]),
        ("cd / && x", ["?x"]),
        ("cd .. && x", ["?x"]),
        ("git ls-files | xargs x", ["?git ls-files | xargs x"]),
        ("server & x", ["?server", ".$ x"]),
        ("a || b; c", [".$ a", "?b", ".$ c"]),
        ("for i in 1 2; do x $i; done; y", ["?for i in 1 2 ; do x $i ; done", ".$ y"]),
        ("case $1 in a) x;; esac; y", ["?case $1 in a ) x ;; esac", ".$ y"]),
        ("while a; do cd b; done; x", ["?while a ; do cd b ; done", "?x"]),
        ("if grep a b; then A=1; fi; x $A", ["?if grep a b ; then A=1 ; fi", "?x $A"]),
        ("A=0; if grep a b; then A=1; fi; x $A", ["?if grep a b ; then A=1 ; fi", "?x $A"]),
        ("[[ a == b && c ]] && x", ["?[[ a == b && c ]]", "?x"]),
        ("! x", ["?! x"]),
        ('x "unterminated', ['?x "unterminated']),
        ("(x", ["?(x"]),
        ("if x; then y", ["?if x; then y"]),
        ("cat <<EOF\nx\nEOF", ["?cat <<EOF x EOF"]),
        ("diff <(x) y", ["?diff <(x) y"]),
        ("x; )", ["?x; )"]),
        (f"{UNREADABLE}import x; y", ["?import x; y"]),
    ],
)
def test_what_only_running_would_tell_is_opaque_and_says_why(
    text: str, expected: list[str]
) -> None:
    assert shown(text) == expected
    assert all(piece.reason for piece in decompose(text) if isinstance(piece, Opaque))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("[ -d there ]", True),
        ("[ -d 'gone' ]", False),
        ("[ ! -d gone ]", True),
        ("[ -f there ]", False),
        ("test -e there/file", True),
        ("[[ -x there/file ]]", True),
        ('[ -z "$CI" ]', True),
        ("[ -z $CI ]", True),
        ("[ -n $LOCAL ]", True),
        ('[ "$LOCAL" = yes ]', True),
        ('[ "$LOCAL" != yes ]', False),
        ('[ "$1" = -p ]', False),
    ],
)
def test_conditions_on_files_and_variables_are_decided(
    condition: str, *, expected: bool, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file").touch()
    place = Place(tmp_path, {"LOCAL": "yes"})
    text = f"if {condition}; then A=yes; else A=no; fi; x $A"
    assert shown(text, place) == [f".$ x {'yes' if expected else 'no'}"]
    assert shown(f"{condition} && x", place) == ([".$ x"] if expected else [])


@pytest.mark.parametrize("condition", ["[ -d $(x) ]", "[ 1 -lt 2 ]", "[ -d a -o -d b ]", "grep a"])
def test_a_condition_that_nobody_can_decide_leaves_its_branches_opaque(
    condition: str, tmp_path: Path
) -> None:
    found = shown(f"if {condition}; then x; fi; y", Place(tmp_path))
    assert found[-1] == ".$ y"
    assert found[0].startswith("?if ")


def test_a_secret_of_the_environment_does_not_enter_a_command(tmp_path: Path) -> None:
    assert shown("x $TOKEN", Place(tmp_path, {"TOKEN": "hush"})) == ["?x $TOKEN"]


def test_a_command_knows_its_line() -> None:
    pieces = decompose("#!/bin/sh\n# don't\nset -e\n\nx 'a\nb'\ny\n")
    assert [(one.text, one.line) for one in pieces if isinstance(one, Simple)] == [
        ("x 'a\nb'", 5),
        ("y", 7),
    ]


def test_hostile_text_ends_quickly() -> None:
    for text in ("(" * 500, "'" * 999, "$(" * 400, "{ " * 400, "if " * 400, "\\" * 501, "a|" * 400):
        assert isinstance(decompose(text), tuple)


def test_a_variable_that_doubles_itself_says_nothing_once_it_is_too_long() -> None:
    for doubled in ("A=$A$A", 'A="$A$A"', "export A=$A$A", 'export "A=$A$A"'):
        assert shown("A=0123456789\nx $A") == [".$ x 0123456789"]
        text = "A=0123456789\n" + f"{doubled}\n" * 28 + "x $A; y"
        assert shown(text) == ["?x $A", ".$ y"]


def test_a_long_variable_that_is_named_many_times_is_not_copied_each_time() -> None:
    start = "A=0123456789\n" + "A=$A$A\n" * 13
    assert len(shown(f"{start}x $A")[0]) > 80_000
    for many in (
        "x" + "$A" * 5_000,
        "x" + '"$A"' * 5_000,
        "x" + " b$A" * 50_000,
        "x b$A\n" * 5_000,
    ):
        pieces = decompose(start + many)
        assert sum(len(str(one)) for one in pieces) < 30_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x a,\\\nb", ["x", "a,b"]),
        ("x a,\\\r\nb c", ["x", "a,b", "c"]),
        ("x a\\\n b", ["x", "a", "b"]),
        ("x \\\n  \\\n  b", ["x", "b"]),
        ("x a\\\n#b", ["x", "a#b"]),
        ("x a \\\n# b\n", ["x", "a"]),
        ('x "a,\\\nb"', ["x", "a,b"]),
        ("x 'a\\\nb'", ["x", "a\\\nb"]),
    ],
)
def test_a_line_that_ends_in_a_backslash_goes_on_within_a_word(
    text: str, expected: list[str]
) -> None:
    assert [list(one.argv) for one in decompose(text) if isinstance(one, Simple)] == [expected]
