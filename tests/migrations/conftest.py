"""Fixtures of the runs: an environment with alembic, a project in it, and a PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.environments import ENVIRONMENTS
from tests.migrations.runs import Server, Writer, write_project

SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))


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
    if "HDB_TEST_MATRIX" not in os.environ:
        pytest.skip("only .ci/full starts a PostgreSQL server (HDB_TEST_MATRIX=1)")
    if not SERVERS:
        pytest.skip("no PostgreSQL server: `apt-get install postgresql` brings one")
    folder = Path("/tmp") / f"hdb-pg-{os.getpid()}"  # noqa: S108 - a socket's path must be short
    folder.mkdir()
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, bin_ = str(folder / "data"), SERVERS[-1]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -c fsync=off -k {folder}"

    def run(program: str, *words: str) -> None:
        argv = [str(bin_ / program), "-D", data, *words]
        subprocess.run(argv, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield Server(port, bin_ / "psql")
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)
