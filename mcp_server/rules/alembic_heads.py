"""Explains findings on the graph of alembic's revisions: heads, gaps, cycles, doubled ids."""

from __future__ import annotations

from mcp_server.rules.base import Rule

RULE = Rule(
    name="alembic-heads",
    why="With two heads, a missing parent or a doubled id `alembic upgrade head` refuses, and the "
    "release stands without its tables.",
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
# file: migrations/versions/0002_note.py
\"\"\"Add a note.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text()))


def downgrade() -> None:
    op.drop_column("orders", "note")
# file: migrations/versions/0003_gift.py
\"\"\"Add a wrapping.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("wrapping", sa.Text()))


def downgrade() -> None:
    op.drop_column("orders", "wrapping")
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
# file: migrations/versions/0002_note.py
\"\"\"Add a note.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text()))


def downgrade() -> None:
    op.drop_column("orders", "note")
# file: migrations/versions/0003_gift.py
\"\"\"Add a wrapping.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("orders", sa.Column("wrapping", sa.Text()))


def downgrade() -> None:
    op.drop_column("orders", "wrapping")
""",
    taught="python-backend/references/migrations.md#one-history",
    source=("https://alembic.sqlalchemy.org/en/latest/branches.html",),
    reported_as=(
        "multiple-heads",
        "missing-parent",
        "cycle",
        "duplicate-revision",
        "unreadable-revision",
    ),
)
