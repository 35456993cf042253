"""Judges a project's alembic revisions: by reading alone, and on a throwaway database if asked."""

from __future__ import annotations

from mcp_server.migrations.cycle import Run, run_cycle
from mcp_server.migrations.inspection import Inspection, inspect_migrations, inspection_step
from mcp_server.migrations.located import Located, find_histories

__all__ = [
    "Inspection",
    "Located",
    "Run",
    "find_histories",
    "inspect_migrations",
    "inspection_step",
    "run_cycle",
]
