"""basedpyright where it differs from pyright: its warnings, its baseline, its settings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_server.checkers import basedpyright
from mcp_server.models import Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

ENVIRONMENT = Path(sys.prefix)
QUIET = ("--outputjson", "--baselinemode=discard")


def report(stdout: str = "", stderr: str = "", status: int | None = 1) -> Report:
    return Report(root=ROOT, cwd=ROOT, stdout=stdout, stderr=stderr, status=status)


def test_errors_and_the_warnings_that_fail_beside_them_are_findings() -> None:
    found = basedpyright.parse(replay("basedpyright", "1.40.2-findings")).diagnostics
    assert [(one.line, one.column, one.code, one.severity) for one in found] == [
        (3, 8, "reportMissingImports", "error"),
        (3, 8, "reportUnusedImport", "warning"),
        (18, 1, "reportUnusedCallResult", "warning"),
        (18, 5, "reportArgumentType", "error"),
        (19, 7, "reportUndefinedVariable", "error"),
        (19, 7, "reportUnknownArgumentType", "warning"),
        (20, 10, "reportAssignmentType", "error"),
    ]
    assert {one.tool for one in found} == {"basedpyright"}
    assert {one.file for one in found} == {"src/shop.py"}


def test_warnings_fail_the_run_only_where_the_status_says_so() -> None:
    failing = basedpyright.parse(replay("basedpyright", "1.40.2-failing-warning"))
    assert [one.severity for one in failing.diagnostics] == ["warning"]
    forgiven = basedpyright.parse(replay("basedpyright", "1.40.2-forgiven-warning"))
    assert (forgiven.checked, forgiven.diagnostics) == (True, ())
    assert (forgiven.remark or "").startswith("1 warning beside a status of 0: m.py:1 Import")


def test_a_clean_run_is_proved_by_the_files_analysed() -> None:
    clean = basedpyright.parse(replay("basedpyright", "1.40.2-clean"))
    assert (clean.checked, clean.diagnostics, clean.remark) == (True, (), None)
    empty = basedpyright.parse(replay("basedpyright", "1.40.2-empty"))
    assert (empty.checked, empty.nothing) == (False, "basedpyright found no files to check")


def test_what_it_says_beside_its_report_is_remarked() -> None:
    baseline = basedpyright.parse(replay("basedpyright", "1.40.2-outdated-baseline"))
    assert baseline.checked
    assert "baseline file is outdated" in (baseline.remark or "")
    ignored = basedpyright.parse(replay("basedpyright", "1.40.2-ignored-settings"))
    assert 'unrecognized setting "nonsense"' in (ignored.remark or "")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("1.40.2-broken-settings", "could not be parsed. Verify that format is correct."),
        ("1.40.2-missing-target", "nofile.py"),
        ("1.40.2-usage", "Unexpected option --nonsense."),
    ],
)
def test_a_run_that_could_not_check_says_why(name: str, why: str) -> None:
    outcome = basedpyright.parse(replay("basedpyright", name))
    assert why in (outcome.problem or "")
    assert "attempt" not in (outcome.problem or "")
    assert not outcome.checked


def test_syntax_errors_have_their_topic() -> None:
    found = basedpyright.parse(replay("basedpyright", "1.40.2-syntax")).diagnostics
    assert {(one.file, one.topic) for one in found} == {("m.py", "syntax")}


@pytest.mark.parametrize("status", [None, 0, 1, 4, -9])
@pytest.mark.parametrize("text", ["", "\n{", "\n{}", "[]", "\0\x1b\udcff", '{"summary": {}}'])
def test_garbage_never_raises_and_never_passes(text: str, status: int | None) -> None:
    outcome = basedpyright.parse(report(text, text, status))
    assert not outcome.checked
    assert outcome.problem or outcome.nothing


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("basedpyright", ("src",), ("src",)),
        ("basedpyright", ("--writebaseline",), ("--writebaseline",)),
        ("basedpyright", ("--version",), None),
        ("basedpyright", ("--createstub", "x"), None),
        ("basedpyright-langserver", (), None),
        ("pyright", (), None),
    ],
)
def test_only_a_check_is_recognised(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert basedpyright.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "targets", "expected", "changed"),
    [
        ((), (), (), False),
        (("--writebaseline",), (), (), True),
        (("--baselinemode", "auto", "--level", "error", "src"), (), ("src",), False),
        (("--gitlabcodequality=x.json", "--warnings"), (), ("--warnings",), False),
        (
            ("--baselinefile", "b.json", "src"),
            ("-a.py",),
            ("./-a.py", "--baselinefile", "b.json"),
            False,
        ),
        (("--watch", "--threads", "2"), ("a.py",), ("a.py", "--threads=2"), True),
    ],
)
def test_the_checking_form_keeps_the_projects_choices(
    args: tuple[str, ...], targets: tuple[str, ...], expected: tuple[str, ...], *, changed: bool
) -> None:
    invocation = basedpyright.invoke(args, targets)
    assert invocation.args == (*QUIET, *expected)
    assert invocation.changed is changed
    assert basedpyright.mutates(args) is ("--writebaseline" in args)


@pytest.mark.parametrize(
    ("words", "again"),
    [
        ("Unexpected option --baselinemode=discard.", True),
        ("Unexpected option --nonsense.", False),
        ("", False),
    ],
)
def test_the_second_form_is_for_a_version_without_baseline_modes(
    words: str, *, again: bool
) -> None:
    second = basedpyright.retry(report(stderr=words, status=4), ("src",), ())
    assert (second.args if second else None) == (("--outputjson", "src") if again else None)


ONLY = frozenset({"basedpyright"})
BOTH = frozenset({"basedpyright", "pyright"})
CONFIG = frozenset({"pyrightconfig.json"})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(tables={"basedpyright": {}}), Found("pyproject.toml [tool.basedpyright]")),
        (Settings(files=CONFIG, dependencies=ONLY), Found("pyrightconfig.json")),
        (
            Settings(tables={"pyright": {}}, dependencies=ONLY),
            Found("pyproject.toml [tool.pyright]"),
        ),
        (Settings(files=CONFIG, dependencies=BOTH), None),
        (Settings(files=CONFIG), None),
        (Settings(dependencies=ONLY), None),
    ],
)
def test_settings_ask_for_basedpyright(settings: Settings, expected: Found | None) -> None:
    assert basedpyright.detect(settings) == expected


def test_hostile_settings_do_not_spoil_a_real_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.basedpyright]\nreportMissingImports = "nonsense"\n', encoding="utf-8"
    )
    (tmp_path / "m.py").write_text("import os\n", encoding="utf-8")
    args = ("--level", "error", "--stats", "--verbose", "--watch", "--gitlabcodequality", "q.json")
    outcome = basedpyright.parse(run_tool("basedpyright", tmp_path, ENVIRONMENT, *args))
    assert [(one.code, one.severity) for one in outcome.diagnostics] == [
        ("reportUnusedImport", "warning")
    ]
    assert "reportMissingImports" in (outcome.remark or "")
    assert not (tmp_path / "q.json").exists()


def test_a_checked_project_keeps_its_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In CI the tool does not touch the file by itself.
    for name in ("CI", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER", "RUN_ID", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    baseline = tmp_path / ".basedpyright" / "baseline.json"
    baseline.parent.mkdir()
    entry = (
        '{"code": "reportAssignmentType", '
        '"range": {"startColumn": 9, "endColumn": 11, "lineCount": 1}}'
    )
    before = f'{{"files": {{"./m.py": [{entry}, {entry}]}}}}'
    baseline.write_text(before, encoding="utf-8")
    (tmp_path / "m.py").write_text('x: int = ""\n', encoding="utf-8")
    outcome = basedpyright.parse(run_tool("basedpyright", tmp_path, ENVIRONMENT, "--writebaseline"))
    assert (outcome.checked, outcome.diagnostics) == (True, ())
    assert "outdated" in (outcome.remark or "")
    assert baseline.read_text(encoding="utf-8") == before


def test_broken_settings_end_a_real_run(tmp_path: Path) -> None:
    (tmp_path / "pyrightconfig.json").write_text("{", encoding="utf-8")
    (tmp_path / "m.py").write_text("x = 1\n", encoding="utf-8")
    outcome = basedpyright.parse(run_tool("basedpyright", tmp_path, ENVIRONMENT))
    assert "could not be parsed" in (outcome.problem or "")
