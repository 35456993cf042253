"""Reads GitHub's workflows into the jobs that check changes, reusable ones followed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from mcp_server.conventions.ci.github_scope import Scope, given
from mcp_server.conventions.ci.github_steps import Setting, Steps, checked_later, is_true, narrowed
from mcp_server.conventions.ci.job import EACH, Job, Reading
from mcp_server.conventions.ci.matrix import Matrix, named, read_matrix, scalars
from mcp_server.conventions.ci.values import MAX_TEXT, Known
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping

SERVICE = "GitHub Actions"
FOLDER = ".github/workflows"
MAX_FILES = 500
MAX_CALLS = 10
"""How deep workflows may call each other."""
MAX_JOBS = 1000
CHANGES = ("push", "pull_request", "pull_request_target", "merge_group")
"""The events that a change of the code causes."""
LATER = frozenset({"closed", "labeled", "unlabeled", "assigned", "unassigned", "edited"})
"""What happens to a pull request without a change of its code."""


def read_github(reading: Reading) -> Iterator[Job]:
    """Yield the jobs of every workflow; one that only others call has what they give it."""
    workflows = _Workflows(reading)
    paths = list(_files(reading))
    for path in paths:
        events = _events(workflows.document(path))
        if events.keys() != {"workflow_call"}:
            yield from workflows.jobs(path, _Call(tuple(_changing(events)), stack=(path,)))
    for path in paths:
        workflow = workflows.document(path)
        if path not in workflows.called and _events(workflow).keys() == {"workflow_call"}:
            inputs = given(_declared(workflow), {}, Scope())
            yield from workflows.jobs(path, _Call((), inputs, stack=(path,)))


def _files(reading: Reading) -> Iterator[str]:
    try:
        names = sorted(one.name for one in (reading.place.root / FOLDER).iterdir())
    except OSError:
        return
    for name in islice(names, MAX_FILES):
        if name.endswith((".yml", ".yaml")):
            yield f"{FOLDER}/{name}"


def _events(workflow: Mapping[str, Value]) -> dict[str, Value | None]:
    """Return what starts a workflow, each event with its filters."""
    on = workflow.get("on")
    if isinstance(on, dict):
        return dict(on)
    return {one: None for one in as_list(on) if isinstance(one, Located)}


def _changing(events: Mapping[str, Value | None]) -> Iterator[str]:
    """Yield the events among `events` that check the changes of a push or a pull request."""
    for name in CHANGES:
        filters = as_mapping(events.get(name))
        if name not in events:
            continue
        types = as_list(filters.get("types"))
        tags = {"tags", "tags-ignore"} & filters.keys()
        branches = {"branches", "branches-ignore"} & filters.keys()
        if types and all(isinstance(one, str) and one in LATER for one in types):
            continue
        if name != "push" or not tags or branches:
            yield name


def _declared(workflow: Mapping[str, Value]) -> Value | None:
    return as_mapping(_events(workflow).get("workflow_call")).get("inputs")


@dataclass(frozen=True, slots=True)
class _Call:
    """What a workflow is started with: the changes that start it, and what its caller gives."""

    events: tuple[str, ...]
    inputs: Mapping[str, Known] | None = None
    never: bool = False
    allowed: bool = False
    stack: tuple[str, ...] = ()


@dataclass(slots=True)
class _Workflows:
    """The workflows of a repository, and which of them others call."""

    reading: Reading
    called: set[str] = field(default_factory=set)

    def document(self, path: str) -> Mapping[str, Value]:
        return as_mapping(self.reading.document(path))

    def jobs(self, path: str, call: _Call) -> Iterator[Job]:
        workflow = self.document(path)
        for name, job in islice(as_mapping(workflow.get("jobs")).items(), MAX_JOBS):
            if not self.reading.spend(EACH, path):
                return
            fields = as_mapping(job)
            layout = _Layout(self.reading, path, workflow, fields, call)
            if isinstance(fields.get("uses"), Located):
                yield from self._called(layout, call)
            elif isinstance(name, Located):
                yield from layout.job(name)

    def _called(self, layout: _Layout, call: _Call) -> Iterator[Job]:
        """Yield the jobs of the reusable workflow that a job consists of."""
        uses = posixpath.normpath(str(layout.fields["uses"]))
        if uses in call.stack or len(call.stack) > MAX_CALLS or not uses.startswith(FOLDER):
            return
        workflow = self.document(uses)
        self.called.add(uses)
        for scope in layout.scopes(layout.names(layout.fields.get("with"))):
            events, never = layout.conditions(scope)
            inner = replace(
                call,
                events=events,
                never=never,
                inputs=given(_declared(workflow), layout.fields.get("with"), scope),
                allowed=layout.allowed(scope),
                stack=(*call.stack, uses),
            )
            yield from self.jobs(uses, inner)


class _Layout:
    """One job before its steps are read: its matrix, its settings and what they name."""

    def __init__(
        self,
        reading: Reading,
        path: str,
        workflow: Mapping[str, Value],
        fields: Mapping[str, Value],
        call: _Call,
    ) -> None:
        self.fields = fields
        self._reading = reading
        self._path = path
        self._call = call
        self._base = Scope(call.inputs)
        container = as_mapping(fields.get("container"))
        self._environments = (workflow.get("env"), fields.get("env"), container.get("env"))
        self._defaults = tuple(
            as_mapping(as_mapping(one.get("defaults")).get("run")) for one in (workflow, fields)
        )
        self._matrix = self._read_matrix(as_mapping(fields.get("strategy")).get("matrix"))
        asked = [fields.get(name) for name in ("runs-on", "if", "continue-on-error")]
        settings = [*self._environments, *asked, *(dict(one) for one in self._defaults)]
        self._shared = frozenset().union(*(self._named(one) for one in settings))
        varied = any("matrix" in one.lower() for value in settings for one in scalars(value))
        self._same = None if varied else self._inside(self._base)
        self._scopes: dict[frozenset[str], list[Scope]] = {}

    def _read_matrix(self, value: Value | None) -> Matrix:
        # Expressions in a matrix may name the environment of the workflow.
        return read_matrix(value, self._base.entered(self._environments[0]))

    def _named(self, value: object) -> frozenset[str]:
        texts = [text for text in scalars(value) if len(text) <= MAX_TEXT]
        if not self._reading.spend(sum(map(len, texts)), self._path):
            return frozenset()
        return named(texts)

    def names(self, value: object) -> frozenset[str]:
        """Return the properties of the matrix that a value and the settings of the job name."""
        return self._shared | self._named(value)

    def scopes(self, names: frozenset[str]) -> list[Scope]:
        """Return what expressions may name in each combination that the `names` tell apart."""
        if names not in self._scopes:
            work = self._matrix.work(names)
            found = (
                self._matrix.combinations(names, self._is_read)
                if self._reading.spend(work, self._path)
                else [{}]
            )
            self._scopes[names] = [self._scope(one) for one in found]
        return self._scopes[names]

    def _scope(self, combination: Mapping[str, Known]) -> Scope:
        known = combination if self._matrix.known else None
        if self._same is not None:
            return replace(self._same, matrix=known)
        return self._inside(replace(self._base, matrix=known))

    def _inside(self, scope: Scope) -> Scope:
        """Return the scope on the job's machine, with all that is set for the whole job."""
        scope = scope.running_on(self.fields.get("runs-on"))
        for one in self._environments:
            scope = scope.entered(one)
        return scope

    def _is_read(self, combination: Mapping[str, Known]) -> bool:
        """Tell whether a combination runs where commands are for a shell that is read."""
        on = self._same or replace(self._base, matrix=combination).running_on(
            self.fields.get("runs-on")
        )
        return on.system != "Windows"

    def conditions(self, scope: Scope) -> tuple[tuple[str, ...], bool]:
        """Return the changes that may start the job, and whether it never runs."""
        events, never = narrowed(self.fields.get("if"), scope, self._call.events)
        return events, never or self._call.never

    def allowed(self, scope: Scope) -> bool:
        """Tell whether the job may fail."""
        return self._call.allowed or is_true(self.fields.get("continue-on-error"), scope)

    def job(self, name: Located) -> Iterator[Job]:
        """Yield the job: what of it counts, and what of it does not."""
        steps = Steps(self._reading)
        listed = as_list(self.fields.get("steps"))
        checked = checked_later(listed)
        # By identity: the scopes of a job are made once and kept.
        settings: dict[int, Setting] = {}
        for step in listed:
            for scope in self.scopes(self.names(step)):
                key = id(scope) if self._same is None else 0
                if key not in settings:
                    settings[key] = self._setting(name, scope, checked)
                steps.follow(step, settings[key], scope)
        source = f"{self._path}:{name}:{name.line}"
        pythons = tuple(steps.pythons)
        gating = tuple(steps.gating.values())
        lesser = tuple(part for key, part in steps.lesser.items() if key not in steps.gating)
        yield Job(name, SERVICE, source, gating, gates=True, pythons=pythons)
        yield Job(name, SERVICE, source, lesser, gates=False, pythons=pythons)

    def _setting(self, name: str, scope: Scope, checked: frozenset[str]) -> Setting:
        shell = folder = ""
        for one in self._defaults:
            shell = scope.filled(one.get("shell")) or shell
            folder = scope.filled(one.get("working-directory")) or folder
        events, never = self.conditions(scope)
        allowed = self.allowed(scope)
        return Setting(f"{self._path}:{name}", events, never, allowed, shell, folder, checked)
