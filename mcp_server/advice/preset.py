"""Says which of ruff's rules hdb offers a project: its preset without what the project decided.

The preset is what the seed documents of hdb's skills ask for and ruff can check, by the codes of
ruff 0.17.5; rules that are still in preview go by their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tomli_w
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from mcp_server.advice.ruff_config import RuffConfig
from mcp_server.conventions.files.settings import mapping
from mcp_server.repository import Project, Settings

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
COPIED = tuple("builtins exclude extend-exclude line-length namespace-packages src".split())
"""What says how a project's code is to be read."""
PASSED_ON = frozenset(
    "flake8-annotations flake8-bugbear flake8-pytest-style isort pep8-naming pyupgrade".split()
)
"""Tables of the project's ruff that say how rules are meant, not which."""
CODE = re.compile(r"(?P<letters>[A-Z]+)(?P<digits>[0-9]*)")
PYTHONS = range(7, 15)
FLAKE8_FILES = (".flake8", "setup.cfg", "tox.ini")
FLAKE8_PLUGINS = {
    "flake8-annotations": ("ANN2",),
    "flake8-async": ("ASYNC",),
    "flake8-bandit": tuple(one for one in STABLE if one.startswith("S")),
    "flake8-bugbear": ("B",),
    "flake8-pytest-style": ("PT",),
}
"""What the plugins of flake8 look for, by the codes that ruff has from them."""
SEPARATORS = re.compile(r"[\s,]+")
OPTIONS = frozenset("--select --extend-select --ignore --extend-ignore".split())
"""Options of ruff that name rules."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a project says of ruff's rules: the codes that it selects or ignores, and for files.

    `excluded` are patterns of files that its flake8 leaves out.
    """

    codes: frozenset[str] = frozenset()
    by_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    everything: bool = False
    excluded: tuple[str, ...] = ()

    def covers(self, code: str) -> bool:
        """Tell whether a code, or one that it is a part of, is decided."""
        return self.everything or any(within(code, one) for one in self.codes)


def within(code: str, outer: str) -> bool:
    """Tell whether a code belongs to another or is it: `B006` to `B0`, and `BLE` not to `B`."""
    one, other = CODE.fullmatch(code), CODE.fullmatch(outer)
    if one is None or other is None:
        return code == outer
    if outer == "PL":
        # The only prefix of several linters.
        return one["letters"].startswith("PL")
    return one["letters"] == other["letters"] and one["digits"].startswith(other["digits"])


def decided(project: Project, config: RuffConfig | None) -> Decided:
    """Return what a project's ruff, its flake8 and its commands decide."""
    table = mapping(config.table) if config is not None else {}
    lint = mapping(table.get("lint"))
    by_file: dict[str, tuple[str, ...]] = {}
    codes: set[str] = set()
    for held in (table, lint):
        for key in ("per-file-ignores", "extend-per-file-ignores"):
            for pattern, named in mapping(held.get(key)).items():
                by_file[pattern] = (*by_file.get(pattern, ()), *_codes(named))
        for key in ("select", "extend-select", "ignore", "extend-ignore"):
            codes.update(_codes(held.get(key)))
    codes.update(_of_commands(project))
    excluded: list[str] = []
    for file in FLAKE8_FILES:
        section = project.settings.sections.get(file, {}).get("flake8", {})
        stated = {key.replace("_", "-"): value for key, value in section.items()}
        for key in ("select", "extend-select", "ignore", "extend-ignore"):
            codes.update(_codes(SEPARATORS.split(stated.get(key, ""))))
        for key in ("exclude", "extend-exclude"):
            excluded += [one for one in SEPARATORS.split(stated.get(key, "")) if one]
        for pattern, named in _flake8_by_file(stated.get("per-file-ignores", "")):
            by_file[pattern] = (*by_file.get(pattern, ()), *_codes(named))
    everything = "ALL" in codes
    return Decided(frozenset(codes), by_file, everything, tuple(excluded))


def offered(project: Project, known: Decided) -> tuple[str, ...]:
    """Return the rules of the preset that a project has not decided about, () for none of them."""
    left_out = {*_covered(project)}
    if ASYNC_SIGNATURES & project.settings.dependencies:
        left_out.add("unused-async")
    return tuple(
        one for one in (*STABLE, *PREVIEW) if one not in left_out and not known.covers(one)
    )


def _covered(project: Project) -> Iterator[str]:
    """Yield what other tools of the project look for."""
    settings = project.settings
    tools = {one.tool for one in project.commands}
    if "isort" in tools or _sorts_imports(settings):
        yield "I"
    strict = any(one.tool == "mypy" and "--strict" in one.args for one in project.commands)
    if strict or _typed(settings):
        yield "ANN2"
    if "flake8" in tools or settings.section("flake8", *FLAKE8_FILES):
        yield from ("F", "E4", "E7", "E9")
        for package, codes in FLAKE8_PLUGINS.items():
            yield from codes if package in settings.dependencies else ()


def configuration(project: Project, config: RuffConfig | None, known: Decided) -> str:
    """Return the ruff.toml that offers a project the preset, for a run in `config`'s folder."""
    table = mapping(config.table) if config is not None else {}
    lint = mapping(table.get("lint"))
    chosen = offered(project, known)
    finer = sorted(
        code for code in known.codes if any(within(code, one) and code != one for one in chosen)
    )
    by_file = {pattern: [*IN_TESTS] for pattern in TESTS}
    by_file |= {pattern: [*IN_SCRIPTS] for pattern in SCRIPTS}
    for pattern, codes in known.by_file.items():
        by_file[pattern] = [*by_file.get(pattern, ()), *codes]
    tables = {name: each for name, each in lint.items() if name in PASSED_ON}
    bugbear = dict(mapping(tables.get("flake8-bugbear")))
    stated = bugbear.get("extend-immutable-calls")
    calls = [*map(str, stated)] if isinstance(stated, list) else []
    bugbear["extend-immutable-calls"] = [*calls, *INJECTED]
    document: dict[str, Any] = {
        **{key: table[key] for key in COPIED if key in table},
        "target-version": _target(table, project.python),
        "preview": True,
        "lint": {
            **tables,
            **{key: lint[key] for key in COPIED if key in lint},
            "flake8-bugbear": bugbear,
            "explicit-preview-rules": True,
            "select": [*chosen],
            "ignore": [*ALWAYS_LEFT, *finer],
            "per-file-ignores": by_file,
        },
    }
    if known.excluded:
        stated = document.get("extend-exclude")
        document["extend-exclude"] = [
            *(stated if isinstance(stated, list) else ()),
            *known.excluded,
        ]
    return tomli_w.dumps(document)


def _codes(values: object) -> tuple[str, ...]:
    listed = values if isinstance(values, list | tuple) else ()
    return tuple(one for one in map(str, listed) if CODE.fullmatch(one) or one in PREVIEW)


def _of_commands(project: Project) -> Iterator[str]:
    """Yield the codes that the project's own calls of ruff name."""
    for one in project.commands:
        if one.tool != "ruff":
            continue
        for at, word in enumerate(one.args):
            option, equals, value = word.partition("=")
            if option in OPTIONS:
                given = value if equals else "".join(one.args[at + 1 : at + 2])
                yield from _codes(SEPARATORS.split(given))


def _flake8_by_file(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the patterns of flake8's `per-file-ignores` with their codes."""
    for line in text.splitlines():
        pattern, colon, codes = line.partition(":")
        if colon:
            yield pattern.strip(), tuple(SEPARATORS.split(codes.strip()))


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
