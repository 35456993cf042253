"""pyrefly's JSON, the summary that proves a run, and real runs under hostile settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mcp_server.checkers import pyrefly
from mcp_server.models import Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

ENVIRONMENT = Path(sys.prefix)


def report(stdout: str = "", stderr: str = "", status: int | None = 1) -> Report:
    return Report(root=ROOT, cwd=ROOT, stdout=stdout, stderr=stderr, status=status)


def test_every_error_keeps_its_place_its_kind_and_its_whole_message() -> None:
    found = pyrefly.parse(replay("pyrefly", "1.4.1-findings")).diagnostics
    assert [(one.file, one.line, one.column, one.code, one.topic) for one in found] == [
        ("src/shop.py", 3, 8, "missing-import", None),
        ("src/shop.py", 18, 5, "bad-argument-type", None),
        ("src/shop.py", 19, 7, "unknown-name", "undefined-name"),
        ("src/shop.py", 20, 10, "bad-assignment", None),
        ("src/shop.py", 21, 1, "unimported-directive", None),
    ]
    assert found[1].message.splitlines()[1].startswith("  `Item.price` has type `str`")


def test_syntax_errors_have_their_topic() -> None:
    found = pyrefly.parse(replay("pyrefly", "1.4.1-syntax")).diagnostics
    assert [(one.file, one.code, one.topic) for one in found] == [
        ("latin.py", "missing-import", None),
        ("m.py", "parse-error", "syntax"),
        ("m.py", "parse-error", "syntax"),
    ]


@pytest.mark.parametrize(
    ("name", "severity"), [("1.4.1-failing-warning", "warning"), ("1.4.1-failing-note", "note")]
)
def test_a_lesser_finding_that_fails_the_run_is_told(name: str, severity: str) -> None:
    outcome = pyrefly.parse(replay("pyrefly", name))
    assert [(one.code, one.severity) for one in outcome.diagnostics] == [
        ("bad-assignment", severity)
    ]


def test_notes_that_count_are_told_beside_errors_and_others_are_not() -> None:
    records = [
        {"path": "m.py", "name": "bad-return", "description": "a", "severity": "error"},
        {"path": "m.py", "name": "reveal-type", "description": "b", "severity": "info"},
    ]
    text = json.dumps({"errors": records})
    assert len(pyrefly.parse(report(text, " INFO 1 error\n")).diagnostics) == 1
    assert len(pyrefly.parse(report(text, " INFO 2 diagnostics\n")).diagnostics) == 2


def test_warnings_that_pyrefly_hides_are_remarked() -> None:
    outcome = pyrefly.parse(replay("pyrefly", "1.4.1-hidden-warning"))
    assert (outcome.checked, outcome.diagnostics) == (True, ())
    assert (outcome.remark or "").startswith("1 warning not shown")


def test_ignored_settings_are_remarked() -> None:
    outcome = pyrefly.parse(replay("pyrefly", "1.4.1-ignored-setting"))
    assert len(outcome.diagnostics) == 1
    assert outcome.remark == "/project/pyrefly.toml: Extra keys found in config: nonsense"


def test_a_clean_run_is_proved_by_the_summary() -> None:
    clean = pyrefly.parse(replay("pyrefly", "1.4.1-clean"))
    assert (clean.checked, clean.diagnostics, clean.remark) == (True, (), None)
    assert not pyrefly.parse(report('{"errors": []}', status=0)).checked


def test_no_files_is_nothing_although_the_status_is_that_of_findings() -> None:
    outcome = pyrefly.parse(replay("pyrefly", "1.4.1-empty"))
    assert outcome.problem is None
    assert (outcome.nothing or "").startswith("No Python files matched")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("1.4.1-broken-settings", "Fatal configuration error"),
        ("1.4.1-unknown-rule", "unknown variant `nonsense`"),
        ("1.4.1-missing-target", "Path `/project/nofile.py` does not exist"),
        ("1.4.1-usage", "unexpected argument '--nonsense'"),
    ],
)
def test_a_run_that_could_not_check_says_why(name: str, why: str) -> None:
    outcome = pyrefly.parse(replay("pyrefly", name))
    assert why in (outcome.problem or "")
    assert len(outcome.problem or "") < 600
    assert not outcome.checked


def test_a_run_without_a_report_is_a_problem_also_with_a_status_of_0() -> None:
    assert pyrefly.parse(report(stderr=" INFO 0 errors\n", status=0)).problem == "INFO 0 errors"


def test_an_internal_error_is_a_problem() -> None:
    text = '{"errors": [{"name": "internal-error", "description": "it broke"}]}'
    assert pyrefly.parse(report(text, " INFO 1 error")).problem == "it broke"


@pytest.mark.parametrize("status", [None, 0, 1, 2, -9])
@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[]", '{"errors": 1}', '{"errors": [1, null]}', "\0\x1b\udcff"]
)
def test_garbage_never_raises_and_never_passes(text: str, status: int | None) -> None:
    outcome = pyrefly.parse(report(text, text, status))
    assert not outcome.checked
    assert status == 0 or outcome.problem


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("pyrefly", ("check", "src"), ("src",)),
        ("pyrefly", ("suppress", "src"), ("--suppress-errors", "src")),
        ("pyrefly", (), None),
        ("pyrefly", ("--version",), None),
        ("pyrefly", ("check", "--help"), None),
        ("pyrefly", ("init",), None),
        ("pyrefly", ("infer",), None),
        ("pyre", ("check",), None),
    ],
)
def test_only_a_check_is_recognised(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert pyrefly.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "targets", "expected", "changed"),
    [
        ((), (), (), False),
        (("--suppress-errors", "src"), (), ("src",), True),
        (("--remove-unused-ignores=all",), (), (), True),
        (("--update-baseline", "--baseline", "b.json"), (), ("--baseline", "b.json"), True),
        (("--watch",), (), (), True),
        (("--summary=none", "-o", "x.json", "--relative-to=/", "-v"), (), (), False),
        (("--min-severity", "warn"), (), ("--min-severity", "warn"), False),
        (("-c", "x.toml", "src"), ("-a.py",), ("-c", "x.toml", "--", "-a.py"), False),
    ],
)
def test_the_checking_form_keeps_the_projects_choices(
    args: tuple[str, ...], targets: tuple[str, ...], expected: tuple[str, ...], *, changed: bool
) -> None:
    invocation = pyrefly.invoke(args, targets)
    assert invocation.args == ("check", "--output-format=json", *expected)
    assert invocation.changed is changed
    assert invocation.env["PYREFLY_COLOR"] == "never"
    assert pyrefly.mutates(args) is (changed and "--watch" not in args)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(files=frozenset({"pyrefly.toml"})), Found("pyrefly.toml")),
        (Settings(tables={"pyrefly": {}}), Found("pyproject.toml [tool.pyrefly]")),
        (Settings(dependencies=frozenset({"pyrefly"})), None),
    ],
)
def test_settings_ask_for_pyrefly(settings: Settings, expected: Found | None) -> None:
    assert pyrefly.detect(settings) == expected


def test_hostile_settings_do_not_spoil_a_real_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "FORCE_COLOR": "1",
        "CLICOLOR_FORCE": "1",
        "PYREFLY_COLOR": "always",
        "PYREFLY_VERBOSE": "true",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "pyrefly.toml").write_text('output-format = "github"\n', encoding="utf-8")
    module = tmp_path / "m.py"
    module.write_text('x: int = ""\n', encoding="utf-8")
    args = ("--suppress-errors", "--summary=none", "-o", "out.txt", "--relative-to", "/")
    outcome = pyrefly.parse(run_tool("pyrefly", tmp_path, ENVIRONMENT, *args))
    assert [(one.file, one.line, one.column, one.code) for one in outcome.diagnostics] == [
        ("m.py", 1, 10, "bad-assignment")
    ]
    assert module.read_text(encoding="utf-8") == 'x: int = ""\n'
    assert not (tmp_path / "out.txt").exists()
    module.write_text("x: int = 1\n", encoding="utf-8")
    clean = pyrefly.parse(run_tool("pyrefly", tmp_path, ENVIRONMENT, *args, targets=("m.py",)))
    assert (clean.checked, clean.diagnostics, clean.problem) == (True, (), None)


@pytest.mark.parametrize("text", ["[errors\n", '[errors]\nnonsense = "error"\n'])
def test_broken_settings_end_a_real_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyrefly.toml").write_text(text, encoding="utf-8")
    (tmp_path / "m.py").write_text("x = 1\n", encoding="utf-8")
    outcome = pyrefly.parse(run_tool("pyrefly", tmp_path, ENVIRONMENT))
    assert "Fatal configuration error" in (outcome.problem or "")


@pytest.mark.parametrize("place", ["true", "0", "-1", "99999999999", '"x"', "[]"])
def test_a_place_that_cannot_be_is_unknown(place: str) -> None:
    stdout = f'{{"errors": [{{"path": "a.py", "line": {place}, "column": {place}}}]}}'
    (one,) = pyrefly.parse(report(stdout)).diagnostics
    assert (one.file, one.line, one.column) == ("a.py", None, None)


def test_fields_of_types_that_cannot_be_looked_up_do_not_raise() -> None:
    stdout = '{"errors": [{"severity": [], "name": {}, "path": [], "description": {"a": 1}}]}'
    (one,) = pyrefly.parse(report(stdout)).diagnostics
    assert (one.severity, one.code, one.file, one.message) == ("error", None, None, "")


def test_a_count_that_cannot_be_does_not_raise() -> None:
    outcome = pyrefly.parse(report('{"errors": []}', f" INFO {'9' * 5000} errors\n"))
    assert not outcome.checked


def test_blank_lines_cost_no_more_than_their_length() -> None:
    assert pyrefly.parse(report("", "\n " * 500_000)).problem
