"""Nothing that a check started outlives it, however it ends and however hdb ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from mcp import Client

from mcp_server import process
from mcp_server.models import Step
from mcp_server.server import app
from tests.conftest import ROOT, ProjectFactory
from tests.processes import ESCAPES, alive, child, escaping, until

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
VERIFY = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "verify", "arguments": {}},
}
HANGING = "def test_a():\n    exec(open('program').read(), {})\n"


def step(folder: Path, program: str) -> Step:
    argv = (sys.executable, "-c", program)
    return Step(tool="x", argv=argv, cwd=folder, root=folder, command="x", source="test")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for everybody's temporary files, which must be empty in the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def hanging(project: ProjectFactory) -> Path:
    """Return a project whose test starts a daemon and then hangs."""
    program = escaping("a daemon that forked twice")
    return project({"setup.cfg": "", "test_a.py": HANGING, "program": program})


@pytest.mark.parametrize("name", ESCAPES)
async def test_what_a_command_leaves_behind_is_ended(tmp_path: Path, name: str) -> None:
    report = await process.run(step(tmp_path, escaping(name, "print('over')\n")), limit=60)
    assert (report.status, report.stdout, report.fault) == (0, "over\n", None)
    assert not alive(child(tmp_path))


@pytest.mark.parametrize("name", ESCAPES)
async def test_cancelling_ends_every_descendant(tmp_path: Path, scratch: Path, name: str) -> None:
    async with anyio.create_task_group() as group:

        async def run() -> None:
            await process.run(step(tmp_path, escaping(name)), limit=600)

        group.start_soon(run)
        await until((tmp_path / "child.pid").exists)
        group.cancel_scope.cancel()
    assert not alive(child(tmp_path))
    assert leftovers(scratch) == []


RESTLESS = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    end = time.time() + 30
    while time.time() < end:
        if os.fork():
            os._exit(0)
        os.close(os.open('beat', os.O_CREAT | os.O_WRONLY))
    os._exit(0)
while not os.path.exists('beat'):
    time.sleep(0.01)
"""


async def test_a_child_that_forks_and_exits_all_the_time_is_ended(tmp_path: Path) -> None:
    report = await process.run(step(tmp_path, RESTLESS), limit=60)
    assert (report.status, report.fault) == (0, None)
    (tmp_path / "beat").unlink()
    # It beats a thousand times a second; a start of Python is long enough to see that.
    await process.run(step(tmp_path, ""), limit=60)
    assert not (tmp_path / "beat").exists()


async def test_the_time_limit_ends_every_descendant(tmp_path: Path) -> None:
    report = await process.run(step(tmp_path, escaping(next(iter(ESCAPES)))), limit=3)
    assert report.timed_out
    assert not alive(child(tmp_path))


async def test_a_killed_supervisor_takes_its_descendants_along(tmp_path: Path) -> None:
    program = escaping("a daemon that forked twice", "os.kill(os.getppid(), 9)\ntime.sleep(600)\n")
    report = await process.run(step(tmp_path, program), limit=60)
    assert report.fault == "the process that supervises it for hdb was killed, and it was ended"
    assert not alive(child(tmp_path))


async def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    report = await process.run(step(tmp_path, ""), limit=60)
    assert report.fault is not None
    assert report.fault.startswith(f"hdb cannot write in {tmp_path}/nowhere: No such file")


def hdb(folder: Path, *words: str, **more: object) -> subprocess.Popen[str]:
    """Start hdb as a process of its own in a project."""
    command = [sys.executable, "-P", str(ROOT / "mcp_server"), *words]
    return subprocess.Popen(command, cwd=folder, text=True, **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
async def test_a_signal_to_the_command_line_ends_everything(
    hanging: Path, scratch: Path, number: signal.Signals
) -> None:
    with hdb(hanging, "verify", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        await until((hanging / "child.pid").exists)
        run.send_signal(number)
        assert run.wait(timeout=60) == 128 + number
    assert not alive(child(hanging))
    assert leftovers(scratch) == []


async def test_a_second_interrupt_breaks_nothing_off(hanging: Path, scratch: Path) -> None:
    with hdb(hanging, "verify", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        await until((hanging / "child.pid").exists)
        for _ in range(3):
            run.send_signal(signal.SIGINT)
            await anyio.sleep(0.01)
        assert run.wait(timeout=60) == 128 + signal.SIGINT
        assert run.stderr is not None
        assert run.stderr.read() == "hdb: stopped\n"
    assert not alive(child(hanging))
    assert leftovers(scratch) == []


@pytest.mark.parametrize("words", [("verify",), ("mcp",)], ids=["command line", "server"])
async def test_killing_hdb_itself_ends_everything(
    hanging: Path, scratch: Path, words: tuple[str, ...]
) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with hdb(hanging, *words, **pipes) as run:
        if words == ("mcp",):
            say(run, HELLO, READY, VERIFY)
        await until((hanging / "child.pid").exists)
        run.kill()
        run.wait()
        await until(lambda: not alive(child(hanging)))
        await until(lambda: not leftovers(scratch))


async def test_a_client_that_goes_away_ends_everything(hanging: Path, scratch: Path) -> None:
    with hdb(hanging, "mcp", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        say(server, HELLO, READY, VERIFY)
        await until((hanging / "child.pid").exists)
        assert server.stdin is not None
        server.stdin.close()
        server.wait(timeout=60)
    assert not alive(child(hanging))
    assert leftovers(scratch) == []


async def test_a_cancelled_call_ends_everything(
    hanging: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(hanging))
    async with Client(app) as client, anyio.create_task_group() as group:

        async def call() -> None:
            await client.call_tool("verify", {})

        group.start_soon(call)
        await until((hanging / "child.pid").exists)
        group.cancel_scope.cancel()
    await process.all_ended()
    assert not alive(child(hanging))
    assert leftovers(scratch) == []


def test_the_clients_own_keys_reach_no_test(project: ProjectFactory) -> None:
    test = (
        "import os\n\n\ndef test_a():\n    assert [n for n in os.environ if 'CLAUDE' in n] == []\n"
    )
    folder = project({"setup.cfg": "", "test_a.py": test})
    variables = {**os.environ, "ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_OAUTH_TOKEN": "t"}
    with hdb(folder, "verify", env=variables, stdout=subprocess.PIPE) as run:
        run.communicate(timeout=60)
        assert run.returncode == 0


def test_memory_stays_bounded_under_a_gigabyte_of_output(project: ProjectFactory) -> None:
    loud = "def test_a():\n    for _ in range(1024):\n        print('x' * 1024 * 1024)\n"
    folder = project({"pytest.ini": "[pytest]\naddopts = -s\n", "test_a.py": loud})
    with hdb(folder, "mcp", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        say(server, HELLO, READY, VERIFY)
        assert server.stdout is not None
        answer = next(line for line in server.stdout if '"id":2' in line)
        assert json.loads(answer)["result"]["structuredContent"]["verdict"] == "passed"
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
        assert server.stdin is not None
        server.stdin.close()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    assert int(peak) < 250_000  # KiB


def leftovers(scratch: Path) -> list[str]:
    """Return what hdb left in the folder for temporary files; pytest keeps some of its own."""
    return [one.name for one in scratch.iterdir() if one.name.startswith("hdb-")]


def say(server: subprocess.Popen[str], *messages: Mapping[str, object]) -> None:
    assert server.stdin is not None
    for message in messages:
        server.stdin.write(json.dumps(message) + "\n")
    server.stdin.flush()
