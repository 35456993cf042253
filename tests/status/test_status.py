"""Whether the tree is verified, as an agent and a person are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from mcp_server import session, store
from mcp_server import verify as verification
from mcp_server.cli import main
from mcp_server.contract import Batch
from mcp_server.snapshot import listing, records
from mcp_server.verify import Request, verify
from tests.conftest import ProjectFactory
from tests.status.asking import GREEN, WRONG, Captured, call, kept, status, stop, text, write


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
    batch = await verify(root, Request(targets=["a.py"]))
    found = await status()
    assert not found["verified"]
    assert found["batch"] == {
        "id": batch.id, "verdict": "passed", "scope": "targets", "summary": batch.summary
    }  # fmt: skip
    assert found["advice"] == "Only targets were verified: call verify without targets."


async def test_a_batch_over_targets_leaves_what_the_last_full_one_said(root: Path) -> None:
    full = await verify(root)
    await verify(root, Request(targets=["a.py"]))
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
