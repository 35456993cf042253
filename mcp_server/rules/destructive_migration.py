"""Explains findings on revisions that delete or overwrite all rows of a table."""

from __future__ import annotations

from mcp_server.rules.base import Rule

RULE = Rule(
    name="destructive-migration",
    why="A statement without a condition takes every row, no downgrade brings them back, and a "
    "long one holds its locks until the end.",
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
# file: migrations/versions/0002_drafts.py
\"\"\"Remove the drafts.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DELETE FROM orders")
    op.add_column("orders", sa.Column("placed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("orders", "placed_at")
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
# file: migrations/versions/0002_drafts.py
\"\"\"Remove the drafts.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DELETE FROM orders WHERE state = 'draft'")
    op.add_column("orders", sa.Column("placed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("orders", "placed_at")
""",
    taught="python-backend/references/migrations.md#rows-in-revisions",
    source=(
        "https://www.postgresql.org/docs/current/sql-delete.html",
        "https://www.postgresql.org/docs/current/sql-truncate.html",
    ),
    reported_as=(
        "truncate",
        "delete-all",
        "update-all",
    ),
)
