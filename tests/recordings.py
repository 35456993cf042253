"""Recorded tool output for the parsers' tests: replayed as a report, and recorded anew.

`python -m tests.recordings TOOL NAME FOLDER BIN [ARG ...]` runs the tool of the environment
folder BIN on a sample FOLDER, exactly as its checker asks for, and writes
`tests/checkers/data/TOOL/NAME.json`. NAME starts with the tool's version.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anyio

from mcp_server import process
from mcp_server.checkers import checkers
from mcp_server.models import Invocation, Report, Step

DATA = Path(__file__).parent / "checkers" / "data"
ROOT = Path("/project")
"""Where every recorded sample seems to lie."""


def replay(tool: str, name: str) -> Report:
    """Return the recorded report `tests/checkers/data/TOOL/NAME.json`."""
    recorded = json.loads((DATA / tool / f"{name}.json").read_text(encoding="utf-8"))
    return Report(root=ROOT, cwd=ROOT, **recorded)


def run_tool(
    tool: str, folder: Path, environment: Path, *args: str, targets: tuple[str, ...] = ()
) -> Report:
    """Run a tool of a virtual environment on a folder, as its checker asks for."""
    checker = checkers()[tool]
    report = _run(checker.NAME, checker.invoke(args, targets), folder, environment)
    second = checker.retry(report, args, targets)
    return report if second is None else _run(checker.NAME, second, folder, environment)


def _run(tool: str, invocation: Invocation, folder: Path, environment: Path) -> Report:
    # `ruff-format` and its like are run by the program before the hyphen.
    program = next(
        path
        for name in (tool, tool.partition("-")[0])
        if (path := environment / "bin" / name).exists()
    )
    step = Step(
        tool=tool,
        argv=(str(program), *invocation.args),
        cwd=folder,
        root=folder,
        command=tool,
        source="test",
        env=invocation.env,
        files=invocation.files,
        venv=environment,
        inject=invocation.inject,
    )

    async def main() -> Report:
        return await process.run(step, limit=120)

    return anyio.run(main)


def _record(tool: str, name: str, folder: Path, environment: Path, *args: str) -> None:
    report = run_tool(tool, folder.resolve(), environment.resolve(), *args)
    kept = {
        "status": report.status,
        "stdout": report.stdout,
        "stderr": report.stderr,
        "record": report.record,
    }
    text = json.dumps({key: value for key, value in kept.items() if value != ""}, indent=1)
    path = DATA / tool / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Where things lie on the recording machine says nothing.
    for place, shown in (
        (folder.resolve(), str(ROOT)),
        (environment.resolve(), "/environment"),
        (Path(sys.base_prefix), "/python"),
    ):
        text = text.replace(str(place), shown)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    _record(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), *sys.argv[5:])
