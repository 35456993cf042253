"""Writing what was found into pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mcp_server.cli import main
from mcp_server.conventions import read_conventions

OWN = """\
# our project
[project]
name = "x"   # its name
version = "1"

[tool.ruff]
line-length = 99  # wide

[tool.mypy]
files = ["x"]
"""
MAKEFILE = (
    "export MODE = test\nPACKAGES = x\ntest:\n\tA='b c' uv run pytest -q\n"
    "lint:\n\truff check $(PACKAGES)\n\tcd sub && ruff check .\n"
)


def write(folder: Path, pyproject: str | None = OWN) -> Path:
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / "sub").mkdir()
    (folder / "tests").mkdir()
    (folder / "tests/test_x.py").touch()
    (folder / "setup.cfg").touch()
    if pyproject is not None:
        (folder / "pyproject.toml").write_text(pyproject)
    return folder


def meant(folder: Path) -> list[object]:
    return [
        (one.role, one.tool, one.start, one.args, one.cwd, dict(one.env))
        for one in read_conventions(folder, {}).projects[0].commands
    ]


@pytest.mark.parametrize("pyproject", [OWN, None, "", "[tool.hdb]\n# mine\ntimeout = 9\n"])
def test_what_is_written_means_what_was_found(pyproject: str | None, tmp_path: Path) -> None:
    before = meant(write(tmp_path, pyproject))
    assert before
    assert main(["conventions", str(tmp_path), "--write"]) == 0
    (tmp_path / "Makefile").unlink()
    assert meant(tmp_path) == before


def test_comments_and_order_of_an_existing_file_stay(tmp_path: Path) -> None:
    assert main(["conventions", str(write(tmp_path)), "--write"]) == 0
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.startswith(OWN)
    assert set(tomllib.loads(text)["tool"]["hdb"]) == {"test", "lint"}


def test_what_is_stated_already_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, OWN + "[tool.hdb]\ntest = 'pytest -x'  # mine\n")
    for _ in range(2):
        assert main(["conventions", str(tmp_path), "--write"]) == 0
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.count("test = 'pytest -x'  # mine\n") == 1
    assert "nothing to add: all is stated in pyproject.toml [tool.hdb]" in capsys.readouterr().err


@pytest.mark.parametrize("pyproject", ["[tool", "tool = 1\n", "[tool]\nhdb = 3\n"])
def test_a_file_that_cannot_be_changed_is_left_alone(
    pyproject: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, pyproject)
    assert main(["conventions", str(tmp_path), "--write"]) == 2
    assert "pyproject.toml" in capsys.readouterr().err
    assert (tmp_path / "pyproject.toml").read_text() == pyproject


def test_a_link_that_leads_out_of_the_project_is_not_written_to(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "pyproject.toml"
    outside.write_text(OWN)
    write(tmp_path, None)
    (tmp_path / "pyproject.toml").symlink_to(outside)
    assert main(["conventions", str(tmp_path), "--write"]) == 2
    assert outside.read_text() == OWN


def test_a_file_keeps_its_mode_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "pyproject.toml").chmod(0o640)
    before = {one.name for one in tmp_path.iterdir()}
    assert main(["conventions", str(tmp_path), "--write"]) == 0
    assert (tmp_path / "pyproject.toml").stat().st_mode & 0o777 == 0o640
    assert {one.name for one in tmp_path.iterdir()} == before


def test_tables_that_do_not_stand_together_are_no_hindrance(tmp_path: Path) -> None:
    text = "[tool.ruff]\n[project]\nname = 'x'\nversion = '1'\n[tool.mypy]\nfiles = ['x']\n"
    before = meant(write(tmp_path, text))
    assert main(["conventions", str(tmp_path), "--write"]) == 0
    (tmp_path / "Makefile").unlink()
    assert meant(tmp_path) == before


def test_a_role_of_which_a_line_would_lose_something_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    (tmp_path / "Makefile").write_text(
        "test:\n\tpytest\nlint:\n\truff check .\n\t./tools/unknown\n"
    )
    assert main(["conventions", str(tmp_path), "--write"]) == 0
    assert set(tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["hdb"]) == {"test"}
    assert "left lint of pyproject.toml out: `./tools/unknown` belongs to it" in (
        capsys.readouterr().err
    )


def test_what_a_task_sets_is_kept_whatever_its_options_say(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "Makefile").write_text("export X = 9\nlint:\n\truff check --config MAX=1 .\n")
    assert main(["conventions", str(tmp_path), "--write"]) == 0
    table = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["hdb"]
    assert table["lint"] == "X=9 ruff check --config MAX=1 ."
