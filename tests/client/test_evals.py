"""The cases of `evals/`: the client loads each, and its graders tell good work from careless."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.client import claude
from tests.client.eval_agents import Agent, EvalModel
from tests.client.eval_scripts import CARELESS, GOOD

EVALS = claude.ROOT / "evals"
CASES = sorted(path.parent.name for path in EVALS.glob("*/prompt.md"))
SAMPLE = ["incomplete-is-not-success", "verify-after-edit"]
RUN = CASES if os.environ.get("HDB_TEST_MATRIX") else SAMPLE
GRANTS = ("Edit", "Write", "mcp__plugin_hdb_hdb")
CLIENT = claude.find()
with_client = pytest.mark.skipif(CLIENT is None, reason=claude.MISSING)


def front_matter(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text("utf-8").split("---\n")[1])
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the plugin whose server is this tree's, and whose projects use our tools."""
    prepared = tmp_path_factory.mktemp("prepared")
    (prepared / "environment").symlink_to(sys.prefix)
    folder = prepared / "plugin"
    for part in (".claude-plugin", "skills", "evals"):
        shutil.copytree(claude.ROOT / part, folder / part)
    program = [str(claude.ROOT / "mcp_server" / "__main__.py"), "mcp"]
    server = {"command": sys.executable, "args": ["-I", *program]}
    (folder / ".mcp.json").write_text(json.dumps({"mcpServers": {"hdb": server}}), "utf-8")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return claude.new_home(tmp_path_factory.mktemp("client") / "home")


def graded(plugin: Path, home: Path, folder: Path, case: str, agent: Agent) -> dict[str, bool]:
    """Run one case once and return which grader was satisfied; every one must have been asked.

    The client loads the other cases, too, and ends with 1 when one cannot be loaded.
    """
    assert CLIENT is not None
    report = folder / "report.json"
    options = ["--case", case, "--runs", "1", "--ablation", "none", "--mocks", "off", "--scaffold"]
    output = ["--json", str(report), "--output-dir", str(folder / "out"), "--no-publish"]
    arguments = ["plugin", "eval", str(plugin), "--trust-plugin", *options, *output]
    with EvalModel(agent) as model:
        run = claude.Claude(CLIENT, home).run(
            *arguments, "--allow-tools", *GRANTS, cwd=folder, url=model.url
        )
    result = json.loads(report.read_text("utf-8"))
    (only,) = result["cases"]
    (outcome,) = only["arms"]["with"]
    assert outcome.get("error") is None, outcome["error"]
    passed = {one["name"]: one["passed"] for one in outcome["graders"]}
    assert passed.keys() == {path.stem for path in (EVALS / case / "graders").glob("*.md")}
    assert run.status == (0 if all(passed.values()) else 1), run.errors
    return passed


def wanting(case: str) -> set[str]:
    """Return the graders that cannot be satisfied here, for want of the project's packages."""
    try:
        import fastapi  # type: ignore[import-not-found, unused-ignore]  # noqa: F401, PLC0415
    except ImportError:
        return {"ends-green"} if case == "backend-skill-for-an-endpoint" else set()
    return set()


def test_every_case_has_its_scripts() -> None:
    assert set(CASES) == set(GOOD) == set(CARELESS)


@with_client
@pytest.mark.parametrize("case", RUN)
def test_a_good_agent_satisfies_every_grader(
    case: str, plugin: Path, home: Path, tmp_path: Path
) -> None:
    passed = graded(plugin, home, tmp_path, case, GOOD[case])
    assert {name for name, good in passed.items() if not good} == wanting(case)


@with_client
@pytest.mark.parametrize("case", RUN)
def test_every_grader_fails_a_careless_agent(
    case: str, plugin: Path, home: Path, tmp_path: Path
) -> None:
    failed: set[str] = set()
    for number, agent in enumerate(CARELESS[case]):
        folder = tmp_path / str(number)
        folder.mkdir()
        passed = graded(plugin, home, folder, case, agent)
        failed |= {name for name, good in passed.items() if not good}
    assert failed == {path.stem for path in (EVALS / case / "graders").glob("*.md")}


@pytest.mark.parametrize("case", CASES)
def test_a_case_says_what_it_is_for_and_bounds_its_run(case: str) -> None:
    matter = front_matter(EVALS / case / "prompt.md")
    assert matter["description"].endswith(".")
    assert matter["tags"]
    assert matter["max_turns"] <= 30
    assert matter["timeout_seconds"] <= 600
    assert f"`{case}`" in (EVALS / "README.md").read_text("utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_case_grades_what_came_of_it_too(case: str) -> None:
    graders = [front_matter(path) for path in (EVALS / case / "graders").glob("*.md")]
    assert any(one["type"] != "tool_used" and one.get("arm") != "with-only" for one in graders)
    # Without the plugin nobody can call its tools: what asks for a call must not count there.
    calls = [one for one in graders if str(one.get("tool", "")).startswith("mcp__")]
    assert all(one["arm"] == "with-only" for one in calls if one.get("max") != 0)


def test_a_case_that_was_not_prepared_says_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(EVALS, tmp_path / "plugin" / "evals")
    stage = tmp_path / "plugin" / "evals" / CASES[0] / "stage.sh"
    done = subprocess.run(
        [str(shutil.which("bash")), str(stage)], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"evals/prepare.sh" in done.stderr


@pytest.mark.parametrize("installer", ["uv", "python3"])
def test_preparing_makes_what_the_runs_share(installer: str, tmp_path: Path) -> None:
    tree, programs, folder = tmp_path / "hdb", tmp_path / "programs", tmp_path / "folder"
    shutil.copytree(EVALS, tree / "evals")
    for name in (".claude-plugin", "bin", "mcp_server", "skills"):
        (tree / name).mkdir()
    for name in (".mcp.json", "requirements.lock"):
        (tree / name).touch()
    programs.mkdir()
    for name in ("bash", "cp", "dirname", "mkdir", "rm"):
        (programs / name).symlink_to(str(shutil.which(name)))
    program = f"#!{shutil.which('bash')}\necho \"$0 $*\" >> '{tmp_path}/calls'\n"
    # Stands for the installer, and for the interpreter that it makes in the folder it is told.
    making = 'case "$*" in *venv*) mkdir -p "${@: -1}/bin"; cp "$0" "${@: -1}/bin/python";; esac\n'
    for path, text in (
        (programs / installer, program + making),
        (tree / "bin" / "hdb", f"{program}echo \"$HDB_CACHE\" >> '{tmp_path}/calls'\n"),
    ):
        path.write_text(text, "utf-8")
        path.chmod(0o755)
    for _twice in range(2):
        done = subprocess.run(
            [str(programs / "bash"), str(tree / "evals" / "prepare.sh"), str(folder)],
            cwd=tmp_path,
            env={"PATH": str(programs)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    made, installed, started, cache = (tmp_path / "calls").read_text("utf-8").splitlines()[:4]
    assert made.endswith(f" {folder}/environment")
    assert installed.count("-r ") == len(CASES)
    assert started.startswith("bin/hdb conventions")
    assert cache == f"{folder}/hdb"
    assert (folder / "plugin" / "evals" / CASES[0] / "prompt.md").is_file()
