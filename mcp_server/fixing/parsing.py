"""Tells which contents the project's own interpreter cannot parse; nothing of them is run."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mcp_server.fixing.running import Run, unfinished
from mcp_server.models import Step
from mcp_server.repository import Conventions

# Runs in the project's interpreter, of whatever version.
PROGRAM = """
import base64, json, sys, warnings
warnings.simplefilter("ignore")
answers = {}
for name, content in json.load(sys.stdin).items():
    try:
        compile(base64.b64decode(content), name, "exec", 0x400, True)
    except SyntaxError as error:
        answers[name] = "line %s: %s" % (error.lineno, error.msg)
    except Exception as error:
        answers[name] = "%s: %s" % (type(error).__name__, error)
json.dump(answers, sys.stdout)
"""
"""0x400 is `ast.PyCF_ONLY_AST`, the same in every version: parse, and make no code of it."""
PYTHON = frozenset({".py", ".pyi", ""})
"""The suffixes of files that hold nothing but Python; of others the tools' verdict stands."""


async def unparsed(
    conventions: Conventions, contents: Mapping[str, bytes], run: Run
) -> dict[str, str]:
    """Return for each file that the interpreter of its project does not parse why it does not."""
    answers: dict[str, str] = {}
    asked: dict[Path | None, dict[str, bytes]] = {}
    for file, content in contents.items():
        if PurePosixPath(file).suffix in PYTHON:
            asked.setdefault(_environment(conventions, file), {})[file] = content
    for environment, some in asked.items():
        answers |= await _ask(environment, conventions.root, some, run)
    return answers


async def _ask(
    environment: Path | None, root: Path, contents: Mapping[str, bytes], run: Run
) -> dict[str, str]:
    python = environment / "bin" / "python" if environment else Path(sys.executable)
    given = {name: base64.b64encode(content).decode() for name, content in contents.items()}
    report = await run(
        Step(
            tool="python",
            argv=(str(python), "-I", "-S", "-c", PROGRAM),
            cwd=root,
            root=root,
            command="python",
            source="hdb",
            stdin=json.dumps(given).encode(),
        )
    )
    why = unfinished(report) or (f"ended with status {report.status}" if report.status else None)
    try:
        answers = None if why else json.loads(report.stdout)
    except ValueError:
        answers, why = None, "its answer cannot be read"
    if isinstance(answers, dict):
        return {str(name): str(said) for name, said in answers.items()}
    return dict.fromkeys(contents, f"{python.name} cannot tell: {why}")


def _environment(conventions: Conventions, file: str) -> Path | None:
    """Return the environment of the nearest project above a file, None for hdb's own."""
    above = [
        one for one in conventions.projects if one.path == "." or file.startswith(f"{one.path}/")
    ]
    nearest = max(above, key=lambda one: 0 if one.path == "." else len(one.path), default=None)
    found = nearest.environment if nearest else None
    return found.folder if found and found.ready else None
