"""Explains findings on revisions that fill rows behind the lock of their own ALTER TABLE."""

from __future__ import annotations

from mcp_server.rules.base import Rule

RULE = Rule(
    name="mixed-migration",
    why="PostgreSQL holds the lock of an ALTER TABLE until the transaction ends, so a backfill in "
    "the same revision keeps everybody from the table while it runs.",
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
        sa.Column("net", sa.Numeric(12, 2), nullable=False),
        sa.Column("tax", sa.Numeric(12, 2), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
# file: migrations/versions/0002_total.py
\"\"\"Add the total.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("total", sa.Numeric(12, 2)))
    op.execute("UPDATE orders SET total = net + tax")
    op.alter_column("orders", "total", nullable=False)


def downgrade() -> None:
    op.drop_column("orders", "total")
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
        sa.Column("net", sa.Numeric(12, 2), nullable=False),
        sa.Column("tax", sa.Numeric(12, 2), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
# file: migrations/versions/0002_total.py
\"\"\"Add the total, which the code writes from now on.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("total", sa.Numeric(12, 2)))


def downgrade() -> None:
    op.drop_column("orders", "total")
# file: migrations/versions/0003_fill_total.py
\"\"\"Fill the totals of older orders in batches; NOT NULL follows.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BATCH = sa.text(
    "UPDATE orders SET total = net + tax WHERE id IN "
    "(SELECT id FROM orders WHERE total IS NULL LIMIT 5000)"
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        while op.get_bind().execute(BATCH).rowcount:
            pass


def downgrade() -> None:
    op.execute("UPDATE orders SET total = NULL WHERE total = net + tax")
""",
    taught="python-backend/references/migrations.md#rows-in-revisions",
    source=(
        "https://www.postgresql.org/docs/current/explicit-locking.html",
        "https://alembic.sqlalchemy.org/en/latest/cookbook.html#data-migrations-general-techniques",
    ),
    reported_as=("schema-and-data",),
)
