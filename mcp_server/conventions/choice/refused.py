"""Accounts for the tasks that are not taken apart and for what is left of those that are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from mcp_server.conventions.choice.roles import is_aggregate, is_narrow, role_of
from mcp_server.conventions.shell.pieces import Opaque, Piece, Simple
from mcp_server.conventions.tasks.runner import unwrap
from mcp_server.conventions.tasks.setup import installs
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile
from mcp_server.repository import Command, Role

# A task whose text holds one of these words is never run whole.
UNSAFE = re.compile(
    r"(?<![\w./-])(docker(?:-compose)?|podman|kubectl|helm|terraform|deploy|publish|release|upload"
    r"|twine|ssh|scp|aws|gcloud|install|sync|rm|sudo|pre-commit|prek|tox|nox|push|systemctl"
    r"|migrate|upgrade|downgrade|psql|curl|wget|kill|pkill)(?![\w.-])"
)
# These rewrite the files that they are given, unless the same command asks for a check.
REWRITES = re.compile(
    r"(?:(?<![\w./-])|(?<=bin/))(?P<formatter>ruff\b[^\n]*?\sformat|black|isort|yapf|autopep8"
    r"|autoflake|docformatter|pyupgrade|djlint|prettier|pyproject-fmt|add-trailing-comma"
    r"|reorder-python-imports)(?![\w./-])"
    r"|(?<![\w./-])(?P<editor>(?:sed|perl)\s[^\n]*?-\w*i)(?=[\s.])"
    r"|\s(?P<option>--fix(?:-only)?|--unsafe-fixes|--in-place|--write|--add-noqa)(?![\w-])"
)
ONLY_CHECKS = re.compile(r"\s--(?:check(?:-only)?|diff|no-fix)(?![\w-])|isort\b.*\s-c\b")
BETWEEN = re.compile(r"\n|&&|\|\|?|;")
PYTHONIC = re.compile(r"python|pytest|mypy|ruff|flake8|black|isort|pylint|coverage|\.py\b|\bty\b")
REMOVED = re.compile(r"\bsetup\.py\s+(?:-\S+\s+)*test\b")
OTHER_LANGUAGES = re.compile(r"\b(npm|npx|yarn|pnpm|bun|node|cargo|go|mvn|gradle|with_node\.sh)\b")
HOOKS = re.compile(r"(?:^|/)(?:\.pre-commit-config\.ya?ml|prek\.toml):")
INERT = frozenset("rm mkdir touch cp mv ls open xdg-open find make".split())
"""Programs that check nothing; `make` itself is followed into the targets it is called for."""

Own = Mapping[str, tuple[Command, ...]]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A task file with each task's own commands of known tools, and the tasks that each needs."""

    file: TaskFile
    own: Own
    reach: Mapping[str, tuple[Task, ...]]


def whole_tasks(found: Recognised) -> Iterator[Command]:
    """Yield the tasks with a telling name in which no tool was recognised, as one command each.

    It is `sure` where the task can be run as it stands.
    """
    file, own = found.file, found.own
    for task in file.tasks.values():
        role = role_of(task.name)
        if role is None or role is Role.IMPORTS:
            continue
        needed = found.reach[task.name]
        text = "\n".join(part.piece.text for one in needed for part in one.parts)
        if not text or any(own[one.name] for one in needed):
            continue
        if OTHER_LANGUAGES.search(text) and not PYTHONIC.search(text):
            continue
        reason = next(
            (part.piece.reason for part in task.parts if isinstance(part.piece, Opaque)), None
        )
        why = _why_not(file, task, text, reason)
        yield Command(
            tool=file.shown.split(" ")[0],
            role=role,
            text=f"{file.shown}{task.name}".removesuffix(" -e testenv"),
            source=task.source,
            cwd=file.folder,
            start=file.runner or (),
            args=(task.name,),
            sure=why is None,
            reason=why,
        )


def _why_not(file: TaskFile, task: Task, text: str, reason: str | None) -> str | None:
    if REMOVED.search(text):
        return "setuptools has removed `setup.py test`"
    if harm := _harm(text):
        return harm
    if file.runner is None:
        return reason or "hdb knows none of its tools"
    if is_aggregate(task.name):
        return "its name does not say what it checks"
    if is_narrow(task.name):
        return "its name says that it is a part of the check or a way of running it"
    return None


def _harm(text: str) -> str | None:
    """Return what a task would do besides checking: reach outside, or change what it checks."""
    if unsafe := UNSAFE.search(text):
        return f"it would run `{unsafe[1]}`"
    commands = (one for one in BETWEEN.split(text) if not ONLY_CHECKS.search(one))
    found = next(filter(None, map(REWRITES.search, commands)), None)
    return f"it would rewrite files by `{found[found.lastgroup or 0]}`" if found else None


def left_over(found: Recognised, serving: Container[str]) -> Iterator[Command]:
    """Yield what tasks with a telling name run beside the tools that we know.

    In the tasks of `serving`, whose tools are planned, it leaves a gap.
    """
    file, own = found.file, found.own
    for task in file.tasks.values():
        role = role_of(task.name)
        needed = found.reach[task.name]
        if role is None or not any(own[one.name] for one in needed):
            continue
        known = {(one.text, one.source) for inner in needed for one in own[inner.name]}
        for inner in needed:
            stated = role_of(inner.name) or role
            for part in inner.parts:
                if (part.piece.text, part.source) not in known and not _is_inert(part.piece):
                    left = _left(part, stated)
                    # What the hooks run besides is told for all of them at once.
                    beside = task.name in serving and not HOOKS.search(part.source)
                    yield replace(left, task=f"{file.path}:{task.name}", beside=beside)


def _left(part: Part, role: Role) -> Command:
    piece = part.piece
    text = piece.text
    if not isinstance(piece, Simple):
        why = piece.reason
    elif unsafe := UNSAFE.search(text):
        why = f"hdb does not run `{unsafe[1]}`"
    else:
        why = "hdb does not know what it checks"
    words = piece.argv if isinstance(piece, Simple) else text.split()
    return Command(
        tool=posixpath.basename(words[0]) if words else "?",
        role=role,
        text=text,
        source=part.source,
        cwd=piece.cwd if isinstance(piece, Simple) else ".",
        sure=False,
        reason=why,
    )


def _is_inert(piece: Piece) -> bool:
    """Tell whether a piece checks nothing: it tidies, installs, reports or is not Python's."""
    text = piece.text
    if OTHER_LANGUAGES.search(text) and not PYTHONIC.search(text):
        return True
    if not isinstance(piece, Simple):
        return False
    started = unwrap(piece.argv)
    if started.program == "coverage":
        return not any(arg.startswith("--fail-under") for arg in started.args)
    if started.program == "make" and "-f" in started.args:
        # The targets of another file are not followed.
        return False
    return started.program in INERT or installs(piece)
