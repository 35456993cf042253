"""The wire contract of a fix: what was mended, what remains, what was left alone."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mcp_server.wire import Wire


class MendedFile(Wire):
    """A file that was changed, or would be: how much, and what for.

    `mended` counts findings by ruff's code, and is 1 by the name of a tool that rewrites a whole
    file; `added` and `removed` are lines.
    """

    file: str
    mended: dict[str, int] = Field(default_factory=dict)
    added: int = Field(default=0, alias="+")
    removed: int = Field(default=0, alias="-")


class Remaining(Wire):
    """Findings of one code that the project's tools, as it sets them, do not mend safely.

    A place is `file:line`; where `count` is more than the places, the others are not named.
    """

    tool: str
    code: str | None = None
    count: int
    places: tuple[str, ...] = ()


class LeftAlone(Wire):
    """A file that was not touched although there was something to mend, or was asked for."""

    file: str
    why: str


class FixView(Wire):
    """What a fix did, or in a dry run would do.

    `scope` says which files were asked about; `problems` are tools that did not work, so that what
    they would mend is unknown. The `more_` fields count what is not named for its length,
    `more_diff` in lines.
    """

    schema_: Literal["hdb.fix/1"] = Field(alias="schema")
    verdict: Literal["nothing", "fixed", "would_fix", "left", "incomplete"]
    summary: str
    scope: str
    problems: tuple[str, ...] = ()
    files: tuple[MendedFile, ...] = ()
    more_files: int = 0
    left_alone: tuple[LeftAlone, ...] = ()
    more_left_alone: int = 0
    remains: tuple[Remaining, ...] = ()
    more_remains: int = 0
    diff: str | None = None
    more_diff: int = 0
