"""The last batch of a project is kept whole, and what cannot be read is as if it were not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_server import store
from mcp_server.verify import verify
from tests.conftest import ProjectFactory

RED = {"pyproject.toml": "[tool.ruff]\n[tool.ruff.lint]\nselect = ['F']\n", "a.py": "import os\n"}


def kept() -> list[Path]:
    return list((Path(os.environ["HDB_CACHE"]) / "batches").iterdir())


async def test_a_batch_comes_back_as_it_was(project: ProjectFactory) -> None:
    folder = project(RED)
    batch = await verify(folder)
    assert store.last_batch(folder) == batch
    (member,) = store.last_members(folder, batch.failures[0].id) or []
    assert member["message"] == "`os` imported but unused"


async def test_nothing_but_the_batch_is_left_in_the_folder(project: ProjectFactory) -> None:
    await verify(project(RED))
    assert len(kept()) == 1


async def test_batches_of_two_projects_are_kept_apart(project: ProjectFactory) -> None:
    first, second = project(RED), project({**RED, "b.py": "import sys\n"}, name="second")
    batches = [await verify(first), await verify(second)]
    assert [store.last_batch(first), store.last_batch(second)] == batches


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 0}', '{"format": 1}', "\0" * 99])
async def test_a_corrupt_file_is_as_if_it_were_not_there(
    project: ProjectFactory, text: str
) -> None:
    folder = project(RED)
    await verify(folder)
    kept()[0].write_text(text, encoding="utf-8")
    assert store.last_batch(folder) is None
    assert store.previous(folder) is None
    batch = await verify(folder)
    assert batch.delta is None
    assert store.last_batch(folder) == batch


async def test_a_cache_that_cannot_be_written_spoils_no_verdict(
    project: ProjectFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("HDB_CACHE", str(tmp_path / "file"))
    assert (await verify(project(RED))).verdict == "failed"
