"""The record of a configuration of hooks, and which of them a run reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mcp_server.conventions.tasks.tasks import TaskFile
from mcp_server.models import Filter

FORMER_STAGES = {"commit": "pre-commit", "push": "pre-push", "merge-commit": "pre-merge-commit"}
PLAIN_STAGE = "pre-commit"
VALUED = frozenset(
    "-c --config --color --files --from-ref --to-ref --source -s --origin -o --hook-stage --stage "
    "--directory -d --skip --group --no-group -C --cd --jobs -j".split()
)


@dataclass(frozen=True, slots=True)
class HookFile:
    """A configuration of hooks: a task per hook, in order, and what decides when one runs.

    Tasks are named as a run names their hooks, by alias or id; a second hook of one name gets a
    number. `versions` are the tools' versions that the file pins. `service` is "pre-commit.ci"
    where that runs the hooks for each pull request, all but `skipped`. `manual` are the tasks
    that no plain run reaches, since their `stages` lack `pre-commit`. `filters` are, by task, the
    files that a hook gets of the folders in its command. `narrowed` says it of those where hdb
    cannot tell what the command finds in these files alone; such a command is opaque.
    """

    tasks: TaskFile
    versions: Mapping[str, str]
    service: str
    manual: frozenset[str]
    skipped: frozenset[str] = frozenset()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    narrowed: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The stages of a task that does not run in all of them."""
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The id and the alias of each task's hook."""


def selected(
    hooks: HookFile, words: Sequence[str], env: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the tasks that `pre-commit run ...` or `prek run ...` reaches, in their order.

    `words` begin with the program; `env` may hold `SKIP` or `PREK_SKIP`.
    """
    wanted, options = _parsed(words[1:])
    if wanted[:1] == ["run"]:
        wanted = wanted[1:]
    elif wanted or not words:
        return ()
    given = env or {}
    skipped = set(f"{given.get('SKIP', '')},{given.get('PREK_SKIP', '')}".split(","))
    skipped.update(options.get("--skip", ()))
    stage = next(iter((*options.get("--hook-stage", ()), *options.get("--stage", ()))), "")
    stage = FORMER_STAGES.get(stage, stage) or PLAIN_STAGE
    # prek names a hook of a project below as `folder:hook`.
    named = {one.rpartition(":")[2] for one in wanted}
    return tuple(
        name
        for name, own in hooks.names.items()
        if (not named or named & own)
        and not skipped & own
        and stage in hooks.stages.get(name, {stage})
    )


def _parsed(words: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    found: list[str] = []
    options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            found.append(word)
        elif name in VALUED:
            options.setdefault(name, []).append(value if equals else next(rest, ""))
    return found, options
