"""flake8: recorded output of our formatter, hostile projects, garbage and its arguments."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.checkers import flake8
from mcp_server.models import Outcome, Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

VERSIONS = ["5.0.4", "6.1.0", "7.5.0"]
ENVIRONMENT = Path(sys.prefix)
END = '{"event": "end"}\n'
PLUGIN = """\
class Checker:
    name = "local"
    version = "1"

    def __init__(self, tree):
        pass

    def run(self):
        yield 1, 0, "LOC001 seen by the project's own plugin", type(self)
"""
FORMATTER = """\
from flake8.formatting.base import BaseFormatter


class Theirs(BaseFormatter):
    def format(self, error):
        return "THEIRS"
"""


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return flake8.parse(run_tool("flake8", folder, ENVIRONMENT, *args, targets=targets))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_violation_is_read_with_its_place_and_topic(version: str) -> None:
    outcome = flake8.parse(replay("flake8", f"{version}-mixed"))
    assert outcome.checked
    assert outcome.problem is None
    # Version 5 reports in the order of completion.
    assert sorted(
        (one.file, one.line, one.column, one.code, one.topic) for one in outcome.diagnostics
    ) == [
        ("src/a.py", 1, 1, "F401", "unused-import"),
        ("src/a.py", 2, 1, "F401", "unused-import"),
        ("src/a.py", 5, 7, "E201", "E201"),
        ("src/a.py", 5, 9, "E202", "E202"),
        ("src/a.py", 6, 5, "F841", "F841"),
        ("src/a.py", 6, 11, "E231", "E231"),
        ("src/a.py", 7, 12, "F821", "undefined-name"),
        ("src/bad.py", 1, 6, "E999", "syntax"),
        ("src/latin.py", 2, 1, "F401", "unused-import"),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_green_and_nothing_are_told_apart(version: str) -> None:
    clean = flake8.parse(replay("flake8", f"{version}-clean"))
    empty = flake8.parse(replay("flake8", f"{version}-empty"))
    assert (clean.checked, clean.nothing, clean.problem) == (True, None, None)
    assert (empty.checked, bool(empty.nothing), empty.problem) == (False, True, None)


@pytest.mark.parametrize("quiet", [0, 1, 2])
def test_no_output_setting_hides_a_violation_or_writes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet: int
) -> None:
    (tmp_path / ".flake8").write_text(
        f"[flake8]\nquiet = {quiet}\nformat = pylint\nshow-source = true\nstatistics = true\n"
        "count = true\noutput-file = out.txt\ntee = true\ncolor = always\nverbose = 2\n"
    )
    (tmp_path / "a.py").write_text("import os\n")
    (tmp_path / "b.py").write_text("X = 1\n")
    monkeypatch.setenv("FORCE_COLOR", "1")
    outcome = check(tmp_path, "-qq", "--format=default", "--output-file", "x", "--tee", ".")
    assert outcome.checked
    assert [(one.file, one.code) for one in outcome.diagnostics] == [("a.py", "F401")]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".flake8", "a.py", "b.py"]


def test_plugins_of_the_project_run_and_its_formatter_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / ".flake8").write_text(
        "[flake8]\nformat = theirs\nquiet = 1\nexclude = tools\n[flake8:local-plugins]\n"
        "extension =\n    LOC = local:Checker\nreport =\n    theirs = theirs:Theirs\n"
        "paths = ./tools\n"
    )
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/local.py").write_text(PLUGIN)
    (tmp_path / "tools/theirs.py").write_text(FORMATTER)
    (tmp_path / "a.py").write_text("X = 1\n")
    outcome = check(tmp_path)
    assert outcome.problem is None
    assert [(one.file, one.line, one.code) for one in outcome.diagnostics] == [
        ("a.py", 1, "LOC001")
    ]


def test_isolated_stays_isolated(tmp_path: Path) -> None:
    (tmp_path / ".flake8").write_text("[flake8]\nignore = F401\n")
    (tmp_path / "a.py").write_text("import os\n")
    assert check(tmp_path).diagnostics == ()
    assert [one.code for one in check(tmp_path, "--isolated").diagnostics] == ["F401"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[flake8]\nmax-line-length = many\n", "invalid literal"),
        ("[flake8]\nextend-ignore = E203  # why\n", "does not match"),
        ("[flake8]\n[flake8:local-plugins]\nextension =\n    L = nowhere:C\n", "nowhere"),
        ("[flake8]\nrequire-plugins = flake8-missing\n", "flake8-missing"),
    ],
)
def test_broken_settings_are_a_problem(tmp_path: Path, settings: str, said: str) -> None:
    (tmp_path / ".flake8").write_text(settings)
    (tmp_path / "a.py").write_text("import os\n")
    outcome = check(tmp_path)
    assert said in (outcome.problem or "")


def test_a_crashing_plugin_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text(
        "[flake8]\nexclude = local.py\n[flake8:local-plugins]\nextension =\n"
        "    LOC = local:Checker\npaths = .\n"
    )
    (tmp_path / "local.py").write_text(PLUGIN.replace("yield", "1 / 0; yield"))
    (tmp_path / "a.py").write_text("X = 1\n")
    assert "division by zero" in (check(tmp_path).problem or "")


def test_targets_take_the_place_of_paths_and_exit_zero_is_dropped(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("import os\n")
    outcome = check(tmp_path, "--exit-zero", "--ignore", "W", "a.py", targets=("b.py",))
    assert outcome.checked
    assert [one.file for one in outcome.diagnostics] == ["b.py"]


@pytest.mark.parametrize(
    "report",
    [
        Report(root=ROOT, cwd=ROOT),
        Report(root=ROOT, cwd=ROOT, status=0),
        Report(root=ROOT, cwd=ROOT, status=1, record=END),
        Report(root=ROOT, cwd=ROOT, status=1, record='{"event": "file"}\n{"event": "vio'),
        Report(root=ROOT, cwd=ROOT, status=0, record='{"event": "file", "file": "a.py"}\n'),
        Report(root=ROOT, cwd=ROOT, status=0, record='{"event":"violation","file":"a.py"}\n' + END),
        Report(root=ROOT, cwd=ROOT, status=2, stdout="\x00\ufffd{", record="\x00[]{}\n{"),
        Report(root=ROOT, cwd=ROOT, signal=9),
    ],
)
def test_a_report_that_does_not_add_up_is_a_problem(report: Report) -> None:
    outcome = flake8.parse(report)
    assert outcome.problem
    assert not outcome.checked


def test_a_file_that_cannot_be_read_has_no_line() -> None:
    record = '{"event":"file"}\n{"event":"violation","file":"a.py","line":0,"column":1}\n' + END
    (one,) = flake8.parse(Report(root=ROOT, cwd=ROOT, status=1, record=record)).diagnostics
    assert (one.line, one.column) == (None, None)


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("flake8", ("src", "--count"), ("src", "--count")),
        ("pflake8", (), ()),
        ("flake8", ("--version",), None),
        ("ruff", ("src",), None),
    ],
)
def test_recognised_commands(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert flake8.recognise(program, args) == expected


def test_flake8_never_edits_and_dropping_its_leniency_is_said() -> None:
    assert not flake8.mutates(("--exit-zero",))
    assert flake8.invoke(("--exit-zero",), ()).changed
    assert not flake8.invoke(("--max-line-length=99", "--count", "src"), ()).changed
    assert flake8.invoke(("--max-line-length=99", "--count", "src"), ()).args[2:] == (
        "--max-line-length=99",
        "src",
    )


def test_settings_that_ask_for_flake8_are_found() -> None:
    table = {"flake8": {"max-line-length": 99}}
    plugin = Settings(tables=table, dependencies=frozenset({"flake8-pyproject"}))
    section = Settings(sections={"tox.ini": {"flake8": {}}})
    assert flake8.detect(section) == Found("tox.ini [flake8]")
    assert flake8.detect(plugin) == Found("pyproject.toml [tool.flake8]")
    assert flake8.detect(Settings(tables=table)) is None


@pytest.mark.parametrize("place", ["true", "0", "-1", "1e999", "99999999999", '"x"', "[]"])
def test_a_place_that_cannot_be_is_unknown(place: str) -> None:
    record = f'{{"event":"violation","file":"a.py","line":{place},"column":{place},"code":"E1"}}'
    (one,) = flake8.parse(Report(root=ROOT, cwd=ROOT, status=1, record=record)).diagnostics
    assert (one.file, one.line, one.column, one.code) == ("a.py", None, None, "E1")


def test_a_damaged_record_is_a_problem_beside_what_is_left() -> None:
    whole = replay("flake8", "7.5.0-mixed")
    lines = whole.record.split("\n")
    at = next(at for at, line in enumerate(lines) if "violation" in line)
    lines[at] = lines[at][:-9]
    outcome = flake8.parse(replace(whole, record="\n".join(lines)))
    assert len(outcome.diagnostics) == len(flake8.parse(whole).diagnostics) - 1
    assert outcome.problem == f"flake8's report is damaged: {lines[at]}"
