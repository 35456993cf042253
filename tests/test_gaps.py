"""What a project runs and hdb cannot is seen in the batch: nothing falls between two checks."""

from __future__ import annotations

import pytest

from mcp_server.verify import Request, verify
from tests.conftest import ProjectFactory
from tests.findings import findings

PASSING = "def test_a():\n    pass\n"
PYTEST = ".venv/bin/pytest"
UNITTEST = "import unittest\nclass T(unittest.TestCase):\n  def test(self): {}\n"
LOOP = "test:\n\tfor d in a b; do {}; done\n"
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a script beside a known tool": (
        {"Makefile": f"test:\n\t{PYTEST}\n\tpython3 scripts/check.py\n", "test_a.py": PASSING},
        {"pytest": "passed", "python3": "not_run"},
    ),
    "a loop beside a known tool": (
        {
            "Makefile": f"test:\n\t{PYTEST}\n\tfor d in x; do pytest $$d; done\n",
            "test_a.py": PASSING,
        },
        {"pytest": "passed", "for": "not_run"},
    ),
    "another makefile": (
        {"Makefile": f"test:\n\t{PYTEST}\n\t$(MAKE) -f other.mk all\n", "test_a.py": PASSING},
        {"pytest": "passed", "make": "not_run"},
    ),
    "a line under [tool.hdb] that cannot be taken apart": (
        {
            "pyproject.toml": "[tool.hdb]\nlint = 'for f in *.py; do lint $f; done'\n[tool.ruff]\n",
            "a.py": "",
        },
        {"for": "not_run"},
    ),
    "a folder outside the project": (
        {"Makefile": "test:\n\tuv run --directory /etc pytest\n", "test_a.py": PASSING},
        {"pytest": "not_run"},
    ),
    "a folder that is not there": (
        {"Makefile": f"test:\n\tcd nowhere && ../{PYTEST}\n", "test_a.py": PASSING},
        {"pytest": "not_run"},
    ),
    "a unittest run without a test": (
        {
            "Makefile": LOOP.format("python3 -m unittest discover -s $$d"),
            "a/x.py": "",
            "b/x.py": "",
        },
        {"make": "crashed"},
    ),
    "a loop whose first failure is swallowed": (
        {
            "Makefile": LOOP.format("python3 -m unittest $$d.t"),
            "a/t.py": UNITTEST.format("self.fail()"),
            "b/t.py": UNITTEST.format("pass"),
        },
        {"make": "crashed"},
    ),
    "a condition that only make can decide": (
        {
            "Makefile": (
                f"ifeq ($(shell echo x),y)\nT = a\nelse\nT = b\nendif\ntest:\n\t{PYTEST} $(T)\n"
            ),
            "a/test_a.py": PASSING,
            "b/test_b.py": "def test_b():\n    assert 0\n",
        },
        {"make": "failed"},
    ),
}


@pytest.mark.parametrize(("files", "verdicts"), CASES.values(), ids=CASES)
async def test_what_is_not_run_is_never_green(
    project: ProjectFactory, files: dict[str, str], verdicts: dict[str, str]
) -> None:
    batch = await verify(project({"setup.cfg": "", **files}))
    assert {step.tool: step.verdict for step in batch.steps} == verdicts
    assert batch.verdict != "passed"


@pytest.mark.parametrize(("status", "verdict"), [(0, "passed"), (1, "failed")])
async def test_a_quiet_command_stated_for_hdb_is_believed(
    project: ProjectFactory, status: int, verdict: str
) -> None:
    stated = "[tool.hdb]\nlint = ['python3 lint.py']\n"
    files = {"pyproject.toml": stated, "lint.py": f"raise SystemExit({status})\n"}
    batch = await verify(project(files))
    assert {step.tool: step.verdict for step in batch.steps} == {"python3": verdict}


async def test_commands_that_differ_in_their_environment_all_run(project: ProjectFactory) -> None:
    test = "import os\n\n\ndef test_a():\n    assert os.environ['DB'] == 'a'\n"
    makefile = f"test:\n\tDB=a {PYTEST}\n\tDB=b {PYTEST}\n"
    batch = await verify(project({"setup.cfg": "", "Makefile": makefile, "test_a.py": test}))
    assert [step.verdict for step in batch.steps] == ["passed", "failed"]


async def test_the_parts_of_a_check_all_run_where_no_task_names_the_whole(
    project: ProjectFactory,
) -> None:
    makefile = f"test-unit:\n\t{PYTEST} unit\n\ntest-integration:\n\t{PYTEST} inte\n"
    files = {"Makefile": makefile, "unit/test_a.py": PASSING, "inte/test_b.py": "assert 0\n"}
    batch = await verify(project({"setup.cfg": "", **files}))
    assert sorted(step.verdict for step in batch.steps) == ["failed", "passed"]


