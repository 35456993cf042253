"""What a verification covers: everything, what a change reaches, or what was named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_server.contract import Batch
from mcp_server.errors import UsageError
from mcp_server.repository import Conventions, Environment, Project, Settings
from mcp_server.scope import is_affected
from mcp_server.snapshot.packages import installed, led_outside
from mcp_server.status import read_status
from mcp_server.verify import Request, verify
from tests.conftest import ProjectFactory
from tests.repositories import commit

SERVICE = {
    "pyproject.toml": (
        "[tool.pytest.ini_options]\ntestpaths = ['tests']\npythonpath = ['src']\n"
        "[tool.ruff.lint]\nselect = ['F']\n"
    ),
    "README.md": "A service.\n",
    "src/shop/__init__.py": "",
    "src/shop/price.py": "def price() -> int:\n    return 1\n",
    "src/shop/order.py": "from shop.price import price\n\n\ndef total():\n    return price()\n",
    "src/shop/mail.py": "def send() -> str:\n    return 'sent'\n",
    "tests/conftest.py": "",
    "tests/orders/test_order.py": (
        "from shop.order import total\n\n\ndef test_total():\n    assert total() == 1\n"
    ),
    "tests/orders/test_price.py": (
        "from shop.price import price\n\n\ndef test_price():\n    assert price() == 1\n"
    ),
    "tests/mails/test_mail.py": (
        "from shop.mail import send\n\n\ndef test_send():\n    assert send() == 'sent'\n"
    ),
    "tests/mails/test_text.py": "def test_text():\n    assert 'a'\n",
}
AFFECTED = Request(affected=True)
# Edits here change a file's size: Python takes what it compiled within the same second for current.


@pytest.fixture
async def green(project: ProjectFactory) -> Path:
    """Return a service whose last full batch passed."""
    folder = project(SERVICE)
    assert (await verify(folder)).verdict == "passed"
    return folder


def ran_tests(batch: Batch) -> int:
    return next(step.passed + step.failures for step in batch.steps if step.tool == "pytest")


async def test_what_a_change_cannot_reach_is_left_out_and_said(green: Path) -> None:
    (green / "src/shop/price.py").write_text("def price() -> int:\n    return 1 + 1\n")
    batch = await verify(green, AFFECTED)
    assert (batch.verdict, batch.scope) == ("failed", "affected")
    assert {one.test for one in batch.failures} == {
        "tests/orders/test_order.py::test_total",
        "tests/orders/test_price.py::test_price",
    }
    assert ran_tests(batch) == 2
    left_out = batch.left_out
    assert left_out is not None
    assert (left_out.files, left_out.of, left_out.where) == (2, 4, ("tests/mails/",))
    assert "1 change since batch" in left_out.why
    assert batch.summary.endswith("; 2 of 4 test files left out")
    assert {step.tool for step in batch.steps} == {"pytest", "ruff"}


async def test_a_part_that_passes_does_not_verify(green: Path) -> None:
    (green / "src/shop/mail.py").write_text("def send() -> str:\n    return 'sen' + 't'\n")
    batch = await verify(green, AFFECTED)
    assert (batch.verdict, batch.scope, ran_tests(batch)) == ("passed", "affected", 1)
    status = read_status(green, None)
    assert not status.verified
    assert status.batch is not None
    assert status.batch.scope == "full"
    again = await verify(green, AFFECTED)
    assert (again.scope, ran_tests(again)) == ("affected", 1)


def configuration(folder: Path) -> None:
    with (folder / "pyproject.toml").open("a") as file:
        file.write("[tool.other]\n")


def conftest(folder: Path) -> None:
    (folder / "tests/conftest.py").write_text("import os\nassert os\n")


def data(folder: Path) -> None:
    (folder / "src/shop/prices.json").write_text("{}")


WIDENED: dict[str, Callable[[Path], None]] = {
    "configuration": configuration,
    "a conftest above all tests": conftest,
    "data": data,
}


@pytest.mark.parametrize("change", WIDENED.values(), ids=WIDENED)
async def test_in_doubt_everything_is_run_and_the_batch_is_full(
    green: Path, change: Callable[[Path], None]
) -> None:
    change(green)
    batch = await verify(green, AFFECTED)
    assert (batch.scope, batch.left_out, ran_tests(batch)) == ("full", None, 4)
    assert "everything was run: " in batch.summary
    assert read_status(green, None).verified


async def test_another_package_in_the_environment_can_break_everything(
    green: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.scope.installed", lambda _: "others")
    batch = await verify(green, AFFECTED)
    assert (batch.scope, ran_tests(batch)) == ("full", 4)
    assert "packages changed since batch" in batch.summary


def test_what_is_installed_is_told_by_what_installers_leave(tmp_path: Path) -> None:
    packages = tmp_path / ".venv/lib/python3.11/site-packages"
    record = packages / "a-1.0.dist-info/RECORD"
    record.parent.mkdir(parents=True)
    record.write_text("a")
    environment = Environment(kind="venv", folder=tmp_path / ".venv", ready=True)
    project = Project(path=".", settings=Settings(), environment=environment)
    conventions = Conventions(root=tmp_path, projects=(project,))
    seen = [installed(conventions), installed(conventions)]
    assert seen[0] == seen[1]
    (packages / "__pycache__").mkdir()
    assert installed(conventions) == seen[0]
    (packages / "a.py").write_text("")
    seen.append(installed(conventions))
    record.write_text("again")
    seen.append(installed(conventions))
    (packages / "b-1.0.dist-info").mkdir()
    seen.append(installed(conventions))
    (packages / "c.pth").write_text("/elsewhere")
    seen.append(installed(conventions))
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.pth", "/usr/share\n"),
        ("__editable___x_finder.py", "MAPPING = {'x': '/usr/share'}\n"),
        ("x.egg-link", "/usr/share\n.\n"),
        ("../../../pyvenv.cfg", "home = /usr/share\ninclude-system-site-packages = true\n"),
    ],
)
def test_an_environment_that_leads_elsewhere_is_noticed(
    tmp_path: Path, path: str, text: str
) -> None:
    packages = tmp_path / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    environment = Environment(kind="venv", folder=tmp_path / ".venv", ready=True)
    project = Project(path=".", settings=Settings(), environment=environment)
    conventions = Conventions(root=tmp_path, projects=(project,))
    (packages / "own.pth").write_text(f"{tmp_path / 'src'}\nimport x\n")
    assert led_outside(conventions) == ""
    (packages / path).write_text(text)
    assert led_outside(conventions) == "/usr/share"


async def test_code_outside_of_the_folder_can_change_unseen(project: ProjectFactory) -> None:
    stated = "[tool.pytest.ini_options]\npythonpath = ['../shared']\n"
    folder = project({"pyproject.toml": stated, "test_a.py": "def test_a():\n    assert 1\n"})
    assert (await verify(folder)).verdict == "passed"
    batch = await verify(folder, AFFECTED)
    assert batch.scope == "full"
    assert "../shared, which lies outside of the folder" in batch.summary


async def test_what_failed_last_is_run_again_although_nothing_reaches_it(green: Path) -> None:
    ignored = green / "tests/mails/state"
    (green / ".gitignore").write_text("state\n")
    (green / "tests/mails/test_text.py").write_text(
        "from pathlib import Path\n\n\n"
        "def test_text():\n    assert not Path(__file__).with_name('state').exists()\n"
    )
    assert (await verify(green)).verdict == "passed"
    ignored.write_text("")
    assert (await verify(green)).verdict == "failed"
    (green / "src/shop/price.py").write_text("def price() -> int:\n    return 2 - 1\n")
    batch = await verify(green, AFFECTED)
    assert (batch.verdict, batch.scope) == ("failed", "affected")
    assert {one.test for one in batch.failures} == {"tests/mails/test_text.py::test_text"}


async def test_a_file_that_git_keeps_although_it_is_ignored_is_a_change(
    project: ProjectFactory,
) -> None:
    files = {name: text for name, text in SERVICE.items() if "src/" not in name}
    lib = {name.replace("src/", "lib/"): text for name, text in SERVICE.items() if "src/" in name}
    stated = SERVICE["pyproject.toml"].replace("'src'", "'lib'")
    folder = project({**files, **lib, "pyproject.toml": stated, ".gitignore": ".venv\n"})
    commit(folder)
    (folder / ".gitignore").write_text(".venv\nlib/\n")
    commit(folder)
    assert (await verify(folder)).verdict == "passed"
    (folder / "lib/shop/price.py").write_text("def price() -> int:\n    return 1 + 1\n")
    assert not read_status(folder, None).verified
    assert len((await verify(folder, AFFECTED)).failures) == 2


async def test_a_command_that_leaves_nothing_out_makes_a_full_batch(
    project: ProjectFactory,
) -> None:
    makefile = "test:\n\tpython -m unittest discover -s tests\n"
    test = "import unittest\n\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n"
    folder = project({"Makefile": makefile, "pyproject.toml": "", "tests/test_a.py": test})
    assert (await verify(folder)).verdict == "passed"
    batch = await verify(folder, AFFECTED)
    assert (batch.scope, batch.left_out) == ("full", None)


async def test_without_a_green_batch_everything_is_run(project: ProjectFactory) -> None:
    batch = await verify(project(SERVICE), AFFECTED)
    assert (batch.scope, ran_tests(batch)) == ("full", 4)
    assert "no full batch has passed yet" in batch.summary


async def test_a_batch_that_failed_is_no_base(green: Path) -> None:
    (green / "src/shop/price.py").write_text("def price() -> int:\n    return 1 + 1\n")
    assert (await verify(green)).verdict == "failed"
    (green / "src/shop/mail.py").write_text("def send() -> str:\n    return 'sen' + 't'\n")
    batch = await verify(green, AFFECTED)
    assert (batch.scope, ran_tests(batch), len(batch.failures)) == ("affected", 3, 2)


async def test_a_deleted_module_reaches_who_imports_it(green: Path) -> None:
    (green / "src/shop/price.py").unlink()
    batch = await verify(green, AFFECTED)
    assert {one.file for one in batch.failures} == {
        "src/shop/order.py",
        "tests/orders/test_price.py",
    }
    assert batch.left_out is not None
    assert batch.left_out.where == ("tests/mails/",)


@pytest.mark.parametrize("change", [(), ("README.md",)])
async def test_a_change_that_no_test_can_see_runs_none(green: Path, change: tuple[str]) -> None:
    for path in change:
        (green / path).write_text("Another text.\n")
    batch = await verify(green, AFFECTED)
    assert (batch.verdict, batch.scope, ran_tests(batch)) == ("passed", "affected", 0)
    assert batch.left_out is not None
    assert batch.left_out.files == 4
    (step,) = [one for one in batch.steps if one.tool == "pytest"]
    assert "left out" in (step.reason or "")


async def test_what_measures_all_tests_is_left_out_with_a_part_of_them(
    project: ProjectFactory,
) -> None:
    makefile = "test:\n\tcoverage run --source=src -m pytest\n\tcoverage report --fail-under=100\n"
    folder = project({**SERVICE, "Makefile": makefile})
    assert (await verify(folder)).verdict == "passed"
    (folder / "src/shop/mail.py").write_text("def send() -> str:\n    return 'sen' + 't'\n")
    batch = await verify(folder, AFFECTED)
    assert (batch.verdict, batch.scope) == ("passed", "affected")
    assert batch.left_out is not None
    assert batch.left_out.checks == ("coverage report --fail-under=100",)
    assert "coverage" not in {step.tool for step in batch.steps}


def test_a_scope_and_targets_must_agree() -> None:
    assert not is_affected("", ["a.py"])
    assert not is_affected("targets", ["a.py"])
    assert not is_affected("full", [])
    assert is_affected("affected", [])
    for scope, targets in (("targets", []), ("full", ["a.py"]), ("affected", ["a.py"])):
        with pytest.raises(UsageError, match=f"The scope {scope}"):
            is_affected(scope, targets)
