"""Says where hdb keeps its own state: in the user's cache folder, never in the project."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder for hdb's state, which HDB_CACHE may move; it need not exist yet."""
    stated = os.environ.get("HDB_CACHE")
    return Path(stated) if stated else platformdirs.user_cache_path("hdb")
