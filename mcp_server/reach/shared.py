"""Finds changed files that concern every test by being there: shadowing names, shared state."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping

from mcp_server.reach.graph import is_for_tests
from mcp_server.reach.resolution import PACKAGE

STATE = re.compile(
    r"^[ \t]*(?:\w+\.)+\w+[ \t]*(?:\[[^\n]*\][ \t]*)?(?:[-+*/|&^]|//|\*\*)?=(?!=)"
    r"|^[ \t]*(?:del[ \t]+\w+[.\[]|setattr\(|delattr\()"
    r"|sys\.modules\b|sys\.path\b|os\.environ\b|os\.putenv|\.start\(\)"
    r"|^(?!pytest\.)[^\W\d][\w.]*\(",
    re.MULTILINE,
)
"""What a module does, when it is imported, to others that are there already.

A call whose result nobody takes is made for its effect; those of pytest concern the file.
"""
FUNCTION = re.compile(r"(?P<indent>[ \t]*)(?:async[ \t]+)?def[ \t]")


def concerns_all(
    changed: Iterable[str],
    deleted: Iterable[str],
    packages: Container[str],
    texts: Mapping[str, str],
    tests: Container[str],
) -> Iterator[str]:
    """Yield the files among the changed and deleted that concern every test.

    pytest imports all modules of a session before it runs any test, so what one of them does to
    another module is seen by all. `texts` are the contents of those that are there.
    """
    for path in (*changed, *deleted):
        for_tests = path in tests or is_for_tests(path)
        if _shadows(path, packages) or (for_tests and changes_state(texts.get(path, ""))):
            yield path


def _shadows(path: str, packages: Container[str]) -> bool:
    """Tell whether a file may stand in for a module of the standard library."""
    folder, name = posixpath.split(path)
    if name == PACKAGE:
        folder, name = posixpath.split(folder)
    stem, suffix = posixpath.splitext(name)
    return (
        suffix in {"", ".py", ".pyw"}
        and path.endswith((".py", ".pyw"))
        and stem in sys.stdlib_module_names
        and folder not in packages
    )


def changes_state(text: str) -> bool:
    """Tell whether a module changes, when it is imported, what is not its own."""
    return STATE.search("\n".join(_executed(text))) is not None


def _executed(text: str) -> Iterator[str]:
    """Yield the lines of a module outside of functions."""
    inside: int | None = None
    for line in text.splitlines():
        bare = line.lstrip(" \t\f")
        indent = len(line) - len(bare)
        if inside is not None and (not bare or indent > inside or bare[0] in ")]}#"):
            continue
        inside = None
        found = FUNCTION.match(line)
        if found:
            inside = len(found["indent"])
        else:
            yield line
