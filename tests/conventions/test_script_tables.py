"""The script tables of pyproject, and of the files that stand for them, are read as tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_server.conventions.files.settings import read_settings
from mcp_server.conventions.scripts.tables import script_tables
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.tasks.tasks import TaskFile


def every(folder: Path, files: Mapping[str, str], where: str = ".") -> list[TaskFile]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return [*script_tables(Place(folder), where, read_settings(folder / where))]


def read(folder: Path, text: str) -> TaskFile:
    found = every(folder, {"pyproject.toml": text})
    assert len(found) == 1
    return found[0]


def shown(file: TaskFile, name: str = "test") -> list[str]:
    """Return a task's commands: `FOLDER$ COMMAND`, with a `?` before those that are opaque."""
    return [
        f"{part.piece.cwd}$ {part.piece.text}"
        if isinstance(part.piece, Simple)
        else f"? {part.piece.text}"
        for part in file.tasks[name].parts
    ]


@pytest.mark.parametrize(
    ("text", "expected", "needs"),
    [
        ("test = 'pytest -q'", [".$ pytest -q"], ()),
        ("test.cmd = '''pytest # note\n  -q'''", [".$ pytest -q"], ()),
        ("test.shell = 'cd a && pytest; mypy'", ["a$ pytest", "a$ mypy"], ()),
        ("test = {shell = 'import x', interpreter = 'python'}", ["? import x"], ()),
        ("test = {cmd = 'pytest', cwd = 'a'}", ["a$ pytest"], ()),
        ("test = {cmd = 'pytest', cwd = '${POE_ROOT}/a'}", ["a$ pytest"], ()),
        ("test = {cmd = 'pytest', cwd = '../..'}", ["? pytest"], ()),
        ("test = 'pytest ${POE_ROOT}/a'", [".$ pytest ./a"], ()),
        ("test.script = 'a.b:main(1)'", ["? a.b:main(1)"], ()),
        ("test.expr = '1 + 1'", ["? 1 + 1"], ()),
        ("test.ref = 'other'", [], ("other",)),
        ("test.ref = 'other -x'", [".$ poe other -x"], ()),
        ("test = ['a', 'b', {cmd = 'x'}, {ref = 'c'}]", [".$ x"], ("a", "b", "c")),
        ("test = {sequence = ['x y'], default_item_type = 'cmd'}", [".$ x y"], ()),
        ("test = {parallel = ['a', {shell = 'x'}]}", [".$ x"], ("a",)),
        ("test = {cmd = 't $path', args = [{name = 'path', default = 'x'}]}", [".$ t x"], ()),
        ("test = {cmd = 't $path', args = {path = {default = 'x'}}}", [".$ t x"], ()),
        ("test = {cmd = 't $a', args = ['a']}", [".$ t"], ()),
        ("test = {cmd = 't $a_b', args = [{name = 'a-b', positional = true}]}", ["? t $a_b"], ()),
        ("test = {cmd = 't $A', deps = ['a'], uses = {A = 'b'}}", ["? t $A"], ("a", "b")),
        ("test = {switch = [{case = 'x', cmd = 't'}], control = 'c'}", ["? t"], ()),
        ("test = 't $A $B'\n[tool.poe.env]\nA = 'x'\nB.default = 'y'", [".$ t x y"], ()),
        ("test = 't'\n[tool.poe]\ndefault_task_type = 'ref'", [], ("t",)),
        ("test = 1", [], ()),
        ("test = {cmd = 1, args = 1, env = 1, deps = 1}", [], ()),
        ("test = [1, [['x']], {sequence = 1}]", [], ("x",)),
    ],
)
def test_a_task_of_poe_is_read(
    text: str, expected: list[str], needs: tuple[str, ...], tmp_path: Path
) -> None:
    file = read(tmp_path, f"[tool.poe.tasks]\n{text}\n")
    assert (shown(file), file.tasks["test"].needs) == (expected, needs)
    assert file.shown == "poe "


