"""Every way in which a fix could harm a file ends with the file as it was, and says so."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_server.contract_fix import FixView
from mcp_server.errors import UnsafePathError, UsageError
from mcp_server.fixing import STATUSES, fix, untouchable, writing
from tests.conftest import ROOT, ProjectFactory
from tests.fixing.conftest import FORMAT, NEAT, UGLY, Fix, git

InFront = Callable[[Path, str, str], None]


def why(view: FixView) -> dict[str, str]:
    return {one.file: one.why for one in view.left_alone}


def texts(folder: Path, *names: str) -> list[str]:
    return [(folder / name).read_text(encoding="utf-8") for name in names]


FAULTS = """
if name == 'killed.py':
    os.kill(os.getpid(), 9)
elif name == 'silent.py':
    sys.exit(0)
elif name == 'failed.py':
    sys.exit('went wrong')
elif name == 'prose.py':
    sys.exit(print('here you are:'))
elif name == 'endless.py':
    sys.exit(print('x =', time.time_ns()))
elif name == 'edited.py':
    open(named[0], 'a').write('mine = 2\\n')
"""


async def test_a_tool_that_fails_on_a_file_leaves_it_whole_and_others_are_mended(
    project: ProjectFactory, mended: Fix, tool_in_front: InFront
) -> None:
    broken = ["killed.py", "silent.py", "failed.py", "prose.py", "endless.py"]
    files = dict.fromkeys([*broken, "edited.py", "good.py"], UGLY)
    folder = project({**FORMAT, **files}, ready=False)
    tool_in_front(folder, "ruff", FAULTS)
    view = await mended(folder)
    assert [one.file for one in view.files] == ["good.py"]
    assert texts(folder, *broken, "good.py") == [UGLY] * 5 + [NEAT]
    assert texts(folder, "edited.py")[0].startswith(f"{UGLY}mine = 2\n")
    assert why(view) == {
        "killed.py": "ruff-format: ended by signal 9 (SIGKILL, from outside, most likely because "
        "memory ran out)",
        "silent.py": "ruff-format: ruff-format ended with status 0 and said nothing",
        "failed.py": "ruff-format: went wrong",
        "prose.py": "mended it would not parse: line 1: invalid syntax",
        "endless.py": "ruff-format changes what it printed itself without end",
        "edited.py": "it was changed by somebody else meanwhile: fix again",
    }
    assert (view.verdict, STATUSES[view.verdict]) == ("left", 1)


async def test_tools_that_undo_each_other_change_nothing(
    project: ProjectFactory, mended: Fix, tool_in_front: InFront
) -> None:
    text = "import os\nimport sys\n\nprint(os, sys)\n"
    settings = '[tool.ruff.lint]\nselect = ["I"]\n[tool.isort]\nforce_sort_within_sections = true\n'
    folder = project({"pyproject.toml": settings, "a.py": text}, ready=False)
    turned = "import sys\nimport os\n\nprint(os, sys)\n"
    tool_in_front(
        folder,
        "isort",
        f"if '--filename=' in str(sys.argv): sys.exit(print({turned!r}, end=''))"
        f"\nif '--show-files' not in sys.argv: sys.exit('hdb-unsorted {folder}/a.py "
        "Imports are incorrectly sorted and/or formatted.')",
    )
    view = await mended(folder)
    assert why(view) == {"a.py": "ruff and isort undo each other's changes without end"}
    assert texts(folder, "a.py") == [text]


async def test_what_is_not_the_projects_own_is_not_touched(
    project: ProjectFactory, mended: Fix, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(UGLY, encoding="utf-8")
    settings = "respect-gitignore = false\n[lint]\nselect = []\n"
    names = ["locked.py", "ignored.py", "other/a.py", "own.py"]
    folder = project({**FORMAT, "ruff.toml": settings, **dict.fromkeys(names, UGLY)})
    (folder / ".gitignore").write_text("ignored.py\n", encoding="utf-8")
    for one in (folder, folder / "other"):
        git(one, "init", "-q")
    (folder / "locked.py").chmod(0o444)
    (folder / "link.py").symlink_to(outside)
    (folder / "twin.py").hardlink_to(outside)
    (folder / "near.py").symlink_to("own.py")
    view = await mended(folder)
    assert why(view) == {
        "ignored.py": "git ignores it, or a tool made the folder that it lies in",
        "link.py": "it is a link, or lies behind one: name what that leads to",
        "near.py": "it is a link, or lies behind one: name what that leads to",
        "locked.py": "it is read-only",
        "other/a.py": "it belongs to another repository",
        "twin.py": "it has another name (a hard link) that would keep the old content",
    }
    asked = {*why(view), str(outside), "gone.py"}
    assert untouchable(folder, {*asked, "own.py"}) == asked
    assert [one.file for one in view.files] == ["own.py"]
    assert texts(folder, *names[:3]) == [UGLY] * 3
    assert outside.read_text(encoding="utf-8") == UGLY
    assert (folder / "link.py").is_symlink()


@pytest.mark.parametrize("target", ["../outside.py", "link.py", "--all", ".venv"])
async def test_targets_outside_the_project_are_refused(
    project: ProjectFactory, mended: Fix, tmp_path: Path, target: str
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(UGLY, encoding="utf-8")
    folder = project(FORMAT)
    (folder / "link.py").symlink_to(outside)
    with pytest.raises(UnsafePathError):
        await mended(folder, target)
    assert outside.read_text(encoding="utf-8") == UGLY


async def test_what_cannot_be_meant_is_refused(project: ProjectFactory, mended: Fix) -> None:
    folder = project({**FORMAT, "test_a.py": UGLY})
    with pytest.raises(UsageError, match=r"name the file that holds it, test_a\.py"):
        await mended(folder, "test_a.py::test_a")
    with pytest.raises(UsageError, match="or for what changed since a commit: one"):
        await mended(folder, "test_a.py", everything=True)
    with pytest.raises(UsageError, match="is in no git repository"):
        await mended(folder, since="main")
    bare = project({"setup.cfg": "", "a.py": UGLY}, name="bare")
    with pytest.raises(UsageError, match="uses none of the tools that can mend"):
        await mended(bare)
    assert texts(folder, "test_a.py") == [UGLY]


async def test_a_tool_that_does_not_work_is_a_problem_and_others_go_on(
    project: ProjectFactory, mended: Fix, tool_in_front: InFront
) -> None:
    makefile = f"{FORMAT['Makefile']}\tisort .\n"
    folder = project({"setup.cfg": "", "Makefile": makefile, "a.py": UGLY}, ready=False)
    tool_in_front(folder, "isort", "sys.exit('Traceback (most recent call last)')")
    view = await mended(folder)
    assert (view.verdict, STATUSES[view.verdict]) == ("incomplete", 3)
    assert [one.split(":")[0] for one in view.problems] == ["isort crashed"]
    assert texts(folder, "a.py") == [NEAT]


def test_a_kill_half_way_leaves_the_old_file_and_the_next_fix_clears_up(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from mcp_server.fixing.writing import read_original, replace\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "replace(read_original(Path(sys.argv[1]), 'a.py', {'a.py'}), b'new' * 100_000)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    original = writing.read_original(tmp_path, "a.py", {"a.py"})
    assert isinstance(original, writing.Original)
    assert writing.replace(original, b"new") is None
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"new"]


async def test_a_fix_within_a_check_of_the_same_folder_is_refused(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project({**FORMAT, "a.py": UGLY})
    monkeypatch.setenv("HDB_VERIFYING", str(folder))
    with pytest.raises(UsageError, match="is being verified"):
        await fix(folder, everything=True)
