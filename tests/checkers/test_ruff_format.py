"""ruff format: recorded output, hostile projects, garbage and the table of its arguments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_server.checkers import ruff_format
from mcp_server.models import Outcome, Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

VERSIONS = ["0.12.12", "0.15.0", "0.17.5"]
ENVIRONMENT = Path(sys.prefix)
UGLY = '"""Ugly."""\n\nX = 1\nY=2\n'


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return ruff_format.parse(run_tool("ruff-format", folder, ENVIRONMENT, *args, targets=targets))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_file_is_one_finding_at_its_first_changed_line(version: str) -> None:
    outcome = ruff_format.parse(replay("ruff-format", f"{version}-mixed"))
    assert outcome.checked
    assert outcome.problem is None
    assert [
        (one.file, one.line, one.column, one.code, one.fix, one.topic)
        for one in outcome.diagnostics
    ] == [
        ("src/a.py", 5, None, "unformatted", "auto", "format"),
        ("src/bad.py", 2, 1, "invalid-syntax", None, "syntax"),
        ("src/latin.py", None, None, "io", None, None),
    ]
    assert "+def f(x):" in (outcome.diagnostics[0].detail or "")


@pytest.mark.parametrize("version", VERSIONS)
def test_green_nothing_and_broken_settings_are_told_apart(version: str) -> None:
    clean = ruff_format.parse(replay("ruff-format", f"{version}-clean"))
    empty = ruff_format.parse(replay("ruff-format", f"{version}-empty"))
    broken = ruff_format.parse(replay("ruff-format", f"{version}-brokentoml"))
    assert (clean.checked, clean.nothing, clean.problem) == (True, None, None)
    assert (empty.checked, bool(empty.nothing), empty.problem) == (False, True, None)
    assert "TOML parse error" in (broken.problem or "")


def test_files_are_never_rewritten_and_colour_and_format_settings_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ruff.toml").write_text('fix = true\noutput-format = "github"\n[format]\n')
    (tmp_path / "a.py").write_text(UGLY)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    monkeypatch.setenv("RUFF_OUTPUT_FORMAT", "json")
    outcome = check(tmp_path, ".", "--quiet", "--color", "always")
    assert [(one.file, one.line) for one in outcome.diagnostics] == [("a.py", 4)]
    assert (tmp_path / "a.py").read_text() == UGLY


def test_files_that_the_formatter_leaves_out_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('[format]\nexclude = ["a.py"]\n')
    (tmp_path / "a.py").write_text(UGLY)
    outcome = check(tmp_path)
    assert not outcome.checked
    assert outcome.nothing


def test_a_missing_file_is_a_finding_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(UGLY)
    outcome = check(tmp_path, "src", targets=("a.py", "missing.py"))
    assert [one.file for one in outcome.diagnostics] == ["a.py", "missing.py"]


def test_targets_respect_exclusions(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('extend-exclude = ["a.py"]\n')
    (tmp_path / "a.py").write_text(UGLY)
    assert check(tmp_path, targets=("a.py",)).nothing


def test_a_panic_beside_a_finding_is_a_problem() -> None:
    stderr = "error: Failed to parse a.py:1:2: no\nerror: Panicked while formatting b.py\n"
    outcome = ruff_format.parse(Report(root=ROOT, cwd=ROOT, status=2, stderr=stderr))
    assert [one.file for one in outcome.diagnostics] == ["a.py"]
    assert "Panicked" in (outcome.problem or "")


def test_cells_of_one_notebook_are_one_finding() -> None:
    part = "--- n.ipynb:cell {0}\n+++ n.ipynb:cell {0}\n@@ -1 +1 @@\n-x=1\n+x = 1\n"
    stdout = part.format(1) + "\n" + part.format(2)
    outcome = ruff_format.parse(Report(root=ROOT, cwd=ROOT, status=1, stdout=stdout))
    assert [one.file for one in outcome.diagnostics] == ["n.ipynb"]


@pytest.mark.parametrize(
    "report",
    [
        Report(root=ROOT, cwd=ROOT),
        Report(root=ROOT, cwd=ROOT, status=1),
        Report(root=ROOT, cwd=ROOT, status=1, stdout="--- a.py\n+++ a.py\n@@ -1"),
        Report(root=ROOT, cwd=ROOT, status=2, stderr="error: Panicked while formatting a.py"),
        Report(root=ROOT, cwd=ROOT, status=2, stdout="\x00\ufffd[{", stderr="\x1b[31m"),
        Report(root=ROOT, cwd=ROOT, signal=11),
    ],
)
def test_a_report_that_does_not_add_up_is_a_problem(report: Report) -> None:
    outcome = ruff_format.parse(report)
    assert outcome.problem
    assert not outcome.checked


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("ruff", ("format", ".", "--check"), (".", "--check")),
        ("ruff", ("--config", "x.toml", "format", "."), ("--config", "x.toml", ".")),
        ("ruff", ("check", "."), None),
        ("ruff", (), None),
        ("black", ("format",), None),
    ],
)
def test_recognised_commands(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert ruff_format.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "expected"),
    [((".",), True), ((), True), ((".", "--check"), False), (("--diff",), False)],
)
def test_editing_commands_are_known_and_run_in_their_checking_form(
    args: tuple[str, ...], *, expected: bool
) -> None:
    invocation = ruff_format.invoke(args, ())
    assert ruff_format.mutates(args) is expected
    assert invocation.changed is expected
    assert invocation.args[:2] == ("format", "--diff")
    assert "--preview" not in invocation.args


def test_only_a_format_table_asks_for_the_formatter() -> None:
    table: dict[str, dict[str, object]] = {"ruff": {"format": {}}}
    own = Settings(tables=table, files=frozenset({"ruff.toml"}))
    assert ruff_format.detect(Settings(tables={"ruff": {"lint": {}}})) is None
    assert ruff_format.detect(Settings(tables=table)) == Found("pyproject.toml [tool.ruff.format]")
    assert ruff_format.detect(own) == Found("ruff.toml [format]")


@pytest.mark.parametrize("number", ["0", "9" * 5000])
def test_a_place_that_cannot_be_is_unknown(number: str) -> None:
    stderr = f"error: Failed to parse a.py:{number}:{number}: x\n"
    (one,) = ruff_format.parse(Report(root=ROOT, cwd=ROOT, status=2, stderr=stderr)).diagnostics
    assert (one.file, one.line, one.column) == ("a.py", None, None)


def test_files_are_listed_with_the_options_that_find_them() -> None:
    args = ("--line-length", "9", "--config", "r.toml", "--exclude=x", "--isolated", "src")
    form = ruff_format.listing(args)
    options = ("--config", "r.toml", "--exclude=x", "--isolated")
    assert form.args == ("check", "--show-files", *options, "--", "src")
    assert ruff_format.listing((".",)).args == ("check", "--show-files", "--", ".")


def test_a_file_is_mended_with_the_commands_own_options_unless_it_is_excluded() -> None:
    report = Report(root=ROOT, cwd=ROOT)
    args = ("--check", "--force-exclude", "--line-length", "9", "src")
    form = ruff_format.mend(args, "/project/a.py", report)
    given = ("--force-exclude", "--stdin-filename=/project/a.py", "-")
    assert form.args == ("format", "--line-length", "9", *given)