def test_poe_includes_further_files(tmp_path: Path) -> None:
    file = every(tmp_path, {
        "pyproject.toml": "[tool.poe]\n"
        "include = ['a.toml', {path = 'b.toml', cwd = 'sub'}, 'gone.toml']\n"
        "[tool.poe.tasks]\ntest = 'own'\n",
        "a.toml": "[tool.poe.tasks]\n\ntest = 'theirs'\na = 'x'\n", "b.toml": "[tasks]\nb = 'y'\n",
    })[0]  # fmt: skip
    assert [shown(file, name) for name in file.tasks] == [[".$ own"], [".$ x"], ["sub$ y"]]
    assert file.tasks["a"].source == "a.toml:a:4"


def test_poe_has_a_file_of_its_own(tmp_path: Path) -> None:
    files = {"poe_tasks.toml": "[tasks]\ntest = 'x'\n", "pyproject.toml": "[project]\nname = 'a'\n"}
    file = every(tmp_path, files)[0]
    assert (shown(file), file.tasks["test"].source) == ([".$ x"], "poe_tasks.toml:test:2")


@pytest.mark.parametrize(
    ("text", "expected", "needs"),
    [
        ("test = 'pytest {args:tests}'", [".$ pytest tests"], ()),
        ("test = ['pytest', '-k', 'a b']", [".$ pytest -k 'a b'"], ()),
        ("test.cmd = ['pytest', '-q', '{args}']", [".$ pytest -q"], ()),
        ("test.cmd = ['pytest', '-k', 'a b', '{args:c d}']", [".$ pytest -k 'a b' c d"], ()),
        ("test = {shell = 'cd a && pytest', env = {B = 'z'}}", ["a$ pytest"], ()),
        ("test = {cmd = 'pytest', working_dir = 'a'}", ["a$ pytest"], ()),
        ("test.call = 'a.b:main'", ["? a.b:main"], ()),
        ("test.composite = ['one', 'ruff check', 'one -x']\none = 'x'",
         [".$ ruff check", ".$ pdm run one -x"], ("one",)),
        ("test = 'x'\npre_test = 'y'\npost_test = 'z'", [".$ x"], ("pre_test", "post_test")),
        ("test = 1", [".$ 1"], ()),
        ("test = {composite = 1}", [], ()),
    ],
)  # fmt: skip
def test_a_script_of_pdm_is_read(
    text: str, expected: list[str], needs: tuple[str, ...], tmp_path: Path
) -> None:
    file = read(tmp_path, f"[tool.pdm.scripts]\n_.env = {{A = 'x'}}\n{text}\n")
    assert (shown(file), file.tasks["test"].needs) == (expected, needs)
    assert "_" not in file.tasks
    assert file.shown == "pdm run "


def test_what_pdm_scripts_share_is_set_for_each(tmp_path: Path) -> None:
    text = "[tool.pdm.scripts]\n_.env = {A = 'x', B = 'y'}\ntest = {cmd = 't', env = {B = 'z'}}\n"
    piece = read(tmp_path, text).tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert dict(piece.env) == {"A": "x", "B": "z"}


HATCH = """
[{0}default]
env-vars = {{ R = "{{root}}/x" }}
[{0}default.scripts]
test = "pytest {{args:tests}}"
cov = ["test --cov", "- coverage report"]
all = ["cov", "test"]
loop = ["loop x", "other {{env:A:b}} {{env:A}}"]
[{0}lint]
detached = true
[{0}lint.scripts]
style = ["ruff check {{args:.}}", "cd {{root}}/a && black --check ."]
all = ["style", "style -q"]
[{0}more]
scripts.own = "test -x"
[{0}deep]
template = "more"
extra-scripts.e = "own"
"""


