"""Revisions on a real PostgreSQL server: a database of hdb's own, dropped, and no other touched."""

from __future__ import annotations

import anyio
import pytest

from mcp_server.models import Verdict
from tests.migrations.projects import revision
from tests.migrations.runs import (
    ASYNC_ENV,
    ELSEWHERE,
    ENV,
    MODELS,
    SOUND,
    TABLE,
    Server,
    Writer,
    address,
    cycled,
)

PRECIOUS = "SELECT datname, datdba, datacl FROM pg_database ORDER BY 1"
KIND = "sa.Enum('new', 'paid', name='state')"
ENUM = (
    f"op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('s', {KIND}))"
)
ROLES = (
    "CREATE ROLE creator LOGIN CREATEDB CREATEROLE; CREATE ROLE owner LOGIN CREATEDB; "
    "CREATE ROLE replicator LOGIN CREATEDB REPLICATION; CREATE ROLE given LOGIN CREATEDB; "
    "CREATE ROLE member LOGIN CREATEDB IN ROLE pg_signal_backend"
)
DATA = (
    "CREATE TABLE t (id int); INSERT INTO t VALUES (42); "
    "GRANT ALL ON t TO PUBLIC; GRANT ALL ON t TO given"
)
BEGUN = "open('begun', 'w').close()"
BESIDE = (
    "raw = op.get_bind().connection.driver_connection\nraw.commit()\nraw.autocommit = True\n"
    "raw.execute('CREATE DATABASE beside')\nraw.autocommit = False"
)
WAIT = "import time\nopen('begun', 'w').close()\ntime.sleep(600)"


@pytest.fixture
def server(postgresql: Server) -> Server:
    """Return the server with a role that may only make databases, and others that may more.

    A database holds data that everybody may change.
    """
    if not postgresql.ask("SELECT 1 FROM pg_roles WHERE rolname = 'maker'"):
        postgresql.ask("CREATE ROLE maker LOGIN CREATEDB")
        postgresql.ask("CREATE ROLE reader LOGIN")
        postgresql.ask(ROLES)
        postgresql.ask("CREATE DATABASE precious OWNER owner")
        postgresql.ask(DATA, "precious")
    return postgresql


def state(server: Server) -> list[str]:
    """Return what the server holds: its databases, its roles, and the data of one of them."""
    roles = server.ask("SELECT rolname, rolsuper FROM pg_roles ORDER BY 1")
    return [*server.ask(PRECIOUS), *roles, *server.ask("SELECT * FROM t", "precious")]


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
async def test_a_sound_history_passes_with_every_driver(
    alembic_project: Writer, server: Server, driver: str
) -> None:
    files = {**SOUND, "alembic.ini": address(f"postgresql+{driver}")}
    if driver == "asyncpg":
        url = ELSEWHERE.format("postgresql+asyncpg")
        files |= {"models.py": f"{MODELS}ADDRESS = {url!r}\n", "migrations/env.py": ASYNC_ENV}
    before = state(server)
    finished = await cycled(alembic_project(files, server.address()))
    assert (finished.verdict, finished.reason) == (Verdict.PASSED, None)
    assert state(server) == before


async def test_a_type_that_stays_behind_is_found_at_its_line(
    alembic_project: Writer, server: Server
) -> None:
    models = MODELS.replace("primary_key=True)", f'primary_key=True), sa.Column("s", {KIND})')
    files = {"a.py": revision("a", up=ENUM), "models.py": models}
    files |= {"alembic.ini": address("postgresql+psycopg")}
    before = state(server)
    finished = await cycled(alembic_project(files, server.address()))
    told = [(one.code, one.file, one.line) for one in finished.outcome.diagnostics]
    file = "migrations/versions/a.py"
    assert told == [("left-behind", file, 10), ("upgrade-again-failed", file, 10)]
    assert state(server) == before


async def test_a_database_that_the_project_names_is_never_the_one(
    alembic_project: Writer, server: Server
) -> None:
    """The server that is named for throwaway databases also holds the project's own."""
    url = f"postgresql+psycopg://maker@127.0.0.1:{server.port}/precious"
    own = f"section['sqlalchemy.url'] = {url!r}\nengine ="
    files = {"alembic.ini": address("sqlite"), "migrations/env.py": ENV.replace("engine =", own)}
    drop = revision("a", up=f"op.execute('DROP TABLE IF EXISTS t')\n{TABLE}")
    before = state(server)
    finished = await cycled(alembic_project({"a.py": drop, **files}, server.address()))
    assert finished.verdict is Verdict.PASSED
    assert state(server) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DROP DATABASE precious",
        "CREATE ROLE intruder SUPERUSER",
        "ALTER ROLE reader SUPERUSER",
        "DO $$ BEGIN EXECUTE 'DROP ROLE reader'; END $$",
        "GRANT maker TO reader",
        "COMMENT ON TABLE t IS 'https://x -- y'; DROP DATABASE precious",
    ],
)
async def test_a_statement_that_reaches_further_is_refused(
    alembic_project: Writer, server: Server, statement: str
) -> None:
    files = {"a.py": revision("a", up=f"op.execute({statement!r})")}
    files |= {"alembic.ini": address("postgresql+psycopg")}
    before = state(server)
    finished = await cycled(alembic_project(files, server.address()))
    assert finished.verdict is Verdict.NOT_RUN
    assert "more than its own database" in (finished.reason or "")
    assert state(server) == before


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("postgres", "is a superuser"),
        ("creator", "may make roles"),
        ("replicator", "may replicate"),
        ("owner", "owns the database precious"),
        ("member", "is a member of pg_signal_backend"),
        ("given", "owns or was given objects in precious"),
    ],
)
async def test_a_role_that_may_more_than_make_databases_is_refused(
    alembic_project: Writer, server: Server, role: str, words: str
) -> None:
    root = alembic_project({"a.py": revision("a", up=BEGUN)}, server.address(role))
    before = state(server)
    finished = await cycled(root)
    assert (finished.verdict, (root / "begun").exists()) == (Verdict.NOT_RUN, False)
    assert f"the role {role} {words}" in (finished.reason or "")
    assert "CREATE ROLE hdb LOGIN CREATEDB" in (finished.reason or "")
    assert state(server) == before


