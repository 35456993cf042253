"""The only place that starts processes: runs one step and ends everything that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.abc

from mcp_server import strays
from mcp_server.child_environment import child_environment
from mcp_server.models import SCRATCH, Report, Step
from mcp_server.side_file import SideFile
from mcp_server.supervisor import (
    CANCELLED,
    LADDER_SECONDS,
    STRAGGLER_SECONDS,
    STUBBORN_SECONDS,
    TIME_OVER,
)

SUPERVISOR = Path(__file__).with_name("supervisor.py")
HEAD_BYTES = 32 * 1024 * 1024
"""How much of the beginning of each stream is kept; what is cut out is counted."""
RECORDED_HEAD_BYTES = 1024 * 1024
"""The same, where our reporter's record says what happened and the output only adds to it."""
TAIL_BYTES = 1024 * 1024
"""How much of the end is kept as well: the last words say why a tool ended."""
DRAIN_SECONDS = 10.0
"""How long the output of an ended step is waited for, in case something holds it open."""
BACKSTOP_SECONDS = LADDER_SECONDS + STRAGGLER_SECONDS + STUBBORN_SECONDS + 5
"""How long the supervisor may take to end everything before it is ended itself."""
GIB = 1024**3
FILE_GIB = 8
"""How large one file may grow at most, unless the project states another size."""
VERIFYING = "HDB_VERIFYING"
"""The variable that tells a check's processes which folder is being verified."""
FLOOD_BYTES = 2 * GIB
"""How much output pytest may capture; it reads all of it into memory in the end."""
FULL_BYTES = 64 * 1024
"""With less than that, a disk counts as full."""
STDIN = "stdin"
"""The file in the scratch folder that a step reads as its standard input."""
RUNNING: set[str] = set()
"""The steps that are not over yet, their scratch folders included."""


async def run(
    step: Step,
    *,
    limit: float,
    file_gib: float | None = None,
    pass_env: Iterable[str] = (),
    held: Sequence[int] = (),
) -> Report:
    """Run a step to its end, or for `limit` seconds, and return what it left behind.

    Never raises for what the tool does. When the caller is cancelled, everything that the step
    started is ended before the cancellation goes on. The file descriptors `held` stay open until
    then, even if hdb is killed.
    """
    token = uuid.uuid4().hex
    RUNNING.add(token)
    started = time.monotonic()
    scratch: Path | None = None
    try:
        scratch = Path(tempfile.mkdtemp(prefix="hdb-"))
        for name, content in step.files.items():
            (scratch / name).write_text(content, encoding="utf-8")
        if step.stdin is not None:
            (scratch / STDIN).write_bytes(step.stdin)
        with SideFile(scratch / "report") as record:
            env = child_environment(os.environ, step, scratch, pass_env)
            env |= {strays.MARKER: token, VERIFYING: str(step.root)}
            sizes = (_file_bytes(step.cwd, scratch, file_gib), FLOOD_BYTES)
            report = await _run(_Prepared(step, scratch, env, sizes), limit, held)
            report = replace(report, record=record.text())
            if report.status != 0 and shutil.disk_usage(scratch).free < FULL_BYTES:
                report = replace(report, fault=f"the disk that holds {scratch.parent} is full")
    except OSError as error:
        where = scratch or Path(tempfile.gettempdir())
        why = f"hdb cannot write in {where.parent if scratch else where}: {error.strerror or error}"
        advice = "free some space there, or set TMPDIR to another folder"
        report = Report(root=step.root, cwd=step.cwd, fault=f"{why}; {advice}")
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        RUNNING.discard(token)
    return replace(report, seconds=time.monotonic() - started)