@pytest.mark.parametrize(
    ("name", "table"), [("pyproject.toml", "tool.hatch.envs."), ("hatch.toml", "envs.")]
)
def test_the_scripts_of_hatch_are_read(name: str, table: str, tmp_path: Path) -> None:
    (file,) = every(tmp_path, {name: HATCH.format(table)})
    assert file.shown == "hatch run "
    assert {one: shown(file, one) for one in file.tasks if file.tasks[one].parts} == {
        "test": [".$ pytest tests"],
        "cov": [".$ pytest --cov", ".$ coverage report"],
        "loop": [".$ loop x", "? other b ..."],
        "lint:style": [".$ ruff check .", "a$ black --check ."],
        "lint:all": [".$ ruff check -q", "a$ black --check ."],
        "more:own": [".$ pytest -x"],
    }
    assert file.tasks["all"].needs == ("cov", "test")
    assert file.tasks["lint:all"].needs == ("lint:style",)
    assert file.tasks["more:test"].needs == ("test",)
    assert file.tasks["deep:e"].needs == ("deep:own",)
    assert file.tasks["deep:own"].needs == ("more:own",)
    assert [one.source for one in file.tasks["cov"].parts] == [f"{name}:test:5", f"{name}:cov:6"]
    piece = file.tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert dict(piece.env) == {"R": "./x"}


def test_scripts_that_hatch_itself_has_are_tasks_where_they_are_overridden(tmp_path: Path) -> None:
    text = "[tool.hatch.envs.hatch-test.scripts]\nrun = 'pytest{env:ARGS:} {args}'\n"
    text += "[tool.hatch.envs.default.scripts]\nx = 'y'\n"
    file = read(tmp_path, text)
    assert [*file.tasks] == ["hatch-test:run", "x"]
    assert shown(file, "hatch-test:run") == [".$ pytest"]


@pytest.mark.parametrize(
    ("text", "expected", "needs"),
    [
        ("tasks.test = 'pytest && mypy'", [".$ pytest", ".$ mypy"], ()),
        ("tasks.test = {cmd = 'pytest', cwd = 'a', help = 'x'}", ["a$ pytest"], ()),
        ("tasks.test = 't {src}'\nvariables.src = 'x'", [".$ t '{src}'"], ()),
        ("tasks.test = {cmd = 't {src}', use_vars = true}\nvariables.src = 'x'", [".$ t x"], ()),
        (("tasks.test = 't {b} {c}'\nsettings.use_vars = true\nvariables.a = 'x'\n"
         "variables.b = {var = '{a}/y', recursive = true}"), ["? t x/y ..."], ()),
        ("tasks.test = 't'\nsettings.runner = 'uv run'", [".$ uv run t"], ()),
        ("tasks = {test = 'task a', pre_test = 'x', post_test = 'y'}", [".$ task a"],
         ("pre_test", "post_test")),
    ],
)  # fmt: skip
def test_a_task_of_taskipy_is_read(
    text: str, expected: list[str], needs: tuple[str, ...], tmp_path: Path
) -> None:
    file = read(tmp_path, f"[tool.taskipy]\n{text}\n")
    assert (shown(file), file.tasks["test"].needs) == (expected, needs)
    assert file.shown == "task "


@pytest.mark.parametrize(
    ("text", "expected", "needs"),
    [
        ("test = 'pytest'", [".$ pytest"], ()),
        ("test = ['pytest', '-k', 'a b']", [".$ pytest -k 'a b'"], ()),
        ("test = {cmd = 't $A', env = {A = 'x'}}", [".$ t x"], ()),
        ("test = {chain = ['a', 'a -x', 'b']}\na = 'x'", [".$ rye run a -x", ".$ b"], ("a",)),
        ("test = {call = 'a.b'}", [".$ python -m a.b"], ()),
        ("test = {call = 'a.b:c'}", ["? a.b:c"], ()),
    ],
)
def test_a_script_of_rye_is_read(
    text: str, expected: list[str], needs: tuple[str, ...], tmp_path: Path
) -> None:
    file = read(tmp_path, f"[tool.rye.scripts]\n{text}\n")
    assert (shown(file), file.tasks["test"].needs) == (expected, needs)
    assert file.shown == "rye run "


