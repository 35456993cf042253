"""Reads how code is laid out: line length, docstrings and the sorting of imports, and who says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mcp_server.conventions.facts.config import Config
from mcp_server.conventions.facts.lines import key_lines
from mcp_server.conventions.facts.quotes import read_quotes
from mcp_server.conventions.facts.sample import Sample
from mcp_server.facts import Fact, StyleFacts

FLAKE8_FILES = (("setup.cfg", "flake8"), ("tox.ini", "flake8"), (".flake8", "flake8"))
ISORT_FILES = ((".isort.cfg", "settings"), ("setup.cfg", "isort"), ("tox.ini", "isort"))
DEFAULT = 88
"""The line length of black and of ruff where they are told none, from their documentation."""
DIGITS = re.compile(r"\s{0,9}(\d{1,4})\b")


def read_style(chain: Sequence[Config], sample: Sample) -> StyleFacts:
    """Return the effective settings: the formatter's word counts before a linter's."""
    lengths = [*_lengths(chain)]
    first = lengths[0] if lengths else None
    return StyleFacts(
        line_length=Fact(f"{first[1]} columns, says {first[0]}", first[2]) if first else None,
        quotes=read_quotes(chain, sample),
        docstrings=next((one for config in chain for one in _docstrings(config)), None),
        imports=next((one for config in chain for one in _imports(config)), None),
        disagreements=tuple(
            Fact(f"{tool} allows {length} columns", source)
            for tool, length, source in lengths[1:]
            if first and length != first[1] and not tool.endswith("default")
        ),
    )


def _lengths(chain: Sequence[Config]) -> Iterator[tuple[str, int, str]]:
    """Yield each tool's line length, the tool whose word counts most first."""
    black = next((one for one in chain if "black" in one.settings.tables), None)
    ruff = next((one for one in chain if "ruff" in one.settings.tables), None)
    formats = ruff is not None and "format" in ruff.table("ruff")
    pairs = [("ruff", ruff), ("black", black)] if formats else [("black", black), ("ruff", ruff)]
    for tool, config in pairs:
        if config is None:
            continue
        found = config.setting(tool, "line-length", "line_length")
        if found is None:
            yield f"{tool}'s default", DEFAULT, config.at_table(tool)
        elif (length := _number(found[0])) is not None:
            yield tool, length, found[1]
    for config in chain:
        for tool, found in _linters(config):
            if found and (length := _number(found[0])) is not None:
                yield tool, length, found[1]


def _linters(config: Config) -> Iterator[tuple[str, tuple[object, str] | None]]:
    yield "pycodestyle in ruff", config.setting("ruff", "lint.pycodestyle.max-line-length")
    yield "flake8", config.setting("flake8", "max-line-length", "max_line_length")
    yield "flake8", config.option("max-line-length", *FLAKE8_FILES)
    yield "pycodestyle", config.option("max-line-length", ("setup.cfg", "pycodestyle"))
    yield "isort", config.setting("isort", "line_length")
    yield "isort", config.option("line_length", *ISORT_FILES)
    yield "editorconfig", _editorconfig(config)


def _editorconfig(config: Config) -> tuple[object, str] | None:
    """Return the length for Python files; the settings' parser knows no empty first section."""
    if ".editorconfig" not in config.settings.files:
        return None
    text = config.text(".editorconfig") or ""
    lines = key_lines(text)
    for section in ("*.py", "*.{py,pyi}", "*.{py,toml}", "**.py", "*"):
        line = lines.get(f"{section}.max_line_length")
        if line:
            value = text.splitlines()[line - 1].partition("=")[2]
            return value, f"{config.path('.editorconfig')}:{line}"
    return None


def _number(value: object) -> int | None:
    match = DIGITS.match(str(value))
    return int(match[1]) if match and not isinstance(value, bool) else None


def _docstrings(config: Config) -> Iterator[Fact]:
    for found in (
        config.setting("ruff", "lint.pydocstyle.convention", "pydocstyle.convention"),
        config.setting("pydocstyle", "convention"),
        config.option("convention", ("setup.cfg", "pydocstyle"), ("tox.ini", "pydocstyle")),
        config.option("docstring-convention", *FLAKE8_FILES),
        config.option("docstring_convention", *FLAKE8_FILES),
    ):
        if found and isinstance(found[0], str):
            yield Fact(found[0][:40], found[1])


def _imports(config: Config) -> Iterator[Fact]:
    for found in (config.setting("isort", "profile"), config.option("profile", *ISORT_FILES)):
        if found and isinstance(found[0], str):
            yield Fact(f"isort, profile {found[0][:40]}", found[1])
    for key in ("lint.select", "lint.extend-select", "select", "extend-select"):
        found = config.setting("ruff", key)
        rules = found[0] if found and isinstance(found[0], list) else []
        if found and any(one in {"ALL", "I", "I0", "I00", "I001"} for one in rules):
            single = config.setting("ruff", "lint.isort.force-single-line")
            how = ", one a line" if single and single[0] is True else ""
            yield Fact(f"ruff, rule I{how}", found[1])
    if "isort" in config.settings.tables:
        yield Fact("isort, without a profile", config.at_table("isort"))
    else:
        for name, section in ISORT_FILES:
            if section in config.settings.sections.get(name, {}):
                yield Fact("isort, without a profile", config.at(name, section))
