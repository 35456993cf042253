"""What the methods of texts, lists and dicts give, as far as that follows from the values."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence

from mcp_server.conventions.python_files.values import (
    MAX_LENGTH,
    UNTOLD,
    Value,
    is_plain,
    items_of,
    word,
)
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import HERE


def joined(separator: str, values: Value) -> Value:
    """Return `separator.join(values)`."""
    found = items_of(values)
    if found is None or sum(len(word(one)) + len(separator) for one in found) > MAX_LENGTH:
        return UNTOLD
    return separator.join(word(one) for one in found)


def replaced(text: str, old: str, new: str, *_: Value) -> Value:
    """Return `text.replace(old, new)` unless it would grow without end."""
    if not old or text.count(old) * len(new) > MAX_LENGTH:
        return UNTOLD
    return text.replace(old, new)


def formatted(text: str, *values: Value, **named: Value) -> str:
    """Return `text.format(...)` for plain fields; any other field is unknown."""
    if _grows(text, "{", (*values, *named.values())):
        return UNKNOWN
    numbers = iter(range(len(values)))

    def value(match: re.Match[str]) -> str:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        name = match["name"]
        if name in named:
            return word(named[name])
        index = int(name) if name.isdigit() and len(name) < 4 else next(numbers, -1)
        return (
            word(values[index])
            if 0 <= index < len(values) and (not name or name.isdigit())
            else UNKNOWN
        )

    return re.sub(r"\{\{|\}\}|\{(?P<name>\w*)[^{}]*\}", value, text)


def interpolated(text: str, values: Value) -> str:
    """Return `text % values` for plain `%s` and `%d`; any other field is unknown."""
    operands = values if isinstance(values, tuple) else (values,)
    if _grows(text, "%", operands):
        return UNKNOWN
    given = iter(operands)

    def value(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        return word(next(given, UNTOLD)) if match[0] in {"%s", "%d"} else UNKNOWN

    return re.sub(r"%(?:[%sd]|\([^()]*\)[a-z]|.)", value, text)


def _grows(text: str, mark: str, values: Sequence[Value]) -> bool:
    """Tell whether filling values into a text may give one that is too long."""
    longest = max((len(word(one)) for one in values), default=0)
    return text.count(mark) * longest > MAX_LENGTH * 10


def join_path(*paths: Value) -> str:
    """Return `os.path.join(...)`."""
    return posixpath.join(*(word(one) for one in paths)) if paths else UNKNOWN


def parent(path: str) -> Value:
    """Return the folder of a path, `UNTOLD` above the file's own."""
    folder = posixpath.dirname(path)
    return UNTOLD if path == HERE else folder or "."


def absolute(path: str) -> str:
    """Return a path that does not depend on the folder it is used in."""
    return path if path.startswith(("/", HERE)) else posixpath.join(HERE, path)


def _same(path: str) -> str:
    return path


TEXT_METHODS: Mapping[str, Callable[..., Value]] = {
    "absolute": absolute,
    "as_posix": _same,
    "endswith": lambda text, end: UNTOLD if UNKNOWN in text else text.endswith(end),
    "format": formatted,
    "join": joined,
    "joinpath": join_path,
    "lower": str.lower,
    "lstrip": str.lstrip,
    "removeprefix": str.removeprefix,
    "removesuffix": str.removesuffix,
    "replace": replaced,
    "resolve": absolute,
    "rstrip": str.rstrip,
    "split": lambda text, by=None, *_: text.split(by),
    "splitlines": str.splitlines,
    "startswith": lambda text, start: UNTOLD if UNKNOWN in text else text.startswith(start),
    "strip": str.strip,
    "upper": str.upper,
}
TEXT_ATTRIBUTES: Mapping[str, Callable[[str], Value]] = {
    "name": posixpath.basename,
    "parent": parent,
    "stem": lambda path: posixpath.splitext(posixpath.basename(path))[0],
}


def _append(found: list[Value], value: Value) -> None:
    found.append(value)


def _extend(found: list[Value], values: Value) -> None:
    found.extend(items_of(values) or ([UNTOLD] if items_of(values) is None else []))


def _update(found: dict[Value, Value], values: Value = None, **named: Value) -> None:
    if values is not None:
        found.update(values if isinstance(values, dict) else {UNTOLD: UNTOLD})
    found.update(named)


LIST_METHODS: Mapping[str, Callable[..., Value]] = {
    "add": _append,
    "append": _append,
    "copy": list,
    "extend": _extend,
    "insert": lambda found, index, value: found.insert(index, value),
    "update": _extend,
}


def _get(found: dict[Value, Value], key: Value, other: Value = None) -> Value:
    return UNTOLD if UNTOLD in found or not is_plain(key) else found.get(key, other)


def _pop(found: dict[Value, Value], key: Value, other: Value = UNTOLD) -> Value:
    return found.pop(key, other) if is_plain(key) else UNTOLD


def _setdefault(found: dict[Value, Value], key: Value, other: Value = None) -> Value:
    return found.setdefault(key, other) if is_plain(key) else UNTOLD


DICT_METHODS: Mapping[str, Callable[..., Value]] = {
    "copy": dict,
    "get": _get,
    "items": lambda found: (
        UNTOLD if UNTOLD in found else [(key, one) for key, one in found.items()]
    ),
    "keys": lambda found: UNTOLD if UNTOLD in found else list(found),
    "pop": _pop,
    "setdefault": _setdefault,
    "update": _update,
    "values": lambda found: UNTOLD if UNTOLD in found else list(found.values()),
}

OWNERS: Mapping[type, Mapping[str, Callable[..., Value]]] = {
    str: TEXT_METHODS,
    list: LIST_METHODS,
    dict: DICT_METHODS,
}
