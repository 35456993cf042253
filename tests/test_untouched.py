"""What no verification runs stands in the summary of a green batch as well."""

from __future__ import annotations

from mcp_server.verify import verify
from tests.conftest import ProjectFactory

HOOK = "  - {id: spell, name: s, language: system, entry: spellbook}\n"
HOOKS = f"repos:\n- repo: local\n  hooks:\n{HOOK}"


async def test_a_green_batch_names_the_hooks_that_hdb_does_not_run(project: ProjectFactory) -> None:
    folder = project({
        "pyproject.toml": "[tool.ruff]\n[project]\nname = 'x'\nversion = '1'\n",
        "a.py": "A = 1\n",
        ".pre-commit-config.yaml": HOOKS,
    })  # fmt: skip
    batch = await verify(folder)
    assert batch.verdict == "passed"
    assert batch.summary.endswith("hdb does not run the hooks spell of .pre-commit-config.yaml")


async def test_a_task_that_would_rewrite_files_is_not_run(project: ProjectFactory) -> None:
    # hdb cannot tell what make will put there, so that it could only run the task as it stands.
    makefile = "test:\n\tpytest\nformat:\n\truff format $(shell echo .)\n"
    folder = project({"Makefile": makefile, "test_a.py": "def test_a()  : pass\n"})
    batch = await verify(folder)
    [step] = [one for one in batch.steps if "format" in (one.command or "")]
    assert (batch.verdict, step.verdict) == ("incomplete", "not_run")
    assert "it would rewrite files by `ruff format`" in str(step.reason)
    assert (folder / "test_a.py").read_text() == "def test_a()  : pass\n"
