"""mypy: recorded output of both forms, hostile projects, garbage and its arguments."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.checkers import mypy
from mcp_server.models import Outcome, Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

VERSIONS = ["1.9.0", "2.4.1"]
ENVIRONMENT = Path(sys.prefix)
WRONG = 'def f(x: int) -> str:\n    return x\n\n\nf("a")\n'


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return mypy.parse(run_tool("mypy", folder, ENVIRONMENT, *args, targets=targets))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_error_is_read_from_json_and_from_the_text_of_old_versions(version: str) -> None:
    outcome = mypy.parse(replay("mypy", f"{version}-typed"))
    assert outcome.checked
    assert outcome.problem is None
    assert [
        (one.file, one.line, one.column, one.code, one.topic) for one in outcome.diagnostics
    ] == [
        ("a.py", 1, 1, "import-not-found", None),
        ("a.py", 5, 12, "return-value", None),
        ("a.py", 8, 7, "name-defined", "undefined-name"),
        ("a.py", 9, 3, "arg-type", None),
    ]
    assert outcome.diagnostics[1].message == (
        'Incompatible return value type (got "int", expected "str")'
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_syntax_error_has_the_column_of_the_source(version: str) -> None:
    """The tool counts the parser's columns, which begin at 1, as if they began at 0."""
    first = mypy.parse(replay("mypy", f"{version}-wontparse")).diagnostics[0]
    assert (first.file, first.line, first.column) == ("bad.py", 1, "def f(:".index(":") + 1)
    assert (first.code, first.topic) == ("syntax", "syntax")


@pytest.mark.parametrize("version", VERSIONS)
def test_green_nothing_and_broken_settings_are_told_apart(version: str) -> None:
    clean = mypy.parse(replay("mypy", f"{version}-clean"))
    empty = mypy.parse(replay("mypy", f"{version}-empty"))
    broken = mypy.parse(replay("mypy", f"{version}-brokentoml"))
    assert (clean.checked, clean.nothing, clean.problem) == (True, None, None)
    assert (empty.checked, bool(empty.nothing), empty.problem) == (False, True, None)
    assert "Expected ']' at the end of a table" in (broken.problem or "")


def test_no_output_setting_changes_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\npretty = True\nshow_error_context = True\nhide_error_codes = True\n"
        "color_output = True\nerror_summary = True\nverbosity = 1\n"
    )
    (tmp_path / "a.py").write_text(WRONG)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("MYPY_FORCE_COLOR", "1")
    monkeypatch.setenv("MYPY_FORCE_TERMINAL_WIDTH", "20")
    outcome = check(tmp_path, "--pretty", "--show-error-context", "a.py")
    assert outcome.problem is None
    assert [(one.line, one.column, one.code) for one in outcome.diagnostics] == [
        (2, 12, "return-value"),
        (5, 3, "arg-type"),
    ]


def test_a_setting_that_mypy_ignores_is_remarked_upon(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text("[mypy]\nnonsense = 1\n")
    (tmp_path / "a.py").write_text("X = 1\n")
    outcome = check(tmp_path, "a.py")
    assert outcome.checked
    assert "nonsense" in (outcome.remark or "")


def test_an_unloadable_plugin_is_a_failure_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text("[mypy]\nplugins = nowhere\n")
    (tmp_path / "a.py").write_text("X = 1\n")
    outcome = check(tmp_path, "a.py")
    assert [one.file for one in outcome.diagnostics] == ["mypy.ini"]
    assert "nowhere" in outcome.diagnostics[0].message


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    (one,) = check(tmp_path, "missing.py").diagnostics
    assert (one.file, one.line) == ("missing.py", None)


def test_targets_take_the_place_of_paths_modules_and_packages(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(WRONG)
    outcome = check(tmp_path, "--python-version", "3.12", "-m", "a", targets=("b.py",))
    assert {one.file for one in outcome.diagnostics} == {"b.py"}


def test_an_internal_error_is_a_problem_and_what_was_found_is_listed() -> None:
    stderr = "a.py:1: error: INTERNAL ERROR -- Please try using mypy master on GitHub:\n"
    outcome = mypy.parse(Report(root=ROOT, cwd=ROOT, status=2, stderr=stderr))
    assert "INTERNAL ERROR" in (outcome.problem or "")


@pytest.mark.parametrize(
    "report",
    [
        Report(root=ROOT, cwd=ROOT),
        Report(root=ROOT, cwd=ROOT, status=1),
        Report(root=ROOT, cwd=ROOT, status=1, stdout='{"file": "a.py", "mess'),
        Report(root=ROOT, cwd=ROOT, status=0, stdout="a.py:1:1: error: X  [x]\n"),
        Report(root=ROOT, cwd=ROOT, status=2, stdout="\x00\ufffd{}[]\n", stderr="\x1b[31m"),
        Report(root=ROOT, cwd=ROOT, stdout='{"file": 3, "message": [], "line": "x", "code": {}}'),
        Report(root=ROOT, cwd=ROOT, signal=9),
    ],
)
def test_a_report_that_does_not_add_up_is_a_problem(report: Report) -> None:
    outcome = mypy.parse(report)
    assert outcome.problem
    assert not outcome.checked


def test_an_unknown_line_stays_unknown() -> None:
    line = '{"file": "a.py", "line": -1, "column": -1, "message": "x", "severity": "error"}'
    (one,) = mypy.parse(Report(root=ROOT, cwd=ROOT, status=2, stdout=line)).diagnostics
    assert (one.line, one.column, one.code) == (None, None, None)


def test_a_version_without_json_is_asked_for_text() -> None:
    old = Report(
        root=ROOT, cwd=ROOT, status=2, stderr="error: unrecognized arguments: --output=json"
    )
    second = mypy.retry(old, ("--pretty", "src"), ())
    assert second is not None
    assert second.args == (*mypy.TEXT_FORM, "src")
    assert mypy.retry(Report(root=ROOT, cwd=ROOT, status=1), ("src",), ()) is None


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("mypy", ("src", "--strict"), ("src", "--strict")),
        ("dmypy", ("run", "--", "src"), ("src",)),
        ("dmypy", ("run",), ()),
        ("dmypy", ("start",), None),
        ("mypy", ("--version",), None),
        ("pyright", ("src",), None),
    ],
)
def test_recognised_commands(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert mypy.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "edits", "kept"),
    [
        (("src",), False, ("src",)),
        (("--install-types", "--non-interactive", "src"), True, ("src",)),
        (("-O", "text", "--strict", "src"), False, ("--strict", "src")),
    ],
)
def test_installing_commands_are_known_and_install_nothing(
    args: tuple[str, ...], *, edits: bool, kept: tuple[str, ...]
) -> None:
    invocation = mypy.invoke(args, ())
    assert mypy.mutates(args) is edits
    assert invocation.changed is edits
    assert invocation.args == ("--output=json", *kept)


