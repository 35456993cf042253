"""Tells which jobs the workflows of CircleCI run, with what, and whether they check changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from mcp_server.conventions.ci.values import text_of
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping

MAX_JOBS = 500
SETTINGS = frozenset(
    "requires filters context matrix name type pre-steps post-steps serial-group".split()
)
"""Keys of a job in a workflow that are no parameters of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A job as a workflow runs it."""

    job: str
    gates: bool
    values: Mapping[str, Value] = field(default_factory=dict)
    matrix: Value | None = None


def runs_of(document: Mapping[str, Value]) -> Iterator[Run]:
    """Yield the jobs that a configuration runs; without workflows it is the job `build`."""
    workflows = as_mapping(document.get("workflows"))
    if not workflows:
        yield from (Run(name, gates=True) for name in as_mapping(document.get("jobs")))
    for workflow in islice(workflows.values(), MAX_JOBS):
        fields = as_mapping(workflow)
        checks = "triggers" not in fields and not _asked_for(fields.get("when"), document)
        # What waits for somebody's approval stops nobody's change.
        waiting: set[str] = set()
        for entry in as_list(fields.get("jobs"))[:MAX_JOBS]:
            named = as_mapping(entry) or {text_of(entry): Located("")}
            for name, value in islice(named.items(), 1):
                given = as_mapping(value)
                required = {text_of(one) for one in as_list(given.get("requires"))[:MAX_JOBS]}
                approved = given.get("type") == "approval" or bool(required & waiting)
                if approved:
                    waiting |= {name, text_of(given.get("name"))} - {""}
                yield Run(
                    name,
                    checks and not approved and _on_branches(given.get("filters")),
                    {key: one for key, one in given.items() if key not in SETTINGS},
                    as_mapping(given.get("matrix")).get("parameters"),
                )


def _asked_for(when: Value | None, document: Mapping[str, Value]) -> bool:
    """Tell whether a workflow waits for a parameter of the pipeline that is false by default."""
    if not isinstance(when, Located):
        return False
    name = when.strip("<> ").removeprefix("pipeline.parameters.")
    declared = as_mapping(as_mapping(document.get("parameters")).get(name))
    return declared.get("default") == "false"


def _on_branches(filters: Value | None) -> bool:
    """Tell whether a job runs for branches, and not for tags alone."""
    ignored = as_list(as_mapping(as_mapping(filters).get("branches")).get("ignore"))
    return not any(one == "/.*/" for one in ignored)
