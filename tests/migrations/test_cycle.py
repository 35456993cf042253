"""Revisions up, down and up again on a SQLite file of hdb's own; everything else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.models import Verdict
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
import sqlite3, psycopg, psycopg2, asyncpg, sqlalchemy
own = lambda: sqlalchemy.create_engine("sqlite://").connect()
WAYS = [
    lambda: sqlite3.connect("real.db"),
    lambda: psycopg.connect("host=127.0.0.1 port=1"),
    lambda: psycopg2.connect("host=127.0.0.1 port=1"),
    lambda: asyncpg.connect("postgresql://127.0.0.1:1"),
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
    assert (root / "said").read_text("utf-8").split() == ["Refused"] * 9
    assert (root / "real.db").read_bytes() == b""
    # A refusal that the project swallowed is a refusal.
    assert finished.verdict is Verdict.NOT_RUN
    assert "by itself" in (finished.reason or "")


@pytest.mark.parametrize(
    "database", ["mysql://root@127.0.0.1/app", "sqlite:///real.db", "production", "oracle://x"]
)
async def test_no_other_kind_of_database_is_even_tried(
    alembic_project: Writer, database: str
) -> None:
    finished = await cycled(alembic_project(SOUND, database))
    assert (finished.verdict, finished.seconds) == (Verdict.NOT_RUN, 0.0)
    assert "SQLite" in (finished.reason or "")
