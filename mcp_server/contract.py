"""The wire contract: the batch and the conventions as agents and scripts receive them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mcp_server.contract_facts import FactsView
from mcp_server.wire import Wire


class Also(Wire):
    """Another finding of the same root cause; what it lacks is as in the failure's head."""

    tool: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    code: str | None = None
    message: str | None = None
    symbol: str | None = None
    test: str | None = None
    severity: str | None = None


class Failure(Wire):
    """One root cause: its clearest finding, and the others that share it under `also`."""

    id: str
    tool: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    code: str | None = None
    message: str
    symbol: str | None = None
    test: str | None = None
    severity: str = "error"
    fix: Literal["auto"] | None = None
    new: bool = False
    """Whether a finding of it is not in the last full batch, although both runs came there."""
    introduced: bool | None = None
    """Whether the change since the commit that was named made a finding of it; None if unknown."""
    also: tuple[Also, ...] = ()


class StepResult(Wire):
    """How one step ended. `failures` counts findings; `reason` says why it is not green or red."""

    tool: str
    verdict: str
    command: str
    cwd: str = "."
    source: str
    ran: str | None = None
    seconds: float = 0.0
    failures: int = 0
    passed: int = 0
    skipped: int = 0
    deselected: int = 0
    reason: str | None = None


class Delta(Wire):
    """What changed since the project's last full batch, in findings."""

    fixed: int = 0
    new: int = 0
    same: int = 0
    unknown: int = 0


class LeftOut(Wire):
    """The tests that no change since the last green batch can reach, in files.

    `where` are files, and folders of which nothing was run.
    """

    files: int
    of: int
    where: tuple[str, ...] = ()
    more: int = 0
    checks: tuple[str, ...] = ()
    """Checks that say nothing of a part of the tests, such as a coverage gate."""
    why: str


class Since(Wire):
    """Which findings are new against a commit; those in neither count are unknown."""

    ref: str
    introduced: int = 0
    known: int = 0
    unknown: int = 0
    seconds: float = 0.0
    """How long the checks at the commit took, beside those of the steps."""
    notes: tuple[str, ...] = ()
    """Why something is unknown."""


class Advice(Wire):
    """What is worth a thought; it never counts, and no verdict depends on it."""

    tool: str
    code: str | None = None
    file: str | None = None
    line: int | None = None
    message: str


class Batch(Wire):
    """Every failure of one verification, with a verdict for each step and for the whole."""

    schema_: Literal["hdb.batch/1"] = Field(alias="schema")
    id: str
    verdict: Literal["passed", "failed", "incomplete"]
    scope: Literal["full", "affected", "targets"]
    root: str | None = None
    """The folder that was judged, where the repository has other worktrees that could be meant."""
    summary: str
    problems: tuple[str, ...] = ()
    """Configuration that could not be read; the batch is incomplete then."""
    left_out: LeftOut | None = None
    steps: tuple[StepResult, ...] = ()
    delta: Delta | None = None
    since: Since | None = None
    failures: tuple[Failure, ...] = ()
    advice: tuple[Advice, ...] = ()
    next: str | None = None


class Finding(Also):
    """One finding with everything its tool said of it.

    `source` are the lines of the file around the place, as they are now.
    """

    id: str
    topic: str | None = None
    fix: str | None = None
    brief: str | None = Field(default=None, exclude=True)
    detail: str | None = None
    source: str | None = None


class FailureDetail(Wire):
    """One failure in full: every finding with its traceback, captured output or diff.

    A finding with the id of the one before it continues that one's texts.
    """

    schema_: Literal["hdb.failure/1"] = Field(alias="schema")
    id: str
    batch: str
    findings: tuple[Finding, ...]
    next: str | None = None


class CommandView(Wire):
    """A command that the project names, and where.

    `via` is how a person runs the task that holds it, `in_ci` where the project's CI runs it. One
    that is not `sure` is not run, and `reason` says why.
    """

    tool: str
    command: str
    via: str | None = None
    cwd: str = "."
    source: str
    in_ci: str | None = None
    mutates: bool = False
    sure: bool
    gap: bool = False
    """Whether a verification without it is incomplete."""
    reason: str | None = None


class EnvironmentView(Wire):
    """The environment of a project and the command that creates it."""

    kind: str
    path: str | None = None
    python: str | None = None
    ready: bool
    why: str | None = None
    problem: str | None = None
    lacks: tuple[str, ...] = ()
    """The planned tools that are not in it."""
    create: str | None = None
    source: str | None = None


class ProjectView(Wire):
    """One project: its environment, the commands of each role, and facts for writing.

    The commands of `migrations`, `security` and `docs` are told and not run.
    """

    path: str
    python: str | None = None
    environment: EnvironmentView
    roles: dict[str, tuple[CommandView, ...]] = Field(default_factory=dict)
    runners_up: dict[str, tuple[CommandView, ...]] = Field(default_factory=dict)
    facts: FactsView | None = None


class ConventionsView(Wire):
    """What a repository says about how it is verified."""

    schema_: Literal["hdb.conventions/1"] = Field(alias="schema")
    root: str
    instructions: tuple[str, ...] = ()
    projects: tuple[ProjectView, ...]
    disagreements: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    more: str | None = None
    """What is left out of the lean form, and how to ask for it."""
    next: str | None = None


class BatchRef(Wire):
    """A full verification, or where there is none the last one over targets, in short.

    `age` are the seconds since it ended.
    """

    id: str
    verdict: Literal["passed", "failed", "incomplete"]
    scope: Literal["full", "affected", "targets"] = "full"
    summary: str
    age: int


class StatusView(Wire):
    """Whether a tree is verified, by which batch, and what changed.

    `changed` are paths that differ from what the batch judged, `session` those that differ from
    when the session began; `more_changed` and `more_session` count what is not named.
    """

    schema_: Literal["hdb.status/1"] = Field(alias="schema")
    verified: bool
    batch: BatchRef | None = None
    changed: tuple[str, ...] = ()
    more_changed: int = 0
    session: tuple[str, ...] = ()
    more_session: int = 0
    advice: str
