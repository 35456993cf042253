"""The wire contract of hdb's own rules: which there are, what one says, what they find."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mcp_server.wire import Wire


class RuleLine(Wire):
    """One rule in short. `here` says what the project does with it: gates it or ignores it.

    `same_as` are codes of ruff and flake8 that say the same; `step` is what else reports it.
    """

    name: str
    severity: str = "warning"
    why: str
    same_as: tuple[str, ...] = ()
    step: str | None = None
    here: str | None = None


class RulesView(Wire):
    """Every rule, and what a project's settings say of it that cannot be meant."""

    schema_: Literal["hdb.rules/1"] = Field(alias="schema")
    problems: tuple[str, ...] = ()
    rules: tuple[RuleLine, ...] = ()


class RuleView(RuleLine):
    """One rule in full. `codes` are those under which another step reports it."""

    schema_: Literal["hdb.rule/1"] = Field(alias="schema")
    wrong: str
    right: str
    looks_at: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    silence: str
    gate: str
    taught: str
    source: tuple[str, ...] = ()


class RuleFinding(Wire):
    """One place where a rule does not hold; only a `gated` one fails anything."""

    rule: str
    file: str
    line: int
    column: int
    message: str
    gated: bool = False


class RulesCheck(Wire):
    """What the rules say of all files of a project.

    `problems` are what kept a rule from being asked; `remarks` what else is to be told.
    """

    schema_: Literal["hdb.rules-check/1"] = Field(alias="schema")
    verdict: Literal["passed", "failed", "incomplete"]
    summary: str
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    findings: tuple[RuleFinding, ...] = ()
