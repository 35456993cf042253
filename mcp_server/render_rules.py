"""Shows hdb's own rules to people: all of them, one in full, and what they find."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from mcp_server.contract_rules import RuleFinding, RuleLine, RulesCheck, RulesView, RuleView
from mcp_server.render import STYLES, aligned


def render_rules(view: RulesView | RuleView | RulesCheck) -> RenderableType:
    """Return an answer about the rules as text."""
    if isinstance(view, RulesView):
        return Lines(*_list(view))
    if isinstance(view, RuleView):
        return Lines(*_rule(view))
    return Lines(*_check(view))


def _list(view: RulesView) -> Iterator[Text]:
    yield from (Text(f"! {problem}", style="yellow") for problem in view.problems)
    rows = [(one.name, _marks(one), one.why) for one in view.rules]
    for line, one in zip(aligned(rows), view.rules, strict=True) if rows else ():
        line.stylize("cyan", 0, len(one.name))
        line.rstrip()
        yield line
    yield Text(f"\n{len(view.rules)} rules; `hdb rules NAME` explains one", style="dim")


def _marks(one: RuleLine) -> str:
    """Return what a rule is in this project, in a few words."""
    usual = "" if one.severity == "warning" else one.severity
    named = one.here or (f"step {one.step}" if one.step else usual)
    return f"{named} = {' '.join(one.same_as)}".strip() if one.same_as else named


def _rule(view: RuleView) -> Iterator[Text]:
    yield Text(view.name, style="bold cyan").append(f"  {_marks(view)}", style="dim")
    yield Text(view.why)
    for word, style, example in (("wrong", "red", view.wrong), ("right", "green", view.right)):
        yield Text(f"\n{word}", style=f"bold {style}")
        yield from (Text(f"    {line}" if line else "") for line in example.rstrip().splitlines())
    yield Text()
    yield Text(view.silence)
    yield Text(view.gate)
    if view.looks_at:
        yield Text(f"asked about: {', '.join(view.looks_at)}")
    yield Text(f"taught in {view.taught}", style="dim")
    yield from (Text(one, style="dim") for one in view.source)


def _check(view: RulesCheck) -> Iterator[Text]:
    for file, found in groupby(view.findings, key=lambda one: one.file):
        yield Text(file, style="bold")
        for one in found:
            yield from _finding(one)
        yield Text()
    yield from (Text(f"! {problem}", style="yellow") for problem in view.problems)
    yield from (Text(remark, style="dim") for remark in view.remarks)
    if view.verdict == "passed" and view.findings:
        # They are none the less to be looked at.
        yield Text(view.summary)
    else:
        closing = Text(view.verdict, style=f"bold {STYLES[view.verdict]}")
        yield closing.append(f": {view.summary}", style="")
    if view.findings:
        name = view.findings[0].rule
        yield Text(f"`hdb rules {name}` explains {name}", style="dim")


def _finding(one: RuleFinding) -> Iterator[Text]:
    head = Text(f"  {f'{one.line}:{one.column}':>7}  ").append(one.rule, style="cyan")
    yield head.append("  gated", style="bold red") if one.gated else head
    yield Text(f"           {one.message}")
