"""What docs/clients.md tells users of other clients, held against the real server."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_server.limits import Limits
from tests.clients.documented import READERS, blocks, server_of
from tests.conftest import ProjectFactory
from tests.installation import prepare

UNUSED = [f"module_{number:03}" for number in range(500)]
"""More imports than one page of a result can list as failures."""
BROKEN = {
    "pyproject.toml": "[tool.ruff.lint]\nselect = ['F']\n",
    "a.py": "".join(f"import {name}\n" for name in UNUSED),
}
TRIED = ["Codex CLI", "Gemini CLI", "OpenCode"]
tried = pytest.mark.parametrize("section", TRIED)
configured = pytest.mark.parametrize("section", [*TRIED, "Any other MCP client"])
SPOKEN = {"OpenCode": "2025-11-25"}
"""The protocol that a client was seen to speak, where it is not the others' 2025-06-18."""


@pytest.mark.parametrize("language", READERS)
def test_every_configuration_in_the_document_can_be_read(language: str) -> None:
    assert all(READERS[language](block.text) for block in blocks(language))


@tried
def test_the_clients_own_command_names_the_server_of_its_file(section: str) -> None:
    (command,) = [
        shlex.split(one.text)
        for one in blocks("sh")
        if one.section == section and " mcp add " in one.text
    ]
    server = server_of(section)
    assert tuple(command[-len(server.command) :]) == server.command


@configured
def test_the_documented_command_starts_a_server_that_answers(section: str, tmp_path: Path) -> None:
    version = SPOKEN.get(section, "2025-06-18")
    hello = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "a client", "version": "1"},
    }
    messages: list[dict[str, Any]] = [
        {"id": 0, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 1, "method": "tools/list", "params": {}},
    ]
    told = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)
    ended = subprocess.run(
        server_of(section).command,
        input=told,
        env=prepare(tmp_path).variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    answers = {
        one["id"]: one for line in ended.stdout.splitlines() if "id" in (one := json.loads(line))
    }
    assert answers[0]["result"]["protocolVersion"] == version
    assert "verify" in [tool["name"] for tool in answers[1]["result"]["tools"]]


@tried
def test_the_clients_wait_longer_than_a_verification_may_take(section: str) -> None:
    limit = server_of(section).limit
    assert limit is not None
    assert limit > Limits().deadline


def run_example(folder: Path, project: Path) -> subprocess.CompletedProcess[str]:
    """Run the document's Python program, as it stands there, on a project."""
    (example,) = blocks("python")
    program = folder / "example.py"
    program.write_text(example.text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, program, project],
        env=prepare(folder).variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_python_example_shows_the_verdict_and_every_failure(
    tmp_path: Path, project: ProjectFactory
) -> None:
    ended = run_example(tmp_path, project(BROKEN))
    assert ended.stdout.splitlines() == [
        "failed: 500 failures in 1 file: ruff 500",
        *(f"a.py:{at}: `{name}` imported but unused" for at, name in enumerate(UNUSED, 1)),
    ], ended.stderr


def test_the_python_example_says_why_nothing_was_verified(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = run_example(tmp_path, tmp_path / "empty")
    assert "holds no Python project" in ended.stderr
    assert ended.returncode == 1
