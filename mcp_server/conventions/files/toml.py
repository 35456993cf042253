"""Reads TOML into plain tables, refusing what would take tomllib's memory instead of its time."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from mcp_server.conventions.files.reading import read_text

MOST_DOTS = 64
"""How many dots a line may have outside of strings. A key of 20,000 parts takes tomllib 1.5 GB and
15 s, one of 64 nothing; the longest keys of the public projects seen have 6 parts."""
QUOTED = re.compile(r"\"[^\"\n]*+\"|'[^'\n]*+'")


# Several readers ask for pyproject.toml; none of them changes what it gets.
@lru_cache(maxsize=8)
def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a text. Raises `ValueError` with a one-line reason for any other."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS and QUOTED.sub("", line).count(".") > MOST_DOTS:
            msg = f"it has a key of more than {MOST_DOTS} parts in line {number}"
            raise ValueError(msg)
    try:
        return tomllib.loads(text)
    except RecursionError:
        msg = "it nests too deep"
        raise ValueError(msg) from None
    except ValueError as error:
        msg = f"it is no TOML: {str(error).replace(chr(10), ' ')}"
        raise ValueError(msg) from None


def toml_file(path: Path) -> dict[str, Any]:
    """Return the tables of a file, none where it is missing or cannot be understood."""
    try:
        return parse_toml(read_text(path) or "")
    except ValueError:
        return {}
