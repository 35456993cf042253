"""Measures how soon hdb's server answers, beside a plain server of the SDK: `--runs N`.

Every figure is the median of N runs on a machine that should do nothing else; the bare start is
measured once with uv and once with pip, into an empty cache.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HDB = str(ROOT / "bin" / "hdb")
MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
PLAIN = """
from mcp.server import MCPServer
app = MCPServer("plain")
@app.tool()
def verify(path: str = ".") -> str:
    return "done"
app.run()
"""
PROJECT = {
    "pyproject.toml": "[project]\nname = 'a'\nversion = '1'\n[tool.ruff.lint]\nselect = ['F']\n",
    "small.py": "import os\n",
}
Answers = tuple[float, float]


def main() -> None:
    """Measure, and print the table of the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--python", default=os.path.realpath(sys.executable), help="the python3")
    asked = parser.parse_args()
    runs = asked.runs
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project = _project(folder / "project")
        # Not a shim, which would take longer to start than all else here.
        (folder / "bin").mkdir()
        (folder / "bin" / "python3").symlink_to(asked.python)
        warm = {
            **os.environ,
            "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
            "HDB_CACHE": str(folder / "cache"),
            "CLAUDE_PROJECT_DIR": str(project),
        }
        bare = {tool: _bare(folder / tool, warm, tool) for tool in ("uv", "pip")}
        subprocess.run([HDB, "--version"], env=warm, check=True, stdout=subprocess.DEVNULL)
        python = str(next((folder / "cache" / "runtime").glob("*/bin/python")))
        plain = [python, "-I", "-c", PLAIN]
        direct = [python, "-I", str(ROOT / "mcp_server" / "__main__.py"), "mcp", "--direct"]
        nothing = _median(runs, lambda: _seconds([asked.python, "-I", "-c", "pass"], warm))
        rows = {
            name: [
                _median(runs, lambda c=command, i=index: _answers(c, warm)[i]) for index in (0, 1)
            ]
            for name, command in {
                "hdb": [HDB, "mcp"],
                "hdb without its front": direct,
                "a plain server of the SDK": plain,
            }.items()
        }
    cores = os.cpu_count()
    print(f"{platform.system()}, {cores} cores, Python {platform.python_version()}; ", end="")
    print(f"median of {runs}; `python -c pass` takes {nothing:.0f} ms\n")
    print("| | first answer | first `verify` |\n|---|---|---|")
    for name, (first, call) in rows.items():
        print(f"| {name} | {first:.0f} ms | {call:.0f} ms |")
    for tool, (first, call) in bare.items():
        print(
            f"| hdb, first start on a bare machine, {tool} | {first:.0f} ms | {call / 1000:.1f} s |"
        )


def _project(folder: Path) -> Path:
    folder.mkdir()
    for name, text in PROJECT.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def _bare(cache: Path, variables: dict[str, str], tool: str) -> Answers:
    cache.mkdir()
    path = variables["PATH"].split(os.pathsep)
    if tool == "pip":
        path = [one for one in path if not Path(one, "uv").exists()]
    return _answers(
        [HDB, "mcp"],
        {**variables, "HDB_CACHE": str(cache), "PATH": os.pathsep.join(path), "HOME": str(cache)},
    )


def _median(runs: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(runs))


def _seconds(command: Sequence[str], variables: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=variables, check=True)
    return (time.perf_counter() - began) * 1000


def _answers(command: Sequence[str], variables: dict[str, str]) -> Answers:
    """Return the milliseconds from the spawn to the first answer, and to the result of verify."""
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin
        assert process.stdout

        def ask(method: str, params: dict[str, Any]) -> dict[str, Any]:
            message = {"jsonrpc": "2.0", "id": method, "method": method}
            line = json.dumps({**message, "params": {**params, "_meta": META}})
            process.stdin.write(line.encode() + b"\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            answer: dict[str, Any] = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return answer

        ask("server/discover", {})
        first = time.perf_counter() - began
        answer = ask("tools/call", {"name": "verify", "arguments": {}})
        called = time.perf_counter() - began
        if answer["result"].get("isError"):
            raise SystemExit(answer["result"]["content"][0]["text"])
        process.stdin.close()
    return first * 1000, called * 1000


if __name__ == "__main__":
    if shutil.which("uv") is None:
        sys.exit("the bare start with uv needs uv on PATH")
    main()
