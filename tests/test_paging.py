"""Pages of a batch lose nothing, whatever its size."""

from __future__ import annotations

import pytest

from mcp_server.contract import Also, Batch, Failure, StepResult
from mcp_server.paging import page


def batch(failures: int, also: int = 0) -> Batch:
    return Batch(
        schema="hdb.batch/1",
        id="abc123",
        verdict="failed",
        scope="full",
        summary="many",
        steps=(StepResult(tool="ruff", verdict="failed", command="ruff", source="x"),),
        failures=tuple(
            Failure(
                id=f"{number:06}",
                tool="ruff",
                message="m" * 40,
                also=tuple(Also(test=f"t.py::t[{case}]") for case in range(also)),
            )
            for number in range(failures)
        ),
    )


def pages(whole: Batch, limit: int) -> list[Batch]:
    found = []
    first = page(whole, 0, limit)
    while first is not None:
        found.append(first)
        first = page(whole, int(first.next.split(":")[1]), limit) if first.next else None
    return found


@pytest.mark.parametrize(("failures", "also"), [(500, 0), (3, 400), (1, 2000), (0, 0)])
def test_every_finding_is_on_exactly_one_page(failures: int, also: int) -> None:
    found = pages(batch(failures, also), 2000)
    heads = {one.id for each in found for one in each.failures}
    members = [one.test for each in found for failure in each.failures for one in failure.also]
    assert len(heads) == failures
    assert len(members) == failures * also
    assert all(len(each.json_text()) < 3000 for each in found)


def test_a_batch_that_fits_is_one_page_without_a_cursor() -> None:
    assert page(batch(3)) == batch(3)


def test_the_steps_are_told_once() -> None:
    first, second, *_ = pages(batch(500), 2000)
    assert first.steps
    assert not second.steps


def test_there_is_no_page_past_the_end() -> None:
    assert page(batch(3), 1) is None
