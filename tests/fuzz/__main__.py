"""Feeds every parser a great many reports: `python -m tests.fuzz [--inputs N] [--seed N]`.

Prints the inputs and seconds of each parser and their totals; ends with 1 and the smallest example
of each fault where something does not hold.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fuzz.properties import (
    Case,
    any_case,
    hold,
    hold_batch,
    hold_reading,
    parsers,
    smallest,
)
from tests.fuzz.values import seeded

INPUTS = 1_000_000
CHUNK = 2_000
READING, BATCH = "shared readers", "batch of several"
WEIGHTS = {BATCH: 0.5}
"""How much of a parser's share what costs more than one parser gets."""


@dataclass
class Tally:
    """What became of some inputs; a fault is known by its kind and the place that shows it."""

    inputs: int = 0
    seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take in what became of other inputs."""
        self.inputs += other.inputs
        self.seconds += other.seconds
        self.verdicts += other.verdicts
        self.faults = {**other.faults, **self.faults}


def kind_of(error: Exception) -> str:
    """Return what faults of one cause share: the error, and the line that raised it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {last.name}, line {last.lineno}: {last.line}"


def failing(check: Callable[[], object]) -> Exception | None:
    """Return what a check raises, if anything."""
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever is raised is the finding
        return error
    return None


def run(task: tuple[str, str]) -> tuple[str, Tally]:
    """Give one target a chunk of inputs, which the seed alone decides."""
    target, seed = task
    tally = Tally()
    began = time.perf_counter()
    for index in range(CHUNK):
        one(target, f"{seed}:{index}", tally)
    tally.inputs = CHUNK
    tally.seconds = time.perf_counter() - began
    return target, tally


def one(target: str, seed: str, tally: Tally) -> None:
    """Give one target one input."""
    rnd = seeded(seed)
    if target == READING:
        error = failing(lambda: hold_reading(rnd))
        example = "see the seed"
    elif target == BATCH:
        names = parsers()
        cases = [any_case(rnd.choice(names), rnd) for _ in range(rnd.randint(1, 4))]
        error = failing(lambda: hold_batch(cases))
        example = "\n".join(map(repr, cases))
    else:
        case = any_case(target, rnd)
        error = failing(lambda: tally.verdicts.update([hold(case).value]))
        example = repr(shrunk(case, error)) if error else ""
    if error is not None:
        kind = kind_of(error)
        tally.faults.setdefault(kind, f"{error}\nseed {seed}\n{example}")


def shrunk(case: Case, error: Exception) -> Case:
    """Return the smallest case with the same fault."""
    kind = kind_of(error)

    def wrong(other: Case) -> bool:
        found = failing(lambda: hold(other))
        return found is not None and kind_of(found) == kind

    return smallest(case, wrong)


def main() -> int:
    """Run, print what was done and found, and return the exit status."""
    reader = argparse.ArgumentParser(prog="python -m tests.fuzz")
    reader.add_argument("--inputs", type=int, default=INPUTS, help="how many reports in all")
    reader.add_argument("--seed", default="0", help="the same seed makes the same reports")
    chosen = reader.parse_args()
    targets = (*parsers(), READING, BATCH)
    weight = sum(WEIGHTS.get(target, 1.0) for target in targets)
    tasks = [
        (target, f"{chosen.seed}:{target}:{chunk}")
        for target in targets
        for chunk in range(-int(-chosen.inputs * WEIGHTS.get(target, 1.0) // weight // CHUNK))
    ]
    began = time.perf_counter()
    tallies = {target: Tally() for target in targets}
    with multiprocessing.Pool() as pool:
        for target, tally in pool.imap_unordered(run, tasks):
            tallies[target].add(tally)
    print(f"seed {chosen.seed}")
    for target, tally in tallies.items():
        ends = ", ".join(f"{name} {count}" for name, count in sorted(tally.verdicts.items()))
        print(f"{target:18}{tally.inputs:>9} inputs {tally.seconds:7.1f} s  {ends}")
    inputs = sum(tally.inputs for tally in tallies.values())
    faults = [(target, *each) for target in targets for each in tallies[target].faults.items()]
    spent = time.perf_counter() - began
    for target, kind, example in faults:
        print(f"{target}: {kind}\n{example}\n")
    # Last, since a summary of several runs takes the closing line.
    print(f"{'total':18}{inputs:>9} inputs {spent:7.1f} s  {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
