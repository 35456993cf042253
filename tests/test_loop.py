"""Holds that the benchmark of the loop compares the same work, and tells it right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.loop import STATES, SUBJECTS, Subject, Times, edited, measure, place, table
from benchmarks.loop_sides import ALL_TESTS, tools_of
from tests.conftest import ProjectFactory

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "Makefile": (
        "check:\n\tpytest -q -x tests\n\tmypy --strict small.py\n\truff check --fix small.py\n"
    ),
    "pyproject.toml": "[project]\nname = 'small'\nversion = '1'\n",
    "small.py": "ONE = 1\n",
    "tests/test_small.py": "def test_one():\n    pass\n",
}


def pair(tools: dict[str, float], hdb: float, step: float = 1.0) -> Times:
    return Times(tools=tools, hdb=hdb, step=step)


def test_by_hand_the_projects_own_commands_are_run(project: ProjectFactory) -> None:
    folder = project(FILES)
    tools = {one.name: one for one in tools_of(folder, os.environ)}
    assert tools["pytest"].argv[1:] == ("-q", "-x", "tests", *ALL_TESTS)
    assert tools["mypy"].argv[1:] == ("--strict", "small.py")
    assert not {"HDB_REPORT", "PYTHONPATH"}.intersection(tools["pytest"].env)


def test_by_hand_nothing_is_run_that_changes_files(project: ProjectFactory) -> None:
    tools = {one.name: one for one in tools_of(project(FILES), os.environ)}
    assert "--no-fix" in tools["ruff"].argv
    assert "--fix" not in tools["ruff"].argv


def test_every_test_is_run_by_hand_although_the_project_stops_at_the_first(
    project: ProjectFactory,
) -> None:
    failing = "def test_one():\n    assert False\n\ndef test_two():\n    open('ran', 'w').close()\n"
    folder = project({**FILES, "tests/test_small.py": failing})
    (tests,) = (one for one in tools_of(folder, os.environ) if one.name == "pytest")
    assert tests.seconds() > 0
    assert (folder / "ran").is_file()


def test_an_edited_file_is_put_back_whatever_happens(tmp_path: Path) -> None:
    file = tmp_path / "small.py"
    file.write_text("ONE = 1\n", encoding="utf-8")

    def interrupted() -> None:
        with edited(file) as edit:
            edit(1)
            first = file.read_text(encoding="utf-8")
            edit(2)
            assert first.startswith("ONE = 1\n")
            assert len({first, file.read_text(encoding="utf-8"), "ONE = 1\n"}) == 3
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text(encoding="utf-8") == "ONE = 1\n"


def test_ratios_are_of_runs_that_lie_side_by_side() -> None:
    # The second round fell on a busy machine: every time is tripled, and no ratio differs.
    rounds = [
        {
            STATES[0]: pair({"pytest": 6.0 * busy, "mypy": 4.0 * busy}, 7.5 * busy),
            STATES[1]: pair({"pytest": 2.0 * busy, "mypy": 1.0 * busy}, 2.4 * busy),
        }
        for busy in (1, 3, 1)
    ]
    text = table({"a/b": rounds})
    assert "| a/b | empty | 10.0 | 6.0 | 7.5 | 0.75 (0.75-0.75) | 1.25 (1.25-1.25) |  |" in text
    warm = "| 3.0 | 2.0 | 2.4 | 0.80 (0.80-0.80) | 1.20 (1.20-1.20) | 0.32 (0.32-0.32) |"
    assert warm in text


def test_what_noise_there_was_is_shown() -> None:
    rounds = [{state: pair({"pytest": 2.0}, hdb) for state in STATES} for hdb in (2.0, 3.0, 8.0)]
    assert "1.50 (1.00-4.00)" in table({"a/b": rounds})


def test_a_project_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    assert place(Subject("a/b", "one.py", "test_one.py"), None, tmp_path) is None
    assert place(Subject("a/b", "one.py", "test_one.py"), tmp_path, tmp_path) is None


def test_the_example_is_measured_on_a_copy(tmp_path: Path) -> None:
    folder = place(SUBJECTS[0], None, tmp_path)
    assert folder is not None
    assert folder.is_relative_to(tmp_path)
    assert (folder / SUBJECTS[0].edit).is_file()


def test_a_project_without_tools_is_not_measured(project: ProjectFactory, tmp_path: Path) -> None:
    folder = project({"small.py": "ONE = 1\n"})
    assert measure(folder, Subject("a/b", "small.py", ""), ROOT, 1, tmp_path) == ()
