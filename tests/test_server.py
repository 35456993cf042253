"""The MCP server as a client sees it, in memory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.shared.dispatcher import ProgressFnT
from mcp.types import CallToolResult, ListToolsResult, TextContent

from mcp_server import heartbeat, paging
from mcp_server.server import app
from mcp_server.views import failure_detail
from tests.conftest import ROOT, ProjectFactory

BROKEN = {
    "pyproject.toml": "[tool.ruff]\n[tool.ruff.lint]\nselect = ['F']\n[tool.pytest.ini_options]\n",
    "a.py": "import os\nimport sys\n",
    "test_a.py": "def test_a():\n    print('seen')\n    assert [1] == [2]\n",
}


class Caller:
    """Calls tools through a client of one protocol era, connected for each call."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    async def list_tools(self) -> ListToolsResult:
        """Return the tools as the client sees them."""
        async with Client(app, mode=self.mode) as client:
            return await client.list_tools()

    async def call_tool(
        self, name: str, arguments: dict[str, Any], listener: ProgressFnT | None = None
    ) -> CallToolResult:
        """Call a tool and return what the client gets."""
        async with Client(app, mode=self.mode) as client:
            return await client.call_tool(name, arguments, progress_callback=listener)


@pytest.fixture(params=["auto", "legacy"])
def client(request: pytest.FixtureRequest) -> Caller:
    """Return a client of each protocol era."""
    return Caller(request.param)


