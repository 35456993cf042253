"""What people see: the failures by file, the steps, the sum."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mcp_server.contract import Also, Batch, Delta, Failure, StepResult
from mcp_server.render import _also, render_batch

BATCH = Batch(
    schema="hdb.batch/1",
    id="abcd",
    verdict="incomplete",
    scope="targets",
    summary="1 failure in 1 file: mypy 1; not verified: pytest missing, ruff missing",
    problems=("pyproject.toml cannot be read: no",),
    steps=(
        StepResult(tool="mypy", verdict="failed", command="mypy", source="x:1", failures=1),
        StepResult(tool="pytest", verdict="missing", command="p", source="x:2", reason="no .venv"),
        StepResult(tool="ruff", verdict="missing", command="r", source="x:3", reason="no .venv"),
    ),
    delta=Delta(fixed=2, same=1),
    failures=(
        Failure(
            id="1a2b",
            tool="mypy",
            file="a.py",
            line=3,
            column=4,
            code="misc",
            message="first\nsecond [bold]",
            also=(Also(tool="pytest", test="t.py::t[1]", message="one\ntwo"),),
        ),
        Failure(id="3c4d", tool="make", message="no place", new=True),
    ),
)


def text(width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, soft_wrap=True)
    console.print(render_batch(BATCH))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_batch_is_shown_whole_and_once() -> None:
    assert text() == (
        "a.py\n"
        "      3:4  mypy misc  [1a2b]\n"
        "           first\n"
        "           second [bold]\n"
        "           also pytest  t.py::t[1]  one two\n"
        "\n"
        "(no file)\n"
        "           make  new  [3c4d]\n"
        "           no place\n"
        "\n"
        "! pyproject.toml cannot be read: no\n"
        "failed   mypy    1 found    mypy  (x:1)\n"
        "missing  pytest             p  (x:2)\n"
        "    no .venv\n"
        "missing  ruff               r  (x:3)\n"
        "\n"
        "incomplete: 1 failure in 1 file: mypy 1; not verified: pytest missing, ruff missing"
        " (only the targets named)\n"
        "since the last full run: 2 fixed, 1 same\n"
        "`hdb failure 1a2b` shows the one marked [1a2b] in full\n"
    )


def test_nothing_is_wrapped_in_a_narrow_pipe() -> None:
    assert text(width=20) == text()


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (Also(column=47), "column 47"),
        (Also(line=2), "line 2"),
        (Also(line=2, column=47), "line 2:47"),
        (Also(file="b.py", line=2, column=47), "b.py:2:47"),
    ],
    ids=str,
)
def test_a_place_of_another_finding_is_named(one: Also, shown: str) -> None:
    assert _also(one) == shown
