"""Finds projects that use SQLAlchemy's asyncio part and do not install what it runs on."""

from __future__ import annotations

import ast
import posixpath
import re
import tomllib
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Module, Program

PACKAGE = "sqlalchemy.ext.asyncio"
WRAPPER = "sqlmodel.ext.asyncio"
FIRST = Version("2.1")
"""The first SQLAlchemy that leaves greenlet to its extra."""
LATER = ("2.1.0", "2.1.9", "2.1.99", "2.2.0", "3.0.0")
EXTRAS = frozenset(
    "asyncio aiomysql aioodbc aiosqlite asyncmy postgresql-asyncpg sqlalchemy".split()
)
"""SQLAlchemy's extras that install greenlet, and that of `litestar[sqlalchemy]` and the like."""
BRING = frozenset(
    "advanced-alchemy apache-airflow eventlet fastapi-users-db-sqlalchemy gevent greenlet "
    "playwright prefect pytest-playwright".split()
)
"""Packages that install it whatever else is asked for."""
LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
LOCKED = re.compile(
    r'^name = "(?P<name>sqlalchemy|greenlet)"\s+version = "(?P<version>[^"]+)"', re.MULTILINE
)
PINNED = re.compile(
    r"^(?P<name>sqlalchemy|greenlet)(?:\[[^\]]*\])?==(?P<version>[\w.]+)",
    re.MULTILINE | re.IGNORECASE,
)
LONGEST = 1 << 24
"""How many bytes of a lock file are read."""
SAID = (
    "SQLAlchemy from 2.1 on does not install greenlet, without which this import fails: depend on "
    "`sqlalchemy[asyncio]`"
)
_KNOWN: WeakKeyDictionary[Program, dict[str, bool]] = WeakKeyDictionary()


def check(module: Module) -> Iterator[Hit]:
    """Yield the first import of the asyncio part in a project that lacks greenlet."""
    if b"asyncio" not in module.content or b"sql" not in module.content:
        return
    node = next(_imports(module), None)
    project = module.program.library.project(module.path) if node is not None else None
    if node is None or project is None:
        return
    known = _KNOWN.setdefault(module.program, {})
    if project.path not in known:
        known[project.path] = _lacks(module.program, project.path)
    if known[project.path]:
        yield Hit(node, SAID)


def _imports(module: Module) -> Iterator[ast.stmt]:
    starts = (f"{PACKAGE}.", f"{WRAPPER}.")
    for one in module.nodes(ast.ImportFrom):
        names = [f"{one.module}.{each.name}." for each in one.names]
        if not one.level and any(each.startswith(starts) for each in names) and _runs(module, one):
            yield one
    for plain in module.nodes(ast.Import):
        if any(f"{each.name}.".startswith(starts) for each in plain.names):
            yield plain


def _runs(module: Module, node: ast.stmt) -> bool:
    """Tell whether an import is more than one for annotations."""
    return not any(
        isinstance(one, ast.If) and ast.unparse(one.test).endswith("TYPE_CHECKING")
        for one in module.above(node)
    )


def _lacks(program: Program, path: str) -> bool:
    """Tell whether a project may get a SQLAlchemy that lacks greenlet, and nothing installs it."""
    stated = [*_requirements(program, path)]
    asked = [one for one in stated if canonicalize_name(one.name) == "sqlalchemy"]
    names = {canonicalize_name(one.name) for one in stated}
    extras = {canonicalize_name(each) for one in stated for each in one.extras}
    locked = _locked(program, path)
    if locked is not None:
        version = locked.get("sqlalchemy")
        return version is not None and version >= FIRST and "greenlet" not in locked
    if not asked or names & BRING or extras & EXTRAS:
        return False
    return all(_allows(one.specifier) for one in asked)


def _locked(program: Program, path: str) -> dict[str, Version] | None:
    """Return the versions that the nearest lock file holds, None without one that names them."""
    for folder in _upwards(path):
        for name in LOCKS:
            text = _text(program, posixpath.join(folder, name))
            if text is not None:
                return _versions(LOCKED, text)
    texts = [text for _, text in _files(program, path)]
    found = _versions(PINNED, "\n".join(texts))
    # A file of a few pins by hand is no list of all that is installed.
    whole = any(text.count("==") > 10 or "--hash=" in text for text in texts)
    return found if whole and "sqlalchemy" in found else None


def _versions(pattern: re.Pattern[str], text: str) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for one in pattern.finditer(text):
        try:
            version = Version(one["version"])
        except InvalidVersion:
            continue
        name = one["name"].lower()
        # A lock may hold several for several platforms: the oldest is the one that still has it.
        found[name] = min(version, found.get(name, version))
    return found


