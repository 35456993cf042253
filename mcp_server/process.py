"""The only place that starts processes: runs one step and ends everything that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.abc

from mcp_server.models import SCRATCH, Report, Step

INJECT = Path(__file__).parent / "inject"
KEPT_BYTES = 64 * 1024 * 1024
"""How much of each stream is kept; what follows is read, counted and dropped."""
GRACE_SECONDS = 2.0
"""How long a process may take to end after SIGTERM, before SIGKILL."""
DRAIN_SECONDS = 1.0
"""How long the output of an ended process is waited for, in case something holds it open."""
RUNNING: set[int] = set()
"""The process groups that are not ended yet."""
SECRET_PREFIXES = ("ANTHROPIC_", "CLAUDE_", "CLAUDECODE")


def child_environment(
    parent: Mapping[str, str], step: Step, scratch: Path, pass_env: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment of a step: the parent's without the client's own secrets.

    `pass_env` names variables that are kept all the same. The step's virtual environment is
    active in it, as its activation script would make it.
    """
    kept = set(pass_env)
    env = {
        name: value
        for name, value in parent.items()
        if name in kept or not name.startswith(SECRET_PREFIXES)
    }
    for name in ("VIRTUAL_ENV", "PYTHONHOME", "__PYVENV_LAUNCHER__"):
        env.pop(name, None)
    if step.venv is not None:
        env["VIRTUAL_ENV"] = str(step.venv)
        env["PATH"] = os.pathsep.join([str(step.venv / "bin"), env.get("PATH", os.defpath)])
    for name, value in step.env.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    if step.inject:
        env["HDB_REPORT"] = str(scratch / "report")
        env["HDB_ROOT"] = str(step.root)
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(INJECT), env.get("PYTHONPATH")]))
    return env


async def run(step: Step, *, limit: float, pass_env: Iterable[str] = ()) -> Report:
    """Run a step to its end, or for `limit` seconds, and return what it left behind.

    Never raises for what the tool does. When the caller is cancelled, the whole process group
    is ended before the cancellation goes on.
    """
    with tempfile.TemporaryDirectory(prefix="hdb-") as folder:
        scratch = Path(folder)
        for name, content in step.files.items():
            (scratch / name).write_text(content, encoding="utf-8")
        argv = [arg.replace(SCRATCH, folder) for arg in step.argv]
        env = child_environment(os.environ, step, scratch, pass_env)
        started = time.monotonic()
        try:
            # A cancellation between the fork and its return would leave the group behind.
            with anyio.CancelScope(shield=True):
                process = await anyio.open_process(
                    argv,
                    cwd=step.cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
        except OSError as error:
            why = f"cannot start {argv[0]}: {error.strerror or error}"
            return Report(root=step.root, cwd=step.cwd, missing=why)
        out, err = _Kept(), _Kept()
        timed_out = await _supervise(process, out, err, limit)
        record = scratch / "report"
        return Report(
            root=step.root,
            cwd=step.cwd,
            stdout=out.text(),
            stderr=err.text(),
            record=_read(record),
            status=code if (code := process.returncode) is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            seconds=time.monotonic() - started,
            cut=out.cut + err.cut,
            timed_out=timed_out,
        )


async def _supervise(process: anyio.abc.Process, out: _Kept, err: _Kept, limit: float) -> bool:
    """Collect the output until the process ends; return whether it ran out of time."""
    timed_out = False
    RUNNING.add(process.pid)
    try:
        async with anyio.create_task_group() as readers:
            readers.start_soon(_collect, process.stdout, out)
            readers.start_soon(_collect, process.stderr, err)
            with anyio.move_on_after(limit) as scope:
                await process.wait()
            if scope.cancelled_caught:
                timed_out = True
                await _end(process)
            _kill_group(process.pid, signal.SIGKILL)
            readers.cancel_scope.deadline = anyio.current_time() + DRAIN_SECONDS
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
            await process.aclose()
        RUNNING.discard(process.pid)
    return timed_out


async def all_ended() -> None:
    """Wait until every process that was started is ended; its run must have been cancelled."""
    while RUNNING:  # noqa: ASYNC110 - several runs end, each by itself
        await anyio.sleep(0.01)


async def _end(process: anyio.abc.Process) -> None:
    """End the process and its whole group: asked first, then forced."""
    if process.returncode is None:
        _kill_group(process.pid, signal.SIGTERM)
        with anyio.move_on_after(GRACE_SECONDS):
            await process.wait()
    _kill_group(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()


def _kill_group(group: int, number: signal.Signals) -> None:
    # The group outlives its leader while any member is left; none left is the usual case.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


async def _collect(stream: anyio.abc.ByteReceiveStream | None, kept: _Kept) -> None:
    if stream is not None:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for chunk in stream:
                kept.add(chunk)


def _read(record: Path) -> str:
    try:
        return record.read_text(encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""


@dataclass(slots=True)
class _Kept:
    """The bytes kept of one stream, up to `KEPT_BYTES`."""

    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    cut: int = 0

    def add(self, chunk: bytes) -> None:
        room = KEPT_BYTES - self.size
        self.chunks.append(chunk[:room])
        self.size += min(room, len(chunk))
        self.cut += max(0, len(chunk) - room)

    def text(self) -> str:
        return b"".join(self.chunks).decode("utf-8", errors="backslashreplace")
