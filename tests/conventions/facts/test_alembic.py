"""Histories of alembic revisions: heads, duplicates and missing parents, read and never run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mcp_server.conventions.facts import read_facts
from mcp_server.conventions.facts.revisions import Revision, read_revision
from mcp_server.conventions.files.settings import read_settings
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.conventions.shell.pieces import Place
from tests.conventions.facts.projects import facts_of, write

INI = "[alembic]\n# where\nscript_location = %(here)s/migrations\n"


def revision(name: str, down: str = "None") -> str:
    return f'"""{name}"""\nrevision = "{name}"\ndown_revision = {down}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("revision = 'a'\ndown_revision = None\n", Revision("a", ())),
        ('revision: str = "a"\ndown_revision: Union[str, None] = "b"\n', Revision("a", ("b",))),
        ("revision='a'\ndown_revision='b' # not 'c'\n", Revision("a", ("b",))),
        ("revision = 'a'\ndown_revision = ('b', 'c')\n", Revision("a", ("b", "c"))),
        ("revision = 'a'\ndown_revision = (\n  'b',  # x)\n  'c',\n)\n", Revision("a", ("b", "c"))),
        ("revision = 'a'\ndown_revision = ['b']\n", Revision("a", ("b",))),
        ("revision = 'a'\ndown_revision = parent()\n", Revision("a", None)),
        ("revision = 'a'\n", Revision("a", None)),
        ("def upgrade():\n    revision = 'a'\n", None),
        ("\udcff", None),
    ],
)
def test_a_revision_is_read_in_every_way_it_is_written(
    text: str, expected: Revision | None
) -> None:
    assert read_revision(text.encode("utf-8", "surrogateescape")) == expected


def test_one_history_has_one_head(tmp_path: Path) -> None:
    files = {
        "alembic.ini": INI,
        "migrations/env.py": "raise SystemExit('it ran')\n",
        "migrations/versions/__init__.py": "",
        "migrations/versions/a.py": revision("a"),
        "migrations/versions/b.py": revision("b", "'a'"),
    }
    (found,) = facts_of(tmp_path, files).alembic
    assert (found.revisions, found.heads) == (2, ("b",))
    assert (found.source, found.folders) == ("alembic.ini:3", ("migrations/versions",))
    assert dict(facts_of(tmp_path, files).places)["migrations"].count == 1


def test_branches_duplicates_and_missing_parents_are_told(tmp_path: Path) -> None:
    files = {
        "alembic.ini": INI,
        "migrations/versions/a.py": revision("a"),
        "migrations/versions/b.py": revision("b", "'a'"),
        "migrations/versions/c.py": revision("c", "'a'"),
        "migrations/versions/c2.py": revision("c", "'a'"),
        "migrations/versions/d.py": revision("d", "'gone'"),
    }
    (found,) = facts_of(tmp_path, files).alembic
    assert found.heads == ("b", "c", "d")
    assert (found.duplicates, found.missing) == (("c",), ("gone",))


@pytest.mark.parametrize(
    ("ini", "folders"),
    [
        ("[alembic]\nscript_location = m\nversion_locations = x/one:x/two\n", ("x/one", "x/two")),
        ("[alembic]\nscript_location = m\nversion_locations = x/one x/two\n", ("x/one", "x/two")),
        ("[alembic]\nscript_location = x:in\nversion_locations = x:in/all\n", ("src/x/in/all",)),
        ("[alembic]\nscript_location = x:deep:in\n", ("src/x/deep/in/versions",)),
        ("[alembic]\nscript_location = .\n", ("versions",)),
    ],
)
def test_version_locations_are_found_in_every_form(
    ini: str, folders: tuple[str, ...], tmp_path: Path
) -> None:
    files = {f"{folder}/r{number}.py": revision(f"r{number}")
             for number, folder in enumerate(folders)}  # fmt: skip
    files |= {"alembic.ini": ini, "src/x/__init__.py": ""}
    (found,) = facts_of(tmp_path, files).alembic
    assert found.folders == folders
    assert found.revisions == len(folders)


def test_folders_inside_the_versions_are_histories_of_their_own(tmp_path: Path) -> None:
    files = {
        "alembic.ini": INI,
        "migrations/versions/pg/a.py": revision("a"),
        "migrations/versions/lite/b.py": revision("b"),
    }
    found = facts_of(tmp_path, files).alembic
    assert [one.heads for one in found] == [("b",), ("a",)]


def test_a_history_that_nothing_states_is_found_beside_its_env(tmp_path: Path) -> None:
    files = {"app/db/env.py": "", "app/db/versions/a.py": revision("a")}
    (found,) = facts_of(tmp_path, {"setup.py": "", **files}).alembic
    assert (found.source, found.heads) == ("app/db/env.py", ("a",))


def test_pyproject_can_state_the_history(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[tool.alembic]\nscript_location = '%(here)s/m'\n",
        "m/versions/a.py": revision("a"),
    }
    (found,) = facts_of(tmp_path, files).alembic
    assert (found.source, found.heads) == ("pyproject.toml:2", ("a",))


@pytest.mark.parametrize("ini", ["[alembic\n", "[alembic]\nscript_location\n  on\n"])
def test_an_ini_file_that_cannot_be_understood_is_told(ini: str, tmp_path: Path) -> None:
    write(tmp_path, {"alembic.ini": ini})
    place = Place(tmp_path, {})
    assert read_facts(".", list_tree(tmp_path), read_settings(tmp_path), place).alembic == ()
    assert place.reader.problems["alembic.ini"].startswith("it is no INI file: ")


def test_a_thousand_revisions_are_read_quickly(tmp_path: Path) -> None:
    files = {"alembic.ini": INI, "migrations/versions/r0.py": revision("r0")}
    for number in range(1, 1000):
        files[f"migrations/versions/r{number}.py"] = revision(f"r{number}", f"'r{number - 1}'")
    facts_of(tmp_path, files)
    begin = time.perf_counter()
    (found,) = facts_of(tmp_path, {}).alembic
    assert (found.revisions, found.heads) == (1000, ("r999",))
    assert time.perf_counter() - begin < 2
