"""Has SQLite itself refuse every other file, on whatever way a statement comes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

ATTACH = 24
"""SQLITE_ATTACH, which also VACUUM INTO asks for; its number is part of SQLite's interface."""
OK, DENY = 0, 1
NO_FILE = frozenset({"", ":memory:"})
FACTORY = 5
"""Where `sqlite3.connect` takes the class of its connections when it is not named."""


class Attaching:
    """Arms what `sqlite3.connect` makes; `armed` counts it, `connecting` is what is under way.

    `kept` is told why SQLite refused, since the project can swallow the error that it gets.
    """

    def __init__(self, kept: Callable[[str], None]) -> None:
        self._kept = kept
        self.armed = 0
        self.connecting = 0

    def install(self) -> None:
        """Arm what is connected from here on; aiosqlite and SQLAlchemy connect through this."""
        connect = self._connecting(sqlite3.connect)
        for module in (sqlite3, sqlite3.dbapi2):
            module.connect = connect  # type: ignore[attr-defined]

    def _authorizer(self, further: Callable[..., int] | None) -> Callable[..., int]:
        def authorize(action: int, first: str | None, *rest: str | None) -> int:
            # A name that is computed comes as None.
            if action == ATTACH and first not in NO_FILE:
                named = repr(first) if first else "a computed name"
                self._kept(f"the project has SQLite open another file ({named})")
                return DENY
            return further(action, first, *rest) if further else OK

        return authorize

    def _connecting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            words = list(args)
            if len(words) > FACTORY:
                words[FACTORY] = self._armed_class(words[FACTORY])
            else:
                asked = options.get("factory", sqlite3.Connection)
                options["factory"] = self._armed_class(asked)
            self.connecting += 1
            try:
                connection = original(*words, **options)
            finally:
                self.connecting -= 1
            sqlite3.Connection.set_authorizer(connection, self._authorizer(None))
            self.armed += 1
            return connection

        return connect

    def _armed_class(self, asked: Any) -> Any:  # noqa: ANN401 - a class, or what makes one
        if not isinstance(asked, type):
            return asked
        authorizer = self._authorizer

        def set_authorizer(own: Any, further: Callable[..., int] | None) -> None:  # noqa: ANN401
            sqlite3.Connection.set_authorizer(own, authorizer(further))

        return type(asked.__name__, (asked,), {"set_authorizer": set_authorizer})
