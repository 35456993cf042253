"""A run of a part of the tests, in real processes: what is left out, the order, the gates."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from mcp_server.checkers import pytest as checker
from mcp_server.execution import Allowance, execute
from mcp_server.finished import Finished
from mcp_server.limits import Limits
from mcp_server.models import Step, Verdict
from tests.conftest import ProjectFactory
from tests.environments import ENVIRONMENTS

OK = "def test_ok(): pass\n"
BAD = "def test_bad(): assert 0\n"
FILES = {"test_a.py": OK, "sub/test_b.py": BAD, "sub/test_c.py": OK, "test_d.py": OK}
VERSIONS = ["pytest-6", "pytest-7", "pytest-8", "current"]


def environment_of(name: str, current: Path) -> Path:
    found = current if name == "current" else ENVIRONMENTS / name
    if not (found / "bin" / "python").exists():
        pytest.skip(f"no environment {found}: python3 tests/environments.py makes it")
    return found


def run(
    folder: Path,
    environment: Path,
    *args: str,
    left_out: tuple[str, ...] = (),
    ordered: tuple[str, ...] = (),
    targets: tuple[str, ...] = (),
) -> Finished:
    invocation = checker.invoke(args, targets)
    argv = (str(environment / "bin" / "python"), "-m", "pytest", *invocation.args)
    step = Step(
        tool="pytest", argv=argv, cwd=folder, root=folder, command="pytest", source="",
        started=3, args=args, targets=targets, left_out=left_out, ordered=ordered,
        inject=invocation.inject, recorded=invocation.recorded,
    )  # fmt: skip

    async def main() -> Finished:
        limits = Limits()
        return await execute(step, Allowance(limits, anyio.current_time() + limits.deadline))

    return anyio.run(main)


@pytest.mark.parametrize(
    ("version", "workers"),
    [
        ("pytest-6", ()),
        ("pytest-7", ()),
        ("pytest-8", ()),
        ("current", ()),
        ("current", ("-n1",)),
    ],
)
def test_files_are_left_out_and_all_else_is_collected(
    project: ProjectFactory, environment: Path, version: str, workers: tuple[str, ...]
) -> None:
    folder = project({**FILES, "pytest.ini": "[pytest]\nfilterwarnings = error\n"}, ready=False)
    python = environment_of(version, environment)
    done = run(folder, python, *workers, left_out=("sub/test_b.py", "test_d.py", "gone/test_e.py"))
    assert (done.verdict, done.reason) == (
        Verdict.PASSED,
        "2 test files left out, which the change cannot reach",
    )
    assert done.outcome.finished == {"test_a.py::test_ok", "sub/test_c.py::test_ok"}


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_run_with_everything_left_out_says_so(
    project: ProjectFactory, environment: Path, workers: tuple[str, ...]
) -> None:
    done = run(project(FILES, ready=False), environment, *workers, left_out=tuple(FILES))
    assert (done.verdict, done.reason) == (
        Verdict.PASSED,
        "no test can reach the change: 4 test files left out",
    )


def test_what_the_command_names_outright_is_run(project: ProjectFactory, environment: Path) -> None:
    done = run(project(FILES, ready=False), environment, "test_a.py", "sub", left_out=tuple(FILES))
    assert done.outcome.finished == {"test_a.py::test_ok"}
    assert done.reason == "2 test files left out, which the change cannot reach"


SHOUTS = """\
import pathlib
def pytest_runtest_setup(item):
    with pathlib.Path("order").open("a") as file:
        file.write(item.nodeid.partition("::")[0] + " ")
"""
REVERSES = "def pytest_collection_modifyitems(items):\n    items.sort(key=lambda one: one.nodeid)\n"


@pytest.mark.parametrize(
    ("conftest", "order"),
    [
        # A conftest that refuses to ignore anything has no say, one that orders tests has.
        (
            "def pytest_ignore_collect():\n    return False\n",
            ["test_d.py", "test_a.py", "sub/test_b.py", "sub/test_c.py"],
        ),
        (REVERSES, ["sub/test_b.py", "sub/test_c.py", "test_a.py", "test_d.py"]),
    ],
    ids=["collects", "orders"],
)
def test_the_nearest_run_first_unless_the_project_orders(
    project: ProjectFactory, environment: Path, conftest: str, order: list[str]
) -> None:
    folder = project({**FILES, "test_e.py": OK, "conftest.py": SHOUTS + conftest}, ready=False)
    ordered = ("test_d.py", "test_a.py", "gone.py")
    done = run(folder, environment, "-p", "no:randomly", left_out=("test_e.py",), ordered=ordered)
    said = (folder / "order").read_text().split()
    assert done.outcome.passed == 3
    assert said == order


def test_a_pytest_inside_a_test_runs_all_of_its_own(
    project: ProjectFactory, environment: Path
) -> None:
    inner = (
        "import os, subprocess, sys\n"
        "def test_inner():\n"
        "    assert not [name for name in os.environ if name.startswith('HDB_P')]\n"
        "    assert subprocess.call([sys.executable, '-m', 'pytest', 'sub']) == 1\n"
    )
    folder = project({**FILES, "test_a.py": inner}, ready=False)
    left_out = ("sub/test_b.py", "sub/test_c.py", "test_d.py")
    assert run(folder, environment, left_out=left_out).verdict is Verdict.PASSED


GATED = {
    "shop.py": "def one():\n    return 1\ndef two():\n    return 2\n",
    "test_one.py": "import shop\ndef test_one(): assert shop.one()\n",
    "test_two.py": "import shop\ndef test_two(): assert shop.two()\n",
}
STATED = {".coveragerc": "[report]\nfail_under = 100\n"}
UNJUDGED = "the coverage is not judged: only a part of the tests ran"
ONE = "1 test file left out, which the change cannot reach; "


@pytest.mark.parametrize(
    ("files", "args", "part", "reason"),
    [
        ({}, ("--cov-fail-under=100",), {"left_out": ("test_two.py",)}, ONE + UNJUDGED),
        (STATED, ("-n1",), {"left_out": ("test_two.py",)}, ONE + UNJUDGED),
        (STATED, (), {"targets": ("test_one.py",)}, UNJUDGED),
    ],
    ids=["option", "xdist", "targets"],
)
def test_the_coverage_of_a_part_is_not_judged(  # noqa: PLR0917 - a table
    project: ProjectFactory,
    environment: Path,
    files: dict[str, str],
    args: tuple[str, ...],
    part: dict[str, tuple[str, ...]],
    reason: str,
) -> None:
    folder = project({**GATED, **files}, ready=False)
    python = environment_of("pytest-cov", environment)
    done = run(folder, python, "--cov=shop", *args, **part)
    assert (done.verdict, done.reason) == (Verdict.PASSED, reason)


def test_the_coverage_is_judged_where_nothing_was_left_out(
    project: ProjectFactory, environment: Path
) -> None:
    done = run(
        project({**GATED, "test_two.py": OK}, ready=False),
        environment_of("pytest-cov", environment),
        "--cov=shop",
        "--cov-fail-under=100",
        left_out=("test_no.py",),
    )
    [found] = done.outcome.diagnostics
    assert (done.verdict, found.code) == (Verdict.FAILED, "coverage")
