"""Explains findings on revisions that lock a table while PostgreSQL reads or rewrites all of it."""

from __future__ import annotations

from mcp_server.rules.base import Rule

RULE = Rule(
    name="locking-index",
    why="On a big table a plain CREATE INDEX or a constraint that is checked at once stops every "
    "write, and some every read, for minutes.",
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
# file: migrations/versions/0002_index_state.py
\"\"\"Index the state.\"\"\"

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("ix_orders_state", "orders", ["state"])


def downgrade() -> None:
    op.drop_index("ix_orders_state", "orders")
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
# file: migrations/versions/0002_index_state.py
\"\"\"Index the state.\"\"\"

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # A failed build leaves an invalid index, which if_not_exists would accept.
        op.drop_index(
            "ix_orders_state", "orders", if_exists=True, postgresql_concurrently=True
        )
        op.create_index(
            "ix_orders_state", "orders", ["state"], postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_orders_state", "orders", postgresql_concurrently=True, if_exists=True
        )
""",
    taught="python-backend/references/migrations.md#locks",
    source=(
        "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
        "https://www.postgresql.org/docs/current/sql-altertable.html",
        "https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.migration.MigrationContext.autocommit_block",
    ),
    reported_as=(
        "locking-index",
        "concurrent-index-in-transaction",
        "locking-foreign-key",
        "locking-check",
        "locking-unique",
        "locking-type-change",
        "set-not-null",
    ),
)
