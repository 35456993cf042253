"""That a program reads each file once, says what it cannot read, and never raises or hangs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.code_map.syntax import parse
from mcp_server.conventions import read_conventions
from mcp_server.semantic import (
    UNKNOWN,
    Module,
    annotated,
    argument,
    bases,
    calls,
    constant,
    declared,
    fields,
    kind,
    read_program,
    ref,
    routes,
    text,
)
from tests.rules.cases import write
from tests.semantic.asked import module

LONG = 400
CHAINS = {
    "aliases": "\n".join(f"n{at} = n{at - 1}" for at in range(1, LONG)),
    "a circle": "\n".join(f"n{at} = n{(at + 1) % LONG}.x" for at in range(LONG)),
    "functions": "\n".join(f"def f{at}(): return f{(at + 1) % LONG}()" for at in range(LONG)),
    "bases": "\n".join(f"class C{at}(C{(at + 1) % LONG}, C{at}): ..." for at in range(LONG)),
    "attributes": "x = a" + ".b" * LONG,
    "sums": "x = " + " + ".join(["'a'"] * LONG),
    "unions": "def f(x: " + " | ".join(f"A{at}" for at in range(LONG)) + "): x.y()",
    "branches": "\n".join(f"if a:\n    y = f(y, {at})" for at in range(LONG)),
    "options": "D = {**D, **E}\nE = dict(D, **E)\nf(**D)",
    "partial": "from functools import partial\np = partial(p, 1, **p)\np(*p, **p)",
    "stars": "from app.main import *\nx()\nfrom app.main import y\ny()",
    "self": "class A:\n    def f(self):\n        self.a = self.b\n        self.b = self.a.f().b",
    "odd": "class A(*b, **c): ...\ndef f(*, a=(yield)): ...\n[x := 1 for x in x if (y := x)]\n"
    "lambda a=a: a\nglobal z\nwith a as (b, *c), d as e.f: ...\nfor a.b in c: ...\ndel a, b[0]\n"
    "match a:\n    case [b, *c] | {'d': _, **e}: ...\n    case A(b=None) as f: ...",
}


def _ask(found: Module) -> int:
    count = 0
    for sort in (one for one in found.tree.by_kind if issubclass(one, ast.expr)):
        for node in found.nodes(sort):
            count += 1
            for question in (ref, kind, constant, text, annotated, declared):
                question(found, node)
    for owner in found.nodes(ast.ClassDef):
        bases(found, owner)
        fields(found, owner)
    for call in found.nodes(ast.Call):
        argument(found, call, "key", 1)
    list(calls(found, "jwt."))
    routes(found)
    return count


@pytest.mark.parametrize("code", CHAINS.values(), ids=CHAINS)
def test_answers_whatever_a_file_holds(code: str, tmp_path: Path) -> None:
    assert _ask(module(tmp_path, code))


def test_parses_each_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def counted(content: bytes) -> ast.Module | SyntaxError:
        parsed.append(content)
        return parse(content)

    monkeypatch.setattr("mcp_server.semantic.program.parse", counted)
    write(
        tmp_path,
        "from app.a import x\nx()\n# file: app/a.py\nfrom app.b import x\n# file: app/b.py\nx = 1",
    )
    program = read_program(read_conventions(tmp_path))
    for found in [*program.modules(sorted(program.library.contents))] * 2:
        _ask(found)
    assert len(parsed) == len(set(parsed)) == 3


def test_says_what_it_cannot_read(tmp_path: Path) -> None:
    write(tmp_path, "x = (\n# file: app/fine.py\nx = 1")
    program = read_program(read_conventions(tmp_path))
    assert [one.path for one in program.modules(["app/main.py", "app/fine.py"])] == ["app/fine.py"]
    assert list(program.unread) == ["app/main.py"]
    assert program.unread["app/main.py"].startswith("line 1: ")


def test_a_file_that_is_not_read_whole_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "root" / "app").mkdir(parents=True)
    root = tmp_path / "root"
    write(root, "x = 1\n# file: app/__init__.py\n")
    (tmp_path / "outside.py").write_text("x = 1\n")
    (root / "app" / "linked.py").symlink_to(tmp_path / "outside.py")
    (root / "app" / "long.py").write_text("x = 1\n" * 400_000)
    program = read_program(read_conventions(root))
    found = [one.path for one in program.modules(sorted(program.library.contents))]
    assert found == ["app/__init__.py", "app/main.py"]
    assert program.unread.keys() == {"app/linked.py", "app/long.py"}


DOUBLING = {
    "texts": "a{} = a{} + a{}\n",
    "lists": "a{} = [*a{}, *a{}]\n",
    "tuples": "a{} = a{} + a{}\n",
    "nested": "a{} = (a{}, a{})\n",
    "formats": "a{} = f'{{a{}}}' + f'{{a{}}}'\n",
}


@pytest.mark.parametrize("kind", DOUBLING)
def test_constants_that_double_have_an_end(kind: str, tmp_path: Path) -> None:
    first = "a0 = 'text'\n" if kind in {"texts", "formats"} else "a0 = (1, 2)\n"
    lines = "".join(DOUBLING[kind].format(at + 1, at, at) for at in range(60))
    found = module(tmp_path, f"{first}{lines}f(a60, {{a60}})\n")
    call = found.nodes(ast.Call)[-1]
    assert constant(found, call.args[0]) is UNKNOWN
    assert constant(found, call.args[1]) is UNKNOWN
    assert len(text(found, call.args[0]) or "") <= 10_000


def test_reads_newer_syntax_with_its_lines(tmp_path: Path) -> None:
    code = (
        "type Pair[T] = tuple[T, T]\nclass A[T]:\n    def f[U](self, x: U) -> T: ...\n"
        "try: ...\nexcept OSError, ValueError: ...\nlast()"
    )
    found = module(tmp_path, code)
    assert [one.lineno for one in found.nodes(ast.Call)] == [6]
