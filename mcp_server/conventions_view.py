"""Shows conventions in the form of the wire contract: whole, or lean for agents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcp_server.contract import CommandView, ConventionsView, EnvironmentView, ProjectView
from mcp_server.contract_facts import facts_view, lean_facts
from mcp_server.redact import redact
from mcp_server.repository import REPORTED, Command, Conventions, Environment, Project, Role
from mcp_server.untrusted import neutral

MOST_REPORTED = 3
"""How many commands of a role that is only told are shown as its own."""
LEAN_LINES = 8
"""How many disagreements the lean form lists."""
LEAN_REPORTED = 2
"""How many commands of such a role the lean form has."""
LEAN_COMMAND = 80
"""How many characters of such a command the lean form has, where a task says the rest."""


def conventions_view(conventions: Conventions, *, lean: bool = False) -> ConventionsView:
    """Return the conventions as agents and scripts receive them.

    The lean form leaves out the runners-up and what else an agent seldom needs, and says so.
    """
    view = ConventionsView(
        schema="hdb.conventions/1",
        root=str(conventions.root),
        instructions=conventions.instructions,
        projects=tuple(_project(one, conventions.root, lean=lean) for one in conventions.projects),
        disagreements=conventions.disagreements,
        problems=conventions.problems,
    )
    return ConventionsView.model_validate(_clean((_lean(view) if lean else view).lean()))


def _clean(value: Any) -> Any:  # noqa: ANN401 - JSON is what the view makes it
    """Mask credentials, and show instead of passing on what would act on a terminal or a model."""
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return neutral(redact(value)) if isinstance(value, str) else value


def _lean(view: ConventionsView) -> ConventionsView:
    left = sum(
        not each.gap for one in view.projects for many in one.runners_up.values() for each in many
    )
    hidden = max(0, len(view.disagreements) - LEAN_LINES)
    told = [f"{left} runners-up"] * bool(left) + [f"{hidden} disagreements"] * bool(hidden)
    return view.model_copy(
        update={
            "projects": tuple(_lean_project(one) for one in view.projects),
            "disagreements": view.disagreements[:LEAN_LINES],
            "more": f"{' and '.join(told)} left out: `detail` shows them" if told else None,
        }
    )


def _lean_project(project: ProjectView) -> ProjectView:
    told = {role.value for role in REPORTED}
    roles = {
        role: tuple(_shortened(one) for one in many[:LEAN_REPORTED]) if role in told else many
        for role, many in project.roles.items()
    }
    gaps = {
        role: kept
        for role, many in project.runners_up.items()
        if (kept := tuple(one for one in many if one.gap))
    }
    return project.model_copy(update={"roles": roles, "runners_up": gaps})


def _shortened(command: CommandView) -> CommandView:
    """Return a command that nobody runs from here with its beginning only, where it has a task."""
    if command.via is None or len(command.command) <= LEAN_COMMAND:
        return command
    return command.model_copy(update={"command": f"{command.command[: LEAN_COMMAND - 4]} ..."})


def _project(project: Project, root: Path, *, lean: bool) -> ProjectView:
    chosen, rest = _by_role(project)
    told = lean_facts if lean else facts_view
    return ProjectView(
        path=project.path,
        python=project.python,
        environment=_environment(project.environment, root),
        roles=_shown(chosen),
        runners_up=_shown(rest),
        facts=None if project.facts is None else told(project.facts),
    )


def _shown(commands: Mapping[Role, Iterable[Command]]) -> dict[str, tuple[CommandView, ...]]:
    shown = {role.value: tuple(_command(one) for one in commands.get(role, ())) for role in Role}
    return {role: many for role, many in shown.items() if many}


def _by_role(project: Project) -> tuple[dict[Role, list[Command]], dict[Role, list[Command]]]:
    """Return the commands of each role, and those that were passed over.

    A role that nothing planned serves has the best of what there is, which is not sure.
    """
    chosen: dict[Role, list[Command]] = {}
    rest: dict[Role, list[Command]] = {}
    for one in project.commands:
        chosen.setdefault(one.role, []).append(one)
    for one in sorted(project.others, key=lambda other: (not other.gap, other.idle)):
        served = one.role in chosen or one.role in REPORTED
        (rest if served else chosen).setdefault(one.role, []).append(one)
    # In the order of the sources, but what CI runs comes first.
    for one in sorted(project.reported, key=lambda other: (not other.sure, not other.in_ci)):
        many = chosen.setdefault(one.role, [])
        fits = len(many) < MOST_REPORTED and (one.sure or not many)
        (many if fits else rest.setdefault(one.role, [])).append(
            replace(one, reason=None) if one.sure else one
        )
    return chosen, rest


def _command(command: Command) -> CommandView:
    return CommandView(
        tool=command.tool,
        command=command.text,
        via=command.via if command.via not in {"", command.text} else None,
        cwd=command.cwd,
        source=command.source,
        in_ci=command.in_ci or None,
        mutates=command.mutates,
        sure=command.sure,
        gap=command.gap,
        reason=command.reason,
    )


def _environment(environment: Environment, root: Path) -> EnvironmentView:
    folder = environment.folder
    return EnvironmentView(
        kind=environment.kind,
        path=os.path.relpath(folder, root) if folder else None,
        python=environment.python,
        ready=environment.ready,
        why=environment.why or None,
        problem=environment.problem,
        lacks=environment.lacks,
        create=environment.creation or None,
        source=environment.source or None,
    )
