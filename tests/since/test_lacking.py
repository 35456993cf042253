"""A copy of a commit is given what only the working tree has, for tests that need that."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mcp_server.since.lacking import complete
from tests.since.asking import commit, git, write

CONTENT = b"large\n"
OID = hashlib.sha256(CONTENT).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 6\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Make a working tree with files that git ignores, a link, an environment and a cache."""
    root = tmp_path / "shop"
    write(
        root,
        {
            ".gitignore": "local.json\ndata/\nenv/\n.cache/\nhere\n",
            "a.py": "x = 1\n",
            "local.json": "[1, 2]\n",
            "data/rows.csv": "1\n",
            "env/pyvenv.cfg": "",
            ".cache/x": "",
            "data/__pycache__/a.pyc": "",
        },
    )
    (root / "here").symlink_to(root / "data")
    return root


def files(copy: Path) -> set[str]:
    """Return the files and links of a copy."""
    found = (one for one in copy.rglob("*") if one.is_file() or one.is_symlink())
    return {one.relative_to(copy).as_posix() for one in found}


def test_what_git_ignores_is_added_but_for_caches_and_environments(
    top: Path, tmp_path: Path
) -> None:
    base = commit(top)
    write(top, {"new.py": ""})
    copy = tmp_path / "copy"
    assert complete(top, base, copy) is None
    assert files(copy) == {"local.json", "data/rows.csv", "here"}
    assert (copy / "here").resolve() == copy / "data"
    assert complete(top, base, tmp_path / "small", most=3) == "more than 0 MB that git ignores"


def test_a_submodule_is_added_as_it_was(top: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, {"v.txt": "3", ".gitignore": "made.txt\n"})
    commit(other)
    base = commit(top)
    git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    base = commit(top)
    write(top, {"sub/v.txt": "4", "sub/made.txt": ""})
    copy = tmp_path / "copy"
    assert complete(top, base, copy) is None
    assert (copy / "sub/v.txt").read_text("utf-8") == "3"
    assert (copy / "sub/made.txt").is_file()
    (top / "sub/.git").unlink()
    assert complete(top, base, tmp_path / "again") == "the submodule sub"


def test_what_git_lfs_keeps_is_added_where_it_is_there(top: Path, tmp_path: Path) -> None:
    write(top, {"data.bin": POINTER})
    base = commit(top)

    def completed(name: str) -> tuple[str | None, bytes]:
        copy = tmp_path / name
        write(copy, {"data.bin": POINTER})
        return complete(top, base, copy), (copy / "data.bin").read_bytes()

    assert completed("nobody fetched it") == (None, POINTER.encode())
    (top / "data.bin").write_bytes(CONTENT)
    assert completed("in the tree") == (None, CONTENT)
    (top / "data.bin").write_bytes(b"other\n")
    assert completed("nowhere")[0] == "data.bin, which is in git LFS"
    write(top / ".git/lfs/objects" / OID[:2] / OID[2:4], {OID: CONTENT.decode()})
    assert completed("kept") == (None, CONTENT)
