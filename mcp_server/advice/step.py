"""Makes the step of a verification that asks hdb's own rules about a project's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from anyio.from_thread import check_cancelled

from mcp_server.advice.asking import Answer, Question, ask
from mcp_server.advice.changed import Advised
from mcp_server.advice.joining import together
from mcp_server.advice.judging import TOOL
from mcp_server.advice.settings import RuleSettings, label, misstated, read_all
from mcp_server.finished import Finished
from mcp_server.models import Diagnostic, Outcome, Step, Verdict
from mcp_server.repository import Conventions
from mcp_server.semantic import Program, read_program

ADVISING = "hdb"
"""The source of a step that no project gates, so that nothing of it counts."""


def rules_step(conventions: Conventions, files: Advised) -> Step | None:
    """Return the asking of the rules as a step, None where there is nothing to ask.

    Advice is given on `files`. What a project gates is asked about all its files, or about these
    where they are targets.
    """
    settings = read_all(conventions)
    gating = [label(one.path) for one in settings.values() if one.gate]
    if not files.files and (files.chosen or not any(one.stated for one in settings.values())):
        return None
    return Step(
        tool=TOOL,
        argv=(),
        cwd=conventions.root,
        root=conventions.root,
        command="hdb asks its rules",
        source=gating[0] if gating else ADVISING,
        # What was asked of some files only says nothing about the others.
        only=files.files if files.chosen else (),
        read=partial(_read, conventions, settings, files),
    )


def apart(finished: Sequence[Finished]) -> tuple[list[Finished], tuple[Diagnostic, ...], str]:
    """Return finished steps without one that only advised, its advice, and what it had to say.

    What has nothing but advice is no check: counted as one, it would make a verification green in
    which no check of the project was run. Nor is one whose gated rules concern no file.
    """
    own = next((one for one in finished if one.step.tool == TOOL), None)
    if own is None or not _only_advised(own):
        return list(finished), (), ""
    others = [one for one in finished if one is not own]
    return others, own.outcome.advice, "; ".join((own.reason or "").splitlines())


def _only_advised(own: Finished) -> bool:
    if own.outcome.unreached:
        return own.verdict is Verdict.PASSED
    # Advice for which the time was too short must not cost the project its verdict.
    return own.step.source == ADVISING and own.verdict in (Verdict.PASSED, Verdict.NOT_RUN)


def _read(
    conventions: Conventions, settings: Mapping[str, RuleSettings], files: Advised
) -> Outcome:
    try:
        return _asked(conventions, settings, files)
    except Exception as error:
        # Where nothing is gated, a fault of hdb's own must not cost the project its verdict.
        if any(one.stated for one in settings.values()):
            raise
        return Outcome(checked=True, remark=f"no advice, for a fault of hdb's own: {error!r}")


def _asked(
    conventions: Conventions, settings: Mapping[str, RuleSettings], files: Advised
) -> Outcome:
    gates = {name for one in settings.values() for name in one.gate}
    everything = any(one.everything for one in settings.values())
    remarks: list[str] = []
    if files.why and any(one.stated for one in settings.values()):
        remarks.append(f"no advice, as {files.why}: `hdb rules --check` asks about all files")
    found = Answer()
    # Nothing is read where nothing is asked.
    if files.files or gates or everything:
        found = _of_files(read_program(conventions), settings, files)
    unreached = bool(gates) and not found.proven
    # Of targets that no gate concerns there is nothing to say.
    if gates and not (unreached and files.chosen):
        count = f"{len(gates)} gated rule{'s' * (len(gates) != 1)}"
        left = f", {found.unasked} generated or excluded left out" if found.unasked else ""
        remarks.insert(0, f"{count} asked of {found.proven} file{'s' * (found.proven != 1)}{left}")
    remarks += [*found.faults, *found.remarks]
    problems = [*misstated(conventions), *found.unproven]
    return Outcome(
        diagnostics=tuple(found.gated),
        # Advice needs no proof; what is gated says of how many files it was asked.
        checked=True,
        problem="\n".join((*problems, *remarks)) if problems else None,
        remark="; ".join(remarks) or None,
        unreached=unreached and not problems,
        advice=tuple(together(found.advised)),
    )


def _of_files(program: Program, settings: Mapping[str, RuleSettings], files: Advised) -> Answer:
    gated: list[str] = []
    advised: list[str] = []
    asked = frozenset(files.files)
    paths = dict.fromkeys((*program.library.contents, *(files.files if files.chosen else ())))
    for path in paths:
        project = program.library.project(path)
        stated = settings.get(project.path if project else ".", RuleSettings())
        named = path in asked
        if stated.gate and (named or not files.chosen):
            gated.append(path)
        if named or (stated.everything and not files.chosen):
            advised.append(path)
    return ask(program, Question(settings=settings, gated=gated, advised=advised), _heed)


def _heed() -> None:
    """Break off where a verification no longer waits, so that its process can end."""
    try:
        check_cancelled()
    except RuntimeError:
        # Nobody waits in another thread.
        return
