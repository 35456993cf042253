"""Plants examples into modules of real services, where nothing of the module gets in their way."""

from __future__ import annotations

import ast
import posixpath
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.mutations.example import Example
from benchmarks.mutations.scopes import header, identifiers, is_future
from mcp_server.advice.judging import part_of
from mcp_server.conventions import read_conventions
from mcp_server.rules import Rule
from mcp_server.semantic import Program, read_program

SEED = 7
SHORTEST_HOST, LONGEST_HOST = 200, 60_000
CONFIGURED = {
    "asgi-without-lifespan": "the host's application decides whether a lifespan is missed",
    "async-fixture-strict": "the host's configuration of pytest decides",
    "environment-outside-settings": "the host's settings decide",
    "layer-import": "the folder decides",
    "missing-greenlet": "the host's dependencies decide",
    "patched-path-missing": "names modules of its own project",
    "session-async-fixture-loop": "the host's configuration of pytest decides",
    "settings-env-file": "the host's settings decide",
    "undocumented-setting": "the host's list of settings decides",
}
"""Rules whose example is a violation by what its project says, which another project may not."""


@dataclass(frozen=True)
class Host:
    """One module of a service."""

    service: str
    program: Program
    path: str

    @property
    def name(self) -> str:
        """What it is called in a report."""
        return f"{self.service}/{self.path}"

    @cached_property
    def text(self) -> str:
        """What it holds."""
        return self.program.library.contents[self.path].decode()

    @cached_property
    def tree(self) -> ast.Module | None:
        """Its tree; None where this Python cannot read it or a star may bring in any name."""
        try:
            tree = ast.parse(self.text)
        except (SyntaxError, ValueError):
            return None
        return None if "import *" in self.text else tree

    @property
    def is_importable(self) -> bool:
        """Whether an import can spell where it lies; templates' folders have braces."""
        name = next(iter(self.program.library.names(self.path)), "")
        return all(one.isidentifier() for one in name.split("."))

    @classmethod
    def of(cls, place: Path) -> Iterator[Host]:
        """Yield the modules of one service."""
        program = read_program(read_conventions(place))
        for path, content in sorted(program.library.contents.items()):
            if SHORTEST_HOST < len(content) < LONGEST_HOST:
                yield cls(place.name, program, path)

    @classmethod
    def all(cls, folder: Path) -> list[Host]:
        """Return the modules of all services of a folder, in an order that is always the same."""
        places = sorted(one for one in folder.iterdir() if one.is_dir())
        found = [one for place in places for one in cls.of(place)]
        random.Random(SEED).shuffle(found)  # noqa: S311 - it only has to be the same each time
        return found


def hosts(rule: Rule, given: Example, among: list[Host]) -> Iterator[Host]:
    """Yield the modules that are of the same part as an example, one a service in turn."""
    if rule.name in CONFIGURED or any(not one.endswith(".py") for one in given.files):
        return
    main = given.main()
    wanted = "tests" if re.search(r"(^|/)(tests?/|conftest|test_)", main) else "service"
    waiting = list(among)
    while waiting:
        used: set[str] = set()
        left = []
        for host in waiting:
            if host.service in used:
                left.append(host)
                continue
            module = host.program.module(host.path)
            if module is None or host.tree is None or not host.is_importable:
                continue
            if part_of(module) == wanted:
                used.add(host.service)
                yield host
        if not used:
            return
        waiting = left