@pytest.mark.parametrize(("name", "table"), [("pyproject.toml", "tool.pixi."), ("pixi.toml", "")])
def test_the_tasks_of_pixi_are_read(name: str, table: str, tmp_path: Path) -> None:
    text = f"""
[{table}tasks]
test = {{ cmd = "t {{{{ a }}}} {{{{ b }}}}", cwd = "s", args = [{{ arg = "a", default = "x" }}] }}
lint = {{ cmd = ["l", "a b"], depends-on = ["test", {{ task = "all" }}] }}
all = {{ depends_on = "lint" }}
each = [{{ task = "lint" }}]
[{table}feature.f.tasks]
test = "weaker"
mypy = "mypy"
[{table}target.win-64.tasks]
lint = "theirs"
[{table}target.unix.tasks]
mine = "own"
"""
    (file,) = every(tmp_path, {name: text})
    assert {one: shown(file, one) for one in file.tasks} == {
        "test": ["? t x ..."],
        "lint": [".$ l 'a b'"],
        "all": [],
        "each": [],
        "mine": [".$ own"],
        "mypy": [".$ mypy"],
    }
    assert file.tasks["lint"].needs == ("test", "all")
    assert (file.tasks["all"].needs, file.tasks["each"].needs) == (("lint",), ("lint",))
    assert (file.shown, file.tasks["mypy"].source) == ("pixi run ", f"{name}:mypy:9")


def test_the_scripts_of_a_package_that_start_pythons_tools_are_read(tmp_path: Path) -> None:
    scripts = {
        "lint": "eslint .",
        "pretest:py": "ruff check",
        "test:py": "cd a && pytest",
        "all": "npm run lint && npm run test:py",
        "odd": 1,
    }
    (file,) = every(
        tmp_path, {"sub/package.json": json.dumps({"scripts": scripts}, indent=1)}, "sub"
    )
    assert {one: shown(file, one) for one in file.tasks} == {
        "pretest:py": ["sub$ ruff check"],
        "test:py": ["sub/a$ pytest"],
        "all": ["sub$ npm run lint", "sub$ npm run test:py"],
    }
    assert file.tasks["test:py"].needs == ("pretest:py",)
    assert file.tasks["test:py"].source == "sub/package.json:test:py:5"
    assert file.shown == "npm run "


@pytest.mark.parametrize("text", ["{", "[]", "1", '{"scripts": 1}', "[" * 100_000])
def test_a_package_without_scripts_has_no_tasks(text: str, tmp_path: Path) -> None:
    assert every(tmp_path, {"package.json": text}) == []


def test_a_command_knows_the_line_it_begins_on(tmp_path: Path) -> None:
    text = (
        "[tool.poe.tasks]\na.shell = '''\none\n\ncd x\ntwo\n'''\n"
        "b = [\n  'a',\n  {cmd = 'three'},\n]\n[tool.poe.tasks.c]\nhelp = 'x'\ncmd = 'four'\n"
    )
    (file,) = every(tmp_path, {"sub/pyproject.toml": text}, "sub")
    sources = [part.source for task in file.tasks.values() for part in task.parts]
    lines = [("a", 3), ("a", 6), ("b", 10), ("c", 14)]
    assert sources == [f"sub/pyproject.toml:{name}:{line}" for name, line in lines]
    assert [one.source.rpartition(":")[2] for one in file.tasks.values()] == ["2", "8", "12"]
    assert (file.folder, file.path) == ("sub", "sub/pyproject.toml [tool.poe.tasks]")


def test_a_project_without_scripts_has_no_tasks(tmp_path: Path) -> None:
    assert (
        every(tmp_path, {"pyproject.toml": "[tool.tasks]\na = 'x'\n[tool.hatch.version]\n"}) == []
    )


