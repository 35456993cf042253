"""A commit is written out as git holds it: no filter, no hook, nothing outside, nothing left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_server.git import open_repository
from mcp_server.since.export import exported
from mcp_server.since.redirects import led_into
from tests.since.asking import commit, git, write

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"


def test_a_commit_is_written_out_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    write(
        root,
        {
            "a/run.sh": "#!/bin/sh\n",
            "a/data.bin": POINTER,
            "a/secret.txt": "left out of archives\n",
            ".gitattributes": "*.sh filter=bad\n*.txt export-ignore\n",
        },
    )
    (root / "a" / "run.sh").chmod(0o755)
    (root / "inside").symlink_to("a/run.sh")
    (root / "outside").symlink_to("../../etc")
    (root / "up").symlink_to("a/..")
    (root / "through").symlink_to("up/../x")
    base = commit(root)
    mark = tmp_path / "mark"
    git(root, "config", "filter.bad.smudge", f"touch {mark}")
    write(root / ".git", {"hooks/post-checkout": f"#!/bin/sh\ntouch {mark}\n"})
    (root / ".git/hooks/post-checkout").chmod(0o755)
    write(root, {"a/run.sh": "changed\n"})
    repository = open_repository(root / "a")
    assert repository is not None
    with exported(repository, base) as export:
        assert (export.top.name, export.root) == ("shop", export.top / "a")
        assert (export.root / "run.sh").read_text("utf-8") == "#!/bin/sh\n"
        assert os.access(export.root / "run.sh", os.X_OK)
        assert not os.access(export.root / "data.bin", os.X_OK)
        assert (export.root / "secret.txt").is_file()
        assert (export.top / "inside").resolve() == export.root / "run.sh"
        assert {one.name for one in export.top.iterdir() if one.is_symlink()} == {"inside", "up"}
        assert export.notes == (
            "1 files of the commit are in git LFS, and only their pointers were there",
        )
    assert not export.scratch.exists()
    assert not mark.exists()


def test_a_repository_that_is_too_large_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    base = commit(tmp_path)
    repository = open_repository(tmp_path)
    assert repository is not None
    with exported(repository, base, most=5) as export:
        assert export.refused == "the repository is larger than the 0 MB that hdb copies"
    assert not export.scratch.exists()


FINDER = "MAPPING: dict[str, str] = {'shop': '{root}/src/shop', 'one': '{root}/lib/one.py'}\n"
EDITABLES = "F.map_module('shop', '{root}/src/shop/__init__.py')\n"


@pytest.mark.parametrize(
    ("files", "found", "unclear"),
    [
        ({"shop.pth": "{root}/src\n# {root}/lib\n"}, ["src"], ()),
        ({"a.pth": "import f; f.install()\n", "f.py": FINDER}, ["src", "lib"], ()),
        ({"a.pth": "import f\n", "f.py": EDITABLES}, ["src"], ()),
        ({"a.pth": "import f\n", "f.py": "((\n"}, [], ()),
        ({"a.pth": "import f\n", "f.py": FINDER.replace("'shop'", "'other'")}, ["lib"], ("f",)),
        ({"a.pth": "import f\n", "f.py": f"meta_path.insert(0, x)\n{EDITABLES}"}, [], ("f",)),
        ({"a.pth": "import f\n", "f.py": "x = {'a.b': ['{root}/src/a/b']}\n"}, ["src"], ()),
        ({"a.pth": "import gone\n{root}/gone\n/usr\n{root}/.venv/lib\n\n"}, [], ()),
    ],
)
def test_an_environment_leads_into_the_repository(
    tmp_path: Path, files: dict[str, str], found: list[str], unclear: tuple[str, ...]
) -> None:
    write(tmp_path, {"src/shop/__init__.py": "", "lib/one.py": ""})
    packages = tmp_path / ".venv/lib/python3.11/site-packages"
    write(packages, {name: text.replace("{root}", str(tmp_path)) for name, text in files.items()})
    led = led_into(tmp_path / ".venv", tmp_path)
    assert [one.relative_to(tmp_path).as_posix() for one in led.folders] == found
    assert led.unclear == unclear