def planted(given: Example, host: Host) -> Example | None:
    """Return a host with an example in it, `found` being the lines of the example.

    None where the two bind or read a name of the other that is not the same import.
    """
    if host.tree is None:
        return None
    main = given.main()
    renamed = _modules(given, host)
    texts = {path: _moved(text, renamed) for path, text in given.files.items() if _is_python(path)}
    tree = ast.parse(texts[main])
    if not _apart(tree, host.tree):
        return None
    future = [one for one in tree.body if is_future(one)]
    lines = texts[main].splitlines()
    for one in future:
        lines[one.lineno - 1 : one.end_lineno] = [""] * ((one.end_lineno or 0) - one.lineno + 1)
    body = "\n".join(lines) + "\n"
    above, below = _cut(host, late=len(body) % 2 == 0)
    has_future = any(is_future(one) for one in host.tree.body)
    if future and not has_future:
        opening = host.tree.body[: header(host.tree)]
        at = (opening[-1].end_lineno or 0) if opening else 0
        if opening or not above.startswith("#"):
            kept = above.splitlines(keepends=True)
            above = "".join((*kept[:at], "from __future__ import annotations\n", *kept[at:]))
        else:
            above = "from __future__ import annotations\n" + above
    first = above.count("\n") + 3
    text = f"{above}\n\n{body}\n\n{below}"
    try:
        ast.parse(text)
    except SyntaxError:
        return None
    found = {(host.path, first + at) for at in range(body.count("\n"))}
    files = {host.path: text}
    for path, each in texts.items():
        if path != main:
            place = renamed[path][0]
            files[place] = each
            found |= {(place, at) for at in range(each.count("\n") + 2)}
    return Example(files, frozenset(found))


def _is_python(path: str) -> bool:
    return path.endswith(".py")


def _cut(host: Host, *, late: bool) -> tuple[str, str]:
    """Return the host's text before and after the place for what is planted.

    The end, or behind its last import at the top.
    """
    lines = host.text.splitlines(keepends=True)
    assert host.tree is not None
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    ends = [
        one.end_lineno or 0
        for one in host.tree.body
        if isinstance(one, ast.Import | ast.ImportFrom)
    ]
    at = len(lines) if late or not ends else ends[-1]
    if any(one.lineno <= at < (one.end_lineno or 0) for one in host.tree.body):
        at = len(lines)
    return "".join(lines[:at]), "".join(lines[at:])


def _apart(tree: ast.Module, other: ast.Module) -> bool:
    """Tell whether two modules have no name in common but the same imports."""
    ours, theirs = _imported(tree), _imported(other)
    common = identifiers(tree) & identifiers(other)
    mine, yours = _bound(tree), _bound(other)
    return all(
        (one in ours and ours[one] == theirs.get(one)) or (one not in mine and one not in yours)
        for one in common
    )


def _bound(tree: ast.Module) -> set[str]:
    """Return the names that a module binds outside of its functions and classes."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(one.name)
            continue
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            found.add(one.id)
        if isinstance(one, ast.alias):
            found.add(one.asname or one.name.partition(".")[0])
        waiting += ast.iter_child_nodes(one)
    return found


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return the names that are bound by imports at the top, with what they are."""
    found: dict[str, str] = {}
    for one in tree.body:
        if isinstance(one, ast.Import):
            for each in one.names:
                found[each.asname or each.name.partition(".")[0]] = (
                    each.name if each.asname else each.name.partition(".")[0]
                )
        elif isinstance(one, ast.ImportFrom):
            for each in one.names:
                found[each.asname or each.name] = f"{one.level}{one.module}:{each.name}"
    return found


def _modules(given: Example, host: Host) -> dict[str, tuple[str, str, str]]:
    """Return where each of an example's files goes, with its dotted name before and after."""
    main = given.main()
    here, there = posixpath.dirname(main), posixpath.dirname(host.path)
    found = {}
    for path in given.python():
        below = not here or path.startswith(f"{here}/")
        inner = posixpath.relpath(path, here) if below else path.replace("/", "_")
        place = host.path if path == main else posixpath.join(there, f"planted_{inner}")
        before = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        after = next(iter(host.program.library.names(place)), "")
        found[path] = (place, before, after)
    return found


def _moved(text: str, renamed: dict[str, tuple[str, str, str]]) -> str:
    """Return a text in which the example's modules have the names they got."""
    for _, before, after in sorted(renamed.values(), key=lambda one: -len(one[1])):
        package, _, last = before.rpartition(".")
        new_package, _, new = after.rpartition(".")
        text = re.sub(rf"(?<![\w.]){re.escape(before)}(?!\w)", after, text)
        if package:
            text = re.sub(
                rf"from (?:{re.escape(package)}|\.) import {last}\b(?! as)",
                f"from {new_package or '.'} import {new} as {last}",
                text,
            )
            text = re.sub(rf"from \.{last}\b", f"from .{new}", text)
    return text
