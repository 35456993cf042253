"""A Taskfile is read as text, and read as task would read it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_server.conventions.go_task.taskfile import taskfile_tasks
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.tasks.tasks import TaskFile

OWN = "darwin" if sys.platform == "darwin" else "linux"


def read(folder: Path, files: Mapping[str, str] | str, where: str = ".") -> TaskFile:
    for name, text in ({"Taskfile.yml": files} if isinstance(files, str) else files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = taskfile_tasks(Place(folder), where)
    assert found is not None
    return found


def shown(file: TaskFile, name: str = "test") -> list[str]:
    """Return a task's commands: `FOLDER$ COMMAND`, with a `?` before those that are opaque."""
    return [
        f"{part.piece.cwd}$ {part.piece.text}"
        if isinstance(part.piece, Simple)
        else f"? {part.piece.text}"
        for part in file.tasks[name].parts
    ]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("pytest", [".$ pytest"]),
        ("[pytest, mypy]", [".$ pytest", ".$ mypy"]),
        ("{cmd: pytest}", [".$ pytest"]),
        ("{cmds: [pytest, {cmd: mypy, ignore_error: true}]}", [".$ pytest", ".$ mypy"]),
        ("{cmds: [cd a && pytest, mypy]}", ["a$ pytest", ".$ mypy"]),
        ("{dir: a, cmds: [pytest]}", ["a$ pytest"]),
        ("{dir: '{{.ROOT_DIR}}/a', cmds: ['pytest {{.ROOT_DIR}}']}", ["a$ pytest .."]),
        ("{dir: '{{.SHA}}', cmds: [pytest]}", ["? pytest"]),
        ("{dir: ../.., cmds: [pytest]}", ["? pytest"]),
        ("pytest {{.PKG}} {{.GONE}} {{ .CLI_ARGS }}", [".$ pytest src"]),
        ("pytest {{.SHA}}", ["? pytest ..."]),
        ("pytest {{.HOME}}", ["? pytest ..."]),
        ("pytest {{.GONE | default `a b`}}", [".$ pytest a b"]),
        ('pytest {{default "x" .PKG}} {{.PKG | upper}}', [".$ pytest src SRC"]),
        ('pytest {{joinPath .PKG "x"}} {{.PKG | replace "s" "z"}}', [".$ pytest src/x zrc"]),
        ("pytest {{.PKG | sha256sum}}", ["? pytest ..."]),
        ("pytest {{.PKG.x}}", ["? pytest ..."]),
        ("pytest {{if .CI}}-x{{end}}", ["? pytest {{if .CI}}-x{{end}}"]),
        ("pytest {{OS}}", [f".$ pytest {OWN}"]),
        ("{vars: {X: '{{.PKG}}/y'}, cmds: ['t {{.X}}']}", [".$ t src/y"]),
        ("{vars: {X: {sh: date}}, cmds: ['t {{.X}}']}", ["? t ..."]),
        ("{vars: {X: {ref: .PKG}}, cmds: ['t {{.X}}']}", ["? t ..."]),
        ("{requires: {vars: [X, {name: Y}]}, cmds: ['t {{.X}}', 'u {{.Y}}', v]}",
         ["? t ...", "? u ...", ".$ v"]),
        ("{cmds: [{task: one, vars: {A: x}}]}", [".$ t x"]),
        ("{deps: [{task: one, vars: {A: '{{.PKG}}'}}]}", [".$ t src"]),
        ("{cmds: [{for: [a, b], cmd: 't {{.ITEM}}'}]}", [".$ t a", ".$ t b"]),
        ("{cmds: [{for: {var: LIST}, cmd: 't {{.ITEM}}'}]}", [".$ t x", ".$ t y"]),
        ("{cmds: [{for: {var: PATHS, split: ',', as: P}, cmd: 't {{.P}}'}]}", [".$ t a", ".$ t b"]),
        ("{cmds: [{for: sources, cmd: 't {{.ITEM}}'}]}", ["? t ..."]),
        ("{cmds: [{for: [a], task: one, vars: {A: '{{.ITEM}}'}}]}", [".$ t a"]),
        ("{cmds: [{cmd: t, platforms: [windows]}, u]}", [".$ u"]),
        (f"{{platforms: [{OWN}/amd64], cmds: [t]}}", [".$ t"]),
        ("{platforms: [windows], cmds: [t]}", []),
        ("{cmds: [{defer: t}, {defer: {task: one, vars: {A: x}}}]}", [".$ t", ".$ t x"]),
        ("{cmds: [{cmd: t, if: '[ -n $X ]'}]}", ["? t"]),
        ("{if: '[ -n $X ]', cmds: [t]}", ["? t"]),
        ("{status: ['test -f x'], preconditions: [y], cmds: [t]}", [".$ t"]),
        ("", []),
        ("{cmds: {a: b}}", []),
        ("{cmds: [[x], {cmd: [y]}, {task: [z]}]}", []),
    ],
)  # fmt: skip
def test_a_task_is_read_as_task_would(task: str, expected: list[str], tmp_path: Path) -> None:
    text = (
        "version: '3'\nvars:\n  PKG: src\n  SHA: {sh: git rev-parse HEAD}\n  LIST: [x, y]\n"
        f"  PATHS: a,b\ntasks:\n  one: t {{{{.A}}}}\n  test: {task}\n"
    )
    assert shown(read(tmp_path, text)) == expected


