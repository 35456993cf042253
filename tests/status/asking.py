"""Asks for the status of a project as an agent and a Stop hook do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from mcp_server import session
from mcp_server.server import app

GREEN = {
    "pyproject.toml": "[tool.ruff]\n[tool.ruff.lint]\nselect = ['F']\n",
    "a.py": "A = 1\n",
    "pkg/b.py": "B = 1\n",
    "page.html": "<p>\n",
    "README.md": "# a\n",
}
WRONG = "import os\n"
Captured = pytest.CaptureFixture[str]


async def call(tool: str = "status", /, **arguments: object) -> CallToolResult:
    async with Client(app) as client:
        return await client.call_tool(tool, arguments)


def text(result: CallToolResult) -> str:
    (only,) = result.content
    assert isinstance(only, TextContent)
    return only.text


async def status(**arguments: object) -> dict[str, Any]:
    """Return the record that an agent gets, without the age of the batch."""
    result = await call(**arguments)
    assert not result.is_error, text(result)
    found = result.structured_content
    assert isinstance(found, dict)
    assert json.loads(text(result)) == found
    if "batch" in found:
        assert found["batch"].pop("age") >= 0
    return found


async def stop(active: object = "false", **arguments: object) -> str:
    """Return what a Stop hook is answered: the reason why not, or nothing."""
    result = await call(stop_hook=active, **arguments)
    assert not result.is_error
    assert result.structured_content is None
    answer = json.loads(text(result))
    if not answer:
        return ""
    assert answer.keys() == {"decision", "reason"}
    assert answer["decision"] == "block"
    assert len(answer["reason"]) <= 420
    return str(answer["reason"])


def write(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content, encoding="utf-8")


def new_session(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_BEGUN", {})
    monkeypatch.setenv("HDB_SESSION", name)


def kept(kind: str) -> Path:
    """Return the only record of a kind that is kept."""
    (path,) = (Path(os.environ["HDB_CACHE"]) / "trees").glob(f"*-{kind}.json")
    return path
