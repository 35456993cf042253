"""The tools that read and run nothing of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from mcp_server import session
from mcp_server.code_map import map_change
from mcp_server.contract import ConventionsView, FailureDetail
from mcp_server.contract_map import MapView
from mcp_server.conventions import read_conventions
from mcp_server.conventions_view import conventions_view
from mcp_server.map_pages import map_page
from mcp_server.paging import conventions_page, failure_page
from mcp_server.roots import checkout, project_root
from mcp_server.server.answers import answer, project, text
from mcp_server.server.declared import CursorArgument, PathArgument, SinceArgument
from mcp_server.snapshot import Snapshot
from mcp_server.status import read_status
from mcp_server.stop_check import answer_stop
from mcp_server.views import failure_detail
from mcp_server.wire import Wire


def conventions_tool(
    path: PathArgument = ".",
    *,
    detail: Annotated[
        bool, Field(description="Also the commands that were passed over, and every fact.")
    ] = False,
    cursor: CursorArgument = "",
) -> Annotated[CallToolResult, ConventionsView]:
    """Say how a Python project is verified and written: commands by role, environment, facts.

    Reads the project's files; runs nothing of it.
    """

    def page() -> ConventionsView:
        found = read_conventions(project(path), facts=True)
        return conventions_page(conventions_view(found, lean=not detail), cursor)

    return answer(page)


def map_tool(
    path: PathArgument = ".",
    what: Annotated[
        list[str] | str | None,
        Field(
            description="Files, modules or symbols; default: the change against git.",
            examples=[["src/a.py", "src/a.py::Order.total"]],
        ),
    ] = None,
    since: SinceArgument = "",
    *,
    detail: Annotated[bool, Field(description="Leave nothing out.")] = False,
    cursor: CursorArgument = "",
) -> CallToolResult:
    """Say what a change touches: callers, importers, implementations, tests (nearest first),
    fixtures, routes, models, settings, migrations. Reads; runs nothing of the project.
    """  # noqa: D205 - one sentence, which a client shows as it stands

    def page() -> MapView:
        named = [what] if isinstance(what, str) else what or ()
        found = map_change(project(path), named, since=since or None, detail=detail)
        return map_page(found, cursor)

    return answer(page)


def failure_tool(
    id: Annotated[str, Field(description="The failure's id in the batch.", examples=["6acb"])],  # noqa: A002 - the contract's name
    path: PathArgument = ".",
    cursor: CursorArgument = "",
) -> Annotated[CallToolResult, FailureDetail]:
    """Show one failure of the last batch in full: traceback, captured output, source lines."""
    return answer(lambda: failure_page(failure_detail(project(path), id), cursor))


def status_tool(
    path: PathArgument = ".",
    stop_hook: Annotated[
        str | bool,
        Field(description='Of a Stop hook alone: "${stop_hook_active}". Answers in its form.'),
    ] = "",
) -> CallToolResult:
    """Say whether the tree is verified as it is now, by which batch, what changed since then and
    in this session, and what to do. Cheap; runs nothing.
    """  # noqa: D205 - one sentence, which a client shows as it stands
    if stop_hook != "":

        def began() -> tuple[Path, Path, Snapshot]:
            root = checkout(path)
            return project_root(None), root, session.baseline(root)

        return text(answer_stop(stop_hook, began))

    def found() -> Wire:
        root = project_root(path)
        return read_status(root, session.baseline(root))

    return answer(found)
