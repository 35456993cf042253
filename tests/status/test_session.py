"""What changed since a session began."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from mcp_server import session
from mcp_server.server import app, serve
from mcp_server.snapshot import Snapshot, records, take
from mcp_server.verify import verify
from tests.status.asking import GREEN, call, kept, new_session, status, write


def sessions() -> list[Path]:
    """Return the files that keep how sessions began."""
    return list(Path(os.environ["HDB_CACHE"]).glob("trees/*session*"))


def edited_later(root: Path, name: str) -> int:
    """Edit a file so that its state is newer than that of all the others, which is returned."""
    began = max(path.lstat().st_ctime_ns for path in root.iterdir())
    while (root / name).stat().st_ctime_ns <= began:
        write(root, name, "A = 2\n")
    return began


async def test_changes_count_from_when_the_session_began(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "session" not in await status()
    write(root, "a.py", "A = 2\n")
    write(root, "README.md", "# b\n")
    assert (await status())["session"] == ["a.py", "README.md"]
    await verify(root)
    assert (await status())["session"] == ["a.py", "README.md"]
    new_session("next", monkeypatch)
    assert "session" not in await status()


async def test_what_changed_while_the_front_prepared_the_server_counts(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HDB_BEGAN", str(edited_later(root, "a.py")))
    assert (await status())["session"] == ["a.py"]


async def test_a_server_that_starts_again_finds_how_its_session_began(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await status()
    new_session("this", monkeypatch)
    write(root, "a.py", "A = 2\n")
    assert (await status())["session"] == ["a.py"]


@pytest.mark.usefixtures("root")
async def test_the_first_of_two_processes_says_how_their_session_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def overtaken(folder: Path) -> Snapshot:
        records.keep_beginning(folder, "this", take(folder))
        write(folder, "a.py", "A = 2\n")
        return take(folder)

    monkeypatch.setattr("mcp_server.session.take", overtaken)
    assert (await status())["session"] == ["a.py"]


async def test_a_session_that_is_resumed_begins_anew_with_its_server(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "claude")
    await status()
    new_session("that", monkeypatch)
    write(root, "a.py", "A = 2\n")
    assert "session" not in await status()


async def test_a_session_of_one_process_is_not_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HDB_SESSION")
    await status()
    write(root, "a.py", "A = 2\n")
    assert (await status())["session"] == ["a.py"]
    assert not sessions()


def begun() -> Iterator[Path]:
    """Wait until everything that is being remembered is; yield its folders."""
    for (_, folder), future in list(session._BEGUN.items()):  # noqa: SLF001 - what nobody waits for
        future.result()
        yield folder


def test_the_session_begins_when_the_server_starts_to_serve(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def edit_before_the_first_call() -> None:
        await anyio.lowlevel.checkpoint()
        assert list(begun()) == [root]
        write(root, "a.py", "A = 2\n")

    monkeypatch.setattr(app, "run_stdio_async", edit_before_the_first_call)
    serve()
    assert anyio.run(status)["session"] == ["a.py"]


def test_a_folder_that_is_no_project_is_not_read_when_the_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing() -> None:
        await anyio.lowlevel.checkpoint()
        assert list(begun()) == []

    write(tmp_path, "home/deep/a.py", "")
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(tmp_path / "home"))
    monkeypatch.setattr(app, "run_stdio_async", nothing)
    serve()


@pytest.mark.parametrize(
    ("tool", "arguments"), [("conventions", {}), ("failure", {"id": "x"}), ("verify", {})]
)
async def test_the_session_of_another_folder_begins_with_its_first_call(
    root: Path, tool: str, arguments: dict[str, str]
) -> None:
    inner = root / "inner"
    write(inner, "pyproject.toml", GREEN["pyproject.toml"])
    write(inner, "c.py", "")
    await call(tool, path="inner", **arguments)
    assert list(begun()) == [inner]
    write(inner, "c.py", "C = 1\n")
    assert (await status(path="inner"))["session"] == ["c.py"]


async def test_a_call_that_does_not_need_it_never_waits_for_the_sessions_beginning(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()

    def held(folder: Path) -> Snapshot:
        assert end.wait(60)
        return take(folder)

    monkeypatch.setattr("mcp_server.session.take", held)
    assert not (await call("conventions")).is_error
    assert not (await call("verify")).is_error
    end.set()
    assert list(begun()) == [root]


@pytest.mark.usefixtures("root")
async def test_old_sessions_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    await status()
    old = kept("session-*")
    long_ago = old.stat().st_mtime - 15 * 24 * 60 * 60
    os.utime(old, (long_ago, long_ago))
    new_session("next", monkeypatch)
    await status()
    assert kept("session-*") != old


@pytest.mark.usefixtures("root")
async def test_a_session_that_goes_on_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    await status()
    old = kept("session-*")
    long_ago = old.stat().st_mtime - 13 * 24 * 60 * 60
    os.utime(old, (long_ago, long_ago))
    new_session("this", monkeypatch)
    await status()
    assert old.stat().st_mtime > long_ago + 60


@pytest.mark.usefixtures("root")
async def test_the_sessions_of_a_project_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_SESSIONS", 2)
    for name in "abc":
        new_session(name, monkeypatch)
        await status()
    assert len(sessions()) == 2
