"""The wire contract of the map: what a change touches, as agents and scripts receive it.

What binds one symbol to others (who calls it, what it implements, what overrides it) stands at
that symbol, since an edit of it must fit exactly these. What is the same for the whole change
(tests, routes, settings, models, migrations) stands once, by kind, nearest first: repeated at
each symbol it cost three times the tokens. A thing is one text, `path:line name`, which costs half
of an object's tokens and can be opened, searched and named to `verify` as it is.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mcp_server.wire import Wire


class SymbolMap(Wire):
    """One function, class or value, and what is bound to it.

    `at` is `path:line`, for a deleted one where it stood. `callers` use it outside of tests,
    whatever they do with it; `possible` have an attribute of its name, of a type that reading
    does not tell. `implements` are abstract classes and protocols that it must satisfy,
    `implementers` what must satisfy it. `more` counts what each list leaves out.
    """

    symbol: str
    at: str
    state: Literal["changed", "added", "deleted", "asked"] = "changed"
    callers: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    implements: tuple[str, ...] = ()
    implementers: tuple[str, ...] = ()
    subclasses: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    overridden_by: tuple[str, ...] = ()
    more: dict[str, int] = Field(default_factory=dict)


class TestsMap(Wire):
    """The tests of a file that reach the change, or all below a folder where no names are given.

    `distance` counts the steps of the nearest: 0 was changed itself, 1 calls what changed. `via`
    is the fixture or the route by which it gets there, `by name` where it takes an attribute of
    the name from what has no known type, `imports` where nothing more is known.
    """

    __test__ = False

    file: str
    tests: tuple[str, ...] = ()
    more: int = 0
    distance: int = 1
    via: str | None = None


class MapView(Wire):
    """What a change touches; `more` counts what the lists leave out, which `detail` shows.

    `since` says what the change was held against, and is absent where the caller named what to
    look at. `unseen` is what reading alone cannot tell here.
    """

    schema_: Literal["hdb.map/1"] = Field(alias="schema")
    since: str | None = None
    summary: str
    migrations: tuple[str, ...] = ()
    symbols: tuple[SymbolMap, ...] = ()
    others: tuple[str, ...] = ()
    """Changed files without a symbol that changed: documents, configuration, imports."""
    routes: tuple[str, ...] = ()
    tests: tuple[TestsMap, ...] = ()
    fixtures: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()
    """The files that import a changed one themselves; with `detail` then those at a distance."""
    indirect: int = 0
    """How many files at a distance import these, and so on, where they are not listed."""
    unseen: tuple[str, ...] = ()
    more: dict[str, int] = Field(default_factory=dict)
    next: str | None = None
