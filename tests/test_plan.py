"""What is planned from conventions, and which targets are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.errors import UnsafePathError, UsageError
from mcp_server.models import Filter, Step, Verdict
from mcp_server.plan import plan
from mcp_server.targets import read_targets
from tests.conftest import ProjectFactory

TOOLS = {
    "pyproject.toml": (
        "[tool.pytest.ini_options]\n[tool.ruff]\n[tool.ruff.format]\n[tool.mypy]\nfiles = ['src']\n"
    ),
    "src/a.py": "A = 1\n",
    "tests/test_a.py": "def test_a(): pass\n",
    "notes.md": "text\n",
}


def steps(folder: Path, *targets: str) -> dict[str, Step]:
    conventions = read_conventions(folder, {})
    return {step.tool: step for step in plan(conventions, read_targets(folder, targets))}


def test_each_configured_tool_becomes_a_step_of_the_projects_environment(
    project: ProjectFactory,
) -> None:
    folder = project(TOOLS)
    found = steps(folder)
    assert set(found) == {"pytest", "ruff", "ruff-format", "mypy"}
    assert all(step.argv[0].startswith(f"{folder}/.venv/bin/") for step in found.values())


def test_a_missing_environment_is_reported_with_the_command_that_creates_it(
    project: ProjectFactory,
) -> None:
    folder = project({**TOOLS, "uv.lock": ""}, ready=False)
    for step in steps(folder).values():
        assert step.refused is not None
        verdict, reason = step.refused
        assert verdict is Verdict.MISSING
        assert "uv sync" in reason


def test_a_tool_that_the_environment_lacks_is_missing(project: ProjectFactory) -> None:
    folder = project(TOOLS, ready=False)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").write_text("version = 3.12.0\n", encoding="utf-8")
    (folder / ".venv" / "bin" / "python").symlink_to("/bin/sh")
    refused = steps(folder)["mypy"].refused
    assert refused is not None
    assert refused[0] is Verdict.MISSING
    assert "mypy is not installed in .venv" in refused[1]


def test_the_makefiles_options_are_kept(project: ProjectFactory) -> None:
    folder = project({**TOOLS, "Makefile": "test:\n\t.venv/bin/pytest -k fast -m 'not slow'\n"})
    argv = steps(folder)["pytest"].argv
    assert argv[-4:] == ("-k", "fast", "-m", "not slow")


def test_a_mutating_command_is_planned_in_its_checking_form(project: ProjectFactory) -> None:
    folder = project({**TOOLS, "Makefile": "lint:\n\t.venv/bin/ruff check --fix src\n"})
    step = steps(folder)["ruff"]
    assert step.command == ".venv/bin/ruff check --fix src"
    assert "--fix" not in step.argv
    assert step.ran is not None
    assert "--no-fix" in step.ran


def test_file_patterns_are_expanded_as_a_shell_would(project: ProjectFactory) -> None:
    folder = project({**TOOLS, "Makefile": "lint:\n\t.venv/bin/ruff check src/*.py\n"})
    assert steps(folder)["ruff"].argv[-1] == "src/a.py"


def test_one_command_that_is_run_on_two_sets_of_files_is_two_steps(project: ProjectFactory) -> None:
    hook = "{id: ruff, args: [], exclude: %s}"
    config = f"repos: [{{repo: x/ruff, hooks: [{hook % '^a/'}, {hook % '^b/'}]}}]"
    folder = project({**TOOLS, ".pre-commit-config.yaml": config})
    found = [one for one in plan(read_conventions(folder, {})) if one.tool == "ruff"]
    assert len({one.argv for one in found}) == 1
    assert [one.within for one in found] == [Filter((), ("^a/",)), Filter((), ("^b/",))]


def test_a_source_target_is_checked_by_the_static_tools(project: ProjectFactory) -> None:
    found = steps(project(TOOLS), "src/a.py")
    assert set(found) == {"ruff", "ruff-format", "mypy"}
    # They run as the project runs them, so that its excludes hold; the findings are picked.
    assert all("src/a.py" not in step.argv for step in found.values())
    assert all(step.only == ("src/a.py",) for step in found.values())


def test_a_test_id_is_run_by_pytest_and_its_file_checked_by_the_others(
    project: ProjectFactory,
) -> None:
    found = steps(project(TOOLS), "tests/test_a.py::test_a")
    assert found["pytest"].argv[-1] == "tests/test_a.py::test_a"
    assert found["ruff"].only == ("tests/test_a.py",)


def test_a_target_that_no_tool_reads_plans_nothing(project: ProjectFactory) -> None:
    assert not steps(project(TOOLS), "notes.md")


def test_targets_of_a_subfolder_project_are_relative_to_it(project: ProjectFactory) -> None:
    folder = project({f"backend/{path}": text for path, text in TOOLS.items()})
    found = steps(folder, "backend/tests/test_a.py")
    assert found["pytest"].argv[-1] == "tests/test_a.py"
    assert found["ruff"].only == ("backend/tests/test_a.py",)


def test_a_role_that_nothing_can_serve_is_a_step_that_did_not_run(project: ProjectFactory) -> None:
    makefile = "test:\n\tdocker compose run app pytest\n"
    found = steps(project({"pyproject.toml": "[tool.ruff]\n", "a.py": "", "Makefile": makefile}))
    assert found["ruff"].refused is None
    (refused,) = [step.refused for step in found.values() if step.refused]
    assert refused[0] is Verdict.NOT_RUN
    assert "docker" in refused[1]


def test_a_whole_target_needs_the_projects_environment_too(project: ProjectFactory) -> None:
    makefile = "test:\n\tfor i in 1; do python -m pytest; done\n"
    (step,) = steps(
        project({"a.py": "", "Makefile": makefile, "uv.lock": ""}, ready=False)
    ).values()
    assert step.refused is not None
    assert step.refused[0] is Verdict.MISSING


@pytest.mark.parametrize("target", ["-x", "--fix", "", " ", "../outside.py", "/etc/passwd"])
def test_a_target_that_is_an_option_or_lies_outside_is_refused(
    project: ProjectFactory, target: str
) -> None:
    folder = project(TOOLS)
    (folder.parent / "outside.py").write_text("", encoding="utf-8")
    with pytest.raises(UnsafePathError):
        read_targets(folder, [target])


def test_a_symlink_that_leaves_the_project_is_refused_as_a_target(project: ProjectFactory) -> None:
    folder = project(TOOLS)
    (folder / "link.py").symlink_to("/etc/hostname")
    with pytest.raises(UnsafePathError, match="outside"):
        read_targets(folder, ["link.py"])


def test_a_target_that_does_not_exist_is_named(project: ProjectFactory) -> None:
    with pytest.raises(UsageError, match=r"There is no src/b\.py"):
        read_targets(project(TOOLS), ["src/b.py"])


@pytest.mark.parametrize("stated", ['ini_options = "x"', "python_files = 3", "ini_options = 1"])
def test_settings_of_pytest_that_cannot_be_meant_end_no_plan(
    project: ProjectFactory, stated: str
) -> None:
    folder = project({"pyproject.toml": f"[tool.pytest]\n{stated}\n", "test_a.py": ""})
    conventions = read_conventions(folder)
    steps = plan(conventions, read_targets(conventions.root, ["test_a.py"]))
    assert [step.tool for step in steps] == ["pytest"]
