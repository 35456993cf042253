"""Runs a tree's tests with the project's pytest, and keeps what they gave."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from benchmarks.recall.trees import Project, Store, Tree, lay_out

RUN_LIMIT = 240
"""Seconds after which a run of a project's tests is given up; its pairs are not counted."""
RECORD = """
import json, os, resource, sys

SEEN = {}
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

def pytest_runtest_logreport(report):
    if report.failed:
        SEEN[report.nodeid] = "failed"
    elif report.when == "call":
        SEEN.setdefault(report.nodeid, report.outcome)

def pytest_collectreport(report):
    if report.failed:
        SEEN[report.nodeid] = "failed"

def pytest_unconfigure():
    place = getattr(sys.modules.get(os.environ["RECALL_MODULE"]), "__file__", None)
    with open(os.environ["RECALL_FILE"], "w") as file:
        json.dump({"tests": SEEN, "place": place}, file)
"""
"""A pytest plugin of its own, so that hdb's reporter is no witness in its own cause.

What a change makes run or grow for ever ends at 60 seconds of processor time, at 4 GiB.
"""

TRACE = """
import os, sys

ROOT = os.environ.get("RECALL_ROOT")
SEEN = set()

def note(event, arguments):
    name = getattr(arguments[0], "co_filename", "<") if event == "exec" else "<"
    if name not in SEEN and not name.startswith("<"):
        SEEN.add(name)
        path = os.path.realpath(name)
        if path.startswith(ROOT + os.sep):
            with open(os.environ["RECALL_TRACE"], "a") as file:
                file.write(os.path.relpath(path, ROOT) + os.linesep)

if ROOT:
    sys.addaudithook(note)
"""
"""A `sitecustomize` that notes each file whose code is executed, in child processes as well."""

Outcomes: TypeAlias = dict[str, str]
"""Node id (of a file where it could not be collected) to pytest's outcome; "" is the run."""


def outcomes(
    store: Store, project: Project, tree: Tree, files: tuple[str, ...] = ()
) -> Outcomes | None:
    """Run a tree's tests, or return what an earlier run gave; None where it did not end.

    With `files` only these are run; one that is not there gives nothing.
    """
    kept = store.result(project, tree, files)
    if not kept.exists():
        if store.again:
            return None
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            seen = run(store, project, tree, Path(scratch).resolve(), files)
        kept.write_text(json.dumps(seen), encoding="utf-8")
    found: Outcomes | None = json.loads(kept.read_text(encoding="utf-8"))
    return found


def run(
    store: Store, project: Project, tree: Tree, scratch: Path, files: tuple[str, ...] = ()
) -> Outcomes | None:
    """Run a tree's tests with pytest as it is, and return the outcomes.

    Raises `RuntimeError` where the tests did not import the tree's own code.
    """
    root = lay_out(store, project, tree, scratch / "tree")
    there = [one for one in files if (root / one).is_file()]
    if files and not there:
        return {}
    environment = surroundings(store, project, root, scratch)
    argv = command(store, project, there)
    try:
        done = subprocess.run(
            argv, cwd=root, env=environment, capture_output=True, timeout=RUN_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    written = scratch / "outcomes.json"
    seen = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
    place = seen.get("place")
    if place and not Path(place).resolve().is_relative_to(root):
        message = f"{project.repo}: {project.module} was imported from {place}, not from the tree"
        raise RuntimeError(message)
    if done.returncode < 0:
        return None
    # Neither all passed nor tests failed: the run itself broke, and with it every test.
    broke = {} if done.returncode in {0, 1} else {"": "failed"}
    return {**seen.get("tests", {}), **broke}


def surroundings(store: Store, project: Project, root: Path, scratch: Path) -> dict[str, str]:
    """Write the plugin and the tracer; return the environment in which tests run."""
    for name in ("plugin", "home"):
        (scratch / name).mkdir(exist_ok=True)
    (scratch / "plugin" / "recall_record.py").write_text(RECORD, encoding="utf-8")
    (scratch / "plugin" / "sitecustomize.py").write_text(TRACE, encoding="utf-8")
    places = [str(scratch / "plugin"), *(str(root / one) for one in project.path)]
    return {
        "PATH": f"{store.environment(project)}/bin{os.pathsep}{os.environ['PATH']}",
        "HOME": str(scratch / "home"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(places),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "RECALL_FILE": str(scratch / "outcomes.json"),
        "RECALL_MODULE": project.module,
        "RECALL_TRACE": str(scratch / "executed"),
    }


def command(store: Store, project: Project, files: Sequence[str]) -> list[str]:
    """Return the command that runs all tests, or those of `files`."""
    python = store.environment(project) / "bin" / "python"
    argv = [str(python), "-m", "pytest", "-q", "-p", "recall_record", "-p", "no:cacheprovider"]
    return [*argv, "--continue-on-collection-errors", *project.arguments, *files]


def file_of(test: str) -> str:
    """Return the file of a node id."""
    return test.partition("::")[0]


def traces(store: Store, project: Project, root: Path, scratch: Path) -> dict[str, list[str]]:
    """Return the files that each test file executes when it is run alone, by an earlier run's."""
    newest = project.commits[0]
    kept = store.result(project, Tree(newest, newest), ("executed",))
    found: dict[str, list[str]] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    if store.again:
        return found
    kept.parent.mkdir(parents=True, exist_ok=True)
    environment = {**surroundings(store, project, root, scratch), "RECALL_ROOT": str(root)}
    seen = outcomes(store, project, Tree(newest, newest)) or {}
    for test in sorted({file_of(one) for one in seen} - {*found, ""}):
        argv, trace = command(store, project, [test]), scratch / "executed"
        trace.write_text("", encoding="utf-8")
        try:
            subprocess.run(
                argv, cwd=root, env=environment, capture_output=True, timeout=RUN_LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"{project.repo}: {test} did not end\n")
        found[test] = sorted(set(trace.read_text("utf-8").splitlines()))
        kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def fetch(store: Store, project: Project) -> None:
    """Clone a project's repository, and make an environment of what its tests need."""
    if store.mirror is None and not store.bare(project).exists():
        url = f"https://github.com/{project.repo}"
        clone = ["git", "clone", "-q", "--bare", url, str(store.bare(project))]
        subprocess.run(clone, check=True)
    home = store.environment(project)
    if home.exists():
        return
    try:
        venv = ["uv", "venv", "-q", "--python", project.python, str(home)]
        subprocess.run(venv, check=True)
        into = ["uv", "pip", "install", "-q", "--python", str(home / "bin" / "python")]
        subprocess.run([*into, *project.install], check=True)
        if project.metadata:
            subprocess.run([*into, "--no-deps", project.metadata], check=True)
            # Its metadata stays, its code goes: each tree must import its own.
            for place in home.glob(f"lib/python*/site-packages/{project.module}"):
                shutil.rmtree(place)
    except subprocess.CalledProcessError:
        shutil.rmtree(home, ignore_errors=True)
        raise