def test_a_command_knows_the_line_it_begins_on(tmp_path: Path) -> None:
    text = "tasks:\n  test:\n    cmds:\n      - one\n      - |\n        cd a\n        two\n  b: t\n"
    file = read(tmp_path, {"sub/Taskfile.yaml": text}, "sub")
    sources = [part.source for part in file.tasks["test"].parts]
    assert sources == ["sub/Taskfile.yaml:test:4", "sub/Taskfile.yaml:test:7"]
    assert file.tasks["test"].source == "sub/Taskfile.yaml:test:2"
    assert (file.path, file.folder, file.shown) == ("sub/Taskfile.yaml", "sub", "task ")


def test_a_task_needs_those_it_depends_on_and_those_it_calls(tmp_path: Path) -> None:
    text = "tasks:\n  test: {aliases: [t], deps: [a, {task: b}], cmds: [{task: ':c'}, x]}\n"
    file = read(tmp_path, text)
    assert file.tasks["test"].needs == ("a", "b", "c")
    assert file.tasks["t"].needs == ("test",)


def test_the_environment_of_a_task_lies_above_that_of_its_file(tmp_path: Path) -> None:
    text = "env: {A: x, B: y}\ntasks:\n  test: {env: {B: z, C: {sh: date}}, cmd: t $A $B}\n"
    piece = read(tmp_path, text).tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert piece.argv == ("t", "x", "z")
    assert dict(piece.env) == {"A": "x", "B": "z"}


def test_the_default_task_comes_first(tmp_path: Path) -> None:
    assert [*read(tmp_path, "tasks:\n  a: x\n  default: y\n").tasks] == ["default", "a"]


def test_included_tasks_have_their_namespace_and_run_where_they_are_told_to(tmp_path: Path) -> None:
    file = read(tmp_path, {
        "Taskfile.yml": "includes:\n  one: ./more\n"
        "  two: {taskfile: more/Taskfile.dist.yml, dir: sub, aliases: [b], vars: {V: given}}\n"
        "  flat: {taskfile: flat.yml, flatten: true}\n"
        "  gone: {taskfile: gone.yml, optional: true}\n  far: https://example.org/x.yml\n"
        "tasks:\n  test: t\n",
        "more/Taskfile.dist.yml": "tasks:\n  default: [task: lint]\n"
        "  lint: l {{.V | default `none`}} {{.TASKFILE_DIR}}\n  up: [task: ':test']\n",
        "flat.yml": "tasks:\n  test: theirs\n  other: o\n",
    })  # fmt: skip
    assert shown(file) == [".$ t"]
    assert shown(file, "other") == [".$ o"]
    assert shown(file, "one:lint") == [".$ l none ./more"]
    assert shown(file, "two:lint") == ["sub$ l given ../more"]
    assert file.tasks["two:lint"].parts[0].source == "more/Taskfile.dist.yml:lint:3"
    assert file.tasks["one:default"].needs == ("one:lint",)
    assert file.tasks["one"].needs == ("one:default",)
    assert file.tasks["one:up"].needs == ("test",)
    assert file.tasks["b:lint"].needs == ("two:lint",)


