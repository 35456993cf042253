"""What a tool's program prints of its own is written into no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_server.fixing import STATUSES
from tests.conftest import ProjectFactory
from tests.fixing.conftest import UGLY, Fix

InFront = Callable[[Path, str, str], None]


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("if name: print('# loaded', flush=True)", '"# loaded"'),
        # Where something is already there to be formatted, and only there.
        ("if name and os.fstat(0).st_size: print('# loaded', flush=True)", '"# loaded"'),
        # The formatter takes it away, so that the file would look at rest.
        ("if name: print(flush=True)", "empty lines"),
    ],
)
async def test_a_banner_is_named_and_no_tool_of_the_fix_writes_anything(
    project: ProjectFactory, mended: Fix, tool_in_front: InFront, program: str, shown: str
) -> None:
    makefile = "format:\n\truff format a.py\n\tisort b.py\n"
    files = {"a.py": UGLY, "b.py": "import sys\nimport os\n"}
    folder = project({"setup.cfg": "", "Makefile": makefile, **files}, ready=False)
    tool_in_front(folder, "ruff", program)
    view = await mended(folder)
    (problem,) = view.problems
    assert problem == (
        f"ruff-format prints {shown} of its own with the content of each file, so nothing was "
        "written: keep its wrapper, start file or settings from that"
    )
    assert (view.verdict, STATUSES[view.verdict], view.files) == ("incomplete", 3, ())
    assert [one.file for one in view.left_alone] == ["a.py", "b.py"]
    assert {name: (folder / name).read_text(encoding="utf-8") for name in files} == files


async def test_imports_that_the_project_adds_to_every_file_are_no_banner(
    project: ProjectFactory, mended: Fix
) -> None:
    settings = "[tool.isort]\nadd_imports = ['import os']\nforce_adds = true\n"
    folder = project({"pyproject.toml": settings, "a.py": "x = 1\n"})
    view = await mended(folder)
    assert view.verdict == "fixed"
    assert (folder / "a.py").read_text(encoding="utf-8") == "import os\n\nx = 1\n"
