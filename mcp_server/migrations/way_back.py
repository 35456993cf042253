"""Tells whether a revision that changes the schema has a way back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from mcp_server.migrations.alterations import changes_of
from mcp_server.migrations.operation import Operation

NAMED = frozenset(
    "create_index create_unique_constraint create_check_constraint create_exclude_constraint "
    "create_foreign_key create_primary_key drop_index drop_constraint".split()
)
"""Operations that fail when they are run again over what nothing took back."""
HARMLESS = frozenset("truncate delete-all update-all locking-type-change".split())
"""Changes that the code before them can live with, or that nothing could take back."""
GUARDS = ("if_exists", "if_not_exists")
REASON = re.compile(
    r"\b(?:no|not|none|nothing|never|cannot|only|keep|kept|stays?|forward|one[- ]way|manual(?:ly)?"
    r"|impossible|irreversible|intentional(?:ly)?|harmless|safe)\b|n't\b",
    re.IGNORECASE,
)
"""What a text holds that says why there is nothing to take back."""


def lacks_way_back(tree: ast.Module, performed: Iterable[Operation], text: str = "") -> int | None:
    """Return the line of a `downgrade` that does nothing, 0 where there is none, None if sound.

    Sound is also one that refuses or says why it does nothing, and any where what the upgrade
    `performed` leaves no schema behind: data, values of an enum and rights are not taken back.
    Whatever is not written as a function is taken to do something.
    """
    upgrade, downgrade = _bound(tree, "upgrade"), _bound(tree, "downgrade")
    if upgrade is None or _does_nothing(upgrade) or not any(map(_stays, performed)):
        return None
    if downgrade is None:
        return 0
    if not _does_nothing(downgrade) or _is_meant(downgrade, text):
        return None
    return downgrade.lineno


def _stays(one: Operation) -> bool:
    """Tell whether an operation changes the schema, whatever the database holds by then."""
    if one.arms or any(one.flag(guard) for guard in GUARDS):
        return False
    return one.name in NAMED or any(each.kind not in HARMLESS for each in changes_of(one))


def _is_meant(node: ast.stmt, text: str) -> bool:
    """Tell whether a function says why it does nothing: in a comment or in its docstring."""
    lines = text.splitlines()[node.lineno - 1 : _end(node, text)]
    comments = [line.partition("#")[2] for line in lines if "#" in line]
    held = [each for each in getattr(node, "body", ()) if isinstance(each, ast.Expr)]
    said = [str(each.value.value) for each in held if isinstance(each.value, ast.Constant)]
    return any(REASON.search(each) for each in (*comments, *said))


def _end(node: ast.stmt, text: str) -> int:
    """Return the last line of a function, with the comments that follow its last statement."""
    lines = text.splitlines()
    end = node.end_lineno or node.lineno
    while end < len(lines) and (not lines[end].strip() or lines[end][:1].isspace()):
        end += 1
    return end


def _bound(tree: ast.Module, name: str) -> ast.stmt | None:
    """Return the statement that gives a module its function, the last one as Python has it."""
    return next((one for one in reversed([*_statements(tree.body)]) if _binds(one, name)), None)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for one in body:
        yield one
        if isinstance(one, (ast.If, ast.Try, ast.With)):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(one, part, []))
            for handler in getattr(one, "handlers", []):
                yield from _statements(handler.body)


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name == name
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return any((one.asname or one.name) in {name, "*"} for one in node.names)
    if isinstance(node, ast.Assign):
        return any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name


def _does_nothing(node: ast.stmt) -> bool:
    """Tell whether a function does nothing; one that raises refuses, and says so."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return isinstance(node.value, ast.Lambda) and isinstance(node.value.body, ast.Constant)
    return isinstance(node, ast.FunctionDef) and all(
        isinstance(one, ast.Pass)
        or (isinstance(one, ast.Return) and (not one.value or isinstance(one.value, ast.Constant)))
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in node.body
    )
