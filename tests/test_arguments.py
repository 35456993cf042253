"""Whatever a caller gives that cannot be meant gets one sentence, and nothing is run."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextContent

from mcp_server.arguments import TYPES, lean_schema, read_arguments
from mcp_server.cli import main
from mcp_server.errors import HdbError, UnsafePathError, UsageError, one_line
from mcp_server.roots import project_root
from mcp_server.server import TOOLS, app
from mcp_server.targets import MOST_CHARACTERS, MOST_TARGETS, Target, read_targets
from mcp_server.usage import read_words
from tests.conftest import ROOT, ProjectFactory

FILES = {
    "pyproject.toml": "[tool.ruff]\n[tool.pytest.ini_options]\n",
    "a.py": "A = 1\n",
    "test_a.py": "def test_a():\n    pass\n",
    "sub/test_b.py": "def test_b():\n    pass\n",
}
DEEP: list[Any] = []
for _ in range(5_000):
    DEEP = [DEEP]
Captured = pytest.CaptureFixture[str]

SENTENCES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a number of targets": ("verify", {"targets": 5}, "targets must be a list of texts or text"),
    "numbers as targets": ("verify", {"targets": [1]}, "targets must be a list of texts"),
    "an object as targets": ("verify", {"targets": {}}, "not an object."),
    "deep targets": ("verify", {"targets": DEEP}, "targets must be a list of texts"),
    "a word as time": (
        "verify",
        {"timeout": "x"},
        'a number above 0 such as 300, not the text "x"',
    ),
    "truth as time": ("verify", {"timeout": True}, "not true."),
    "no time": ("verify", {"timeout": 0}, "above 0 such as 300, not 0."),
    "no number as time": ("verify", {"timeout": math.nan}, "not NaN."),
    "endless time": ("verify", {"timeout": math.inf}, "not Infinity."),
    "time before now": ("verify", {"timeout": -math.inf}, "not -Infinity."),
    "a huge whole number": ("verify", {"timeout": 10**5000}, "not a number of that size."),
    "time as odd text": ("verify", {"timeout": "NaN"}, 'not the text "NaN".'),
    "a number as path": ("verify", {"path": 5}, 'path must be text such as "backend", not 5.'),
    "a list as path": ("verify", {"path": []}, "not an empty list."),
    "a number as cursor": ("verify", {"cursor": 5}, "cursor must be text, not 5."),
    "no id": ("failure", {}, 'failure needs id, text such as "6acb".'),
    "a null as id": ("failure", {"id": None}, "failure needs id"),
    "an unknown name": ("conventions", {"fix": 1}, "Unknown argument fix. conventions takes: "),
    "unknown names": ("failure", {"id": "a", "b": 1, "a": 1}, "Unknown argument a, b. failure"),
    "a list of arguments": ("verify", ["a.py"], 'an object such as {"path": "backend"}'),  # type: ignore[dict-item]
    "text for arguments": ("verify", "a.py", 'not the text "a.py".'),  # type: ignore[dict-item]
}


@pytest.mark.parametrize(("tool", "given", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_what_a_tool_does_not_declare_is_refused_in_one_sentence(
    tool: str, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read_arguments(tool, TOOLS[tool].parameters, given)
    assert sentence in str(refused.value)
    assert str(refused.value).endswith(".")


UNDERSTOOD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one target": ({"targets": "a.py"}, {"targets": ["a.py"]}),
    "a list as JSON text": ({"targets": '["a.py"]'}, {"targets": ["a.py"]}),
    "a target that is a number": ({"targets": "5"}, {"targets": ["5"]}),
    "a target that is a null": ({"targets": "null"}, {"targets": ["null"]}),
    "a number as text": ({"timeout": "30"}, {"timeout": 30}),
    "a path that is JSON": ({"path": "null"}, {"path": "null"}),
    "nulls": ({"path": None, "targets": None, "timeout": None, "cursor": None}, {}),
}


@pytest.mark.parametrize(("given", "meant"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_what_is_plainly_meant_is_understood(given: dict[str, Any], meant: dict[str, Any]) -> None:
    assert read_arguments("verify", TOOLS["verify"].parameters, given) == meant


@pytest.mark.parametrize("name", TOOLS)
def test_every_declared_argument_is_of_a_kind_that_is_checked(name: str) -> None:
    checked = {"type", "items", "exclusiveMinimum", "anyOf", "enum"}
    told = {"description", "examples", "default"}
    for schema in TOOLS[name].parameters["properties"].values():
        assert schema.keys() <= checked | told
        for kind in schema.get("anyOf", [schema]):
            assert kind["type"] in TYPES


def test_a_lean_schema_keeps_a_field_that_is_called_as_a_keyword() -> None:
    schema = {
        "title": "X",
        "properties": {
            "title": {"title": "Title", "anyOf": [{"type": "string"}, {"type": "null"}]},
            "default": {"type": "number", "default": None},
        },
    }
    lean = {"properties": {"title": {"type": "string"}, "default": {"type": "number"}}}
    assert lean_schema(schema) == lean


REFUSED_CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown tool": (
        "mend",
        {},
        "There is no tool 'mend': hdb has conventions, failure, fix, map_change, status, verify.",
    ),
    "a wrong type": ("verify", {"timeout": "x"}, "timeout must be a number above 0"),
    "an empty path": ("verify", {"path": ""}, "The path is empty"),
    "a path of the shell's own": ("verify", {"path": "~"}, "~ is expanded only by a shell"),
    "half a character": ("conventions", {"path": "a\ud800"}, "half a character"),
    "a path with a NUL": ("failure", {"id": "a", "path": "a\0"}, "control character"),
    "a long name": ("verify", {"path": "a" * 300}, "There is no folder aaa"),
    "a very long path": ("verify", {"path": "a/" * 10**6}, "is too long"),
    "a very long target": ("verify", {"targets": "a" * 10**7}, "is too long"),
    "a long name of a target": ("verify", {"targets": "a" * 300}, "There is no aaa"),
    "too many targets": (
        "verify",
        {"targets": [f"{number}.py" for number in range(10**5)]},
        "100000 targets of 788890 characters are too many",
    ),
    "a cursor that is none": ("verify", {"cursor": "abc:-1"}, "'abc:-1' is no cursor"),
    "a cursor of nothing": ("verify", {"cursor": f"abc:{'9' * 12}"}, "call verify again"),
    "an id that is none": ("failure", {"id": "\x1b[31m"}, "'\\x1b[31m': nothing has been verified"),
}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(("tool", "given", "sentence"), REFUSED_CALLS.values(), ids=REFUSED_CALLS)
async def test_a_call_that_cannot_be_meant_gets_one_line_and_runs_nothing(  # noqa: PLR0917
    project: ProjectFactory,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    tool: str,
    given: dict[str, Any],
    sentence: str,
) -> None:
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(project(FILES)))
    monkeypatch.setattr("mcp_server.process.run", None)
    async with Client(app, mode=mode) as client:
        result = await client.call_tool(tool, given)
    (said,) = result.content
    assert isinstance(said, TextContent)
    assert result.is_error
    assert sentence in said.text
    assert said.text.isprintable()
    assert len(said.text) < 1000
    assert not any(word in said.text for word in ("pydantic", "validation error", "Traceback"))


def test_arguments_that_are_no_object_are_answered_over_the_wire(project: ProjectFactory) -> None:
    calls = [
        {
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        {"method": "tools/call", "params": {"name": "verify", "arguments": ["a.py"]}},
        {"method": "tools/call", "params": {"name": 5, "arguments": {}}},
        {"method": "tools/call", "params": {}},
    ]
    lines = [json.dumps({"jsonrpc": "2.0", "id": at, **one}) for at, one in enumerate(calls)]
    with subprocess.Popen(
        [sys.executable, "-m", "mcp_server", "mcp"],
        cwd=ROOT,
        env={**os.environ, "CLAUDE_PROJECT_DIR": str(project(FILES))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        answers = []
        for line in lines:
            server.stdin.write(f"{line}\n")
            server.stdin.flush()
            answers.append(json.loads(server.stdout.readline()))
        server.stdin.close()
    said = [one["result"]["content"][0]["text"] for one in answers[1:]]
    assert all(one["result"]["isError"] for one in answers[1:])
    assert "The arguments of verify must be an object" in said[0]
    assert "There is no tool '5'" in said[1]
    assert "There is no tool 'None'" in said[2]


TARGETS = {
    "an option": ("--fix", UnsafePathError, "is not a target: name a file"),
    "a short option": ("-x", UnsafePathError, "is not a target"),
    "the end of options": ("--", UnsafePathError, "is not a target"),
    "standard input": ("-", UnsafePathError, "is not a target"),
    "a file of options": ("@args.txt", UsageError, "There is no @args.txt"),
    "an option as a test": ("test_a.py::-k", UnsafePathError, "'-k' is no test's name"),
    "a long option as a test": ("test_a.py::--co", UnsafePathError, "is no test's name"),
    "an option after a test": ("test_a.py::x --fix", UnsafePathError, "is no test's name"),
    "no test": ("test_a.py::", UnsafePathError, "'' is no test's name"),
    "no file": ("::test_a", UsageError, "names no file: write FILE::TEST"),
    "a test of a folder": ("sub::test_b", UsageError, "sub is a folder"),
    "a newline": ("a.py\n", UnsafePathError, "control character"),
    "an escape in an id": ("test_a.py::t[\x1b]", UnsafePathError, "control character"),
    "a NUL": ("a\0.py", UnsafePathError, "control character"),
    "half a character": ("a\ud83d.py", UnsafePathError, "half a character"),
    "above": ("../out.py", UnsafePathError, "lies outside"),
    "above through a folder": ("sub/../../out.py", UnsafePathError, "lies outside"),
    "elsewhere": ("/etc/passwd", UnsafePathError, "lies outside"),
    "a file behind a link": ("file.py", UnsafePathError, "lies outside"),
    "a folder behind a link": ("folder", UnsafePathError, "lies outside"),
    "a link in the middle": ("folder/out.py", UnsafePathError, "lies outside"),
    "the linked environment": (".venv", UnsafePathError, "lies outside"),
    "a link to itself": ("loop.py", UsageError, "There is no loop.py"),
    "below a file": ("a.py/b.py", UsageError, "There is no a.py/b.py"),
    "a long name": ("a" * 256, UsageError, "There is no aaa"),
    "history": (".git/hooks/test_x.py", UnsafePathError, "belongs to .git and not"),
    "an environment": ("env/lib/test_x.py", UnsafePathError, "belongs to the environment env"),
    "a pipe": ("pipe.py", UnsafePathError, "is neither a file nor a folder"),
    "a file like an option": ("-x.py", UnsafePathError, "write ./-x.py"),
}


@pytest.fixture
def folder(project: ProjectFactory) -> Path:
    """Return a project with links that leave it and files that are not its own."""
    made = project(
        {
            **FILES,
            "-x.py": "",
            ".git/hooks/test_x.py": "",
            "env/pyvenv.cfg": "",
            "env/lib/test_x.py": "",
        }
    )
    outside = made.parent / "outside"
    outside.mkdir()
    (outside / "out.py").write_text("", encoding="utf-8")
    (made.parent / "out.py").write_text("", encoding="utf-8")
    (made / "file.py").symlink_to(outside / "out.py")
    (made / "folder").symlink_to(outside)
    (made / "inside.py").symlink_to("a.py")
    (made / "loop.py").symlink_to("loop.py")
    os.mkfifo(made / "pipe.py")
    return made


@pytest.mark.parametrize(("text", "error", "sentence"), TARGETS.values(), ids=TARGETS)
def test_what_is_no_target_is_refused(
    folder: Path, text: str, error: type[HdbError], sentence: str
) -> None:
    with pytest.raises(error) as refused:
        read_targets(folder, [text])
    assert sentence in str(refused.value)
    assert str(refused.value).isprintable()


ACCEPTED = {
    "a file": ("a.py", Target("a.py")),
    "a folder": ("sub/", Target("sub", is_folder=True)),
    "the whole": (".", Target(".", is_folder=True)),
    "a way through the project": ("sub/../a.py", Target("a.py")),
    "a link inside": ("inside.py", Target("a.py")),
    "a file like an option": ("./-x.py", Target("-x.py")),
    "a test": ("test_a.py::test_a", Target("test_a.py", "test_a")),
    "a method": ("test_a.py::TestA::test_a", Target("test_a.py", "TestA::test_a")),
    "a case": ("test_a.py::test_a[-x y::z]", Target("test_a.py", "test_a[-x y::z]")),
    "a test of a plugin": ("a.py::mypy-status", Target("a.py", "mypy-status")),
}


@pytest.mark.parametrize(("text", "target"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_the_project_holds_is_a_target(folder: Path, text: str, target: Target) -> None:
    assert read_targets(folder, [text]) == (target,)
    assert read_targets(folder, [text, text]) == (target,)


def test_an_absolute_path_inside_is_a_target(folder: Path) -> None:
    assert read_targets(folder, [str(folder / "a.py")]) == (Target("a.py"),)


@pytest.mark.parametrize(
    ("path", "word"),
    [("-x.py", "./-x.py"), ("@d/a.py", "./@d/a.py"), ("a.py", "a.py"), ("sub/-x.py", "sub/-x.py")],
)
def test_a_target_is_never_an_option_of_the_tool(path: str, word: str) -> None:
    assert Target(path, "t").below(".") == f"{word}::t"


def test_files_that_look_like_options_are_verified(
    project: ProjectFactory, capsys: Captured
) -> None:
    test = {f"{name}/test_{name[1]}.py": "def test_it():\n    pass\n" for name in ("-d", "@e")}
    folder = project({**FILES, **test})
    words = [str(folder), "./-d/test_d.py", "@e/test_e.py", "--format", "json"]
    assert main(["verify", *words]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [one["passed"] for one in steps if one["tool"] == "pytest"] == [2]


@pytest.mark.parametrize(
    "texts", [["a.py", "t" * MOST_CHARACTERS], [f"{one}" for one in range(MOST_TARGETS + 1)]]
)
def test_more_targets_than_a_program_can_be_started_with_are_refused(
    folder: Path, texts: list[str]
) -> None:
    with pytest.raises(UsageError, match="too many: name at most 2000 of 500000 characters"):
        read_targets(folder, texts)


def test_a_target_that_may_not_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "stat", _denied)
    with pytest.raises(UsageError, match=r"a\.py cannot be read"):
        read_targets(folder, ["a.py"])


def test_a_folder_that_may_not_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    monkeypatch.setattr("mcp_server.roots.os.scandir", _denied)
    with pytest.raises(HdbError, match="sub cannot be read: allow reading it"):
        project_root("sub")


def _denied(*_: object, **__: object) -> None:
    raise PermissionError


def test_a_current_folder_that_was_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["verify"]) == 2
    assert "The current folder is not there any more" in capsys.readouterr().err


WORDS = {
    "targets after an option": ["verify", "p", "--timeout", "5", "a.py", "b.py"],
    "targets between options": ["verify", "p", "a.py", "--timeout", "5", "b.py"],
    "a path after an option": ["verify", "--timeout", "5", "p", "a.py", "b.py"],
    "targets after the end of options": ["verify", "p", "--timeout", "5", "--", "a.py", "b.py"],
    "all after the end of options": ["verify", "--timeout", "5", "--", "p", "a.py", "b.py"],
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_options_may_stand_anywhere(words: list[str]) -> None:
    read = read_words(words)
    assert (read.path, read.targets, read.timeout) == ("p", ["a.py", "b.py"], 5.0)


def test_the_path_of_a_failure_may_stand_after_an_option() -> None:
    read = read_words(["failure", "6acb", "--format", "json", "p"])
    assert (read.id, read.path) == ("6acb", "p")


UNKNOWN_WORDS = {
    "an unknown option": (["verify", "--fix"], "--fix; `hdb --help`"),
    "an unknown option among targets": (["verify", "p", "-x", "a.py"], "arguments: -x;"),
    "the beginning of an option": (["verify", "--form", "json"], "arguments: --form"),
    "a word too many": (["conventions", "p", "q"], "unrecognized arguments: q"),
    "an unknown command": (["mend"], "invalid choice: 'mend'"),
    "no id": (["failure"], "required: id; `hdb failure --help`"),
    "a control character": (["verify", "--\x1b"], "--\\x1b"),
}


@pytest.mark.parametrize(("words", "said"), UNKNOWN_WORDS.values(), ids=UNKNOWN_WORDS)
def test_unknown_words_end_with_2_and_one_line(
    words: list[str], said: str, capsys: Captured
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert said in captured.err
    assert captured.err.startswith("hdb: ")
    assert len(captured.err.splitlines()) == 1
    assert not captured.out


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(project: ProjectFactory) -> Run:
    """Return what runs hdb on a green project with standard streams as a shell leaves them."""
    folder = project({"pyproject.toml": "[tool.ruff]\n", "a.py": "A = 1\n"})

    def run(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        hdb = f"{sys.executable} -m mcp_server"
        return subprocess.run(
            ["/bin/sh", "-c", line.replace("hdb", hdb, 1).replace("PROJECT", str(folder))],
            cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("hdb verify PROJECT >&-", "it is closed"),
        ("hdb verify PROJECT >/dev/full", "No space left on device"),
        ("hdb conventions PROJECT --format json >/dev/full", "No space left on device"),
        ("hdb --version >/dev/full", "No space left on device"),
    ],
)
def test_what_cannot_be_said_is_never_status_0(shell: Run, line: str, why: str) -> None:
    done = shell(line)
    assert done.returncode == 3
    assert done.stderr == f"hdb: the result could not be written to standard output: {why}\n"


def test_a_reader_that_has_gone_is_told_by_the_status(project: ProjectFactory) -> None:
    folder = project({"pyproject.toml": "[tool.ruff]\n", "a.py": "A = 1\n"})
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "mcp_server", "verify", str(folder)],
        cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 3
    assert "Broken pipe" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_without_standard_error_the_result_is_still_said(shell: Run, stream: str) -> None:
    done = shell(f"hdb verify PROJECT --format json {stream}")
    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "passed"
    wrong = shell(f"hdb verify nowhere {stream}")
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_a_narrow_encoding_loses_nothing(shell: Run, project: ProjectFactory) -> None:
    folder = project({"é/pyproject.toml": "[tool.ruff]\n", "é/a.py": ""}, name="wide")
    line = f"hdb conventions {folder}"
    narrow = {"PYTHONIOENCODING": "ascii"}
    data = json.loads(shell(f"{line} --format json", **narrow).stdout)
    assert data["projects"][0]["path"] == "é"
    assert "\\xe9" in shell(line, **narrow).stdout


def test_the_server_needs_both_of_its_streams(shell: Run) -> None:
    done = shell("hdb mcp <&-")
    assert done.returncode == 2
    assert done.stderr.endswith("let an MCP client start it.\n")


def test_a_mistake_is_one_line_that_keeps_its_beginning_and_its_end() -> None:
    said = one_line("begin\n" + "x" * 10**6 + "\u2028end", 100)
    assert said.startswith("begin\\nxxx")
    assert said.endswith("xxx\\u2028end")
    assert "more characters" in said
    assert said.isprintable()
