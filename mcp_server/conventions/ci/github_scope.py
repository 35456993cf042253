"""What the expressions of a GitHub workflow may name, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mcp_server.conventions.ci.expressions import fill, whole
from mcp_server.conventions.ci.job import kept
from mcp_server.conventions.ci.values import Known, known_of
from mcp_server.conventions.files.yaml import Located, as_mapping
from mcp_server.conventions.shell.words import UNKNOWN

REFERENCES = {
    "push": f"refs/heads/{UNKNOWN}",
    "merge_group": f"refs/heads/{UNKNOWN}",
    "pull_request": f"refs/pull/{UNKNOWN}",
    "pull_request_target": f"refs/heads/{UNKNOWN}",
}
"""What `github.ref` begins with for the events that check changes; never a tag."""
SYSTEMS = {"windows": "Windows", "macos": "macOS"}


@dataclass(frozen=True, slots=True)
class Scope:
    """The contexts of an expression; what is None or missing in them is empty, as in a run.

    `inputs` is None for what nobody calls, `matrix` where the matrix is computed in a run.
    `event` is what started the workflow, "" where it may be any.
    """

    inputs: Mapping[str, Known] | None = None
    matrix: Mapping[str, Known] | None = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    system: str = "Linux"
    asked: dict[tuple[str, ...], None] | None = field(default=None, compare=False)
    """Where the paths are remembered whose values were asked for, but for `env` and `runner`."""

    def __call__(self, path: tuple[str, ...]) -> Known:
        """Return the value of a property, as `Lookup` says."""
        first, rest = path[0].lower(), path[1:]
        if self.asked is not None and first not in {"env", "runner"}:
            self.asked[path] = None
        if first == "matrix":
            return UNKNOWN if self.matrix is None else _inside(self.matrix, rest)
        if first == "inputs":
            return None if self.inputs is None else _inside(self.inputs, rest)
        if first == "env" and len(rest) == 1:
            return self.env.get(rest[0], UNKNOWN)
        if first == "runner" and rest == ("os",):
            return self.system
        return self._github(rest) if first == "github" else UNKNOWN

    def _github(self, rest: tuple[str, ...]) -> Known:
        if rest == ("workspace",):
            return "."
        if rest[:2] == ("event", "inputs"):
            return _inside(self.inputs or {}, rest[2:])
        if not self.event:
            return UNKNOWN
        if rest[:3] == ("event", "pull_request", "labels"):
            # A pull request has no label until somebody decides so.
            return ""
        known: dict[tuple[str, ...], Known] = {
            ("ref_type",): "branch",
            ("event_name",): self.event,
            ("ref",): REFERENCES.get(self.event, UNKNOWN),
        }
        return known.get(rest, UNKNOWN)

    def filled(self, value: object) -> str:
        """Return a field's text with its expressions filled in, "" where it holds no text."""
        return fill(value, self) if isinstance(value, str) else ""

    def entered(self, value: object) -> Scope:
        """Return the scope inside something with an `env`: what it sets wins."""
        settings = as_mapping(value)
        if not settings:
            return self
        found = {str(name): self.filled(one) for name, one in settings.items()}
        return replace(self, env=kept({**self.env, **found}))

    def running_on(self, value: object) -> Scope:
        """Return the scope on the machine that `runs-on` names."""
        named = value if isinstance(value, list) else [value]
        text = " ".join(self.filled(one) for one in named[:10]).lower()
        system = next((name for part, name in SYSTEMS.items() if part in text), "Linux")
        return replace(self, system=system)


def given(declared: object, values: object, scope: Scope) -> dict[str, Known]:
    """Return the inputs of what is called: the defaults that it declares, and what is given."""
    found: dict[str, Known] = {}
    for name, one in as_mapping(declared).items():
        default = as_mapping(one).get("default")
        found[name] = _given(default, scope) if isinstance(default, Located) else ""
    for name, one in as_mapping(values).items():
        found[name] = _given(one, scope) if isinstance(one, Located) else UNKNOWN
    return found


def _given(value: Located, scope: Scope) -> Known:
    return whole(value, scope) if "${{" in value else known_of(value)


def _inside(value: object, path: tuple[str, ...]) -> Known:
    for name in path:
        if value == UNKNOWN:
            return UNKNOWN
        value = value.get(name) if isinstance(value, Mapping) else None
    return known_of(value)
