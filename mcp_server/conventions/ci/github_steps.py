"""Reads the steps of a GitHub job, those of the actions of the project that it uses included."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from mcp_server.conventions.ci.expressions import condition, whole
from mcp_server.conventions.ci.github_actions import is_check, stands_for
from mcp_server.conventions.ci.github_scope import Scope, given
from mcp_server.conventions.ci.job import EACH, Reading, Script, told_apart, versions
from mcp_server.conventions.ci.values import known_of, text_of, truth
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.tasks import SHELLS, Part

MAX_ACTIONS = 5
"""How deep actions may use each other."""
MAX_LOOKED_AT = 2000
MOST_ASKED = 8
"""How many sets of names a step may ask for in turn; more is an index that is computed."""
OUTCOME = re.compile(r"\bsteps\.([\w-]+)\.outcome\b")
FAILS = re.compile(r"\bexit [1-9]|^false$", re.MULTILINE)
Path: TypeAlias = tuple[str, ...]
Paths: TypeAlias = tuple[Path, ...]
"""The names of properties that expressions ask for, each as `Lookup` has it."""
ACTION_FILES = ("action.yml", "action.yaml")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the steps of a job share: where they stand, what they run in and what starts them.

    `events` are the changes that may start any of them, `never` says that none of them runs;
    `shell` and `folder` are the defaults; `where` is the source without its line.
    """

    where: str
    events: tuple[str, ...] = ()
    never: bool = False
    allowed: bool = False
    shell: str = ""
    folder: str = ""
    checked: frozenset[str] = frozenset()
    """The ids of steps that may fail, but whose outcome a later step fails for."""


