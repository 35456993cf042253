"""Streams of the records that hdb's pytest reporter writes, whole or thrown together."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from mcp_server.models import Report
from tests.fuzz.mutations import DAMAGE, STATUSES, ended
from tests.fuzz.values import dumped, garbage, value, word
from tests.recordings import ROOT

Record = dict[str, Any]
OUTCOMES = ("passed", "failed", "skipped", "xfailed", "xpassed", "not run")
FAILING = ("conftest", "internal", "interrupted", "collect", "uncollected", "failure")
FIELDS: dict[str, tuple[str, ...]] = {
    "start": ("pytest", "python", "rootdir"),
    **dict.fromkeys(
        FAILING, ("id", "code", "message", "place", "column", "frames", "text", "phase", "subtest",
                  "conftest", "seconds")
    ),
    "begin": ("id",),
    "end": ("id", "outcome", "seconds"),
    "collected": ("n", "deselected"),
    "deselected": ("worker", "n"),
    "worker": ("message",),
    "finish": ("status", "collected", "finished", "missed", "stopped"),
    "unknown": ("id",),
}  # fmt: skip
KINDS = tuple(FIELDS)


def _expected(name: str, rnd: Random) -> Any:  # noqa: ANN401 - JSON is of any type
    """Return a value of the type that the reporter writes."""
    if name in {"n", "collected", "finished"}:
        return rnd.randint(0, 3)
    if name in {"id", "message", "text", "code", "subtest", "worker", "pytest", "python"}:
        return rnd.choice(["t.py::a", "t.py::b[x]", "t.py", "", "NameError", word(rnd)])
    known: dict[str, tuple[Any, ...]] = {
        "rootdir": (str(ROOT), f"{ROOT}/sub", "/elsewhere", ""),
        "place": ([f"{ROOT}/t.py", 3, "f"], ["t.py", None, "<module>"], ["", 1, ""]),
        "frames": ([[f"{ROOT}/t.py", 3, "f"]], []),
        "column": (1, 7),
        "phase": ("setup", "call", "teardown", "collect"),
        "conftest": (True, False),
        "outcome": OUTCOMES,
        "status": (0, 0, 1, 2, 3, 4, 5, 6),
        "missed": ([], ["t.py::a"]),
        "stopped": ("", "why"),
        "deselected": (0, 2),
    }
    return rnd.choice(known.get(name, (0.5,)))


def record(kind: str, rnd: Random, odd: float) -> Record:
    """Return one record; `odd` of its fields are of any type or missing."""
    made: Record = {"p": 1, "kind": kind}
    for name in (*FIELDS[kind], "p", "kind"):
        if rnd.random() >= odd:
            made.setdefault(name, _expected(name, rnd))
        elif rnd.random() < 0.2:
            made.pop(name, None)
        else:
            made[name] = value(rnd)
    return made


def whole(rnd: Random) -> list[Record]:
    """Return the records of a run that came to its end and tells the truth."""
    tests = [f"t.py::test_{index}" for index in range(rnd.randint(1, 4))]
    made: list[Record] = [
        {"kind": "start", "rootdir": str(ROOT)},
        {"kind": "collected", "n": len(tests), "deselected": 0},
    ]
    outcomes = [rnd.choice(["passed", "passed", *OUTCOMES[:5]]) for _ in tests]
    for test, outcome in zip(tests, outcomes, strict=True):
        made.append({"kind": "begin", "id": test})
        if outcome == "failed":
            made.append({**record("failure", rnd, 0.0), "id": test, "conftest": False})
        made.append({"kind": "end", "id": test, "outcome": outcome, "seconds": 0.1})
    status = 1 if "failed" in outcomes else 0
    counts = {"collected": len(tests), "finished": len(tests), "missed": [], "stopped": ""}
    made.append({"kind": "finish", "status": status, **counts})
    return [{"p": 1, "seq": index, **one} for index, one in enumerate(made, 1)]


def status_of(records: list[Record]) -> int:
    """Return the status with which pytest ends after these records."""
    return int(records[-1]["status"])


def lines(records: list[Record], rnd: Random) -> str:
    """Return records as the text of the side file."""
    return "".join(dumped(one, rnd) + "\n" for one in records)


def truthful(rnd: Random) -> Report:
    """Return the report of a run that came to its end."""
    records = whole(rnd)
    status = status_of(records)
    return Report(root=ROOT, cwd=ROOT, status=status, record=lines(records, rnd))


def thrown_together(rnd: Random) -> Report:
    """Return a report of records in any order and of any type, with or without a true core."""
    odd = rnd.choice([0.0, 0.1, 0.5])
    records = whole(rnd) if rnd.random() < 0.5 else []
    for _ in range(rnd.randint(0, 12)):
        at = rnd.randint(0, len(records))
        records.insert(at, record(rnd.choice(KINDS), rnd, odd))
    if records and rnd.random() < 0.2:
        rnd.shuffle(records)
    if records and rnd.random() < 0.3:
        del records[rnd.randrange(len(records))]
    text = lines(records, rnd)
    if rnd.random() < 0.2:
        text = rnd.choice(DAMAGE)(text, rnd)
    said = garbage(rnd) if rnd.random() < 0.2 else ""
    report = Report(
        root=ROOT, cwd=ROOT, status=rnd.choice([0, 0, *STATUSES]), stderr=said, record=text
    )
    return ended(report, rnd) if rnd.random() < 0.2 else report


def without_finish(rnd: Random) -> Report:
    """Return a report of a run that is said to have ended well and never said so itself."""
    made = [*whole(rnd), *(record(rnd.choice(KINDS), rnd, 0.1) for _ in range(3))]
    kept = [one for one in made if one.get("kind") != "finish"]
    return Report(root=ROOT, cwd=ROOT, status=rnd.choice([0, 0, 1]), record=lines(kept, rnd))


def says_finish(report: Report) -> bool:
    """Tell whether a record says that its session came to its end."""
    for line in report.record.split("\n"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and found.get("kind") == "finish":
            return True
    return False
