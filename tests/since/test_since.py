"""What a change introduced is told from what was known, on real repositories with real tools."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from mcp_server.errors import UsageError
from mcp_server.since.generated import ignored_module
from mcp_server.since.history import History
from tests.conftest import ProjectFactory
from tests.environments import without_plugins
from tests.since.asking import against, commit, git, write

IGNORED = {".gitignore": ".venv\n.*_cache\n__pycache__\n"}
PYTEST = "[tool.pytest.ini_options]\naddopts = '-p no:cacheprovider'\n"


def editable(root: Path, folder: Path, line: str, **modules: str) -> None:
    """Give a project an environment in which a .pth file has a line, beside some modules."""
    environment = without_plugins(Path(sys.prefix), folder)
    (packages,) = environment.glob("lib/python3*/site-packages")
    (packages / "__editable__.shop.pth").write_text(f"{line}\n", encoding="utf-8")
    for name, text in modules.items():
        (packages / f"{name}.py").write_text(text, encoding="utf-8")
    (root / ".venv").symlink_to(environment)


def content(root: Path) -> dict[str, str]:
    """Return the content of a project's own files, of its history and of its index."""
    outside = {".venv", "__pycache__", ".mypy_cache", ".ruff_cache"}
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not outside.intersection(path.parts)
    }


async def test_what_a_change_broke_is_told_from_what_was_broken(
    project: ProjectFactory, tmp_path: Path
) -> None:
    old = {
        **IGNORED,
        "pyproject.toml": f"{PYTEST}[tool.ruff.lint]\nselect = ['F']\n[tool.mypy]\nfiles = 'src'\n",
        "src/shop/__init__.py": "",
        "src/shop/price.py": (
            "import os\n\n\ndef double(number: int) -> int:\n    return number * 2\n\n\n"
            "def legacy() -> int:\n    return 'x'\n\n\ndef names() -> None: ...\n"
        ),
        "src/shop/use.py": (
            "from shop.price import double\n\n\ndef quadruple(number: int) -> int:\n"
            "    return double(double(number))\n"
        ),
        "tests/test_price.py": (
            "import subprocess\nimport sys\n\nfrom shop.price import double, legacy\n\n\n"
            "def test_double():\n    assert double(2) == 4\n\n\n"
            "def test_legacy():\n    assert legacy() == 1\n\n\n"
            # Sees today's code at the commit, too.
            "def test_isolated():\n"
            "    code = 'from shop.price import double; print(double(2))'\n"
            "    found = subprocess.run([sys.executable, '-Ic', code], capture_output=True)\n"
            "    assert found.stdout == b'4\\n'\n\n\n"
            "def test_process():\n"
            "    code = 'from shop.price import double; print(double(2))'\n"
            "    found = subprocess.run([sys.executable, '-c', code], capture_output=True)\n"
            "    assert found.stdout == b'4\\n'\n"
        ),
        "tests/test_names.py": "from shop import price\n\nprice.names()\n",
        "tests/test_gone.py": "import shop.gone\n\nshop.gone.any()\n",
    }
    root = project(old, ready=False)
    editable(root, tmp_path / "own", str(root / "src"))
    commit(root)
    write(
        root,
        {
            "src/shop/price.py": (
                "import os\nimport sys\n\n\ndef double(number: int) -> str:\n"
                "    return number * '3'\n\n\ndef legacy() -> int:\n    return 'x'\n"
            ),
            "tests/test_price.py": old["tests/test_price.py"]
            + "\n\ndef test_new():\n    assert 0\n",
            "tests/test_more.py": "def test_more():\n    raise KeyError\n",
        },
    )
    before = content(root)
    answer = await against(root)
    assert answer.marks == {
        "ruff src/shop/price.py:1 F401": "known",
        "ruff src/shop/price.py:2 F401": "introduced",
        "mypy src/shop/price.py:10 return-value": "known",
        # In a file that nobody touched.
        "mypy src/shop/use.py:5 return-value": "introduced",
        "mypy src/shop/use.py:5 arg-type": "introduced",
        "pytest tests/test_price.py::test_double AssertionError": "introduced",
        "pytest tests/test_price.py::test_legacy AssertionError": "known",
        "pytest tests/test_price.py::test_isolated AssertionError": "unknown",
        "pytest tests/test_price.py::test_process AssertionError": "introduced",
        "pytest tests/test_price.py::test_new AssertionError": "introduced",
        "pytest tests/test_more.py::test_more KeyError": "introduced",
        "pytest tests/test_names.py AttributeError": "introduced",
        "pytest tests/test_gone.py ModuleNotFoundError": "known",
    }
    assert answer.notes == (
        "tests that failed there and start programs, which may run today's code: 1",
    )
    assert content(root) == before
    assert not (root / ".git" / "worktrees").exists()
    assert git(root, "worktree", "list").count("\n") == 1


