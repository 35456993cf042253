"""Answers for the command line: which rules there are, what one says, and what all of them find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from mcp_server.advice.asking import Answer, Question, ask
from mcp_server.advice.explaining import gating, silenced
from mcp_server.advice.settings import RuleSettings, misstated, named, nearest, read_all
from mcp_server.contract_rules import RuleFinding, RuleLine, RulesCheck, RulesView, RuleView
from mcp_server.errors import UsageError
from mcp_server.models import Diagnostic
from mcp_server.repository import Conventions
from mcp_server.rules import Rule, rules
from mcp_server.semantic import read_program

STEP = "migrations"
"""The step that reports the rules which are not asked about files."""


def list_rules(conventions: Conventions | None) -> RulesView:
    """Return every rule, with what the projects that were read do with it."""
    settings = read_all(conventions) if conventions else {}
    return RulesView(
        schema="hdb.rules/1",
        problems=misstated(conventions) if conventions else (),
        rules=tuple(
            RuleLine(
                name=one.name,
                severity=one.severity,
                why=one.why,
                same_as=one.same_as,
                step=None if one.check else STEP,
                here=_here(one, settings),
            )
            for one in rules().values()
        ),
    )


def explain_rule(conventions: Conventions | None, name: str) -> RuleView:
    """Return one rule in full, by its name or a code it is reported as.

    Raises `UsageError` for a name that no rule has.
    """
    rule = _rule(name)
    return RuleView(
        schema="hdb.rule/1",
        name=rule.name,
        severity=rule.severity,
        why=rule.why,
        same_as=rule.same_as,
        step=None if rule.check else STEP,
        here=_here(rule, read_all(conventions) if conventions else {}),
        wrong=rule.wrong,
        right=rule.right,
        looks_at=tuple(sorted(rule.looks_at)) if rule.check else (),
        codes=rule.reported_as,
        silence=silenced(rule),
        gate=gating(rule),
        taught=f"skills/{rule.taught}",
        source=rule.source,
    )


def check_rules(
    conventions: Conventions, names: Collection[str] = (), *, notes: bool = False
) -> RulesCheck:
    """Return what the rules say of every file of the projects that were read.

    `names` are the only ones to ask, () for all; `notes` asks those of severity `note`, too.
    Raises `UsageError` for a name that no rule has, and for one that another step reports.
    """
    asked = [_rule(one) for one in names]
    for one in asked:
        if one.check is None:
            codes = ", ".join(one.reported_as)
            msg = f"{one.name!r} is reported by `hdb verify`, in its step {STEP}, as {codes}."
            raise UsageError(msg)
    settings = read_all(conventions)
    program = read_program(conventions)
    paths = program.library.contents.keys()
    question = Question(
        settings=settings,
        gated=paths,
        advised=paths,
        names={one.name for one in asked},
        notes=notes,
    )
    found = ask(program, question)
    problems = (*misstated(conventions), *found.unproven, *found.faults)
    return RulesCheck(
        schema="hdb.rules-check/1",
        verdict="incomplete" if problems else "failed" if found.gated else "passed",
        summary=_summary(found),
        problems=problems,
        remarks=tuple(found.remarks),
        findings=tuple(sorted(_findings(found), key=lambda one: (one.file, one.line, one.column))),
    )


def _rule(name: str) -> Rule:
    known = rules()
    rule = named(name, known)
    if rule is None:
        more = nearest(
            name, (*known, *(code for one in known.values() for code in one.reported_as))
        )
        msg = f"{name!r} is no rule{more or '; `hdb rules` lists them'}"
        raise UsageError(msg)
    return rule


def _here(rule: Rule, settings: Mapping[str, RuleSettings]) -> str | None:
    said = [
        word if one.path == "." else f"{word} in {one.path}"
        for one in settings.values()
        for word, names in (("gated", one.gate), ("ignored", one.ignore))
        if rule.name in names
    ]
    return ", ".join(said) or None


def _findings(found: Answer) -> list[RuleFinding]:
    return [_finding(one, gated=True) for one in found.gated] + [
        _finding(one, gated=False) for one in found.advised
    ]


def _finding(one: Diagnostic, *, gated: bool) -> RuleFinding:
    return RuleFinding(
        rule=one.code or "",
        file=one.file or "",
        line=one.line or 1,
        column=one.column or 1,
        message=one.message,
        gated=gated,
    )


def _summary(found: Answer) -> str:
    every = [*found.gated, *found.advised]
    counts = Counter(one.code or "" for one in every)
    listed = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    of = f"{found.files} file{'s' * (found.files != 1)}"
    if found.unasked:
        of += f" ({found.unasked} generated or excluded not asked about)"
    if not every:
        return f"nothing found in {of}"
    total = f"{len(every)} finding{'s' * (len(every) != 1)}"
    return f"{total}, {len(found.gated) or 'none'} gated, in {of}: {listed}"
