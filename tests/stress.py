"""Cancels verifications at random moments and looks for what is left: `python -m tests.stress`.

Each round starts a verification of a project whose tests start children that escape in every way
we know, and ends it in one of the ways in which a client may: by cancelling the call, by going
away, by a signal, or by killing hdb. Afterwards no process of the project and no temporary file of
hdb may be left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.conftest import ROOT
from tests.processes import ESCAPES, escaping
from tests.test_supervision import HELLO, READY, VERIFY

SETTLED_SECONDS = 20.0
WAYS = ("cancel", "cancel", "cancel", "cancel", "close", "SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")


def main() -> int:
    """Run the rounds; return 1 where something was left."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--longest", type=float, default=2.0, help="seconds before the latest end")
    asked = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGHUP):
        # Ignored in the background and under nohup, and so in what is started here.
        signal.signal(number, signal.SIG_DFL)
    chance = random.Random(asked.seed)  # noqa: S311 - a seed makes the rounds the same again
    folder = Path(tempfile.mkdtemp(prefix="stress-"))
    began = time.monotonic()
    try:
        bad = _rounds(folder, chance, asked.rounds, asked.longest)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    print(f"{asked.rounds} rounds in {seconds:.0f} s, seed {asked.seed}: {bad} left something")
    return 1 if bad else 0


def _rounds(folder: Path, chance: random.Random, rounds: int, longest: float) -> int:
    project, scratch = _project(folder), folder / "scratch"
    scratch.mkdir()
    os.environ.update(TMPDIR=str(scratch), HDB_CACHE=str(folder / "cache"))
    ways: Counter[str] = Counter()
    bad = 0
    for number in range(rounds):
        way = chance.choice(WAYS)
        ways[way] += 1
        _round(project, way, chance.uniform(0, longest))
        left = _left(project, scratch)
        if left and way == "SIGKILL" and not _processes(project) and _is_unbegun(scratch):
            # Killed between the making of a step's folder and the start of what would remove it.
            ways["(killed before a step began)"] += 1
        elif left:
            bad += 1
            print(f"round {number} ({way}) left: {left}")
        for left_over in scratch.glob("hdb-*"):
            shutil.rmtree(left_over, ignore_errors=True)
    print(", ".join(f"{way} {count}" for way, count in sorted(ways.items())))
    return bad


def _project(folder: Path) -> Path:
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("[tool.ruff]\n[tool.mypy]\nfiles = ['.']\n", "utf-8")
    (project / ".venv").symlink_to(sys.prefix)
    for number, name in enumerate(ESCAPES):
        work = project / f"work{number}"
        work.mkdir()
        (work / "program").write_text(escaping(name, ""), "utf-8")
    lines = [
        f"def test_{number}():\n    run([sys.executable, 'program'], cwd='work{number}')\n"
        for number in range(len(ESCAPES))
    ]
    tests = "\n\n".join(["import sys, time\nfrom subprocess import run", *lines])
    hang = "\n\ndef test_hang():\n    time.sleep(600)\n"
    (project / "test_all.py").write_text(tests + hang, "utf-8")
    return project


def _round(project: Path, way: str, seconds: float) -> None:
    """Start hdb, let it work for a while, and end what it does in one of the ways."""
    for path in project.glob("work*/*.pid"):
        path.unlink()
    over_mcp = way in {"cancel", "close"} or (way == "SIGKILL" and seconds > 1)
    words = ["mcp" if over_mcp else "verify"]
    with subprocess.Popen(
        [sys.executable, "-P", str(ROOT / "mcp_server"), *words],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as hdb:
        assert hdb.stdin is not None
        if over_mcp:
            _say(hdb, HELLO, READY, VERIFY)
        time.sleep(seconds + 0.5)
        if way == "cancel":
            _say(hdb, {
                "jsonrpc": "2.0",
                "method": "notifications/cancelled",
                "params": {"requestId": VERIFY["id"]},
            })  # fmt: skip
            # The server stays: what the call started has to end all the same.
            deadline = time.monotonic() + SETTLED_SECONDS
            while _processes(project) and time.monotonic() < deadline:
                time.sleep(0.02)
            hdb.stdin.close()
        elif way == "close":
            hdb.stdin.close()
        else:
            hdb.send_signal(signal.Signals[way])
        hdb.wait(timeout=SETTLED_SECONDS)


def _say(hdb: subprocess.Popen[str], *messages: object) -> None:
    assert hdb.stdin is not None
    for message in messages:
        hdb.stdin.write(json.dumps(message) + "\n")
    hdb.stdin.flush()


def _left(project: Path, scratch: Path) -> list[str]:
    """Return the processes and temporary files that are left when all had time to end."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        files = [one.name for one in scratch.iterdir() if one.name.startswith("hdb-")]
        found = [*_processes(project), *files]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.02)


def _is_unbegun(scratch: Path) -> bool:
    """Tell whether all that is left are folders of steps that have not written anything."""
    return all(path.is_dir() or path.stat().st_size == 0 for path in scratch.rglob("*"))


def _processes(project: Path) -> list[str]:
    """Return who works in the project: its folder is theirs, whatever else they changed."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            where = (one / "cwd").readlink()
            words = (one / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if where.is_relative_to(project) and " mcp" not in words[-5:]:
            found.append(f"{one.name} {words[:80]}")
    return found


if __name__ == "__main__":
    sys.exit(main())
