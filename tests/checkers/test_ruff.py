"""ruff check: recorded output, hostile projects, garbage and the table of its arguments."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.checkers import ruff
from mcp_server.models import Outcome, Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

VERSIONS = ["0.12.12", "0.17.5"]
ENVIRONMENT = Path(sys.prefix)


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return ruff.parse(run_tool("ruff", folder, ENVIRONMENT, *args, targets=targets))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_finding_is_read_with_its_place_fix_and_topic(version: str) -> None:
    outcome = ruff.parse(replay("ruff", f"{version}-mixed"))
    assert outcome.checked
    assert outcome.problem is None
    assert [
        (one.file, one.line, one.column, one.code, one.fix, one.topic)
        for one in outcome.diagnostics
    ] == [
        ("src/a.py", 1, 8, "F401", "auto", "unused-import"),
        ("src/a.py", 2, 8, "F401", "auto", "unused-import"),
        ("src/a.py", 6, 5, "F841", None, "F841"),
        ("src/a.py", 7, 12, "F821", None, "undefined-name"),
        ("src/bad.py", 2, 1, "invalid-syntax", None, "syntax"),
        ("src/latin.py", 1, 1, "E902", None, "E902"),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_green_nothing_and_broken_settings_are_told_apart(version: str) -> None:
    clean = ruff.parse(replay("ruff", f"{version}-clean"))
    empty = ruff.parse(replay("ruff", f"{version}-empty"))
    broken = ruff.parse(replay("ruff", f"{version}-brokentoml"))
    assert (clean.checked, clean.nothing, clean.problem) == (True, None, None)
    assert (empty.checked, bool(empty.nothing), empty.problem) == (False, True, None)
    assert broken.problem is not None
    assert "TOML parse error" in broken.problem


def test_configured_fixes_and_output_files_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = 'fix = true\nfix-only = true\noutput-format = "pylint"\nshow-fixes = true\n'
    (tmp_path / "ruff.toml").write_text(settings)
    (tmp_path / "a.py").write_text("import os\n")
    monkeypatch.setenv("RUFF_OUTPUT_FILE", str(tmp_path / "out"))
    monkeypatch.setenv("RUFF_OUTPUT_FORMAT", "github")
    monkeypatch.setenv("FORCE_COLOR", "1")
    outcome = check(tmp_path, "--fix", "--statistics", "--exit-zero", "-q", "--color=always")
    assert [one.code for one in outcome.diagnostics] == ["F401"]
    assert (tmp_path / "a.py").read_text() == "import os\n"
    assert not (tmp_path / "out").exists()


def test_no_spelling_of_an_option_writes_a_report_into_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\n")
    for word in ("-oreport.txt", "-eqoreport.txt", "-eq", "-qo=report.txt"):
        args = ruff.recognise("ruff", ("check", word, "."))
        assert args is not None
        outcome = check(tmp_path, *args)
        assert [one.code for one in outcome.diagnostics] == ["F401"]
        assert outcome.problem is None
        assert sorted(one.name for one in tmp_path.glob("[!.]*")) == ["a.py"]


def test_targets_take_the_place_of_paths_and_respect_exclusions(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('extend-exclude = ["c.py"]\n')
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("import os\n")
    outcome = check(tmp_path, "--ignore", "E501", "a.py", targets=("b.py", "c.py"))
    assert [one.file for one in outcome.diagnostics] == ["b.py"]
    assert check(tmp_path, targets=("c.py",)).nothing


@pytest.mark.parametrize(
    "report",
    [
        Report(root=ROOT, cwd=ROOT),
        Report(root=ROOT, cwd=ROOT, status=1),
        Report(root=ROOT, cwd=ROOT, status=1, stdout='{"filename": "a.py", "loca'),
        Report(root=ROOT, cwd=ROOT, status=0, stdout='{"filename": "a.py"}'),
        Report(root=ROOT, cwd=ROOT, status=2, stdout="\x00\ufffd{}[]\n", stderr="\x1b[31m"),
        Report(root=ROOT, cwd=ROOT, signal=9),
    ],
)
def test_a_report_that_does_not_add_up_is_a_problem(report: Report) -> None:
    outcome = ruff.parse(report)
    assert outcome.problem
    assert not outcome.checked


def test_fields_of_unexpected_types_do_not_raise() -> None:
    line = '{"filename": "a.py", "location": [1], "fix": [2], "code": null, "message": 3}'
    (one,) = ruff.parse(Report(root=ROOT, cwd=ROOT, status=1, stdout=line)).diagnostics
    assert (one.line, one.column, one.fix, one.message) == (None, None, None, "3")


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("ruff", ("check", ".", "--fix"), (".", "--fix")),
        ("ruff", ("--quiet", "check", "."), ("--quiet", ".")),
        ("ruff", ("--config", "x.toml", "check"), ("--config", "x.toml")),
        ("ruff", ("src", "--select", "E"), ("src", "--select", "E")),
        ("ruff", ("format", "."), None),
        ("ruff", ("check", "--show-files"), None),
        ("ruff", ("--version",), None),
        ("ruff", (), None),
        ("flake8", ("check",), None),
    ],
)
def test_recognised_commands(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert ruff.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((".",), False),
        ((".", "--fix"), True),
        (("--fix-only",), True),
        (("--add-noqa=later",), True),
        (("--no-fix",), False),
    ],
)
def test_editing_commands_are_known_and_run_in_their_checking_form(
    args: tuple[str, ...], *, expected: bool
) -> None:
    invocation = ruff.invoke(args, ())
    assert ruff.mutates(args) is expected
    assert invocation.changed is expected
    assert not ruff.mutates(invocation.args)


def test_settings_that_ask_for_ruff_are_found() -> None:
    assert ruff.detect(Settings(files=frozenset({"ruff.toml"}))) == Found("ruff.toml")
    assert ruff.detect(Settings(tables={"ruff": {}})) == Found("pyproject.toml [tool.ruff]")
    assert ruff.detect(Settings()) is None


@pytest.mark.parametrize("place", ["true", "0", "-1", "99999999999", '"x"', "[]"])
def test_a_place_that_cannot_be_is_unknown(place: str) -> None:
    stdout = f'{{"filename": "a.py", "location": {{"row": {place}, "column": {place}}}}}'
    (one,) = ruff.parse(Report(root=ROOT, cwd=ROOT, status=1, stdout=stdout)).diagnostics
    assert (one.file, one.line, one.column) == ("a.py", None, None)


@pytest.mark.parametrize("stdout", ["?", '{"filename": "a.py", "mess', "\x00\n", "[]"])
def test_what_is_not_ruffs_report_is_never_green(stdout: str) -> None:
    outcome = ruff.parse(Report(root=ROOT, cwd=ROOT, status=0, stdout=stdout))
    assert outcome.problem
    assert not outcome.checked


def test_a_damaged_finding_beside_others_is_a_problem() -> None:
    whole = replay("ruff", "0.17.5-mixed")
    outcome = ruff.parse(replace(whole, stdout=whole.stdout.rstrip("\n")[:-5]))
    assert len(outcome.diagnostics) == len(ruff.parse(whole).diagnostics) - 1
    assert "is damaged" in (outcome.problem or "")


@pytest.mark.parametrize("mark", ["\x7f", "\x85", "\u2028"])
def test_a_rare_line_end_in_a_message_hides_no_finding(mark: str) -> None:
    stdout = f'{{"filename": "a.py", "code": "F601", "message": "key a{mark}b"}}\n'
    outcome = ruff.parse(Report(root=ROOT, cwd=ROOT, status=1, stdout=stdout))
    assert [one.message for one in outcome.diagnostics] == [f"key a{mark}b"]
    assert outcome.problem is None


def test_what_ruff_would_mend_in_a_file_that_it_cannot_parse_is_not_marked() -> None:
    fix = '"fix": {"applicability": "safe"}'
    lines = [
        f'{{"filename": "a.py", "code": "W291", {fix}}}',
        '{"filename": "a.py", "code": null, "name": "invalid-syntax"}',
        f'{{"filename": "b.py", "code": "W291", {fix}}}',
    ]
    report = Report(root=ROOT, cwd=ROOT, status=1, stdout="\n".join(lines))
    found = ruff.parse(report).diagnostics
    assert [(one.file, one.fix) for one in found] == [
        ("a.py", None),
        ("a.py", None),
        ("b.py", "auto"),
    ]


def test_a_file_is_mended_by_safe_fixes_alone_unless_it_is_excluded() -> None:
    args = ("--fix", "--force-exclude", "--no-fix", "--select", "F", "--exit-zero", "src")
    given = ("--force-exclude", "--stdin-filename=/project/a.py", "-")
    form = ruff.mend(args, "/project/a.py", Report(root=ROOT, cwd=ROOT))
    flags = ("--fix-only", "--no-unsafe-fixes", "--no-show-fixes")
    assert form.args == ("check", *flags, "--select", "F", *given)
    review = ruff.review(args, "/project/a.py")
    assert review.args[-6:] == ("--no-show-fixes", "--select", "F", *given)
    assert review.args.count("--no-fix") == 1


@pytest.mark.parametrize(
    ("output", "said", "whole"),
    [
        (b"x = 1\n", "", True),
        (b"", "Fixed 1 error.\n", True),
        (b"", "All checks passed!\n", False),
    ],
)
def test_a_content_that_is_gone_is_believed_only_where_fixes_took_it(
    output: bytes, said: str, *, whole: bool
) -> None:
    report = Report(root=ROOT, cwd=ROOT, status=0, output=output, stderr=said)
    assert (ruff.unmended(report) is None) is whole


@pytest.mark.parametrize("option", ["--no-fix", "--no-fix-only", "--no-show-fixes"])
def test_an_option_that_the_project_gives_too_is_given_once(option: str) -> None:
    args = ruff.invoke((option, "."), ()).args
    assert args.count(option) == 1
