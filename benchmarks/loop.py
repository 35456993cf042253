"""Measures hdb in the loop of editing and verifying, beside the same tools run by hand.

Each round runs both from empty caches, then again after an edit of one line: the ratios are of
runs that lie side by side in time, so that other load on the machine falls on both. hdb is asked
as agents ask it, through a server that is running; its start is `benchmarks/startup.py`'s.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from benchmarks.conventions import README, replace_between  # noqa: E402 - found only now
from benchmarks.loop_sides import Server, tools_of  # noqa: E402

EXAMPLE = "examples/orders"
CACHES = {
    "MYPY_CACHE_DIR": "mypy",
    "RUFF_CACHE_DIR": "ruff",
    "BLACK_CACHE_DIR": "black",
    "PYLINTHOME": "pylint",
}
"""Where each side's tools keep what they know, apart from each other and from the project."""
STATES = ("cold", "edited")
COLUMNS = (
    "project",
    "caches",
    "one after the other, s",
    "longest, s",
    "hdb, s",
    "hdb : one after the other",
    "hdb : longest",
    "hdb : its first",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A project, the file that gains a line, and what the tests of both sides are told besides.

    `test` is one file of its tests, from where they are run.
    """

    name: str
    edit: str
    test: str
    addopts: str = ""


SUBJECTS = (
    Subject(EXAMPLE, "src/orders/pricing.py", "tests/test_pricing.py"),
    # One test sleeps for 45 s: whatever is measured beside it would be as good as the longest.
    Subject(
        "abhi1693/openclaw-mission-control",
        "backend/app/core/error_handling.py",
        "tests/test_approval_task_links.py",
        "--deselect=tests/test_lifecycle_services.py::"
        "test_gateway_coordination_nudge_maps_gateway_error",
    ),
    Subject("encode/httpx", "httpx/_urls.py", "tests/models/test_cookies.py"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """One pair of runs, in seconds: each tool by hand, hdb, and the longest step within hdb."""

    tools: Mapping[str, float]
    hdb: float
    step: float

    @property
    def sequence(self) -> float:
        """The tools one after the other."""
        return sum(self.tools.values())

    @property
    def longest(self) -> float:
        """The longest of the tools."""
        return max(self.tools.values())


Rounds = Sequence[Mapping[str, Times]]


@contextlib.contextmanager
def edited(file: Path) -> Iterator[Callable[[int], None]]:
    """Give what appends a line of code to a file, whose content is put back in the end."""
    before = file.read_bytes()

    def edit(number: int) -> None:
        # Two empty lines are what every formatter and linter has before it.
        file.write_bytes(before + b"\n\nMEASURED = %d\n" % number)

    try:
        yield edit
    finally:
        file.write_bytes(before)


def measure(folder: Path, subject: Subject, hdb: Path, rounds: int, scratch: Path) -> Rounds:
    """Return the times of each round, none where no tool of the project can be run.

    What is run first changes with each.
    """
    # As a person has it: what is imported is compiled once.
    kept = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept |= {"HDB_CACHE": str(scratch / "state")}
    kept |= {"PYTEST_ADDOPTS": subject.addopts} if subject.addopts else {}
    sides = {
        side: {**kept, **{name: str(scratch / side / one) for name, one in CACHES.items()}}
        for side in ("tools", "hdb")
    }
    tools = tools_of(folder, sides["tools"])
    if not tools:
        return ()
    by_hand: dict[str, float] = {}
    batch: Mapping[str, Any] = {}
    taken = 0.0

    def run_tools() -> None:
        nonlocal by_hand
        by_hand = {}
        for tool in tools:
            by_hand[tool.name] = by_hand.get(tool.name, 0.0) + tool.seconds()

    def run_hdb() -> None:
        nonlocal taken, batch
        taken, batch = server.verify()

    found = []
    with (
        contextlib.closing(Server(hdb, folder, sides["hdb"])) as server,
        edited(folder / subject.edit) as edit,
    ):
        # Not counted: whatever is compiled or read from the disk only once.
        run_hdb()
        _told(subject, batch)
        for number in range(rounds):
            for side in sides:
                shutil.rmtree(scratch / side, ignore_errors=True)
                for one in CACHES.values():
                    (scratch / side / one).mkdir(parents=True)
            times = {}
            for at, state in enumerate(STATES):
                edit(2 * number + at)
                order = (run_tools, run_hdb) if number % 2 == 0 else (run_hdb, run_tools)
                for run in order:
                    run()
                steps = [step.get("seconds", 0.0) for step in batch.get("steps", ())]
                times[state] = Times(tools=by_hand, hdb=taken, step=max(steps, default=0.0))
                _say(f"{subject.name} {number + 1} {state}: {_words(times[state])}")
            found.append(times)
    return found


def _told(subject: Subject, batch: Mapping[str, Any]) -> None:
    steps = (f"{one.get('tool')} {one.get('verdict')}" for one in batch.get("steps", ()))
    _say(f"{subject.name}: {', '.join(steps)}; {batch.get('summary', '')}")


def _words(times: Times) -> str:
    tools = ", ".join(f"{name} {seconds:.1f}" for name, seconds in times.tools.items())
    return f"{tools}; hdb {times.hdb:.1f}, its longest step {times.step:.1f}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Return the median of some values with the least and the most of them."""
    middle = statistics.median(values)
    return f"{middle:{form}} ({min(values):{form}}-{max(values):{form}})"


def table(measured: Mapping[str, Rounds]) -> str:
    """Return the rounds of each project as a Markdown table: medians, with the range of each."""
    rows = [
        f"| {' | '.join(COLUMNS)} |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, rounds in measured.items():
        for state, words in zip(STATES, ("empty", "warm, one line edited"), strict=True):
            these = [one[state] for one in rounds]
            ratios = [
                [one.hdb / one.sequence for one in these],
                [one.hdb / one.longest for one in these],
            ]
            first = [one[state].hdb / one[STATES[0]].hdb for one in rounds]
            again = spread(first) if state != STATES[0] else ""
            seconds = ([one.sequence for one in these], [one.longest for one in these])
            cells = [
                *(f"{statistics.median(one):.1f}" for one in (*seconds, [t.hdb for t in these])),
                *map(spread, ratios),
                again,
            ]
            rows.append(f"| {name} | {words} | {' | '.join(cells)} |")
    rows += ["", *map(_parts, measured, measured.values())]
    return "\n".join(rows)


def _parts(name: str, rounds: Rounds) -> str:
    """Return what each tool takes by hand after the edit, and what hdb adds to its longest step."""
    these = [one[STATES[-1]] for one in rounds]
    tools = ", ".join(
        f"{tool} {statistics.median(one.tools[tool] for one in these):.1f}"
        for tool in these[0].tools
    )
    beside = statistics.median(one.hdb - one.step for one in these)
    slower = statistics.median(one.step / one.longest for one in these)
    return (
        f"- {name}, after the edit, s: {tools}. Beside the others the longest takes "
        f"{slower:.2f} times as long; hdb itself adds {beside:.2f} s."
    )


def place(subject: Subject, projects: Path | None, scratch: Path) -> Path | None:
    """Return where a subject can be measured, or None where it or its environment is missing."""
    if subject.name == EXAMPLE:
        copy = scratch / "orders"
        if not copy.exists():
            shutil.copytree(
                ROOT / EXAMPLE, copy, ignore=shutil.ignore_patterns(".*_cache", ".venv")
            )
            (copy / ".venv").symlink_to(ROOT / ".cache" / "envs" / "orders")
        return copy
    folder = projects / subject.name.replace("/", "+") if projects else None
    return folder if folder is not None and (folder / subject.edit).is_file() else None


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--projects", type=Path, help="holds OWNER+NAME with their environments")
    parser.add_argument("--only", default="", help="a part of the name of the projects to measure")
    parser.add_argument("--hdb", type=Path, default=ROOT, help="another checkout of hdb to measure")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, and print the table; the status is 1 where nothing could be measured."""
    options = parsed()
    # Ended from outside, it still puts the files back and ends its server.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.path.insert(0, str(options.hdb))
    measured = {}
    began = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        for subject in SUBJECTS:
            if options.only not in subject.name:
                continue
            folder = place(subject, options.projects, scratch)
            if folder is None:
                _say(f"{subject.name}: not there, see benchmarks/README.md")
                continue
            work = scratch / "work"
            rounds = measure(folder, subject, options.hdb, options.rounds, work)
            if rounds:
                measured[subject.name] = rounds
            else:
                _say(f"{subject.name}: no tool of it can be run; is its environment there?")
            shutil.rmtree(work, ignore_errors=True)
    load = f"load {began:.1f} before, {os.getloadavg()[0]:.1f} after"
    cores = f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    content = f"{cores}; {options.rounds} rounds; {load}.\n\n{table(measured)}"
    sys.stdout.write(f"{content}\n")
    if options.write and measured:
        text = README.read_text(encoding="utf-8")
        README.write_text(replace_between(text, "loop", content), encoding="utf-8")
    return int(not measured)


if __name__ == "__main__":
    sys.exit(main())
