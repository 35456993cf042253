"""Starts hdb's own server as a client does, and times its answers."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from pathlib import Path

from mcp_server.doctor.finding import WELL, WRONG, Finding
from mcp_server.front.messages import CAPABILITIES, CLIENT, MODERN, VERSION

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from typing import Any

SECONDS = 300.0
"""How long the first start may take: it downloads hdb's packages."""
CHUNK = 65536
ABOUT = {VERSION: MODERN, CAPABILITIES: {}, CLIENT: {"name": "hdb doctor", "version": "1"}}


def service(root: str) -> Finding:
    """Ask a server for its tools and one call, which needs the real server behind the front."""
    began = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - hdb's own command
            [str(Path(root, "bin", "hdb")), "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except OSError as error:
        return Finding(
            WRONG, "server", f"bin/hdb does not start ({error.strerror})", "reinstall hdb"
        )
    try:
        end = began + SECONDS
        tools = _ask(process, 1, "tools/list", {}, end)["result"]["tools"]
        first = time.monotonic() - began
        call = {"name": "failure", "arguments": {"id": "none"}}
        answer = _ask(process, 2, "tools/call", call, end)["result"]
        ready = time.monotonic() - began
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Finding(WRONG, "server", f"does not answer ({error!r})", "report this line")
    finally:
        process.kill()
        process.communicate()
    said = str(answer["content"][0]["text"])
    if said.startswith("hdb could not start"):
        return Finding(WRONG, "server", said, "mend that, then run hdb doctor again")
    names = ", ".join(tool["name"] for tool in tools)
    times = f"first answer after {first * 1000:.0f} ms, first call after {ready:.1f} s"
    return Finding(WELL, "server", f"{names}; {times}")


def _ask(
    process: subprocess.Popen[bytes], number: int, method: str, params: dict[str, Any], end: float
) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise ValueError(method)
    message = {"jsonrpc": "2.0", "id": number, "method": method}
    line = json.dumps({**message, "params": {**params, "_meta": ABOUT}})
    process.stdin.write(line.encode() + b"\n")
    said = b""
    while not said.endswith(b"\n"):
        left = end - time.monotonic()
        if not select.select([process.stdout], [], [], max(left, 0.0))[0]:
            msg = f"nothing came within {SECONDS:.0f} s"
            raise ValueError(msg)
        data = os.read(process.stdout.fileno(), CHUNK)
        if not data:
            msg = "it ended"
            raise ValueError(msg)
        said += data
    answer: dict[str, Any] = json.loads(said)
    return answer
