"""What a change touches: against commits of every kind of repository, and without one."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from mcp_server.change import BASE, Change, before, changed_lines, read_base, read_change
from mcp_server.errors import UsageError
from mcp_server.git import SHORT
from tests.repositories import commit, git

MODULE = "one = 1\ntwo = 2\nthree = 3\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "service"
    commit(folder, {"a.py": MODULE, "b.py": MODULE, "docs/x.md": "x\n", ".gitignore": "made\n"})
    return folder


def test_nothing_changed_is_no_change(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    assert read_change(repository) == Change(head, f"since the last commit ({head[:SHORT]})")


def test_uncommitted_work_is_the_change_on_the_main_branch(repository: Path) -> None:
    (repository / "a.py").write_text("one = 2\n")
    (repository / "b.py").unlink()
    (repository / "new.py").write_text("")
    (repository / "made").write_text("ignored")
    (repository / "docs/x.md").write_text("y\n")
    found = read_change(repository)
    assert found.changed == ("a.py", "new.py", "docs/x.md")
    assert found.added == {"new.py"}
    assert found.deleted == ("b.py",)


def test_a_branch_is_held_against_where_it_parted(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "feature")
    commit(repository, {"a.py": "one = 2\n"})
    git(repository, "switch", "--quiet", "main")
    commit(repository, {"b.py": "main went on\n"})
    git(repository, "switch", "--quiet", "feature")
    (repository / "new.py").write_text("")
    found = read_change(repository)
    assert found.changed == ("a.py", "new.py")
    assert "the merge base with main" in found.words


def test_what_is_not_pushed_is_the_change_where_there_is_a_remote(
    repository: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    clone = tmp_path / "clone"
    commit(clone, {"a.py": "one = 2\n"})
    found = read_change(clone)
    assert found.changed == ("a.py",)
    assert "origin/main" in found.words


def test_ci_says_which_branch_a_change_goes_into(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "branch", "release")
    commit(repository, {"a.py": "one = 2\n"})
    assert read_change(repository).changed == ()
    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    assert read_change(repository).changed == ("a.py",)


def test_a_clone_that_lacks_the_main_branch_does_not_guess(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "switch", "--quiet", "--create", "feature")
    commit(repository, {"a.py": "one = 2\n"})
    source = f"file://{repository}"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=feature", source, "clone")
    clone = tmp_path / "clone"
    with pytest.raises(UsageError, match="the clone is shallow"):
        read_base(clone, BASE)
    assert "the clone is shallow" in read_change(clone).words
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    with pytest.raises(UsageError, match="main is not in this clone"):
        read_base(clone, BASE)
    assert read_base(clone, "HEAD").commit == git(clone, "rev-parse", "HEAD")


def test_a_commit_can_be_named_in_every_way(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "v1")
    commit(repository, {"a.py": "one = 2\n"})
    for ref in (first, first[:8], "v1", "HEAD~1", "main^"):
        assert read_change(repository, ref).changed == ("a.py",)
    assert read_change(repository, "HEAD").changed == ()


@pytest.mark.parametrize("ref", ["nowhere", "--upload-pack=x", "HEAD:a.py", "", "a b", "-h"])
def test_what_is_no_commit_is_refused(repository: Path, ref: str) -> None:
    with pytest.raises(UsageError, match=re.escape(repr(ref))):
        read_change(repository, ref)


def test_a_folder_of_a_repository_has_its_own_change(repository: Path) -> None:
    commit(repository, {"api/c.py": MODULE})
    (repository / "a.py").write_text("")
    (repository / "api/c.py").write_text("")
    (repository / "api/d.py").write_text("")
    found = read_change(repository / "api")
    assert found.changed == ("c.py", "d.py")
    assert before(found, repository / "api", found.changed) == {"c.py": MODULE.encode()}


def test_line_ends_that_git_changes_and_files_tracked_although_ignored_are_no_change(
    repository: Path,
) -> None:
    (repository / "made").write_text("kept\n")
    git(repository, "add", "--force", "made")
    commit(repository)
    (repository / "a.py").write_bytes(MODULE.replace("\n", "\r\n").encode())
    assert read_change(repository).changed == ()
    (repository / "made").write_text("otherwise\n")
    assert read_change(repository).changed == ("made",)


def test_links_and_modes_count_and_other_repositories_do_not(repository: Path) -> None:
    (repository / "link").symlink_to("a.py")
    commit(repository / "vendored", {"v.py": ""})
    commit(repository)
    assert read_change(repository).changed == ()
    (repository / "link").unlink()
    (repository / "link").symlink_to("b.py")
    (repository / "b.py").chmod(0o755)
    (repository / "vendored/v.py").write_text("changed")
    assert read_change(repository).changed == ("b.py", "link")


def test_nothing_of_the_repository_is_run_and_nothing_written(
    repository: Path, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "filter.x.clean", "core.pager"):
        git(repository, "config", name, str(hook))
    (repository / ".gitattributes").write_text("*.py filter=x diff=x\n")
    (repository / "a.py").write_text("changed\n")
    index = (repository / ".git/index").read_bytes()
    assert "a.py" in read_change(repository).changed
    assert not canary.exists()
    assert (repository / ".git/index").read_bytes() == index


def test_a_hook_that_names_another_repository_misleads_nobody(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path / "other", {"z.py": ""})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    (repository / "a.py").write_text("")
    assert read_change(repository).changed == ("a.py",)


def test_without_a_repository_everything_is_the_change(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    found = read_change(tmp_path)
    assert (found.base, found.changed) == (None, ("a.py",))
    assert "no git repository" in found.words
    with pytest.raises(UsageError, match="no git repository"):
        read_change(tmp_path, "HEAD")


def test_before_the_first_commit_everything_is_the_change(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.py").write_text("")
    assert read_change(tmp_path).changed == ("a.py",)


def test_without_git_there_is_no_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert shutil.which("git") is None
    assert read_change(repository).base is None


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", {2}),
        ("a\nb\n", "a\nx\ny\nb\n", {2, 3}),
        ("a\nb\nc\n", "a\nc\n", set()),
        ("", "a\n", {1}),
        (None, "a\nb\n", {1, 2}),
        ("a\n", "a\n", set()),
        ("a\nb", "a\nb\n", set()),
    ],
)
def test_changed_lines_are_those_that_were_not_there(
    old: str | None, new: str, lines: set[int]
) -> None:
    given = None if old is None else old.encode()
    assert changed_lines(given, new.encode()) == lines


def test_of_a_long_stretch_all_lines_count() -> None:
    old = os.linesep.join(f"{number}" for number in range(9_000)).encode()
    new = os.linesep.join(f"{-number}" for number in range(9_000)).encode()
    assert changed_lines(old, new) == set(range(2, 9_001))


def test_a_folder_that_is_new_since_a_commit_is_all_added(repository: Path) -> None:
    commit(repository, {"api/c.py": MODULE})
    found = read_change(repository / "api", "HEAD~1")
    assert found.changed == ("c.py",)
    assert found.added == {"c.py"}


def test_a_listing_that_git_does_not_give_is_not_taken_for_an_empty_one(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = tmp_path / "bin/git"
    failing.parent.mkdir()
    failing.write_text(
        f'#!/bin/sh\ncase "$*" in *ls-tree*) exit 1;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{failing.parent}:{os.environ['PATH']}")
    with pytest.raises(UsageError, match="try again"):
        read_change(repository)
