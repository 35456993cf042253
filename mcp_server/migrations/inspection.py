"""Reads every alembic history of the projects and says what is wrong with it; runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcp_server.conventions.files.reading import read_inside
from mcp_server.migrations.finding import TOOL, finding
from mcp_server.migrations.history import History, read_history
from mcp_server.migrations.located import Located
from mcp_server.migrations.operations import OTHER_BACKENDS
from mcp_server.migrations.opinions import judge_revisions
from mcp_server.migrations.revision import Revision, read_tree
from mcp_server.migrations.settings import MigrationSettings, read_settings
from mcp_server.migrations.shared import Against, Published, compare, read_published
from mcp_server.migrations.structure import judge_structure, unread
from mcp_server.models import Diagnostic, Outcome, Step
from mcp_server.repository import Conventions, Project

DRIVERS = frozenset({"psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000", "psycopg-c"})
HINTS = ("postgresql", "psycopg", "asyncpg")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What reading the histories came to: findings that count, and advice, which never does."""

    outcome: Outcome
    advice: tuple[Diagnostic, ...] = ()


def inspection_step(conventions: Conventions, histories: Sequence[Located]) -> Step | None:
    """Return the inspection as a step for a batch, None where no project has a history."""
    if not histories:
        return None
    return Step(
        tool=TOOL,
        argv=(),
        cwd=conventions.root,
        root=conventions.root,
        command="hdb reads the alembic revisions",
        source=histories[0].facts.source,
    )


def inspect_migrations(conventions: Conventions, histories: Sequence[Located]) -> Inspection:
    """Return what is wrong with the histories that `find_histories` found.

    Reads files and git's objects, and runs nothing of the project. Whatever the files hold is in
    the outcome: `problem` only where the project's own settings cannot be meant.
    """
    published = read_published(conventions.root) if histories else None
    counted: list[Diagnostic] = []
    advice: list[Diagnostic] = []
    remarks: list[str] = []
    problems: dict[str, None] = {}
    read = 0
    for one in histories:
        settings = read_settings(one.project)
        problems |= dict.fromkeys(settings.problems)
        history = read_history(conventions.root, one.facts)
        read += len(history.revisions)
        found = list(_judged(history, published, conventions, one.project))
        ignored = [each for each in found if each.code in settings.ignore]
        remarks += _remarks(history, ignored)
        for each in found:
            if each.code not in settings.ignore:
                _sort(each, settings, counted, advice)
    if read and published is None:
        remarks.append("without git no revision is known to be new, so none is advised on")
    outcome = Outcome(
        diagnostics=tuple(counted),
        checked=read > 0,
        nothing=None if read or problems else "no revision was found",
        problem="\n".join(problems) or None,
        remark="; ".join(remarks) or None,
    )
    return Inspection(outcome, tuple(advice))


def _sort(
    one: Diagnostic,
    settings: MigrationSettings,
    counted: list[Diagnostic],
    advice: list[Diagnostic],
) -> None:
    if one.code in settings.gate or one.severity == "error":
        counted.append(replace(one, severity="error"))
    else:
        advice.append(one)


def _judged(
    history: History, published: Published | None, conventions: Conventions, project: Project
) -> Iterator[Diagnostic]:
    against = compare(history, published) if published else Against(frozenset())
    yield from judge_structure(history, against.new)
    yield from against.findings
    new: list[tuple[Revision, ast.Module]] = []
    for one in history.revisions:
        if one.name in against.new and one.path in history.texts:
            try:
                new.append((one, read_tree(history.texts[one.path])))
            except SyntaxError as error:
                why = f"alembic cannot load it: {error.msg}"
                yield finding("unreadable-revision", one.path, error.lineno, why, one.name)
    on_postgresql = _on_postgresql(history, against, conventions, project)
    yield from judge_revisions(new, postgresql=on_postgresql)


def _on_postgresql(
    history: History, against: Against, conventions: Conventions, project: Project
) -> bool:
    """Tell whether the project's database is PostgreSQL, as far as its files tell."""
    parts = {part for folder in history.folders for part in folder.lower().split("/")}
    if parts & OTHER_BACKENDS:
        # A history for each backend.
        return False
    if DRIVERS & project.settings.dependencies:
        return True
    stated = read_inside(conventions.root, history.configured.file) or ""
    if any(hint in stated for hint in HINTS):
        return True
    new = [one.path for one in history.revisions if one.name in against.new]
    return any("postgresql" in history.texts.get(path, "") for path in new)


def _remarks(history: History, ignored: list[Diagnostic]) -> Iterator[str]:
    computed = unread(history)
    if computed:
        count = len(computed)
        yield (
            f"{count} revision{'s' * (count != 1)} compute{'s' * (count == 1)} what they are "
            f"({computed[0]}), so heads and gaps are not known"
        )
    if not history.whole:
        yield "revisions of the history lie elsewhere, so gaps are not known"
    if ignored:
        codes = ", ".join(sorted({one.code or "" for one in ignored}))
        yield f"{len(ignored)} left out as [tool.hdb.migrations] ignore says: {codes}"
