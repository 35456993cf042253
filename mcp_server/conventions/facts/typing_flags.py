"""Reads which type checkers a project has, how strict they are and what loosens them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcp_server.conventions.facts.config import Config
from mcp_server.conventions.files.settings import mapping
from mcp_server.facts import Fact, TypingFacts

MYPY_FILES = (("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("setup.cfg", "mypy"))
MYPY_FLAGS = (
    "strict disallow_untyped_defs disallow_incomplete_defs disallow_any_generics "
    "disallow_untyped_calls disallow_any_explicit disallow_any_unimported check_untyped_defs "
    "no_implicit_optional no_implicit_reexport warn_return_any warn_unreachable strict_equality "
    "warn_unused_ignores".split()
)
LOOSER = ("ignore_errors", "follow_imports")
TRUE = frozenset({"true", "1", "yes", "on"})
OTHERS = ("pyright", "basedpyright", "ty", "pyrefly")


def read_typing(chain: Sequence[Config]) -> TypingFacts:
    """Return the checkers of the nearest folder that configures any."""
    for config in chain:
        checkers = [*_checkers(config)]
        if checkers:
            options, overrides = _mypy(config)
            return TypingFacts(
                checkers=tuple(checkers),
                strictness=tuple(_strictness(config, options)),
                loosened=sum(any(_loosens(*item) for item in one.items()) for one in overrides),
                plugins=tuple(_names(options.get("plugins"))),
            )
    return TypingFacts()


def _checkers(config: Config) -> Iterator[Fact]:
    if "mypy" in config.settings.tables:
        yield Fact("mypy", config.at_table("mypy"))
    else:
        for name, section in MYPY_FILES:
            if section in config.settings.sections.get(name, {}):
                yield Fact("mypy", config.at(name, section))
                break
    for tool in OTHERS:
        if tool in config.settings.tables:
            yield Fact(tool, config.at_table(tool))
    if "pyrightconfig.json" in config.settings.files:
        yield Fact("pyright", config.path("pyrightconfig.json"))


def _mypy(config: Config) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """Return mypy's own options and those of its overrides."""
    if "mypy" in config.settings.tables:
        table = config.table("mypy")
        stated = table.get("overrides")
        return table, [mapping(one) for one in stated] if isinstance(stated, list) else []
    for name, section in MYPY_FILES:
        sections = config.settings.sections.get(name, {})
        if section in sections:
            return sections[section], [
                one for title, one in sections.items() if title.startswith("mypy-")
            ]
    return {}, []


def _strictness(config: Config, options: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what makes the checkers strict; `strict` holds the other flags of mypy in it."""
    name = next((one for one, _ in MYPY_FILES if one in config.settings.files), "")
    flags = [flag for flag in MYPY_FLAGS if _true(options.get(flag))]
    for flag in flags[:1] if flags[:1] == ["strict"] else flags:
        in_table = "mypy" in config.settings.tables
        at = config.at_table("mypy", flag) if in_table else config.at(name, f"mypy.{flag}")
        yield Fact(f"mypy {flag}", at)
    for tool in ("pyright", "basedpyright"):
        found = config.setting(tool, "typeCheckingMode")
        if found and isinstance(found[0], str):
            yield Fact(f"{tool} {found[0][:20]}", found[1])
        found = config.setting(tool, "strict")
        if found and isinstance(found[0], list) and found[0]:
            yield Fact(f"{tool} strict in {len(found[0])} paths", found[1])
    mode = _json(config).get("typeCheckingMode")
    if isinstance(mode, str):
        yield Fact(f"pyright {mode[:20]}", config.path("pyrightconfig.json"))


def _json(config: Config) -> dict[str, Any]:
    if "pyrightconfig.json" not in config.settings.files:
        return {}
    try:
        return mapping(json.loads(config.text("pyrightconfig.json") or "{}"))
    except (ValueError, RecursionError):
        # It may hold comments, which pyright reads and JSON does not have.
        return {}


def _loosens(key: str, value: object) -> bool:
    """Tell whether an override's option asks less than the rest; missing imports are no code."""
    text = str(value).strip().lower()
    if key in LOOSER:
        return text in TRUE or text in {"skip", "silent"}
    return key in MYPY_FLAGS and text in {"false", "0", "no", "off"}


def _true(value: object) -> bool:
    return str(value).strip().lower() in TRUE


def _names(value: object) -> list[str]:
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    return [one for one in parts if isinstance(one, str)] if isinstance(parts, list) else []
