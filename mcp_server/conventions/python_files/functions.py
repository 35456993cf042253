"""The functions and constants of Python whose value follows from the arguments alone."""

from __future__ import annotations

import posixpath
import shlex
import sys
import textwrap
from collections.abc import Callable, Mapping

from mcp_server.conventions.python_files.methods import absolute, join_path, parent
from mcp_server.conventions.python_files.values import (
    MAX_ITEMS,
    UNTOLD,
    Ref,
    Value,
    items_of,
    truth,
    word,
)
from mcp_server.conventions.tasks.commands import HERE


def split_shell(text: str) -> Value:
    """Return `shlex.split(text)`, `UNTOLD` where its quoting is broken."""
    try:
        return shlex.split(text)
    except ValueError:
        return UNTOLD


def _listed(values: Value = ()) -> Value:
    found = items_of(values)
    return UNTOLD if found is None else found


def _range(*bounds: Value) -> Value:
    small = all(type(one) is int and abs(one) <= MAX_ITEMS for one in bounds)
    return list(range(*bounds)) if small and bounds else UNTOLD


def _enumerate(values: Value, *_: Value) -> Value:
    found = items_of(values)
    return UNTOLD if found is None else list(enumerate(found))


def _zip(*values: Value) -> Value:
    found = [items_of(one) for one in values]
    return (
        UNTOLD
        if any(one is None for one in found)
        else list(zip(*(one or [] for one in found), strict=False))
    )


def _sorted(values: Value, *_: Value) -> Value:
    found = items_of(values)
    return (
        sorted(found)
        if found is not None and all(isinstance(one, str) for one in found)
        else UNTOLD
    )


def _dict(values: Value = (), **named: Value) -> Value:
    if isinstance(values, dict):
        return {**values, **named}
    return dict(named) if values == () else UNTOLD


def _length(values: Value) -> Value:
    found = items_of(values)
    return UNTOLD if found is None or UNTOLD in found else len(found)


def _instance(value: Value, kind: Value) -> Value:
    kinds = {
        Ref("str"): str,
        Ref("bool"): bool,
        Ref("int"): int,
        Ref("list"): list,
        Ref("tuple"): tuple,
    }
    known = kinds.get(kind) if isinstance(kind, Ref) else None
    return UNTOLD if known is None or value is UNTOLD else isinstance(value, known)


def _bool(value: Value = False) -> Value:  # noqa: FBT002
    verdict = truth(value)
    return UNTOLD if verdict is None else verdict


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "bool": _bool,
    "dict": _dict,
    "enumerate": _enumerate,
    "isinstance": _instance,
    "len": _length,
    "list": _listed,
    "os.fspath": word,
    "os.fsdecode": word,
    "os.getcwd": lambda: HERE,
    "os.path.abspath": absolute,
    "os.path.basename": posixpath.basename,
    "os.path.dirname": parent,
    "os.path.join": join_path,
    "os.path.normpath": lambda path: (
        UNTOLD if HERE in path and ".." in path else posixpath.normpath(path)
    ),
    "os.path.realpath": absolute,
    "pathlib.Path": lambda *paths: join_path(*paths) if paths else ".",
    "pathlib.Path.cwd": lambda: HERE,
    "pathlib.PurePath": lambda *paths: join_path(*paths) if paths else ".",
    "platform.system": lambda: "Darwin" if sys.platform == "darwin" else "Linux",
    "print": lambda *_, **__: None,
    "range": _range,
    "set": _listed,
    "shlex.join": lambda values: shlex.join(word(one) for one in items_of(values) or [UNTOLD]),
    "shlex.quote": shlex.quote,
    "shlex.split": split_shell,
    "sorted": _sorted,
    "str": word,
    "textwrap.dedent": textwrap.dedent,
    "tuple": lambda values=(): (
        UNTOLD if items_of(values) is None else tuple(items_of(values) or ())
    ),
    "zip": _zip,
}
CONSTANTS: Mapping[str, Value] = {
    "os.curdir": ".",
    "os.linesep": "\n",
    "os.name": "posix",
    "os.pathsep": ":",
    "os.sep": "/",
    "sys.executable": "python",
    "sys.platform": sys.platform,
    "typing.TYPE_CHECKING": False,
}
