"""What calls are given, through options, constants and `partial`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.semantic import UNKNOWN, Given, argument, constant, positional, text
from tests.semantic.asked import asked, module

GIVEN = {
    "keyword": ("call(key=1)", 1),
    "place": ("call(0, 1)", 1),
    "nothing": ("call(0)", None),
    "options": ("call(**{'key': 1})", 1),
    "options by name": ("O = {'key': 1}\ncall(**O)", 1),
    "dict": ("O = dict(key=1)\ncall(**O)", 1),
    "dict of a dict": ("A = {'key': 1}\nO = dict(A, other=2)\ncall(**O)", 1),
    "the last wins": ("A = {'key': 0}\ncall(**{**A, 'key': 1})", 1),
    "joined": ("A = {'key': 0}\ncall(**(A | {'key': 1}))", 1),
    "elsewhere": ("from app.o import O\ncall(**O)\n# file: app/o.py\nO = {'key': 1}", 1),
    "list": ("L = [0, 1]\ncall(*L)", 1),
    "after a list": ("L = [0]\ncall(*L, 1)", 1),
    "unknown options": ("call(**options)", UNKNOWN),
    "unknown list": ("call(*items)", UNKNOWN),
    "changed options": ("O = {}\nO['key'] = 1\ncall(**O)", UNKNOWN),
    "updated options": ("def f():\n    o = {}\n    o.update(x)\n    call(**o)", UNKNOWN),
    "options of a parameter": ("def f(**o): call(**o)", UNKNOWN),
    "partial": ("import functools\nf = functools.partial(call, key=1)\nf(0)", 1),
    "partial by place": ("import functools\nf = functools.partial(call, 0)\nf(1)", 1),
    "partial, given": ("import functools\nf = functools.partial(call, 0, 1)\nf()", 1),
    "partial, overridden": ("import functools\nf = functools.partial(call, key=0)\nf(key=1)", 1),
    "circle": ("O = {**O}\ncall(**O)", UNKNOWN),
}
CONSTANTS = {
    "name": ("A = 1\nask(A)", 1),
    "through names": ("A = 'x'\nB = A\nask(B)", "x"),
    "elsewhere": ("from app import c\nask(c.A)\n# file: app/c.py\nA = -1", -1),
    "list": ("ask(['a', 'b'])", ("a", "b")),
    "set": ("A = {'a'}\nask(A)", frozenset({"a"})),
    "sum": ("A = ['a']\nask(A + ['b'])", ("a", "b")),
    "joined": ("ask('a' + 'b')", "ab"),
    "not": ("ask(not True)", False),
    "none": ("ask(None)", None),
    "class": ("class A:\n    X = 1\nask(A.X)", 1),
    "of an object": ("class A:\n    X = 1\n    def f(self): ask(self.X)", 1),
    "kept": (
        "class A:\n    def __init__(self): self._x = 1\n    def f(self): ask(self._x)",
        1,
    ),
    "a field": ("class A:\n    x: int = 1\ndef f(a: A): ask(a.x)", UNKNOWN),
    "kept twice": (
        "class A:\n    x = 1\n    def g(self): self.x = 2\n    def f(self): ask(self.x)",
        UNKNOWN,
    ),
    "assigned twice": ("A = 1\nA = 2\nask(A)", UNKNOWN),
    "augmented": ("A = 1\nA += 2\nask(A)", UNKNOWN),
    "appended": ("A = ['a']\nA.append(b)\nask(A)", UNKNOWN),
    "parameter": ("A = 1\ndef f(A): ask(A)", UNKNOWN),
    "loop": ("for A in x: ask(A)", UNKNOWN),
    "computed": ("ask(f())", UNKNOWN),
    "walrus": ("ask((A := 1))", 1),
}
TEXTS = {
    "plain": ("ask('a')", "a"),
    "f": ("ask(f'a{b}c')", "a{}c"),
    "sum": ("ask('a' + b)", "a{}"),
    "percent": ("ask('a %s' % b)", "a %s"),
    "format": ("A = 'a {}'\nask(A.format(b))", "a {}"),
    "number": ("ask(1)", None),
    "bytes": ("ask(b'a')", None),
    "product": ("ask('-' * 9)", None),
    "elsewhere": ("from app.c import A\nask(A)\n# file: app/c.py\nA = f'a{1}'", "a{}"),
}


@pytest.mark.parametrize(("code", "wanted"), GIVEN.values(), ids=GIVEN)
def test_reads_what_a_call_gives(code: str, wanted: object, tmp_path: Path) -> None:
    found = module(tmp_path, code)
    call = found.nodes(ast.Call)[-1]
    given = argument(found, call, "key", 1)
    assert (given.constant if isinstance(given, Given) else given) == wanted


@pytest.mark.parametrize(("code", "wanted"), CONSTANTS.values(), ids=CONSTANTS)
def test_reads_constants(code: str, wanted: object, tmp_path: Path) -> None:
    found = module(tmp_path, code)
    (one,) = asked(found)
    assert constant(found, one) == wanted


@pytest.mark.parametrize(("code", "wanted"), TEXTS.values(), ids=TEXTS)
def test_reads_texts(code: str, wanted: str | None, tmp_path: Path) -> None:
    found = module(tmp_path, code)
    (one,) = asked(found)
    assert text(found, one) == wanted


def test_reads_what_is_given_by_place(tmp_path: Path) -> None:
    found = module(tmp_path, "L = (2, 3)\ncall(1, *L, *unknown, 4)")
    (call,) = found.nodes(ast.Call)
    held = [ast.unparse(one) if one is not None else None for _, one in positional(found, call)]
    assert held == ["1", "2", "3", None]
