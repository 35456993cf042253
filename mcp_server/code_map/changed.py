"""Tells which functions, classes and values of a file differ from how they were."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mcp_server.code_map.collect import collect
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Definition, Source, Symbol
from mcp_server.code_map.syntax import parse


@dataclass(frozen=True, slots=True)
class Touched:
    """A symbol that a change touches; `state` is "added", "deleted", or "" where it is other."""

    symbol: Symbol
    state: str = ""


def touched(
    library: Library, changed: tuple[str, ...], deleted: tuple[str, ...], old: Mapping[str, bytes]
) -> list[Touched]:
    """Return what the changed and deleted files define otherwise than before.

    What is gone is remembered in the library, so that whoever still uses it is found.
    """
    found: list[Touched] = []
    for path in (*changed, *deleted):
        if not path.endswith(".py"):
            continue
        now = Source(path) if path in deleted else library.source(path)
        before = collect(path, old[path]) if path in old else Source(path)
        if now.error or before.error:
            found.append(Touched(Symbol(path, "")))
            continue
        here = list(_compared(path, before, now))
        if path not in deleted and path in old and not here:
            rest = _rest(old[path]) != _rest(library.contents.get(path, b""))
            here = [Touched(Symbol(path, ""))] if rest else []
        found += here
        library.gone |= {one.symbol for one in here if one.state == "deleted"}
        _remember(library, now, before, deleted=path in deleted)
    return found


def _compared(path: str, before: Source, now: Source) -> Iterator[Touched]:
    for name, one in now.definitions.items():
        was = before.definitions.get(name)
        outer = name.rpartition(".")[0]
        if was is None:
            if not outer or outer in before.definitions:
                yield Touched(Symbol(path, name), "added")
        elif _essence(was) != _essence(one):
            yield Touched(Symbol(path, name))
    for name in before.definitions:
        outer = name.rpartition(".")[0]
        gone = name not in now.definitions and name not in now.bindings
        if gone and (not outer or outer in now.definitions):
            yield Touched(Symbol(path, name), "deleted")


def _remember(library: Library, now: Source, before: Source, *, deleted: bool) -> None:
    if deleted:
        library.remember(now.path, replace(before, uses=[], registrations=[]))
        return
    for name, one in before.definitions.items():
        if name not in now.definitions and name.partition(".")[0] not in now.bindings:
            now.definitions[name] = one


def _essence(definition: Definition) -> tuple[str, ...]:
    """Return what makes a definition what it is: not its place, its comments or its text."""
    try:
        return tuple(_dumped(one) for one in (definition.node, *definition.others))
    except RecursionError:
        # Whatever is nested so deeply counts as changed when it moves.
        return (f"{definition.node.lineno}:{definition.node.end_lineno}",)


def _dumped(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef):
        # What a class defines are symbols of their own.
        heads = [*node.bases, *node.keywords, *node.decorator_list]
        others = [one for one in node.body if not _is_own(one)]
        return "\n".join(ast.dump(one) for one in (*heads, *others))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        bare = ast.dump(node.args), ast.dump(node.returns) if node.returns else ""
        kept = [*node.decorator_list, *node.body[_is_text(node.body[0]) :]]
        return "\n".join((type(node).__name__, *bare, *(ast.dump(one) for one in kept)))
    return ast.dump(node)


def _rest(content: bytes) -> str:
    """Return the statements of a module that define and import nothing."""
    tree = parse(content)
    if isinstance(tree, SyntaxError):
        return ""
    return "\n".join(
        ast.dump(one)
        for one in tree.body
        if not _is_own(one) and not isinstance(one, ast.Import | ast.ImportFrom)
    )


def _is_own(node: ast.stmt) -> bool:
    """Tell whether a statement is looked at by itself, or says nothing to a program."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(isinstance(one, ast.Name | ast.Tuple | ast.List) for one in targets)
    defines = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return isinstance(node, defines) or _is_text(node)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
