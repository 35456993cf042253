"""The frozen records that pass between the layers: what was read, what was run, what was found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]


class Verdict(StrEnum):
    """How one step ended. Only `PASSED` is green."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    MISSING = "missing"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding of one checker.

    `file` is relative to the verified folder with `/`; `line` and `column` are 1-based.
    `topic` names what is wrong independently of the tool ("syntax", "undefined-name"), so that
    findings of two tools about one thing can be grouped. `brief` is the message without what its
    own beginning already says, for the batch. `detail` is the full text (traceback,
    captured output, diff) that only a request for the single failure shows.
    """

    tool: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    code: str | None = None
    symbol: str | None = None
    test: str | None = None
    severity: Severity = "error"
    fix: Literal["auto"] | None = None
    topic: str | None = None
    brief: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a checker's report says.

    `checked` is the positive proof that something was examined. `problem` is why the tool did
    not run to its end; `nothing` is why there was nothing to examine. At most one of the two.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    checked: bool = False
    problem: str | None = None
    nothing: str | None = None
    unreached: bool = False
    """Whether there is nothing to examine because no change can reach any of it."""
    passed: int = 0
    skipped: int = 0
    deselected: int = 0
    remark: str | None = None
    """Something the user should know although the verdict stands (an ignored setting, say)."""
    partial: bool = False
    """Whether the tool stopped at what it found, with the rest unchecked."""
    finished: frozenset[str] = frozenset()
    """Node ids of the tests that ran to their end, whatever came of them."""
    advice: tuple[Diagnostic, ...] = ()
    """What is worth a thought and fails nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finished process: how it ended and everything it left behind.

    `status` is None when a signal ended the process or it never started. `record` is the text
    of the side file that an injected reporter wrote. `cut` counts the output bytes not kept.
    `limit` is how long it might run, in words. `fault` is what else than the tool ended it.
    """

    root: Path
    cwd: Path
    stdout: str = ""
    stderr: str = ""
    record: str = ""
    status: int | None = None
    signal: int | None = None
    seconds: float = 0.0
    limit: str = ""
    cut: int = 0
    timed_out: bool = False
    missing: str | None = None
    fault: str | None = None
    output: bytes = b""
    """Standard output as it was written, where the step was given something to read."""

    def relative(self, path: str) -> str:
        """Return a path that the tool printed, relative to the verified folder, with `/`.

        A path outside the folder stays absolute.
        """
        absolute = os.path.normpath(self.cwd / path)
        inside = absolute.startswith(str(self.root).rstrip("/") + "/")
        return os.path.relpath(absolute, self.root) if inside else absolute


SCRATCH = "\0scratch\0"
"""Stands in an argument for the step's scratch folder; NUL cannot occur in a real argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """How a checker wants to be run: the arguments after its program, and what must be in place.

    `env` is added to the environment (None removes a variable). `files` are written into the
    step's scratch folder first (`SCRATCH` in `args` stands for it). `inject` puts our reporter
    folder on PYTHONPATH; `recorded` says that its record is the report, so that the ends of a long
    output are enough. `changed` says that the project's own arguments were altered (a mutating
    command in its checking form, a stop-at-first option dropped), beyond the output format.
    """

    args: tuple[str, ...]
    env: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    inject: bool = False
    recorded: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Which files a check of the project is given: those that all its patterns let through.

    `files` and `exclude` are regular expressions, searched in a path relative to `folder`, which
    is relative to the verified folder itself. Who makes one answers for what they cost to search.
    """

    files: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    folder: str = "."

    LONGEST: ClassVar[int] = 200
    """Characters of a path that is searched; a longer one is let through."""

    def lets_through(self, file: str) -> bool:
        """Tell whether the check is given a file, named relative to the verified folder.

        One outside the verified folder is let through, since nothing is known of it.
        """
        inside = f"{self.folder}/" if self.folder != "." else ""
        name = file.removeprefix(inside)
        if file.startswith("/") or len(name) > self.LONGEST:
            return True
        return (
            file.startswith(inside)
            and all(re.search(one, name) for one in self.files)
            and not any(re.search(one, name) for one in self.exclude)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One process to run, complete: nothing is left to decide but when."""

    tool: str
    argv: tuple[str, ...]
    cwd: Path
    root: Path
    command: str
    source: str
    started: int = 1
    """How many words of `argv` start the tool; its arguments follow."""
    args: tuple[str, ...] = ()
    """The project's own arguments, before the checker gave them their checking form."""
    targets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    """Files and folders, relative to the verified one, whose findings are asked for; () for all."""
    within: Filter | None = None
    """The files that the project gives the tool where it is run on whole folders; None for all."""
    left_out: tuple[str, ...] = ()
    """Test files, relative to the verified folder, that no change reaches: not to be collected."""
    ordered: tuple[str, ...] = ()
    """The other test files, nearest to the change first."""
    ran: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    venv: Path | None = None
    stdin: bytes | None = None
    """What it reads on its standard input; None for nothing."""
    remedy: str = ""
    """The command that installs what the project declares, for a tool that is missing."""
    inject: bool = False
    recorded: bool = False
    alone: bool = False
    """Whether it may share ports or databases with another step."""
    read: Callable[[], Outcome] | None = None
    """What hdb reads itself, in place of a process; never raises."""
    turned: Callable[[Outcome], Outcome] | None = None
    """What becomes of the findings of a run that only advises, and so can fail nothing."""
    refused: tuple[Verdict, str] | None = None
    """The verdict and the reason where the step cannot be run (`missing`, `not_run`)."""
