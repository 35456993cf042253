"""Reads CircleCI's configuration into the jobs that its workflows run."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from mcp_server.conventions.ci.circle_workflows import Run, runs_of
from mcp_server.conventions.ci.expressions import fill
from mcp_server.conventions.ci.job import EACH, Job, Reading, Script, kept, of_image
from mcp_server.conventions.ci.matrix import axes_of
from mcp_server.conventions.ci.values import Known, known_of, text_of, truth
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.tasks import SHELLS, Part

SERVICE = "CircleCI"
FILES = (
    ".circleci/config.yml",
    ".circleci/config.yaml",
    ".circleci/continue_config.yml",
    ".circleci/continue-config.yml",
)
"""The configuration, and what a setup workflow by custom continues with."""
MAX_DEPTH = 6
"""How deep commands may use each other, and conditions nest."""
NAMED = re.compile(r"<<\s*(?:parameters|matrix)\.([\w-]+)\s*>>")


def read_circle(reading: Reading) -> Iterator[Job]:
    """Yield the jobs that the workflows run, with the parameters that they give them."""
    for path in FILES:
        document = as_mapping(reading.document(path))
        for run in runs_of(document):
            if reading.spend(EACH * (5 if run.matrix else 1), path):
                yield from _Config(reading, path, document).job(run)


@dataclass(frozen=True, slots=True)
class Scope:
    """The parameters that `<< >>` may name, those of the pipeline apart."""

    parameters: Mapping[str, Known]
    pipeline: Mapping[str, Known] = field(default_factory=dict)

    def __call__(self, path: tuple[str, ...]) -> Known:
        """Return the value of a property, as `Lookup` says."""
        if path[:2] == ("pipeline", "parameters") and len(path) == 3:
            return self.pipeline.get(path[2], UNKNOWN)
        if path[0] == "parameters" and len(path) == 2:
            return self.parameters.get(path[1], UNKNOWN)
        return UNKNOWN

    def filled(self, value: object) -> str:
        """Return a field's text with its parameters filled in, "" where it holds no text."""
        return fill(value, self, "<<", ">>") if isinstance(value, str) else ""

    def given(self, declared: object, values: Mapping[str, Value]) -> Scope:
        """Return the scope inside what is called: its defaults, and what is given."""
        found = _defaults(declared)
        for name, one in values.items():
            found[name] = known_of(one)
            if isinstance(one, Located) and "<<" in one:
                found[name] = self.filled(one)
        return replace(self, parameters=found)


def _defaults(declared: object) -> dict[str, Known]:
    return {
        str(name): known_of(as_mapping(one).get("default", Located(UNKNOWN)))
        for name, one in islice(as_mapping(declared).items(), 200)
    }


@dataclass(slots=True)
class _Config:
    """A configuration: its jobs, commands and executors."""

    reading: Reading
    path: str
    document: Mapping[str, Value]

    def _named(self, kind: str, name: str) -> Mapping[str, Value]:
        return as_mapping(as_mapping(self.document.get(kind)).get(name))

    def job(self, run: Run) -> Iterator[Job]:
        """Yield a job as a workflow runs it, for each combination of its matrix."""
        jobs = as_mapping(self.document.get("jobs"))
        key = next((one for one in jobs if one == run.job), None)
        if not isinstance(key, Located):
            return
        job = as_mapping(jobs[key])
        pipeline = _defaults(self.document.get("parameters"))
        source = f"{self.path}:{key}:{key.line}"
        for combination in axes_of(run.matrix).combinations(frozenset(as_mapping(run.matrix))):
            values = {name: one for name, one in combination.items() if isinstance(one, Located)}
            scope = Scope({}, pipeline).given(job.get("parameters"), {**run.values, **values})
            steps = self._begun(job, key, scope)
            steps.follow(job.get("steps"), scope, 0)
            pythons = tuple(dict.fromkeys(steps.pythons))
            yield Job(key, SERVICE, source, tuple(steps.parts), run.gates, pythons)

    def _begun(self, job: Mapping[str, Value], key: str, scope: Scope) -> _Steps:
        """Return the steps of a job before the first: where it works, and on which image."""
        executor = job.get("executor")
        name = as_mapping(executor).get("name", executor)
        values = {one: value for one, value in as_mapping(executor).items() if one != "name"}
        base = self._named("executors", scope.filled(name))
        inner = scope.given(base.get("parameters"), values)
        env: dict[str, str] = {}
        folder, pythons = "", []
        for holder, there in ((base, inner), (job, scope)):
            folder = there.filled(holder.get("working_directory")) or folder
            env.update(_environment(holder, there))
            images = [as_mapping(one).get("image") for one in as_list(holder.get("docker"))[:1]]
            pythons += [one for image in images for one in of_image(there.filled(image))]
        return _Steps(self, f"{self.path}:{key}", folder or "~/project", env, pythons)


