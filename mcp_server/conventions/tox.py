"""Reads the environments of a tox configuration, with tox's own substitutions resolved."""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_server.conventions.shell import UNREADABLE
from mcp_server.conventions.words import UNKNOWN

SECTION = "testenv"
SUBSTITUTION = re.compile(r"\{(?P<name>[a-z_]+)?(?P<rest>:[^{}]*)?\}")
REFERENCE = re.compile(r"\{\[(?P<section>[^\]]+)\](?P<key>\w+)\}")
FOLDERS = {"toxinidir": ".", "tox_root": ".", "/": "/", "envpython": "python", "changedir": "."}
FACTOR = re.compile(r"^(?P<factors>[\w{},.!-]+):\s+(?P<line>.*)$")
SETTING = re.compile(r"^([A-Za-z_]\w*)\s*=\s*(.*)$")

Sections = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ToxTarget:
    """One environment: its commands as lines, `UNKNOWN` where only tox could tell."""

    name: str
    source: str
    lines: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = "."


def of_ini(sections: Sections, source: str) -> list[ToxTarget]:
    """Return `[testenv]` and each `[testenv:NAME]` that has commands of its own."""
    found = []
    for section, values in sections.items():
        base, _, name = section.partition(":")
        if base != SECTION or not values.get("commands", "").strip():
            continue
        settings = "\n".join(values.get(key, "") for key in ("setenv", "set_env"))
        lines = _lines(settings, name, sections)
        env = {match[1]: match[2] for line in lines if (match := SETTING.match(line))}
        folder = _resolve(values.get("changedir", "") or values.get("change_dir", "") or ".")
        found.append(
            ToxTarget(
                name or SECTION,
                source.format(section),
                tuple(line.lstrip("-! ") for line in _lines(values["commands"], name, sections)),
                {key: value for key, value in env.items() if UNKNOWN not in value},
                folder,
            )
        )
    return found


def of_toml(table: Mapping[str, Any], source: str) -> list[ToxTarget]:
    """Return the environments of `[tool.tox]` or tox.toml; an older text in it is read as INI."""
    legacy = table.get("legacy_tox_ini")
    if isinstance(legacy, str):
        return of_ini(_sections(legacy), source.replace(".{}", " {}"))
    named = table.get("env", {})
    environments = {SECTION: ("env_run_base", table.get("env_run_base"))}
    for name, value in named.items() if isinstance(named, dict) else ():
        environments[name] = (f"env.{name}", value)
    found = []
    for name, (place, value) in environments.items():
        commands = value.get("commands") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(commands, list):
            continue
        settings = value.get("set_env", {})
        env = settings if isinstance(settings, dict) else {}
        resolved = {key: _resolve(one) for key, one in env.items() if isinstance(one, str)}
        folder = value.get("change_dir", ".")
        found.append(
            ToxTarget(
                name,
                source.format(place),
                tuple(_toml_line(command) for command in commands if isinstance(command, list)),
                {key: one for key, one in resolved.items() if UNKNOWN not in one},
                _resolve(folder if isinstance(folder, str) else "."),
            )
        )
    return found


def _sections(text: str) -> Sections:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {name: {k: v or "" for k, v in parser.items(name)} for name in parser.sections()}


def _lines(text: str, name: str, sections: Sections) -> list[str]:
    """Return the logical lines that concern the environment `name`, substitutions resolved."""
    for _ in range(4):
        text = REFERENCE.sub(
            lambda match: sections.get(match["section"], {}).get(match["key"], UNKNOWN), text
        )
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    stripped = (line.strip() for line in joined.splitlines())
    return [
        _resolve(line)
        for one in stripped
        if one and not one.startswith("#") and (line := _of_factor(one, name))
    ]


def _of_factor(line: str, name: str) -> str:
    """Return a line that concerns the environment, without its condition; empty for another's."""
    match = FACTOR.match(line)
    if match is None:
        return line
    factors = match["factors"]
    if "{" in factors or "," in factors:
        return f"{UNREADABLE}{match['line']}"
    own = set(name.split("-"))
    wanted = factors.split("-")
    met = all((one[1:] not in own) if one.startswith("!") else (one in own) for one in wanted)
    return match["line"] if met else ""


def _toml_line(command: Iterable[object]) -> str:
    words = [word for item in command for word in _toml_words(item)]
    return shlex.join(words)


def _toml_words(item: object) -> Iterator[str]:
    """Yield the words that one item of a command stands for."""
    if isinstance(item, str):
        yield _resolve(item)
        return
    default = item.get("default") if isinstance(item, dict) else None
    replaced = item.get("replace") if isinstance(item, dict) else None
    if replaced == "posargs":
        yield from (str(one) for one in (default if isinstance(default, list) else []))
    elif replaced == "env" and isinstance(default, str):
        yield default
    else:
        yield UNKNOWN


def _resolve(text: str) -> str:
    for _ in range(4):
        resolved = SUBSTITUTION.sub(_value, text)
        if resolved == text:
            break
        text = resolved
    return text


def _value(match: re.Match[str]) -> str:
    name, rest = match["name"] or "", (match["rest"] or "")[1:]
    if name == "posargs":
        return rest
    if name == "env":
        return rest.partition(":")[2]
    return FOLDERS.get(name, UNKNOWN)
