"""The functions of just whose value follows from their arguments alone."""

from __future__ import annotations

import posixpath
import shlex
import sys
from collections.abc import Callable

from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import HERE


def parent(path: str) -> str:
    """Return the folder of a path, `UNKNOWN` where it has none to speak of."""
    return posixpath.dirname(path) or UNKNOWN


FUNCTIONS: dict[str, Callable[..., str]] = {
    "append": lambda suffix, text: " ".join(word + suffix for word in text.split()),
    "prepend": lambda prefix, text: " ".join(prefix + word for word in text.split()),
    "clean": lambda path: UNKNOWN if HERE in path and ".." in path else posixpath.normpath(path),
    "extension": lambda path: posixpath.splitext(path)[1].lstrip(".") or UNKNOWN,
    "file_name": posixpath.basename,
    "file_stem": lambda path: posixpath.splitext(posixpath.basename(path))[0],
    "is_dependency": lambda: "false",
    "join": posixpath.join,
    "just_executable": lambda: "just",
    "justfile_dir": lambda: HERE,
    "justfile_directory": lambda: HERE,
    "lowercase": str.lower,
    "os": lambda: "macos" if sys.platform == "darwin" else "linux",
    "os_family": lambda: "unix",
    "parent_dir": parent,
    "parent_directory": parent,
    "quote": shlex.quote,
    "replace": str.replace,
    # It gives the program's whole path, which starts what its name starts.
    "require": lambda name: name,
    "trim": str.strip,
    "trim_end": str.rstrip,
    "trim_end_match": str.removesuffix,
    "trim_start": str.lstrip,
    "trim_start_match": str.removeprefix,
    "uppercase": str.upper,
    "without_extension": lambda path: posixpath.splitext(path)[0],
}
DEFAULTED = frozenset({"env", "env_var_or_default"})
