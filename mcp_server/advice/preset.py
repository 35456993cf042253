"""Says which of ruff's rules hdb offers a project: its preset without what the project decided.

The preset is what the seed documents of hdb's skills ask for and ruff can check, by the codes of
ruff 0.17.5; rules that are still in preview go by their names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tomli_w
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from mcp_server.conventions.files.settings import mapping
from mcp_server.repository import Settings

STABLE = tuple(
    "F E4 E7 E9 I UP B ASYNC FAST DTZ BLE S105 S106 S107 S110 S112 S113 S501 S608 PT TRY002 TRY203 "
    "TRY400 LOG G004 T20 PLW0603 RUF006 RUF012 RUF013 PGH ANN2 N818 PYI034".split()
)
PREVIEW = tuple(
    "shared-clock-mock fallible-context-manager context-manager-iterator "
    "yield-in-context-manager-in-async-generator unused-async".split()
)
IN_TESTS = tuple("S105 S106 S107 S113 S501 S608 BLE ANN T20 unused-async".split())
"""What tests do on purpose."""
TESTS = ("**/tests/**", "**/test/**", "**/test_*.py", "**/*_test.py", "**/conftest.py")
IN_SCRIPTS = ("T20",)
SCRIPTS = ("**/scripts/**", "**/cli.py", "**/cli/**", "**/__main__.py", "**/examples/**")
ALWAYS_LEFT = ("PT009", "PT027")
"""The assertions of unittest, which are a project's style."""
ASYNC_SIGNATURES = frozenset("aiohttp fastapi litestar quart sanic starlette".split())
"""Frameworks that want `async def` where nothing is awaited, too."""
INJECTED = tuple(
    f"fastapi.{name}" for name in "Depends Security Query Path Body Header Cookie Form File".split()
)
"""Calls that FastAPI wants as defaults."""
PASSED_ON = frozenset(
    "flake8-annotations flake8-bugbear flake8-pytest-style isort pep8-naming pyupgrade".split()
)
"""Tables of the project's ruff that say how rules are meant, not which."""
CODE = re.compile(r"[A-Z]+[0-9]*")
PYTHONS = range(7, 15)
PLUGINS = {
    "flake8-annotations": ("ANN2",),
    "flake8-async": ("ASYNC",),
    "flake8-bandit": tuple(one for one in STABLE if one.startswith("S")),
    "flake8-bugbear": ("B",),
    "flake8-pytest-style": ("PT",),
}
"""What the plugins of flake8 look for, by the codes that ruff has from them."""
FLAKE8_FILES = (".flake8", "setup.cfg", "tox.ini")


@dataclass(frozen=True, slots=True)
class Decided:
    """What a project says of ruff's rules: codes it selects, ignores, and ignores for files."""

    selected: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    by_file: Mapping[str, tuple[str, ...]] | None = None


def decided(settings: Settings) -> Decided:
    """Return what a project's ruff and flake8 configurations decide."""
    table = mapping(settings.tables.get("ruff"))
    lint = mapping(table.get("lint"))
    by_file: dict[str, tuple[str, ...]] = {}
    for held in (table, lint):
        for key in ("per-file-ignores", "extend-per-file-ignores"):
            for pattern, codes in mapping(held.get(key)).items():
                by_file[pattern] = (*by_file.get(pattern, ()), *_codes(codes))
    selected = {one for held in (table, lint) for one in _listed(held, "select", "extend-select")}
    ignored = {one for held in (table, lint) for one in _listed(held, "ignore", "extend-ignore")}
    for file in FLAKE8_FILES:
        section = settings.sections.get(file, {}).get("flake8", {})
        for key in ("ignore", "extend-ignore", "extend_ignore"):
            ignored |= set(_codes(re.split(r"[\s,]+", section.get(key, ""))))
    return Decided(frozenset(selected), frozenset(ignored), by_file)


