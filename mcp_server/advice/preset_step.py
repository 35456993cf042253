"""Runs hdb's own ruff with its preset over the files of a change, and makes advice of it."""

from __future__ import annotations

import posixpath
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from mcp_server.advice.judging import TOOL
from mcp_server.advice.preset import configuration, offered
from mcp_server.checkers.ruff import ENV
from mcp_server.finished import Finished
from mcp_server.models import SCRATCH, Diagnostic, Outcome, Step, Verdict
from mcp_server.repository import Conventions, Project, Settings
from mcp_server.status_report import remarks

Lines: TypeAlias = Mapping[str, frozenset[int] | None]
"""Of files, relative to the verified folder, the lines that were changed; None for all."""
CONFIGURATION = "ruff.toml"
COMMAND = "hdb offers ruff's rules"
REVISIONS = ("/versions/", "/migrations/")
"""Folders of files that a tool generates."""
SHOWN = 5


def preset_steps(conventions: Conventions, changed: Lines) -> Iterator[Step]:
    """Yield, for each project with changed files, the run of ruff that offers it the preset."""
    program = _program()
    by_project: dict[str, list[str]] = {}
    for path in sorted(changed):
        owner = _project(conventions, path)
        generated = any(one in f"/{path}" for one in REVISIONS)
        if owner is not None and path.endswith(".py") and not generated:
            by_project.setdefault(owner.path, []).append(path)
    for one in conventions.projects:
        files = by_project.get(one.path)
        settings = _settings(conventions, one)
        tools = {each.tool for each in one.commands}
        if not files or program is None or not offered(settings, tools):
            continue
        inside = [posixpath.relpath(path, one.path) for path in files]
        yield Step(
            tool="ruff",
            argv=(
                *(program, "check", "--config", f"{SCRATCH}/{CONFIGURATION}"),
                *("--output-format=json-lines", "--no-fix", "--force-exclude", "--no-cache", "--"),
                *inside,
            ),
            cwd=conventions.root / one.path,
            root=conventions.root,
            command=COMMAND,
            source="hdb",
            env=ENV,
            files={CONFIGURATION: configuration(settings, one.python, tools)},
            turned=partial(as_advice, changed=changed),
        )


def as_advice(outcome: Outcome, changed: Lines) -> Outcome:
    """Return what ruff found as advice on the changed lines; its failure is a remark."""
    if outcome.problem is not None:
        first = outcome.problem.partition("\n")[0]
        return Outcome(checked=True, remark=f"ruff's rules could not be offered: {first}")
    grouped: dict[tuple[str | None, str | None], list[Diagnostic]] = {}
    for one in outcome.diagnostics:
        lines = changed.get(one.file or "")
        if one.topic != "syntax" and (lines is None or one.line in lines):
            grouped.setdefault((one.file, one.code), []).append(one)
    return Outcome(checked=True, advice=tuple(_together(each) for each in grouped.values()))


def _together(found: list[Diagnostic]) -> Diagnostic:
    """Return the findings of one rule in one file as one piece of advice."""
    first, *others = found
    lines = [str(one.line) for one in others]
    shown = ", ".join(lines[:SHOWN]) + (f" and {len(lines) - SHOWN} more" * (len(lines) > SHOWN))
    message = f"{first.message} (also line {shown})" if others else first.message
    return replace(first, message=message, severity="note", fix=None)


def folded(finished: Sequence[Finished]) -> list[Finished]:
    """Return finished steps with all runs that only advise as part of the one that is hdb's own."""
    runs = [one for one in finished if one.step.turned is not None]
    kept = [one for one in finished if one.step.turned is None]
    advice = tuple(each for one in runs for each in one.outcome.advice)
    remark = remarks(*(one.outcome.remark for one in runs))
    if not advice and remark is None:
        return kept
    at = next((at for at, one in enumerate(kept) if one.step.tool == TOOL), None)
    if at is None:
        step = replace(runs[0].step, tool=TOOL, cwd=runs[0].step.root)
        own = Finished(step, Verdict.PASSED, Outcome(checked=True))
        at, kept = len(kept), [*kept, own]
    own = kept[at]
    outcome = replace(own.outcome, advice=(*own.outcome.advice, *advice))
    kept[at] = replace(own, outcome=outcome, reason=remarks(own.reason, remark))
    return kept


def _program() -> str | None:
    """Return the ruff of hdb's own environment, None where hdb was installed without."""
    found = Path(sysconfig.get_path("scripts")) / "ruff"
    return str(found) if found.exists() else None


def _project(conventions: Conventions, path: str) -> Project | None:
    ordered = sorted(conventions.projects, key=lambda one: -len(one.path))
    return next(
        (one for one in ordered if one.path == "." or path.startswith(f"{one.path}/")), None
    )


def _settings(conventions: Conventions, project: Project) -> Settings:
    """Return a project's settings with the ruff table that holds for its folder."""
    folders = [project.path, *map(str, Path(project.path).parents)]
    by_path = {one.path: one for one in conventions.projects}
    for folder in folders:
        found = by_path.get(folder)
        if found is not None and "ruff" in found.settings.tables:
            tables = {**project.settings.tables, "ruff": found.settings.tables["ruff"]}
            return replace(project.settings, tables=tables)
    return project.settings
