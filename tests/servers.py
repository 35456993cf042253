"""Database servers of the tests' own, on free ports of loopback, for `.ci/full` alone."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 30
"""Seconds until a server that does not answer is given up."""


@contextmanager
def postgresql() -> Iterator[tuple[int, Path]]:
    """Start PostgreSQL; yield its port and the folder of its programs. `postgres` may do all."""
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: int(at.parent.name))
    _only_where_asked("PostgreSQL")
    if not servers:
        pytest.skip("no PostgreSQL server: `apt-get install postgresql` brings one")
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with _folder() as folder:
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -p {port} -c fsync=off -k {folder}"

        def run(program: str, *words: str) -> None:
            argv = [str(servers[-1] / program), "-D", str(folder / "data"), *words]
            subprocess.run(argv, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

        run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield port, servers[-1]
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")


@contextmanager
def redis() -> Iterator[str]:
    """Start Redis, which keeps nothing on disk; yield its URL."""
    _only_where_asked("Redis")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no Redis server: `apt-get install redis-server` brings one")
    with _folder() as folder:
        port = _free_port()
        argv = [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                if not any("Ready to accept connections" in line for line in server.stdout):
                    pytest.fail("the Redis server ended before it was ready")
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                server.terminate()
                server.wait(PATIENCE)


def _only_where_asked(name: str) -> None:
    if "HDB_TEST_MATRIX" not in os.environ:
        pytest.skip(f"only .ci/full starts a {name} server (HDB_TEST_MATRIX=1)")


@contextmanager
def _folder() -> Iterator[Path]:
    # The path of a socket must be short, and pytest's temporary folders are not.
    folder = Path(tempfile.mkdtemp(prefix="hdb-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
