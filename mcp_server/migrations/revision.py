"""Reads what one alembic revision declares of itself, by its syntax tree; nothing is imported."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

BODY = re.compile(r"^(?:def |async def |class |@)", re.MULTILINE)
LEGACY = re.compile(r"(?:.*/)?[a-f0-9]+\.py")
"""The names from which alembic takes an id where the file declares none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision: where it stands, its id, and the ids of those that it follows.

    `name` is None where the file computes its id, `parents` where it computes them. `depends` are
    the ids, or parts of ids, or labels in `depends_on`. `fault` is why alembic cannot load it,
    `text` what the file holds.
    """

    path: str
    name: str | None = None
    parents: tuple[str, ...] | None = None
    depends: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    line: int = 1
    down_line: int = 1
    fault: str | None = None
    text: str = field(default="", repr=False, compare=False)

    @property
    def shown(self) -> str:
        """The id, as a message names it."""
        return self.name or self.path


def read_tree(text: str) -> ast.Module:
    """Return a file's syntax tree. Raises `SyntaxError`, also for what is nested too deep."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or type(error).__name__) from None


def read_revision(path: str, text: str) -> Revision:
    """Return what a file of a history declares. Never raises; what cannot be read is a fault."""
    head = BODY.split(text, maxsplit=1)[0]
    for part in dict.fromkeys((head, text)):
        # Most of a file is its functions, and what is sought stands above them.
        try:
            tree = read_tree(part)
        except SyntaxError as error:
            if part is text:
                line = error.lineno or 1
                why = f"alembic cannot load it: {error.msg}"
                return Revision(path=path, line=line, fault=why)
            continue
        found = dict(_assigned(tree))
        if "revision" in found and "down_revision" in found:
            return replace(_declared(path, found), text=text)
    return replace(_undeclared(path, tree, found), text=text)


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
            if isinstance(target, ast.Name) and value is not None:
                yield target.id, value


def _declared(path: str, found: dict[str, ast.expr]) -> Revision:
    name, down = found["revision"], found["down_revision"]
    names = _texts(name, found)
    return Revision(
        path=path,
        name=names[0] if names else None,
        parents=_texts(down, found),
        depends=_texts(found.get("depends_on"), found) or (),
        labels=_texts(found.get("branch_labels"), found) or (),
        line=name.lineno,
        down_line=down.lineno,
    )


def _undeclared(path: str, tree: ast.Module, found: dict[str, ast.expr]) -> Revision:
    """Return a file without both ids: alembic takes the first of them from nowhere else."""
    if "revision" in found:
        return _declared(path, {"down_revision": ast.Constant(None, lineno=1), **found})
    imported = any(
        alias.name in {"*", "revision"} or alias.asname == "revision"
        for node in ast.walk(tree)
        if isinstance(node, (ast.ImportFrom, ast.Import))
        for alias in node.names
    )
    if imported or LEGACY.fullmatch(path):
        return Revision(path=path)
    why = "alembic stops at a file in this folder that declares no `revision`: move it elsewhere"
    return Revision(path=path, fault=why)


def _texts(node: ast.expr | None, found: dict[str, ast.expr]) -> tuple[str, ...] | None:
    """Return the texts that a value holds, () for None, None where it is computed."""
    if isinstance(node, ast.Name):
        node = found.get(node.id)
    if isinstance(node, ast.Constant) and node.value is None:
        return ()
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if not isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return None
    values = [one.value for one in node.elts if isinstance(one, ast.Constant)]
    texts = tuple(one for one in values if isinstance(one, str))
    return texts if len(texts) == len(node.elts) else None