async def all_ended() -> None:
    """Wait until every step that was started is over; its run must have been cancelled."""
    while RUNNING:  # noqa: ASYNC110 - several runs end, each by itself
        await anyio.sleep(0.01)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step with its scratch folder, its environment and the sizes that the supervisor guards."""

    step: Step
    scratch: Path
    env: Mapping[str, str]
    sizes: tuple[int, int]


async def _run(prepared: _Prepared, limit: float, held: Sequence[int]) -> Report:
    step, scratch = prepared.step, prepared.scratch
    argv = [arg.replace(SCRATCH, str(scratch)) for arg in step.argv]
    head = RECORDED_HEAD_BYTES if step.recorded else HEAD_BYTES
    out, err = _Kept(head), _Kept(head)
    answer, tell = os.pipe()
    kind = "tests" if step.inject else "tool"
    given = os.devnull if step.stdin is None else str(scratch / STDIN)
    words = [str(tell), str(scratch), kind, *map(str, prepared.sizes), given, "--", *argv]
    try:
        # A cancellation between the fork and its return would leave everything behind.
        with anyio.CancelScope(shield=True):
            supervisor = await anyio.open_process(
                [sys.executable, "-I", "-S", str(SUPERVISOR), *words],
                cwd=step.cwd,
                env=prepared.env,
                start_new_session=True,
                pass_fds=(tell, *held),
            )
        os.close(tell)
        tell = -1
        timed_out = await _attend(supervisor, prepared.env[strays.MARKER], out, err, limit)
        said = os.read(answer, 4096).decode()
    except OSError as error:
        why = f"hdb cannot start a process in {step.cwd}: {error.strerror or error}"
        return Report(root=step.root, cwd=step.cwd, fault=why)
    finally:
        os.close(answer)
        if tell >= 0:
            os.close(tell)
    told = {word: int(number) for word, number in map(str.split, said.splitlines())}
    return Report(
        root=step.root,
        cwd=step.cwd,
        stdout=out.text(),
        stderr=err.text(),
        status=told.get("status"),
        signal=told.get("signal"),
        cut=out.cut + err.cut,
        timed_out=timed_out,
        missing=_unstartable(step.cwd, argv[0], told["error"]) if "error" in told else None,
        fault=_fault(told),
        output=b"" if step.stdin is None else out.content(),
    )


def _unstartable(folder: Path, program: str, number: int) -> str:
    why = f"cannot start {program}: {os.strerror(number)}"
    if (folder / program).is_file() and os.access(folder / program, os.X_OK):
        # The kernel's words are about the script's first line, which looks like nonsense.
        why += "; the interpreter that its first line names is gone: create the environment again"
    return why


def _fault(told: dict[str, int]) -> str | None:
    if "error" in told:
        return None
    if "flood" in told:
        size = told["flood"] / GIB
        return f"ended by hdb: its output filled {size:.1f} GiB of disk, and it went on"
    if not told.keys() & {"status", "signal"}:
        return "the process that supervises it for hdb was killed, and it was ended"
    if left := told.get("left"):
        return f"{left} of its processes could not be ended: they belong to another user, or hang"
    return None


def _file_bytes(project: Path, scratch: Path, stated: float | None) -> int:
    """Return how large a file may grow: as stated, else some of what is free for it."""
    if stated is not None:
        return int(stated * GIB)
    free = max(shutil.disk_usage(folder).free for folder in (project, scratch))
    return int(min(FILE_GIB * GIB, max(GIB, free / 2)))


async def _attend(
    supervisor: anyio.abc.Process, token: str, out: _Kept, err: _Kept, limit: float
) -> bool:
    """Collect the output until everything is over; return whether the time was over first."""
    timed_out = False
    try:
        async with anyio.create_task_group() as readers:
            readers.start_soon(_collect, supervisor.stdout, out)
            readers.start_soon(_collect, supervisor.stderr, err)
            with anyio.move_on_after(limit) as scope:
                await supervisor.wait()
            if scope.cancelled_caught:
                timed_out = True
                await _end(supervisor, TIME_OVER)
            if supervisor.returncode != 0:
                await strays.end(token)
            readers.cancel_scope.deadline = anyio.current_time() + DRAIN_SECONDS
    finally:
        with anyio.CancelScope(shield=True):
            if supervisor.returncode is None:
                await _end(supervisor, CANCELLED)
            if supervisor.returncode != 0:
                await strays.end(token)
            await supervisor.aclose()
    return timed_out


async def _end(supervisor: anyio.abc.Process, why: str) -> None:
    """Have the supervisor end everything; should it fail to, end it."""
    with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        if supervisor.stdin is not None:
            await supervisor.stdin.send(why.encode())
    with anyio.move_on_after(BACKSTOP_SECONDS):
        await supervisor.wait()
    if supervisor.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            supervisor.send_signal(signal.SIGKILL)
        await supervisor.wait()


async def _collect(stream: anyio.abc.ByteReceiveStream | None, kept: _Kept) -> None:
    if stream is not None:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for chunk in stream:
                kept.add(chunk)


@dataclass(slots=True)
class _Kept:
    """The bytes kept of one stream: its beginning up to `room`, and the last of what follows."""

    room: int
    head: list[bytes] = field(default_factory=list)
    tail: bytearray = field(default_factory=bytearray)
    cut: int = 0

    def add(self, chunk: bytes) -> None:
        if self.room:
            self.head.append(chunk[: self.room])
            chunk, self.room = chunk[self.room :], max(0, self.room - len(chunk))
        self.tail += chunk
        if len(self.tail) > 2 * TAIL_BYTES:
            self._trim()

    def _trim(self) -> None:
        over = max(0, len(self.tail) - TAIL_BYTES)
        del self.tail[:over]
        self.cut += over

    def text(self) -> str:
        return self.content().decode("utf-8", errors="backslashreplace")

    def content(self) -> bytes:
        self._trim()
        said = f"\n[... {self.cut} bytes cut ...]\n".encode() if self.cut else b""
        return b"".join([*self.head, said, self.tail])
