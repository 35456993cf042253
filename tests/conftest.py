"""Fixtures that every test can use: a cache of its own, and small real projects."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.environments import without_plugins

ROOT = Path(__file__).resolve().parent.parent
ProjectFactory = Callable[..., Path]
# Beside other tests an example may take long, and making one too.
settings.register_profile("hdb", deadline=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hdb")

for _number in (signal.SIGINT, signal.SIGHUP):
    # A job in the background ignores them, and so would everything that tests start.
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)


def isolate(variables: pytest.MonkeyPatch, cache: Path) -> None:
    """Give hdb a cache of its own and none of the developer's settings."""
    variables.setenv("HDB_CACHE", str(cache))
    for name in ("CLAUDE_PROJECT_DIR", "HDB_ROOTS", "PYTEST_ADDOPTS", "CI", "BUILD_NUMBER"):
        variables.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep batches of tests apart from each other and from the developer's."""
    isolate(monkeypatch, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the tools that the tests run, for the projects of the tests."""
    return without_plugins(Path(sys.prefix), tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def project(tmp_path: Path, environment: Path) -> ProjectFactory:
    """Return a factory that writes a project of the given files and returns its folder.

    Its `.venv` is an environment with all tools, unless `ready` is false.
    """

    def make(files: Mapping[str, str], *, name: str = "project", ready: bool = True) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        if ready:
            (folder / ".venv").symlink_to(environment)
        return folder

    return make
