"""Projects are found by their markers and by workspaces, wherever they lie, and samples are not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_server.conventions.layout import projects as layout
from mcp_server.conventions.layout.projects import find_projects
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.conventions.layout.workspaces import declared_members, uv_workspace

OWN = "[project]\nname = 'x'\n"
TOOLS = "[tool.ruff]\nline-length = 100\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def found_in(root: Path) -> list[str]:
    return [folder.relative_to(root).as_posix() for folder in find_projects(root)]


@pytest.mark.parametrize(
    ("paths", "projects"),
    [
        (["pyproject.toml"], ["."]),
        (["setup.cfg", "backend/setup.py"], [".", "backend"]),
        (["Makefile", "backend/pyproject.toml", "frontend/package.json"], ["backend"]),
        (["setup.py", "libs/b/c/setup.py", "packages/a/Pipfile"], [".", "libs/b/c", "packages/a"]),
        (["a/b/c/d/e/pyproject.toml"], ["a/b/c/d/e"]),
        (["a/b/c/d/e/f/pyproject.toml", "x.py"], ["."]),
        (["requirements.txt"], ["."]),
        (["backend/requirements.txt", "backend/main.py"], ["backend"]),
        (["backend/requirements.txt", "backend/app/main.py"], ["backend"]),
        (["backend/environment.yml", "backend/app/main.py"], ["backend"]),
        (["backend/requirements.txt", "a.py"], ["."]),
        (["pyproject.toml", "scripts/requirements.txt", "scripts/a.py"], ["."]),
        (["pyproject.toml", "examples/a/pyproject.toml", "tests/fixtures/b/setup.py"], ["."]),
        (["pyproject.toml", "docs/requirements.txt", ".hidden/setup.py"], ["."]),
        (["pyproject.toml", "own/pyvenv.cfg", "own/setup.py"], ["."]),
        (["pyproject.toml", "{{cookiecutter.name}}/setup.py"], ["."]),
        (["setup.py", "pkg/setup/__init__.py", "pkg/setup/setup.py"], ["."]),
        (["setup.py", "pkg/__init__.py", "pkg/data/new/setup.py"], ["."]),
        (["main.py"], ["."]),
        (["app/main.py"], ["."]),
        (["src/python/a/b/main.py", "pants.toml"], ["."]),
        (["README.md", "web/index.ts"], []),
        ([], []),
    ],
)
def test_projects_are_found_by_their_markers(
    paths: list[str], projects: list[str], tmp_path: Path
) -> None:
    write(tmp_path, dict.fromkeys(paths, ""))
    assert found_in(tmp_path) == projects


@pytest.mark.parametrize(
    ("inner", "projects"),
    [
        (OWN, [".", "part"]),
        ("[build-system]\n", [".", "part"]),
        ("[tool.poetry]\n", [".", "part"]),
        ("[tool.poetry.dependencies]\n", [".", "part"]),
        (TOOLS, ["."]),
        ("[project", [".", "part"][:1]),
    ],
)
def test_a_pyproject_with_nothing_but_tools_is_part_of_the_project_around(
    inner: str, projects: list[str], tmp_path: Path
) -> None:
    write(tmp_path, {"pyproject.toml": OWN, "a.py": "", "part/pyproject.toml": inner})
    assert found_in(tmp_path) == projects


def test_a_pyproject_with_nothing_but_tools_is_a_project_where_none_is_around(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"dev/cli/pyproject.toml": TOOLS, "server/pyproject.toml": OWN})
    assert found_in(tmp_path) == ["dev/cli", "server"]


def test_a_module_named_setup_is_no_marker(tmp_path: Path) -> None:
    write(tmp_path, {
        "setup.py": "", "server/steps/setup.py": "def setup(state):\n    return state\n",
        "server/lib/setup.py": "import setuptools\nsetuptools.setup(name='a')\n",
        "server/ini/setup.cfg": "[flake8]\n", "server/pkg/setup.cfg": "[metadata]\nname = b\n",
    })  # fmt: skip
    assert found_in(tmp_path) == [".", "server/lib", "server/pkg"]


DEEP = "a/b/c/d/e/f/g"


@pytest.mark.parametrize(
    "stated",
    [
        f"[tool.uv.workspace]\nmembers = ['{DEEP}']",
        "[tool.uv.workspace]\nmembers = ['a/**']",
        "[tool.uv.workspace]\nmembers = ['a/b/*/d/e/?/g', 3]",
        f"[tool.uv.sources]\nx = {{ path = './{DEEP}', editable = true }}",
        f"[[tool.uv.sources.x]]\npath = '{DEEP}'",
        f"[tool.poetry.dependencies]\nx = {{ path = '{DEEP}', develop = true }}",
        f"[tool.poetry.group.dev.dependencies]\nx = {{ path = '{DEEP}' }}",
        f"[tool.hatch.envs.default]\nworkspace.members = ['{DEEP}']",
        f"[tool.hatch.envs.default.workspace]\nmembers = [{{ path = '{DEEP}' }}]",
        f"[tool.pdm.dev-dependencies]\nd = ['-e file:///${{PROJECT_ROOT}}/{DEEP}#egg=x']",
        f"[dependency-groups]\nd = ['x @ {{root:uri}}/{DEEP}']",
        f"[tool.pixi.pypi-dependencies]\nx = {{ path = '{DEEP}' }}",
        f"[tool.rye.workspace]\nmembers = ['{DEEP}']",
    ],
)
def test_a_declared_member_counts_at_any_depth(stated: str, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": f"{OWN}{stated}\n", f"{DEEP}/pyproject.toml": TOOLS})
    assert found_in(tmp_path) == [".", DEEP]


def test_declared_samples_stay_samples_and_what_lies_above_is_no_member(tmp_path: Path) -> None:
    members = "[tool.uv.workspace]\nmembers = ['examples/*', '../*', 'none']\n"
    write(tmp_path, {
        "in/pyproject.toml": OWN + members, "in/examples/a/pyproject.toml": OWN,
        "other/pyproject.toml": OWN,
    })  # fmt: skip
    assert found_in(tmp_path / "in") == ["."]


def test_a_root_that_only_manages_its_members_is_no_project(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": "[tool.uv.workspace]\nmembers = ['backend']\n[tool.typos]\n",
        "scripts/release.py": "", "backend/pyproject.toml": OWN, "backend/app/main.py": "",
    })  # fmt: skip
    assert found_in(tmp_path) == ["backend"]
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_all.py").touch()
    assert found_in(tmp_path) == [".", "backend"]


def test_a_root_whose_tools_are_configured_is_a_project(tmp_path: Path) -> None:
    workspace = "[tool.uv.workspace]\nmembers = ['backend']\n"
    write(tmp_path, {"pyproject.toml": workspace + TOOLS, "backend/pyproject.toml": OWN})
    assert found_in(tmp_path) == [".", "backend"]


def test_an_ignored_project_is_none_but_the_asked_folder_is(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*\n", "setup.py": "", "scratch/setup.py": ""})
    assert found_in(tmp_path) == ["."]


def test_a_given_tree_is_not_walked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a/setup.py": ""})
    tree = list_tree(tmp_path)
    monkeypatch.setattr(layout, "list_tree", None)
    assert find_projects(tmp_path, tree) == (tmp_path / "a",)


def test_links_are_not_followed_to_projects(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/setup.py").touch()
    (tmp_path / "root/again").symlink_to(tmp_path / "root")
    assert find_projects(tmp_path / "root") == (tmp_path / "root",)


def test_a_folder_that_may_not_be_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"closed/setup.py": "", "open/setup.py": ""})
    scan: Callable[..., object] = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert find_projects(tmp_path) == (tmp_path / "open",)


def test_thousands_of_projects_are_read_in_time(tmp_path: Path) -> None:
    workspace = "[tool.uv.workspace]\nmembers = ['**', 'a/**/b/**/c']\n"
    for number in range(1500):
        write(tmp_path, {f"p{number}/pyproject.toml": OWN + workspace})
    start = time.monotonic()
    assert len(find_projects(tmp_path)) == layout.MOST_PROJECTS
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("text", ["\n" * 300_000, " " * 300_000, "a." * 150_000])
def test_a_file_that_backtracks_elsewhere_is_read_in_time(text: str, tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": text, "setup.py": "", "a/pyproject.toml": text, "a/setup.py": text,
    })  # fmt: skip
    start = time.monotonic()
    assert find_projects(tmp_path)[0] == tmp_path
    assert time.monotonic() - start < 10


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tool", "uv", "workspace", "members", "envs", "hatch", "path", "x"]),
            inner,
            max_size=3,
        )
    ),
)


@given(st.dictionaries(st.sampled_from(["tool", "project"]), VALUES))
def test_no_table_of_a_workspace_raises(content: dict[str, object]) -> None:
    workspace = uv_workspace(content)
    assert workspace is None or workspace.has("a/b") in {True, False}


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert declared_members("", f"workspace {text}", ["a"]) == frozenset()