def _environment(holder: Mapping[str, Value], scope: Scope) -> dict[str, str]:
    found = as_mapping(holder.get("environment"))
    return kept({str(name): scope.filled(one) for name, one in found.items()})


@dataclass(slots=True)
class _Steps:
    """What the steps of a job lead to: its commands, and its Python versions."""

    config: _Config
    where: str
    folder: str
    env: Mapping[str, str]
    pythons: list[str]
    parts: dict[Part, None] = field(default_factory=dict)
    home: str = ""
    """Where the repository lies; "" for the folder that the job works in."""

    def follow(self, steps: Value | None, scope: Scope, depth: int) -> None:
        """Read the steps of a job or a command."""
        for step in as_list(steps):
            if depth > MAX_DEPTH or not self.config.reading.spend(EACH // 2, self.config.path):
                return
            fields = as_mapping(step) if isinstance(step, dict) else {text_of(step): Located("")}
            for name, value in islice(fields.items(), 1):
                self._step(name, value, scope, depth)

    def _step(self, name: str, value: Value, scope: Scope, depth: int) -> None:
        values = as_mapping(value)
        if name == "run":
            self._run(value, scope)
        elif name == "checkout":
            self.home = scope.filled(values.get("path")) or self.home
        elif name in {"when", "unless"}:
            asked = values.get("condition")
            held = _held(asked, scope) if isinstance(asked, Located) else None
            if held is None or held == (name == "when"):
                self.follow(values.get("steps"), scope, depth + 1)
        elif command := self.config._named("commands", name):  # noqa: SLF001 - its own steps
            there = scope.given(command.get("parameters"), values)
            self.follow(command.get("steps"), there, depth + 1)

    def _run(self, value: Value, scope: Scope) -> None:
        fields = as_mapping(value)
        command = value if isinstance(value, Located) else fields.get("command")
        if not isinstance(command, Located) or fields.get("when") == "on_fail":
            return
        shell = scope.filled(fields.get("shell")).split()
        text = scope.filled(command)
        if shell and posixpath.basename(shell[0]) not in SHELLS:
            text = f"{UNREADABLE}{text}"
        folder = self._here(scope.filled(fields.get("working_directory")))
        env = kept({**self.env, **_environment(fields, scope)})
        script = Script(text, self.where, command.line, folder, env)
        self.parts.update(dict.fromkeys(self.config.reading.parts(script)))

    def _here(self, folder: str) -> str:
        """Return a folder of a job as one of the repository, `UNKNOWN` for any other."""
        whole = posixpath.join(self.folder, folder) if folder else self.folder
        if folder.startswith("~"):
            whole = folder
        home = posixpath.normpath(posixpath.join(self.folder, self.home or "."))
        if self.home.startswith("~"):
            home = posixpath.normpath(self.home)
        inside = posixpath.normpath(whole)
        if inside == home:
            return "."
        return inside.removeprefix(f"{home}/") if inside.startswith(f"{home}/") else UNKNOWN


def _held(asked: Located, scope: Scope) -> bool | None:
    """Tell whether a condition holds; a parameter that is given as a text is one."""
    return truth(known_of(Located(scope.filled(asked))))
