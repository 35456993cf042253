"""Holds that the benchmark of affected tests builds its trees right, and counts what is missed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks import affected
from benchmarks.recall import judging, suites, trees
from benchmarks.recall.judging import Measured
from benchmarks.recall.trees import Project, Store, Tree

TEST = "from pkg.{0} import {0}\n\ndef test_{0}():\n    assert {0}() == {1}\n"
FILES = {
    "pkg/__init__.py": "",
    "pkg/price.py": "def price():\n    return 1\n",
    "pkg/name.py": "def name():\n    return 'a'\n",
    "tests/test_price.py": TEST.format("price", 1),
    "tests/test_name.py": TEST.format("name", "'a'"),
}
COMMIT = {
    "pkg/price.py": "def price():\n    return 2\n",
    "tests/test_price.py": TEST.format("price", 2),
    "README.md": "Prices are 2.\n",
}


@dataclass(frozen=True)
class Chosen:
    """What `reach.select` answers, as far as the benchmark reads it."""

    left_out: tuple[str, ...]
    widened: str = ""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store whose mirror holds one project of two commits, and its environment."""
    tmp_path = tmp_path_factory.mktemp("store")
    home = tmp_path / "mirror" / "one+shop" / "repo"
    home.mkdir(parents=True)
    for files in (FILES, COMMIT):
        for path, text in files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text, encoding="utf-8")
        git(home, "init", "-q")
        git(home, "add", ".")
        git(home, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "one")
    (home / ".git").rename(tmp_path / "bare")
    home.rename(tmp_path / "left")
    (tmp_path / "bare").rename(home)
    store = Store(tmp_path / "kept", tmp_path / "mirror")
    binaries = store.environment(project(store)) / "bin"
    binaries.mkdir(parents=True)
    # A link would be an environment of its own, without pytest.
    shim = f'#!/bin/sh\nPYTEST_DISABLE_PLUGIN_AUTOLOAD=1 exec "{sys.executable}" "$@"\n'
    (binaries / "python").write_text(shim, encoding="utf-8")
    (binaries / "python").chmod(0o755)
    return store


def git(folder: Path, *arguments: str) -> str:
    argv = ["git", "-C", str(folder), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def project(store: Store, *, module: str = "pkg") -> Project:
    assert store.mirror
    newest = git(store.mirror / "one+shop" / "repo", "rev-parse", "HEAD")
    return Project(
        repo="one/shop",
        python="3.11",
        install=(),
        sources=("pkg",),
        tests=("tests",),
        module=module,
        commits=(newest,),
        whole=1,
    )


def leaving(*left_out: str) -> Callable[..., Chosen]:
    return lambda _root, **_paths: Chosen(left_out)


def measured(store: Store, one: Project, left_out: Sequence[str]) -> dict[str, Measured]:
    found: dict[str, Measured] = {}
    for pair in trees.pairs_of(store, one):
        result = judging.measure(store, one, pair, leaving(*left_out))
        assert result
        found[pair.form] = result
    return found


def test_a_commit_gives_three_pairs_with_the_paths_that_differ(store: Store) -> None:
    pairs = {pair.form: pair for pair in trees.pairs_of(store, project(store))}
    assert pairs["commit"].changed == ("README.md", "pkg/price.py", "tests/test_price.py")
    assert pairs["taken back"].changed == pairs["ahead"].changed == ("pkg/price.py",)


def test_a_tree_holds_the_sources_of_one_commit_and_the_tests_of_another(
    store: Store, tmp_path: Path
) -> None:
    one = project(store)
    (taken,) = (pair for pair in trees.pairs_of(store, one) if pair.form == "taken back")
    root = trees.lay_out(store, one, taken.after, tmp_path / "tree")
    assert (root / "pkg/price.py").read_text(encoding="utf-8") == FILES["pkg/price.py"]
    assert (root / "tests/test_price.py").read_text(encoding="utf-8") == (
        COMMIT["tests/test_price.py"]
    )


def test_a_broken_test_whose_file_was_left_out_is_missed(store: Store) -> None:
    found = measured(store, project(store), ["tests/test_price.py"])
    for form in ("taken back", "ahead"):
        assert found[form].broken == found[form].missed == ("tests/test_price.py::test_price",)
    assert not found["commit"].broken
    kept = measured(store, project(store), ["tests/test_name.py"])
    assert not any(one.missed for one in kept.values())
    assert {one.files for one in kept.values()} == {0.5}
    assert "| one/shop | 1 | 3 | 2 | 2 | 0 | 50 % (50 %) | 50 % (50 %) | 0 % |" in (
        affected.tables(list(kept.values()))
    )


def test_what_a_test_file_executes_and_hdb_leaves_out_is_missed(store: Store) -> None:
    one = project(store)
    found = judging.trace(store, one, leaving("tests/test_price.py"))
    assert (found.modules, found.tests) == (3, 2)
    assert set(found.missed) == {
        ("pkg/__init__.py", "tests/test_price.py"),
        ("pkg/price.py", "tests/test_price.py"),
    }
    assert "| one/shop | 3 | 2 | 4 | 2 | 50 % (67 %) | 50 % (50 %) |" in (
        affected.traced_table([found])
    )


def test_code_that_is_not_the_trees_own_is_refused(store: Store, tmp_path: Path) -> None:
    one = project(store, module="json")
    with pytest.raises(RuntimeError, match="not from the tree"):
        suites.run(store, one, Tree(one.commits[0], one.commits[0]), tmp_path)


def test_a_suite_that_cannot_run_at_all_is_not_counted(store: Store, tmp_path: Path) -> None:
    one = replace(project(store), arguments=("--no-such-option",))
    elsewhere = replace(store, projects=tmp_path)
    (tmp_path / "environments").symlink_to(store.projects / "environments")
    (pair, *_) = trees.pairs_of(elsewhere, one)
    assert judging.measure(elsewhere, one, pair, leaving()) is None


@pytest.mark.parametrize(
    ("after", "broken"),
    [
        ({"t.py::a": "failed"}, True),
        ({"t.py::a": "skipped"}, False),
        ({"t.py": "failed"}, True),
        ({"": "failed"}, True),
        ({}, False),  # renamed or removed, which is no failure
        ({"other.py": "failed"}, False),
    ],
)
def test_a_test_is_broken_when_it_fails_or_falls_with_its_file(
    after: dict[str, str], *, broken: bool
) -> None:
    assert judging.broken_tests({"t.py::a": "passed"}, after) == (("t.py::a",) if broken else ())
    assert not judging.broken_tests({"t.py::a": "failed"}, after)


def test_again_runs_nothing(store: Store, tmp_path: Path) -> None:
    again = Store(tmp_path, store.mirror, again=True)
    pairs = trees.pairs_of(again, project(store))
    assert [judging.measure(again, project(store), pair, leaving()) for pair in pairs] == [None] * 3


def test_the_corpus_names_full_commits_and_pinned_packages() -> None:
    for one in trees.projects_of(affected.CORPUS):
        assert all(len(commit) == 40 for commit in one.commits), one.repo
        assert all("==" in package for package in (*one.install, one.metadata or "==")), one.repo
    text = affected.CORPUS.read_text(encoding="utf-8")
    assert [json.loads(line)["repo"] for line in text.splitlines()]