IN_PROCESS = "from shop.price import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
OUTSIDE = (
    "import subprocess\nimport sys\n\n\ndef test_double():\n"
    "    code = 'from shop.price import double; print(double(2))'\n"
    "    found = subprocess.run([sys.executable, '-c', code], capture_output=True)\n"
    "    assert found.stdout == b'4\\n'\n"
)


@pytest.mark.parametrize(
    ("place", "test", "said"),
    [
        # Only what the tests have loaded shows where it came from.
        ("'/'.join(['', {root!r}[1:], 'lib'])", IN_PROCESS, "shop, shop.price"),
        # Only what the finder has written out does, since the tests load nothing.
        ("{root!r} '/lib'", OUTSIDE, "shop_finder"),
    ],
    ids=["loaded", "written"],
)
async def test_code_that_cannot_be_taken_from_the_commit_proves_nothing(
    project: ProjectFactory, tmp_path: Path, place: str, test: str, said: str
) -> None:
    root = project(
        {
            **IGNORED,
            "pyproject.toml": PYTEST,
            "lib/price.py": "def double(number):\n    return number * 2\n",
            "lib/__init__.py": "",
            "tests/test_price.py": test,
        },
        ready=False,
    )
    # As setuptools' finder does for a package that lies in a folder of another name.
    finder = (
        "import sys\nfrom importlib.util import spec_from_file_location\n"
        f"MAPPING = {{'shop': {place.format(root=str(root))}}}\n\n\nclass Finder:\n"
        "    @staticmethod\n    def find_spec(name, path=None, target=None):\n"
        "        if name in MAPPING:\n"
        "            place = MAPPING[name] + '/__init__.py'\n"
        "            return spec_from_file_location(name, place)\n\n\n"
        "def install():\n    sys.meta_path.append(Finder)\n"
    )
    line = "import shop_finder; shop_finder.install()"
    editable(root, tmp_path / "own", line, shop_finder=finder)
    commit(root)
    write(root, {"lib/price.py": "def double(number):\n    return number * 3\n"})
    answer = await against(root)
    assert answer.marks == {"pytest tests/test_price.py::test_double AssertionError": "unknown"}
    assert answer.notes == (
        f"the tests there may have run code from outside the commit's files: {said}",
    )


async def test_what_the_commit_tells_nothing_of_is_unknown(project: ProjectFactory) -> None:
    root = project(
        {
            ".gitignore": f"{IGNORED['.gitignore']}.env\n",
            "pyproject.toml": f"{PYTEST}[tool.ruff.lint]\nselect = ['F']\n",
            ".env": "1",
            "answer.py": "VALUE = 1\nseen = []\n",
            # Fails after the first alone.
            "test_state.py": (
                "import answer\n\n\ndef test_first():\n    answer.seen.append(1)\n\n\n"
                "def test_second():\n    assert not answer.seen\n"
            ),
            # Failed there for want of the file that git ignores.
            "test_answer.py": (
                "from pathlib import Path\n\nimport answer\n\n\ndef test_answer():\n"
                "    assert answer.VALUE == int(Path('.env').read_text())\n"
            ),
            # Fails now alone for what git ignores.
            "test_ignored.py": (
                "from pathlib import Path\n\n\ndef test_ignored():\n"
                "    assert not Path('.env').exists()\n"
            ),
            # Failed there with the packages of today.
            "test_gone.py": "import gone\n",
        }
    )
    commit(root)
    write(root, {"answer.py": "VALUE = 2\nseen = []\n", "requirements.txt": "gone<2\n"})
    answer = await against(root)
    assert answer.marks == {
        "pytest test_state.py::test_second AssertionError": "unknown",
        "pytest test_answer.py::test_answer AssertionError": "unknown",
        "pytest test_ignored.py::test_ignored AssertionError": "unknown",
        "pytest test_gone.py ModuleNotFoundError": "unknown",
        "ruff test_gone.py:1 F401": "known",
    }
    assert answer.notes == (
        "tests that are fine when only they run, without what git ignores: 2",
        "requirements.txt changed: what fails there with today's packages is unknown",
    )


