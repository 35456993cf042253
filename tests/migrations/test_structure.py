"""The graph of a history, read and never run: heads, gaps, cycles, doubled ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.batch import judge
from mcp_server.conventions import read_conventions
from mcp_server.migrations import find_histories, inspect_migrations, inspection_step
from mcp_server.models import Report, Verdict
from tests.migrations.projects import faults, inspected, revision, write

CHAIN = {"a.py": revision("a"), "b.py": revision("b", "'a'")}


def codes(root: Path, files: dict[str, str]) -> list[tuple[str | None, str | None]]:
    found = faults(write(root, files))
    return [(one.code, (one.file or "").rpartition("/")[2]) for one in found]


def test_a_chain_is_sound_and_env_py_is_never_run(tmp_path: Path) -> None:
    write(tmp_path, {**CHAIN, "migrations/env.py": "raise SystemExit('it ran')\n"})
    conventions = read_conventions(tmp_path)
    histories = find_histories(conventions)
    step = inspection_step(conventions, histories)
    assert step is not None
    outcome = inspect_migrations(conventions, histories).outcome
    report = Report(root=tmp_path, cwd=tmp_path, status=0)
    assert judge(step, report, outcome).verdict is Verdict.PASSED


def test_a_project_without_a_history_has_no_such_step(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import sys\n", encoding="utf-8")
    conventions = read_conventions(tmp_path)
    assert inspection_step(conventions, find_histories(conventions)) is None


def test_two_heads_are_one_too_many(tmp_path: Path) -> None:
    files = {**CHAIN, "c.py": revision("c", "'a'")}
    (found,) = faults(write(tmp_path, files))
    assert (found.code, found.file) == ("multiple-heads", "migrations/versions/c.py")
    assert "alembic merge heads" in found.message


@pytest.mark.parametrize(
    "branch",
    [
        revision("c", "'a'", more="branch_labels = ('audit',)"),
        revision("c", "None", more="branch_labels = 'audit'\ndepends_on = 'a'"),
    ],
)
def test_a_head_with_a_label_of_its_own_is_meant(tmp_path: Path, branch: str) -> None:
    assert codes(tmp_path, {**CHAIN, "c.py": branch}) == []


def test_a_label_above_the_fork_tells_no_head_from_the_other(tmp_path: Path) -> None:
    root = revision("a", more="branch_labels = ('all',)")
    files = {"a.py": root, "b.py": revision("b", "'a'"), "c.py": revision("c", "'a'")}
    assert codes(tmp_path, files) == [("multiple-heads", "c.py")]


def test_a_head_that_another_branch_depends_on_is_meant(tmp_path: Path) -> None:
    other = revision("c", more="depends_on = ('b',)")
    assert codes(tmp_path, {**CHAIN, "c.py": other}) == []


def test_a_merge_joins_two_heads(tmp_path: Path) -> None:
    merge = revision("m", "('b', 'c')", up="pass", back="pass")
    assert codes(tmp_path, {**CHAIN, "c.py": revision("c", "'a'"), "m.py": merge}) == []


def test_a_parent_in_no_file_is_a_gap(tmp_path: Path) -> None:
    (found,) = faults(write(tmp_path, {"b.py": revision("b", "'gone'")}))
    assert (found.code, found.line) == ("missing-parent", 6)
    assert "'gone'" in found.message


def test_a_dependency_can_be_part_of_an_id_and_must_be_there(tmp_path: Path) -> None:
    known = revision("b", "'abc123'", more="depends_on = 'abc1'")
    assert codes(tmp_path, {"a.py": revision("abc123"), "b.py": known}) == []
    gone = revision("b", "'abc123'", more="depends_on = 'xyz'")
    assert codes(tmp_path, {"b.py": gone}) == [("missing-parent", "b.py")]


def test_a_circle_is_told_once_and_whole(tmp_path: Path) -> None:
    files = {"a.py": revision("a", "'b'"), "b.py": revision("b", "'a'")}
    (found,) = faults(write(tmp_path, files))
    assert found.code == "cycle"
    assert "a -> b -> a" in found.message or "b -> a -> b" in found.message


def test_one_id_in_two_files_is_told_at_the_second(tmp_path: Path) -> None:
    files = {"a.py": revision("a"), "b.py": revision("a")}
    assert codes(tmp_path, files) == [("duplicate-revision", "b.py")]


@pytest.mark.parametrize(
    ("text", "line"), [("x = 1\n", 1), ("revision = 'z'\ndown_revision = 'a'\nx = (\n", 3)]
)
def test_a_file_that_alembic_cannot_load_is_a_fault(tmp_path: Path, text: str, line: int) -> None:
    (found,) = faults(write(tmp_path, {**CHAIN, "z.py": text}))
    assert (found.code, found.line) == ("unreadable-revision", line)


def test_ids_that_are_computed_leave_heads_and_gaps_open(tmp_path: Path) -> None:
    computed = "import hashlib\nrevision = hashlib.md5(b'x').hexdigest()\ndown_revision = 'gone'\n"
    outcome = inspected(write(tmp_path, {**CHAIN, "z.py": computed})).outcome
    assert outcome.diagnostics == ()
    assert "heads and gaps are not known" in (outcome.remark or "")


def test_revisions_in_folders_count_where_the_project_says_so(tmp_path: Path) -> None:
    nested = {"migrations/versions/2026/b.py": revision("b", "'gone'")}
    ini = "[alembic]\nscript_location = migrations\n"
    write(tmp_path, {"a.py": revision("a"), **nested, "alembic.ini": ini})
    assert faults(tmp_path) == []
    write(tmp_path, {"alembic.ini": f"{ini}recursive_version_locations = true\n"})
    assert {one.code for one in faults(tmp_path)} == {"missing-parent", "multiple-heads"}


def test_what_the_project_ignores_is_left_out_and_said(tmp_path: Path) -> None:
    files = {**CHAIN, "c.py": revision("c", "'a'")}
    outcome = inspected(write(tmp_path, files, settings='ignore = ["multiple-heads"]')).outcome
    assert outcome.diagnostics == ()
    assert "1 left out" in (outcome.remark or "")


@pytest.mark.parametrize(
    "settings", ['gate = ["empty"]', 'ignore = "all"', "database = 1", "gates = []"]
)
def test_a_setting_that_cannot_be_meant_is_never_green(tmp_path: Path, settings: str) -> None:
    outcome = inspected(write(tmp_path, CHAIN, settings=settings)).outcome
    assert "[tool.hdb.migrations]" in (outcome.problem or "")
