"""The bundled example: what hdb finds in it, and what that costs an agent."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp_server.contract import Batch
from mcp_server.verify import verify
from tests.conftest import ROOT, isolate
from tests.environments import ENVIRONMENTS
from tests.findings import findings

EXAMPLE = ROOT / "examples" / "orders"
ENVIRONMENT = ENVIRONMENTS / "orders"
pytestmark = pytest.mark.skipif(
    not ENVIRONMENT.is_dir(), reason="the example's environment is not made: make environments"
)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the example with its environment."""
    folder = tmp_path_factory.mktemp("example") / "orders"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".*"))
    (folder / ".venv").symlink_to(ENVIRONMENT)
    return folder


@pytest.fixture(scope="module")
def batch(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Return the example's batch."""
    with pytest.MonkeyPatch.context() as variables:
        isolate(variables, tmp_path_factory.mktemp("cache"))
        return anyio.run(verify, example)


def key(finding: dict[str, Any]) -> tuple[str, str | None, int | None, str | None, str | None]:
    """Return what identifies a finding in both lists; isort names no line."""
    line = None if finding["tool"] == "isort" else finding.get("line")
    test = finding.get("test", finding["file"]) if finding["tool"] == "pytest" else None
    return (finding["tool"], finding["file"], line, finding.get("code"), test)


def test_every_known_failure_is_found_and_nothing_else(batch: Batch) -> None:
    known = tomllib.loads((EXAMPLE / "KNOWN_FAILURES.toml").read_text(encoding="utf-8"))
    expected = [one for cause in known["cause"] for one in cause["diagnostics"]]
    codes = {"isort": "unsorted", "ruff-format": "unformatted"}
    assert sorted(map(key, findings(batch)), key=str) == sorted(
        (key({**one, "code": codes.get(one["tool"], one.get("code"))}) for one in expected), key=str
    )
    assert batch.verdict == "failed"


def test_each_cause_is_one_failure(batch: Batch) -> None:
    known = tomllib.loads((EXAMPLE / "KNOWN_FAILURES.toml").read_text(encoding="utf-8"))
    assert len(batch.failures) == len(known["cause"])


def test_the_batch_costs_a_fraction_of_what_the_tools_print(example: Path, batch: Batch) -> None:
    commands = [
        ["pytest", "--continue-on-collection-errors", "-o", "addopts="],
        ["mypy"],
        ["ruff", "check", "src", "tests"],
        ["isort", "--check-only", "src", "tests"],
        ["ruff", "format", "--check", "src", "tests"],
    ]
    raw = 0
    for program, *arguments in commands:
        command = [str(example / ".venv" / "bin" / program), *arguments]
        done = subprocess.run(command, cwd=example, capture_output=True, check=False)
        raw += len(done.stdout) + len(done.stderr)
    assert len(batch.json_text().encode()) < 0.30 * raw


def test_the_readme_shows_the_batch_as_it_is(batch: Batch) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert batch.summary in readme
    (shown,) = [line for line in readme.splitlines() if line.startswith('{"id":"')]
    assert json.loads(shown) in batch.lean()["failures"]