OWN = {
    "core.py": (
        "import json\nimport pathlib\n\nseen = []\n\n\n"
        "def total():\n    path = pathlib.Path('local.json')\n"
        "    return sum(json.loads(path.read_text())) if path.exists() else 0\n\n\n"
        "def add(one):\n    seen.append(one)\n\n\n"
        "def old():\n    return False\n\n\ndef new():\n    return True\n\n\n"
        "def legacy():\n    raise ValueError\n\n\ndef need():\n    assert new()\n"
    ),
    # Fails there for want of a file that git ignores.
    "test_local.py": (
        "import core\n\n\ndef test_local():\n    assert core.total() == 3\n\n\n"
        "def test_legacy():\n    core.legacy()\n"
    ),
    # Fails there when it runs alone.
    "test_order.py": (
        "import core\n\n\ndef test_first():\n    core.add(1)\n\n\n"
        "def test_second():\n    assert len(core.seen) == 1\n"
    ),
    # Fails there on another line, and on another way to the same line.
    "test_line.py": (
        "import core\nimport pytest\n\n\ndef test_line():\n"
        "    if not core.new():\n        pytest.fail('broken')\n"
        "    if not core.old():\n        pytest.fail('broken')\n\n\n"
        "def need(value):\n    assert bool(value)\n\n\n"
        "def test_way():\n    need(core.new())\n    need(core.old())\n"
    ),
    # Fails there for want of the history.
    "test_git.py": (
        "import subprocess\n\n\ndef test_git():\n"
        "    done = subprocess.run(['git', 'diff', '--quiet', 'core.py'], capture_output=True)\n"
        "    clean = done.returncode == 0\n    assert clean\n"
    ),
    "test_moved.py": (
        "import core\n\n\ndef test_moved():\n    core.legacy()\n\n\n"
        "def test_fine():\n    core.need()\n"
    ),
}


async def test_a_test_is_known_only_where_it_failed_for_the_same_reason(
    project: ProjectFactory,
) -> None:
    ignored = {".gitignore": f"{IGNORED['.gitignore']}local.json\n", "local.json": "[1, 2]"}
    settings = f"{PYTEST}pythonpath = '.'\n"
    root = project({**ignored, "pyproject.toml": settings, **OWN})
    commit(root)
    code = OWN["core.py"].replace("json.loads(path.read_text())", "[]")
    code = code.replace("seen.append(one)", "pass").replace("return True", "return False")
    write(root, {"core.py": code, "unit/test_moved.py": f"\n{OWN['test_moved.py']}"})
    (root / "test_moved.py").unlink()
    answer = await against(root)
    assert answer.marks == {
        "pytest test_local.py::test_local AssertionError": "unknown",
        "pytest test_local.py::test_legacy ValueError": "known",
        "pytest test_order.py::test_second AssertionError": "unknown",
        "pytest test_line.py::test_line Failed": "unknown",
        "pytest test_line.py::test_way AssertionError": "unknown",
        "pytest test_git.py::test_git AssertionError": "unknown",
        "pytest unit/test_moved.py::test_moved ValueError": "known",
        "pytest unit/test_moved.py::test_fine AssertionError": "introduced",
    }
    assert answer.notes == (
        "not seen there with their whole files and what git ignores: 2",
        "tests that failed there and start git, whose history is not there: 1",
    )


