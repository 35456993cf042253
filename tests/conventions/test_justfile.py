"""A justfile is read as text, and read as just would read it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_server.conventions.just.justfile import justfile_tasks
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.tasks.commands import MAX_FILE
from mcp_server.conventions.tasks.tasks import TaskFile

FOREIGN = "linux" if sys.platform == "darwin" else "macos"


def read(folder: Path, files: Mapping[str, str] | str, where: str = ".") -> TaskFile:
    for name, text in ({"justfile": files} if isinstance(files, str) else files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = justfile_tasks(Place(folder), where)
    assert found is not None
    return found


def shown(file: TaskFile, name: str = "test") -> list[str]:
    """Return a recipe's commands: `FOLDER$ COMMAND`, with a `?` before those that are opaque."""
    return [
        f"{part.piece.cwd}$ {part.piece.text}"
        if isinstance(part.piece, Simple)
        else f"? {part.piece.text}"
        for part in file.tasks[name].parts
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test:\n    pytest -q\n", [".$ pytest -q"]),
        ("test:\r\n    pytest\r\n", [".$ pytest"]),
        ("test:\n\t@-pytest\n\n\t-@mypy\n", [".$ pytest", ".$ mypy"]),
        ("test:\n  pytest \\\n    -q\n", [".$ pytest -q"]),
        ("test: # note\n  # note\n  pytest # note\n", [".$ pytest"]),
        ("test:\n  cd a && pytest\n  mypy\n", ["a$ pytest", ".$ mypy"]),
        ("a := 'x'\nb := a + '/' / \"y\"\ntest:\n  t {{ b }} {{a}}\n", [".$ t x//y x"]),
        ("test:\n  t {{ late }}\nlate := 'x'\n", [".$ t x"]),
        ("test path='tests' *args:\n  pytest {{path}} {{args}}\n", [".$ pytest tests"]),
        ("test $MODE='x' +args=('-' + 'q'):\n  pytest {{args}}\n", [".$ pytest -q"]),
        ("test path:\n  pytest {{path}}\n", ["? pytest ..."]),
        ("test +paths:\n  pytest {{paths}}\n", ["? pytest ..."]),
        ("a := `date`\ntest:\n  t {{a}}\n", ["? t ..."]),
        ("a := shell('date')\ntest:\n  t {{a}}\n", ["? t ..."]),
        ("a := env('A')\ntest:\n  t {{a}}\n", ["? t ..."]),
        ("a := env('A', 'x')\ntest:\n  t {{a}}\n", [".$ t x"]),
        ("a := env_var_or_default('A', 'x')\ntest:\n  t {{a}}\n", [".$ t x"]),
        ("a := x'$HOME/y'\ntest:\n  t {{a}}\n", ["? t ..."]),
        ("a := if 'x' == 'x' { 'y' } else { 'z' }\ntest:\n  t {{a}}\n", [".$ t y"]),
        (("a := if 'x' != 'x' { 'y' } else if '1' == '2' { '' } else { 'z' }\n"
         "test:\n  t {{a}}\n"), [".$ t z"]),
        ("a := if env('CI') == '1' { 'y' } else { 'z' }\ntest:\n  t {{a}}\n", ["? t ..."]),
        ("a := if env('CI') == '1' { 'y' } else { 'y' }\ntest:\n  t {{a}}\n", [".$ t y"]),
        ("a := '''\n  x\n  y\n'''\ntest:\n  t {{trim(a)}}\n", [".$ t x", ".$ y"]),
        ("a := (\n  'x' +\n  'y'\n)\ntest:\n  t {{a}}\n", [".$ t xy"]),
        ("test:\n  t {{ '}}' }} {{{{x}}\n", [".$ t '}}' '{{x}}'"]),
        ("test:\n  t {{quote('a b')}} {{replace('x', 'x', 'y')}}\n", [".$ t 'a b' y"]),
        ("test:\n  {{justfile_directory()}}/bin/t {{justfile_dir()}}\n", [".$ ./bin/t ."]),
        ("test:\n  cd {{justfile_directory()}}/a && t\n", ["a$ t"]),
        ("set working-directory := 'a'\ntest:\n  t {{justfile_directory()}}\n", ["a$ t .."]),
        ("set working-directory := 'a'\n[working-directory: 'b']\ntest:\n  t\n", ["a/b$ t"]),
        ("set working-directory := 'a'\n[no-cd]\ntest:\n  t\n", [".$ t"]),
        ("set working-directory := '..'\ntest:\n  t\n", ["? t"]),
        ("[private]\n[group('a'), doc(\"b\")]\ntest:\n  t\n", [".$ t"]),
        ("[windows]\ntest:\n  w\n[unix]\ntest:\n  u\n", [".$ u"]),
        (f"test:\n  t\n[{FOREIGN}]\ntest:\n  x\n", [".$ t"]),
        ("test:\n  #!/usr/bin/env bash\n  set -e\n  cd a\n  t\n", ["a$ t"]),
        ("test:\n  #!/usr/bin/python3\n  import pytest\n", ["? #!/usr/bin/python3 import pytest"]),
        ("[script('bash')]\ntest:\n  cd a\n  t\n", ["a$ t"]),
        ("[script('python3')]\ntest:\n  import x\n", ["? import x"]),
        ("set shell := ['python3', '-c']\ntest:\n  import x\n", ["? import x"]),
        ("set shell := ['uv', 'run', 'bash', '-c']\ntest:\n  t\n", [".$ t"]),
        ("set positional-arguments\ntest a='x' *b:\n  t $1 \"$@\"\n", [".$ t x x"]),
        ("@test:\n  t\n", [".$ t"]),
        ("import := 'x'\ntest:\n  t {{import}}\n", [".$ t x"]),
        ("test: (one 'x')\none a b='y':\n  t {{a}} {{b}}\n", [".$ t x y"]),
        ("test: (one 'x' + 'y') (one ('z'))\none a:\n  t {{a}}\n", [".$ t xy", ".$ t z"]),
        ("a := b\nb := a\ntest:\n  t {{a}}\n", ["? t ..."]),
        ("test:\n  t {{a\n", ["? t ..."]),
    ],
)  # fmt: skip
def test_a_recipe_is_read_as_just_would(text: str, expected: list[str], tmp_path: Path) -> None:
    assert shown(read(tmp_path, text)) == expected


