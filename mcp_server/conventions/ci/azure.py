"""Reads Azure's pipelines into their jobs; templates of the repository are followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from mcp_server.conventions.ci.azure_templates import (
    Inside,
    Scope,
    conditions_met,
    entries,
    variables_of,
)
from mcp_server.conventions.ci.job import EACH, Job, Reading, Script, kept, versions
from mcp_server.conventions.ci.values import Known
from mcp_server.conventions.files.yaml import Located, Value, as_mapping
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.tasks.tasks import Part

SERVICE = "Azure Pipelines"
ROOTS = ("azure-pipelines.yml", "azure-pipelines.yaml", ".azure-pipelines.yml")
FOLDERS = (".azure-pipelines", "azure-pipelines", ".azuredevops", ".vsts-ci")
MAX_FILES = 100
COMBINATIONS = 50
WINDOWS = re.compile(r"windows|vs20\d\d", re.IGNORECASE)
LATER = re.compile(r"\bfailed\(\)|Build\.Reason'?\]?\s*,\s*'Schedule|refs/tags/", re.IGNORECASE)
NEGATED = re.compile(r"\b(?:ne|not|notIn)\(", re.IGNORECASE)
SCRIPT_TASKS = {"bash": True, "shellscript": True, "cmdline": True, "powershell": False}
"""The tasks that run a script of the file, and whether a shell reads it."""


def read_azure(reading: Reading) -> Iterator[Job]:
    """Yield the jobs of every pipeline; a file that others use as a template is none."""
    paths = [path for path in _files(reading) if as_mapping(reading.document(path))]
    found: list[tuple[str, list[Job]]] = []
    used: set[str] = set()
    for path in paths:
        jobs = list(_Pipeline(reading, path, used).jobs())
        found.append((path, jobs))
    for path, jobs in found:
        if path not in used:
            yield from jobs


def _files(reading: Reading) -> Iterator[str]:
    yield from ROOTS
    for folder in FOLDERS:
        try:
            names = sorted(one.name for one in (reading.place.root / folder).iterdir())
        except OSError:
            continue
        for name in islice(names, MAX_FILES):
            if name.endswith((".yml", ".yaml")):
                yield f"{folder}/{name}"


def _checks(document: Mapping[str, Value]) -> bool:
    """Tell whether a push or a pull request starts a pipeline; it does where it says nothing."""
    trigger, request = document.get("trigger"), document.get("pr")
    tags_only = isinstance(trigger, dict) and "tags" in trigger and "branches" not in trigger
    pushed = trigger != "none" and not tags_only
    return pushed or request != "none"


@dataclass(slots=True)
class _Pipeline:
    """A pipeline with the templates that it uses."""

    reading: Reading
    path: str
    used: set[str]

    def jobs(self) -> Iterator[Job]:
        document = as_mapping(self.reading.document(self.path))
        inside = Inside(self.reading, self.path, self.used)
        scope = Scope(parameters=_defaults(document)).entered(document.get("variables"), inside)
        yield from self._stages(document, scope, inside, checks=_checks(document))

    def _stages(
        self, holder: Mapping[str, Value], scope: Scope, inside: Inside, *, checks: bool
    ) -> Iterator[Job]:
        """Yield the jobs of whatever has stages, jobs or steps."""
        extended = holder.get("extends")
        if isinstance(extended, dict):
            for one, there, deeper in entries([extended], scope, inside):
                yield from self._stages(one, there, deeper, checks=checks)
        for stage, there, deeper in entries(holder.get("stages"), scope, inside, "stages"):
            counts = checks and _counts(stage, there)
            own = there.entered(stage.get("variables"), deeper)
            yield from self._stages(stage, own, deeper, checks=counts)
        for job, there, deeper in entries(holder.get("jobs"), scope, inside, "jobs"):
            counts = checks and _counts(job, there)
            yield from self._job(job, there, deeper, checks=counts)
        if "steps" in holder and "jobs" not in holder:
            yield from self._job(holder, scope, inside, checks=checks)

    def _job(
        self, job: Mapping[str, Value], scope: Scope, inside: Inside, *, checks: bool
    ) -> Iterator[Job]:
        key = job.get("job", job.get("deployment"))
        first = key if isinstance(key, Located) else next(iter(job))
        name = scope.filled(key) or "steps"
        line = first.line if isinstance(first, Located) else 1
        parts: dict[Part, bool] = {}
        pythons: dict[str, None] = {}
        scope = scope.entered(job.get("variables"), inside)
        for combination in _combinations(job, scope):
            there = scope.with_variables(combination)
            pool = job.get("pool")
            image = pool.get("vmImage") if isinstance(pool, dict) else pool
            windows = bool(WINDOWS.search(there.filled(image)))
            steps = Steps(self.reading, f"{{}}:{name}", parts, pythons, windows=windows)
            for step, own, deeper in entries(job.get("steps"), there, inside, "steps"):
                if not self.reading.spend(EACH, self.path):
                    break
                steps.follow(step, own, deeper.path, checks=checks)
        source = f"{inside.path}:{name}:{line}"
        for gates in (True, False):
            found = tuple(part for part, counted in parts.items() if counted == gates)
            yield Job(name, SERVICE, source, found, gates, tuple(pythons))


def _defaults(document: Mapping[str, Value]) -> dict[str, Known]:
    return variables_of(document.get("parameters"), "default")


def _counts(holder: Mapping[str, Value], scope: Scope) -> bool:
    """Tell whether a stage, a job or a step runs for changes and may not fail."""
    condition = holder.get("condition")
    text = condition[:2000] if isinstance(condition, Located) else ""
    if text == "false" or (LATER.search(text) and not NEGATED.search(text)):
        return False
    return scope.filled(holder.get("continueOnError")) != "true"


def _combinations(job: Mapping[str, Value], scope: Scope) -> list[dict[str, str]]:
    """Return the variables of each combination of a job's matrix, those on Windows last."""
    matrix = as_mapping(as_mapping(job.get("strategy")).get("matrix"))
    found = []
    for _, values in islice(matrix.items(), COMBINATIONS):
        found.append({str(name): scope.filled(one) for name, one in as_mapping(values).items()})
    elsewhere = [one for one in found if not any(map(WINDOWS.search, one.values()))]
    return elsewhere or found or [{}]


