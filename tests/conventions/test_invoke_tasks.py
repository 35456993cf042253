"""invoke's tasks are parsed and followed, and never imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_server.conventions.python_files.invoke import invoke_tasks
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.tasks.tasks import Task, TaskFile


def read(folder: Path, text: str, name: str = "tasks.py") -> TaskFile:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    found = invoke_tasks(Place(folder), ".")
    assert found is not None
    return found


def shown(task: Task) -> list[str]:
    """Return a task's commands: `FOLDER$ COMMAND`, with a `?` before those that are opaque."""
    return [
        f"{part.piece.cwd}$ {part.piece.text}"
        if isinstance(part.piece, Simple)
        else f"? {part.piece.text}"
        for part in task.parts
    ]


def task(body: str, parameters: str = "", before: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"from invoke import call, run, task\n{before}\n@task\ndef test(c{parameters}):\n{lines}"


@pytest.mark.parametrize(
    ("body", "parameters", "before", "expected"),
    [
        ("c.run('pytest -q')", "", "", [".$ pytest -q"]),
        ("run('pytest')", "", "", [".$ pytest"]),
        ("c.run('cd a && pytest', pty=True, warn=True)\nc.run('x')", "", "", ["a$ pytest", ".$ x"]),
        ("c.run(f'pytest {path} {PKG}')", ", path='tests'", "PKG = 'src'", [".$ pytest tests src"]),
        ("c.run(f'pytest {path}')", ", path", "", ["? pytest ..."]),
        ("c.run('pytest' + (' -x' if fast else ''))", ", fast=False", "", [".$ pytest"]),
        ("if fix:\n  c.run('a')\nelse:\n  c.run('b')", ", fix=False", "", [".$ b"]),
        ("args = ['t']\nif cov:\n  args.append('--cov')\nc.run(' '.join(args))", ", cov=True", "",
         [".$ t --cov"]),
        ("with c.cd('a'):\n  c.run('x')\n  with c.cd('b'):\n    c.run('y')\nc.run('z')", "", "",
         ["a$ x", "a/b$ y", ".$ z"]),
        ("with c.cd(ROOT):\n  c.run('x')", "", "import os\nROOT = os.path.dirname(__file__)",
         [".$ x"]),
        ("with c.prefix('. .venv/bin/activate'):\n  c.run('x')\nc.run('y')", "", "",
         [".$ x", ".$ y"]),
        ("c.sudo('x')", "", "", ["? sudo x"]),
        ("c.run(command())", "", "from x import command", ["? c.run(...)"]),
        ("helper(c, 'y')", "", "def helper(c, x):\n  c.run(f't {x}')", [".$ t y"]),
        ("helper(c)", "", "from x import helper", ["? x.helper(...)"]),
        ("for x in ('a', 'b'):\n  c.run(f't {x}')", "", "", [".$ t a", ".$ t b"]),
        ("c.run(DOCS)", "", "DOCS = '''\nt a\ncd b\nu\n'''", [".$ t a", "b$ u"]),
    ],
)  # fmt: skip
def test_a_task_is_followed(
    body: str, parameters: str, before: str, expected: list[str], tmp_path: Path
) -> None:
    assert shown(read(tmp_path, task(body, parameters, before)).tasks["test"]) == expected


def test_an_activated_environment_is_that_of_the_command(tmp_path: Path) -> None:
    text = task("with c.cd('a'), c.prefix('source env/bin/activate'):\n  c.run('x')")
    piece = read(tmp_path, text).tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert (piece.cwd, piece.venv) == ("a", "a/env")


def test_the_environment_of_a_command_is_read(tmp_path: Path) -> None:
    piece = read(tmp_path, task("c.run('x', env={'A': 'b'})")).tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert dict(piece.env) == {"A": "b"}


def test_names_aliases_and_what_runs_before_and_after_are_read(tmp_path: Path) -> None:
    text = (
        "import invoke as i\n@i.task\ndef clean_up(c): pass\n@i.task\ndef _lint(c): pass\n"
        "@i.task(clean_up, post=[i.call(_lint, fix=True)], aliases=['t', 'tt'])\n"
        "def all_tests(c): pass\n"
        "@i.task(name='check', default=True, pre=[all_tests])\ndef checking(c): pass\n"
        "def helper(c): pass\n"
    )
    file = read(tmp_path, text)
    assert [*file.tasks] == ["check", "clean-up", "lint", "all-tests", "t", "tt"]
    assert file.tasks["all-tests"].needs == ("clean-up", "lint")
    assert file.tasks["check"].needs == ("all-tests",)
    assert file.tasks["t"].needs == ("all-tests",)
    assert (file.path, file.folder, file.shown) == ("tasks.py", ".", "invoke ")


def test_a_command_belongs_to_the_task_that_it_stands_in(tmp_path: Path) -> None:
    text = (
        "from invoke import task\n\ndef helper(c):\n    c.run('x')\n\n@task\ndef lint_all(c):\n"
        "    helper(c)\n\n@task\ndef test(c):\n    lint_all(c)\n    helper(c)\n"
    )
    sources = [part.source for part in read(tmp_path, text).tasks["test"].parts]
    assert sources == ["tasks.py:lint-all:4", "tasks.py:test:4"]


def test_a_package_of_tasks_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, task("c.run('x')"), "tasks/__init__.py")
    assert file.tasks["test"].parts[0].source == "tasks/__init__.py:test:5"


