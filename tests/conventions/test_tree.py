"""The tree is walked once: what git ignores and what tools make is left out, links lead nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_server.conventions.layout import tree as trees
from mcp_server.conventions.layout.globs import matches
from mcp_server.conventions.layout.ignored import parse_rules
from mcp_server.conventions.layout.tree import list_tree


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def files(folder: Path) -> set[str]:
    return set(list_tree(folder).files)


@pytest.mark.parametrize(
    ("rules", "ignored"),
    [
        ("a.py", {"a.py", "deep/a.py"}),
        ("/a.py", {"a.py"}),
        ("deep/", {"deep/a.py", "deep/b.py", "deep/er/c.py"}),
        ("c.py/", set()),
        ("*.py\n!b.py", {"a.py", "deep/a.py", "deep/er/c.py"}),
        ("deep\n!deep/b.py", {"deep/a.py", "deep/b.py", "deep/er/c.py"}),
        ("deep/*\n!deep/b.py", {"deep/a.py", "deep/er/c.py"}),
        ("**/er", {"deep/er/c.py"}),
        ("deep/**", {"deep/a.py", "deep/b.py", "deep/er/c.py"}),
        ("deep/**/c.py", {"deep/er/c.py"}),
        ("[ab].py", {"a.py", "b.py", "deep/a.py", "deep/b.py"}),
        ("[!a].py", {"b.py", "deep/b.py", "deep/er/c.py"}),
        ("?.py   ", {"a.py", "b.py", "deep/a.py", "deep/b.py", "deep/er/c.py"}),
        ("[a.py\n# a.py\n\n/\n\\#x", set()),
        ("\\a.py", {"a.py", "deep/a.py"}),
    ],
)
def test_rules_mean_what_they_mean_to_git(rules: str, ignored: set[str], tmp_path: Path) -> None:
    every = {"a.py", "b.py", "deep/a.py", "deep/b.py", "deep/er/c.py"}
    write(tmp_path, dict.fromkeys(every, ""))
    (tmp_path / ".gitignore").write_text(rules)
    assert every - files(tmp_path) == ignored


def test_the_nearest_file_of_rules_decides(tmp_path: Path) -> None:
    write(tmp_path, {
        ".gitignore": "*.txt\n", "a.txt": "", "in/.gitignore": "!a.txt\n/b.py\n", "in/a.txt": "",
        "in/b.py": "", "in/er/b.py": "",
    })  # fmt: skip
    assert files(tmp_path) == {".gitignore", "in/.gitignore", "in/a.txt", "in/er/b.py"}


def test_rules_from_above_reach_down_to_a_part_of_the_repository(tmp_path: Path) -> None:
    write(tmp_path, {
        ".git/info/exclude": "private.py\n", ".gitignore": "/part/made.py\nlogs/\n",
        "part/made.py": "", "part/private.py": "", "part/logs/a.py": "", "part/kept.py": "",
    })  # fmt: skip
    assert files(tmp_path / "part") == {"kept.py"}
    (tmp_path / ".git").rename(tmp_path / "no-git")
    assert "made.py" in files(tmp_path / "part")


def test_what_tools_make_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, {
        "own/pyvenv.cfg": "", "own/lib/a.py": "", "env2/conda-meta/x.json": "", "env2/a.py": "",
        "kept/CACHEDIR.TAG": "", "kept/a.py": "", "node_modules/a.py": "", "dist/a.py": "",
        "build/__init__.py": "", "x.egg-info/a.txt": "", "a.py": "", "photo.jpg": "",
    })  # fmt: skip
    assert files(tmp_path) == {"a.py", "build/__init__.py"}


def test_another_checkout_of_the_repository_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, {
        "trees/copy/.git": "gitdir: /r/.git/worktrees/copy\n", "trees/copy/a.py": "",
        "libs/sub/.git": "gitdir: ../../.git/modules/sub\n", "libs/sub/a.py": "",
    })  # fmt: skip
    assert files(tmp_path) == {"libs/sub/.git", "libs/sub/a.py"}


def test_links_to_folders_are_not_followed_and_links_to_files_are_files(tmp_path: Path) -> None:
    write(tmp_path, {"in/a.py": "", "AGENTS.md": ""})
    (tmp_path / "in/loop").symlink_to(tmp_path)
    (tmp_path / "self.py").symlink_to(tmp_path / "self.py")
    (tmp_path / "CLAUDE.md").symlink_to("AGENTS.md")
    assert files(tmp_path) == {"in/a.py", "AGENTS.md", "CLAUDE.md"}


def test_what_is_no_file_is_not_listed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    os.mkfifo(tmp_path / ".gitignore")
    assert list_tree(tmp_path).files == ()


def test_a_folder_that_may_not_be_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"closed/a.py": "", "open/a.py": ""})
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = list_tree(tmp_path)
    assert found.files == ("open/a.py",)
    assert found.problems == ("closed cannot be listed: Permission denied",)


def test_a_name_that_is_no_utf8_is_told_and_left_out(tmp_path: Path) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py"))).touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    (tmp_path / "é.py").touch()
    found = list_tree(tmp_path)
    assert found.files == ("é.py",)
    assert [one.isascii() for one in found.problems] == [True]


def test_a_folder_of_ten_thousand_entries_and_one_200_levels_deep_are_listed(
    tmp_path: Path,
) -> None:
    (tmp_path / "wide").mkdir()
    for number in range(10_000):
        (tmp_path / f"wide/{number}.py").touch()
    deep = tmp_path.joinpath(*("d" * 200))
    deep.mkdir(parents=True)
    (deep / "a.py").touch()
    found = list_tree(tmp_path)
    assert len(found.files) == 10_001
    assert found.files[-1].count("/") == 200
    assert len(found.folders) == 201


def test_a_limit_cuts_what_lies_deepest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MOST_FILES", 2)
    write(tmp_path, dict.fromkeys(("a/b/c.py", "a/b.py", "z.py"), ""))
    found = list_tree(tmp_path)
    assert (found.files, found.truncated) == (("z.py", "a/b.py"), True)


def test_a_folder_with_endlessly_many_entries_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MOST_ENTRIES", 5)
    write(tmp_path, dict.fromkeys((f"{number}.jpg" for number in range(9)), ""))
    assert list_tree(tmp_path).truncated


def test_a_folder_that_is_not_there_is_an_empty_tree(tmp_path: Path) -> None:
    found = list_tree(tmp_path / "nowhere")
    assert (found.files, len(found.problems)) == ((), 1)


def test_the_names_in_each_folder_are_known(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(("a.py", "in/b.py", "in/er/c.py", "data/x.bin"), ""))
    expected = {"": ["a.py"], "data": [], "in": ["b.py"], "in/er": ["c.py"]}
    assert list_tree(tmp_path).by_folder() == expected


def test_rules_that_backtrack_elsewhere_take_no_time() -> None:
    rules = parse_rules(f"{'*a' * 40}b\n{'**/a/' * 60}b\n{'x' * 5}\n" * 200)
    for _ in range(20):
        assert rules.verdict("a/" * 200 + "a" * 250, "a" * 250, folder=False) is None


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("packages/*", "packages/a", True),
        ("packages/*", "packages/a/b", False),
        ("packages/**", "packages/a/b", True),
        ("./libs/*-api/", "libs/shop-api", True),
        ("**/a/**/c", "x/a/c", True),
        ("a/**/b/c", "a/b/x/b/c", True),
        ("a", "a/b", False),
        ("a/**", "a", False),
        ("[a", "[a", False),
        ("\\[a", "[a", True),
    ],
)
def test_a_pattern_matches_whole_paths(pattern: str, path: str, *, fits: bool) -> None:
    assert matches(pattern, path) is fits


@given(st.text(), st.lists(st.text(alphabet="ab*[]!\\/x."), min_size=1))
@settings(max_examples=200)
def test_no_rules_raise(text: str, lines: list[str]) -> None:
    rules = parse_rules("\n".join([text, *lines]))
    assert rules.verdict("a/b.x", "b.x", folder=True) in {True, False, None}
