"""Projects to mend, and a fix of them as any caller asks for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_server.contract_fix import FixView
from mcp_server.fixing import fix

Fix = Callable[..., Awaitable[FixView]]
RUFF = {"pyproject.toml": '[tool.ruff.lint]\nselect = ["F"]\n[tool.ruff.format]\n'}
FORMAT = {"setup.cfg": "", "Makefile": "format:\n\truff format .\n"}
UGLY, NEAT = "x  =  1\n", "x = 1\n"


@pytest.fixture
def mended() -> Fix:
    """Return a fix of everything, unless the caller asks for something else."""

    async def call(root: Path, *targets: str, **options: Any) -> FixView:  # noqa: ANN401
        asked = {"everything": not targets and "since" not in options, **options}
        return await fix(root, targets, **asked)

    return call


@pytest.fixture
def tool_in_front(environment: Path) -> Callable[[Path, str, str], None]:
    """Return what puts a program before a tool of a project's environment.

    In the program `name` is the file whose content the tool is to mend, "" where it checks; what
    it does not end itself goes on as the tool.
    """

    def put(folder: Path, tool: str, program: str) -> None:
        venv = folder / ".venv"
        (venv / "bin").mkdir(parents=True)
        (venv / "pyvenv.cfg").write_bytes((environment / "pyvenv.cfg").read_bytes())
        (venv / "lib").symlink_to(environment / "lib")
        for one in (environment / "bin").iterdir():
            if one.name != tool:
                (venv / "bin" / one.name).symlink_to(one)
        real = environment / "bin" / tool
        script = venv / "bin" / tool
        script.write_text(
            f"#!{sys.executable} -IS\n"
            "import os, sys, time\n"
            "named = [a.partition('=')[2] for a in sys.argv if a.startswith('--stdin-filename=')]\n"
            "name = os.path.basename(named[0]) if named else ''\n"
            f"{program}\n"
            f"os.execv({str(real)!r}, [{str(real)!r}, *sys.argv[1:]])\n",
            encoding="utf-8",
        )
        script.chmod(0o755)

    return put


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, with an author of its own."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    command = [shutil.which("git") or "git", *who, *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
