"""Finds what every test of a session executes beside its own file: plugins, settings, hooks."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch

from mcp_server.reach.reading import DJANGO, DOTTED, Source, session_plugins
from mcp_server.reach.resolution import PACKAGE, Names, ancestors

CONFTEST = "conftest.py"
STARTED = frozenset({"sitecustomize.py", "usercustomize.py"})
DEFAULT = ("test_*.py", "*_test.py")
CONFIGURATION = (
    *("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml"),
    *("tox.ini", "setup.cfg", "setup.py"),
)
"""Files that configure pytest, the strongest first."""
TEST_FILES = re.compile(
    r"^[ \t]*python_files[ \t]*=[ \t]*(?P<value>\[[^\]]*\]|[^\n]*(?:\n[ \t]+[^\n]+)*)", re.MULTILINE
)
PYTEST = re.compile(
    r"^\[(?:tool[.:])?pytest(?:\.ini_options)?\][^\n]*\n(?P<body>(?:(?!\[)[^\n]*\n?)*)",
    re.MULTILINE,
)
POINTS = re.compile(r"pytest11(?P<body>(?:(?!\n\[).){0,2000})", re.DOTALL)
POINT = re.compile(r"=\s*[\"']?(?P<module>[^\W\d][\w.]*)")
SCRIPT = re.compile(r"(?P<name>[\w.-]+)[\"']?\s*=\s*[\"']?(?P<module>[^\W\d][\w.]*):[\w.]+")
REMARK = re.compile(r"^[ \t]*[#;][^\n]*", re.MULTILINE)
ENTRY_POINTS = re.compile(r"(?:entry[-_]points|\.plugins\b)(?P<body>.{0,3000})", re.DOTALL)
OPTION = re.compile(r"(?:-p[ =]?|--ds[ =]|--dc[ =])[\"', ]*(?P<name>[\w.]+)")


def test_files(
    paths: Iterable[str], stated: Mapping[str, str], patterns: tuple[str, ...] | None
) -> set[str]:
    """Return the files among `paths` that pytest would collect by their names.

    `stated` are the texts of the files that configure pytest, by path; the nearest one above a
    file that states patterns holds for it, unless all `patterns` are given.
    """
    by_folder = {"": patterns} if patterns else dict(_patterns(stated))
    found: set[str] = set()
    for path in paths:
        name = posixpath.basename(path)
        near = next((one for one in ancestors(posixpath.dirname(path)) if one in by_folder), None)
        chosen = DEFAULT if near is None else by_folder[near]
        if name not in {CONFTEST, PACKAGE} and any(_matches(path, name, one) for one in chosen):
            found.add(path)
    return found


def _patterns(stated: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the patterns that files state, by folder; of those in one folder pytest's own wins."""
    order = {name: rank for rank, name in enumerate(CONFIGURATION)}
    for path in sorted(stated, key=lambda one: -order.get(posixpath.basename(one), 0)):
        found = TEST_FILES.search(stated[path])
        if found:
            words = re.findall(r"[^\s\"',\[\]]+", found["value"])
            yield posixpath.dirname(path), tuple(words)


def _matches(path: str, name: str, pattern: str) -> bool:
    if "/" not in pattern:
        return fnmatch(name, pattern)
    return fnmatch(path, pattern) or fnmatch(path, f"*/{pattern}")


def scripts_in(texts: Iterable[str]) -> dict[str, str]:
    """Return the modules of the commands that the project installs, by the command's name."""
    found: dict[str, str] = {}
    for text in texts:
        found.update((one["name"], one["module"]) for one in SCRIPT.finditer(text))
    return found


def offered_in(texts: Iterable[str]) -> set[str]:
    """Return the modules of one word that tables of entry points name, for whoever loads these."""
    return {
        point["module"]
        for text in texts
        for table in ENTRY_POINTS.finditer(text)
        for point in POINT.finditer(table["body"])
        if "." not in point["module"]
    }


def named_for_all(
    texts: Iterable[str], others: Iterable[str], sources: Iterable[Source | None]
) -> set[str]:
    """Return the names of modules that pytest, or Django, loads for every test."""
    found = {name for one in sources if one is not None for name in one.plugins}
    for text in others:
        found.update(DJANGO.findall(text))
        found.update(session_plugins(text))
        if "pytest" in text or "PYTEST_ADDOPTS" in text:
            found.update(OPTION.findall(text))
    for text in (REMARK.sub("", one) for one in texts):
        for section in PYTEST.finditer(text):
            found.update(DOTTED.findall(section["body"]))
        for section in POINTS.finditer(text):
            found.update(POINT.findall(section["body"]))
    return found


def executed_by_all(
    names: Names, named: Iterable[str], sources: Mapping[str, Source | None]
) -> Iterator[str]:
    """Yield the files that every test executes, whatever its own file imports."""
    for name in named:
        yield from names.module(name, rooted=True)
    for path in names.paths:
        base = path.rpartition("/")[2]
        source = sources.get(path)
        if base in STARTED or (base == CONFTEST and (source is None or source.hooks)):
            yield path
