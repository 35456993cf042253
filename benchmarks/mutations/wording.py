"""Says the same by another expression: texts, displays, comparisons, exceptions, results."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source, keep_found
from benchmarks.mutations.imported import every_binding
from benchmarks.mutations.naming import body_of_or_none
from benchmarks.mutations.scopes import (
    above,
    after_imports,
    bound,
    noted,
    owner,
    parents,
    replace,
    statements,
)
from benchmarks.mutations.walking import walk

BUILTINS = frozenset(dir(builtins))
Text = Callable[[list[tuple[str, ast.expr | None]]], ast.expr]


def wording(source: Source) -> Iterator[Rewritten]:
    """Yield the file with expressions that come to the same."""
    for label, write in TEXTS.items():
        yield from _texts(source, label, write)
    yield from _displays(source)
    yield from _swapped(source)
    yield from _caught(source)
    yield from _results(source)


def _texts(source: Source, label: str, write: Text) -> Iterator[Rewritten]:
    """Yield f-strings that only put values between texts as other ways to do so."""
    tree = source.tree()
    changed: dict[ast.AST, ast.expr] = {}
    if "str" in set(every_binding(tree)):
        return
    for one in walk(tree):
        parts = _parts(one) if isinstance(one, ast.JoinedStr) else None
        if parts is not None:
            changed[one] = write(parts)
    replace(tree, changed.get)
    if changed:
        yield Rewritten(f"text: {label}", tree)


def _parts(node: ast.JoinedStr) -> list[tuple[str, ast.expr | None]] | None:
    """Return the pieces of an f-string, None where a value is formatted in a way of its own."""
    found: list[tuple[str, ast.expr | None]] = []
    for one in node.values:
        if isinstance(one, ast.Constant):
            found.append((str(one.value), None))
        elif isinstance(one, ast.FormattedValue) and one.conversion == -1 and not one.format_spec:
            found.append(("", one.value))
        else:
            return None
    return found if any(value for _, value in found) else None


def _formatted(parts: list[tuple[str, ast.expr | None]]) -> ast.expr:
    escaped = [(said.replace("{", "{{").replace("}", "}}"), value) for said, value in parts]
    text = "".join("{}" if value else said for said, value in escaped)
    values = [value for _, value in parts if value]
    return ast.Call(ast.Attribute(ast.Constant(text), "format", ast.Load()), values, [])


def _percent(parts: list[tuple[str, ast.expr | None]]) -> ast.expr:
    text = "".join("%s" if value else said.replace("%", "%%") for said, value in parts)
    values: list[ast.expr] = [value for _, value in parts if value]
    return ast.BinOp(ast.Constant(text), ast.Mod(), ast.Tuple(values, ast.Load()))


def _added(parts: list[tuple[str, ast.expr | None]]) -> ast.expr:
    made = [
        ast.Call(ast.Name("str"), [value], []) if value else ast.Constant(said)
        for said, value in parts
    ]
    whole: ast.expr = made[0]
    for one in made[1:]:
        whole = ast.BinOp(whole, ast.Add(), one)
    return whole


def _joined(parts: list[tuple[str, ast.expr | None]]) -> ast.expr:
    made: list[ast.expr] = [
        ast.Call(ast.Name("str"), [value], []) if value else ast.Constant(said)
        for said, value in parts
    ]
    inner = ast.Tuple(made, ast.Load())
    return ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [inner], [])


TEXTS: dict[str, Text] = {
    "format": _formatted,
    "percent": _percent,
    "added": _added,
    "joined": _joined,
}


def _displays(source: Source) -> Iterator[Rewritten]:
    """Yield `{"key": value}` as `dict(key=value)`."""
    tree = source.tree()
    changed: dict[ast.AST, ast.expr] = {}
    for one in walk(tree):
        if not isinstance(one, ast.Dict) or not one.keys:
            continue
        names = [each.value for each in one.keys if isinstance(each, ast.Constant)]
        if len(names) == len(one.keys) and all(map(_is_name, names)):
            pairs = zip(names, one.values, strict=True)
            keywords = [ast.keyword(str(name), value) for name, value in pairs]
            changed[one] = ast.Call(ast.Name("dict"), [], keywords)
    # What holds another goes first, and its own display would be the old one.
    up = parents(tree)
    outer = {one: new for one, new in changed.items() if not _within(up, one, changed)}
    replace(tree, outer.get)
    if outer and "dict" not in set(every_binding(tree)):
        yield Rewritten("display: dict called", tree)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _within(up: dict[ast.AST, ast.AST], node: ast.AST, others: dict[ast.AST, ast.expr]) -> bool:
    return any(parent in others for parent, _ in above(up, node))


def _swapped(source: Source) -> Iterator[Rewritten]:
    """Yield `a == b` as `b == a`, and as `not a != b`."""
    for label in ("sides swapped", "the opposite denied"):
        tree = source.tree()
        changed: dict[ast.AST, ast.expr] = {}
        for one in walk(tree):
            if not isinstance(one, ast.Compare) or len(one.ops) != 1:
                continue
            operator, right = one.ops[0], one.comparators[0]
            if not isinstance(operator, ast.Eq | ast.NotEq):
                continue
            if label == "sides swapped":
                one.left, one.comparators = right, [one.left]
                changed[one] = one
            else:
                opposite = ast.NotEq() if isinstance(operator, ast.Eq) else ast.Eq()
                made = ast.Compare(one.left, [opposite], [right])
                changed[one] = ast.UnaryOp(ast.Not(), made)
        replace(tree, changed.get)
        if changed:
            yield Rewritten(f"comparison: {label}", tree)


def _caught(source: Source) -> Iterator[Rewritten]:
    """Yield what handlers catch in a tuple, and by a name of the module.

    Builtin classes only by a name: others may not be defined where the name would be.
    """
    tree = source.tree()
    handlers = [one for one in walk(tree) if isinstance(one, ast.ExceptHandler)]
    single = [one for one in handlers if one.type and not isinstance(one.type, ast.Tuple)]
    for one in single:
        assert one.type is not None
        one.type = ast.Tuple([one.type], ast.Load())
    if single:
        yield Rewritten("except: in a tuple", tree)
    tree = source.tree()
    lines: list[str] = []
    known = {name for one in tree.body[: after_imports(tree)] for name in bound(one)}
    for one in [each for each in walk(tree) if isinstance(each, ast.ExceptHandler)]:
        held = walk(one.type) if one.type else []
        names = {each.id for each in held if isinstance(each, ast.Name)}
        if one.type and names <= known | BUILTINS:
            name = source.fresh(f"ERRORS_{len(lines)}")
            lines.append(f"{name} = {ast.unparse(one.type)}")
            one.type = ast.Name(name)
    if lines:
        at = after_imports(tree)
        tree.body[at:at] = statements("\n".join(lines))
        yield Rewritten("except: by a name", tree)


def _results(source: Source) -> Iterator[Rewritten]:
    """Yield `return value` as `result = value` and `return result`.

    Not for a plain constant, which says most where it is returned.
    """
    tree = source.tree()
    up = parents(tree)
    notes = noted(tree)
    done = False
    name = source.fresh("result")
    for one in [each for each in walk(tree) if isinstance(each, ast.Return)]:
        body = body_of_or_none(up, one)
        if body is None or one.value is None or isinstance(one.value, ast.Constant | ast.Name):
            continue
        if one in notes or not isinstance(owner(up, one.value), FUNCTIONS):
            continue
        before = ast.Assign([ast.Name(name)], one.value)
        keep_found(one, before)
        body.insert(body.index(one), before)
        one.value = ast.Name(name)
        done = True
    if done:
        yield Rewritten("variables: what is returned", tree)