async def test_what_a_stricter_setting_finds_is_introduced_and_the_setting_named(
    project: ProjectFactory,
) -> None:
    strict = "[tool.ruff.lint]\nselect = ['F', 'E7']\n"
    code = "import os\n\nl = 1\n"
    root = project({**IGNORED, "pyproject.toml": strict.replace(", 'E7'", ""), "a.py": code})
    commit(root)
    write(root, {"pyproject.toml": strict})
    answer = await against(root)
    assert answer.marks == {"ruff a.py:1 F401": "known", "ruff a.py:3 E741": "introduced"}
    assert answer.notes == (
        "pyproject.toml changed: what other settings find counts as introduced",
    )


async def test_what_was_wrong_in_a_moved_file_stays_known(project: ProjectFactory) -> None:
    code = "import os\nimport re\n\nx = 1\n"
    settings = "[tool.ruff.lint]\nselect = ['F']\n"
    root = project({**IGNORED, "pyproject.toml": settings, "a.py": code, "b.py": "import io\n"})
    commit(root)
    (root / "a.py").unlink()
    (root / "b.py").rename(root / "c.py")
    write(root, {"shop/a.py": code.replace("import re", "import sys\nimport re")})
    assert (await against(root)).marks == {
        "ruff c.py:1 F401": "known",
        "ruff shop/a.py:1 F401": "known",
        "ruff shop/a.py:2 F401": "introduced",
        "ruff shop/a.py:3 F401": "known",
    }


async def test_a_project_below_the_top_of_its_repository_is_compared_whole(
    project: ProjectFactory,
) -> None:
    root = project(
        {
            "pyproject.toml": "",
            "backend/pyproject.toml": "[tool.ruff]\nextend = '../ruff.toml'\n",
            "backend/a.py": "import os\n",
            "ruff.toml": "[lint]\nselect = ['F']\n",
        },
        ready=False,
    )
    environment = without_plugins(Path(sys.prefix), root.parent / "own")
    (root / "backend" / ".venv").symlink_to(environment)
    commit(root)
    write(root, {"backend/a.py": "import os\nimport sys\n"})
    answer = await against(root / "backend")
    assert answer.marks == {"ruff a.py:1 F401": "known", "ruff a.py:2 F401": "introduced"}


async def test_against_a_commit_without_files_nothing_is_told(project: ProjectFactory) -> None:
    root = project({"pyproject.toml": "[tool.ruff]\n", "a.py": "import os\n"})
    git(root, "init", "-q", "-b", "main", ".")
    git(root, "commit", "-q", "--allow-empty", "-m", "nothing")
    answer = await against(root)
    assert answer.marks == {"ruff a.py:1 F401": "unknown"}
    assert answer.notes == ("git lists no file of that commit",)


def test_a_module_that_git_ignores_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "env/pyvenv.cfg": "", "env/x.py": "", ".tox/x.py": "", "b.so": ""})
    history = History(there=frozenset({"a.py"}))
    assert ignored_module(tmp_path, history) == "b.so"
    assert ignored_module(tmp_path, replace(history, added=frozenset({"b.so"}))) is None


async def test_a_wrong_commit_and_a_folder_without_history_are_told(
    project: ProjectFactory,
) -> None:
    root = project({"a.py": "import os\n"})
    with pytest.raises(UsageError, match="is in no git repository"):
        await against(root)
    commit(root)
    with pytest.raises(UsageError, match="'gone' is no commit of"):
        await against(root, "gone")


async def test_the_copy_is_gone_when_the_comparison_is_cancelled(
    project: ProjectFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    # Only the run in the copy hangs.
    test = (
        "import pathlib\nimport time\n\nhere = pathlib.Path(__file__).parent\n\n\n"
        "def test_hangs():\n    if here.parent.name == 'at':\n"
        f"        pathlib.Path({str(tmp_path / 'began')!r}).touch()\n        time.sleep(600)\n"
        "    raise KeyError\n"
    )
    root = project({**IGNORED, "pyproject.toml": PYTEST, "test_hang.py": test})
    commit(root)
    write(root, {"other.py": ""})
    copies = []
    async with anyio.create_task_group() as group:
        group.start_soon(against, root)
        while not (tmp_path / "began").exists():  # noqa: ASYNC110 - a file is no event
            await anyio.sleep(0.01)
        copies = [path for path in scratch.iterdir() if (path / "at").exists()]
        group.cancel_scope.cancel()
    assert copies
    assert not list(scratch.iterdir())
