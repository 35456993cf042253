"""black: recorded output, hostile projects, garbage and the table of its arguments."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.checkers import black
from mcp_server.models import SCRATCH, Outcome, Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

VERSIONS = ["23.12.1", "26.10.1"]
ENVIRONMENT = Path(sys.prefix)
UGLY = '"""Ugly."""\n\nX = 1\nY=2\n'
SUMMARY = "1 file would be reformatted.\n"
IDENTIFIED = "Identified `/project` as project root containing a .git directory.\n"


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return black.parse(run_tool("black", folder, ENVIRONMENT, *args, targets=targets))


@pytest.mark.parametrize(("version", "line", "column"), [("23.12.1", 2, 1), ("26.10.1", 1, None)])
def test_every_file_is_one_finding(version: str, line: int, column: int | None) -> None:
    outcome = black.parse(replay("black", f"{version}-mixed"))
    assert outcome.checked
    assert outcome.problem is None
    assert [
        (one.file, one.line, one.column, one.code, one.fix, one.topic)
        for one in outcome.diagnostics
    ] == [
        ("src/a.py", 5, None, "unformatted", "auto", "format"),
        ("src/bad.py", line, column, "invalid-syntax", None, "syntax"),
        ("src/latin.py", None, None, "unreadable", None, None),
    ]
    assert "+def f(x):" in (outcome.diagnostics[0].detail or "")
    assert "EOF in multi-line statement" in outcome.diagnostics[1].message


@pytest.mark.parametrize("version", VERSIONS)
def test_green_nothing_and_broken_settings_are_told_apart(version: str) -> None:
    clean = black.parse(replay("black", f"{version}-clean"))
    empty = black.parse(replay("black", f"{version}-empty"))
    broken = black.parse(replay("black", f"{version}-brokentoml"))
    assert (clean.checked, clean.nothing, clean.problem) == (True, None, None)
    assert (empty.checked, bool(empty.nothing), empty.problem) == (False, True, None)
    assert "Expected ']' at the end of a table" in (broken.problem or "")


def test_files_are_never_rewritten_whatever_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "[tool.black]\nquiet = true\ncolor = true\nverbose = false\nworkers = 1\n"
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "a.py").write_text(UGLY)
    (tmp_path / "b.py").write_text("X = 1\n")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    outcome = check(tmp_path, "-q", "--color", ".")
    assert outcome.checked
    assert [(one.file, one.line) for one in outcome.diagnostics] == [("a.py", 4)]
    assert (tmp_path / "a.py").read_text() == UGLY
    (tmp_path / "a.py").unlink()
    assert check(tmp_path, ".").checked


def test_a_required_version_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.black]\nrequired-version = "99"\n')
    (tmp_path / "a.py").write_text(UGLY)
    assert "required version `99`" in (check(tmp_path, ".").problem or "")


def test_unknown_settings_are_remarked_upon(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.black]\nnonsense = "x"\n')
    (tmp_path / "a.py").write_text("X = 1\n")
    outcome = check(tmp_path, ".")
    assert outcome.checked
    assert "nonsense" in (outcome.remark or "")


def test_a_parse_error_has_its_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("class A:\n  def f(self\n    x = 1\n")
    (one,) = check(tmp_path, "a.py").diagnostics
    assert (one.file, one.line, one.column, one.topic) == ("a.py", 3, 5, "syntax")


def test_targets_take_the_place_of_paths(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(UGLY)
    outcome = check(tmp_path, "-l", "99", "a.py", targets=("b.py",))
    assert [one.file for one in outcome.diagnostics] == ["b.py"]
    assert check(tmp_path, targets=("missing.py",)).problem


@pytest.mark.parametrize(
    "report",
    [
        Report(root=ROOT, cwd=ROOT),
        Report(root=ROOT, cwd=ROOT, status=0),
        Report(root=ROOT, cwd=ROOT, status=1),
        Report(root=ROOT, cwd=ROOT, status=1, stderr=SUMMARY),
        Report(root=ROOT, cwd=ROOT, status=1, stderr="would reformat a.py\n"),
        Report(root=ROOT, cwd=ROOT, status=0, stderr=f"would reformat a.py\n{SUMMARY}"),
        Report(root=ROOT, cwd=ROOT, stderr="1 file would be left unchanged.\n"),
        Report(
            root=ROOT,
            cwd=ROOT,
            status=123,
            stderr="error: cannot format a.py: INTERNAL ERROR: x\n1 file would fail to reformat.\n",
        ),
        Report(root=ROOT, cwd=ROOT, status=2, stdout="\x00\ufffd[{", stderr="\x1b[31m"),
        Report(root=ROOT, cwd=ROOT, signal=9),
    ],
)
def test_a_report_that_does_not_add_up_is_a_problem(report: Report) -> None:
    outcome = black.parse(report)
    assert outcome.problem
    assert not outcome.checked


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("black", (".", "--check"), (".", "--check")),
        ("black", ("--version",), None),
        ("black", ("-c", "x=1"), None),
        ("black", ("-Scx=1",), None),
        ("black", ("-qSl88", "."), ("-q", "-S", "-l", "88", ".")),
        ("blackd", (), None),
    ],
)
def test_recognised_commands(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert black.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "edits"),
    [((".",), True), ((".", "--check"), False), (("--diff", "."), False), ((".", "-q"), True)],
)
def test_editing_commands_are_known_and_run_in_their_checking_form(
    args: tuple[str, ...], *, edits: bool
) -> None:
    invocation = black.invoke(args, ())
    assert black.mutates(args) is edits
    assert invocation.changed is edits
    assert invocation.args == ("--check", "--no-color", "--verbose", ".")


def test_differences_are_asked_for_only_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("X = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.black]\n")
    clean = run_tool("black", tmp_path, ENVIRONMENT, ".")
    assert "--diff" not in black.invoke((".",), ()).args
    assert black.retry(clean, (".",), ()) is None
    (tmp_path / "b.py").write_text(UGLY)
    red = replace(clean, stderr=f"would reformat {tmp_path / 'b.py'}\n{SUMMARY}", status=1)
    second = black.retry(red, (".",), ())
    assert second is not None
    assert second.args == ("--check", "--diff", "--no-color", "--verbose", ".")


def test_what_black_has_in_its_cache_is_not_read_again_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLACK_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "a.py").write_text("X = 1\n")
    assert check(tmp_path, ".").checked
    again = run_tool("black", tmp_path, ENVIRONMENT, ".")
    assert "wasn't modified on disk since last run" in again.stderr
    assert black.parse(again).checked
    (tmp_path / "a.py").write_text("X  =  1\n")
    (one,) = check(tmp_path, ".").diagnostics
    assert (one.file, one.line) == ("a.py", 1)


def test_settings_that_ask_for_black_are_found_and_run_on_the_folder() -> None:
    assert black.detect(Settings(tables={"black": {}})) == Found(
        "pyproject.toml [tool.black]", (".",)
    )
    assert black.detect(Settings()) is None


HUGE = "9" * 5000


@pytest.mark.parametrize("number", ["0", HUGE])
def test_a_place_that_cannot_be_is_unknown(number: str) -> None:
    stderr = f"error: cannot format a.py: cannot parse: {number}:{HUGE}: x\n1 file would fail\n"
    (one,) = black.parse(Report(root=ROOT, cwd=ROOT, status=123, stderr=stderr)).diagnostics
    assert (one.file, one.line, one.column) == ("a.py", None, None)


def test_a_rare_line_end_in_a_name_hides_no_file() -> None:
    stderr = "error: cannot format a\x0cb.py: cannot parse: 1:0: x\n1 file would fail to reformat\n"
    outcome = black.parse(Report(root=ROOT, cwd=ROOT, status=123, stderr=stderr))
    assert [(one.file, one.line, one.column) for one in outcome.diagnostics] == [
        ("a\x0cb.py", 1, 1)
    ]
    assert outcome.problem is None


@pytest.mark.parametrize(
    ("said", "config"),
    [
        (
            f"{IDENTIFIED}Using configuration from project root.\n",
            "--config=/project/pyproject.toml",
        ),
        ("Using configuration from /project/pyproject.toml.\n", "--config=/project/pyproject.toml"),
        (
            "Identified `/` as file system root.\nUsing configuration in '/home/me/black'.\n",
            "--config=/home/me/black",
        ),
        (
            IDENTIFIED,
            f"--config={SCRATCH}/black.toml",
        ),
    ],
)
def test_a_file_is_mended_with_the_configuration_that_the_check_used(
    said: str, config: str
) -> None:
    report = Report(root=ROOT, cwd=ROOT, stderr=said)
    form = black.mend(("--check", "-l", "9", "src"), "/project/src/a.py", report)
    given = ("-l", "9", config, "--stdin-filename=/project/src/a.py", "-")
    assert form.args == ("--no-color", "--verbose", *given)
    assert set(form.files) == ({"black.toml"} if SCRATCH in config else set())
    stated = black.mend(("--config", "b.toml", "."), "/project/a.py", report)
    assert stated.args[2:-2] == ("--config", "b.toml")


def test_the_check_names_every_file_that_black_was_given() -> None:
    said = (
        "/project/a b.py already well formatted, good job.\nwould reformat b.py\n"
        "c.py wasn't modified on disk since last run.\n"
        "/project/x ignored: matches the --exclude regular expression\n"
    )
    report = Report(root=ROOT, cwd=ROOT, stderr=said)
    assert black.listed(report) == {"a b.py", "b.py", "c.py"}


@pytest.mark.parametrize(
    ("output", "said", "whole"),
    [
        (b"x = 1\n", "reformatted /project/a.py\n", True),
        (b"x = 1\n", "/project/a.py already well formatted, good job.\n", True),
        (b"--- a.py\n", "would reformat /project/a.py\n", False),
        (b"", "reformatted /project/a.py\n", False),
    ],
)
def test_only_what_black_says_it_formatted_is_believed(
    output: bytes, said: str, *, whole: bool
) -> None:
    report = Report(root=ROOT, cwd=ROOT, status=0, output=output, stderr=said)
    assert (black.unmended(report) is None) is whole
