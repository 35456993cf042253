"""What is installed is told by files alone, and the machine's Pythons by their names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_server.conventions.environment.installed import (
    distributions,
    python_version,
    tools_in,
    versions_in,
)
from mcp_server.conventions.environment.interpreters import (
    interpreter,
    minor,
    missing_python,
    pinned,
    pythons,
    satisfies,
)


def make(folder: Path, *entries: str) -> Path:
    """Write an environment's metadata folders and, ending in a slash, none of them files."""
    site = folder / "lib/python3.12/site-packages"
    (folder / "bin").mkdir(parents=True)
    for entry in entries:
        (site / entry).mkdir(parents=True)
    return folder


def test_tools_are_found_as_commands_and_as_distributions(tmp_path: Path) -> None:
    folder = make(tmp_path / "env", "Flake8_Bugbear-24.1.dist-info", "mypy-1.9.0.dist-info")
    (folder / "bin/pytest").touch()
    (folder / "bin/ruff").symlink_to("/nowhere")
    names = ["pytest", "mypy", "flake8-bugbear", "ruff", "black", "../bin/pytest", "a\0b"]
    assert tools_in(folder, names) == {"pytest", "mypy", "flake8-bugbear"}


def test_tools_of_windows_are_found(tmp_path: Path) -> None:
    (tmp_path / "Scripts").mkdir()
    (tmp_path / "Scripts/pytest.exe").touch()
    (tmp_path / "Lib/site-packages/ruff-0.9.dist-info").mkdir(parents=True)
    assert tools_in(tmp_path, ["pytest", "ruff", "mypy"]) == {"pytest", "ruff"}


def test_versions_are_those_of_the_metadata_folders(tmp_path: Path) -> None:
    folder = make(
        tmp_path / "env", "typing_extensions-4.12.2.dist-info", "old-1.0-py3.12.egg-info",
        "bare.egg-info", "local-1.0+a.b.dist-info",
    )  # fmt: skip
    names = ["Typing.Extensions", "old", "bare", "local", "absent"]
    assert versions_in(folder, names) == {
        "Typing.Extensions": "4.12.2", "old": "1.0", "local": "1.0+a.b",
    }  # fmt: skip
    assert distributions(folder)["bare"] == ""


def test_an_environment_that_shares_the_system_s_packages_has_them(tmp_path: Path) -> None:
    make(tmp_path / "usr", "attrs-1.0.dist-info")
    folder = make(tmp_path / "env")
    config = f"home = {tmp_path}/usr/bin\ninclude-system-site-packages = {{}}\n"
    (folder / "pyvenv.cfg").write_text(config.format("true"))
    assert tools_in(folder, ["attrs"]) == {"attrs"}
    (folder / "pyvenv.cfg").write_text(config.format("false"))
    assert tools_in(folder, ["attrs"]) == frozenset()


def test_a_folder_that_is_no_environment_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "lib").touch()
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "lib"):
        assert tools_in(folder, ["pytest"]) == frozenset()
        assert versions_in(folder, ["pytest"]) == {}
        assert python_version(folder) is None


def test_the_python_is_told_by_files(tmp_path: Path) -> None:
    venv = make(tmp_path / "venv")
    (venv / "pyvenv.cfg").write_text("version_info = 3.11.4.final.0\n")
    conda = make(tmp_path / "conda")
    (conda / "conda-meta").mkdir()
    (conda / "conda-meta/python-3.10.2-h1_0.json").touch()
    usr = make(tmp_path / "usr")
    (usr / "bin/python3.9").touch()
    (usr / "bin/python3").symlink_to("python3.9")
    (usr / "bin/loop").symlink_to("loop")
    assert [python_version(one) for one in (venv, conda, usr)] == ["3.11.4", "3.10.2", "3.9"]


def test_a_configuration_that_backtracks_elsewhere_is_read_in_time(tmp_path: Path) -> None:
    start = time.monotonic()
    for text in (f"home = a{' ' * 400_000}x", "version\n" * 50_000, f"home{' ' * 400_000}"):
        (tmp_path / "pyvenv.cfg").write_text(text)
        assert python_version(tmp_path) is None
        assert distributions(tmp_path) == {}
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("version", "requires", "expected"),
    [
        ("3.12.1", ">=3.11", True),
        ("3.9.1", ">=3.11", False),
        ("3.12", ">=3.12.3", True),
        ("3.13", ">=3.11,<3.13", False),
        ("3.12.1", "^3.11", True),
        ("4.0", "^3.11", False),
        ("3.12.9", "~3.12", True),
        ("3.13.0", "~3.12", False),
        ("3.12.1", "3.12.*", True),
        ("3.12.1", "3.12", True),
        ("3.8.1", "^2.7 || ^3.8", True),
        ("3.12.1", "*", True),
        ("3.12.1", "newest", True),
        ("3.13.0rc1", ">=3.13", False),
    ],
)
def test_a_version_is_judged_by_what_is_required(
    version: str, requires: str, *, expected: bool
) -> None:
    assert satisfies(version, requires) is expected


@given(st.text(), st.text(alphabet="^~<>=!.,|* 0123"))
def test_no_requirement_raises(version: str, requires: str) -> None:
    assert satisfies(version, requires) in {True, False}
    assert satisfies("3.12", requires) in {True, False}


def test_pythons_are_found_on_path_and_where_pyenv_and_uv_keep_them(tmp_path: Path) -> None:
    for path in (
        "bin/python3.12", "bin/python3.12-config", "home/.pyenv/versions/3.9.18/x",
        "home/.pyenv/versions/pypy3.10-7.3/x",
        "home/.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/x",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    variables = {"PATH": f"{tmp_path}/bin::/nowhere", "HOME": f"{tmp_path}/home"}
    assert pythons(variables) == ("3.13.1", "3.12", "3.9.18")
    assert missing_python(">=3.12", variables) is None
    assert missing_python("<3.9", variables) == (
        "no installed Python satisfies <3.9 (there is 3.13.1, 3.12, 3.9.18)"
    )
    assert missing_python("<3.9", {}) is None


def test_a_new_environment_gets_a_python_that_the_project_may_have(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("python3.9", "python3.11", "python3.12"):
        (tmp_path / "bin" / name).touch()
    (tmp_path / "bin/python3").symlink_to("python3.9")
    variables = {"PATH": str(tmp_path / "bin")}
    assert interpreter(">=3.8", None, variables) == "python3"
    assert interpreter(">=3.10", None, variables) == "python3.12"
    assert interpreter(">=3.10", "3.11", variables) == "python3.11"
    assert interpreter(">=3.14", None, variables) == "python3"
    assert interpreter(">=3.14", None, {}) == "python3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3.12\n", "3.12"), ("# a\n\n3.12.4\n", "3.12"), ("cpython-3.11", "3.11"), ("my-env", None),
     ("", None)],
)  # fmt: skip
def test_the_pinned_python_is_read(text: str, expected: str | None, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / ".python-version").write_text(text)
    assert minor(pinned(tmp_path / "in", tmp_path)) == expected
