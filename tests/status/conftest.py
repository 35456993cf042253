"""A green project, and a session of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server import session, stop_check
from tests.conftest import ProjectFactory
from tests.status.asking import GREEN


@pytest.fixture(autouse=True)
def _one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a session of its own, which only the server has."""
    for name in ("CLAUDE_CODE_SESSION_ID", "HDB_STOP_CHECK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HDB_SESSION", "this")
    monkeypatch.setattr(session, "_BEGUN", {})
    monkeypatch.setattr(stop_check, "_TOLD", set())


@pytest.fixture
def root(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a green project that is the session's."""
    folder = project(GREEN)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    return folder
