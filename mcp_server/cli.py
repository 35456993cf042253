"""The command line: `hdb verify`, `hdb conventions`, `hdb failure` and `hdb mcp`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import anyio
from rich.console import Console

from mcp_server import __version__
from mcp_server.contract import Wire
from mcp_server.conventions import read_conventions
from mcp_server.errors import HdbError, UsageError
from mcp_server.prepare import prepare
from mcp_server.render import render_batch, render_conventions, render_failure
from mcp_server.roots import nearest_project
from mcp_server.verify import STEP_SECONDS, Progress, verify
from mcp_server.views import conventions_view, failure_detail

STATUS = {"passed": 0, "failed": 1, "incomplete": 3}
USAGE_STATUS = 2
EPILOG = "exit status: 0 everything passed, 1 something failed, 2 wrong usage, 3 incomplete"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = sys.argv[1:] if argv is None else argv
    if not words:
        _parser().print_help(sys.stderr)
        return USAGE_STATUS
    arguments = _parser().parse_args(words)
    try:
        return _run(arguments)
    except HdbError as error:
        print(f"hdb: {error}", file=sys.stderr)  # noqa: T201 - the command line speaks
        return USAGE_STATUS
    except ImportError:
        # The launcher rebuilds an environment that lost a module.
        raise
    except Exception:  # noqa: BLE001 - a fault of ours must never look like a verdict
        traceback.print_exc()
        print("hdb: this is a fault of hdb's own; nothing was verified", file=sys.stderr)  # noqa: T201
        return STATUS["incomplete"]


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "mcp":
        return _serve()
    if arguments.command == "verify":
        return anyio.run(_verify_until_signal, arguments)
    root = _root(arguments.path)
    if arguments.command == "failure":
        _print(failure_detail(root, arguments.id), arguments.format)
    else:
        _print(conventions_view(read_conventions(root)), arguments.format)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hdb",
        description="Verifies a Python project with its own tools and shows every failure at once.",
    )
    parser.add_argument("--version", action="version", version=f"hdb {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "verify", help="run every check of the project and show all failures", epilog=EPILOG
    )
    check.add_argument(
        "path", nargs="?", help="the project's folder (default: the one around here)"
    )
    check.add_argument(
        "targets", nargs="*", metavar="TARGET", help="files, folders or test ids inside it"
    )
    check.add_argument(
        "--setup", action="store_true", help="first create a missing environment of the project"
    )
    check.add_argument(
        "--scope", choices=("full", "targets"), help="full, or only the targets named"
    )
    check.add_argument(
        "--timeout", type=_seconds, default=STEP_SECONDS, metavar="SECONDS",
        help="how long each check may run (default: %(default).0f)",
    )  # fmt: skip
    reading = commands.add_parser("conventions", help="show what the project says, running nothing")
    reading.add_argument("path", nargs="?", help="the project's folder")
    detail = commands.add_parser("failure", help="show one failure of the last batch in full")
    detail.add_argument("id", help="the failure's id")
    detail.add_argument("path", nargs="?", help="the project's folder")
    for one in (check, reading, detail):
        one.add_argument("--format", choices=("text", "json"), default="text")
    commands.add_parser("mcp", help="serve agents over MCP on standard input and output")
    return parser


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        msg = f"{text!r} is not a number of seconds above 0"
        raise argparse.ArgumentTypeError(msg)
    return value


def _root(path: str | None) -> Path:
    """Return the folder that was named, or without a name the project that this folder is in."""
    if path is None:
        return nearest_project(Path.cwd())
    if not path:
        msg = "The PATH is empty: name a folder, or leave it out for the project around here."
        raise UsageError(msg)
    return Path(path).resolve() if Path(path).is_dir() else Path(path)


def _print(record: Wire, form: str) -> None:
    text = f"{record.json_text()}\n"
    if form == "text":
        # A terminal wraps between words; in a pipe a line stays a line.
        console = Console(highlight=False)
        console.soft_wrap = not console.is_terminal
        renderers = {
            "Batch": render_batch,
            "ConventionsView": render_conventions,
            "FailureDetail": render_failure,
        }
        with console.capture() as capture:
            console.print(renderers[type(record).__name__](record))  # type: ignore[operator]
        text = capture.get()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError:
        # Whoever read the output has what was wanted of it; the status still holds.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _verify_until_signal(arguments: argparse.Namespace) -> int:
    """Verify, and end everything that was started when a signal asks to stop."""
    stopped: list[int] = []
    mistakes: list[HdbError] = []
    status = USAGE_STATUS
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as got:
                async for number in got:
                    stopped.append(number)
                    group.cancel_scope.cancel()
                    return

        group.start_soon(watch)
        try:
            status = await _verify(arguments)
        except HdbError as error:
            mistakes.append(error)
        group.cancel_scope.cancel()
    # Raised here, since a task group would wrap it.
    for mistake in mistakes:
        raise mistake
    if stopped:
        print("hdb: stopped", file=sys.stderr)  # noqa: T201 - as above
        return 128 + stopped[0]
    return status


async def _verify(arguments: argparse.Namespace) -> int:
    root = _root(arguments.path)
    if arguments.scope == "targets" and not arguments.targets:
        msg = "--scope targets needs at least one TARGET."
        raise UsageError(msg)
    if arguments.scope == "full" and arguments.targets:
        msg = "--scope full takes no TARGET: leave out one or the other."
        raise UsageError(msg)
    targets = arguments.targets
    display = _Display()
    try:
        if arguments.setup:
            why = await prepare(read_conventions(root), display.say)
            if why:
                display.line(f"hdb: the environment could not be created: {why}")
        batch = await verify(root, targets, seconds=arguments.timeout, listener=display.progress)
    finally:
        display.clear()
    _print(batch, arguments.format)
    return STATUS[batch.verdict]


class _Display:
    """Progress on standard error: a moving line for people, nothing for a pipe."""

    def __init__(self) -> None:
        terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._console = Console(stderr=True, highlight=False, force_terminal=terminal)
        self._status = self._console.status("reading conventions")
        self._running: dict[int, str] = {}
        if terminal:
            self._status.start()

    async def say(self, command: str) -> None:
        self.line(f"hdb: setting up: {command}")

    def line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False)

    async def progress(self, event: Progress) -> None:
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
    # Only the server needs the SDK, whose import takes half a second.
    from mcp_server.server import serve  # noqa: PLC0415

    serve()
    return 0
