"""Records what the real server answers to the handshake and the lists, for the front to answer.

`python -m tests.manifest` (or `make manifest`) writes it; a test holds the two equal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Self

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "mcp_server" / "front" / "manifest.json"
CLIENT = {"name": "recorder", "version": "1"}
LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")

Message = dict[str, Any]


def record() -> Message:
    """Return the results of the real server: each once, and which one every version gives."""
    results: list[Message] = []
    versions: dict[str, dict[str, int]] = {}

    def keep(version: str, method: str, answer: Message) -> None:
        if "result" not in answer:
            return
        if answer["result"] not in results:
            results.append(answer["result"])
        versions.setdefault(version, {})[method] = results.index(answer["result"])

    for version in HANDSHAKE_PROTOCOL_VERSIONS:
        with Server() as server:
            about = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
            keep(version, "initialize", server.ask("initialize", about))
            server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
            for method in ("ping", *LISTS):
                keep(version, method, server.ask(method, {}))
    for version in MODERN_PROTOCOL_VERSIONS:
        with Server() as server:
            for method in ("server/discover", "ping", *LISTS):
                keep(version, method, server.ask(method, {"_meta": envelope(version)}))
    return {"results": results, "versions": versions}


def envelope(version: str) -> Message:
    """Return what a request of the stateless protocol says about itself."""
    about = {"protocolVersion": version, "clientInfo": CLIENT, "clientCapabilities": {}}
    return {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}


class Server:
    """A real server process that is asked one thing after the other."""

    def __init__(self) -> None:
        """Start it without the front."""
        program = ROOT / "mcp_server" / "__main__.py"
        self._process = subprocess.Popen(
            [sys.executable, "-I", program, "mcp", "--direct"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._asked = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process as a client does."""
        self._process.communicate()

    def ask(self, method: str, params: Message) -> Message:
        """Send a request and return the answer to it."""
        self._asked += 1
        self.send({"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params})
        answer: Message = json.loads(_pipe(self._process.stdout).readline())
        return answer

    def send(self, message: Message) -> None:
        """Send a message that may have no answer."""
        pipe = _pipe(self._process.stdin)
        pipe.write(json.dumps(message).encode() + b"\n")
        pipe.flush()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def main() -> None:
    """Write the manifest."""
    FILE.write_text(json.dumps(record(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