def offered(settings: Settings, tools: Collection[str] = ()) -> tuple[str, ...]:
    """Return the rules of the preset that a project has not decided about, () for none of them.

    `tools` are the checkers that the project runs: what they look for is decided, too.
    """
    known = decided(settings)
    if "ALL" in known.selected | known.ignored:
        return ()
    left = known.selected | known.ignored
    # A code that is decided as a part of a longer one leaves the rest of it offered.
    kept = [one for one in STABLE if not any(one.startswith(code) for code in left)]
    kept += [one for one in PREVIEW if one not in left]
    left_out = {*_covered(settings, tools)}
    if ASYNC_SIGNATURES & settings.dependencies:
        left_out.add("unused-async")
    return tuple(one for one in kept if one not in left_out)


def _covered(settings: Settings, tools: Collection[str]) -> Iterator[str]:
    """Yield what other tools of the project look for."""
    if "isort" in tools or _sorts_imports(settings):
        yield "I"
    if _typed(settings):
        yield "ANN2"
    if "flake8" in tools or settings.section("flake8", *FLAKE8_FILES):
        yield from ("F", "E4", "E7", "E9")
        for package, codes in PLUGINS.items():
            yield from codes if package in settings.dependencies else ()


def configuration(settings: Settings, python: str | None, tools: Collection[str] = ()) -> str:
    """Return the ruff.toml that offers a project the preset; paths are relative to its folder."""
    known = decided(settings)
    table = mapping(settings.tables.get("ruff"))
    lint = mapping(table.get("lint"))
    chosen = offered(settings, tools)
    finer = sorted(
        code
        for code in (known.selected | known.ignored)
        if any(code.startswith(one) and code != one for one in chosen)
    )
    by_file = {pattern: [*IN_TESTS] for pattern in TESTS}
    by_file |= {pattern: [*IN_SCRIPTS] for pattern in SCRIPTS}
    for pattern, codes in (known.by_file or {}).items():
        by_file[pattern] = [*by_file.get(pattern, ()), *codes]
    tables = {name: each for name, each in lint.items() if name in PASSED_ON}
    bugbear = dict(mapping(tables.get("flake8-bugbear")))
    stated = bugbear.get("extend-immutable-calls")
    calls = [*map(str, stated)] if isinstance(stated, list) else []
    bugbear["extend-immutable-calls"] = [*calls, *INJECTED]
    document: dict[str, Any] = {
        "target-version": _target(table, python),
        "preview": True,
        "lint": {
            **tables,
            "flake8-bugbear": bugbear,
            "explicit-preview-rules": True,
            "select": [*chosen],
            "ignore": [*ALWAYS_LEFT, *finer],
            "per-file-ignores": by_file,
        },
    }
    for key in ("line-length", "src", "exclude", "extend-exclude"):
        if key in table:
            document[key] = table[key]
    return tomli_w.dumps(document)


def _listed(table: Mapping[str, Any], *keys: str) -> Iterator[str]:
    for key in keys:
        value = table.get(key)
        yield from _codes(value if isinstance(value, list) else ())


def _codes(values: object) -> tuple[str, ...]:
    listed = values if isinstance(values, list | tuple) else ()
    return tuple(one for one in map(str, listed) if CODE.fullmatch(one) or one in PREVIEW)


def _sorts_imports(settings: Settings) -> bool:
    return bool(settings.table("isort") or settings.section("isort", "setup.cfg", "tox.ini")) or (
        ".isort.cfg" in settings.files
    )


def _typed(settings: Settings) -> bool:
    """Tell whether a type checker of the project asks for annotations already."""
    table = mapping(settings.tables.get("mypy"))
    asks = (table.get("strict"), table.get("disallow_untyped_defs"))
    stated = [
        settings.sections.get(file, {}).get("mypy", {}).get(key, "").lower()
        for file in ("mypy.ini", ".mypy.ini", "setup.cfg")
        for key in ("strict", "disallow_untyped_defs")
    ]
    return True in asks or "true" in stated


def _target(table: Mapping[str, Any], python: str | None) -> str:
    """Return the oldest Python that the code must run on, the oldest that ruff knows for none."""
    stated = table.get("target-version")
    if isinstance(stated, str) and re.fullmatch(r"py3\d+", stated):
        return stated
    try:
        allowed = SpecifierSet(python or "")
    except InvalidSpecifier:
        allowed = SpecifierSet()
    fitting: Iterable[int] = (one for one in PYTHONS if allowed.contains(f"3.{one}.99"))
    return f"py3{next(iter(fitting), PYTHONS[0])}"
