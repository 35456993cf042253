"""The two sides that `benchmarks/loop.py` compares: the tools by hand, and hdb's server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

ALL_TESTS = ("--maxfail=0", "--continue-on-collection-errors")
"""What a person adds to pytest to learn of every failure, as hdb does."""
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True, slots=True)
class Tool:
    """A command as a person would run it."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]

    def seconds(self) -> float:
        """Run it to its end, its output read by nobody, and return how long that took."""
        began = time.perf_counter()
        subprocess.run(
            self.argv,
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return time.perf_counter() - began


def tools_of(folder: Path, variables: Mapping[str, str]) -> list[Tool]:
    """Return the commands that hdb plans for a folder, as the project itself states them.

    A command that would change files is taken in its checking form, and pytest runs every test.
    """
    from mcp_server.checkers import checkers  # noqa: PLC0415 - of the hdb that is measured
    from mcp_server.child_environment import child_environment  # noqa: PLC0415
    from mcp_server.conventions import read_conventions  # noqa: PLC0415
    from mcp_server.plan import plan  # noqa: PLC0415

    found = []
    for step in plan(read_conventions(folder)):
        if step.refused is not None:
            continue
        checker = checkers().get(step.tool)
        plain = checker is not None and not checker.mutates(step.args)
        args = step.args if plain else step.argv[step.started :]
        if step.tool == "pytest":
            args = (*step.args, *ALL_TESTS)
        env = child_environment(variables, replace(step, inject=False), folder)
        if checker is None:
            # What lets our reporter into a pytest that the command may start.
            env.pop("PYTEST_ADDOPTS", None)
            env |= {name: one for name, one in variables.items() if name == "PYTEST_ADDOPTS"}
        found.append(Tool(step.tool, (*step.argv[: step.started], *args), step.cwd, env))
    return found


class Server:
    """An hdb that answers calls, as a client keeps one for a session."""

    def __init__(self, hdb: Path, folder: Path, variables: Mapping[str, str]) -> None:
        argv = [sys.executable, "-I", str(hdb / "mcp_server" / "__main__.py"), "mcp", "--direct"]
        self._process = subprocess.Popen(
            argv,
            env={**variables, "CLAUDE_PROJECT_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ask("server/discover", {})

    def verify(self) -> tuple[float, Mapping[str, Any]]:
        """Return the seconds that a full verification takes, and the batch's first page."""
        began = time.perf_counter()
        answer = self._ask("tools/call", {"name": "verify", "arguments": {}})
        taken = time.perf_counter() - began
        if "structuredContent" not in answer.get("result", {}) or answer["result"].get("isError"):
            raise SystemExit(json.dumps(answer)[:2000])
        return taken, answer["result"]["structuredContent"]

    def close(self) -> None:
        """End it, as a client does."""
        self._stream(self._process.stdin).close()
        self._process.wait()

    @staticmethod
    def _stream(stream: IO[bytes] | None) -> IO[bytes]:
        assert stream is not None
        return stream

    def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        message = {**CALL, "method": method, "params": {**params, "_meta": META}}
        asking = self._stream(self._process.stdin)
        asking.write(json.dumps(message).encode() + b"\n")
        asking.flush()
        while line := self._stream(self._process.stdout).readline():
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == CALL["id"]:
                return answer
        msg = f"hdb's server ended at {method}"
        raise SystemExit(msg)