def test_a_command_knows_the_line_it_begins_on(tmp_path: Path) -> None:
    text = "a := '''\n x\n'''\n\n# note\ntest: lint\n\n  one \\\n    x\n  two\n\n"
    text += "lint:\n  #!/bin/sh\n  t\n"
    file = read(tmp_path, {"sub/justfile": text}, "sub")
    sources = [part.source for part in file.tasks["test"].parts]
    assert sources == ["sub/justfile:test:8", "sub/justfile:test:10"]
    assert file.tasks["test"].source == "sub/justfile:test:6"
    assert [part.source for part in file.tasks["lint"].parts] == ["sub/justfile:lint:14"]
    assert (file.path, file.folder, file.shown) == ("sub/justfile", "sub", "just ")


def test_needs_are_those_before_and_those_after(tmp_path: Path) -> None:
    file = read(tmp_path, "test: a b && c m::d\n  t\nalias t := test\n")
    assert file.tasks["test"].needs == ("a", "b", "c", "m::d")
    assert file.tasks["t"].needs == ("test",)


def test_what_is_exported_is_set_for_the_commands(tmp_path: Path) -> None:
    file = read(
        tmp_path, "export A := 'x'\nB := 'y'\nexport C := `z`\ntest $D='1' e='2':\n  t $A\n"
    )
    piece = file.tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert piece.argv == ("t", "x")
    assert dict(piece.env) == {"A": "x", "D": "1"}


def test_everything_is_exported_where_the_setting_says_so(tmp_path: Path) -> None:
    file = read(tmp_path, "set export\nB := 'y'\ntest e='2':\n  t\n")
    piece = file.tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert dict(piece.env) == {"B": "y", "e": "2"}


def test_the_recipe_that_just_runs_unasked_comes_first(tmp_path: Path) -> None:
    assert [*read(tmp_path, "a:\n  x\n[default]\nb:\n  y\n").tasks] == ["b", "a"]


def test_a_path_from_the_justfile_holds_wherever_a_command_has_moved_to(tmp_path: Path) -> None:
    file = read(tmp_path, "test:\n  cd a && t {{justfile_directory()}}/x\n")
    assert shown(file) == [f"a$ t {tmp_path}/x"]


