"""The bookshop, a small service, as a folder of its own, with or without a git history."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.repositories import commit

BOOKSHOP = Path(__file__).resolve().parent.parent / "projects" / "bookshop"


@pytest.fixture(scope="session")
def bookshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the service as it is; no test writes to it."""
    return Path(shutil.copytree(BOOKSHOP, tmp_path_factory.mktemp("map") / "bookshop"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return the service with everything committed, for a test to change."""
    folder = Path(shutil.copytree(BOOKSHOP, tmp_path / "bookshop"))
    commit(folder)
    return folder
