"""Revisions up, down and up again on a SQLite file of hdb's own; everything else is refused."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from mcp_server.migrations.settings import SERVER
from mcp_server.migrations.throwaway import ADDRESS, DRIVER
from mcp_server.models import Verdict
from tests.environments import ENVIRONMENTS
from tests.migrations.projects import revision
from tests.migrations.runs import ASYNC_ENV, ENV, MODELS, SOUND, TABLE, Writer, address, cycled


def listed(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix() for path in root.rglob("*") if ".venv" not in str(path)
    }


async def test_a_sound_history_passes_and_leaves_nothing(
    alembic_project: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    models = f"{MODELS}ADDRESS = 'sqlite+aiosqlite:///real.db'\n"
    root = alembic_project({**SOUND, "models.py": models, "migrations/env.py": ASYNC_ENV})
    before = listed(root)
    finished = await cycled(root)
    assert (finished.verdict, finished.reason) == (Verdict.PASSED, None)
    assert listed(root) == before


async def test_every_fault_has_its_revision_and_line(alembic_project: Writer) -> None:
    more = f"{TABLE}\nop.create_table('log', sa.Column('id', sa.Integer))"
    models = MODELS.replace("primary_key=True)", 'primary_key=True), sa.Column("age", sa.Integer)')
    root = alembic_project({"a.py": revision("a", up=more), "models.py": models})
    finished = await cycled(root)
    assert finished.verdict is Verdict.FAILED
    told = {(one.code, one.file, one.line) for one in finished.outcome.diagnostics}
    file = "migrations/versions/a.py"
    assert told == {
        ("drift", file, 11),
        ("drift", file, 10),
        ("left-behind", file, 11),
        ("upgrade-again-failed", file, 11),
    }
    (again,) = (one for one in finished.outcome.diagnostics if one.code == "upgrade-again-failed")
    assert "table log already exists" in again.message


async def test_an_engine_of_another_backend_says_how_to_name_a_server(
    alembic_project: Writer,
) -> None:
    root = alembic_project({**SOUND, "alembic.ini": address("postgresql+psycopg")})
    finished = await cycled(root)
    assert finished.verdict is Verdict.NOT_RUN
    assert 'database = "postgresql://USER@HOST"' in (finished.reason or "")


ATTEMPTS = """
import asyncpg, asyncpg.connection, psycopg, psycopg2, sqlalchemy, sqlite3
import psycopg2.extras
Base = psycopg2.extensions.connection
assert issubclass(psycopg2.extras.DictConnection, Base)
assert issubclass(psycopg2._psycopg.connection, Base)
assert not isinstance(object(), Base) and not issubclass(object, psycopg2.extras.DictConnection)
own = lambda: sqlalchemy.create_engine("sqlite://").connect()
WAYS = [
    lambda: sqlite3.connect("real.db"),
    lambda: psycopg.connect("host=127.0.0.1 port=1"),
    lambda: psycopg2.connect("host=127.0.0.1 port=1"),
    lambda: Base("host=127.0.0.1 port=1"),
    lambda: psycopg2.extras.DictConnection("host=127.0.0.1 port=1"),
    lambda: asyncpg.connect("postgresql://127.0.0.1:1"),
    lambda: asyncpg.connection.connect("postgresql://127.0.0.1:1"),
    lambda: sqlite3.Connection(":memory:"),
    lambda: sqlalchemy.create_engine("postgresql+psycopg://127.0.0.1:1").connect(),
    lambda: sqlalchemy.create_engine("mysql+pymysql://127.0.0.1:1", module=sqlite3).connect(),
    lambda: own().exec_driver_sql("ATTACH 'real.db' AS r"),
    lambda: context.configure(connection=object()),
    lambda: context.configure(url="sqlite:///real.db"),
]
said = []
for way in WAYS:
    try:
        way()
        said.append("open")
    except BaseException as error:
        said.append(type(error).__name__)
creator = lambda: sqlite3.connect("real.db")
made = sqlalchemy.create_engine("sqlite:///real.db", creator=creator).connect()
made.execute(sqlalchemy.text("CREATE TABLE IF NOT EXISTS where_it_is (id INTEGER)"))
made.close()
with open("said", "w") as file:
    file.write(" ".join(said))
