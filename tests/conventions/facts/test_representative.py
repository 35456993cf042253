"""The test to write like: the commonest kind with the commonest fixtures, of median length."""

from __future__ import annotations

from pathlib import Path

from tests.conventions.facts.projects import facts_of

TESTS = """import pytest

def test_alone(): ...

@pytest.mark.asyncio
async def test_long(client):
    assert 1
    assert 2
    assert 3
    assert 4

@pytest.mark.asyncio
async def test_short(client):
    assert 1

@pytest.mark.asyncio
@pytest.mark.parametrize("value", [1, (2)])
async def test_marked(client, value): ...

@pytest.mark.asyncio
async def test_middle(
    client: dict[str, list[int]],
):
    assert 1
    assert 2
    assert 3

@pytest.mark.asyncio
async def test_other(session, client): ...
"""


def test_the_test_is_of_the_commonest_shape_and_of_median_length(tmp_path: Path) -> None:
    files = {"tests/test_one.py": "def test_x(): ...\n", "tests/unit/test_a.py": TESTS}
    found = facts_of(tmp_path, files).test
    assert found is not None
    assert (found.name, found.source) == ("test_middle", "tests/unit/test_a.py:21")
    assert found.features == ("async", "mark asyncio", "fixture client")
    assert found.why == (
        "4 of 6 tests in tests/unit are async, mark asyncio, most often with the fixtures "
        "client (3); it is of median length among those"
    )


def test_what_parametrize_gives_is_no_fixture(tmp_path: Path) -> None:
    mark = "@pytest.mark.parametrize(('one', 'two'), [])\n"
    text = f"import pytest\n\n{mark}def test_a(self, one, client, two): ...\n"
    found = facts_of(tmp_path, {"tests/test_a.py": text}).test
    assert found is not None
    assert found.features == ("mark parametrize", "fixture client")


def test_the_choice_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        files = {f"{name}/tests/test_{part}.py": "def test_b(): ...\n" for part in "abc"}
        found = facts_of(tmp_path, {f"{name}/setup.py": "", **files}, name).test
        assert found is not None
        assert found.source == f"{name}/tests/test_a.py:1"
