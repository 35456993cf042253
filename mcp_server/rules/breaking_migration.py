"""Explains findings on revisions that take away what code in use still reads or writes."""

from __future__ import annotations

from mcp_server.rules.base import Rule

RULE = Rule(
    name="breaking-migration",
    why="While a release rolls out, the old code runs on the new schema, and fails on what was "
    "renamed, dropped, narrowed or made required.",
    wrong="""\
# file: migrations/versions/0001_orders.py
\"\"\"Create the orders.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
# file: migrations/versions/0002_status.py
\"\"\"Rename the state.\"\"\"

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.alter_column("orders", "state", new_column_name="status")


def downgrade() -> None:
    op.alter_column("orders", "status", new_column_name="state")
""",
    right="""\
# file: migrations/versions/0001_orders.py
\"\"\"Create the orders.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
# file: migrations/versions/0002_status.py
\"\"\"Add the status beside the state, which goes once no release reads it.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("status", sa.String(20)))


def downgrade() -> None:
    op.drop_column("orders", "status")
""",
    taught="python-backend/references/migrations.md#expand-and-contract",
    source=(
        "https://www.postgresql.org/docs/current/sql-altertable.html",
        "https://alembic.sqlalchemy.org/en/latest/ops.html#alembic.operations.Operations.alter_column",
    ),
    reported_as=(
        "drop-table",
        "drop-column",
        "rename-table",
        "rename-column",
        "required-column",
        "narrowing-type",
    ),
)
