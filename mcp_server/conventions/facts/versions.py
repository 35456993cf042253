"""Reads which Python versions a project is for, and which tools are told another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mcp_server.conventions.facts.config import PYPROJECT, Config
from mcp_server.conventions.files.settings import mapping
from mcp_server.facts import Fact, PythonFacts

LOWEST = re.compile(r"(?:>=|~=|\^|~|==)\s{0,9}(\d{1,2})\.(\d{1,3})")
SHORT = re.compile(r"py(\d)(\d{1,3})")
PLAIN = re.compile(r"(\d{1,2})\.(\d{1,3})")
SETUP_PY = re.compile(r"""python_requires\s{0,9}=\s{0,9}["']([^"'\n]{1,80})["']""")


def read_versions(chain: Sequence[Config]) -> PythonFacts:
    """Return the stated version, the pinned interpreter and the targets that differ."""
    requires = next((found for one in chain for found in _requires(one)), None)
    lowest = LOWEST.search(requires.text) if requires else None
    targets = [target for target in _targets(chain) if lowest and _differs(target, lowest)]
    return PythonFacts(requires=requires, pinned=_pinned(chain), targets=tuple(targets))


def _requires(config: Config) -> Iterator[Fact]:
    poetry = mapping(mapping(config.table("poetry")).get("dependencies"))
    stated = (
        (
            mapping(config.pyproject.get("project")).get("requires-python"),
            "project.requires-python",
        ),
        (poetry.get("python"), "tool.poetry.dependencies.python"),
    )
    for value, key in stated:
        if isinstance(value, str) and value:
            yield Fact(value, config.at(PYPROJECT, key))
    if found := config.option("python_requires", ("setup.cfg", "options")):
        yield Fact(*found)
    if "setup.py" in config.settings.files:
        text = config.text("setup.py") or ""
        if match := SETUP_PY.search(text):
            line = text.count("\n", 0, match.start()) + 1
            yield Fact(match[1], f"{config.path('setup.py')}:{line}")


def _pinned(chain: Sequence[Config]) -> Fact | None:
    for config in chain:
        if ".python-version" in config.settings.files:
            lines = (config.text(".python-version") or "").split()
            if lines:
                return Fact(lines[0][:40], f"{config.path('.python-version')}:1")
    return None


def _targets(chain: Sequence[Config]) -> Iterator[Fact]:
    """Yield the versions that tools are told, as `ruff 3.11`."""
    for tool, key in (("ruff", "target-version"), ("black", "target-version")):
        found = next((one for config in chain if (one := config.setting(tool, key))), None)
        if found:
            values = found[0] if isinstance(found[0], list) else [found[0]]
            versions = [match for one in values if (match := SHORT.fullmatch(str(one)))]
            if versions:
                least = min(versions, key=lambda one: (int(one[1]), int(one[2])))
                yield Fact(f"{tool} is told Python {least[1]}.{least[2]}", found[1])
    for config in chain:
        found = config.setting("mypy", "python_version") or config.option(
            "python_version", ("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("setup.cfg", "mypy")
        )
        if found:
            yield Fact(f"mypy is told Python {str(found[0])[:20]}", found[1])
            return


def _differs(target: Fact, lowest: re.Match[str]) -> bool:
    stated = PLAIN.search(target.text)
    return stated is not None and stated.groups() != lowest.groups()
