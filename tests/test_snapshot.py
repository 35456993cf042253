"""What a tree holds is told by content: nothing is missed, nothing hangs, little is read twice."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_server.snapshot import Snapshot, differing, hashing, judged, listing, take
from mcp_server.snapshot.records import can_keep
from mcp_server.snapshot.relevance import is_configuration, is_document
from tests.conftest import ProjectFactory

FILES = {"pyproject.toml": "", "a.py": "A = 1\n", "data/x.sql": "select 1;\n"}
LONG_AGO = 1_000_000_000_000_000_000


def tree(project: ProjectFactory, **files: str) -> Path:
    """Return a project whose files were left alone for years, as far as their times say."""
    return project({**FILES, **files}, ready=False)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files whose content is read from now on."""
    names: list[str] = []
    real = hashing._read  # noqa: SLF001 - whether a file is read shows nowhere else

    def noted(place: str) -> bytes | None:
        names.append(Path(place).name)
        return real(place)

    monkeypatch.setattr(hashing, "_read", noted)
    return names


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock go on far enough for every file written so far to have settled."""
    now = time.time_ns()
    monkeypatch.setattr("mcp_server.snapshot.hashing.time.time_ns", lambda: now + 10**12)


def changed(root: Path, before: Snapshot) -> list[str]:
    return differing(before, take(root))


def test_every_kind_of_change_is_seen(project: ProjectFactory) -> None:
    root = tree(project)
    before = take(root)
    assert changed(root, before) == []
    (root / "a.py").write_text("A = 2\n", encoding="utf-8")
    (root / "data/x.sql").unlink()
    (root / "data/y.csv").write_text("", encoding="utf-8")
    (root / "build").mkdir()
    (root / "build" / "tool.py").write_text("", encoding="utf-8")
    assert changed(root, before) == ["a.py", "build/tool.py", "data/x.sql", "data/y.csv"]


def test_a_file_that_is_only_touched_or_written_anew_has_not_changed(
    project: ProjectFactory,
) -> None:
    root = tree(project)
    before = take(root)
    os.utime(root / "a.py", ns=(LONG_AGO, LONG_AGO))
    (root / "pyproject.toml").unlink()
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    assert changed(root, before) == []


def test_a_script_that_may_no_longer_run_has_changed(project: ProjectFactory) -> None:
    root = tree(project)
    (root / "a.py").chmod(0o755)
    before = take(root)
    (root / "a.py").chmod(0o644)
    assert changed(root, before) == ["a.py"]


def test_what_git_ignores_and_what_tools_make_is_left_out(project: ProjectFactory) -> None:
    root = tree(project, **{".gitignore": "*.log\nbuild/\n"})
    before = take(root)
    for name in (
        "x.log", "build/a.py", "__pycache__/a.pyc", ".pytest_cache/x", ".venv/a.py", "e/pyvenv.cfg",
        "node_modules/a.js", ".git/index", ".coverage",
    ):  # fmt: skip
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("", encoding="utf-8")
    assert changed(root, before) == []


@pytest.mark.usefixtures("later")
def test_a_file_that_was_left_alone_is_not_read_again(
    project: ProjectFactory, read: list[str]
) -> None:
    root = tree(project)
    first = take(root)
    assert sorted(read) == ["a.py", "pyproject.toml", "x.sql"]
    read.clear()
    (root / "a.py").write_text("A = 3\n", encoding="utf-8")
    assert changed(root, first) == ["a.py"]
    assert read == ["a.py"]


def test_a_file_written_twice_within_a_tick_of_the_clock_is_read_again(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(project)
    frozen = (root / "a.py").lstat()
    monkeypatch.setattr("mcp_server.snapshot.hashing.time.time_ns", lambda: frozen.st_ctime_ns)
    before = take(root)
    (root / "a.py").write_text("A = 2\n", encoding="utf-8")
    real = listing.list_files

    def within_the_tick(folder: Path) -> listing.Listing:
        found = real(folder)
        found.files["a.py"] = frozen
        return found

    monkeypatch.setattr("mcp_server.snapshot.list_files", within_the_tick)
    assert changed(root, before) == ["a.py"]


@pytest.mark.usefixtures("later")
def test_a_large_file_is_known_by_its_state_and_never_read(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    monkeypatch.setattr(hashing, "LARGE", 20)
    root = tree(project, **{"big.bin": "x" * 21})
    before = take(root)
    assert "big.bin" not in read
    assert changed(root, before) == []
    os.utime(root / "big.bin", ns=(LONG_AGO, LONG_AGO))
    assert changed(root, before) == ["big.bin"]


@pytest.mark.usefixtures("later")
def test_masses_of_data_are_known_by_their_state_but_sources_by_their_content(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    monkeypatch.setattr(hashing, "MOST_READ", 0)
    root = tree(project)
    before = take(root)
    assert read == ["a.py"]
    assert changed(root, before) == []


@pytest.mark.usefixtures("later")
def test_links_are_told_by_where_they_lead_and_outside_also_by_what_lies_there(
    project: ProjectFactory,
) -> None:
    root = tree(project)
    outside = root.parent / "outside.py"
    outside.write_text("A = 1\n", encoding="utf-8")
    for name, target in {
        "dangling": "nowhere", "round": "round", "folder": "data", "inner.py": "a.py",
        "outer.py": "../outside.py", "endless": "/dev/zero",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    before = take(root)
    assert changed(root, before) == []
    outside.write_text("A = 2\n", encoding="utf-8")
    (root / "dangling").unlink()
    (root / "dangling").symlink_to("elsewhere")
    assert changed(root, before) == ["outer.py", "dangling"]


def test_pipes_and_sockets_are_passed_over(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(project)
    before = take(root)
    os.mkfifo(root / "pipe.py")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.py")
    assert changed(root, before) == []


def test_a_file_that_becomes_a_pipe_while_the_tree_is_read_holds_nothing_up(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(project)
    before = take(root)
    state = (root / "a.py").lstat()
    (root / "a.py").unlink()
    os.mkfifo(root / "a.py")
    real = listing.list_files

    def too_early(folder: Path) -> listing.Listing:
        found = real(folder)
        found.files["a.py"] = state
        return found

    monkeypatch.setattr("mcp_server.snapshot.list_files", too_early)
    assert changed(root, before) == ["a.py"]


def test_what_cannot_be_read_is_known_by_its_state(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError

    root = tree(project)
    monkeypatch.setattr("mcp_server.snapshot.hashing.os.open", refuse)
    before = take(root)
    assert changed(root, before) == []
    os.utime(root / "a.py", ns=(LONG_AGO, LONG_AGO))
    assert changed(root, before) == ["a.py"]


def test_a_folder_that_cannot_be_listed_is_known_by_its_state(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("/data"):
            raise PermissionError
        return real(path)

    root = tree(project)
    monkeypatch.setattr("mcp_server.snapshot.listing.os.scandir", refuse)
    before = take(root)
    assert changed(root, before) == []
    (root / "data/y.sql").write_text("", encoding="utf-8")
    os.utime(root / "data", ns=(LONG_AGO, LONG_AGO))
    assert changed(root, before) == ["data/"]


def test_a_name_in_no_encoding_is_a_file_as_any_other(project: ProjectFactory) -> None:
    root = tree(project)
    place = os.fsencode(root) + b"/\xff\xfe.py"
    Path(os.fsdecode(place)).write_text("A = 1\n", encoding="utf-8")
    before = take(root)
    assert changed(root, before) == []
    Path(os.fsdecode(place)).write_text("A = 2\n", encoding="utf-8")
    assert changed(root, before) == [r"\xff\xfe.py"]


def test_settings_above_the_folder_belong_to_it_where_they_are_of_its_repository(
    project: ProjectFactory,
) -> None:
    root = tree(project)
    (root.parent / "pyproject.toml").write_text("", encoding="utf-8")
    before = take(root)
    (root.parent / "pyproject.toml").write_text("[tool.ruff]\n", encoding="utf-8")
    assert changed(root, before) == []
    (root.parent / ".git").mkdir()
    before = take(root)
    (root.parent / "pyproject.toml").write_text("[tool.mypy]\n", encoding="utf-8")
    assert changed(root, before) == ["../pyproject.toml"]


def test_a_folder_without_python_is_not_read(tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "notes.md").write_text("", encoding="utf-8")
    assert take(tmp_path).marks == {}
    assert take(tmp_path / "nowhere").marks == {}
    assert read == []


def test_of_a_folder_with_too_many_files_nothing_is_claimed(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_FILES", 2)
    assert not take(tree(project)).whole


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format":1,"files":{"a.py":[1,2]}}', "\0"])
@pytest.mark.usefixtures("later")
def test_an_index_that_is_not_whole_is_as_if_it_were_not_there(
    project: ProjectFactory, content: str
) -> None:
    root = tree(project)
    before = take(root)
    (index,) = (Path(os.environ["HDB_CACHE"]) / "trees").iterdir()
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    index.write_text(content, encoding="utf-8")
    assert changed(root, before) == []


@pytest.mark.parametrize("claim", [{"format": 2}, {"root": "/other"}])
@pytest.mark.usefixtures("later")
def test_an_index_of_another_version_or_folder_is_not_believed(
    project: ProjectFactory, claim: dict[str, object]
) -> None:
    root = tree(project)
    before = take(root)
    (index,) = (Path(os.environ["HDB_CACHE"]) / "trees").iterdir()
    content = json.loads(index.read_text(encoding="utf-8"))
    wrong = {path: [*known[:4], "0"] for path, known in content["files"].items()}
    index.write_text(json.dumps({**content, "files": wrong}), encoding="utf-8")
    assert len(changed(root, before)) == 3
    index.write_text(json.dumps({**content, "files": wrong, **claim}), encoding="utf-8")
    assert changed(root, before) == []


def test_a_cache_that_cannot_be_written_changes_no_answer(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(project)
    monkeypatch.setenv("HDB_CACHE", str(root / "a.py"))
    assert not can_keep()
    before = take(root)
    assert before.marks.keys() == {"a.py", "pyproject.toml", "data/x.sql"}
    assert changed(root, before) == []


def test_sources_and_settings_that_change_during_a_run_are_judged_by_nobody() -> None:
    before = Snapshot({"a.py": "1", "b.py": "1", "uv.lock": "1", "report.xml": "1", "c.py": "1"})
    after = Snapshot({"a.py": "2", "uv.lock": "2", "report.xml": "2", "out.csv": "1", "c.py": "1"})
    found = judged(before, after)
    assert found.marks["report.xml"] == "2"
    # Also where the file is again as it was before, or as it was after.
    assert differing(found, before) == ["a.py", "b.py", "out.csv", "report.xml", "uv.lock"]
    assert differing(found, after) == differing(found, found) == ["a.py", "b.py", "uv.lock"]


DOCUMENT_NAMES = (
    "README.md CHANGELOG.rst docs/a/guide.md docs/logo.png LICENSE pkg/README.md docs/notes.txt "
    "LICENSE.txt .github/pull_request_template.md backend/docs/x.rst"
)
OTHER_NAMES = (
    "a.py docs/conf.py requirements.txt docs/requirements.txt tests/data/README.md data.txt "
    "src/app/prompts/system.md pkg/page.md static/logo.png tests/LICENSE x.sql Makefile "
    "docs/test_x.txt templates/mail.txt docs/x.json"
)


@pytest.mark.parametrize("path", DOCUMENT_NAMES.split())
def test_a_document_in_its_usual_place_is_one(path: str) -> None:
    assert is_document(path)


@pytest.mark.parametrize("path", OTHER_NAMES.split())
def test_what_code_or_tests_may_read_is_no_document(path: str) -> None:
    assert not is_document(path)


@pytest.mark.parametrize("path", ["Makefile", "a/setup.cfg", ".github/workflows/x.yml", "uv.lock"])
def test_what_says_how_checks_run_is_configuration(path: str) -> None:
    assert is_configuration(path)
    assert not is_configuration(f"{path}.json")