@dataclass(slots=True)
class Steps:
    """What the steps of one job lead to: commands that count, others, and Python versions."""

    reading: Reading
    gating: dict[object, Part] = field(default_factory=dict)
    lesser: dict[object, Part] = field(default_factory=dict)
    pythons: dict[str, None] = field(default_factory=dict)
    home: str | None = "."
    """Where the repository lies in the workspace, None where another one takes its place."""

    def follow(self, step: Value, setting: Setting, scope: Scope, depth: int = 0) -> None:
        """Read one step, with the matrix of `scope` as it is."""
        if not self.reading.spend(EACH // 2, setting.where.partition(":")[0]) or setting.never:
            return
        fields = as_mapping(step)
        if depth and not text_of(fields.get("uses")).startswith("./"):
            self._take(self._remembered(fields, setting, scope, depth))
        else:
            self._follow(fields, setting, scope, depth)

    def _remembered(
        self, fields: Mapping[str, Value], setting: Setting, scope: Scope, depth: int
    ) -> Steps:
        """Return what a step of an action leads to, as before where it asked for the same.

        An action is used once for each combination of a matrix, most of which none of its steps
        names.
        """
        # Documents are kept as long as what is remembered, so that no other step gets the identity.
        key = id(fields), setting, self.home, scope.system, tuple(scope.env.items())
        known: dict[Paths, dict[object, Steps]] = self.reading.followed.setdefault(key, {})
        try:
            for paths, found in known.items():
                if (before := found.get(tuple(map(scope, paths)))) is not None:
                    return before
        except TypeError:
            # A list or a mapping among the values: no key, and rare.
            known = {}
        asked: dict[Path, None] = {}
        steps = Steps(self.reading, home=self.home)
        steps._follow(fields, setting, replace(scope, asked=asked), depth)
        values = tuple(map(scope, asked))
        if len(known) < MOST_ASKED and not any(isinstance(one, (list, dict)) for one in values):
            known.setdefault(tuple(asked), {})[values] = steps
        return steps

    def _take(self, other: Steps) -> None:
        """Add what a step led to that started where these steps had come to."""
        for own, more in ((self.gating, other.gating), (self.lesser, other.lesser)):
            for key, part in more.items():
                own.setdefault(key, part)
        self.pythons.update(other.pythons)
        self.home = other.home

    def _follow(
        self, fields: Mapping[str, Value], setting: Setting, scope: Scope, depth: int
    ) -> None:
        events, never = narrowed(fields.get("if"), scope, setting.events)
        if never:
            return
        allowed = setting.allowed or (
            is_true(fields.get("continue-on-error"), scope)
            and text_of(fields.get("id")) not in setting.checked
        )
        inside = setting
        if events != setting.events or allowed != setting.allowed:
            inside = replace(setting, events=events, allowed=allowed)
        scope = scope.entered(fields.get("env"))
        run, uses = fields.get("run"), fields.get("uses")
        if isinstance(run, Located):
            self._run(run, fields, inside, scope)
        elif isinstance(uses, Located):
            self._use(uses, fields, inside, scope, depth)

    def _run(self, run: Located, fields: Mapping[str, Value], at: Setting, scope: Scope) -> None:
        text = scope.filled(run)
        shell = scope.filled(fields.get("shell")) or at.shell
        if not _is_shell(shell or ("pwsh" if scope.system == "Windows" else "bash")):
            text = f"{UNREADABLE}{text}"
        folder = scope.filled(fields.get("working-directory")) or at.folder
        self._script(Script(text, at.where, run.line, self._here(folder), scope.env), at)

    def _script(self, script: Script, at: Setting) -> None:
        found = self.gating if at.events and not at.allowed else self.lesser
        for part in self.reading.parts(script):
            found.setdefault(told_apart(part), part)

    def _here(self, folder: str) -> str:
        """Return a folder of the workspace as one of the repository, `UNKNOWN` for any other."""
        path = posixpath.normpath(folder or ".")
        if self.home == "." or self.home is None:
            return UNKNOWN if self.home is None else path
        if path == self.home:
            return "."
        inside = path.startswith(f"{self.home}/")
        return path.removeprefix(f"{self.home}/") if inside else UNKNOWN

    def _use(
        self, uses: Located, fields: Mapping[str, Value], at: Setting, scope: Scope, depth: int
    ) -> None:
        inputs = as_mapping(fields.get("with"))
        asked = inputs.get("python-version")
        texts = (scope.filled(one) for one in as_list(asked))
        self.pythons.update(dict.fromkeys(versions(texts)))
        name = uses.partition("@")[0]
        if name.lower() == "actions/checkout":
            self._checkout(inputs, scope)
        elif name.startswith("./"):
            if depth < MAX_ACTIONS:
                self._action(self._here(name), inputs, at, scope, depth)
        elif is_check(name):
            stands = stands_for(name, {key: scope.filled(one) for key, one in inputs.items()})
            folder = self._here(stands.folder)
            if stands.text:
                self._script(Script(stands.text, at.where, uses.line, folder, scope.env), at)

    def _checkout(self, inputs: Mapping[str, Value], scope: Scope) -> None:
        path = posixpath.normpath(scope.filled(inputs.get("path")) or ".")
        repository = inputs.get("repository")
        other = scope.filled(repository) if repository is not None else ""
        if other and UNKNOWN not in other:
            self.home = None if path == "." and self.home == "." else self.home
        else:
            self.home = path

    def _action(
        self, path: str, values: Mapping[str, Value], at: Setting, scope: Scope, depth: int
    ) -> None:
        if UNKNOWN in path or path.startswith(("..", "/")):
            return
        for name in ACTION_FILES:
            file = posixpath.join(path, name)
            action = as_mapping(self.reading.document(file))
            if action:
                steps = as_list(as_mapping(action.get("runs")).get("steps"))
                inner = replace(scope, inputs=given(action.get("inputs"), values, scope))
                if file not in self.reading.followed:
                    self.reading.followed[file] = checked_later(steps)
                checked = self.reading.followed[file]
                setting = replace(at, where=file, shell="", folder="", checked=checked)
                for step in steps:
                    self.follow(step, setting, inner, depth + 1)
                return


def checked_later(steps: Iterable[Value]) -> frozenset[str]:
    """Return the ids of the steps whose outcome another step looks at to fail by itself."""
    found: set[str] = set()
    for step in steps:
        fields = as_mapping(step)
        if FAILS.search(text_of(fields.get("run"))[:MAX_LOOKED_AT]):
            found.update(OUTCOME.findall(text_of(fields.get("if"))[:MAX_LOOKED_AT]))
    return frozenset(found)


def narrowed(asked: object, scope: Scope, events: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the events that an `if` leaves, as far as anybody can say, and whether it never holds.

    What never holds does so whatever the event, such as what follows a failure.
    """
    if not isinstance(asked, Located):
        return events, False
    never = condition(asked, scope) is False
    if never or "github" not in asked.lower():
        return events, never
    left = (one for one in events if condition(asked, replace(scope, event=one)) is not False)
    return tuple(left), False


def is_true(value: object, scope: Scope) -> bool:
    """Tell whether a field such as `continue-on-error` surely holds."""
    if not isinstance(value, Located):
        return False
    return truth(whole(value, scope) if "${{" in value else known_of(value)) is True


def _is_shell(shell: str) -> bool:
    """Tell whether the program of a `shell` field reads the shell language."""
    names = {posixpath.basename(word) for word in shell.split()[:10]}
    return bool(names & SHELLS) or any(name.endswith("-shell") for name in names)
