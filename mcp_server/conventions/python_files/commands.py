"""Collects the commands that a Python file's functions run, and the state they run in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcp_server.conventions.python_files.hosts import Call
from mcp_server.conventions.python_files.values import UNTOLD, Ref, Value, word
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import TaskCommands, doubted, opaque
from mcp_server.conventions.tasks.tasks import Part

EXHAUSTED = "it computes more than hdb follows"
ELSEWHERE = "what it runs stands in another file"

State = tuple[str | None, tuple[tuple[str, Value], ...], tuple[str, ...]]


class CommandHost:
    """What nox and invoke share: a folder, an environment, and the commands that were found.

    `own` is the dotted name that a task's first parameter stands for.
    """

    def __init__(self, commands: TaskCommands, own: str) -> None:
        self.doubt = 0
        self.ended = False
        self.parts: list[Part] = []
        self.needs: list[str] = []
        self.env: dict[Value, Value] = {}
        self.cwd: str | None = commands.folder
        self.prefixes: tuple[str, ...] = ()
        self.task = ""
        self.names: dict[str, str] = {}
        """The tasks by their functions: a command belongs to the innermost one."""
        self._commands = commands
        self._own = own

    def begin(self, task: str) -> None:
        """Forget the commands and the state of the task before."""
        self.doubt, self.ended, self.task = 0, False, task
        self.parts, self.needs, self.env = [], [], {}
        self.cwd, self.prefixes = self._commands.folder, ()

    def enter(self, function: str) -> str:
        """Take the name of a function that is followed, and return the task that is left for it."""
        left, self.task = self.task, self.names.get(function, self.task)
        return left

    def leave(self, task: str) -> None:
        """Go back to the task that was left."""
        self.task = task

    def attribute(self, path: str) -> Value:
        """Return the value of a dotted name, a `Ref` to it where it is not known."""
        return Ref(path)

    def assign(self, path: str, value: Value) -> None:
        """Take an assignment to one of the host's own names."""

    def call(self, call: Call) -> Value:
        """Take a call that concerns no task: of the environment, or of another file's function."""
        if call.path in {"os.environ.get", "os.getenv", "os.environ.setdefault"} and call.values:
            # What the file itself falls back to, as with `?=` in a Makefile.
            if len(call.values) > 1:
                return call.values[1]
            return self._commands.place.variables.get(word(call.values[0]))
        if self.task and Ref(self._own) in (*call.values, *call.named.values()):
            self.told(f"{call.path}(...)", ELSEWHERE, call.line)
        return UNTOLD

    def state(self) -> State:
        """Return what calls have changed for those after them."""
        return self.cwd, tuple(self.env.items()), self.prefixes

    def restore(self, state: object) -> None:
        """Go back to an earlier state, at the end of a `with` block."""
        self.cwd, env, self.prefixes = _state(state)
        self.env.clear()
        self.env.update(env)

    def lose(self, state: object) -> None:
        """Forget what may or may not have changed since `state`."""
        cwd, env, prefixes = _state(state)
        before = dict(env)
        self.cwd = cwd if cwd == self.cwd else None
        self.prefixes = prefixes
        for name in {*before, *self.env}:
            if before.get(name, UNTOLD) is not self.env.get(name, UNTOLD):
                self.env[name] = UNTOLD

    def move(self, target: Value) -> None:
        """Go to another folder."""
        self.cwd = self._commands.moved(self.cwd, word(target))

    def told(self, text: str, reason: str, line: int) -> None:
        """Keep something that cannot be taken apart, with the reason."""
        source = f"{self._commands.path}:{self.task}:{line}"
        self.parts.append(Part(opaque(text, reason), source))

    def shell(self, text: str, line: int, env: Value = None) -> None:
        """Take a command for a shell."""
        whole = " && ".join((*self.prefixes, text))
        self._add(self._commands.parts(whole, self.task, line, self.cwd, self._settings(env)))

    def argv(self, words: Sequence[str], line: int, env: Value = None) -> None:
        """Take a command that is started without a shell."""
        found = self._commands.argv(words, self.task, line, self.cwd, self._settings(env))
        self._add(found)

    def setup(self, words: Sequence[str], line: int) -> None:
        """Take a command that only installs; where it is not sure it is of no use to anyone."""
        if not self.doubt and not any(UNKNOWN in word for word in words):
            self.argv(words, line)

    def _add(self, found: tuple[Part, ...]) -> None:
        self.parts += doubted(found) if self.doubt else found

    def _settings(self, env: Value) -> Mapping[str, str]:
        whole = {**self.env, **(env if isinstance(env, dict) else {})}
        return {
            name: word(value)
            for name, value in whole.items()
            if isinstance(name, str) and value is not None
        }


def _state(state: object) -> State:
    return state if isinstance(state, tuple) else (None, (), ())