def test_a_file_that_is_no_yaml_is_reported(tmp_path: Path) -> None:
    (tmp_path / "Taskfile.yml").write_text("tasks: [\n")
    place = Place(tmp_path)
    found = taskfile_tasks(place, ".")
    assert found is not None
    assert not found.tasks
    assert place.reader.problems["Taskfile.yml"].startswith("it is no YAML in line 2")


def test_a_folder_without_a_taskfile_has_no_tasks(tmp_path: Path) -> None:
    assert taskfile_tasks(Place(tmp_path), ".") is None


def test_reading_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    read(tmp_path, f"vars: {{A: {{sh: touch {marker}}}}}\nenv: {{B: {{sh: touch {marker}}}}}\n"
         f"x: !!python/object/apply:os.system ['touch {marker}']\n"
         f"tasks:\n  test: {{status: [touch {marker}], "
         f"cmds: ['touch {marker} {{{{.A}}}}']}}\n")  # fmt: skip
    assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    [
        "tasks:\n" + "".join(f" a{n}: x\n" for n in range(9000)),
        "tasks:\n a: '" + "{{ " * 40_000 + "'",
        "tasks: " + "{a: " * 30_000,
        "vars:\n A0: xxxx\n"
        + "".join(f" A{n + 1}: '{{{{.A{n}}}}}{{{{.A{n}}}}}'\n" for n in range(3000))
        + "tasks:\n a: x {{.A2999}}\n",
        "env:\n" + "".join(f" A{n}: x\n" for n in range(5000)) + "tasks:\n a: x\n",
        "tasks:\n a:\n  cmds:\n" + "   - {task: a, vars: {X: 1}}\n" * 500,
        "tasks:\n"
        + "".join(
            f" a{n}: [{{task: a{n + 1}, vars: {{X: 1}}}}, {{task: a{n + 1}, vars: {{X: 2}}}}]\n"
            for n in range(1500)
        ),
        "includes:\n"
        + "".join(f" a{n}: ./Taskfile.yml\n" for n in range(3000))
        + "tasks:\n a: x\n",
        "tasks:\n a: {deps: [a]}\n",
    ],
)
def test_a_hostile_taskfile_ends(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text).path == "Taskfile.yml"


KEYS = st.sampled_from(
    "tasks vars env includes a b cmds cmd deps task dir for var platforms requires aliases if "
    "taskfile flatten defer sh split as".split()
)
SCALARS = st.sampled_from(
    ["a", "b", "pytest", "{{.a}}", "{{", "{{.a | default", "true", "1", "null", "..", ":", "é"]
)
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=4)
)


def written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {written(one)}' for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return "null" if value == "null" else f'"{value}"'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=4))
def test_no_shape_is_too_odd(
    tmp_path: Path, file: dict[str, object], tasks: dict[str, object]
) -> None:
    (tmp_path / "Taskfile.yml").write_text(written({**file, "tasks": tasks}), encoding="utf-8")
    found = taskfile_tasks(Place(tmp_path), ".")
    assert found is not None
    for task in found.tasks.values():
        for part in task.parts:
            assert isinstance(part.piece, Opaque) or not any(
                mark in word for word in part.piece.argv for mark in "\0\1"
            )
