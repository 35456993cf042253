"""Fixtures of the runs: an environment with alembic, a project in it, and a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import servers
from tests.environments import ENVIRONMENTS
from tests.migrations.runs import Server, Writer, write_project


@pytest.fixture
def alembic_project(tmp_path: Path) -> Writer:
    """Return a factory of small projects whose environment has alembic and every driver."""
    environment = ENVIRONMENTS / "alembic"
    if not (environment / "bin" / "python").exists():
        pytest.skip("no environment with alembic: `make environments` makes it")

    def make(files: Mapping[str, str], database: str = "sqlite") -> Path:
        root = write_project(tmp_path / "project", files, database)
        (root / ".venv").symlink_to(environment)
        return root

    return make


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Start a PostgreSQL server of the tests' own on a free port of loopback, and end it."""
    with servers.postgresql() as (port, programs):
        yield Server(port, programs / "psql")
