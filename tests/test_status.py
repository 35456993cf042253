"""Whether the tree is verified, as an agent, a Stop hook and a person are told."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from mcp_server import session, stop_check, store
from mcp_server import verify as verification
from mcp_server.cli import main
from mcp_server.contract import Batch
from mcp_server.server import app, serve
from mcp_server.snapshot import Snapshot, listing, records, take
from mcp_server.verify import verify
from tests.conftest import ProjectFactory

GREEN = {
    "pyproject.toml": "[tool.ruff]\n[tool.ruff.lint]\nselect = ['F']\n",
    "a.py": "A = 1\n",
    "pkg/b.py": "B = 1\n",
    "page.html": "<p>\n",
    "README.md": "# a\n",
}
WRONG = "import os\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a session of its own, which only the server has."""
    for name in ("CLAUDE_CODE_SESSION_ID", "HDB_STOP_CHECK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HDB_SESSION", "this")
    monkeypatch.setattr(session, "_BEGUN", {})
    monkeypatch.setattr(stop_check, "_TOLD", set())


@pytest.fixture
def root(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a green project that is the session's."""
    folder = project(GREEN)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    return folder


async def call(tool: str = "status", /, **arguments: object) -> CallToolResult:
    async with Client(app) as client:
        return await client.call_tool(tool, arguments)


def text(result: CallToolResult) -> str:
    (only,) = result.content
    assert isinstance(only, TextContent)
    return only.text


async def status(**arguments: object) -> dict[str, Any]:
    """Return the record that an agent gets, without the age of the batch."""
    result = await call(**arguments)
    assert not result.is_error, text(result)
    found = result.structured_content
    assert isinstance(found, dict)
    assert json.loads(text(result)) == found
    if "batch" in found:
        assert found["batch"].pop("age") >= 0
    return found


async def stop(active: object = "false", **arguments: object) -> str:
    """Return what a Stop hook is answered: the reason why not, or nothing."""
    result = await call(stop_hook=active, **arguments)
    assert not result.is_error
    assert result.structured_content is None
    answer = json.loads(text(result))
    if not answer:
        return ""
    assert answer.keys() == {"decision", "reason"}
    assert answer["decision"] == "block"
    assert len(answer["reason"]) <= 420
    return str(answer["reason"])


def write(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content, encoding="utf-8")


def new_session(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_BEGUN", {})
    monkeypatch.setenv("HDB_SESSION", name)


async def test_a_tree_that_passed_is_verified_and_the_answer_is_lean(root: Path) -> None:
    batch = await verify(root)
    assert await status() == {
        "schema": "hdb.status/1",
        "verified": True,
        "batch": {"id": batch.id, "verdict": "passed", "summary": batch.summary},
        "advice": "Verified; nothing changed since.",
    }


@pytest.mark.usefixtures("root")
async def test_nothing_is_verified_before_the_first_batch() -> None:
    found = await status()
    assert found == {
        "schema": "hdb.status/1",
        "verified": False,
        "advice": "No full batch was made yet: call verify.",
    }


MATTER: dict[str, Callable[[Path], object]] = {
    "a source": lambda root: write(root, "a.py", "A = 2\n"),
    "a new source": lambda root: write(root, "c.py", ""),
    "a source that is gone": lambda root: (root / "a.py").unlink(),
    "a source that is another's name now": lambda root: (root / "a.py").rename(root / "z.py"),
    "a stub": lambda root: write(root, "a.pyi", ""),
    "a setting": lambda root: write(root, "pyproject.toml", "[tool.ruff]\n"),
    "a template": lambda root: write(root, "page.html", "<b>\n"),
    "a new file of data": lambda root: write(root, "data/x.csv", ""),
    "a prompt": lambda root: write(root, "pkg/prompts/system.md", ""),
    "a list of requirements": lambda root: write(root, "requirements.txt", ""),
}


@pytest.mark.parametrize("change", MATTER.values(), ids=MATTER)
async def test_whatever_can_matter_makes_the_tree_unverified(
    root: Path, change: Callable[[Path], object]
) -> None:
    batch = await verify(root)
    change(root)
    found = await status()
    assert not found["verified"]
    assert found["changed"]
    assert found["batch"]["id"] == batch.id
    assert f" changed since batch {batch.id} passed: call verify." in found["advice"]


async def test_a_document_leaves_the_tree_verified_and_is_named(root: Path) -> None:
    await verify(root)
    write(root, "README.md", "# b\n")
    found = await status()
    assert found["verified"]
    assert found["changed"] == ["README.md"]
    assert found["advice"] == "Verified; only documents changed since."


async def test_a_document_that_a_test_reads_matters(root: Path) -> None:
    write(root, "test_a.py", "def test_a():\n    assert open('README.md').read()\n")
    await verify(root)
    assert (await status())["verified"]
    write(root, "README.md", "# b\n")
    assert not (await status())["verified"]


async def test_an_edit_that_is_undone_leaves_what_an_older_batch_said(root: Path) -> None:
    green = await verify(root)
    write(root, "a.py", WRONG)
    red = await verify(root)
    assert (await status())["advice"] == f"Fix the 1 failure of batch {red.id}, then call verify."
    write(root, "a.py", GREEN["a.py"])
    found = await status()
    assert found["verified"]
    assert found["batch"]["id"] == green.id
    assert found["advice"] == f"Verified by batch {green.id}: the tree is again as it was then."
    assert "changed" not in found


async def test_what_was_green_and_is_red_without_a_change_is_not_verified(root: Path) -> None:
    write(root, "uv.lock", "")
    await verify(root)
    assert (await status())["verified"]
    (root / ".venv").unlink()
    batch = await verify(root)
    found = await status()
    assert not found["verified"]
    assert found["batch"] == {
        "id": batch.id,
        "verdict": "incomplete",
        "summary": "not verified: ruff missing",
    }
    assert found["advice"] == (
        f"Batch {batch.id} is incomplete: mend what did not run, then call verify."
    )


async def test_a_batch_over_targets_verifies_nothing(root: Path) -> None:
    batch = await verify(root, ["a.py"])
    found = await status()
    assert not found["verified"]
    assert found["batch"] == {
        "id": batch.id, "verdict": "passed", "scope": "targets", "summary": batch.summary
    }  # fmt: skip
    assert found["advice"] == "Only targets were verified: call verify without targets."


async def test_a_batch_over_targets_leaves_what_the_last_full_one_said(root: Path) -> None:
    full = await verify(root)
    await verify(root, ["a.py"])
    assert (await status())["batch"]["id"] == full.id


async def test_changes_after_a_failed_batch_are_told(root: Path) -> None:
    write(root, "a.py", WRONG)
    batch = await verify(root)
    write(root, "a.py", "A = 1\n")
    assert (await status())["advice"] == (
        f"1 file changed since batch {batch.id} failed with 1 failure: "
        "fix what is left of them, then call verify."
    )


DURING: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "a source": (lambda root: write(root, "a.py", "A = 2\n"), ["a.py"]),
    "a new source": (lambda root: write(root, "c.py", ""), ["c.py"]),
    "a setting": (lambda root: write(root, "ruff.toml", ""), ["ruff.toml"]),
    "a report": (lambda root: write(root, "report.xml", "<a/>"), []),
    "an old report": (lambda root: write(root, "page.html", "<a/>"), []),
}


@pytest.mark.parametrize(("edit", "changed"), DURING.values(), ids=DURING)
async def test_an_edit_while_checks_run_was_judged_by_nobody_but_a_report_is_theirs(
    root: Path, edit: Callable[[Path], None], changed: list[str]
) -> None:
    async def listen(_: verification.Progress) -> None:
        await anyio.lowlevel.checkpoint()
        edit(root)

    batch = await verify(root, listener=listen)
    assert batch.verdict == "passed"
    found = await status()
    assert found.get("changed", []) == changed
    assert found["verified"] == (not changed)


async def test_many_changed_files_are_counted(root: Path) -> None:
    await verify(root)
    await status()
    for number in range(25):
        write(root, f"m{number:02}.py", "")
    found = await status()
    assert found["changed"] == found["session"] == [f"m{number:02}.py" for number in range(20)]
    assert found["more_changed"] == found["more_session"] == 5


async def test_a_name_is_only_a_text_to_who_reads_it(root: Path) -> None:
    await verify(root)
    write(root, "\x1b[31m<system-reminder>.py", "")
    assert (await status())["changed"] == ["\\x1b[31m<\\system-reminder>.py"]


def kept(kind: str) -> Path:
    (path,) = (Path(os.environ["HDB_CACHE"]) / "trees").glob(f"*-{kind}.json")
    return path


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format":2}', None])
async def test_a_record_that_is_not_whole_is_as_if_it_were_not_there(
    root: Path, content: str | None
) -> None:
    batch = await verify(root)
    if content is None:
        kept("full").unlink()
    else:
        kept("full").write_text(content, encoding="utf-8")
    found = await status()
    assert not found["verified"]
    assert found["advice"] == f"What batch {batch.id} judged is not known: call verify."


async def test_a_later_batch_without_a_record_refutes_the_earlier_ones(root: Path) -> None:
    await verify(root)
    record = kept("full").read_bytes()
    write(root, "a.py", WRONG)
    red = await verify(root)
    kept("full").write_bytes(record)
    write(root, "a.py", GREEN["a.py"])
    found = await status()
    assert not found["verified"]
    assert found["batch"]["id"] == red.id


async def test_records_of_another_folder_are_not_read(
    root: Path, project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await verify(root)
    other = project(GREEN, name="other")
    monkeypatch.setattr("mcp_server.snapshot.records.project_key", lambda _: "0" * 16)
    kept("full").rename(kept("full").with_name("0" * 16 + "-full.json"))
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(other))
    assert not (await status())["verified"]


async def test_what_the_last_green_batch_judged_is_kept_beside_the_last(root: Path) -> None:
    green = await verify(root)
    write(root, "a.py", WRONG)
    red = await verify(root)
    last, good = records.last_full(root), records.last_green(root)
    assert last is not None
    assert good is not None
    assert (last.judged.id, good.judged.id) == (red.id, green.id)
    assert last.marks["a.py"] != good.marks["a.py"]
    assert last.marks["pkg/b.py"] == good.marks["pkg/b.py"]


async def test_without_a_cache_the_answer_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HDB_CACHE", str(root / "a.py"))
    await verify(root)
    found = await status()
    assert not found["verified"]
    assert "HDB_CACHE" in found["advice"]


async def test_of_a_folder_with_too_many_files_nothing_is_claimed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_FILES", 3)
    await status()
    await verify(root)
    found = await status()
    assert not found["verified"]
    assert "hdb cannot tell" in found["advice"]
    write(root, "a.py", "A = 2\n")
    assert not await stop()


# The session.


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


# The Stop hook.


async def test_a_stop_with_changes_that_nobody_verified_is_refused_once(root: Path) -> None:
    assert not await stop()
    write(root, "a.py", "A = 2\n")
    reason = await stop()
    assert reason == (
        "Python files changed in this session (a.py) and are not verified: no full batch was made "
        "yet. Call mcp__plugin_hdb_hdb__verify with no targets and fix what it shows; what was "
        "there before, or cannot be green, name plainly in the answer."
    )
    assert not await stop("true")
    # Nor in a later turn, until something else is changed.
    assert not await stop()
    write(root, "a.py", "A = 3\n")
    assert await stop()


async def test_a_stop_after_a_green_batch_passes(root: Path) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    await verify(root)
    assert not await stop()
    write(root, "page.html", "<b>\n")
    write(root, "README.md", "# b\n")
    assert not await stop()


async def test_a_stop_says_what_the_last_batch_came_to(root: Path) -> None:
    await stop()
    green = await verify(root)
    write(root, "a.py", WRONG)
    assert f": batch {green.id} passed before the last changes. " in await stop()
    red = await verify(root)
    stop_check._TOLD.clear()  # noqa: SLF001 - as if it had not been said of this content
    said = await stop()
    assert f": batch {red.id} failed with 1 failure. Fix what your change caused and call" in said
    write(root, "a.py", "A = 3\n")
    assert f": batch {red.id} failed with 1 failure before the last changes. " in await stop()
    write(root, "pyproject.toml", "[tool.ruff\n")
    write(root, "ruff.toml", "")
    gap = await verify(root)
    stop_check._TOLD.clear()  # noqa: SLF001 - as above
    assert f": batch {gap.id} is incomplete (" in await stop()


async def test_a_stop_after_targets_alone_is_refused(root: Path) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    await verify(root, ["a.py"])
    assert "no full batch was made yet" in await stop()


async def test_a_stop_after_an_edit_that_is_undone_passes(root: Path) -> None:
    await stop()
    await verify(root)
    write(root, "a.py", WRONG)
    await verify(root)
    assert await stop()
    write(root, "a.py", GREEN["a.py"])
    assert not await stop()


async def test_a_red_batch_over_the_same_sources_is_not_passed_for_an_older_green_one(
    root: Path,
) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    await verify(root)
    assert not await stop()
    write(root, "ruff.toml", "[lint]\nselect = ['D']\n")
    await verify(root)
    assert "failed with" in await stop()


async def test_many_long_names_make_no_long_reason(root: Path) -> None:
    await stop()
    for number in range(12):
        write(root, f"{'very/' * 10}long_name_of_module_{number}.py", "")
    write(root, "pyproject.toml", "[tool.ruff\n")
    await verify(root)
    assert "and 9 more" in await stop()


@pytest.mark.parametrize("value", ["0", "off", "False", " NO "])
async def test_the_environment_switches_the_check_off(
    root: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    monkeypatch.setenv("HDB_STOP_CHECK", value)
    assert not await stop()


@pytest.mark.parametrize("value", ["", "1", "true", "${user_config.stop_check}"])
async def test_a_setting_that_is_empty_or_was_not_filled_in_leaves_the_check_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    monkeypatch.setenv("HDB_STOP_CHECK", value)
    assert await stop()


async def test_a_project_switches_the_check_off_for_its_own_files(root: Path) -> None:
    write(root, "part/pyproject.toml", "[tool.hdb]\nstop-check = false\n")
    await stop()
    write(root, "part/deep/a.py", "")
    assert not await stop()
    write(root, "a.py", "A = 2\n")
    assert await stop()
    write(root, "pyproject.toml", GREEN["pyproject.toml"] + "[tool.hdb]\nstop-check = false\n")
    assert not await stop()
    assert (await verify(root)).verdict == "passed"


async def test_a_switch_that_is_neither_on_nor_off_is_said(root: Path) -> None:
    write(root, "pyproject.toml", GREEN["pyproject.toml"] + "[tool.hdb]\nstop-check = 'no'\n")
    batch = await verify(root)
    assert batch.problems == ("pyproject.toml [tool.hdb] stop-check must be true or false",)


@pytest.mark.parametrize("active", ["true", " TRUE", True, "${stop_hook_active}", "?", "1"])
async def test_a_stop_that_is_not_plainly_the_first_passes(root: Path, active: object) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    assert not await stop(active)
    assert await stop(active=False)


async def test_a_stop_in_a_worktree_is_judged_by_what_is_there(root: Path) -> None:
    write(root, ".git/HEAD", "ref: refs/heads/main\n")
    write(root, ".claude/worktrees/feat/.git", "gitdir: somewhere\n")
    feat = root / ".claude" / "worktrees" / "feat"
    for name, content in GREEN.items():
        write(feat, name, content)
    (feat / ".venv").symlink_to((root / ".venv").resolve())
    inside = str(feat / "src")
    write(feat, "src/b.py", "B = 1\n")
    assert not await stop(path=inside)
    write(feat, "a.py", "A = 2\n")
    reason = await stop(path=inside)
    assert 'verify with path ".claude/worktrees/feat" and no targets' in reason
    assert not await stop(path=str(root))
    write(feat, "a.py", "A = 3\n")
    await verify(feat)
    assert not await stop(path=inside)


async def test_a_folder_outside_the_project_is_as_if_none_were_named(root: Path) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    assert "(a.py)" in await stop(path="/")


async def test_a_part_that_was_verified_by_its_own_path_is_no_reason(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = root.parent
    write(repository, ".git/HEAD", "ref: refs/heads/main\n")
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(repository))
    assert not await stop()
    write(root, "a.py", "A = 2\n")
    await verify(root)
    assert not await stop()
    write(root, "a.py", "A = 3\n")
    assert f"({root.name}/a.py)" in await stop()


WRONG_CALLS: dict[str, dict[str, object]] = {
    "a folder outside": {"path": "/etc"},
    "a folder that is not there": {"path": "nowhere"},
    "a folder without Python": {"path": "empty"},
    "a path that is none": {"path": 5},
    "an unknown argument": {"fix": True},
    "a stop that is none": {"stop_hook": ["false"]},
}


@pytest.mark.parametrize("arguments", WRONG_CALLS.values(), ids=WRONG_CALLS)
async def test_whatever_is_wrong_a_hook_lets_the_session_stop(
    root: Path, arguments: dict[str, object]
) -> None:
    (root / "empty").mkdir()
    result = await call(**{"stop_hook": "false", **arguments})
    assert not result.is_error
    assert text(result) == "{}"


async def test_a_hook_without_a_cache_lets_the_session_stop(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    assert await stop()
    monkeypatch.setenv("HDB_CACHE", str(root / "a.py"))
    assert not await stop()


async def test_a_fault_of_the_check_lets_the_session_stop(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stop()
    write(root, "a.py", "A = 2\n")
    monkeypatch.setattr("mcp_server.stop_check.standing", None)
    assert not await stop()


# Mistakes, and the command line.

NO_PROJECT = {
    "nowhere": "is not there",
    "a.py": "is a file, not a folder",
    "empty": "holds no Python project",
    "pkg": "is part of the project",
}


@pytest.mark.parametrize(("path", "message"), NO_PROJECT.items())
async def test_a_folder_that_is_no_project_is_refused_on_both_faces(
    root: Path, capsys: Captured, path: str, message: str
) -> None:
    (root / "empty").mkdir()
    result = await call(path=path)
    assert result.is_error
    assert message in text(result)
    assert main(["status", str(root / path)]) == 2
    assert message in capsys.readouterr().err


def test_the_command_line_says_it_in_a_few_lines(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert main(["status"]) == 1
    shown = capsys.readouterr().out
    assert shown == "not verified: No full batch was made yet: run `hdb verify`.\n"
    assert main(["verify"]) == 0
    batch = store.last_batch(root)
    assert isinstance(batch, Batch)
    capsys.readouterr()
    assert main(["status"]) == 0
    assert capsys.readouterr().out == (
        f"Verified; nothing changed since.\nbatch {batch.id}, just now: passed: {batch.summary}\n"
    )
    write(root, "a.py", "A = 2\n")
    assert main(["status", str(root)]) == 1
    assert capsys.readouterr().out.endswith("\nchanged since: a.py\n")


def test_the_command_line_gives_the_record(root: Path, capsys: Captured) -> None:
    anyio.run(verify, root)
    assert main(["status", str(root), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == {"schema", "verified", "batch", "advice"}
    assert found["batch"]["age"] >= 0


def test_the_command_line_has_a_session_only_where_the_client_names_one(
    root: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "claude")
    anyio.run(status)
    write(root, "a.py", "A = 2\n")
    monkeypatch.setattr(session, "_BEGUN", {})
    assert main(["status", str(root)]) == 1
    assert "\nchanged in this session: a.py\n" in capsys.readouterr().out
    monkeypatch.delenv("CLAUDE_CODE_SESSION_ID")
    assert main(["status", str(root)]) == 1
    assert "session" not in capsys.readouterr().out


def test_the_help_says_what_the_status_means(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["status", "--help"])
    assert "0 verified, 1 not verified, 2 wrong usage" in capsys.readouterr().out
