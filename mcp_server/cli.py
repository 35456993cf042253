"""The command line: `hdb verify`, `hdb status`, `hdb conventions` and the others."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console, RenderableType

from mcp_server import session, streams
from mcp_server.adopt import adopt
from mcp_server.advice.folders import one_folder, read_if_project, read_whole
from mcp_server.advice.listing import check_rules, explain_rule, list_rules
from mcp_server.cache import cache_folder
from mcp_server.code_map import map_change
from mcp_server.contract import Batch, ConventionsView, FailureDetail, StatusView
from mcp_server.contract_fix import FixView
from mcp_server.contract_map import MapView
from mcp_server.contract_rules import RulesCheck, RulesView, RuleView
from mcp_server.conventions import read_conventions
from mcp_server.conventions_view import conventions_view
from mcp_server.doctor import examine
from mcp_server.errors import HdbError, UsageError, one_line
from mcp_server.fixing import STATUSES as FIXED
from mcp_server.fixing import fix
from mcp_server.prepare import prepare_in_turn
from mcp_server.render import render_batch, render_failure, render_status
from mcp_server.render_conventions import render_conventions
from mcp_server.render_fix import render_fix
from mcp_server.render_map import render_map
from mcp_server.render_rules import render_rules
from mcp_server.roots import current_folder, named_folder, nearest_project
from mcp_server.scope import is_affected
from mcp_server.status import read_status
from mcp_server.streams import say
from mcp_server.usage import USAGE_STATUS, parser, read_words
from mcp_server.verify import Progress, Request, verify
from mcp_server.views import failure_detail
from mcp_server.wire import Wire

STOPPED_BY = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STATUS = {"passed": 0, "failed": 1, "incomplete": 3}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    streams.secure()
    words = sys.argv[1:] if argv is None else argv
    if not words:
        say(parser().format_help().rstrip())
        return USAGE_STATUS
    try:
        return _run(read_words(words))
    except SystemExit as stop:
        # The help and the version are held back until here.
        unsaid = streams.flush() if sys.stdout and not stop.code else ""
        if unsaid:
            return _unsaid(unsaid)
        raise
    except HdbError as error:
        say(f"hdb: {error}")
        return USAGE_STATUS
    except ImportError:
        # The launcher rebuilds an environment that lost a module.
        raise
    except Exception:  # noqa: BLE001 - a fault of ours must never look like a verdict
        say(traceback.format_exc().rstrip())
        say("hdb: this is a fault of hdb's own; nothing was verified")
        return STATUS["incomplete"]


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "mcp":
        return _serve()
    if arguments.command == "doctor":
        # The launcher runs it without hdb's packages, which may be what is missing.
        return examine(str(Path(__file__).resolve().parent.parent), str(cache_folder()))
    if arguments.command in LASTING:
        return anyio.run(_until_signal, LASTING[arguments.command], arguments)
    return READING[arguments.command](_root(arguments.path), arguments)


def _failure(root: Path, arguments: argparse.Namespace) -> int:
    return _print(failure_detail(root, arguments.id), arguments.format, 0)


def _status(root: Path, arguments: argparse.Namespace) -> int:
    status = read_status(root, session.client_baseline(root), "run `hdb verify`")
    return _print(status, arguments.format, STATUS["passed" if status.verified else "failed"])


def _map(root: Path, arguments: argparse.Namespace) -> int:
    found = map_change(root, arguments.targets, since=arguments.since, detail=arguments.detail)
    return _print(found, arguments.format, 0)


def _rules(root: Path, arguments: argparse.Namespace) -> int:
    name, path = arguments.name, arguments.path
    if arguments.check:
        whole = read_whole(_root(one_folder(name, path)))
        found = check_rules(whole, arguments.rule, notes=arguments.all)
        return _print(found, arguments.format, STATUS[found.verdict])
    if arguments.all or arguments.rule:
        msg = "--all and --rule go with --check: `hdb rules NAME` explains one rule."
        raise UsageError(msg)
    # The rules are the same everywhere; only what a project does with them is not.
    held = read_if_project(root) if path is None else read_conventions(root)
    told = list_rules(held) if name is None else explain_rule(held, name)
    return _print(told, arguments.format, 0)


def _conventions(root: Path, arguments: argparse.Namespace) -> int:
    if arguments.write:
        for line in adopt(read_conventions(root)):
            say(f"hdb: {line}")
    found = read_conventions(root, facts=True)
    return _print(conventions_view(found), arguments.format, 0, detail=arguments.detail)


def _root(path: str | None) -> Path:
    """Return the folder that was named, or without a name the project that this folder is in."""
    return nearest_project(current_folder()) if path is None else named_folder(path)


def _print(record: Wire, form: str, status: int, *, detail: bool = False) -> int:
    """Print a record; return the status, which is no good one where it could not be printed."""
    text = f"{record.json_text()}\n"
    if form == "text":
        # A terminal wraps between words; in a pipe a line stays a line. The text is made apart
        # from standard output, whose faults are not those of the text.
        terminal = Console().is_terminal
        page = io.StringIO()
        console = Console(file=page, force_terminal=terminal, highlight=False)
        console.soft_wrap = not terminal
        console.print(_rendered(record, detail=detail))
        text = page.getvalue()
    elif not streams.carries(text):
        text = f"{json.dumps(record.lean(), separators=(',', ':'))}\n"
    unsaid = streams.write(text)
    return (status or _unsaid(unsaid)) if unsaid else status


def _rendered(record: Wire, *, detail: bool) -> RenderableType:
    if isinstance(record, ConventionsView):
        return render_conventions(record, detail=detail)
    return RENDERED[type(record)](record)


def _unsaid(why: str) -> int:
    say(f"hdb: the result could not be written to standard output: {one_line(why)}")
    return STATUS["incomplete"]


async def _until_signal(
    work: Callable[[argparse.Namespace], Awaitable[int]], arguments: argparse.Namespace
) -> int:
    """Do what is asked, and end everything that was started when a signal asks to stop."""
    stopped: list[int] = []
    mistakes: list[HdbError] = []
    status = USAGE_STATUS
    # Received until the end: a second Ctrl-C must not break off the ending of what runs.
    # What the user had ignored (nohup, a job in the background) stays ignored.
    heeded = [one for one in STOPPED_BY if signal.getsignal(one) is not signal.SIG_IGN]
    with anyio.open_signal_receiver(*heeded) as signals:
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                async for number in signals:
                    stopped.append(number)
                    group.cancel_scope.cancel()

            group.start_soon(watch)
            try:
                status = await work(arguments)
            except HdbError as error:
                mistakes.append(error)
            group.cancel_scope.cancel()
    # Raised here, since a task group would wrap it.
    for mistake in mistakes:
        raise mistake
    if stopped:
        say("hdb: stopped")
        return 128 + stopped[0]
    return status


async def _fix(arguments: argparse.Namespace) -> int:
    found = await fix(
        _root(arguments.path),
        arguments.targets,
        everything=arguments.all,
        dry_run=arguments.dry_run,
        since=arguments.since,
    )
    return _print(found, arguments.format, FIXED[found.verdict])


async def _verify(arguments: argparse.Namespace) -> int:
    root = _root(arguments.path)
    display = _Display()
    try:
        if arguments.setup:
            why = await prepare_in_turn(root, display.say)
            if why:
                display.line(f"hdb: the environment could not be created: {why}")
        request = Request(
            targets=arguments.targets,
            affected=is_affected(arguments.scope or "", arguments.targets),
            since=arguments.since,
            timeout=arguments.timeout,
            deadline=arguments.deadline,
        )
        batch = await verify(root, request, display.progress)
    finally:
        display.clear()
    return _print(batch, arguments.format, STATUS[batch.verdict])


class _Display:
    """Progress on standard error: a moving line for people, nothing for a pipe."""

    def __init__(self) -> None:
        terminal = (
            sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        )
        self._console = Console(stderr=True, highlight=False, force_terminal=terminal)
        self._status = self._console.status("reading conventions")
        self._running: dict[int, str] = {}
        if terminal:
            self._status.start()

    async def say(self, command: str) -> None:
        self.line(f"hdb: setting up: {command}")

    def line(self, text: str) -> None:
        try:
            self._console.print(text, soft_wrap=True, markup=False)
        except OSError:
            streams.abandon(sys.stderr)

    async def progress(self, event: Progress) -> None:
        if event.step is None:
            self._status.update(event.text)
            return
        if event.finished is None:
            self._running[id(event.step)] = event.step.tool
        else:
            self._running.pop(id(event.step), None)
        names = ", ".join(self._running.values())
        running = f"; running {names}" if names else ""
        self._status.update(f"{event.done} of {event.total} checks done{running}")

    def clear(self) -> None:
        self._status.stop()


def _serve() -> int:
    if sys.stdin is None or sys.stdout is None:
        msg = "hdb mcp speaks over standard input and output: let an MCP client start it."
        raise UsageError(msg)
    # Only the server needs the SDK, whose import takes half a second.
    from mcp_server.server import serve  # noqa: PLC0415

    serve()
    return 0


LASTING: dict[str, Callable[[argparse.Namespace], Awaitable[int]]] = {
    "verify": _verify,
    "fix": _fix,
}
"""The commands that start processes, which a signal ends with everything of theirs."""
READING: dict[str, Callable[[Path, argparse.Namespace], int]] = {
    "conventions": _conventions,
    "failure": _failure,
    "map": _map,
    "rules": _rules,
    "status": _status,
}
RENDERED: dict[type[Wire], Callable[[Any], RenderableType]] = {
    Batch: render_batch,
    FailureDetail: render_failure,
    FixView: render_fix,
    MapView: render_map,
    StatusView: render_status,
    **dict.fromkeys((RulesView, RuleView, RulesCheck), render_rules),
}