async def test_a_quoted_pattern_is_the_tools_and_not_the_shells(project: ProjectFactory) -> None:
    makefile = "lint:\n\t.venv/bin/flake8 --exclude 'gen_*,.venv' *.py\n"
    files = {"Makefile": makefile, "gen_a.py": "import os\n", "m.py": "import sys\n"}
    batch = await verify(project({"setup.cfg": "", **files}))
    assert {one["file"] for one in findings(batch)} == {"m.py"}


async def test_a_skipped_failure_is_not_mended(project: ProjectFactory) -> None:
    folder = project(
        {"setup.cfg": "", "test_a.py": "def test_a():\n    assert 0\n", "test_b.py": PASSING}
    )
    await verify(folder)
    skipped = "import pytest\n\n\n@pytest.mark.skip\ndef test_a():\n    assert 0\n"
    (folder / "test_a.py").write_text(skipped, encoding="utf-8")
    batch = await verify(folder)
    assert batch.delta is not None
    assert batch.delta.lean() == {"unknown": 1}


async def test_an_id_survives_a_message_that_changes_in_every_run(project: ProjectFactory) -> None:
    test = "import uuid\n\n\ndef test_a():\n    assert str(uuid.uuid4()) == ''\n"
    folder = project({"setup.cfg": "", "test_a.py": test})
    first, second = await verify(folder), await verify(folder)
    assert first.failures[0].id == second.failures[0].id
    assert second.delta is not None
    assert second.delta.lean() == {"same": 1}


async def test_a_run_over_targets_keeps_the_full_batch_to_compare_with(
    project: ProjectFactory,
) -> None:
    folder = project(
        {"setup.cfg": "", "test_a.py": "def test_a():\n    assert 0\n", "test_b.py": PASSING}
    )
    await verify(folder)
    await verify(folder, Request(targets=["test_b.py"]))
    batch = await verify(folder)
    assert batch.delta is not None
    assert batch.delta.lean() == {"same": 1}


async def test_a_secret_in_a_test_id_is_masked(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "correct-horse-battery")
    test = (
        "import os\nimport pytest\n\n\n@pytest.mark.parametrize('k', [os.environ['MY_TOKEN']])\n"
        "def test_a(k):\n    assert k == ''\n"
    )
    batch = await verify(project({"setup.cfg": "", "test_a.py": test}))
    assert "correct-horse" not in batch.json_text()
    assert batch.failures[0].test == "test_a.py::test_a[***]"


PRINTING = """
from mypy.plugin import Plugin

print("Loading settings")


def plugin(version):
    return Plugin
"""


@pytest.mark.parametrize(
    ("source", "verdict"), [("x = 1\n", "passed"), ("x: int = ''\n", "failed")]
)
async def test_a_plugin_of_mypy_may_print(
    project: ProjectFactory, source: str, verdict: str
) -> None:
    """Mypy's JSON has no sum, so that nothing but the plain text proves that nothing is lost."""
    stated = "[tool.mypy]\nplugins = ['plug.py']\nfiles = ['a.py']\n"
    folder = project({"pyproject.toml": stated, "a.py": source, "plug.py": PRINTING})
    (step,) = (await verify(folder)).steps
    assert step.verdict == verdict
    assert step.reason == "printed beside mypy's report: Loading settings"


async def test_a_setting_of_a_module_that_mypy_ignores_is_a_remark(project: ProjectFactory) -> None:
    stated = (
        "[tool.mypy]\nfiles = ['a.py']\n"
        "[[tool.mypy.overrides]]\nmodule = ['a']\nwarn_unused_configs = true\n"
    )
    (step,) = (await verify(project({"pyproject.toml": stated, "a.py": ""}))).steps
    assert step.verdict == "passed"
    assert "Per-module sections" in (step.reason or "")


async def test_every_session_of_pytest_in_one_program_is_seen(project: ProjectFactory) -> None:
    program = (
        "import pytest\npytest.main(['test_a.py', '-qq'])\npytest.main(['test_b.py', '-qq'])\n"
    )
    files = {
        "pyproject.toml": "[tool.hdb]\ntest = 'python run.py'\n",
        "run.py": program,
        "test_a.py": PASSING,
        "test_b.py": "def test_b():\n    assert 1 == 2\n",
    }
    batch = await verify(project(files))
    assert batch.verdict != "passed"
    assert {one.test for one in batch.failures} == {"test_b.py::test_b"}
