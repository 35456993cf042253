"""Reads the environments of tox.toml and of pyproject.toml's `[tool.tox]`."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tox.factors import MAX_NAMES, names_of
from mcp_server.conventions.tox.lines import with_line
from mcp_server.conventions.tox.substitution import Context, resolve
from mcp_server.conventions.tox.targets import SECTION, ToxTarget, marked, merged, required

BASE = "env_run_base"
MAX_DEPTH = 5
"""How deep references (`replace = "ref"`) may lead to each other."""
MAX_WORDS = 2_000
"""How many words one command may have once its references are followed."""


def of_tables(
    table: Mapping[str, Any],
    source: str,
    *,
    lines: Mapping[str, int] | None = None,
    posargs: Sequence[str] | None = None,
) -> list[ToxTarget]:
    """Return the environments of a table, `source` and the rest as for `of_ini`."""
    given = None if posargs is None else tuple(posargs)
    return merged(_Toml(table, source, dict(lines or {}), given).targets())


@dataclass(frozen=True, slots=True)
class _Toml:
    """A configuration with what its environments inherit and refer to."""

    table: Mapping[str, Any]
    source: str
    lines: dict[str, int]
    posargs: tuple[str, ...] | None

    def targets(self) -> Iterator[ToxTarget]:
        listed = list(_listed(self.table.get("env_list", [])))
        named = _mapping(self.table.get("env"))
        labels = _mapping(self.table.get("labels"))
        for name in list(dict.fromkeys([SECTION, *named, *listed]))[:MAX_NAMES]:
            default = name in listed or (name == SECTION and not listed)
            given = tuple(label for label, names in labels.items() if name in _texts(names))
            target = self._target(name, given, default=default)
            own = "commands" in _mapping(named.get(name))
            if target is not None and (default or name == SECTION or own):
                yield target

    def _at(self, path: str) -> Any:  # noqa: ANN401 - a TOML value
        """Return the value at a dotted path, None where there is none."""
        value: Any = self.table
        for part in path.split("."):
            value = _mapping(value).get(part)
        return value

    def _find(self, name: str, key: str) -> tuple[Any, str] | None:
        """Return a setting of an environment and the table it is from, its own or a base's."""
        own = _mapping(_mapping(self.table.get("env")).get(name))
        if key in own:
            return own[key], f"env.{name}"
        for base in _texts(own.get("base", [BASE])):
            for path in (base, f"env.{base}"):
                table = _mapping(self._at(path))
                if key in table:
                    return table[key], path
        return None

    def _value(self, name: str, key: str) -> Any:  # noqa: ANN401 - a TOML value
        found = self._find(name, key)
        return found[0] if found else None

    def _target(self, name: str, labels: tuple[str, ...], *, default: bool) -> ToxTarget | None:
        shown = "py" if name == SECTION else name

        def text_of(key: str) -> str | None:
            value = self._value(name, key)
            return value if isinstance(value, str) else None

        folder = resolve(text_of("change_dir") or ".", Context(shown, "."))
        folder = UNKNOWN if UNKNOWN in folder else posixpath.normpath(folder)
        root = "." if UNKNOWN in folder else posixpath.relpath(".", folder)
        env: dict[str, str] = {}
        context = Context(shown, root, self.posargs, env, text_of)
        settings = _mapping(self._value(name, "set_env"))
        for key, value in settings.items():
            words = list(self._words(value, context, 0))
            env[key] = words[0] if len(words) == 1 else UNKNOWN
        found = self._find(name, "commands")
        if found is None:
            return None
        lines, ignored = marked(self._commands(found[0], context))
        if not lines:
            return None
        deps, requirements = required(_texts(self._value(name, "deps")))
        file = settings.get("file")
        return ToxTarget(
            name,
            with_line(self.source.format(found[1]), self.lines),
            lines,
            {key: text for key, text in env.items() if UNKNOWN not in text and key != "file"},
            folder,
            default=default,
            labels=(*labels, *_texts(self._value(name, "labels"))),
            ignored=ignored,
            ignore_outcome=self._value(name, "ignore_outcome") is True,
            before=marked(self._commands(self._value(name, "commands_pre"), context))[0],
            after=marked(self._commands(self._value(name, "commands_post"), context))[0],
            deps=deps,
            requirements=requirements,
            groups=tuple(_texts(self._value(name, "dependency_groups"))),
            extras=tuple(_texts(self._value(name, "extras"))),
            skip_install=self._value(name, "skip_install") is True,
            runner=text_of("runner") or "",
            allowed=tuple(_texts(self._value(name, "allowlist_externals"))),
            env_files=(file,) if isinstance(file, str) else (),
        )

    def _commands(self, value: object, context: Context, depth: int = 0) -> Iterator[str]:
        """Yield each command of a list as a line; an item may refer to the list of another."""
        for command in value if isinstance(value, list) else ():
            if isinstance(command, list):
                words = [word for item in command for word in self._words(item, context, 0)]
                marks, rest = _split_marks(words[:MAX_WORDS])
                yield f"{marks}{shlex.join(rest)}".strip()
            elif isinstance(command, dict) and command.get("replace") == "ref":
                if depth < MAX_DEPTH:
                    yield from self._commands(self._referred(command), context, depth + 1)
                else:
                    yield UNKNOWN

    def _referred(self, item: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a TOML value
        of = _texts(item.get("of"))
        if of:
            value: Any = self.table
            for part in of:
                value = _mapping(value).get(part)
            return value
        env, key = item.get("env"), item.get("key")
        return self._value(env, key) if isinstance(env, str) and isinstance(key, str) else None

    def _words(self, item: object, context: Context, depth: int) -> Iterator[str]:
        """Yield the words that one item of a command stands for."""
        if isinstance(item, str):
            resolved = resolve(item, context)
            if resolved or not item:
                yield resolved
            return
        replaced = _mapping(item)
        how, default = replaced.get("replace"), replaced.get("default")
        if how == "posargs":
            yield from _texts(default) if self.posargs is None else self.posargs
        elif how == "env" and isinstance(name := replaced.get("name"), str):
            known = context.env.get(name)
            yield known or (default if isinstance(default, str) else UNKNOWN)
        elif how == "env" and isinstance(default, str):
            yield default
        elif how == "ref" and depth < MAX_DEPTH:
            value = self._referred(replaced)
            for one in value if isinstance(value, list) else [value]:
                yield from self._words(one, context, depth + 1)
        else:
            yield UNKNOWN


def _split_marks(words: list[str]) -> tuple[str, list[str]]:
    """Take tox's marks (`-`, `!`) off the first word of a command."""
    if words and words[0] in {"-", "!"}:
        return f"{words[0]} ", words[1:]
    if words and words[0][:1] in {"-", "!"}:
        return f"{words[0][0]} ", [words[0][1:].strip(), *words[1:]]
    return "", words


def _listed(value: object) -> Iterator[str]:
    """Yield the names of `env_list`: texts, and products of lists of factors."""
    if isinstance(value, str):
        yield from names_of(value)
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            yield item
        elif isinstance(pools := _mapping(item).get("product"), list):
            for parts in islice(product(*map(_texts, pools)), MAX_NAMES):
                yield "-".join(parts)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
