"""A hook that is given certain files fails for findings in these files, and in no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.contract import Batch, StepResult
from mcp_server.conventions import read_conventions
from mcp_server.execution import conclude
from mcp_server.models import Filter, Report, Step, Verdict
from mcp_server.verify import verify
from tests.conftest import ProjectFactory
from tests.findings import findings

UNUSED = "import os\n"
HOOKS = """\
exclude: ^generated/
repos:
- repo: https://github.com/astral-sh/ruff-pre-commit
  rev: v0.14.0
  hooks: [{id: ruff-check}]
"""
MYPY = """\
exclude: ^generated/
repos: [{repo: https://github.com/pre-commit/mirrors-mypy, hooks: [{id: mypy}]}]
"""
FILES = {
    "pyproject.toml": "[tool.ruff.lint]\nselect = ['F']\n",
    "generated/made.py": UNUSED,
    "mine/own.py": UNUSED,
}
TOX = "[tox]\n[testenv:lint]\nskip_install = true\ndeps = pre-commit\ncommands = {}\n"
WAYS = {
    "the hooks alone": {},
    "tox": {"tox.ini": TOX.format("pre-commit run --all-files")},
    "make": {"Makefile": "lint:\n\tpre-commit run -a ruff-check\n"},
    "nox": {
        "noxfile.py": (
            "import nox\n\n@nox.session\ndef lint(session):\n"
            "    session.run('pre-commit', 'run', '--all-files')\n"
        )
    },
    "CI": {
        ".github/workflows/ci.yml": (
            "on: pull_request\njobs:\n  lint:\n    runs-on: x\n    steps:\n"
            "    - run: pre-commit run --all-files\n"
        )
    },
}


def of(batch: Batch, tool: str) -> StepResult:
    return next(step for step in batch.steps if step.tool == tool)


@pytest.mark.parametrize("way", WAYS)
async def test_a_finding_in_a_file_that_the_hook_excludes_is_none(
    project: ProjectFactory, way: str
) -> None:
    batch = await verify(project({**FILES, ".pre-commit-config.yaml": HOOKS, **WAYS[way]}))
    assert [one["file"] for one in findings(batch)] == ["mine/own.py"]
    step = of(batch, "ruff")
    assert step.verdict == "failed"
    source = ".pre-commit-config.yaml:ruff-check:5"
    assert step.reason == f"1 finding left out: {source} does not check those files"


async def test_a_hook_whose_every_finding_lies_outside_passes(project: ProjectFactory) -> None:
    files = {**FILES, "mine/own.py": "A = 1\n", ".pre-commit-config.yaml": HOOKS}
    assert of(await verify(project(files)), "ruff").verdict == "passed"


async def test_a_hook_without_file_names_sees_every_file(project: ProjectFactory) -> None:
    local = (
        "exclude: ^generated/\nrepos: [{repo: local, hooks: [{id: a, language: system,"
        " entry: ruff check, pass_filenames: false}]}]\n"
    )
    batch = await verify(project({**FILES, ".pre-commit-config.yaml": local}))
    assert {one["file"] for one in findings(batch)} == {"generated/made.py", "mine/own.py"}


@pytest.mark.parametrize("way", ["the hooks alone", "tox"])
def test_a_whole_program_tool_is_not_sure_whichever_way_reaches_it(
    project: ProjectFactory, way: str
) -> None:
    folder = project({"a.py": "", "setup.py": "", ".pre-commit-config.yaml": MYPY, **WAYS[way]})
    (read,) = read_conventions(folder, {}).projects
    assert [one.tool for one in read.commands if one.tool == "mypy"] == []
    reasons = [one.reason for one in read.others if one.tool == "mypy"]
    assert reasons
    assert set(reasons) == {"no files matching ^generated/"}


@pytest.mark.parametrize(
    ("within", "file", "expected"),
    [
        (Filter(), "a.py", True),
        (Filter(("b",)), "a/b/c.py", True),
        (Filter(("^b",)), "a/b/c.py", False),
        (Filter(("^a/", "c")), "a/b.py", False),
        (Filter((), ("^b/",)), "a/b/c.py", True),
        (Filter((), ("x", "^a/")), "a/b.py", False),
        (Filter(("^a/",), ("b",)), "a/b.py", False),
        (Filter((), ("^gen/",), "api"), "api/gen/a.py", False),
        (Filter((), ("^gen/",), "api"), "api/a.py", True),
        (Filter((), ("^api/",), "api"), "api/a.py", True),
        (Filter((), ("^gen/",), "api"), "apis/a.py", False),
        (Filter(("^a/",)), "/elsewhere/b.py", True),
        (Filter(("^a/",)), "b" * 300, True),
    ],
)
def test_a_filter_searches_below_its_folder(within: Filter, file: str, *, expected: bool) -> None:
    assert within.lets_through(file) is expected


def ended(tmp_path: Path, stderr: str, within: Filter, status: int) -> tuple[Verdict, int]:
    """Return the verdict on a run of black and how many of its findings are left."""
    step = Step(
        tool="black", argv=("black", "."), cwd=tmp_path, root=tmp_path, command="black .",
        source="x:1", args=(".",), within=within,
    )  # fmt: skip
    report = Report(root=tmp_path, cwd=tmp_path, stderr=stderr, status=status)
    finished = conclude(step, report)
    return finished.verdict, len(finished.outcome.diagnostics)


def test_a_file_that_cannot_be_parsed_counts_only_where_the_hook_sees_it(tmp_path: Path) -> None:
    said = (
        "would reformat a.py\nerror: cannot format gen/b.py: Cannot parse: 1:4: x\n"
        "1 file would be reformatted, 1 file would fail to reformat.\n"
    )
    assert ended(tmp_path, said, Filter(), 123) == (Verdict.FAILED, 2)
    assert ended(tmp_path, said, Filter((), ("^gen/",)), 123) == (Verdict.FAILED, 1)
    assert ended(tmp_path, said, Filter((), ("gen/", "a")), 123) == (Verdict.PASSED, 0)


def test_a_crash_stays_a_crash_without_its_findings(tmp_path: Path) -> None:
    said = "would reformat a.py\n"
    assert ended(tmp_path, said, Filter((), ("a",)), 1) == (Verdict.CRASHED, 0)
