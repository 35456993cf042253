"""A process is run as its step says, and nothing that it started outlives it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
import pytest

from mcp_server import process
from mcp_server.child_environment import INJECT, child_environment
from mcp_server.models import SCRATCH, Report, Step


def step(folder: Path, script: str, *args: str, **more: object) -> Step:
    return Step(
        tool="python",
        argv=(sys.executable, "-c", script, *args),
        cwd=folder,
        root=folder,
        command="python",
        source="test",
        **more,  # type: ignore[arg-type]
    )


async def run(one: Step, limit: float = 60) -> Report:
    return await process.run(one, limit=limit)


def alive(number: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        state = (
            Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        )
    except OSError:
        return False
    return state != "Z"


async def test_output_status_and_folder_are_reported(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd()); print('bad', file=sys.stderr); sys.exit(3)"
    report = await run(step(tmp_path, script))
    assert (report.stdout, report.stderr, report.status) == (f"{tmp_path}\n", "bad\n", 3)


async def test_output_that_is_no_text_is_kept_readable(tmp_path: Path) -> None:
    script = "import sys; sys.stdout.buffer.write(b'a\\xff\\x00b')"
    assert (await run(step(tmp_path, script))).stdout == "a\\xff\0b"


async def test_a_program_that_is_not_there_is_a_value(tmp_path: Path) -> None:
    missing = Step(
        tool="x", argv=("/nowhere/x",), cwd=tmp_path, root=tmp_path, command="x", source="test"
    )
    report = await run(missing)
    assert report.missing == "cannot start /nowhere/x: No such file or directory"


async def test_a_process_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    script = (
        "import pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('child').write_text(str(child.pid))\n"
        "print('begun', flush=True)\n"
        "time.sleep(600)\n"
    )
    report = await run(step(tmp_path, script), limit=1.5)
    assert report.timed_out
    assert report.stdout == "begun\n"
    assert not alive(int((tmp_path / "child").read_text(encoding="utf-8")))


async def test_a_child_left_behind_is_ended_and_does_not_hold_the_report(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid)\n"
    )
    with anyio.fail_after(30):
        report = await run(step(tmp_path, script))
    assert report.status == 0
    assert not alive(int(report.stdout))


async def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, time\n"
        "pathlib.Path('written').write_text(str(os.getpid()))\n"
        "pathlib.Path('written').rename('pid')\n"
        "time.sleep(600)\n"
    )
    async with anyio.create_task_group() as group:
        group.start_soon(run, step(tmp_path, script))
        with anyio.fail_after(30):
            while not (tmp_path / "pid").exists():
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert not alive(int((tmp_path / "pid").read_text(encoding="utf-8")))


async def test_nothing_is_read_from_standard_input(tmp_path: Path) -> None:
    assert (await run(step(tmp_path, "import sys; print(repr(sys.stdin.read()))"))).stdout == "''\n"


async def test_scratch_files_are_there_while_the_step_runs(tmp_path: Path) -> None:
    script = "import sys; print(open(sys.argv[1]).read())"
    one = step(tmp_path, script, f"{SCRATCH}/config", files={"config": "content"})
    assert (await run(one)).stdout == "content\n"


async def test_too_much_output_is_cut_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "HEAD_BYTES", 10)
    monkeypatch.setattr(process, "TAIL_BYTES", 5)
    report = await run(step(tmp_path, "print('x' * 99)"))
    assert (report.stdout, report.cut) == ("x" * 10 + "\n[... 85 bytes cut ...]\nxxxx\n", 85)


def test_the_clients_own_secrets_never_reach_a_child(tmp_path: Path) -> None:
    parent = {"ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_SESSION_ID": "s", "PATH": "/bin", "MINE": "1"}
    parent |= {"CLAUDE_CODE_MESSAGING_TOKEN": "t", "OPENCODE": "1", "HDB_SESSION": "s"}
    env = child_environment(parent, step(tmp_path, ""), tmp_path)
    assert env == {"PATH": "/bin", "MINE": "1"}


def test_a_named_variable_is_passed_on_all_the_same(tmp_path: Path) -> None:
    env = child_environment(
        {"ANTHROPIC_API_KEY": "k"}, step(tmp_path, ""), tmp_path, ["ANTHROPIC_API_KEY"]
    )
    assert env == {"ANTHROPIC_API_KEY": "k"}


def test_the_projects_environment_is_active_and_no_other(tmp_path: Path) -> None:
    parent = {"VIRTUAL_ENV": "/other", "PYTHONHOME": "/other", "PATH": "/bin"}
    one = step(tmp_path, "", venv=tmp_path / ".venv")
    env = child_environment(parent, one, tmp_path)
    assert env == {
        "VIRTUAL_ENV": f"{tmp_path}/.venv",
        "PATH": f"{tmp_path}/.venv/bin{os.pathsep}/bin",
    }


def test_the_reporters_folder_is_added_to_what_the_project_sets(tmp_path: Path) -> None:
    one = step(tmp_path, "", inject=True, env={"PYTHONPATH": "src"})
    env = child_environment({}, one, tmp_path)
    assert env["PYTHONPATH"] == f"{INJECT}{os.pathsep}src"


async def test_a_step_reads_what_it_is_given_and_its_output_is_kept_as_it_was(
    tmp_path: Path,
) -> None:
    script = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])"
    content = bytes(range(256)) * 1000
    report = await run(step(tmp_path, script, stdin=content))
    assert (report.status, report.output) == (0, content[::-1])
    nothing = await run(step(tmp_path, "import sys; print(len(sys.stdin.read()))"))
    assert (nothing.stdout, nothing.output) == ("0\n", b"")
