"""What a client's Stop hook is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server import stop_check
from mcp_server.verify import Request, verify
from tests.status.asking import GREEN, WRONG, call, stop, text, write


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
    await verify(root, Request(targets=["a.py"]))
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
