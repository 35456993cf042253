"""Reads GitLab's CI configuration into its jobs; local includes and `extends` are followed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from mcp_server.conventions.ci.command_lists import MAX_COMMANDS, joined
from mcp_server.conventions.ci.gitlab_rules import gates, rules_hold
from mcp_server.conventions.ci.job import EACH, MAX_SCRIPT, MAX_VALUE, Job, Reading, kept, of_image
from mcp_server.conventions.ci.matrix import axes_of
from mcp_server.conventions.ci.values import known_of, spelled, text_of
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.tasks import Part

SERVICE = "GitLab CI"
FILES = (".gitlab-ci.yml", ".gitlab-ci.yaml")
RESERVED = frozenset(
    "default include stages variables workflow image services cache before_script after_script "
    "spec".split()
)
MAX_DEPTH = 11
"""How deep `extends`, includes and references may go, as GitLab's manual bounds `extends`."""
MAX_CHILDREN = 3
"""How deep pipelines may start others."""
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
PROJECT = re.compile(r"\$(?:\{CI_PROJECT_DIR\}|CI_PROJECT_DIR\b)")


def read_gitlab(reading: Reading) -> Iterator[Job]:
    """Yield the jobs of a repository's GitLab pipeline, and of those that it starts."""
    for path in FILES:
        if reading.document(path) is not None:
            yield from _pipeline(reading, path, 0, checks=True)
            return


def _pipeline(reading: Reading, path: str, depth: int, *, checks: bool) -> Iterator[Job]:
    pipeline = _Pipeline(reading, path)
    pipeline.load(path, ())
    rules = as_mapping(pipeline.top.get("workflow")).get("rules")
    checks = checks and (rules is None or rules_hold(rules))
    for name in list(pipeline.top):
        if name in RESERVED or name.startswith(".") or not isinstance(name, Located):
            continue
        if not reading.spend(EACH, path):
            return
        job = pipeline.resolved(name)
        counts = checks and gates(job)
        trigger = as_mapping(job.get("trigger")).get("include")
        if trigger is not None and depth < MAX_CHILDREN:
            for child in _local(trigger):
                yield from _pipeline(reading, child, depth + 1, checks=counts)
        yield from pipeline.job(name, job, counts=counts)


def _local(include: Value | None) -> Iterator[str]:
    """Yield the files of the repository that an `include` names."""
    for one in as_list([include] if isinstance(include, dict) else include):
        named = one.get("local") if isinstance(one, dict) else one
        for path in as_list(named):
            if isinstance(path, Located) and "://" not in path and UNKNOWN not in path:
                yield posixpath.normpath(path.lstrip("/"))


