"""pylint: recorded output, hostile projects, garbage and the table of its arguments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_server.checkers import pylint
from mcp_server.models import Outcome, Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

VERSIONS = ["2.17.7", "3.0.4", "4.1.4"]
ENVIRONMENT = Path(sys.prefix)
FAULTY = '"""Doc."""\nimport os\n\nprint(undefined)\n'


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return pylint.parse(run_tool("pylint", folder, ENVIRONMENT, *args, targets=targets))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_message_is_read_with_its_place_severity_and_topic(version: str) -> None:
    outcome = pylint.parse(replay("pylint", f"{version}-mixed"))
    assert outcome.checked
    assert outcome.problem is None
    # Version 2 complains about short names as well.
    found = [one for one in outcome.diagnostics if one.code != "invalid-name"]
    assert [
        (one.file, one.line, one.column, one.code, one.symbol, one.severity, one.topic)
        for one in found
    ] == [
        ("src/latin.py", 1, 1, "syntax-error", None, "error", "syntax"),
        ("src/bad.py", 1, 6, "syntax-error", None, "error", "syntax"),
        ("src/a.py", 1, 1, "missing-module-docstring", None, "warning", None),
        ("src/a.py", 5, 1, "missing-function-docstring", "f", "warning", None),
        ("src/a.py", 7, 12, "undefined-variable", "f", "error", "undefined-name"),
        ("src/a.py", 5, 8, "unused-argument", "f", "warning", None),
        ("src/a.py", 6, 5, "unused-variable", "f", "warning", None),
        ("src/a.py", 1, 1, "unused-import", None, "warning", "unused-import"),
        ("src/a.py", 2, 1, "unused-import", None, "warning", "unused-import"),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_clean_file_is_green(version: str) -> None:
    clean = pylint.parse(replay("pylint", f"{version}-clean"))
    assert (clean.checked, clean.nothing, clean.problem) == (True, None, None)


def test_nothing_and_broken_settings_are_told_apart() -> None:
    """The tool counts two or three "modules linted" where there was none."""
    empty = pylint.parse(replay("pylint", "4.1.4-empty"))
    broken = pylint.parse(replay("pylint", "4.1.4-brokentoml"))
    assert (empty.checked, bool(empty.nothing), empty.problem) == (False, True, None)
    assert "Failed to load 'pyproject.toml'" in (broken.problem or "")


def test_no_output_setting_hides_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pylint.main]\noutput-format = "colorized"\nmsg-template = "{path}"\n'
        "reports = false\nscore = false\nverbose = true\njobs = 2\n"
    )
    (tmp_path / "a.py").write_text(FAULTY)
    monkeypatch.setenv("FORCE_COLOR", "1")
    outcome = check(tmp_path, "-f", "text", "-r", "n", "--output=out", "--exit-zero", "a.py")
    assert outcome.checked
    assert [(one.line, one.code) for one in outcome.diagnostics] == [
        (4, "undefined-variable"),
        (2, "unused-import"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "pyproject.toml"]


@pytest.mark.parametrize("args", [("-E",), ("--errors-only",), ("--disable=all", "--enable=E")])
def test_a_narrowed_run_still_proves_what_it_checked(tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "a.py").write_text("import os\n\nprint(1)\n")
    assert check(tmp_path, *args, "a.py") == Outcome(checked=True)
    (tmp_path / "a.py").write_text(FAULTY)
    assert [one.code for one in check(tmp_path, *args, "a.py").diagnostics] == [
        "undefined-variable"
    ]


def test_messages_that_the_threshold_allows_are_remarked_and_fail_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("X = 1\n")
    outcome = check(tmp_path, "--fail-under=0", "a.py")
    assert (outcome.diagnostics, outcome.checked) == ((), True)
    assert "[missing-module-docstring]" in (outcome.remark or "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[MAIN]\nfoo=1\nfoo=2\n", "F0011"),
        ("foo=1\n", "F0011"),
        ("[MAIN]\njobs=x\n", "invalid int value"),
    ],
)
def test_broken_settings_are_a_problem(tmp_path: Path, settings: str, said: str) -> None:
    (tmp_path / ".pylintrc").write_text(settings)
    (tmp_path / "a.py").write_text('"""Doc."""\n')
    assert said in (check(tmp_path, "a.py").problem or "")


def test_an_unloadable_plugin_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".pylintrc").write_text("[MAIN]\nload-plugins=nowhere\n")
    (tmp_path / "a.py").write_text('"""Doc."""\nX = 1\n')
    assert "nowhere" in (check(tmp_path, "a.py").problem or "")


def test_ignored_files_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(FAULTY)
    assert check(tmp_path, "--ignore=a.py", "a.py").nothing
    assert check(tmp_path).nothing


def test_targets_take_the_place_of_paths(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("import os\n")
    args = ("--disable", "C", "--max-line-length", "99", "a.py")
    outcome = check(tmp_path, *args, targets=("b.py",))
    assert [one.file for one in outcome.diagnostics] == ["b.py"]


@pytest.mark.parametrize(
    "report",
    [
        Report(root=ROOT, cwd=ROOT),
        Report(root=ROOT, cwd=ROOT, status=0),
        Report(root=ROOT, cwd=ROOT, status=32),
        Report(root=ROOT, cwd=ROOT, status=4, stdout='{"messages": []}'),
        Report(root=ROOT, cwd=ROOT, stdout='{"messages": []}'),
        Report(root=ROOT, cwd=ROOT, status=4, stdout='{"messages": [{"path": "a.py"'),
        Report(root=ROOT, cwd=ROOT, status=0, stdout='{"messages": 3}'),
        Report(root=ROOT, cwd=ROOT, status=1, stdout="\x00\ufffd{", stderr="\x1b[31m"),
        Report(root=ROOT, cwd=ROOT, status=1, stdout='[{"symbol": "astroid-error"}]'),
        Report(root=ROOT, cwd=ROOT, signal=9),
    ],
)
def test_a_report_that_does_not_add_up_is_a_problem(report: Report) -> None:
    outcome = pylint.parse(report)
    assert outcome.problem
    assert not outcome.checked


def test_fields_of_unexpected_types_do_not_raise() -> None:
    stdout = '[null, 3, {"path": 1, "line": "x", "column": [], "message": null, "type": {}}]'
    (one,) = pylint.parse(Report(root=ROOT, cwd=ROOT, status=2, stdout=stdout)).diagnostics
    assert (one.file, one.line, one.column, one.code) == (None, None, None, None)


def test_informational_messages_are_no_findings() -> None:
    stdout = '[{"type": "info", "symbol": "suppressed-message", "path": "a.py"}]'
    record = "5 statements analysed.\n"
    outcome = pylint.parse(Report(root=ROOT, cwd=ROOT, status=0, stdout=stdout, record=record))
    assert outcome == Outcome(checked=True)


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("pylint", ("src", "-E"), ("src", "-E")),
        ("pylint", ("--generate-rcfile",), None),
        ("pylint", ("--version",), None),
        ("flake8", ("src",), None),
    ],
)
def test_recognised_commands(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert pylint.recognise(program, args) == expected


def test_pylint_never_edits_and_altered_arguments_are_said() -> None:
    assert not pylint.mutates(("-E",))
    assert pylint.invoke(("--exit-zero", "src"), ()).changed
    assert pylint.invoke(("-E", "src"), ()).changed
    assert not pylint.invoke(("-v", "-r", "y", "src"), ()).changed
    assert pylint.invoke(("-v", "-r", "y", "--jobs=2", "src"), ()).args[:2] == ("--jobs=2", "src")


def test_settings_that_ask_for_pylint_are_found_and_run_on_the_sources() -> None:
    sources = ("src", "tests")
    table = Settings(tables={"pylint": {}}, sources=sources)
    section = Settings(sections={"setup.cfg": {"pylint.main": {}}}, sources=sources)
    assert pylint.detect(table) == Found("pyproject.toml [tool.pylint]", sources)
    assert pylint.detect(section) == Found("setup.cfg [pylint.main]", sources)
    assert pylint.detect(Settings(files=frozenset({".pylintrc"}))) == Found(
        ".pylintrc", ("--recursive=y", ".")
    )
    assert pylint.detect(Settings()) is None


@pytest.mark.parametrize("place", ["true", "-1", "99999999999", '"x"', "1e999"])
def test_a_place_that_cannot_be_is_unknown(place: str) -> None:
    stdout = f'[{{"path": "a.py", "line": {place}, "column": {place}, "symbol": "x"}}]'
    (one,) = pylint.parse(Report(root=ROOT, cwd=ROOT, status=2, stdout=stdout)).diagnostics
    assert (one.file, one.line, one.column, one.code) == ("a.py", None, None, "x")


@pytest.mark.parametrize("stdout", ["[{}]", '[{"type": "convention"}]'])
def test_a_forgiven_message_without_statistics_is_no_proof(stdout: str) -> None:
    outcome = pylint.parse(Report(root=ROOT, cwd=ROOT, status=0, stdout=stdout))
    assert not outcome.checked
    assert outcome.nothing