"""


async def test_no_other_way_to_a_database_is_open(alembic_project: Writer) -> None:
    env = f"from alembic import context\n{ATTEMPTS}\n{ENV}"
    root = alembic_project({**SOUND, "migrations/env.py": env})
    (root / "real.db").write_bytes(b"")
    finished = await cycled(root)
    assert (root / "said").read_text("utf-8").split() == ["Refused"] * 13
    assert (root / "real.db").read_bytes() == b""
    # A refusal that the project swallowed is a refusal.
    assert finished.verdict is Verdict.NOT_RUN
    assert "by itself" in (finished.reason or "")


RAW = """
import asyncio, sqlite3, sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

ATTACH = "ATTACH 'real.db' AS r"
said = []

def attempt(way, *words):
    try:
        way(*words)
        said.append("open")
    except sqlite3.DatabaseError:
        said.append("denied")

def unarmed(own):
    own.set_authorizer(lambda *words: 0)
    own.execute(ATTACH)

async def asynchronous():
    async with create_async_engine("sqlite+aiosqlite://").connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        try:
            await raw.execute(ATTACH)
            said.append("open")
        except sqlite3.DatabaseError:
            said.append("denied")

heard = sqlalchemy.create_engine("sqlite://")
sqlalchemy.event.listen(heard, "connect", lambda raw, _record: attempt(raw.execute, ATTACH))
raw = heard.raw_connection()
cursor, driver = raw.cursor(), raw.driver_connection
attempt(cursor.execute, ATTACH)
attempt(cursor.execute, "ATTACH 'real' || '.db' AS r")
attempt(driver.executescript, f"SELECT 1; {ATTACH}; DELETE FROM r.t")
attempt(driver.execute, "VACUUM INTO 'copy.db'")
attempt(unarmed, driver)
attempt(unarmed, sqlite3.connect(":memory:", factory=type("Own", (sqlite3.Connection,), {})))
raw.close()
asyncio.run(asynchronous())
sqlite3.connect(":memory:").executescript("ATTACH ':memory:' AS m; VACUUM")
with open("said", "w") as file:
    file.write(" ".join(said))
"""


async def test_sqlite_itself_refuses_another_file(alembic_project: Writer) -> None:
    """Whatever way a statement takes, and also where the project swallows the error."""
    root = alembic_project({**SOUND, "migrations/env.py": f"{RAW}\n{ENV}"})
    with sqlite3.connect(root / "real.db") as own:
        own.executescript("CREATE TABLE t (id int); INSERT INTO t VALUES (42)")
    before = (root / "real.db").read_bytes()
    finished = await cycled(root)
    assert (root / "said").read_text("utf-8").split() == ["denied"] * 8
    assert ((root / "real.db").read_bytes(), (root / "copy.db").exists()) == (before, False)
    assert finished.verdict is Verdict.NOT_RUN
    assert "open another file ('real.db')" in (finished.reason or "")


@pytest.mark.parametrize(
    "database", ["mysql://root@127.0.0.1/app", "sqlite:///real.db", "production", "oracle://x"]
)
async def test_no_other_kind_of_database_is_even_tried(
    alembic_project: Writer, database: str
) -> None:
    finished = await cycled(alembic_project(SOUND, database))
    assert (finished.verdict, finished.seconds) == (Verdict.NOT_RUN, 0.0)
    assert "SQLite" in (finished.reason or "")


@pytest.mark.parametrize("database", ["postgresql://[bad", "postgresql://u@h:port/x"])
@pytest.mark.parametrize("named", ["setting", "variable"])
async def test_an_address_that_cannot_be_read_is_said(
    alembic_project: Writer, monkeypatch: pytest.MonkeyPatch, named: str, database: str
) -> None:
    files = dict(SOUND)
    if named == "variable":
        monkeypatch.setenv(SERVER, database)
        files["pyproject.toml"] = '[project]\nname = "shop"\nversion = "1"\n'
    finished = await cycled(alembic_project(files, database))
    assert (finished.verdict, finished.seconds) == (Verdict.NOT_RUN, 0.0)
    assert "cannot be read: say database =" in (finished.reason or "")
    assert "by hand" not in (finished.reason or "")


@pytest.mark.usefixtures("alembic_project")
def test_the_driver_refuses_an_address_that_sqlalchemy_cannot_read() -> None:
    python = str(ENVIRONMENTS / "alembic" / "bin" / "python")
    env = {**os.environ, ADDRESS: "postgresql://u@h:port/x"}
    argv = [python, str(DRIVER), "create", f"hdb_throwaway_{'0' * 32}"]
    done = subprocess.run(argv, env=env, check=False, capture_output=True, text=True, timeout=60)
    assert '"event": "refused"' in done.stdout
    assert "cannot be read" in done.stdout