@dataclass(slots=True)
class Steps:
    """What the steps of one job lead to: its commands, whether they count, and its Pythons."""

    reading: Reading
    where: str
    parts: dict[Part, bool]
    pythons: dict[str, None]
    windows: bool = False

    def follow(self, step: Mapping[str, Value], scope: Scope, path: str, *, checks: bool) -> None:
        """Read one step of the file `path`."""
        if scope.filled(step.get("enabled")) == "false" or not conditions_met(step, scope):
            return
        checks = checks and _counts(step, scope)
        inputs = as_mapping(step.get("inputs"))
        task = scope.filled(step.get("task")).partition("@")[0].lower()
        text, shell, folder = self._script(step, inputs, task)
        if task == "usepythonversion":
            self.pythons.update(dict.fromkeys(versions([scope.filled(inputs.get("versionSpec"))])))
        if not isinstance(text, Located):
            return
        filled = scope.filled(text)
        named = {str(name): scope.filled(one) for name, one in as_mapping(step.get("env")).items()}
        script = Script(
            filled if shell else f"{UNREADABLE}{filled}",
            self.where.format(path),
            text.line,
            scope.filled(folder) or ".",
            kept({**scope.environment(), **named}),
        )
        for part in self.reading.parts(script):
            self.parts[part] = self.parts.get(part, False) or checks

    def _script(
        self, step: Mapping[str, Value], inputs: Mapping[str, Value], task: str
    ) -> tuple[Value | None, bool, Value | None]:
        """Return the script of a step, whether a shell that is read runs it, and its folder."""
        folder = step.get("workingDirectory")
        for key in ("bash", "script", "pwsh", "powershell"):
            if key in step:
                return step[key], key == "bash" or (key == "script" and not self.windows), folder
        if task in SCRIPT_TASKS:
            shell = SCRIPT_TASKS[task] and not (self.windows and task == "cmdline")
            return inputs.get("script"), shell, inputs.get("workingDirectory", folder)
        return None, True, None
