"""Projects with revisions that the tests of migrations.md run with a real alembic."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from alembic.config import CommandLine, Config
from alembic.migration import MigrationContext
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import SchemaItem

from tests.skills.blocks import load, text

PATIENCE = 20
INI = """[alembic]
script_location = %(here)s/migrations
path_separator = os
sqlalchemy.url = sqlite:///%(here)s/live.db
"""
ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import SchemaItem

from tests.skills.blocks import load

{imported}

config = context.config
given = config.attributes.get("connection") if {listens} else None
if given is None:
    url = config.get_main_option("sqlalchemy.url")
    with create_engine(url, poolclass=NullPool).connect() as connection:
        run(connection, config.attributes.get("metadata"))
else:
    run(given, config.attributes.get("metadata"))
"""
TEMPLATE = """\
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
def upgrade():
    ${upgrades or "pass"}
"""
OURS = 'run = load("python-backend/references/migrations.md#the-environment").run_migrations'
SEED = """
def run(connection, metadata):
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
ORDERS = """\
import sqlalchemy as sa
from alembic import op


def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(20)),
        sa.Column("net", sa.Integer),
        sa.Column("tax", sa.Integer),
        sa.Column("total", sa.Integer),
    )


def downgrade():
    op.drop_table("orders")
"""
EMPTY = "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
BROKEN = EMPTY.replace("pass", "raise LookupError", 1)
names = load("python-backend/references/migrations.md#names")
LOCKS = text("python-backend/references/migrations.md#locks", "python")
REQUIRED = text("python-backend/references/migrations.md#required-columns", "python")
BACKFILL = text("python-backend/references/migrations.md#rows-in-revisions", "python")


def project(
    root: Path,
    revisions: Mapping[str, str],
    *,
    url: sa.URL | None = None,
    imported: str = OURS,
    listens: bool = True,
    metadata: sa.MetaData | None = None,
) -> Config:
    """Write a project in which each revision follows the one before, or what its name says."""
    versions = root / "migrations/versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text(INI, encoding="utf-8")
    content = ENVIRONMENT.format(imported=imported, listens=listens)
    (root / "migrations/env.py").write_text(content, encoding="utf-8")
    (root / "migrations/script.py.mako").write_text(TEMPLATE, encoding="utf-8")
    down: str | None = None
    for name, body in revisions.items():
        own, _, parent = name.partition("<")
        head = f"revision = {own!r}\ndown_revision = {(parent or down)!r}\n"
        (versions / f"{own}.py").write_text(body + head, encoding="utf-8")
        down = own
    config = Config(root / "alembic.ini")
    config.attributes["metadata"] = metadata
    if url is not None:
        config.set_main_option("sqlalchemy.url", url.render_as_string(hide_password=False))
    return config


def connect(url: sa.URL) -> sa.Connection:
    """Return a connection on which each statement is committed."""
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()


def state(url: sa.URL) -> tuple[str | None, set[str]]:
    with connect(url) as connection:
        tables = {*sa.inspect(connection).get_table_names()} - {"alembic_version"}
        return MigrationContext.configure(connection).get_current_revision(), tables


def creating(name: str) -> str:
    return ORDERS.replace('"orders"', f'"{name}"')


def command_line(config: Config, *words: str) -> int:
    """Return the status that alembic's own command ends with."""
    try:
        CommandLine().main(["-c", str(config.config_file_name), *words])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def table(metadata: sa.MetaData, *columns: SchemaItem) -> sa.MetaData:
    sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def our_metadata() -> sa.MetaData:
    return sa.MetaData(naming_convention=names.Base.metadata.naming_convention)


def model() -> sa.MetaData:
    numbers = [sa.Column(name, sa.Integer) for name in ("net", "tax", "total")]
    return table(our_metadata(), sa.Column("state", sa.String(20)), *numbers)
