"""Finds the fixtures that tests can ask for by name: those of conftest files and their likes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from mcp_server.conventions.facts.module import Module
from mcp_server.facts import Fact

DECORATOR = re.compile(rb"^@(?:pytest\.|pytest_asyncio\.)?(?:async_)?fixture\b", re.MULTILINE)
FUNCTION = re.compile(rb"\n(?:async[ ]{1,4})?def[ ]{1,4}(\w{1,200})")
NAMED = re.compile(rb"""\bname[ ]?=[ ]?["'](\w{1,200})["']""")
LONGEST_DECORATOR = 3_000
LONGEST_LINE = 300


def find_fixtures(tests: Iterable[Module]) -> tuple[Fact, ...]:
    """Return the fixtures of conftest files and of modules of fixtures, nearest the root first."""
    shared = [one for one in tests if _is_shared(one.path)]
    shared.sort(key=lambda one: (_depth(one.path), one.path))
    return tuple(fact for module in shared for fact in _fixtures(module))


def _depth(path: str) -> int:
    """Return how deep the folder lies whose tests are offered a module's fixtures."""
    folder, name = posixpath.split(path)
    return folder.count("/") - (name != "conftest.py" and folder.endswith("fixtures"))


def _is_shared(path: str) -> bool:
    folder, name = posixpath.split(path)
    return name in {"conftest.py", "fixtures.py"} or posixpath.basename(folder) == "fixtures"


def _fixtures(module: Module) -> Iterator[Fact]:
    if b"fixture" not in module.content:
        return
    searched = 0
    for match in DECORATOR.finditer(module.content):
        end = match.end() + LONGEST_DECORATOR
        # Where an earlier decorator found no function there is none for this one either.
        start = max(match.end(), searched - LONGEST_LINE)
        function = FUNCTION.search(module.content, start, end)
        if function is None:
            searched = end
        elif module.code(match.start()):
            named = NAMED.search(module.content, match.end(), function.start())
            name = (named or function)[1].decode("ascii", "replace")
            yield Fact(name, module.at(function.start() + 1))
