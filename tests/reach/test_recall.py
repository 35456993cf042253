"""Ways to execute a file that no import statement shows: in doubt a change reaches the test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mcp_server.reach import select
from mcp_server.repository import Command, Conventions, Environment, Project, Role, Settings

CORE = "app/core.py"
TEST = "tests/test_it.py"
OTHER = "tests/test_other.py"
BASE = {"app/__init__.py": "", CORE: "X = 1\n", TEST: "", OTHER: "def test(): pass\n"}
POINTS = "[project.entry-points.'app.plugins']\naudit = 'audit:Plugin'\n"
TYPED = "from .compat import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .core import X\n"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in {**BASE, **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.check_output(['./run'])",
        "subprocess.run(['git', 'grep', 'breakpoint'])",
        "subprocess.run(f'{bin}/mytool')",
        "os.system(command)",
        "from os import system\nsystem(command)",
        "await asyncio.create_subprocess_shell(command)",
        "exec(f'import app.{name}')",
        "pickle.loads(open('tests/d.bin', 'rb').read())",
        "from pickle import loads as back\nback(data)",
        "pydoc.locate(name)",
        "from hydra.utils import instantiate as make\nmake(config)",
        "doctest.testfile('../docs/use.rst')",
        "from pytest_examples import find_examples",
        "from nbclient import NotebookClient",
        "from mako.template import Template",
        "for root, folders, files in Path(__file__).parents[1].walk(): pass",
        "compileall.compile_dir('app/')",
        "read('app/')",
        "from app . core import X",
        "import json, app . core as x",
        "import json\rfrom app.core import X\r",
        f"import json\n{TYPED.replace('.compat', 'compat').replace('.core', 'app.core')}",
        "import typing\nfrom app import typing as t\nif t.TYPE_CHECKING:\n    import app.core\n",
    ],
)
def test_what_a_test_may_execute_reaches_it(tmp_path: Path, text: str) -> None:
    found = select(write(tmp_path, {TEST: text}), changed=[CORE])
    assert (found.ordered, found.left_out, found.widened) == ((TEST,), (OTHER,), "")


@pytest.mark.parametrize(
    "text",
    [
        "pickle.loads(pickle.dumps(1))\nallocate(1)\nast.walk(tree)\n'a/b/'\nprint('app. Done')\n",
        "import typing as t\nif t.TYPE_CHECKING:\n    import app.core\n",
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import app.core\n",
    ],
)
def test_what_only_looks_like_it_does_not(tmp_path: Path, text: str) -> None:
    assert select(write(tmp_path, {TEST: text}), changed=[CORE]).ordered == ()


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        ({TEST: "import app.m", "app/m.py": "import_module(f'plugins.{name}')"}, "plugins/a.py"),
        ({TEST: "import app.m", "app/m.py": "import_module('plugins.' + name)"}, "plugins/a.py"),
        (
            {TEST: "import app.m", "app/m.py": "APPS = ['plugins.' + one for one in X]"},
            "plugins/a.py",
        ),
        (
            {TEST: "import svc.m", "svc/__init__.py": "", "svc/m.py": "import_module(n.strip())"},
            CORE,
        ),
        ({TEST: "import boot", "boot.py": "logging.config.fileConfig('logging.ini')"}, CORE),
        ({TEST: "import boot", "boot.py": "class S:\n    b: ImportString\n"}, CORE),
        (
            {TEST: "import app.m", "app/m.py": "entry_points(group='app.plugins')"}
            | {"pyproject.toml": POINTS, "audit/__init__.py": "from .impl import Plugin\n"},
            "audit/impl.py",
        ),
        ({TEST: "from app.fast import X", "app/fast.pyx": "from app.core import X\n"}, CORE),
        (
            {TEST: "import app.m", "app/m.py": TYPED, "app/compat.py": "TYPE_CHECKING = True\n"},
            CORE,
        ),
        ({TEST: "import gen.a", ".gitignore": "gen/\n", "gen/a.py": "import app.core"}, CORE),
        ({TEST: "import env.a", "env/a.py": "import app.core"}, CORE),
        ({TEST: "import build.a", "src/build/a.py": "import app.core"}, CORE),
        (
            {
                TEST: "import app.gen",
                ".gitignore": "gen\n",
                "app/gen/__init__.py": "import app.core",
            },
            CORE,
        ),
        ({TEST: "import shop", ".gitignore": "lib\n", "lib/shop.py": "import app.core"}, CORE),
        (
            {TEST: "import out.a", "out/a.py": "import gen", ".gitignore": "gen\n"}
            | {"gen/__init__.py": "import app.core"},
            CORE,
        ),
    ],
    ids=str,
)
def test_what_code_may_execute_reaches_its_tests(
    tmp_path: Path, files: dict[str, str], changed: str
) -> None:
    found = select(write(tmp_path, {changed: "", **files}), changed=[changed])
    assert (found.ordered, found.left_out, found.widened) == ((TEST,), (OTHER,), "")


def test_an_environment_is_no_module_whatever_its_name(tmp_path: Path) -> None:
    files = {TEST: "import env.a", "env/a.py": "import app.core", "env/pyvenv.cfg": ""}
    assert select(write(tmp_path, files), changed=[CORE]).ordered == ()
    (tmp_path / "env/pyvenv.cfg").unlink()
    assert select(tmp_path, changed=[CORE]).ordered == (TEST,)


def test_a_linked_package_imports_relative_to_each_of_its_places(tmp_path: Path) -> None:
    files = {"real/pkg/__init__.py": "from ..side import X\n", TEST: "from lib.pkg import X\n"}
    write(tmp_path, {**files, "lib/__init__.py": "", "lib/side.py": ""})
    (tmp_path / "lib/pkg").symlink_to("../real/pkg")
    assert select(tmp_path, changed=["lib/side.py"]).ordered == (TEST,)


@pytest.mark.parametrize(
    "files",
    [
        {"Makefile": "test:\n\tpytest -p plug tests\n"},
        {"justfile": "test:\n  PYTEST_ADDOPTS='-p plug' pytest\n"},
        {"noxfile.py": "session.run('pytest', '-p', 'plug')\n"},
        {"tox.ini": "[testenv]\nsetenv = PYTEST_PLUGINS=other,plug\n"},
        {".github/workflows/ci.yml": "env:\n  PYTEST_PLUGINS: plug\n"},
        {"scripts/test": "#!/bin/sh\nexec pytest -p plug\n"},
        {"scripts/test.sh": "#!/bin/sh\nexec pytest -pplug\n"},
        {"conftest.py": "pytest_plugins = [f'{one}ug' for one in ('pl',)]\n"},
        {"conftest.py": "pytest_plugins = ['a'] + MORE\n"},
        {"noxfile.py": "session.run('pytest', env={'PYTEST_PLUGINS': 'plug'})\n"},
    ],
    ids=str,
)
def test_plugins_reach_every_test_wherever_they_are_named(
    tmp_path: Path, files: dict[str, str]
) -> None:
    found = select(write(tmp_path, {"plug.py": "", **files}), changed=["plug.py"])
    assert (found.ordered, found.left_out) == ((TEST, OTHER), ())


def test_plugins_that_are_spelled_reach_no_more_than_themselves(tmp_path: Path) -> None:
    text = "pytest_plugins = [\n    'plug',  # ours\n    \"more\",\n]\n"
    write(tmp_path, {"plug.py": "", "conftest.py": text})
    assert select(tmp_path, changed=["plug.py"]).left_out == ()
    assert select(tmp_path, changed=[CORE]).ordered == ()


@pytest.mark.parametrize(
    "command",
    [
        {"args": ("-p", "plug")},
        {"text": "pytest -pplug"},
        {"env": (("PYTEST_PLUGINS", "plug"),)},
        {"env": (("PYTEST_ADDOPTS", "-p plug"),)},
    ],
    ids=str,
)
def test_plugins_of_the_planned_commands_reach_every_test(
    tmp_path: Path, command: dict[str, Any]
) -> None:
    said = {"tool": "pytest", "role": Role.TEST, "text": "", "source": "", **command}
    environment = Environment(kind="none")
    project = Project(
        path=".", settings=Settings(), environment=environment, commands=(Command(**said),)
    )
    conventions = Conventions(root=write(tmp_path, {"plug.py": ""}), projects=(project,))
    assert select(conventions, changed=["plug.py"]).left_out == ()
    assert select(conventions, changed=[CORE]).left_out == (TEST, OTHER)


@pytest.mark.parametrize(
    "text",
    [
        "import app.core\napp.core.X = 1\n",
        "app.core.TABLE['a'] = 1\n",
        "app.core.X += 1\n",
        "sys.modules['app.core'] = Mock()\n",
        "if FAST:\n    os.environ['FAST'] = '1'\n",
        "mock.patch('app.core.X', 1).start()\n",
        "setattr(app.core, 'X', 1)\n",
        "def f(\n    x,\n):\n    return x\n\nwarnings.simplefilter('error')\n",
        "class T:\n    sys.path.insert(0, 'x')\n",
    ],
)
@pytest.mark.parametrize("path", [TEST, "tests/unit/conftest.py", "tests/helper.py"])
def test_a_changed_module_of_tests_that_changes_others_concerns_all(
    tmp_path: Path, path: str, text: str
) -> None:
    found = select(write(tmp_path, {path: text}), changed=[path])
    assert {TEST, OTHER} <= {*found.ordered}


@pytest.mark.parametrize(
    "text",
    [
        "def test():\n    app.core.X = 1\n\n    sys.path.append('x')\n",
        "    def f(self,\n    ):\n        os.environ['A'] = ''\n# end\n",
        "X = 1\npytest.importorskip('numpy')\nassert app.X == 1\n",
    ],
)
def test_one_that_does_so_when_it_runs_concerns_itself(tmp_path: Path, text: str) -> None:
    assert select(write(tmp_path, {TEST: text}), changed=[TEST]).ordered == (TEST,)


@pytest.mark.parametrize("path", ["tests/fractions.py", "queue.py", "json/__init__.py"])
def test_a_module_that_shadows_the_standard_library_concerns_all(tmp_path: Path, path: str) -> None:
    assert select(write(tmp_path, {path: ""}), changed=[path]).left_out == ()
    assert select(tmp_path, changed=[], deleted=[path]).left_out == ()


def test_one_in_a_package_shadows_nothing(tmp_path: Path) -> None:
    assert select(write(tmp_path, {"app/queue.py": ""}), changed=["app/queue.py"]).ordered == ()


@pytest.mark.parametrize(
    "text",
    [
        "root.rglob('*')",
        "subprocess.run(['git', 'ls-files'])",
        "root.glob('*.m?')",
        "root.iterdir()",
    ],
)
def test_a_document_reaches_what_looks_for_files(tmp_path: Path, text: str) -> None:
    found = select(write(tmp_path, {TEST: text, "README.md": ""}), changed=["README.md"])
    assert (found.ordered, found.left_out) == ((TEST,), (OTHER,))


def test_a_document_reaches_the_tests_that_name_it(tmp_path: Path) -> None:
    write(tmp_path, {TEST: "open('README.md')\n", "docs/guide.rst": "", "README.md": ""})
    assert select(tmp_path, changed=["README.md"]).ordered == (TEST,)
    assert select(tmp_path, changed=["docs/guide.rst"]).ordered == ()


def test_a_document_that_data_names_reaches_every_test(tmp_path: Path) -> None:
    told = '[project]\nreadme = "help.md"\n'
    write(tmp_path, {"docs/help.md": "", "pyproject.toml": told, "mkdocs.yml": "- help.md\n"})
    assert select(tmp_path, changed=["docs/help.md"]).ordered == ()
    (tmp_path / "pages.json").write_text('{"help": "docs/help.md"}', encoding="utf-8")
    found = select(tmp_path, changed=["docs/help.md"])
    assert found.left_out == ()
    assert found.widened == "a file of data names docs/help.md, so any test may read it"
