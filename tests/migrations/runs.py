"""Writes projects whose revisions are run, and runs them as a verification does."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio

from mcp_server.conventions import read_conventions
from mcp_server.execution import Allowance, execute
from mcp_server.finished import Finished
from mcp_server.limits import Limits
from mcp_server.migrations import find_histories, run_cycle
from tests.migrations.projects import revision

ELSEWHERE = "{}://app:secret@db.example.invalid/production"
"""An address as a project states it; nothing answers there."""
MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool
from models import metadata
section = context.config.get_section(context.config.config_ini_section)
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from models import ADDRESS, metadata

def migrate(connection):
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    async with create_async_engine(ADDRESS).connect() as connection:
        await connection.run_sync(migrate)

asyncio.run(main())
"""
TABLE = "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))"
SOUND = {"a.py": revision("a", up=TABLE)}


class Writer(Protocol):
    """Writes a project of files, beside sound ones, that asks for a run on a database."""

    def __call__(self, files: Mapping[str, str], database: str = "sqlite") -> Path:
        """Return the project's folder."""


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server of the tests' own, and the program to ask it with."""

    port: int
    psql: Path

    def address(self, user: str = "maker") -> str:
        """Return its address, as a user names it to hdb."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/postgres"

    def ask(self, sql: str, database: str = "postgres") -> list[str]:
        """Return the rows that an administrator is told."""
        argv = [
            str(self.psql), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-Atqc", sql,
        ]  # fmt: skip
        done = subprocess.run(
            [*argv, database], check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.splitlines()


def address(scheme: str) -> str:
    """Return an alembic.ini whose address is of a scheme, and leads elsewhere."""
    url = ELSEWHERE.format(scheme) if not scheme.startswith("sqlite") else f"{scheme}:///real.db"
    return (
        f"[alembic]\nscript_location = migrations\nprepend_sys_path = .\nsqlalchemy.url = {url}\n"
    )


def write_project(root: Path, files: Mapping[str, str], database: str) -> Path:
    """Write a project that asks for a run of its revisions."""
    given = {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n'
        f'[tool.hdb.migrations]\ndatabase = "{database}"\n',
        "alembic.ini": address("sqlite"),
        "models.py": MODELS,
        "migrations/env.py": ENV,
        "migrations/script.py.mako": "",
    }
    for name, text in {**given, **files}.items():
        path = root / (name if "/" in name or name in given else f"migrations/versions/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


async def cycled(root: Path, seconds: float = 120.0) -> Finished:
    """Run the one history of a project, as a verification does."""
    conventions = read_conventions(root)
    allowance = Allowance(Limits(timeout=seconds), anyio.current_time() + 300)
    (finished,) = await run_cycle(
        conventions, find_histories(conventions), lambda step: execute(step, allowance)
    )
    return finished
