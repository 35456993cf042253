"""Which tests a change can reach: every form in which a file executes another, and what widens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mcp_server.reach import Selection, select

TESTS = {"tests/test_it.py": "", "tests/test_other.py": "import json\n"}
APP = {
    "src/app/__init__.py": "",
    "src/app/mail.py": "def send(): pass\n",
    "src/app/sub/__init__.py": "",
    "src/app/sub/deep.py": "",
}
DEEP = "src/app/sub/deep.py"
MAIL = "src/app/mail.py"
TYPED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
PACKAGE = "src/app/__init__.py"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def reached(folder: Path, files: Mapping[str, str], *changed: str) -> Selection:
    return select(write(folder, {**APP, **TESTS, **files}), changed=changed)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("import app.mail", MAIL),
        ("import app.mail", PACKAGE),
        ("import os, app.mail as m", MAIL),
        ("import os; import app.mail", MAIL),
        ("import app. mail\nfrom app import \\\n    mail", MAIL),
        ("if 1: import app.mail", MAIL),
        ("def f():\n    from app import mail", MAIL),
        ("from app import (  # (all of it)\n    other,  # )\n    mail,\n)", MAIL),
        ("from app.mail import send", MAIL),
        ("from app.sub import deep as d", DEEP),
        ("from app import *", MAIL),
        ("from \\\n app import mail", MAIL),
        ("from app.sub.deep import x", "src/app/sub/__init__.py"),
        ("try:\n    import app.mail\nexcept ImportError: pass", MAIL),
        ("lazy import app.mail", MAIL),
        ("if TYPE_CHECKING:\n    import json\nelse:\n    import app.mail", MAIL),
        ("TYPE_CHECKING = 1 > 0\nif TYPE_CHECKING:\n    import app.mail\n", MAIL),
        ("mock.patch('app.mail.send')", MAIL),
        ("SETTINGS = dict(BACKEND='app.mail:send')", MAIL),
        ("INSTALLED_APPS = ['app']", DEEP),
        ("INSTALLED_APPS = ['app.sub']", DEEP),
        ("code = '''\nfrom app import mail\n'''", MAIL),
        ("code = 'import json\\nfrom app import mail'", MAIL),
        ("def f():\n    '''Do.\n\n    >>> patch('app.mail')\n    '''", MAIL),
        ("type X = int  # Python 3.12\nf'{'app.mail'}'\nimport app.mail", MAIL),
        ("def f(:  # no Python at all\nimport app.mail", MAIL),
        ("import_module('app.mail')", MAIL),
        ("__import__('app', fromlist=['mail'])", MAIL),
        ("pytest.importorskip('app.mail')", MAIL),
        ("import_module(f'app.{name}')", MAIL),
        ("from importlib import import_module as load\nload(f'{x}.mail')", MAIL),
        ("import pkgutil; pkgutil.walk_packages(path)", MAIL),
        ("runpy.run_path(path)", MAIL),
        ("exec(open(path).read())", MAIL),
        ("subprocess.run([sys.executable, '-m', name])", MAIL),
        ("run('python -m app.mail')", MAIL),
        ("run('shop --help')", MAIL),
        ("run(['mypy', '.'])", MAIL),
        ("open('../src/app/mail.py')", MAIL),
        ("for path in root.rglob('*.py'): pass", MAIL),
        ("for path in root.rglob('*'): pass", MAIL),
        ("open(f'{name}.py')", MAIL),
        ("open('%s.py' % name)", MAIL),
        ("os.listdir(folder)", MAIL),
        ("from .helper import x", "tests/helper.py"),
        ("from . import helper", "tests/helper.py"),
        ("from .. import app", "app.py"),
        ("from.helper import(x)", "tests/helper.py"),
        ("import helper", "tests/helper.py"),
        ("from tests.helper import x", "tests/helper.py"),
        ("import space.inner.leaf", "libs/space/inner/leaf.py"),
        ("from space.inner import leaf", "libs/space/inner/leaf.py"),
        ("load('space.inner')", "libs/space/inner/leaf.py"),
        ("import queue", "scripts/queue.py"),
        ("alembic.command.upgrade(config, 'head')", "db/versions/one.py"),
        ("", "tests/__init__.py"),
        ("", "conftest.py"),
        ("", "tests/conftest.py"),
    ],
)
def test_what_a_test_can_execute_reaches_it(tmp_path: Path, text: str, changed: str) -> None:
    more = {"pyproject.toml": "[project.scripts]\nshop = 'app.mail:send'\n"}
    found = reached(tmp_path, {changed: "", **more, "tests/test_it.py": text}, changed)
    assert "tests/test_it.py" in found.ordered
    assert found.widened == ""


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("import json", MAIL),
        ("import app", MAIL),
        ("from app import sub", MAIL),
        (f"{TYPED}    from app import mail\n\n    x = mail\n\nimport json\n", MAIL),
        ("'''About app.mail.'''\n", MAIL),
        ("# import app.mail\n", MAIL),
        ("x = 'mail'\nprint('Look at example.com')", MAIL),
        ("for path in root.glob('*.json'): pass", MAIL),
        ("import json", "src/app/json.py"),
        ("import json", "tests/test_other.py"),
        ("import json", "tests/deeper/conftest.py"),
        ("import json", "README.md"),
        ("import json", "src/app/sub/tasks.py"),
        ("import json", "docs/guide.rst"),
    ],
)
def test_what_it_cannot_execute_does_not(tmp_path: Path, text: str, changed: str) -> None:
    package = {"src/app/__init__.py": "", "tests/test_other.py": ""}
    files = {**package, changed: "import x\n", "tests/test_it.py": text}
    found = reached(tmp_path, files, changed)
    assert "tests/test_it.py" in found.left_out
    assert found.widened == ""


def test_the_nearest_come_first(tmp_path: Path) -> None:
    files = {
        "src/app/shop.py": "from app import mail\n",
        "src/app/api.py": "from app.shop import x\n",
        "tests/test_a.py": "import app.api\n",
        "tests/test_b.py": "import app.shop\n",
        "tests/test_c.py": "import app.mail\n",
        "tests/test_d.py": "run([sys.executable])\n",
    }
    found = reached(tmp_path, files, MAIL)
    assert found.ordered == tuple(f"tests/test_{one}.py" for one in "cbad")
    assert found.left_out == ("tests/test_it.py", "tests/test_other.py")


@pytest.mark.parametrize(
    "files",
    [
        {"tests/conftest.py": "from app import mail\n"},
        {"tests/conftest.py": "from . import fixtures\n", "tests/fixtures.py": "import app.mail\n"},
        {"tests/conftest.py": "pytest_plugins = ['plugin']\n", "plugin.py": "import app.mail\n"},
        {"tests/deeper/conftest.py": "import app.mail\ndef pytest_configure(): pass\n"},
        {"tests/deeper/test_x.py": "pytest_plugins = 'plugin'\n", "plugin.py": "import app.mail\n"},
        {"pytest.ini": "[pytest]\naddopts = -p plugin\n", "plugin.py": "import app.mail\n"},
        {"pytest.ini": "[pytest]\nfilterwarnings = error::app.mail.Warned\n"},
        {"pyproject.toml": "[project.entry-points.pytest11]\nmine = 'app.mail'\n"},
        {"setup.py": "setup(entry_points={'pytest11': ['mine = app.mail']})\n"},
        {"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_settings\n"}
        | {"site_settings.py": "INSTALLED_APPS = ['app']\n"},
        {"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'app.sub')\n"}
        | {"src/app/sub/__init__.py": "MAILER = 'app.mail'\n"},
        {"sitecustomize.py": "import app.mail\n"},
    ],
    ids=str,
)
def test_what_pytest_loads_for_every_test_reaches_all(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = reached(tmp_path, files, MAIL)
    assert {*TESTS} <= {*found.ordered}


@pytest.mark.parametrize(
    ("loader", "data"),
    [
        ("import_module(name)\n", {}),
        ("def __getattr__(name): ...\n", {}),
        (
            "entry_points(group='x')\n",
            {"pyproject.toml": "[project.entry-points.x]\na = 'far.b'\n"},
        ),
        ("import_module(name)\nos.listdir(folder)\n", {}),
        ("subprocess.run([sys.executable, '-m', name])\n", {}),
    ],
    ids=["package", "lazy", "data", "listing", "process"],
)
def test_code_that_loads_what_it_computes_reaches_its_package_and_what_is_named_in_data(
    tmp_path: Path, loader: str, data: dict[str, str]
) -> None:
    files = {"src/app/__init__.py": loader, "tests/test_it.py": "import app\n", "far/b.py": ""}
    changed = "far/b.py" if data or "listdir" in loader else DEEP
    found = reached(tmp_path, {**files, **data}, changed)
    assert found.ordered == ("tests/test_it.py",)


def test_code_that_looks_for_modules_finds_no_tests(tmp_path: Path) -> None:
    files = {
        "src/app/__init__.py": "pkgutil.walk_packages(path)\n",
        "tests/test_it.py": "import app",
    }
    more = {"src/app/tests/test_own.py": "", "src/app/unittest_alias.py": "os.listdir(x)\n"}
    found = reached(tmp_path, {**files, **more}, "src/app/tests/test_own.py")
    assert found.ordered == ("src/app/tests/test_own.py",)


@pytest.mark.parametrize(
    ("changed", "widened"),
    [
        ("pyproject.toml", "pyproject.toml can change how every test runs"),
        ("uv.lock", "uv.lock can change how every test runs"),
        ("requirements-dev.txt", "requirements-dev.txt can change how every test runs"),
        (".env", ".env can change how every test runs"),
        ("tasks.py", "tasks.py can change how every test runs"),
        ("setup.py", "setup.py can change how every test runs"),
        ("../pyproject.toml", "../pyproject.toml can change how every test runs"),
        ("tests/data/a.json", "any test may read tests/data/a.json"),
        ("src/app/page.html", "any test may read src/app/page.html"),
        ("src/app/fast.so", "any test may read src/app/fast.so"),
        ("src/app/mail.pyi", "any test may read src/app/mail.pyi"),
        ("site.pth", "any test may read site.pth"),
        ("script", "any test may read script"),
    ],
)
def test_a_change_of_what_any_test_may_use_leaves_nothing_out(
    tmp_path: Path, changed: str, widened: str
) -> None:
    found = select(write(tmp_path, {**APP, **TESTS}), changed=[changed])
    assert found == Selection((), ("tests/test_it.py", "tests/test_other.py"), widened)


def test_what_is_gone_reaches_who_imported_it(tmp_path: Path) -> None:
    folder = write(tmp_path, {**APP, **TESTS, "tests/test_it.py": "import app.gone\n"})
    found = select(folder, changed=[], deleted=["src/app/gone.py", "tests/test_gone.py"])
    assert found.ordered == ("tests/test_it.py",)
    found = select(folder, changed=[], deleted=["tests/conftest.py"])
    assert found.left_out == ()


def test_a_file_that_cannot_be_read_may_execute_anything(tmp_path: Path) -> None:
    write(tmp_path, {**APP, **TESTS})
    (tmp_path / "tests/test_it.py").write_bytes(b"x = 1\0")
    assert select(tmp_path, changed=[MAIL]).ordered == ("tests/test_it.py",)


def test_modules_that_git_ignores_and_links_count(tmp_path: Path) -> None:
    files = {
        ".gitignore": "local.py\n",
        "src/app/sub/__init__.py": "from .local import *\n",
        "src/app/sub/local.py": "import app.mail\n",
        "tests/test_it.py": "import app.sub\n",
        "libs/real/part.py": "",
        "tests/test_other.py": "import shown.part\n",
    }
    write(tmp_path, {**APP, **files})
    (tmp_path / "shown").symlink_to("libs/real")
    (tmp_path / "tests/test_link.py").symlink_to("../libs/real/part.py")
    assert select(tmp_path, changed=[MAIL]).ordered == ("tests/test_it.py",)
    found = select(tmp_path, changed=["libs/real/part.py"])
    assert found.ordered == ("tests/test_link.py", "tests/test_other.py")


@pytest.mark.parametrize(
    "files",
    [
        {"pytest.ini": "[pytest]\npython_files = check_*.py *_spec.py\n"},
        {"pyproject.toml": "[tool.pytest]\npython_files = ['check_*.py', 'it_spec.py']\n"},
        {"setup.cfg": "[tool:pytest]\npython_files =\n    check_*.py\n    *_spec.py\n"},
    ],
    ids=["ini", "toml", "cfg"],
)
def test_only_files_that_pytest_collects_by_name_are_left_out(
    tmp_path: Path, files: dict[str, str]
) -> None:
    more = {"checks/check_it.py": "", "checks/it_spec.py": "", "checks/__init__.py": ""}
    found = reached(tmp_path, {**files, **more}, MAIL)
    assert found.left_out == ("checks/check_it.py", "checks/it_spec.py")
    found = select(tmp_path, changed=[MAIL], patterns=("checks/*.py",))
    assert found.left_out == ("checks/check_it.py", "checks/it_spec.py")


def test_two_tests_of_one_name_outside_of_packages_concern_each_other(tmp_path: Path) -> None:
    more = {"tests/a/test_x.py": "import app.mail\n", "tests/b/test_x.py": ""}
    found = reached(tmp_path, more, MAIL)
    assert found.ordered == ("tests/a/test_x.py", "tests/b/test_x.py")


def test_an_app_of_django_reaches_all_of_its_package(tmp_path: Path) -> None:
    files = {"src/app/apps.py": "", "tests/test_it.py": "INSTALLED_APPS = ['app.apps.Config']\n"}
    assert reached(tmp_path, files, DEEP).ordered == ("tests/test_it.py",)


def test_each_project_of_a_repository_has_its_own_patterns(tmp_path: Path) -> None:
    files = {"back/pytest.ini": "[pytest]\npython_files = check_*.py\n", "back/check_it.py": ""}
    found = reached(tmp_path, {**files, "back/test_no.py": ""}, MAIL)
    assert found.left_out == ("back/check_it.py", "tests/test_it.py", "tests/test_other.py")
