"""Tells whether a revision drops what nothing uses any more, as its author says or asks."""

from __future__ import annotations

import ast
import posixpath
import re

DROPS = frozenset({"drop-table", "drop-column"})
UNUSED = re.compile(
    r"\b(?:unused|obsolete|deprecat\w+|clean ?up|leftovers?|orphan(?:ed)?"
    r"|(?:never|not|un) ?(?:in use|used|needed)|removed (?:earlier|before|in|from (?:\w+ )?models?)"
    r"|no longer (?:being )?(?:in|used|needed|required|referenced|read|relevant|necessary))\b",
    re.IGNORECASE,
)
FILE_NAMES = re.compile(r"[_-]+")
PRESENCE = re.compile(r"exists?\b|(?:^|_)has_|_present$|inspect", re.IGNORECASE)
FARTHEST = 12
"""How many lines above a statement its comment is looked for."""


def is_contracted(path: str, text: str, line: int) -> bool:
    """Tell whether a file says of what a line drops that nothing uses it: in name or comment."""
    slug = FILE_NAMES.sub(" ", posixpath.basename(path).removesuffix(".py"))
    title = text.lstrip().lstrip("rRuU").lstrip("\"'").partition("\n")[0]
    if UNUSED.search(slug) or UNUSED.search(title):
        return True
    above = text.splitlines()[max(0, line - FARTHEST) : line]
    for one in reversed(above):
        if not one.strip():
            return False
        if UNUSED.search(one.partition("#")[2]):
            return True
    return False


def asks_presence(test: ast.expr) -> bool:
    """Tell whether a condition asks if a table or column is there, as for what may be left over."""
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            left = node.left
            if isinstance(left, (ast.Constant, ast.Name)) and not isinstance(
                node.comparators[0], (ast.Tuple, ast.List, ast.Set)
            ):
                return True
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        if isinstance(name, str) and PRESENCE.search(name):
            return True
    return False
