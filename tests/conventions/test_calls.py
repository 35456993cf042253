"""Which tasks of which runner a command line calls."""

from __future__ import annotations

import pytest

from mcp_server.conventions.shell.decompose import decompose
from mcp_server.conventions.shell.pieces import Simple
from mcp_server.conventions.tasks.calls import Call, built_in, call_of


def call(text: str) -> Call | None:
    (piece,) = decompose(text)
    assert isinstance(piece, Simple)
    return call_of(piece)


@pytest.mark.parametrize(
    ("text", "runner", "folder", "names"),
    [
        ("make", "make", ".", ()),
        ("make lint test", "make", ".", ("lint", "test")),
        ("make -C api -j4 lint A=1", "make", "api", ("lint",)),
        ("make -j lint", "make", ".", ("lint",)),
        ("make -j 4 lint", "make", ".", ("lint",)),
        ("cd api && just -d sub check arg", "just", "api/sub", ("check",)),
        ("uv run task lint", "task", ".", ("lint",)),
        ("poetry run poe lint -x", "poe", ".", ("lint",)),
        ("uv run --directory api invoke linters", "invoke", "api", ("linters",)),
        ("pdm run lint", "pdm", ".", ("lint",)),
        ("pdm lint", "pdm", ".", ("lint",)),
        ("hatch run types:check", "hatch", ".", ("types:check",)),
        ("hatch -e types run check", "hatch", ".", ("check",)),
        ("npm run test", "npm", ".", ("test",)),
        ("python -m tox -e py", "tox", ".", ()),
        ("uvx nox -s lint", "nox", ".", ()),
        ("pre-commit run mypy -a", "pre-commit", ".", ()),
        ("prek run", "pre-commit", ".", ()),
    ],
)
def test_a_call_names_its_runner_its_folder_and_its_tasks(
    text: str, runner: str, folder: str, names: tuple[str, ...]
) -> None:
    found = call(text)
    assert found is not None
    assert (found.runner, found.folder, found.names) == (runner, folder, names)


@pytest.mark.parametrize("text", ["pytest", "make -f other.mk lint", "tox -c x.ini", "pdm install"])
def test_what_calls_no_task_that_is_read_is_no_call(text: str) -> None:
    found = call(text)
    assert found is None or found.names == ("install",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hatch test", ["pytest"]),
        ("hatch fmt --check", ["ruff check", "ruff format --check"]),
        ("hatch fmt --check -f", ["ruff format --check"]),
        ("hatch build", []),
    ],
)
def test_hatchs_own_commands_stand_for_tools(text: str, expected: list[str]) -> None:
    found = call(text)
    assert [" ".join(one) for one in (built_in(found) if found else ())] == expected