def test_a_file_that_is_no_toml_is_reported(tmp_path: Path) -> None:
    (tmp_path / "hatch.toml").write_text("a = [\n")
    place = Place(tmp_path)
    assert [*script_tables(place, ".", read_settings(tmp_path))] == []
    assert place.reader.problems["hatch.toml"].startswith("it is no TOML: ")


def test_reading_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    every(tmp_path, {
        "pyproject.toml": f"[tool.poe]\ninclude_script = 'x:y'\n"
        f"[tool.poe.tasks]\na.shell = 'touch {marker}'\n"
        f"[tool.hatch.envs.default.scripts]\nb = 'touch {marker}'\n",
        "package.json": json.dumps({"scripts": {"python": f"touch {marker}"}}),
        "x.py": f"open({str(marker)!r}, 'w')\n",
    })  # fmt: skip
    assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    [
        "[tool.poe.tasks]\n" + "".join(f"a{n} = 'x'\n" for n in range(30_000)),
        "[tool.poe.tasks]\na = [" + "'b'," * 90_000 + "]\n",
        "[tool.poe.tasks]\na = " + "[" * 200 + "'x'" + "]" * 200 + "\n",
        "[tool.hatch.envs.default.scripts]\n"
        + "".join(f"a{n} = ['a{n + 1} x', 'a{n + 1} y']\n" for n in range(8000)),
        "[tool.hatch.envs.default.scripts]\na = ['b x', 'b y']\nb = ['a x', 'a y', 'a']\n",
        "[tool.hatch.envs.default.scripts]\n"
        + "".join(f"a{n} = 'x'\n" for n in range(500))
        + "".join(f"[tool.hatch.envs.e{n}]\n" for n in range(500)),
        "[tool.hatch.envs]\na.template = 'b'\nb = {template = 'a', scripts.x = 'y'}\n",
        "[tool.hatch.envs.default.scripts]\na = '" + "{args:" * 60_000 + "'\n",
        "[tool.poe]\ninclude = 'pyproject.toml'\n[tool.poe.tasks]\na = ['a']\n",
        "[tool.pixi.tasks]\na = '" + "{{ " * 100_000 + "'\n",
        "[tool.taskipy.variables]\nv0 = 'xxxx'\n"
        + "".join(
            f"v{n + 1} = {{var = '{{v{n}}}{{v{n}}}', recursive = true}}\n" for n in range(3000)
        )
        + "[tool.taskipy.tasks]\na = {cmd = 'x {v2999}', use_vars = true}\n",
    ],
)
def test_a_hostile_table_ends(text: str, tmp_path: Path) -> None:
    assert every(tmp_path, {"pyproject.toml": text})


KEYS = st.sampled_from(
    "cmd shell script sequence ref deps cwd env args uses name default switch composite call "
    "working_dir chain depends-on depends_on task arg _ a b test scripts template tasks feature "
    "target unix include env-vars settings variables use_vars var recursive runner x".split()
)
VALUES = st.recursive(
    st.sampled_from(["a", "b x", "{args:x}", "{", "$a", "..", "", "é", True, 1, 1.5]),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3),
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=4)
TOOLS = st.fixed_dictionaries({
    "poe": st.fixed_dictionaries({"tasks": TABLES}, optional={"include": VALUES, "env": VALUES}),
    "pdm": st.fixed_dictionaries({"scripts": TABLES}),
    "hatch": st.fixed_dictionaries({"envs": TABLES}),
    "taskipy": st.fixed_dictionaries({"tasks": TABLES}, optional={"variables": VALUES}),
    "rye": st.fixed_dictionaries({"scripts": TABLES}),
    "pixi": TABLES,
})  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TOOLS)
def test_no_shape_is_too_odd(tmp_path: Path, tools: dict[str, object]) -> None:
    for file in every(tmp_path, {"pyproject.toml": tomli_w.dumps({"tool": tools})}):
        for task in file.tasks.values():
            for part in task.parts:
                assert isinstance(part.piece, Opaque) or not any(
                    mark in word for word in part.piece.argv for mark in "\0\1"
                )
