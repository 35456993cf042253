"""A noxfile is parsed and followed, and never imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_server.conventions.python_files.nox import nox_tasks, read_noxfile
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.tasks.tasks import Task, TaskFile

UNDECIDED = "whether it runs is decided when it runs"


def read(folder: Path, text: str, variables: Mapping[str, str] | None = None) -> TaskFile:
    (folder / "noxfile.py").write_text(text, encoding="utf-8")
    found = nox_tasks(Place(folder, variables or {}), ".")
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


def session(body: str, before: str = "", decorator: str = "@nox.session") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    head = f"import os\nimport nox\nfrom pathlib import Path\n{before}\n"
    return f"{head}{decorator}\ndef test(session):\n{lines}"


@pytest.mark.parametrize(
    ("body", "before", "expected"),
    [
        ('session.run("pytest", "-k", "a b")', "", [".$ pytest -k 'a b'"]),
        ('session.run("pytest", *session.posargs)', "", [".$ pytest"]),
        ('session.run("pytest", *(session.posargs or ["tests"]))', "", [".$ pytest tests"]),
        ('a = session.posargs or ("x",)\nsession.run("t", *a)', "", [".$ t x"]),
        ('a = session.posargs if session.posargs else ["x"]\nsession.run("t", *a)', "", [".$ t x"]),
        ('if session.posargs:\n  session.run("a")\nelse:\n  session.run("b")', "", [".$ b"]),
        ('if not session.posargs:\n  session.error("give one")\nsession.run("a")', "", []),
        ('session.run("t", *DIRS, SRC, f"--a={SRC}", "b" + SRC)',
         'SRC = "src"\nDIRS = ("a", *["b"])', [".$ t a b src --a=src bsrc"]),
        ('session.run("t", str(P / "x"), os.fspath(P), os.path.join("a", "b"))',
         'P = Path("src")', [".$ t src/x src a/b"]),
        ('session.run("t", str(HERE / "x"))', "HERE = Path(__file__).parent.resolve()",
         [".$ t ./x"]),
        ('session.run("t", ",".join(["a", "b"]), "%s-%d" % ("c", 1), "{}{x}".format("d", x="e"))',
         "", [".$ t a,b c-1 de"]),
        ('session.run(*"t -a b".split())', "", [".$ t -a b"]),
        ('session.run("t", *shlex.split("a \'b c\'"))', "import shlex", [".$ t a 'b c'"]),
        ('args = ["t"]\nargs += ["a"]\nargs.extend(["b"])\nargs.append("c")\nsession.run(*args)',
         "", [".$ t a b c"]),
        ('for one in ("a", "b"):\n  session.run("t", one)', "", [".$ t a", ".$ t b"]),
        (('for one in ("a", "b", "c"):\n  if one == "a":\n   continue\n  if one == "c":\n   break\n'
         '  session.run("t", one)'), "", [".$ t b"]),
        ('session.run("t", *[f"-{x}" for x in "ab" if x != "a"])', "", [".$ t -b"]),
        ('for a in glob("*"):\n  session.run("t", a)\nsession.run("u")', "from glob import glob",
         ["? t ...", ".$ u"]),
        ('if unknown():\n  session.run("a")\nsession.run("b")', "from x import unknown",
         ["? a", ".$ b"]),
        ('if unknown():\n  return\nsession.run("b")', "from x import unknown", ["? b"]),
        ('args = ["t"]\nif unknown():\n  args.append("x")\nsession.run(*args)',
         "from x import unknown", ["? t x ..."]),
        ('a = "x"\nif unknown():\n  a = "y"\nsession.run("t", a)', "from x import unknown",
         ["? t ..."]),
        ('if unknown():\n  session.chdir("a")\nsession.run("t")', "from x import unknown", ["? t"]),
        ('while unknown():\n  session.run("t")', "from x import unknown", ["? t"]),
        ('if session.python == "3.12":\n  session.skip("no")\nsession.run("t")', "", [".$ t"]),
        ('try:\n  session.run("a")\nexcept E:\n  session.run("b")\nfinally:\n  session.run("c")',
         "", [".$ a", "? b", ".$ c"]),
        ('session.chdir("a")\nsession.run("t")', "", ["a$ t"]),
        ('with session.chdir("a"):\n  session.run("t")\nsession.run("u")', "", ["a$ t", ".$ u"]),
        ('session.chdir(session.create_tmp())\nsession.run("t")', "", ["? t"]),
        ('session.install("-e", ".[test]", *DEPS)\nsession.run("t")', 'DEPS = ["x"]',
         [".$ pip install -e '.[test]' x", ".$ t"]),
        ('session.install(*nox.project.dependency_groups(P, "x"))\nsession.run("t")', "", [".$ t"]),
        ('if unknown():\n  session.install("x")', "from x import unknown", []),
        ('session.run_install("uv", "sync", env={"A": session.virtualenv.location})', "",
         [".$ uv sync"]),
        ('session.run_always("uv", "sync", session.bin)\nsession.run("t")', "", [".$ t"]),
        ('session.run("t", external=True, silent=True, success_codes=[0, 1])', "", [".$ t"]),
        ('session.run(print, "x")', "", ["? session.run(...)"]),
        ('helper(session, "a", c="d")', 'def helper(s, a, b="x", *, c):\n  s.run("t", a, b, c)',
         [".$ t a x d"]),
        ("session.run(*command())", 'def command(a="x"):\n  return ["t", a]', [".$ t x"]),
        ("session.run(*command())",
         'def command():\n  if unknown():\n    return ["t"]\n  return ["u"]',
         ["? session.run(...)"]),
        ('helper(session)\nsession.run("t")', "from tools import helper",
         ["? tools.helper(...)", ".$ t"]),
        ("helper(session)", "def helper(s):\n  s.run('t')\n  helper(s)", [".$ t"] * 7),
        ('session.run("t", os.environ.get("A", "x"), os.getenv("A", "y"))', "", [".$ t x y"]),
        ('session.run("t", os.environ["A"])', "", ["? t ..."]),
        ('if os.environ.get("CI"):\n  session.run("a")\nelse:\n  session.run("b")', "", [".$ b"]),
        ('session.run("t", sys.executable)', "import sys", [".$ t python"]),
        ('OPTIONS["k"].append("x")\nsession.run("t", *OPTIONS["k"])', 'OPTIONS = {"k": ["a"]}',
         [".$ t a x"]),
        ('if TYPE_CHECKING:\n  session.run("a")', "from typing import TYPE_CHECKING", []),
        ('session.log("x")', "", []),
    ],
)  # fmt: skip
def test_a_session_is_followed(body: str, before: str, expected: list[str], tmp_path: Path) -> None:
    assert shown(read(tmp_path, session(body, before)).tasks["test"]) == expected


@pytest.mark.parametrize(
    ("imports", "decorator", "name"),
    [
        ("import nox", "nox.session", "test"),
        ("import nox as n", "n.session(name='tests-all', reuse_venv=True)", "tests-all"),
        ("from nox import session as s", "s(python=False)", "test"),
        ("import nox\nNAME = 'x'", "nox.session(name=NAME + '-y')", "x-y"),
    ],
)
def test_a_session_is_known_by_its_decorator(
    imports: str, decorator: str, name: str, tmp_path: Path
) -> None:
    text = f"{imports}\n@{decorator}\ndef test(session):\n    session.run('t')\n"
    text += "def other(session):\n    session.run('x')\n@cached\ndef more(session): pass\n"
    file = read(tmp_path, text)
    assert [*file.tasks] == [name]
    assert (
        file.tasks[name].parts[0].source
        == f"noxfile.py:{name}:{text.split('session.run')[0].count(chr(10)) + 1}"
    )
    assert (file.path, file.folder, file.shown) == ("noxfile.py", ".", "nox -s ")


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ("@nox.session\n@nox.parametrize('a', ['1', '2'])", [".$ t 1"]),
        ("@nox.session\n@nox.parametrize('a,b', [('1', 'x'), ('2', 'y')])", [".$ t 1"]),
        ("@nox.session\n@nox.parametrize('a', [nox.param('1', id='one')])", [".$ t 1"]),
        ("@nox.session\n@nox.parametrize('a', versions())", ["? t ..."]),
        ("@other(['a'])\n@nox.session", ["? t ..."]),
    ],
)
def test_the_first_parameters_are_read(decorator: str, expected: list[str], tmp_path: Path) -> None:
    text = f"import nox\nfrom x import other, versions\n{decorator}\ndef test(session, a, b=''):\n"
    assert shown(read(tmp_path, f"{text}    session.run('t', a)\n").tasks["test"]) == expected


@pytest.mark.parametrize(
    ("python", "expected"),
    [("'3.12'", ".$ t 3.12"), ("['3.12']", ".$ t 3.12"), ("['3.11', '3.12']", "? t ...")],
)
def test_the_python_of_a_session_is_known_where_there_is_one(
    python: str, expected: str, tmp_path: Path
) -> None:
    text = session("session.run('t', session.python)", decorator=f"@nox.session(python={python})")
    assert shown(read(tmp_path, text).tasks["test"]) == [expected]


def test_the_environment_is_that_of_the_session_and_of_the_command(tmp_path: Path) -> None:
    body = "session.env['A'] = 'x'\nsession.env['B'] = session.bin\n"
    body += "session.run('t', env={'C': 'y', 'D': None})"
    piece = read(tmp_path, session(body)).tasks["test"].parts[0].piece
    assert isinstance(piece, Simple)
    assert dict(piece.env) == {"A": "x", "C": "y"}


def test_what_is_in_doubt_says_why(tmp_path: Path) -> None:
    text = session("if unknown():\n  session.run('t')", "from x import unknown")
    piece = read(tmp_path, text).tasks["test"].parts[0].piece
    assert isinstance(piece, Opaque)
    assert piece.reason == UNDECIDED


def test_a_session_that_is_notified_or_required_is_needed(tmp_path: Path) -> None:
    text = session("session.notify('b')", decorator="@nox.session(requires=['a'])")
    assert read(tmp_path, text).tasks["test"].needs == ("a", "b")


def test_one_session_changes_nothing_for_the_next(tmp_path: Path) -> None:
    text = "import nox\nARGS = ['x']\n" + "".join(
        f"@nox.session\ndef {name}(session):\n    ARGS.append('y')\n    session.chdir('a')\n"
        "    session.run('t', *ARGS)\n"
        for name in "ab"
    )
    file = read(tmp_path, text)
    assert [shown(file.tasks[name]) for name in "ab"] == [["a$ t x y"], ["a$ t x y"]]


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("", ("a",)),
        ("nox.options.sessions = ['b']", ("b",)),
        ("nox.options.sessions = ('a', 'b')", ("a", "b")),
        ("nox.options.sessions = chosen()", None),
        ("if chosen():\n    nox.options.sessions = ['b']", None),
    ],
)
def test_the_sessions_that_nox_runs_unasked_are_told(
    text: str, default: tuple[str, ...] | None, tmp_path: Path
) -> None:
    (tmp_path / "noxfile.py").write_text(
        f"import nox\n{text}\n@nox.session(tags=['x'])\ndef a(session): pass\n"
        "@nox.session(default=False)\ndef b(session): pass\n"
    )
    found = read_noxfile(Place(tmp_path), ".")
    assert found is not None
    assert found.default == default
    assert found.tags == {"a": ("x",), "b": ()}


def test_what_the_environment_decides_is_looked_up(tmp_path: Path) -> None:
    text = session("if os.environ.get('CI'):\n  session.run('a')\nelse:\n  session.run('b')")
    assert shown(read(tmp_path, text, {"CI": "1"}).tasks["test"]) == [".$ a"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def (:\n", "it is no Python in line 1: "),
        ("x = " + "(" * 5000, "it is no Python"),
        ("x = " + "-" * 60_000 + "1", "it is no Python that people write: it nests too deeply"),
        ("#" * 200_000, "it has 200,000 characters"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_reported(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_text(text)
    place = Place(tmp_path)
    assert nox_tasks(place, ".") is None
    assert place.reader.problems["noxfile.py"].startswith(why)


def test_a_folder_without_a_noxfile_has_no_tasks(tmp_path: Path) -> None:
    assert nox_tasks(Place(tmp_path), ".") is None


def test_reading_imports_and_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    touch = f"open({str(marker)!r}, 'w').close()"
    text = (
        f"import nox\n{touch}\nX = [{touch} for _ in range(1)]\n@nox.session(name=str({touch}))\n"
    )
    text += (
        f"def test(session, a={touch}):\n    {touch}\n    session.run('touch', {str(marker)!r})\n"
    )
    read(tmp_path, text)
    assert not marker.exists()


@pytest.mark.parametrize(
    "body",
    [
        "a = 'x'\n" + "a = a + a\n" * 5000 + "session.run(a)",
        "a = ['x']\n" + "a.extend(a)\n" * 5000 + "session.run(*a)",
        "a = b = []\n" + "a = [a, a]\nb = [b, b]\n" * 2000 + "if a == b: session.run('x')",
        "a = ()\n" + "a = (a, a)\n" * 2000 + "d = {a: 1}\nif a in d: session.run('x')",
        "x = [[[[1 for a in L] for b in L] for c in L] for d in L]",
        "for a in L:\n for b in L:\n  for c in L:\n   session.run('x')",
        "fan(session, 'x')",
        "session.run(str(9 ** 9 ** 9), 'x' * 10 ** 10, '%1000000000d' % 1, f\"{'x':>1000000000}\")",
        "session.run('{:>1000000000}'.format('x'))",
        "a = 'aaaa'\n" + "a = a.replace('a', a)\n" * 2000,
        "if a: pass\n" + "elif b: session.run('x')\n" * 900,
        "session.run('x')\n" * 5000,
        "while True:\n session.run('x')",
    ],
)
def test_a_hostile_noxfile_ends(body: str, tmp_path: Path) -> None:
    before = (
        "L = list(range(400))\ndef fan(s, a):\n    fan(s, a)\n    fan(s, a + a)\n    s.run(a)\n"
    )
    assert [*read(tmp_path, session(body, before)).tasks] == ["test"]


LINES = st.sampled_from(
    [
        "session.run('t', *a)", "a = ['x']", "a.append('y')", "a += session.posargs", "if a:",
        "if u():", "else:", "for b in a:", "for b in u():", "while a:", "try:", "except E:",
        "finally:", "with session.chdir('x'):", "return a", "break", "continue", "raise E", "pass",
        "session.env['A'] = a", "a['k'] = a", "a, *b = a", "helper(session, a)", "del a",
        "a = {'k': a}", "a = f'{a}{a!r:>9}'", "a = a[0]", "a = a[1:]", "lambda: a", "x: int",
        "a = {**a}", "a = not a", "a = a and b or c", "async def f(): await a", "class C: pass",
        "match a:", "case 1:", "session.run(*a, **a)", "global a", "a = a.items()", "a = -a",
    ]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), LINES), max_size=14))
def test_no_text_is_too_odd(tmp_path: Path, lines: list[tuple[int, str]]) -> None:
    indent = 0
    body: list[str] = []
    for wanted, line in lines:
        # Most random texts are no Python: a block is closed where one can be.
        after_colon = bool(body) and body[-1].endswith(":")
        indent = indent + 1 if after_colon else min(wanted, indent)
        body.append(" " * indent + line)
    if body and body[-1].endswith(":"):
        body.append(" " * (indent + 1) + "pass")
    text = session("\n".join(body) or "pass", "def helper(s, a=1, *b, **c):\n    return s.run(a)\n")
    (tmp_path / "noxfile.py").write_text(text)
    found = nox_tasks(Place(tmp_path), ".")
    for task in found.tasks.values() if found else ():
        for part in task.parts:
            assert isinstance(part.piece, Opaque) or not any(
                mark in word for word in part.piece.argv for mark in "\0\1"
            )
