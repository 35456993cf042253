"""pyright's JSON, what it says only beside it, and real runs under hostile settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mcp_server.checkers import pyright
from mcp_server.models import Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

ENVIRONMENT = Path(sys.prefix)


def report(stdout: str = "", stderr: str = "", status: int | None = 1) -> Report:
    return Report(root=ROOT, cwd=ROOT, stdout=stdout, stderr=stderr, status=status)


def document(*records: object, files: object = 1) -> str:
    return json.dumps({"generalDiagnostics": records, "summary": {"filesAnalyzed": files}})


def test_every_error_keeps_its_place_its_rule_and_its_continuation() -> None:
    found = pyright.parse(replay("pyright", "1.1.414-findings")).diagnostics
    assert [(one.file, one.line, one.column, one.code, one.topic) for one in found] == [
        ("src/shop.py", 3, 8, "reportMissingImports", None),
        ("src/shop.py", 18, 5, "reportArgumentType", None),
        ("src/shop.py", 19, 7, "reportUndefinedVariable", "undefined-name"),
        ("src/shop.py", 20, 10, "reportAssignmentType", None),
    ]
    assert found[1].message.splitlines()[-1] == '      "str" is not assignable to "int"'


def test_continuation_lines_are_indented_with_plain_spaces() -> None:
    record = {"file": "/project/m.py", "severity": "error", "message": "a\n\u00a0\u00a0b"}
    (one,) = pyright.parse(report(document(record))).diagnostics
    assert one.message == "a\n  b"


def test_what_no_rule_governs_is_syntax() -> None:
    found = pyright.parse(replay("pyright", "1.1.414-syntax")).diagnostics
    assert {(one.file, one.code, one.topic) for one in found} == {("m.py", None, "syntax")}


def test_warnings_fail_the_run_only_where_the_status_says_so() -> None:
    failing = pyright.parse(replay("pyright", "1.1.414-failing-warning"))
    assert [(one.code, one.severity) for one in failing.diagnostics] == [
        ("reportUnusedImport", "warning")
    ]
    forgiven = pyright.parse(replay("pyright", "1.1.414-forgiven-warning"))
    assert (forgiven.checked, forgiven.diagnostics) == (True, ())
    assert forgiven.remark == (
        '1 warning beside a status of 0: m.py:1 Import "os" is not accessed [reportUnusedImport]'
    )


def test_many_forgiven_warnings_are_counted_and_the_first_named() -> None:
    records = [
        {"file": f"/project/{name}.py", "severity": "warning", "message": "odd\n  why"}
        for name in "abcde"
    ]
    outcome = pyright.parse(report(document(*records), status=0))
    assert outcome.remark == (
        "5 warnings beside a status of 0: a.py odd; b.py odd; c.py odd; and 2 more"
    )


def test_a_clean_run_is_proved_by_the_files_analysed() -> None:
    clean = pyright.parse(replay("pyright", "1.1.414-clean"))
    assert (clean.checked, clean.diagnostics, clean.remark) == (True, (), None)
    empty = pyright.parse(replay("pyright", "1.1.414-empty"))
    assert (empty.checked, empty.nothing) == (False, "pyright found no files to check")


def test_ignored_settings_are_remarked_from_both_streams() -> None:
    outcome = pyright.parse(replay("pyright", "1.1.414-ignored-settings"))
    assert outcome.problem is None
    assert [line.split()[1] for line in (outcome.remark or "").splitlines()] == [
        '"reportMissingImports"',
        "contains",
        "gone",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("1.1.414-broken-settings", "could not be parsed. Verify that format is correct."),
        ("1.1.414-missing-target", "nofile.py"),
        ("1.1.414-usage", "Unexpected option --nonsense."),
    ],
)
def test_a_run_that_could_not_check_says_why(name: str, why: str) -> None:
    outcome = pyright.parse(replay("pyright", name))
    assert why in (outcome.problem or "")
    assert "attempt" not in (outcome.problem or "")
    assert not outcome.checked


def test_settings_that_are_not_read_are_a_problem_also_beside_a_status_of_0() -> None:
    words = 'Config file "/project/pyrightconfig.json" could not be parsed. Verify.'
    assert pyright.parse(report(document(), words, 0)).problem == words


def test_an_internal_error_is_a_problem() -> None:
    record = {"severity": "error", "message": "An internal error occurred while parsing file"}
    assert "internal error" in (pyright.parse(report(document(record))).problem or "")


def test_a_failure_without_a_finding_is_a_problem() -> None:
    assert "no finding" in (pyright.parse(report(document())).problem or "")


@pytest.mark.parametrize("status", [None, 0, 1, 3, -9])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"summary": 3}',
        "[1]",
        "null",
        "\0\x1b\udcff",
        '{"generalDiagnostics": [',
        '{"generalDiagnostics": 1, "summary": {}}',
        '{"generalDiagnostics": [1, {"message": 2}, null], "summary": {"filesAnalyzed": null}}',
    ],
)
def test_garbage_never_raises_and_never_passes(text: str, status: int | None) -> None:
    outcome = pyright.parse(report(text, text, status))
    assert not outcome.checked
    assert outcome.problem or outcome.nothing


def test_a_record_without_its_parts_is_still_a_finding() -> None:
    records = [
        {"message": "a"},
        {"message": "b", "file": 3, "range": 1, "rule": 5},
        {"message": "c", "range": {"start": {"line": "x", "character": None}}},
    ]
    found = pyright.parse(report(document(*records))).diagnostics
    assert [(one.message, one.file, one.line, one.column) for one in found] == [
        ("a", None, None, None),
        ("b", None, None, None),
        ("c", None, None, None),
    ]


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("pyright", (), ()),
        ("pyright", ("src", "--warnings"), ("src", "--warnings")),
        ("pyright-python", ("src",), ("src",)),
        ("pyright", ("--version",), None),
        ("pyright", ("--help",), None),
        ("pyright", ("--createstub", "x"), None),
        ("pyright", ("--verifytypes=x",), None),
        ("pyright-langserver", ("--stdio",), None),
        ("basedpyright", (), None),
    ],
)
def test_only_a_check_is_recognised(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert pyright.recognise(program, args) == expected
    assert not pyright.mutates(args)


@pytest.mark.parametrize(
    ("args", "targets", "expected", "changed"),
    [
        ((), (), (), False),
        (("--outputjson", "--stats", "--verbose", "src"), (), ("src",), False),
        (("--watch", "src"), (), ("src",), True),
        (("--level", "error"), (), ("--level", "error"), False),
        (("--level", "error", "--warnings"), (), ("--warnings",), False),
        (("-p", "x.json", "src"), ("a.py",), ("a.py", "-p", "x.json"), False),
        (("--threads", "2", "src"), ("a.py",), ("a.py", "--threads=2"), False),
        (("src", "--threads"), ("a.py", "-b.py"), ("a.py", "./-b.py", "--threads"), False),
        (("--pythonpath", "x/python", "src"), (), ("--pythonpath", "x/python", "src"), False),
    ],
)
def test_the_checking_form_keeps_the_projects_choices(
    args: tuple[str, ...], targets: tuple[str, ...], expected: tuple[str, ...], *, changed: bool
) -> None:
    invocation = pyright.invoke(args, targets)
    assert invocation.args == ("--outputjson", *expected)
    assert invocation.changed is changed
    assert invocation.env["PYRIGHT_PYTHON_IGNORE_WARNINGS"] == "1"


CONFIG = frozenset({"pyrightconfig.json"})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(files=CONFIG), Found("pyrightconfig.json")),
        (Settings(tables={"pyright": {}}), Found("pyproject.toml [tool.pyright]")),
        (Settings(files=CONFIG, dependencies=frozenset({"basedpyright"})), None),
        (
            Settings(files=CONFIG, dependencies=frozenset({"basedpyright", "pyright"})),
            Found("pyrightconfig.json"),
        ),
        (Settings(dependencies=frozenset({"pyright"})), None),
    ],
)
def test_settings_ask_for_pyright(settings: Settings, expected: Found | None) -> None:
    assert pyright.detect(settings) == expected


def test_hostile_settings_do_not_spoil_a_real_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("PYRIGHT_PYTHON_DEBUG", "1")
    (tmp_path / "pyrightconfig.json").write_text(
        '{"reportMissingImports": "nonsense", "reportUnusedImport": "warning"}', encoding="utf-8"
    )
    (tmp_path / "m.py").write_text('import os\nx: int = ""\n', encoding="utf-8")
    (tmp_path / "-n.py").write_text('y: int = ""\n', encoding="utf-8")
    args = ("--threads", "--stats", "--verbose", "--outputjson", "--watch")
    outcome = pyright.parse(run_tool("pyright", tmp_path, ENVIRONMENT, *args))
    assert sorted((str(one.file), one.line, one.severity) for one in outcome.diagnostics) == [
        ("-n.py", 1, "error"),
        ("m.py", 1, "warning"),
        ("m.py", 2, "error"),
    ]
    assert "reportMissingImports" in (outcome.remark or "")
    one = pyright.parse(run_tool("pyright", tmp_path, ENVIRONMENT, *args, targets=("-n.py",)))
    assert [found.file for found in one.diagnostics] == ["-n.py"]


def test_broken_settings_end_a_real_run(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pyright\n", encoding="utf-8")
    (tmp_path / "m.py").write_text("x = 1\n", encoding="utf-8")
    outcome = pyright.parse(run_tool("pyright", tmp_path, ENVIRONMENT))
    assert "could not be parsed" in (outcome.problem or "")


@pytest.mark.parametrize("place", [True, -1, -7, 10**12, "x", 1.5, []])
def test_a_place_that_cannot_be_is_unknown(place: object) -> None:
    start = {"line": place, "character": place}
    records = [{"message": "a", "file": "a.py", "range": {"start": start}}]
    (one,) = pyright.parse(report(document(*records))).diagnostics
    assert (one.file, one.line, one.column) == ("a.py", None, None)


@pytest.mark.parametrize("severity", [[], {}, 3, None])
def test_a_severity_that_cannot_be_looked_up_is_an_error(severity: object) -> None:
    (one,) = pyright.parse(report(document({"message": "a", "severity": severity}))).diagnostics
    assert one.severity == "error"
