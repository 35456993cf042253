"""Finds the line of the project's code that something is about: a revision's, or a model's."""

from __future__ import annotations

import inspect
import re
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def place_of_error(error: BaseException, file: str | None) -> tuple[str | None, int | None]:
    """Return the deepest line of a file that an error came through, by default its first."""
    frames = [
        one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == file
    ]
    return file, frames[-1] if frames else 1


def place_of_name(name: str, files: Iterable[str]) -> tuple[str | None, int | None]:
    """Return where the first of some files names something in quotes."""
    bare = re.escape(name.rpartition(".")[2])
    pattern = re.compile(rf"""["'`\s.]{bare}["'`\s(;]""")
    for file in files:
        try:
            lines = Path(file).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            continue
        for number, line in enumerate(lines, 1):
            if pattern.search(line):
                return file, number
    return None, None


def place_of_table(table: str) -> tuple[str | None, int | None]:
    """Return where the class of a table is defined."""
    for module in list(sys.modules.values()):
        for one in list(vars(module).values()) if hasattr(module, "__dict__") else []:
            known: Any = getattr(one, "__table__", None) if isinstance(one, type) else None
            if known is not None and getattr(known, "fullname", None) == table:
                try:
                    return inspect.getsourcefile(one), inspect.getsourcelines(one)[1]
                except (OSError, TypeError):
                    return None, None
    return None, None


def first_words(error: BaseException) -> str:
    """Return the first line of what an error says, a database's own words where it has them."""
    inner = getattr(error, "orig", None) or error
    lines: list[str] = str(inner).strip().splitlines()
    return f"{type(inner).__name__}: {lines[0]}" if lines else type(inner).__name__