@dataclass(slots=True)
class _Pipeline:
    """A pipeline with everything that it includes: its keys, and where each text stands."""

    reading: Reading
    path: str
    top: dict[str, Value] = field(default_factory=dict)
    _origins: dict[int, str] = field(default_factory=dict)
    _resolved: dict[str, dict[str, Value]] = field(default_factory=dict)

    def load(self, path: str, above: tuple[str, ...]) -> None:
        """Add a file: what it includes first, since its own keys win."""
        if path in above or len(above) > MAX_DEPTH or not self.reading.spend(EACH, self.path):
            return
        document = as_mapping(self.reading.document(path))
        for one in _local(document.get("include")):
            self.load(one, (*above, path))
        for name, value in document.items():
            before = self.top.get(name)
            self.top[name] = self._over(before, value) if before is not None else value
            if path != self.path:
                self._origins.setdefault(id(name), path)
                self._remember(value, path, 0)

    def _remember(self, value: Value, path: str, depth: int) -> None:
        """Keep from which file the commands of an included job are."""
        if isinstance(value, Located):
            self._origins[id(value)] = path
        elif depth < MAX_DEPTH and self.reading.spend(len(value) // 4, path):
            for one in value.values() if isinstance(value, dict) else value:
                self._remember(one, path, depth + 1)

    def _over(self, base: Value, value: Value, depth: int = 0) -> Value:
        """Return `base` with `value` laid over it: mappings are merged, the rest is replaced."""
        if not isinstance(base, dict) or not isinstance(value, dict) or depth > MAX_DEPTH:
            return value
        if not self.reading.spend(len(base) + len(value), self.path):
            return value
        found = dict(base)
        for name, one in value.items():
            found[name] = self._over(found[name], one, depth + 1) if name in found else one
        return found

    def resolved(self, name: str, above: tuple[str, ...] = ()) -> dict[str, Value]:
        """Return a job with what it extends."""
        if name not in self._resolved:
            own = as_mapping(self.top.get(name))
            whole: Value = {}
            for base in as_list(own.get("extends"))[:MAX_DEPTH]:
                if isinstance(base, Located) and base not in above and len(above) < MAX_DEPTH:
                    whole = self._over(whole, self.resolved(base, (*above, name)))
            self._resolved[name] = as_mapping(self._over(whole, own))
        return self._resolved[name]

    def job(self, name: Located, job: Mapping[str, Value], *, counts: bool) -> Iterator[Job]:
        """Yield a job with its commands, for each combination of its parallel matrix."""
        path = self._origins.get(id(name), self.path)
        default = as_mapping(self.top.get("default"))
        before = job.get("before_script", default.get("before_script"))
        before = self.top.get("before_script") if before is None else before
        commands = [
            (text[: MAX_SCRIPT + 1], f"{origin or self.path}:{name}", line)
            for script in (before, job.get("script"))
            for text, origin, line in islice(self._commands(script), MAX_COMMANDS)
        ]
        variables = {**self._variables(self.top), **self._variables(job)}
        texts = [text for text, _, _ in commands]
        image = job.get("image", default.get("image", self.top.get("image")))
        named = as_mapping(image).get("name", image)
        parts: list[Part] = []
        pythons: list[str] = []
        for combination in self._combinations(job, [*texts, text_of(named)]):
            given = {one: spelled(known_of(value)) for one, value in combination.items()}
            env = _expanded({**variables, **given})
            filled = (
                (text if "CI_PROJECT_DIR" in env else PROJECT.sub(".", text), where, line)
                for text, where, line in commands
            )
            for script in joined(filled, ".", env):
                parts += self.reading.parts(script)
            pythons += of_image(_expand(named, env) if isinstance(named, Located) else "")
        source = f"{path}:{name}:{name.line}"
        yield Job(name, SERVICE, source, tuple(parts), counts, tuple(dict.fromkeys(pythons)))

    def _combinations(
        self, job: Mapping[str, Value], texts: list[str]
    ) -> Iterator[Mapping[str, object]]:
        found = as_mapping(job.get("parallel")).get("matrix")
        names = frozenset(one or other for text in texts for one, other in VARIABLE.findall(text))
        entries = as_list(found)[:50] or [{}]
        seen = []
        for entry in entries:
            if not self.reading.spend(EACH, self.path):
                return
            for one in axes_of(entry).combinations(names):
                used = {name: value for name, value in one.items() if name in names}
                if used not in seen:
                    seen.append(used)
                    yield used

    def _variables(self, holder: Mapping[str, Value]) -> dict[str, str]:
        found = {}
        for name, value in islice(as_mapping(holder.get("variables")).items(), 200):
            one = value.get("value") if isinstance(value, dict) else value
            if isinstance(one, Located):
                found[str(name)] = str(one)
        return kept(found)

    def _commands(self, value: Value | None, depth: int = 0) -> Iterator[tuple[str, str, int]]:
        """Yield the commands of a script: text, file where it is not the pipeline's, and line."""
        if depth > MAX_DEPTH or not self.reading.spend(5, self.path):
            return
        if isinstance(value, Located):
            yield str(value), self._origins.get(id(value), ""), value.line
        elif isinstance(value, list):
            referred = self._referred(value)
            for one in [referred] if referred is not None else value:
                yield from self._commands(one, depth + 1)

    def _referred(self, value: list[Value]) -> Value | None:
        """Return what `!reference [job, key]` stands for; the tag is not there any more."""
        if not 2 <= len(value) <= 4 or not all(isinstance(one, Located) for one in value):
            return None
        if str(value[0]) not in self.top:
            return None
        found: Value | None = self.resolved(str(value[0]))
        for name in value[1:]:
            found = as_mapping(found).get(str(name))
        return found


def _expanded(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables with those that they name filled in."""
    found = dict(variables)
    for _ in range(3):
        found = {name: _expand(value, found, name) for name, value in found.items()}
    # What is named still is a variable of the service, or names itself.
    return kept({name: VARIABLE.sub(UNKNOWN, value) for name, value in found.items()})


def _expand(text: str, variables: Mapping[str, str], own: str = "") -> str:
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return variables.get(name, match[0]) if name != own else match[0]

    found = VARIABLE.sub(value, text[:MAX_VALUE])
    return found if len(found) <= MAX_VALUE else UNKNOWN