@pytest.mark.parametrize(
    "text",
    [
        "from celery import task\n@task\ndef test(c):\n    c.run('x')\n",
        "from .invoke import task\n@task\ndef test(c):\n    c.run('x')\n",
        "# we once used invoke\ndef test(c):\n    c.run('x')\n",
        "from dramatiq import actor\n@actor\ndef invoke(c): pass\n",
        "def (:\n# invoke\n",
    ],
)
def test_a_file_that_is_not_for_invoke_has_no_tasks(text: str, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(text)
    assert invoke_tasks(Place(tmp_path), ".") is None


def test_a_folder_without_the_file_has_no_tasks(tmp_path: Path) -> None:
    assert invoke_tasks(Place(tmp_path), ".") is None


def test_reading_imports_and_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    touch = f"open({str(marker)!r}, 'w').close()"
    text = f"from invoke import run, task\n{touch}\nrun('touch {marker}')\n"
    text += f"@task(name=str({touch}))\ndef test(c, a={touch}):\n    c.run('touch {marker}')\n"
    read(tmp_path, text)
    assert not marker.exists()


def test_what_the_module_itself_runs_is_no_task(tmp_path: Path) -> None:
    file = read(tmp_path, task("c.run('x')", before="run('y')"))
    assert [shown(one) for one in file.tasks.values()] == [[".$ x"]]


@pytest.mark.parametrize(
    "body",
    [
        "fan(c, 'x')",
        "a = 'x'\n" + "a = f'{a}{a}'\n" * 5000 + "c.run(a)",
        "c.run('x; ' * 1)\n" * 4000,
        "test(c)",
        "c.run('x;' * 10 ** 9)",
        "".join(f"{' ' * depth}with c.cd('a'):\n" for depth in range(90)) + " " * 90 + "c.run('x')",
    ],
)
def test_a_hostile_file_ends(body: str, tmp_path: Path) -> None:
    text = task(body, before="def fan(c, a):\n    fan(c, a)\n    fan(c, a + a)\n    c.run(a)\n")
    assert [*read(tmp_path, text).tasks] == ["test"]


LINES = st.sampled_from(
    [
        "c.run('x')", "c.run(a)", "c.run()", "with c.cd(a): c.run('x')", "with c.prefix(a): pass",
        "c.cd(1)", "c.sudo(a)", "a = 'x'", "a = 1", "a = None", "a = c", "run(*a, **a)", "c = a",
        "test(a)", "call(test, a)", "a = c.run('x', env=a)", "a = c.config.x", "c.run(f'{a} {c}')",
        "c.run(*['x', 'y'])", "c.run(command='x')", "for a in c: c.run('x')", "return a",
    ]
)  # fmt: skip
DECORATORS = st.sampled_from(
    ["", "(1)", "(pre=1)", "(pre=[1])", "(aliases=1)", "(name=1)", "(default=1, iterable=['a'])",
     "(*a)", "(**a)", "(name='')", "(aliases=['x', a])"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(DECORATORS, st.lists(LINES, min_size=1, max_size=10))
def test_no_text_is_too_odd(tmp_path: Path, decorator: str, lines: list[str]) -> None:
    text = task("\n".join(lines)).replace("@task", f"@task{decorator}")
    for one in read(tmp_path, text).tasks.values():
        for part in one.parts:
            assert isinstance(part.piece, Opaque) or not any(
                mark in word for word in part.piece.argv for mark in "\0\1"
            )
