"""Reads which packages a project declares with which versions, from every form in use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.utils import canonicalize_name

from mcp_server.conventions.facts.config import PYPROJECT, Config
from mcp_server.conventions.files.settings import mapping
from mcp_server.facts import Fact

REQUIREMENT = re.compile(
    r"\s{0,20}([A-Za-z0-9][A-Za-z0-9._-]{0,80})\s{0,9}(?:\[[^\]\n]{0,200}\])?\s{0,9}"
    r"(\(?[=<>~!^][^;#\\\n]{0,120})?"
)
QUOTED = re.compile(
    r"""["']([A-Za-z0-9][\w.-]{0,80}(?:\[[^\]\n]{0,80}\])?[=<>~!]{1,2}[^"'\n]{1,80})["']"""
)
TEXTS = re.compile(r"^(?:.*-)?requirements.*\.(?:txt|in)$")


def requirements(config: Config) -> dict[str, Fact]:
    """Return the specifier of each declared package by its normalised name, "" where it has none.

    What is declared first counts: the project's own needs, then extras and groups, then files.
    """
    found: dict[str, Fact] = {}
    for text, source in _declared(config):
        match = REQUIREMENT.match(text)
        if match:
            specifier = (match[2] or "").strip().strip("()")
            found.setdefault(canonicalize_name(match[1]), Fact(specifier, source))
    return found


def _declared(config: Config) -> Iterator[tuple[str, str]]:
    project = mapping(config.pyproject.get("project"))
    own = config.at(PYPROJECT, "project.dependencies")
    yield from ((one, own) for one in _texts(project.get("dependencies")))
    poetry = config.table("poetry")
    yield from _poetry(poetry.get("dependencies"), config, "tool.poetry.dependencies")
    groups = (
        ("project.optional-dependencies", project.get("optional-dependencies")),
        ("dependency-groups", config.pyproject.get("dependency-groups")),
        ("tool.pdm.dev-dependencies", config.table("pdm").get("dev-dependencies")),
        ("tool.uv", {"dev-dependencies": config.table("uv").get("dev-dependencies")}),
    )
    for key, group in groups:
        for name, values in mapping(group).items():
            source = config.at(PYPROJECT, f"{key}.{name}")
            yield from ((one, source) for one in _texts(values))
    yield from _poetry(poetry.get("dev-dependencies"), config, "tool.poetry.dev-dependencies")
    for name, group in mapping(poetry.get("group")).items():
        yield from _poetry(
            mapping(group).get("dependencies"), config, f"tool.poetry.group.{name}.dependencies"
        )
    yield from _of_setup(config)


def _of_setup(config: Config) -> Iterator[tuple[str, str]]:
    sections = config.settings.sections.get("setup.cfg", {})
    source = config.at("setup.cfg", "options.install_requires")
    lists: list[Mapping[str, str]] = [
        {"install_requires": sections.get("options", {}).get("install_requires", "")},
        sections.get("options.extras_require", {}),
    ]
    for values in lists:
        for text in values.values():
            yield from ((line, source) for line in text.splitlines() if line.strip())
    if "setup.py" in config.settings.files:
        text = config.text("setup.py") or ""
        yield from ((one, config.path("setup.py")) for one in QUOTED.findall(text))


def requirement_texts(config: Config, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the requirements files of a folder as path and text, the runtime's first."""
    prefix = config.path("requirements") + "/"
    inside = [name for name in names if name.startswith(prefix) and name.endswith((".txt", ".in"))]
    loose = [config.path(name) for name in config.settings.files if TEXTS.match(name)]
    order = ("requirements.txt", "main.txt", "base.txt")
    paths = sorted({*loose, *inside}, key=lambda path: (path.rpartition("/")[2] not in order, path))
    for path in paths[:20]:
        text = config.place.text(path)
        if text:
            yield path, text


def _texts(values: object) -> list[str]:
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []


def _poetry(table: object, config: Config, key: str) -> Iterator[tuple[str, str]]:
    for name, value in mapping(table).items():
        version: Any = value.get("version") if isinstance(value, dict) else value
        if name.lower() != "python":
            text = version if isinstance(version, str) and version != "*" else ""
            exact = f"=={text}" if text[:1].isdigit() else text
            yield f"{name}{exact}", config.at(PYPROJECT, f"{key}.{name}")