@pytest.fixture
def session(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a broken project that is the session's."""
    folder = project(BROKEN)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    return folder


def text(result: CallToolResult) -> str:
    (only,) = result.content
    assert isinstance(only, TextContent)
    return only.text


def data(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def test_the_tools_are_few_and_described(client: Caller) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"verify", "conventions", "map_change", "fix", "failure", "status"}
    for tool in tools.values():
        assert tool.description
        assert len(tool.description) < 1000
        assert tool.annotations is not None
        # A Stop hook reads the text of `status`, which no schema of a result allows; the results
        # of the others say what they are, and their schemas would cost every session.
        without = {"status", "map_change", "fix"}
        assert (tool.output_schema is None) == (tool.name in without)
    assert tools["conventions"].annotations is not None
    assert tools["conventions"].annotations.read_only_hint


@pytest.mark.usefixtures("session")
async def test_verify_returns_the_batch_as_structured_content(client: Caller) -> None:
    result = await client.call_tool("verify", {})
    batch = data(result)
    assert batch["schema"] == "hdb.batch/1"
    assert batch["summary"] == "3 failures in 2 files: pytest 1, ruff 2"
    assert json.loads(text(result)) == batch


@pytest.mark.usefixtures("session")
async def test_failing_checks_are_a_result_and_no_error(client: Caller) -> None:
    assert not (await client.call_tool("verify", {})).is_error


@pytest.mark.usefixtures("session")
async def test_progress_is_told_while_checks_run(client: Caller) -> None:
    told: list[str] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        assert 0 <= progress <= (total or 0)
        told.append(message or "")

    await client.call_tool("verify", {}, listener=listen)
    assert sorted(told) == ["pytest failed", "pytest running", "ruff failed", "ruff running"]


async def test_a_client_hears_from_a_check_that_takes_long_and_progress_always_grows(
    client: Caller, project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project({
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        "test_a.py": "def test_a():\n    assert open('gate').read() == 'open'\n",
    })  # fmt: skip
    os.mkfifo(folder / "gate")
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    heard: list[tuple[float, str]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        assert progress <= (total or progress)
        heard.append((progress, message or ""))
        if "pytest running (for " in heard[-1][1]:
            # Nobody reads yet, or nobody any more: the next beat comes.
            with contextlib.suppress(OSError):
                gate = os.open(folder / "gate", os.O_WRONLY | os.O_NONBLOCK)
                os.write(gate, b"open")
                os.close(gate)

    result = data(await client.call_tool("verify", {}, listen))
    assert result["verdict"] == "passed"
    numbers = [number for number, _ in heard]
    assert numbers == sorted(set(numbers))


@pytest.mark.usefixtures("session")
async def test_a_failure_is_shown_in_full_by_its_id(client: Caller) -> None:
    batch = data(await client.call_tool("verify", {}))
    (failing,) = [one for one in batch["failures"] if one["tool"] == "pytest"]
    (finding,) = data(await client.call_tool("failure", {"id": failing["id"]}))["findings"]
    assert "seen" in finding["detail"]
    assert "    3> " in finding["source"]


@pytest.mark.usefixtures("session")
async def test_an_unknown_failure_is_answered_with_those_there_are(client: Caller) -> None:
    await client.call_tool("verify", {})
    result = await client.call_tool("failure", {"id": "ffffff"})
    assert result.is_error
    assert "no failure 'ffffff': it has " in text(result)


async def test_conventions_run_nothing_and_name_their_sources(
    client: Caller, session: Path
) -> None:
    found = data(await client.call_tool("conventions", {}))
    (lint,) = found["projects"][0]["roles"]["lint"]
    assert lint == {
        "tool": "ruff",
        "command": "ruff check",
        "source": "pyproject.toml:1 [tool.ruff]",
        "sure": True,
    }
    assert found["root"] == str(session)


@pytest.mark.usefixtures("session")
async def test_a_cursor_pages_the_kept_batch_and_runs_nothing(
    client: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging.batch_page, "__defaults__", (0, 700))
    first = data(await client.call_tool("verify", {}))
    seen = first.get("failures", [])
    monkeypatch.setattr("mcp_server.process.run", None)
    following = first
    while "next" in following:
        following = data(await client.call_tool("verify", {"cursor": following["next"]}))
        seen += following.get("failures", [])
    assert len({one["id"] for one in seen}) == 3


async def test_the_list_of_tools_costs_a_session_little(client: Caller) -> None:
    listed = (await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True)
    assert tokens(listed) < 2_500
    assert '"title":"Path"' not in listed


def tokens(text: str) -> int:
    """Return more tokens than a tokenizer makes of JSON: none is public for the models in use.

    A word counts for every six letters, a number once, and signs three at a time.
    """
    pieces = re.findall(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]{1,3}", text)
    return sum(-(-len(one) // 6) if one.isalpha() else 1 for one in pieces)


async def test_a_long_detail_goes_on_over_pages_and_is_whole(client: Caller, session: Path) -> None:
    (session / "test_a.py").write_text(
        "def test_a():\n    print('\\x01é' * 60_000)\n    assert 0\n", encoding="utf-8"
    )
    batch = data(await client.call_tool("verify", {"targets": "test_a.py"}))
    (failing,) = [one["id"] for one in batch["failures"] if one["tool"] == "pytest"]
    pages = [data(await client.call_tool("failure", {"id": failing}))]
    while cursor := pages[-1].get("next"):
        following = await client.call_tool("failure", {"id": failing, "cursor": cursor})
        assert len(text(following)) < 50_000
        pages.append(data(following))
    assert len(pages) > 2
    findings = [one for page in pages for one in page["findings"]]
    assert len({one["id"] for one in findings}) == 1
    whole = failure_detail(session, failing).findings[0].detail
    assert "".join(one.get("detail", "") for one in findings) == whole


async def test_conventions_of_a_huge_repository_go_on_over_pages(
    client: Caller, session: Path
) -> None:
    for number in range(150):
        (session / f"p{number}").mkdir()
        (session / f"p{number}" / "pyproject.toml").write_text(
            "[project]\nname = 'p'\n[tool.ruff]\n", encoding="utf-8"
        )
    pages = [await client.call_tool("conventions", {})]
    while cursor := data(pages[-1]).get("next"):
        pages.append(await client.call_tool("conventions", {"cursor": cursor}))
    assert all(len(text(one)) < 50_000 for one in pages)
    paths = [project["path"] for one in pages for project in data(one)["projects"]]
    assert sorted(paths) == sorted([".", *(f"p{number}" for number in range(150))])


REFUSED = {
    "an unknown argument": (
        {"fix": True},
        "Unknown argument fix. verify takes: cursor, deadline, path",
    ),
    "a folder outside the project": ({"path": "/etc"}, "lies outside"),
    "a folder above the project": ({"path": ".."}, "lies outside"),
    "a folder that is not there": ({"path": "nowhere"}, "There is no folder"),
    "a target that is an option": ({"targets": ["--fix"]}, "is not a target"),
    "a target outside": ({"targets": ["/etc/passwd"]}, "lies outside"),
    "a cursor of another batch": ({"cursor": "ffffff:1"}, "call verify again"),
    "a negative timeout": ({"timeout": -1}, "must be a number above 0"),
}


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
async def test_a_callers_mistake_is_an_error_that_says_what_to_do(
    client: Caller, arguments: dict[str, Any], message: str
) -> None:
    result = await client.call_tool("verify", arguments)
    assert result.is_error
    assert message in text(result)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_server_although_its_input_is_open(number: signal.Signals) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    with subprocess.Popen(
        [sys.executable, "-m", "mcp_server", "mcp"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(hello) + "\n")
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["result"]["serverInfo"]["name"] == "hdb"
        server.send_signal(number)
        assert server.wait(timeout=30) == 128 + number


async def test_a_folder_that_the_user_allowed_can_be_verified(
    client: Caller, session: Path, project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = project({"pyproject.toml": "[tool.ruff]\n", "a.py": ""}, name="other")
    monkeypatch.setenv("HDB_ROOTS", str(other))
    assert data(await client.call_tool("verify", {"path": str(other)}))["verdict"] == "passed"
    assert session != other


async def test_the_project_of_a_session_is_found_from_a_folder_inside_it(
    client: Caller, session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = session / "deep" / "down"
    inside.mkdir(parents=True)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(inside))
    assert data(await client.call_tool("conventions", {}))["root"] == str(session)
