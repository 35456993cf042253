"""Verifications of one folder wait for each other, those of several run side by side; limits."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import anyio
import pytest

from mcp_server import process, turns
from mcp_server.errors import BusyError, UsageError
from mcp_server.prepare import prepare_in_turn
from mcp_server.verify import Progress, Request, verify
from tests.conftest import ROOT, ProjectFactory
from tests.test_supervision import hdb

# Fails where another run of the same test is in the same folder at the same time.
EXCLUSIVE = """
import os, time


def test_alone():
    os.mkdir('busy')
    time.sleep(0.2)
    os.rmdir('busy')
"""
# Passes only where the other project's test runs at the same time.
MEETING = """
import pathlib, time


def test_meeting():
    pathlib.Path('here').touch()
    while not pathlib.Path('../{other}/here').exists():
        time.sleep(0.01)
"""
HANGING = "import time\n\n\ndef test_a():\n    time.sleep(600)\n"


async def test_two_calls_for_one_project_take_turns(project: ProjectFactory) -> None:
    folder = project({"setup.cfg": "", "test_a.py": EXCLUSIVE})
    told: list[str] = []

    async def listen(event: Progress) -> None:
        told.append(event.text)

    verdicts = []

    async def call() -> None:
        verdicts.append((await verify(folder, listener=listen)).verdict)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(call)
    assert verdicts == ["passed"] * 3
    assert told.count("waiting: this folder is being verified already") == 2


def test_two_processes_for_one_project_take_turns(project: ProjectFactory) -> None:
    folder = project({"setup.cfg": "", "test_a.py": EXCLUSIVE})
    runs = [hdb(folder, "verify", stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]


async def test_different_projects_run_side_by_side(project: ProjectFactory) -> None:
    folders = [
        project({"setup.cfg": "", "test_a.py": MEETING.format(other=other)}, name=name)
        for name, other in (("one", "two"), ("two", "one"))
    ]
    verdicts = []

    async def call(folder: Path) -> None:
        verdicts.append((await verify(folder, Request(timeout=60))).verdict)

    async with anyio.create_task_group() as group:
        for folder in folders:
            group.start_soon(call, folder)
    assert verdicts == ["passed", "passed"]


async def test_waiting_has_an_end(project: ProjectFactory) -> None:
    folder = project({"setup.cfg": "", "test_a.py": ""})
    async with turns.turn(folder, 1, anyio.lowlevel.checkpoint):
        with pytest.raises(BusyError, match=rf"by process {os.getpid()} after 0.2 s: try again"):
            await verify(folder, Request(deadline=0.2))


async def test_a_turn_lasts_until_the_checks_of_a_killed_hdb_are_over(tmp_path: Path) -> None:
    async with turns.turn(tmp_path, 1, anyio.lowlevel.checkpoint) as (held,):
        inherited = os.dup(held)
    with pytest.raises(BusyError):
        async with turns.turn(tmp_path, 0, anyio.lowlevel.checkpoint):
            pass
    os.close(inherited)
    async with turns.turn(tmp_path, 0, anyio.lowlevel.checkpoint) as (held,):
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_a_cache_that_cannot_be_written_makes_no_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HDB_CACHE", str(tmp_path / "file"))
    async with turns.turn(tmp_path, 0, anyio.lowlevel.checkpoint) as held:
        assert held == ()


async def test_a_check_that_verifies_its_own_project_is_told_so(project: ProjectFactory) -> None:
    test = (
        "import os, subprocess, sys\n\n\ndef test_a():\n"
        f"    command = [sys.executable, '-P', {str(ROOT / 'mcp_server')!r}, 'verify', '.']\n"
        "    run = subprocess.run(command, capture_output=True, text=True)\n"
        "    assert 'one of its own checks' in run.stderr\n    assert run.returncode == 2\n"
    )
    assert (await verify(project({"setup.cfg": "", "test_a.py": test}))).verdict == "passed"


async def test_the_deadline_is_for_everything(project: ProjectFactory) -> None:
    makefile = "test:\n\t.venv/bin/pytest test_a.py\n\t.venv/bin/pytest test_b.py\n"
    folder = project({"Makefile": makefile, "test_a.py": HANGING, "test_b.py": HANGING})
    batch = await verify(folder, Request(deadline=4))
    first, second = batch.steps
    assert (first.verdict, second.verdict) == ("timed_out", "not_run")
    assert (first.reason or "").startswith(
        "ended by hdb after the 4 s for the whole; a longer deadline allows more"
    )
    assert second.reason == "not begun within the 4 s for the whole; a longer deadline allows more"


STATED = "[tool.hdb]\ntimeout = 3\n[tool.pytest.ini_options]\n"


async def test_the_project_states_its_limits(project: ProjectFactory) -> None:
    folder = project({"pyproject.toml": STATED, "test_a.py": HANGING})
    (step,) = (await verify(folder)).steps
    assert (step.reason or "").startswith("ended by hdb after 3 s; a longer timeout allows more")


async def test_an_argument_wins_over_what_the_project_states(project: ProjectFactory) -> None:
    stated = STATED.replace("3", "0.001")
    folder = project({"pyproject.toml": stated, "test_a.py": "def test_a():\n    pass\n"})
    assert (await verify(folder, Request(timeout=60))).verdict == "passed"


async def test_a_listener_that_hangs_holds_up_nothing(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.verify.TELL_SECONDS", 0.01)

    async def listen(_event: Progress) -> None:
        await anyio.sleep_forever()

    folder = project({"setup.cfg": "", "test_a.py": "def test_a():\n    pass\n"})
    assert (await verify(folder, listener=listen)).verdict == "passed"


@pytest.mark.parametrize("value", [f"1{'0' * 400}", "0", "-1", "true", "'x'", "nan", "[5]"])
async def test_a_limit_that_cannot_be_meant_is_a_problem(
    project: ProjectFactory, value: str
) -> None:
    stated = f"[tool.hdb]\ntimeout = {value}\n[tool.ruff]\n"
    batch = await verify(project({"pyproject.toml": stated, "a.py": ""}))
    assert batch.problems == ("pyproject.toml [tool.hdb] timeout must be a number above 0",)


def test_a_usage_error_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(process.VERIFYING, str(tmp_path))

    async def enter() -> None:
        async with turns.turn(tmp_path, 1, anyio.lowlevel.checkpoint):
            pass

    with pytest.raises(UsageError, match="without end"):
        anyio.run(enter)


async def test_two_set_ups_of_one_project_take_turns(project: ProjectFactory) -> None:
    makefile = "install:\n\tpython3 -m venv --without-pip .venv\n"
    files = {"pyproject.toml": "[tool.ruff]\n", "a.py": "", "Makefile": makefile}
    folder = project(files, ready=False)
    said: list[list[str]] = []

    async def set_up() -> None:
        told: list[str] = []

        async def say(text: str) -> None:
            told.append(text)

        assert await prepare_in_turn(folder, say) is None
        said.append(told)

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(set_up)
    first, second = said
    assert any("venv" in line for line in first)
    assert second[0].startswith("waiting")
