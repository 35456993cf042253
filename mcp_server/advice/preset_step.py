"""Runs hdb's own ruff with its preset over the files of a change, and makes advice of it."""

from __future__ import annotations

import posixpath
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mcp_server.advice.changed import Lines
from mcp_server.advice.joining import joined
from mcp_server.advice.judging import TOOL
from mcp_server.advice.preset import configuration, decided, offered
from mcp_server.advice.ruff_config import RuffConfig, RuffConfigs
from mcp_server.advice.settings import read_settings
from mcp_server.checkers.ruff import ENV
from mcp_server.finished import Finished
from mcp_server.models import SCRATCH, Diagnostic, Outcome, Step, Verdict
from mcp_server.repository import Conventions, Project
from mcp_server.status_report import remarks

CONFIGURATION = "ruff.toml"
COMMAND = "hdb offers ruff's rules"
UNOFFERED = "ruff's rules could not be offered"
REVISIONS = ("/versions/", "/migrations/")
"""Folders of files that a tool generates."""


def preset_steps(conventions: Conventions, changed: Lines) -> tuple[Step, ...]:
    """Return the runs of ruff that offer the preset: one a configuration of changed files."""
    try:
        return tuple(_runs(conventions, changed))
    except Exception as error:  # noqa: BLE001 - advice must not cost the project its verdict
        outcome = Outcome(checked=True, remark=f"{UNOFFERED}, for a fault of hdb's own: {error!r}")
        root = conventions.root
        return (
            Step(
                tool="ruff",
                argv=(),
                cwd=root,
                root=root,
                command=COMMAND,
                source="hdb",
                read=lambda: outcome,
                turned=lambda read: read,
            ),
        )


def _runs(conventions: Conventions, changed: Lines) -> Iterator[Step]:
    program = _program()
    configs = RuffConfigs(conventions.root)
    runs: dict[tuple[str, str | None], tuple[Project, RuffConfig | None, list[str]]] = {}
    for path in sorted(changed):
        owner = _project(conventions, path)
        generated = any(one in f"/{path}" for one in REVISIONS)
        if owner is not None and path.endswith(".py") and not generated:
            config = configs.holding(path)
            key = (owner.path, config.folder if config else None)
            runs.setdefault(key, (owner, config, []))[2].append(path)
    for project, config, files in runs.values() if program is not None else ():
        known = decided(project, config)
        if not read_settings(project).preset or not offered(project, known):
            continue
        # The patterns of a configuration begin at its own folder.
        folder = config.folder if config is not None else project.path
        yield Step(
            tool="ruff",
            argv=(
                *(str(program), "check", "--config", f"{SCRATCH}/{CONFIGURATION}"),
                *("--output-format=json-lines", "--no-fix", "--force-exclude", "--no-cache", "--"),
                *(posixpath.relpath(path, folder) for path in files),
            ),
            cwd=conventions.root / folder,
            root=conventions.root,
            command=COMMAND,
            source="hdb",
            env=ENV,
            files={CONFIGURATION: configuration(project, config, known)},
            turned=partial(on_changed_lines, changed=changed),
        )


def on_changed_lines(outcome: Outcome, changed: Lines) -> Outcome:
    """Return what ruff found on the changed lines as advice; its failure is a remark."""
    if outcome.problem is not None:
        first = outcome.problem.partition("\n")[0]
        return Outcome(checked=True, remark=f"{UNOFFERED}: {first}")
    kept = (
        replace(one, severity="note", fix=None)
        for one in outcome.diagnostics
        if one.topic != "syntax"
        and ((lines := changed.get(one.file or "")) is None or one.line in lines)
    )
    return Outcome(checked=True, advice=tuple(kept))


def _once(
    found: Iterable[Diagnostic], reported: Collection[tuple[str | None, int | None, str | None]]
) -> tuple[Diagnostic, ...]:
    """Return what no step of the project reported, of one rule in one file as one piece."""
    grouped: dict[tuple[str | None, str | None], list[Diagnostic]] = {}
    for one in found:
        if (one.file, one.line, one.code) not in reported:
            grouped.setdefault((one.file, one.code), []).append(one)
    return tuple(joined(each) for each in grouped.values())


def folded(finished: Sequence[Finished]) -> list[Finished]:
    """Return finished steps with all runs that only advise as part of the one that is hdb's own."""
    runs = [one for one in finished if one.step.turned is not None]
    kept = [one for one in finished if one.step.turned is None]
    reported = {
        (each.file, each.line, each.code) for one in kept for each in one.outcome.diagnostics
    }
    advice = _once((each for one in runs for each in one.outcome.advice), reported)
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
