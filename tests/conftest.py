"""Fixtures that every test can use: a cache of its own, and small real projects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ProjectFactory = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep batches of tests apart from each other and from the developer's."""
    monkeypatch.setenv("HDB_CACHE", str(tmp_path_factory.mktemp("cache")))
    for name in ("CLAUDE_PROJECT_DIR", "HDB_ROOTS", "PYTEST_ADDOPTS", "CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path) -> ProjectFactory:
    """Return a factory that writes a project of the given files and returns its folder.

    Its `.venv` is the environment that the tests run in, unless `ready` is false.
    """

    def make(files: Mapping[str, str], *, name: str = "project", ready: bool = True) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        if ready:
            (folder / ".venv").symlink_to(sys.prefix)
        return folder

    return make
