"""Shows conventions to people: one screen, the runners-up on request."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from mcp_server.contract import CommandView, ConventionsView, EnvironmentView, ProjectView
from mcp_server.contract_facts import facts_lines
from mcp_server.render import aligned

WIDEST = 60
"""How long a command may be to move the notes of all others."""


def render_conventions(view: ConventionsView, *, detail: bool = False) -> RenderableType:
    """Return conventions as text, a section a project; `detail` adds the runners-up."""
    parts: list[RenderableType] = []
    if view.instructions:
        parts.append(Text(f"instructions: {', '.join(view.instructions)}"))
    for project in view.projects:
        parts += _project(project, detail=detail)
    parts += [Text(f"! {line}", style="yellow") for line in (*view.problems, *view.disagreements)]
    left = sum(
        not each.gap for one in view.projects for many in one.runners_up.values() for each in many
    )
    if left and not detail:
        parts.append(Text(f"{left} runners-up: `hdb conventions --detail` shows them", style="dim"))
    return Lines(*parts)


def _project(project: ProjectView, *, detail: bool) -> Iterator[RenderableType]:
    requires = f" (Python {project.python})" if project.python else ""
    yield Text(f"{project.path}{requires}", style="bold")
    yield from _environment(project.environment)
    planned = [(role, one) for role, many in project.roles.items() for one in many]
    rows = [(f"  {role}", one.tool, one.command) for role, one in planned]
    for line, (_, command) in zip(aligned(rows, WIDEST), planned, strict=True):
        line.append(_notes(command, project.path), style="dim" if command.sure else "yellow")
        yield line
    if project.facts is not None:
        pairs = [(f"  {label}", text) for label, text in facts_lines(project.facts)]
        for line in aligned(pairs) if pairs else ():
            line.rstrip()
            yield line
    for role, many in project.runners_up.items():
        for one in many:
            if one.gap or detail:
                told = f"  not run ({role}): {one.command}  ({one.source}): {one.reason}"
                yield Text(told, style="yellow" if one.gap else "dim")
    yield Text()


def _environment(environment: EnvironmentView) -> Iterator[Text]:
    state = environment.problem or f"{environment.path or 'the tools on PATH'}, ready"
    line = Text(f"  environment  {environment.kind}: {state}")
    if not environment.ready and environment.create:
        line.append(f"; create it with: {environment.create}")
    yield line
    if environment.ready and environment.lacks:
        repair = f"; install them with: {environment.create}" if environment.create else ""
        lacking = ", ".join(environment.lacks)
        yield Text(f"  not in it    {lacking}{repair}", style="yellow")


def _notes(command: CommandView, project: str) -> str:
    """Return what is worth knowing of a command besides its words."""
    notes = [
        "not sure: " + (command.reason or "hdb does not know why") if not command.sure else "",
        "runs in its checking form" if command.mutates else "",
        f"in {command.cwd}" if command.cwd != project else "",
        f"by `{command.via}`" if command.via else "",
        "in CI" if command.in_ci else "",
        f"({command.source})",
    ]
    return "  ".join(note for note in notes if note)