LISTENER = """
from sqlalchemy import event
from sqlalchemy.engine import Engine

@event.listens_for(Engine, "connect")
def reach(connection, _record):
    drop = "DROP DATABASE IF EXISTS precious"
    if hasattr(connection, "run_async"):
        connection.run_async(lambda own: own.execute(drop))
    else:
        connection.autocommit = True
        connection.cursor().execute(drop)
"""


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
async def test_the_server_itself_stops_what_goes_past_sqlalchemy(
    alembic_project: Writer, server: Server, driver: str
) -> None:
    url = ELSEWHERE.format(f"postgresql+{driver}")
    env = ASYNC_ENV if driver == "asyncpg" else ENV
    files = {**SOUND, "alembic.ini": address(f"postgresql+{driver}")}
    files |= {"models.py": f"{MODELS}ADDRESS = {url!r}\n", "migrations/env.py": LISTENER + env}
    before = state(server)
    finished = await cycled(alembic_project(files, server.address()))
    assert finished.verdict is Verdict.CRASHED
    assert "must be owner of database precious" in (finished.reason or "")
    assert state(server) == before


async def test_a_database_that_the_run_makes_beside_its_own_is_said(
    alembic_project: Writer, server: Server
) -> None:
    files = {
        "a.py": revision("a", up=f"{TABLE}\n{BESIDE}"),
        "alembic.ini": address("postgresql+psycopg"),
    }
    try:
        finished = await cycled(alembic_project(files, server.address()))
    finally:
        server.ask("DROP DATABASE IF EXISTS beside")
    assert finished.verdict is Verdict.NOT_RUN
    assert "the role maker owns the database beside" in (finished.reason or "")


async def test_another_database_of_the_same_server_is_not_connected_to(
    alembic_project: Writer, server: Server
) -> None:
    """A creator or arguments that lead to the project's own database do not."""
    url = f"postgresql://maker@127.0.0.1:{server.port}/precious"
    told = 'poolclass=pool.NullPool, connect_args={"dbname": "precious"}'
    env = ENV.replace("poolclass=pool.NullPool", told)
    direct = "import psycopg\npsycopg.connect({!r}).execute('DELETE FROM t')\n".format(url)  # noqa: S608, UP032
    before = state(server)
    files = {**SOUND, "alembic.ini": address("postgresql+psycopg"), "migrations/env.py": env}
    root = alembic_project(files, server.address())
    assert (await cycled(root)).verdict is Verdict.PASSED
    (root / "migrations" / "env.py").write_text(direct + env, encoding="utf-8")
    finished = await cycled(root)
    assert (finished.verdict, "by itself" in (finished.reason or "")) == (Verdict.NOT_RUN, True)
    assert state(server) == before


async def test_a_server_that_lets_no_database_be_made_is_refused(
    alembic_project: Writer, server: Server
) -> None:
    files = {**SOUND, "alembic.ini": address("postgresql+psycopg")}
    finished = await cycled(alembic_project(files, server.address("reader")))
    assert finished.verdict is Verdict.NOT_RUN
    assert "permission denied to create database" in (finished.reason or "")


async def test_the_database_is_dropped_when_the_run_takes_too_long(
    alembic_project: Writer, server: Server
) -> None:
    files = {"a.py": revision("a", up=WAIT), "alembic.ini": address("postgresql+psycopg")}
    before = state(server)
    finished = await cycled(alembic_project(files, server.address()), seconds=4)
    assert finished.verdict is Verdict.TIMED_OUT
    assert state(server) == before


async def test_the_database_is_dropped_when_the_verification_is_cancelled(
    alembic_project: Writer, server: Server
) -> None:
    files = {"a.py": revision("a", up=WAIT), "alembic.ini": address("postgresql+psycopg")}
    root = alembic_project(files, server.address())
    before = state(server)
    async with anyio.create_task_group() as group:
        group.start_soon(cycled, root)
        while not (root / "begun").exists():  # noqa: ASYNC110 - another process makes it
            await anyio.sleep(0.05)
        assert state(server) != before
        group.cancel_scope.cancel()
    assert state(server) == before


async def test_a_statement_that_fails_is_named_with_its_revision(
    alembic_project: Writer, server: Server
) -> None:
    later = revision("b", "'a'", up="op.execute('ALTER TABLE nowhere ADD x int')")
    files = {**SOUND, "b.py": later, "alembic.ini": address("postgresql+psycopg2")}
    (found,) = (await cycled(alembic_project(files, server.address()))).outcome.diagnostics
    assert (found.code, found.file, found.line, found.symbol) == (
        "upgrade-failed", "migrations/versions/b.py", 10, "b",
    )  # fmt: skip
    assert 'relation "nowhere" does not exist in: ALTER TABLE nowhere' in found.message
