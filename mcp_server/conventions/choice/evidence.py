"""Collects what CI runs: the tasks that it reaches, and the commands that it spells out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mcp_server.conventions.tasks.resolve import Catalogue
from mcp_server.conventions.tasks.tasks import Part


class Job(Protocol):
    """A job of a CI configuration."""

    @property
    def source(self) -> str:
        """Where the job stands."""

    @property
    def parts(self) -> Sequence[Part]:
        """Its commands."""

    @property
    def gates(self) -> bool:
        """Whether changes have to pass it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What CI runs for changes.

    `tasks` maps (file, task) to where CI calls it, `scripts` the path of a script and `places` a
    command (its source and text) to the same; `direct` are the commands that CI itself spells
    out, `every` all that it comes to.
    """

    tasks: Mapping[tuple[str, str], str] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[tuple[str, str], str] = field(default_factory=dict)
    direct: tuple[Part, ...] = ()
    every: tuple[Part, ...] = ()

    def of_task(self, file: str, task: str, source: str = "") -> str:
        """Return where CI runs a task, "" where it does not; `source` is a script's path."""
        return self.tasks.get((file, task), "") or self.scripts.get(source, "")

    def of_command(self, source: str, text: str) -> str:
        """Return where CI runs a command, "" where it does not."""
        return self.places.get((source, text), "")


def ci_evidence(
    jobs: Iterable[Job], catalogue: Catalogue, scripts: Collection[str] = ()
) -> Evidence:
    """Follow the commands of the jobs that every change has to pass.

    `scripts` are the paths of the scripts that count as tasks of the project.
    """
    tasks: dict[tuple[str, str], str] = {}
    ran: dict[str, str] = {}
    places: dict[tuple[str, str], str] = {}
    direct: dict[Part, None] = {}
    every: dict[Part, None] = {}
    for job in jobs:
        file = job.source.partition(":")[0]
        for part in job.parts if job.gates else ():
            script = part.source.partition(":")[0]
            # What stands in a script is called from the job.
            where = part.source if script == file else job.source
            for reached in catalogue.follow(part):
                for step in reached.trail:
                    tasks.setdefault(step, where)
                one = reached.part
                every[one] = None
                places.setdefault((one.source, one.piece.text), where)
                if script != file and script in scripts:
                    ran.setdefault(script, job.source)
                elif not reached.trail:
                    direct[one] = None
    return Evidence(tasks, ran, places, tuple(direct), tuple(every))