def test_imports_run_here_and_modules_in_their_own_folder(tmp_path: Path) -> None:
    file = read(tmp_path, {
        "justfile": "import 'more/x.just'\nimport? 'gone.just'\nmod docs\nmod? gone\nmod b 'c/d'\n"
        "v := 'own'\nown:\n  t\n",
        "more/x.just": "v := 'theirs'\nown:\n  theirs\ntest:\n  t {{v}}\n",
        "docs/justfile": "default: lint\nlint:\n  vale . {{justfile_directory()}}\n",
        "c/d/mod.just": "test:\n  t\n",
    })  # fmt: skip
    assert [*file.tasks] == ["own", "test", "docs::default", "docs::lint", "b::test"]
    assert shown(file) == [".$ t own"]
    assert file.tasks["test"].parts[0].source == "more/x.just:test:5"
    assert shown(file, "own") == [".$ t"]
    assert file.tasks["docs::default"].needs == ("docs::lint",)
    assert shown(file, "docs::lint") == ["docs$ vale . .."]
    assert file.tasks["docs::lint"].parts[0].source == "docs/justfile:lint:3"
    assert shown(file, "b::test") == ["c/d$ t"]


def test_nothing_outside_the_root_is_brought_in(tmp_path: Path) -> None:
    (tmp_path / "x.just").write_text("secret:\n  t\n")
    file = read(tmp_path / "root", "import '../x.just'\nimport '/x.just'\ntest:\n  t\n")
    assert [*file.tasks] == ["test"]


def test_a_folder_without_a_justfile_has_no_tasks(tmp_path: Path) -> None:
    assert justfile_tasks(Place(tmp_path), ".") is None
    assert justfile_tasks(Place(tmp_path), "gone") is None


def test_reading_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    read(tmp_path, f"a := `touch {marker}`\nb := shell('touch {marker}')\ntest:\n  touch {marker}\n"
         f"  echo {{{{ `touch {marker}` }}}} {{{{a}}}} {{{{b}}}}\n")  # fmt: skip
    assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    [
        "test:\n" + "  t\n" * 30_000,
        "test:\n  " + "a;" * 60_000,
        "test:\n  " + "{{ " * 40_000,
        "a := " + "(" * 130_000,
        "a := " + "if a == b { c } else " * 6_000,
        "a := a + a\ntest:\n  t {{a}}\n",
        "".join(f"a{n} := a{n + 1} + a{n + 1}\n" for n in range(4500)) + "test:\n  t {{a0}}\n",
        "a x='': (a '1') (a '2') (a '3') (a '4') (a '5') (a '6') (a '7') (a '8')\n",
        "test: test\nimport 'justfile'\nmod justfile\n",
        '"\\' * 60_000,
        "[" * 130_000,
        "".join(f"export A{n} := 'x'\n" for n in range(3000)) + "test:\n  t\n" * 3000,
    ],
)
def test_a_hostile_justfile_ends(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text).path == "justfile"


def test_a_justfile_that_nobody_writes_is_reported(tmp_path: Path) -> None:
    (tmp_path / "justfile").write_text("#" * (MAX_FILE + 1))
    place = Place(tmp_path)
    assert justfile_tasks(place, ".") is None
    assert "hdb reads task files of up to" in place.reader.problems["justfile"]


PIECES = [
    "test", "a", " ", "  ", "\n", "\n  ", ":", ":=", "{{", "}}", "(", ")", "[", "]", "'", '"', "`",
    "if ", " else ", "{", "}", "==", "&&", "||", "+", "/", "\\", "#", "#!", "import ", "mod ",
    "set ",
    "export ", "alias ", "*", "$", "@", "-", "é", "\t", "env(", ",", "justfile_directory()", "'''",
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_text_is_too_odd(tmp_path: Path, text: str) -> None:
    (tmp_path / "justfile").write_text(text)
    found = justfile_tasks(Place(tmp_path), ".")
    assert found is not None
    for task in found.tasks.values():
        for part in task.parts:
            assert isinstance(part.piece, Opaque) or not any(
                mark in word for word in part.piece.argv for mark in "\0\1"
            )
