"""Measures what preloading third-party modules would save pytest, and what it would hide.

The figures are processor seconds of pytest itself, so that other load on the machine tells little.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.conventions import README, replace_between  # noqa: E402 - found only now
from benchmarks.loop import SUBJECTS, place  # noqa: E402
from benchmarks.loop_sides import Tool, tools_of  # noqa: E402

PLUGIN = """
import importlib, json, os, sys, time
import pytest

ASKED = json.loads(os.environ.pop("PRELOAD"))
SPENT = {}

@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests():
    SPENT["begun"] = time.process_time()
    for name in ASKED["modules"]:
        importlib.import_module(name)
    SPENT["loaded"] = time.process_time()
    yield

def pytest_unconfigure():
    SPENT["ended"] = time.process_time()
    modules = [
        name for name, one in list(sys.modules.items())
        if "site-packages" in (getattr(one, "__file__", None) or "")
    ]
    with open(ASKED["told"], "w") as file:
        json.dump({**SPENT, "modules": modules}, file)
"""
"""Preloads before the first line of the project runs: its conftest files come after this hook."""


@dataclass(frozen=True, slots=True)
class Case:
    """A project that fails as it is, and passes where its third-party module is preloaded."""

    name: str
    third: str
    test: str
    conftest: str = ""


CASES = (
    Case(
        "conftest.py sets a variable that the module reads",
        "import os\nMODE = os.environ.get('MODE', 'safe')\n",
        "import third\ndef test_mode():\n    assert third.MODE == 'safe'\n",
        "import os\nos.environ['MODE'] = 'broken'\n",
    ),
    Case(
        "the project forgets an import that the module has",
        "import logging.handlers\n",
        "import logging\ndef test_handler():\n    assert logging.handlers.SocketHandler\n",
    ),
    Case(
        "conftest.py makes warnings errors, and the module warns",
        "import warnings\nwarnings.warn('old', DeprecationWarning)\n",
        "def test_nothing():\n    pass\n",
        "import warnings\nwarnings.simplefilter('error')\nimport third\n",
    ),
    Case(
        "conftest.py replaces what the module imports",
        "try:\n    import sqlite3 as found\nexcept ImportError:\n    found = None\n",
        "import third\ndef test_found():\n    assert third.found\n",
        "import sys\nsys.modules['sqlite3'] = None\n",
    ),
    Case(
        "conftest.py changes the standard library",
        "import logging\nlog = logging.getLogger('third')\n",
        "import third\ndef test_log():\n    third.log.info('')\n",
        "import logging\nclass Strict(logging.Logger):\n    def info(self, *_):\n"
        "        raise RuntimeError\nlogging.setLoggerClass(Strict)\n",
    ),
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds of one run: until the first project code, and from there to the end."""

    begun: float
    rest: float
    modules: Sequence[str] = field(default=(), repr=False)


def run(tool: Tool, folder: Path, modules: Sequence[str] = ()) -> Spent | None:
    """Run pytest with these modules preloaded; return None where it did not come to its end."""
    (folder / "preloading.py").write_text(PLUGIN, encoding="utf-8")
    told = folder / "told.json"
    told.unlink(missing_ok=True)
    path = os.pathsep.join(filter(None, [str(folder), tool.env.get("PYTHONPATH")]))
    asked = json.dumps({"modules": list(modules), "told": str(told)})
    env = {**tool.env, "PYTHONPATH": path, "PRELOAD": asked}
    replace(tool, argv=(*tool.argv, "-p", "preloading"), env=env).seconds()
    if not told.exists():
        return None
    said = json.loads(told.read_text(encoding="utf-8"))
    return Spent(said["begun"], said["ended"] - said["loaded"], said["modules"])


def gains(name: str, tool: Tool, tests: Sequence[str], rounds: int, scratch: Path) -> str:
    """Return a row: what a run takes as it is, what of that comes first, what preloading leaves."""
    chosen = replace(tool, argv=(*tool.argv, *tests))
    before, cold, left = [], [], []
    for _ in range(rounds):
        usual = run(chosen, scratch)
        ahead = run(chosen, scratch, usual.modules) if usual else None
        if usual is None or ahead is None:
            return f"| {name} | did not come to its end | | |"
        cold.append(usual.begun + usual.rest)
        before.append(usual.begun)
        left.append(ahead.rest)
    cells = (f"{statistics.median(one):.2f}" for one in (cold, before, left))
    row = f"| {name} | {' | '.join(cells)} |"
    sys.stderr.write(f"{row}\n")
    return row


def hidden(case: Case, scratch: Path) -> tuple[int, int]:
    """Return pytest's status for a case as it is, and with its third-party module preloaded."""
    beside, project = scratch / "site", scratch / "project"
    beside.mkdir()
    project.mkdir()
    (beside / "third.py").write_text(case.third, encoding="utf-8")
    (beside / "ahead.py").write_text("import third\n", encoding="utf-8")
    (project / "test_case.py").write_text(case.test, encoding="utf-8")
    (project / "conftest.py").write_text(case.conftest, encoding="utf-8")
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTHONPATH": str(beside), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def status(*more: str) -> int:
        return subprocess.run(
            [*argv, *more], cwd=project, env=env, capture_output=True, check=False
        ).returncode

    return status(), status("-p", "ahead")


def rows(projects: Path | None, rounds: int, scratch: Path) -> Iterator[str]:
    """Yield the rows of each project that is there: one file of its tests, and all of them."""
    kept = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for subject in SUBJECTS:
        folder = place(subject, projects, scratch)
        if folder is None:
            continue
        variables: Mapping[str, str] = {**kept, "PYTEST_ADDOPTS": subject.addopts}
        tests = next(one for one in tools_of(folder, variables) if one.name == "pytest")
        yield gains(f"{subject.name}, one file", tests, [subject.test], rounds, scratch)
        yield gains(f"{subject.name}, all", tests, [], rounds, scratch)


def main() -> int:
    """Measure, and print both tables; the status is 1 where a case hides nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--projects", type=Path, help="holds OWNER+NAME with their environments")
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        text = [
            "| pytest, processor s | as it is | before any project code | with all preloaded |",
            "|---|--:|--:|--:|",
            *rows(options.projects, options.rounds, Path(made)),
            "",
            "| a project that fails | as it is | with its third-party module preloaded |",
            "|---|--:|--:|",
        ]
    found = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as made:
            found.append(hidden(case, Path(made)))
    words = [f"status {one}" if one else "**passed**" for pair in found for one in pair]
    text += [
        f"| {case.name} | {usual} | {ahead} |"
        for case, usual, ahead in zip(CASES, words[::2], words[1::2], strict=True)
    ]
    content = "\n".join(text)
    sys.stdout.write(f"{content}\n")
    if options.write:
        readme = README.read_text(encoding="utf-8")
        README.write_text(replace_between(readme, "preload", content), encoding="utf-8")
    return int(any(usual == 0 or ahead != 0 for usual, ahead in found))


if __name__ == "__main__":
    sys.exit(main())
