"""Reads what a project says of hdb's own rules, under `[tool.hdb.rules]`."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_server.advice.patterns import Pattern, read_pattern
from mcp_server.repository import Conventions, Project
from mcp_server.rules import Rule, rules

LISTS = ("gate", "ignore")
PER_FILE = "per-file-ignores"
FILES = "files"
PRESET = "preset"
KNOWN = ("gate", "ignore", PER_FILE, FILES, PRESET)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """Which rules fail the check, which are not asked, and of which files all are asked.

    `everything` is whether advice is given on all files and not only on those of the change.
    `preset` is whether ruff's rules are offered. `stated` is whether the project says anything.
    """

    path: str = "."
    gate: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    by_file: tuple[tuple[Pattern, frozenset[str]], ...] = ()
    everything: bool = False
    preset: bool = True
    stated: bool = False

    def ignored(self, path: str) -> frozenset[str]:
        """Return the rules that are not asked about a file of the project."""
        inside = posixpath.relpath(path, self.path)
        found = (names for pattern, names in self.by_file if pattern.holds(inside))
        return self.ignore.union(*found)


def read_all(conventions: Conventions) -> dict[str, RuleSettings]:
    """Return the settings of every project by its folder."""
    return {one.path: read_settings(one) for one in conventions.projects}


def read_settings(project: Project) -> RuleSettings:
    """Return what a project states."""
    table = project.settings.tables.get("hdb", {}).get("rules")
    if table is None:
        return RuleSettings(path=project.path)
    stated: Mapping[str, Any] = table if isinstance(table, dict) else {}
    by_file = stated.get(PER_FILE)
    patterns = by_file.items() if isinstance(by_file, dict) else ()
    read = ((read_pattern(text), _names(value)) for text, value in patterns)
    return RuleSettings(
        path=project.path,
        gate=_names(stated.get("gate")),
        ignore=_names(stated.get("ignore")),
        by_file=tuple((pattern, names) for pattern, names in read if pattern is not None),
        everything=stated.get(FILES) == "all",
        preset=stated.get(PRESET) is not False,
        stated=True,
    )


def misstated(conventions: Conventions) -> tuple[str, ...]:
    """Return what projects state under `[tool.hdb.rules]` and cannot be meant."""
    found: dict[str, None] = {}
    for one in conventions.projects:
        table = one.settings.tables.get("hdb", {}).get("rules")
        if table is not None:
            found |= dict.fromkeys(_problems(label(one.path), table))
    return tuple(found)


def label(path: str) -> str:
    """Return how a project's table is called in texts."""
    file = "pyproject.toml" if path == "." else f"{path}/pyproject.toml"
    return f"{file} [tool.hdb.rules]"


def named(name: str, known: Mapping[str, Rule]) -> Rule | None:
    """Return the rule of a name; the codes under which a step reports it are names of it, too."""
    coded = (one for one in known.values() if name in one.reported_as)
    return known.get(name) or next(coded, None)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a question that names the rule that was probably meant, "" where none is near."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _names(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


def _problems(where: str, table: object) -> Iterator[str]:
    if not isinstance(table, dict):
        yield f"{where} must be a table with {', '.join(KNOWN)}"
        return
    for name, value in table.items():
        if name in LISTS:
            yield from _misnamed(f"{where} {name}", value)
        elif name == PER_FILE:
            yield from _per_file(f"{where} {name}", value)
        elif name == PRESET:
            if not isinstance(value, bool):
                yield f"{where} {name} must be true or false"
        elif name != FILES:
            yield f"{where} has no setting {name!r}: it knows {', '.join(KNOWN)}"
        elif value not in ("change", "all"):
            yield f'{where} {name} must be "change" or "all"'
    for one in sorted(_names(table.get("gate")) & _names(table.get("ignore"))):
        yield f"{where} both gates and ignores {one!r}: leave out one"


def _per_file(where: str, value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} must be a table of patterns, each with a list of rules"
        return
    for text, names in value.items():
        if read_pattern(text) is None:
            yield f"{where} has a pattern with too many alternatives: {text[:80]!r}"
        yield from _misnamed(f"{where} {text[:80]!r}", names)


def _misnamed(where: str, value: object) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where} must be a list of rules"
        return
    known = rules()
    for one in sorted(set(map(str, value))):
        rule = named(one, known)
        if rule is None:
            more = nearest(one, known) or "; `hdb rules` lists them"
            yield f"{where} names {one!r}, which is no rule{more}"
        elif rule.check is None:
            codes = ", ".join(rule.reported_as) or rule.name
            yield (
                f"{where} names {one!r}, which the migrations step reports: "
                f"put {codes} under [tool.hdb.migrations]"
            )