def _text(program: Program, name: str) -> str | None:
    """Return the text of a regular file of the repository, None where there is none."""
    root = program.library.root.resolve()
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file() or path.stat().st_size > LONGEST:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, RuntimeError, ValueError):
        return None


def _upwards(path: str) -> Iterator[str]:
    folder = "" if path == "." else path
    yield folder
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


def _requirements(program: Program, path: str) -> Iterator[Requirement]:
    """Yield what a project's files require, for whatever purpose."""
    folder = "" if path == "." else path
    text = _text(program, posixpath.join(folder, "pyproject.toml")) or ""
    try:
        tables: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        tables = {}
    lines = [*_texts([tables.get("project"), tables.get("dependency-groups"), tables.get("tool")])]
    project = program.library.project(path if path == "." else f"{path}/x")
    sections = project.settings.sections.get("setup.cfg", {}) if project else {}
    for section in ("options", "options.extras_require"):
        lines += [one for each in sections.get(section, {}).values() for one in each.split("\n")]
    lines += [one for _, text in _files(program, path) for one in text.splitlines()]
    for line in lines:
        bare = line.partition(" #")[0].partition(" --hash")[0].strip(" \\")
        if re.match(r"[A-Za-z]", bare):
            try:
                yield Requirement(bare)
            except InvalidRequirement:
                continue


def _texts(value: object) -> Iterator[str]:
    """Yield the texts of nested tables, Poetry's as requirements: `name = "^1"`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if canonicalize_name(str(key)) in {"sqlalchemy", *BRING}:
                table = one if isinstance(one, dict) else {"version": one}
                extras = ",".join(map(str, table.get("extras") or ()))
                yield f"{key}[{extras}]{_spelled(str(table.get('version') or '*'))}"
            elif key not in {"coverage", "mypy", "pytest", "ruff"}:
                yield from _texts(one)


def _spelled(version: str) -> str:
    """Return a version of Poetry's as a specifier of Python's."""
    parts: list[str] = []
    for one in version.replace(" ", "").split(","):
        number = one.lstrip("^~=<>!")
        if one.startswith("^"):
            parts += [f">={number}", f"<{int(re.sub(r'[^0-9].*', '', number) or 0) + 1}"]
        elif one.startswith("~") and not one.startswith("~="):
            parts.append(f"~={number}.0" if number.count(".") < 2 else f"~={number}")
        elif one[:1].isdigit():
            parts.append(f"=={one}")
        elif one != "*":
            parts.append(one)
    return ",".join(parts)


def _files(program: Program, path: str) -> Iterator[tuple[str, str]]:
    """Yield the requirements files of a project."""
    folder = "" if path == "." else f"{path}/"
    for name in program.library.files:
        inner = name.removeprefix(folder) if name.startswith(folder) else ""
        if re.fullmatch(r"(?:requirements/[\w.-]+|[\w.-]*requirements[\w.-]*)\.(?:txt|in)", inner):
            yield name, _text(program, name) or ""


def _allows(specifier: SpecifierSet) -> bool:
    """Tell whether a version without greenlet satisfies a requirement."""
    named = [one.version for one in specifier if one.operator in {"==", "==="}]
    try:
        late = [one for one in named if Version(one.removesuffix(".*")) >= FIRST]
        return bool(late) or (not named and any(one in specifier for one in LATER))
    except (InvalidVersion, InvalidSpecifier):
        return False


RULE = Rule(
    name="missing-greenlet",
    why="SQLAlchemy 2.1 made greenlet optional, and `sqlalchemy.ext.asyncio` raises ImportError "
    "where neither the `asyncio` extra nor anything else installs it.",
    wrong="""\
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def engine(url: str) -> AsyncEngine:
    return create_async_engine(url, pool_pre_ping=True)
# file: pyproject.toml
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.12"
dependencies = ["asyncpg>=0.31", "sqlalchemy>=2.1,<3"]
""",
    right="""\
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def engine(url: str) -> AsyncEngine:
    return create_async_engine(url, pool_pre_ping=True)
# file: pyproject.toml
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.12"
dependencies = ["asyncpg>=0.31", "sqlalchemy[asyncio]>=2.1,<3"]
""",
    taught="python-backend/references/data.md#what-to-install",
    source=(
        "https://docs.sqlalchemy.org/en/21/changelog/migration_21.html",
        "https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#asyncio-platform-installation-notes",
    ),
    looks_at=frozenset({"service"}),
    once=True,
    check=check,
)
