"""Reads the words of the command line: the commands, their options and what they are asked of."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from mcp_server import __version__
from mcp_server.change import BASE
from mcp_server.errors import one_line
from mcp_server.limits import Limits
from mcp_server.streams import say

USAGE_STATUS = 2
LIMITS = Limits()
EPILOG = "exit status: 0 everything passed, 1 something failed, 2 wrong usage, 3 incomplete"

FIX_EPILOG = "exit status: 0 nothing is left to mend, 1 something is, 2 wrong usage, 3 incomplete"
RULES_EPILOG = (
    "exit status: 0 answered, and no gated rule is hit; 1 one is; 2 wrong usage; 3 one could not "
    "be asked"
)
MAP_EPILOG = "exit status: 0 answered, 2 wrong usage"
SINCE = "the commit to hold the files against (default: where the branch parted from main)"
STATUS_EPILOG = "exit status: 0 verified, 1 not verified, 2 wrong usage"


class _Parser(argparse.ArgumentParser):
    """A parser whose refusal is one line, as every other mistake's."""

    def error(self, message: str) -> NoReturn:
        """End with the status of wrong usage."""
        say(f"hdb: {one_line(message)}; `{self.prog} --help` shows how it is used")
        raise SystemExit(USAGE_STATUS)


def read_words(words: Sequence[str]) -> argparse.Namespace:
    """Return what the words say; options may stand between the path and the targets."""
    reader = parser()
    arguments, rest = reader.parse_known_args(words)
    end = rest.index("--") if "--" in rest else len(rest)
    unknown = [one for one in rest[:end] if one.startswith("-")]
    named = rest[:end] + rest[end + 1 :]
    if named and not unknown and getattr(arguments, "path", "") is None:
        arguments.path = named.pop(0)
    if named and not unknown and hasattr(arguments, "targets"):
        arguments.targets = [*arguments.targets, *named]
        named = []
    if unknown or named:
        reader.error(f"unrecognized arguments: {' '.join(unknown or named)}")
    return arguments


def parser() -> argparse.ArgumentParser:
    """Return what knows the commands and their options."""
    reader = _Parser(
        prog="hdb",
        allow_abbrev=False,
        description="Verifies a Python project with its own tools and shows every failure at once.",
    )
    reader.add_argument("--version", action="version", version=f"hdb {__version__}")
    commands = reader.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "verify", help="run every check of the project and show all failures", epilog=EPILOG,
        allow_abbrev=False,
    )  # fmt: skip
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
        "--scope", choices=("full", "affected", "targets"),
        help="full, only the targets named, or all checks with the tests that the changes since "
        "the last green full run can reach",
    )  # fmt: skip
    check.add_argument(
        "--since", nargs="?", const=BASE, metavar="REF",
        help="mark the failures that are new since a commit; without REF since the branch parted "
        "from the main one",
    )  # fmt: skip
    check.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS",
        help=f"how long each check may run (default: {LIMITS.timeout:.0f}, or as the project says)",
    )  # fmt: skip
    check.add_argument(
        "--deadline", type=_seconds, metavar="SECONDS",
        help=f"how long all of it may take (default: {LIMITS.deadline:.0f}, or as it says)",
    )  # fmt: skip
    reading = commands.add_parser(
        "conventions", help="show what the project says, running nothing", allow_abbrev=False
    )
    reading.add_argument("path", nargs="?", help="the project's folder")
    reading.add_argument(
        "--detail", action="store_true", help="also show the commands that were passed over"
    )
    reading.add_argument(
        "--write", action="store_true",
        help="add the commands found to [tool.hdb] of pyproject.toml, as a starting point",
    )  # fmt: skip
    mapping = commands.add_parser(
        "map", help="say what a change touches: callers, tests, routes, models", epilog=MAP_EPILOG,
        allow_abbrev=False,
    )  # fmt: skip
    mapping.add_argument("path", nargs="?", help="the project's folder")
    mapping.add_argument(
        "targets", nargs="*", metavar="WHAT",
        help="files, modules or symbols (FILE::NAME, FILE:LINE); default: the change against git",
    )  # fmt: skip
    mapping.add_argument("--since", metavar="REF", help=SINCE)
    mapping.add_argument("--detail", action="store_true", help="leave nothing out")
    mending = commands.add_parser(
        "fix", help="mend what the project's own tools mend safely", epilog=FIX_EPILOG,
        allow_abbrev=False,
    )  # fmt: skip
    mending.add_argument("path", nargs="?", help="the project's folder")
    mending.add_argument(
        "targets", nargs="*", metavar="TARGET", help="files and folders; default: what changed"
    )
    mending.add_argument("--all", action="store_true", help="every file of the project")
    mending.add_argument(
        "--dry-run", action="store_true", help="show the difference and change nothing"
    )
    mending.add_argument("--since", metavar="REF", help=SINCE)
    ruling = _rules(commands)
    detail = commands.add_parser(
        "failure", help="show one failure of the last batch in full", allow_abbrev=False
    )
    detail.add_argument("id", help="the failure's id")
    detail.add_argument("path", nargs="?", help="the project's folder")
    standing = commands.add_parser(
        "status", help="say whether the project is verified, and what changed since",
        epilog=STATUS_EPILOG, allow_abbrev=False,
    )  # fmt: skip
    standing.add_argument("path", nargs="?", help="the project's folder")
    for one in (check, reading, mapping, mending, ruling, detail, standing):
        one.add_argument("--format", choices=("text", "json"), default="text")
    commands.add_parser(
        "doctor", help="say what of this machine is missing or wrong, and what mends it",
        allow_abbrev=False,
    )  # fmt: skip
    serving = commands.add_parser(
        "mcp", help="serve agents over MCP on standard input and output", allow_abbrev=False
    )
    serving.add_argument(
        "--direct", action="store_true",
        help="without the front that answers at once and starts the server again when it dies",
    )  # fmt: skip
    return reader


def _rules(commands: argparse._SubParsersAction[_Parser]) -> argparse.ArgumentParser:
    ruling = commands.add_parser(
        "rules", help="list hdb's own rules, explain one, or ask all of them about all files",
        epilog=RULES_EPILOG, allow_abbrev=False,
    )  # fmt: skip
    ruling.add_argument("name", nargs="?", help="the rule to explain; with --check the folder")
    ruling.add_argument("path", nargs="?", help="the project's folder")
    ruling.add_argument(
        "--check", action="store_true", help="say what the rules find in all files of the project"
    )
    ruling.add_argument(
        "--all", action="store_true", help="with --check: ask those of severity note, too"
    )
    ruling.add_argument(
        "--rule", action="append", metavar="NAME", default=[],
        help="with --check: ask this rule only; may be repeated",
    )  # fmt: skip
    return ruling


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        msg = f"{text!r} is not a number of seconds above 0"
        raise argparse.ArgumentTypeError(msg)
    return value