def test_settings_that_ask_for_mypy_are_found() -> None:
    table = Settings(tables={"mypy": {}}, sources=("src",))
    named = Settings(tables={"mypy": {"files": ["x"]}}, sources=("src",))
    section = Settings(sections={"setup.cfg": {"mypy": {"files": "x"}}})
    assert mypy.detect(table) == Found("pyproject.toml [tool.mypy]", ("src",))
    assert mypy.detect(named) == Found("pyproject.toml [tool.mypy]")
    assert mypy.detect(section) == Found("setup.cfg [mypy]")
    assert mypy.detect(Settings()) is None


PLACES = ["0", "-7", "true", "99999999999", '"x"', "1e999"]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_cannot_be_is_unknown(place: str) -> None:
    line = f'{{"file": "a.py", "line": {place}, "column": -1, "message": "x"}}'
    (one,) = mypy.parse(Report(root=ROOT, cwd=ROOT, status=1, stdout=line)).diagnostics
    assert (one.file, one.line, one.column) == ("a.py", None, None)


@pytest.mark.parametrize("number", ["0", "9" * 5000])
def test_a_place_in_text_that_cannot_be_is_unknown(number: str) -> None:
    line = f"a.py:{number}:{number}: error: x  [misc]"
    (one,) = mypy.parse(Report(root=ROOT, cwd=ROOT, status=1, stdout=line)).diagnostics
    assert (one.line, one.column, one.message, one.code) == (None, None, "x", "misc")


def test_fields_nested_to_the_edge_of_what_is_read_do_not_raise() -> None:
    deep = "[" * 960 + "]" * 960
    line = f'{{"file": {deep}, "line": 1, "message": {deep}, "code": {deep}}}'
    assert not mypy.parse(Report(root=ROOT, cwd=ROOT, status=0, stdout=line)).checked


@pytest.mark.parametrize("stdout", ["?", '{"file": "a.py", "mess', "\x00\n", "Traceback"])
@pytest.mark.parametrize("status", [0, 1])
def test_what_is_not_mypys_report_is_never_green(stdout: str, status: int) -> None:
    outcome = mypy.parse(Report(root=ROOT, cwd=ROOT, status=status, stdout=stdout))
    assert outcome.problem
    assert not outcome.checked


def test_a_damaged_finding_beside_others_is_a_problem() -> None:
    whole = replay("mypy", "2.4.1-typed")
    report = replace(whole, stdout=whole.stdout.rstrip("\n")[:-5])
    outcome = mypy.parse(report)
    assert len(outcome.diagnostics) == len(mypy.parse(whole).diagnostics) - 1
    assert "cannot read" in (outcome.problem or "")


def test_a_report_that_the_project_asks_for_besides_is_no_problem() -> None:
    stdout = "Generated HTML report (via XSLT): /project/out/index.html\n"
    assert mypy.parse(Report(root=ROOT, cwd=ROOT, status=0, stdout=stdout)).checked
