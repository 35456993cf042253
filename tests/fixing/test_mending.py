"""What the project's tools mend in place is what a fix mends, to the byte, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mcp_server.verify import Request, verify
from tests.conftest import ProjectFactory
from tests.findings import findings
from tests.fixing.conftest import FORMAT, NEAT, RUFF, UGLY, Fix, git

SETTINGS = """
[tool.ruff]
unsafe-fixes = true
fix = true
fix-only = true
extend-exclude = ["vendored"]
[tool.ruff.lint]
select = ["C4", "F", "UP"]
[tool.isort]
profile = "black"
skip_glob = ["vendored/*"]
known_first_party = ["own"]
[tool.black]
line-length = 60
extend-exclude = "vendored"
"""
CONTENTS = {
    "latin.py": b"# coding: latin-1\n# isort: skip_file\nimport sys\nimport os\n"
    b"print(sys,os,'\xe9')",
    "all_gone.py": b"import os\n",
    "vendored/v.py": b"import sys\nimport os\nx  = 1\n",
    "sub/pyproject.toml": b"[tool.black]\nline-length = 100\n[tool.isort]\nprofile = 'google'\n",
    "sub/m.py": b"\xef\xbb\xbfimport own\r\nimport attr\r\nimport os, sys\r\n"
    b"print(own, attr, dict(), sys, 'long enough', 3, 4, 5, 6, 7, 8, 9)\r\n",
    "cells.ipynb": b'{"cells":[{"cell_type":"code","execution_count":null,"metadata":{},'
    b'"outputs":[],"source":["import os\\n","print( 1)"]}],"metadata":{},"nbformat":4,'
    b'"nbformat_minor":5}\n',
}


def write(folder: Path) -> Path:
    for name, content in CONTENTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


async def test_a_fix_leaves_what_the_tools_themselves_would_leave(
    project: ProjectFactory, environment: Path, mended: Fix
) -> None:
    folder = write(project({"pyproject.toml": SETTINGS}))
    own = folder.with_name("own")
    shutil.copytree(folder, own, symlinks=True)
    view = await mended(folder)
    for tool, *words in (
        ("ruff", "check", "--fix", "--no-unsafe-fixes", "."),
        ("isort", "."),
        ("black", "-q", "."),
    ):
        # The linter ends with 1 for what remains.
        subprocess.run(  # noqa: ASYNC221 - nothing else runs
            [environment / "bin" / tool, *words], cwd=own, check=False, capture_output=True
        )
    assert (view.verdict, view.left_alone, view.problems) == ("fixed", (), ())
    assert {name: (folder / name).read_bytes() for name in CONTENTS} == {
        name: (own / name).read_bytes() for name in CONTENTS
    }
    untouched = {"vendored/v.py", "sub/pyproject.toml"}
    assert {one.file for one in view.files} == CONTENTS.keys() - untouched
    counted = next(one.mended for one in view.files if one.file == "sub/m.py")
    assert counted == {"F401": 1, "black": 1, "isort": 1}
    lines = (folder / "sub/m.py").read_text(encoding="utf-8").splitlines()
    (line,) = (number for number, text in enumerate(lines, 1) if "dict()" in text)
    assert line != 4
    assert [(one.code, one.places) for one in view.remains] == [("C408", (f"sub/m.py:{line}",))]


HOSTILE = """
[tool.ruff]
unsafe-fixes = true
fix-only = true
show-fixes = true
[tool.ruff.lint]
select = ["C4", "F"]
unfixable = ["F401"]
extend-safe-fixes = ["C408"]
[tool.ruff.format]
"""
FOUND = {
    "a.py": "import os\n\n\ndef f():\n    unused = 1\n    return f'', dict()\n".replace("'", '"'),
    "kept.py": "import sys  # noqa: F401\n\nx  =  f''  # noqa: F541\n",
    "broken.py": "x  =  f''\ndef f(:\n",
}


async def test_a_fix_mends_exactly_what_verification_marks(
    project: ProjectFactory, mended: Fix
) -> None:
    folder = project({"pyproject.toml": HOSTILE, **FOUND})
    before = findings(await verify(folder, Request()))
    view = await mended(folder)
    after = findings(await verify(folder, Request()))
    marked = {(one["file"], one["code"]) for one in before if one.get("fix")}
    assert marked == {("a.py", "C408"), ("a.py", "F541"), ("kept.py", "unformatted")}
    assert not any(one.get("fix") for one in after)
    gone = {(one["file"], one["code"]) for one in before}
    assert gone - {(one["file"], one["code"]) for one in after} == marked
    expected = FOUND["a.py"].replace('f""', '""').replace("dict()", "{}")
    assert (folder / "a.py").read_text(encoding="utf-8") == expected
    assert (folder / "broken.py").read_text(encoding="utf-8") == FOUND["broken.py"]
    assert view.verdict == "left"
    (broken,) = view.left_alone
    assert broken.file == "broken.py"
    assert broken.why.startswith("it does not parse: line 2: ")


async def test_a_dry_run_shows_the_difference_and_touches_nothing(
    project: ProjectFactory, mended: Fix
) -> None:
    folder = project({**RUFF, "a.py": f"import os\n{UGLY}"})
    before = _states(folder)
    view = await mended(folder, dry_run=True)
    assert view.diff == "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1 @@\n-import os\n-x  =  1\n+x = 1"
    assert view.verdict == "would_fix"
    assert view.lean()["files"] == [
        {"file": "a.py", "mended": {"F401": 1, "ruff-format": 1}, "+": 1, "-": 2}
    ]
    assert _states(folder) == before


def _states(folder: Path) -> set[tuple[str, int, int]]:
    files = [one for one in folder.iterdir() if one.is_file()]
    return {(one.name, one.stat().st_ino, one.stat().st_mtime_ns) for one in files}


async def test_a_long_difference_is_cut_and_counted(project: ProjectFactory, mended: Fix) -> None:
    folder = project({**FORMAT, "a.py": f"{NEAT}{UGLY * 5000}{NEAT}"})
    view = await mended(folder, dry_run=True)
    assert (view.files[0].added, view.files[0].removed) == (5000, 5000)
    assert view.diff is not None
    assert view.diff.startswith("--- a/a.py\n+++ b/a.py\n@@ -2,5000 +2,5000 @@\n-x  =  1\n")
    assert len(view.diff.split("\n")) + view.more_diff == 10_003
    assert len(view.json_text()) < 16_000


async def test_by_default_only_what_the_work_changed_is_mended(
    project: ProjectFactory, mended: Fix
) -> None:
    folder = project({**FORMAT, ".gitignore": ".venv\n", "old.py": UGLY, "a.py": ""})
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    (folder / "a.py").write_text(UGLY, encoding="utf-8")
    (folder / "new.py").write_text(UGLY, encoding="utf-8")
    view = await mended(folder, everything=False)
    assert [one.file for one in view.files] == ["a.py", "new.py"]
    assert view.scope.startswith("changed files: since ")
    assert (folder / "old.py").read_text(encoding="utf-8") == UGLY


async def test_named_files_and_folders_alone_are_mended_and_keep_mode_and_owner(
    project: ProjectFactory, mended: Fix
) -> None:
    files = dict.fromkeys(["a.py", "b.py", "p/c.py", "pp/d.py"], UGLY)
    folder = project({**FORMAT, **files})
    for name in ("a.py", "p/c.py"):
        (folder / name).chmod(0o750)
    if os.geteuid() == 0:
        os.chown(folder / "a.py", 12345, 12345)
    before = {name: _owned(folder / name) for name in files}
    view = await mended(folder, "a.py", "p")
    assert [one.file for one in view.files] == ["a.py", "p/c.py"]
    changed = [name for name in files if (folder / name).read_text(encoding="utf-8") == NEAT]
    assert changed == ["a.py", "p/c.py"]
    assert {name: _owned(folder / name) for name in files} == before


def _owned(path: Path) -> tuple[int, int, int]:
    state = path.stat()
    return state.st_mode, state.st_uid, state.st_gid


async def test_a_tool_runs_only_where_the_project_runs_it(
    project: ProjectFactory, mended: Fix
) -> None:
    makefile = "lint:\n\truff check src\nformat:\n\truff format src\n"
    both = f"import os\n{UGLY}"
    folder = project({"Makefile": makefile, "src/a.py": both, "b.py": both, **RUFF})
    view = await mended(folder, "b.py", "src")
    assert [one.file for one in view.files] == ["src/a.py"]
    assert (folder / "b.py").read_text(encoding="utf-8") == both
    assert [(one.file, one.why) for one in view.left_alone] == [
        ("b.py", "the project does not give it to ruff, ruff-format")
    ]
    assert view.verdict == "fixed"


@pytest.mark.parametrize("tool", ["ruff", "black"])
async def test_an_exclusion_wins_over_a_file_that_is_named(
    project: ProjectFactory, mended: Fix, tool: str
) -> None:
    tables = {
        "ruff": '[tool.ruff]\nextend-exclude = ["made"]\n[tool.ruff.format]\n',
        "black": '[tool.black]\nextend-exclude = "made"\n',
    }
    text = "import sys\nimport os\nprint(os,  sys)\n"
    folder = project({"pyproject.toml": tables[tool], "made/a.py": text, "b.py": NEAT})
    view = await mended(folder, "made/a.py")
    assert (folder / "made/a.py").read_text(encoding="utf-8") == text
    assert [one.file for one in view.left_alone] == ["made/a.py"]
    assert view.verdict == "nothing"


async def test_black_mends_also_where_its_configuration_only_checks(
    project: ProjectFactory, mended: Fix
) -> None:
    settings = "check = true\ndiff = true\nline-length = 9\ntarget-version = ['py312']\n"
    excluded = 'extend-exclude = """\n(a\n| b\n)/\n"""\n'
    folder = project(
        {"pyproject.toml": f"[tool.black]\n{settings}{excluded}", "a.py": "f(1, 2,3)\n"}
    )
    view = await mended(folder)
    assert (view.verdict, [one.mended for one in view.files]) == ("fixed", [{"black": 1}])
    assert (folder / "a.py").read_text(encoding="utf-8") == "f(\n    1,\n    2,\n    3,\n)\n"


async def test_a_finding_that_the_project_forbids_to_fix_is_not_called_unfixable(
    project: ProjectFactory, mended: Fix
) -> None:
    makefile = "lint:\n\truff check --select F401 --fixable E501 .\n"
    folder = project({"setup.cfg": "", "Makefile": makefile, "a.py": "import os\n"})
    view = await mended(folder)
    assert view.summary == (
        "nothing to mend; 1 finding that the project's tools, as it sets them, do not mend"
    )


HOOKS = r"""
repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.17.5
    hooks:
      - id: ruff-check
      - id: ruff-format
        exclude: ^b\.py$
"""


async def test_a_tool_is_kept_from_the_files_that_its_hook_leaves_out(
    project: ProjectFactory, mended: Fix
) -> None:
    both = f"import os\n{UGLY}"
    settings = {"setup.cfg": "", ".pre-commit-config.yaml": HOOKS}
    folder = project({**settings, "b.py": both, "src/a.py": both})
    view = await mended(folder)
    assert [(one.file, one.mended) for one in view.files] == [
        ("b.py", {"F401": 1, "I001": 1}),
        ("src/a.py", {"F401": 1, "I001": 1, "ruff-format": 1}),
    ]
    assert (folder / "b.py").read_text(encoding="utf-8") == UGLY
