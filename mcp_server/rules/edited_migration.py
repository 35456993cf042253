"""Explains findings on revisions of the main branch that were edited or deleted."""

from __future__ import annotations

from mcp_server.rules.base import Rule

RULE = Rule(
    name="edited-migration",
    why="A database that ran a revision never runs it again, so an edit reaches new databases "
    "only, which differ from then on.",
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
        sa.Column("state", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
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
# file: migrations/versions/0002_longer_state.py
\"\"\"Let a state be longer.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.alter_column(
        "orders",
        "state",
        existing_type=sa.String(20),
        type_=sa.String(40),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column(
        "orders",
        "state",
        existing_type=sa.String(40),
        type_=sa.String(20),
        existing_nullable=False,
    )
""",
    taught="python-backend/references/migrations.md#published-revisions",
    source=("https://alembic.sqlalchemy.org/en/latest/tutorial.html#running-our-first-migration",),
    reported_as=(
        "edited-revision",
        "deleted-revision",
        "edited-downgrade",
    ),
)
