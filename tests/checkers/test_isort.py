"""isort: recorded output, hostile projects, garbage and the table of its arguments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_server.checkers import isort
from mcp_server.models import Outcome, Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

VERSIONS = ["5.13.2", "9.0.2"]
ENVIRONMENT = Path(sys.prefix)
UNSORTED = '"""Doc."""\n\nimport sys\nimport os\n'
SORTED = "import os\nimport sys\n"
BANNER = f"{isort.BANNER}\n"


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return isort.parse(run_tool("isort", folder, ENVIRONMENT, *args, targets=targets))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_unsorted_file_is_one_finding(version: str) -> None:
    """Also behind the difference of a file without a last line end, where the next one is glued."""
    outcome = isort.parse(replay("isort", f"{version}-isort"))
    assert outcome.checked
    assert outcome.problem is None
    assert sorted(
        (one.file, one.line, one.code, one.fix, one.topic) for one in outcome.diagnostics
    ) == [
        ("bad.py", 1, "unsorted", "auto", "import-order"),
        ("cut.py", 1, "unsorted", "auto", "import-order"),
    ]
    assert all("+import os" in (one.detail or "") for one in outcome.diagnostics)


@pytest.mark.parametrize("version", VERSIONS)
def test_green_nothing_and_problems_are_told_apart(version: str) -> None:
    clean = isort.parse(replay("isort", f"{version}-isortclean"))
    empty = isort.parse(replay("isort", f"{version}-empty"))
    broken = isort.parse(replay("isort", f"{version}-brokentoml"))
    latin = isort.parse(replay("isort", f"{version}-isortlatin"))
    assert (clean.checked, clean.nothing, clean.problem) == (True, None, None)
    assert (empty.checked, bool(empty.nothing), empty.problem) == (False, True, None)
    assert "Failed to pull configuration" in (broken.problem or "")
    assert latin.problem == "Encoding not supported for ./latin.py"


def test_files_are_never_rewritten_whatever_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".isort.cfg").write_text(
        "[settings]\nquiet = true\nverbose = false\noverwrite_in_place = true\n"
        "format_error = {message}!\nformat_success = {message}?\nonly_modified = true\n"
    )
    (tmp_path / "a.py").write_text(UNSORTED)
    (tmp_path / "b.py").write_text(SORTED)
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setenv("FORCE_COLOR", "1")
    outcome = check(tmp_path, ".", "-q", "-j", "2", "--om", "--interactive")
    assert outcome.problem is None
    assert [(one.file, one.line) for one in outcome.diagnostics] == [("a.py", 3)]
    assert (tmp_path / "a.py").read_text() == UNSORTED


def test_sorted_files_that_only_modified_hides_are_proven_by_a_listing(tmp_path: Path) -> None:
    (tmp_path / ".isort.cfg").write_text("[settings]\nonly_modified = true\nquiet = true\n")
    (tmp_path / "b.py").write_text(SORTED)
    outcome = check(tmp_path, ".")
    assert (outcome.checked, outcome.problem, outcome.nothing) == (True, None, None)
    (tmp_path / "b.py").unlink()
    assert check(tmp_path, ".").nothing


def test_files_skipped_by_their_own_comment_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# isort: skip_file\n" + UNSORTED)
    outcome = check(tmp_path, ".")
    assert not outcome.checked
    assert outcome.nothing


@pytest.mark.parametrize("settings", ["[settings]\nprofile = nope\n", "[settings]\nnope = 1\n"])
def test_a_traceback_over_settings_is_a_problem(tmp_path: Path, settings: str) -> None:
    (tmp_path / ".isort.cfg").write_text(settings)
    (tmp_path / "a.py").write_text(UNSORTED)
    assert "nope" in (check(tmp_path, ".").problem or "")


def test_an_unreadable_or_missing_file_beside_findings_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    (tmp_path / "a.py").write_text(UNSORTED)
    (tmp_path / "b.py").write_bytes(b"# caf\xe9\nimport os\n")
    outcome = check(tmp_path, ".", "missing.py")
    assert [one.file for one in outcome.diagnostics] == ["a.py"]
    assert "Encoding not supported for ./b.py" in (outcome.problem or "")
    assert "missing.py was broken path" in (outcome.problem or "")


def test_colours_in_the_difference_do_not_hide_the_line() -> None:
    stdout = (
        f"{BANNER}--- /project/a.py:before\t1\n+++ /project/a.py:after\t2\n@@ -5,3 +5,3 @@\n"
        " x\n\x1b[32m+import os\n\x1b[0m import sys\n\x1b[31m-import os\n\x1b[0m"
    )
    stderr = f"hdb-unsorted /project/a.py {isort.MESSAGE}\n"
    outcome = isort.parse(Report(root=ROOT, cwd=ROOT, status=1, stdout=stdout, stderr=stderr))
    assert [(one.file, one.line) for one in outcome.diagnostics] == [("a.py", 6)]
    assert "\x1b" not in (outcome.diagnostics[0].detail or "")


def test_one_run_is_enough_where_a_sorted_file_is_named() -> None:
    said = Report(root=ROOT, cwd=ROOT, status=0, stdout=f"{BANNER}hdb-sorted a.py Good!\n")
    assert isort.retry(said, (".",), ()) is None
    assert isort.retry(Report(root=ROOT, cwd=ROOT, status=0, stdout=BANNER), (".",), ())


def test_targets_take_the_place_of_paths_and_respect_skips(tmp_path: Path) -> None:
    (tmp_path / ".isort.cfg").write_text("[settings]\nskip = c.py\n")
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text(UNSORTED)
    outcome = check(tmp_path, "--profile", "black", "a.py", targets=("b.py", "c.py"))
    assert [one.file for one in outcome.diagnostics] == ["b.py"]
    assert check(tmp_path, targets=("c.py",)).nothing


@pytest.mark.parametrize(
    "report",
    [
        Report(root=ROOT, cwd=ROOT),
        Report(root=ROOT, cwd=ROOT, status=1),
        Report(root=ROOT, cwd=ROOT, status=1, stdout=BANNER, stderr="hdb-unsorted a.py Impor"),
        Report(root=ROOT, cwd=ROOT, status=0, stderr=f"hdb-unsorted a.py {isort.MESSAGE}\n"),
        Report(root=ROOT, cwd=ROOT, status=2, stdout="\x00\ufffd[{", stderr="\x1b[31m"),
        Report(
            root=ROOT, cwd=ROOT, status=0, stderr="UserWarning: Unable to parse file a due to b"
        ),
        Report(
            root=ROOT,
            cwd=ROOT,
            status=1,
            stderr=f"hdb-unsorted a.py {isort.MESSAGE}\nTraceback (most recent call last):\n",
        ),
        Report(root=ROOT, cwd=ROOT, signal=9),
    ],
)
def test_a_report_that_does_not_add_up_is_a_problem(report: Report) -> None:
    outcome = isort.parse(report)
    assert outcome.problem
    assert not outcome.checked


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("isort", (".", "-c"), (".", "-c")),
        ("isort", ("--version",), None),
        ("isort", ("--show-config",), None),
        ("isort", ("--show-c",), None),
        ("isort", ("--dif", "--line-l=9", "."), ("--diff", "--line-length=9", ".")),
        ("isort", ("--che", "-cqsx", "."), ("--che", "-c", "-q", "-s", "x", ".")),
        ("isort", ("-sp", "x.cfg", "-df"), ("-sp", "x.cfg", "-df")),
        ("black", (".",), None),
    ],
)
def test_recognised_commands(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert isort.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "edits", "kept"),
    [
        ((".",), True, (".",)),
        ((".", "--check"), False, (".",)),
        (("--check-only", "--profile", "black", "."), False, ("--profile", "black", ".")),
        (("-c", "-j", "4", "src"), False, ("src",)),
        (("--diff", "-j", "src"), False, ("src",)),
        (("-j4", "--jobs=2", "--jobs", "src"), True, ("src",)),
    ],
)
def test_editing_commands_are_known_and_run_in_their_checking_form(
    args: tuple[str, ...], *, edits: bool, kept: tuple[str, ...]
) -> None:
    invocation = isort.invoke(args, ())
    assert isort.mutates(args) is edits
    assert invocation.changed is edits
    assert invocation.args == (*isort.FORM, *kept)


def test_settings_that_ask_for_isort_are_found_and_run_on_the_folder() -> None:
    section = Settings(sections={"setup.cfg": {"tool:isort": {}}})
    assert isort.detect(Settings(tables={"isort": {}})) == Found(
        "pyproject.toml [tool.isort]", (".",)
    )
    assert isort.detect(section) == Found("setup.cfg [tool:isort]", (".",))
    assert isort.detect(Settings()) is None


@pytest.mark.parametrize("stdout", ["?", "Traceback\n", "\x00", "Broken 1 paths\n"])
def test_words_are_no_listing_of_files(stdout: str) -> None:
    outcome = isort.parse(Report(root=ROOT, cwd=ROOT, status=0, stdout=stdout))
    assert not outcome.checked


def test_a_count_that_cannot_be_does_not_raise() -> None:
    stdout = f"{BANNER}Skipped {'9' * 5000} files\n"
    report = Report(root=ROOT, cwd=ROOT, status=0, stdout=stdout)
    assert isort.retry(report, (), ()) is not None
    assert not isort.parse(report).checked


def test_a_settings_file_for_each_file_hides_no_finding(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".isort.cfg").write_text("[settings]\nprofile=google\n")
    for name in ("a.py", "sub/b.py"):
        (tmp_path / name).write_text("import sys\nimport os\n")
    outcome = check(tmp_path, "--resolve-all-configs", ".")
    assert outcome.problem is None
    assert [(one.file, one.line) for one in outcome.diagnostics] == [("a.py", 1), ("sub/b.py", 1)]


@pytest.mark.parametrize("text", ["Warning: ", "Unable to parse file x due to ", "--- "])
def test_a_long_line_costs_no_more_than_its_length(text: str) -> None:
    stream = text * (1_000_000 // len(text))
    report = Report(root=ROOT, cwd=ROOT, status=1, stdout=stream, stderr=stream)
    assert isort.parse(report).problem


@pytest.mark.parametrize(
    ("args", "options"),
    [
        (("--check", "src", "tests"), ("--settings-path=src",)),
        (("a/b.py",), ("--settings-path=a",)),
        (("b.py",), ("--settings-path=.",)),
        (("--sp", "x.cfg", "-j", "4", "."), ("--sp", "x.cfg")),
        (("--resolve-all-configs", "--profile", "x", "."), ("--settings-path=/project/src",)),
        (
            ("--profile", "black", "--filter-files", "."),
            ("--profile", "black", "--settings-path=."),
        ),
    ],
)
def test_a_file_is_mended_with_the_settings_that_the_command_finds(
    args: tuple[str, ...], options: tuple[str, ...]
) -> None:
    form = isort.mend(args, "/project/src/a.py", Report(root=ROOT, cwd=ROOT))
    assert form.args == (*options, "--filename=/project/src/a.py", "-")


@pytest.mark.parametrize(
    ("status", "output", "said", "whole"),
    [
        (0, b"import os\n", "", True),
        (0, b"", "", False),
        (1, b"import os\n", "Traceback (most recent call last):", False),
        (0, b"import os\n", "x.py:1: UserWarning: Encoding not supported for a.py", False),
        (0, f"{isort.BANNER}\nimport os\n".encode(), "", False),
    ],
)
def test_only_a_content_without_complaints_is_believed(
    status: int, output: bytes, said: str, *, whole: bool
) -> None:
    report = Report(
        root=ROOT, cwd=ROOT, status=status, output=output, stdout=output.decode(), stderr=said
    )
    assert (isort.unmended(report) is None) is whole
