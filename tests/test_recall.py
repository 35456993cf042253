"""The batch against the tools' own reports: nothing missing, nothing added, and it is small."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import anyio
import pytest

from mcp_server.contract import Batch
from mcp_server.verify import verify
from tests.conftest import ROOT, ProjectFactory, isolate
from tests.findings import findings

SAMPLE = ROOT / "tests" / "projects" / "broken"
PYTEST = ["pytest", "--continue-on-collection-errors", "-o", "addopts="]
WHOLE = ["-o", "verbosity_assertions=2"]
RUFF = ["ruff", "check", "--no-fix", "app", "tests"]
Key = tuple[str, str, int | None, str | None]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the sample with an environment."""
    folder = tmp_path_factory.mktemp("recall") / "broken"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    (folder / "backend" / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
def batch(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Return the sample's batch."""
    with pytest.MonkeyPatch.context() as variables:
        isolate(variables, tmp_path_factory.mktemp("cache"))
        return anyio.run(verify, sample)


def members(batch: Batch, tool: str) -> list[dict[str, Any]]:
    return [one for one in findings(batch) if one["tool"] == tool]


def run(sample: Path, *command: str) -> str:
    arguments = [sys.executable, "-m", *command]
    done = subprocess.run(
        arguments, cwd=sample / "backend", capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_every_failed_test_is_there_with_its_message(
    sample: Path, batch: Batch, tmp_path: Path
) -> None:
    run(sample, *PYTEST, *WHOLE, f"--junitxml={tmp_path}/report.xml")
    expected = {}
    for case in ET.parse(tmp_path / "report.xml").iter("testcase"):  # noqa: S314 - pytest's own
        for failure in (*case.findall("failure"), *case.findall("error")):
            name = f"{case.get('classname', '')}.{case.get('name')}".replace(".", "/").strip("/")
            expected[name] = f"{failure.get('message')} {failure.text}"
    found = {
        re.sub(r"^backend/|(?<=queue|ports)\.py", "", one.get("test", one["file"])).replace(
            "::", "/"
        ): one
        for one in members(batch, "pytest")
    }
    assert found.keys() == expected.keys()
    for name, one in found.items():
        assert one["message"].splitlines()[0] in expected[name]


def test_every_type_error_is_there_as_mypy_reports_it(sample: Path, batch: Batch) -> None:
    lines = run(sample, "mypy", "--output", "json").splitlines()
    reported = [json.loads(line) for line in lines if line.startswith("{")]
    assert sorted(
        (one["file"], one["line"], one["column"], one["code"], one["message"])
        for one in members(batch, "mypy")
    ) == sorted(
        (f"backend/{one['file']}", one["line"], one["column"] + 1, one["code"], one["message"])
        for one in reported
    )


def test_every_lint_finding_is_there_as_ruff_reports_it(sample: Path, batch: Batch) -> None:
    reported = json.loads(run(sample, *RUFF, "--output-format=json", "-q"))
    assert sorted(
        (one["file"], one["line"], one["column"], one["code"], one["message"])
        for one in members(batch, "ruff")
    ) == sorted(
        (
            os.path.relpath(one["filename"], sample),
            one["location"]["row"],
            one["location"]["column"],
            one["code"],
            one["message"],
        )
        for one in reported
    )


def test_the_sample_is_as_varied_as_it_should_be(batch: Batch) -> None:
    assert batch.summary == "17 failures in 3 files: mypy 3, pytest 8, ruff 6"
    assert {step.cwd for step in batch.steps} == {"backend"}


def test_the_batch_is_a_small_part_of_what_the_tools_print(sample: Path, batch: Batch) -> None:
    raw = sum(len(run(sample, *one).encode()) for one in (PYTEST, ["mypy"], RUFF))
    assert len(batch.json_text().encode()) < 0.30 * raw


def test_a_flood_of_output_becomes_a_batch_of_a_fiftieth(project: ProjectFactory) -> None:
    """One broken line that 60 tests reach, each with a log of its own: one cause, 60 findings."""
    folder = project(
        {
            "pyproject.toml": "[tool.pytest.ini_options]\n",
            "shop.py": "def price(item):\n    return item.prize\n",
            "test_shop.py": (
                "import pytest\nfrom shop import price\n\n\n"
                "@pytest.mark.parametrize('number', range(60))\n"
                "def test_price(number):\n"
                "    for line in range(200):\n"
                "        print(f'request {number} line {line}: everything is in order so far')\n"
                "    assert price(object()) == number\n"
            ),
        }
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest"], cwd=folder, capture_output=True, check=False
    )
    assert len(done.stdout) > 500_000
    batch = anyio.run(verify, folder)
    assert len(batch.failures) == 1
    assert len(batch.failures[0].also) == 59
    assert len(batch.json_text()) < 0.02 * len(done.stdout)
