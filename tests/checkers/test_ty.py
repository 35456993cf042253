"""ty's annotations, its statuses, and real runs under settings that try to spoil them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_server.checkers import ty
from mcp_server.models import Report
from mcp_server.repository import Found, Settings
from tests.recordings import ROOT, replay, run_tool

ENVIRONMENT = Path(sys.prefix)


def report(stdout: str = "", stderr: str = "", status: int | None = 1) -> Report:
    return Report(root=ROOT, cwd=ROOT, stdout=stdout, stderr=stderr, status=status)


def test_every_finding_keeps_its_place_its_rule_and_its_sub_diagnostics() -> None:
    found = ty.parse(replay("ty", "0.0.104-findings")).diagnostics
    assert [(one.file, one.line, one.column, one.code, one.severity) for one in found] == [
        ("src/shop.py", 3, 8, "import-not-found", "error"),
        ("src/shop.py", 18, 5, "invalid-argument-type", "error"),
        ("src/shop.py", 19, 7, "unresolved-reference", "error"),
        ("src/shop.py", 20, 10, "invalid-assignment", "error"),
        ("src/shop.py", 21, 1, "undefined-reveal", "warning"),
    ]
    assert found[1].message.splitlines() == [
        "Argument to function `pay` is incorrect: Expected `Priced`, found `Item`",
        "  info: type `Item` is not assignable to protocol `Priced`",
        "  info: └── protocol member `price` is incompatible",
        "  info:     └── read type `str` is not assignable to `int`",
        "  src/shop.py:14:5: info: Function defined here",
        "    src/shop.py:14:9: Parameter declared here",
    ]
    assert found[2].topic == "undefined-name"
    assert "100% wrong, really: yes" in found[3].message


def test_a_syntax_error_has_its_column_also_where_it_spans_lines() -> None:
    outcome = ty.parse(replay("ty", "0.0.104-syntax"))
    assert outcome.problem is None
    assert [
        (one.file, one.line, one.column, one.code, one.topic) for one in outcome.diagnostics
    ] == [
        ("latin.py", 1, 1, "io", None),
        ("m.py", 1, 7, "invalid-syntax", "syntax"),
        ("m.py", 1, 8, "invalid-syntax", "syntax"),
    ]


def test_a_path_with_separators_in_it_is_read_whole() -> None:
    line = (
        "::error title=ty (invalid-assignment),file=/project/odd, na:me%41::x/m,n:o.py,line=1,"
        "col=10,endLine=1,endColumn=31::odd, na:me%41::x/m,n:o.py:1:10: invalid-assignment: "
        "Object is not `int`%0A  m,n:o.py:1:4: Declared type"
    )
    (one,) = ty.parse(report(line)).diagnostics
    assert (one.file, one.line, one.column) == ("odd, na:me%41::x/m,n:o.py", 1, 10)
    assert one.message == "Object is not `int`\n  m,n:o.py:1:4: Declared type"


def test_an_older_ty_is_read_from_its_concise_lines() -> None:
    outcome = ty.parse(replay("ty", "0.0.1a20-concise"))
    assert outcome.checked
    assert [(one.line, one.column, one.code) for one in outcome.diagnostics][:2] == [
        (3, 8, "unresolved-import"),
        (18, 5, "invalid-argument-type"),
    ]
    assert outcome.remark is None


def test_warnings_fail_the_run_only_where_the_status_says_so() -> None:
    failing = ty.parse(replay("ty", "0.0.104-unknown-rule"))
    assert [(one.file, one.code, one.severity) for one in failing.diagnostics] == [
        ("m.py", "unresolved-reference", "warning"),
        ("ty.toml", "unknown-rule", "warning"),
    ]
    forgiven = ty.parse(replay("ty", "0.0.104-forgiven-warning"))
    assert forgiven.checked
    assert forgiven.diagnostics == ()
    assert forgiven.remark == (
        "1 warning beside a status of 0: "
        "m.py:1 Name `undefinedd` used when not defined [unresolved-reference]"
    )


def test_a_clean_run_is_proved_by_the_count_of_files() -> None:
    outcome = ty.parse(replay("ty", "0.0.104-clean"))
    assert (outcome.checked, outcome.diagnostics, outcome.problem) == (True, (), None)
    silent = ty.parse(report(status=0))
    assert (silent.checked, silent.problem, silent.nothing) == (False, None, None)


def test_no_files_is_nothing_and_no_pass() -> None:
    outcome = ty.parse(replay("ty", "0.0.104-empty"))
    assert (outcome.checked, outcome.nothing) == (False, "ty found no Python files to check")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("0.0.104-broken-settings", "is not a valid `pyproject.toml`"),
        ("0.0.104-missing-target", "`/project/nofile.py`: No such file or directory (os error 2)"),
        ("0.0.104-usage", "unexpected argument '--nonsense'"),
    ],
)
def test_a_run_that_could_not_check_says_why(name: str, why: str) -> None:
    outcome = ty.parse(replay("ty", name))
    assert why in (outcome.problem or "")
    assert "INFO" not in (outcome.problem or "")
    assert not outcome.checked


def test_a_panic_is_a_problem_although_it_has_a_place() -> None:
    line = "::error title=ty (panic),file=/project/m.py,line=1::m.py:1:1: panic: it broke"
    assert ty.parse(report(line, status=101)).problem == "it broke"


@pytest.mark.parametrize("status", [None, 0, 1, 2, 101, -11])
@pytest.mark.parametrize("text", ["", "::error", "::error title=ty (", "\0\x1b[\udcff", "[{", "::"])
def test_garbage_never_raises_and_never_passes(text: str, status: int | None) -> None:
    outcome = ty.parse(report(text, text, status))
    assert not outcome.checked
    assert status == 0 or outcome.problem


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("ty", ("check", "src"), ("src",)),
        ("ty", ("check",), ()),
        ("ty", (), None),
        ("ty", ("server",), None),
        ("ty", ("--version",), None),
        ("ty", ("check", "--help"), None),
        ("typos", ("check",), None),
    ],
)
def test_only_a_check_is_recognised(
    program: str, args: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert ty.recognise(program, args) == expected


@pytest.mark.parametrize(
    ("args", "targets", "expected", "changed"),
    [
        ((), (), (), False),
        (("--python", ".venv", "src"), (), ("--python", ".venv", "src"), False),
        (("--fix", "src"), (), ("src",), True),
        (("--add-ignore",), (), (), True),
        (("--watch",), (), (), True),
        (("--output-format", "full", "-q", "--color=always"), (), (), False),
        (
            ("--python", ".venv", "--error=all", "src"),
            ("a.py", "-b.py"),
            ("--python", ".venv", "--error=all", "--force-exclude", "--", "a.py", "-b.py"),
            False,
        ),
    ],
)
def test_the_checking_form_keeps_the_projects_choices(
    args: tuple[str, ...], targets: tuple[str, ...], expected: tuple[str, ...], *, changed: bool
) -> None:
    invocation = ty.invoke(args, targets)
    assert invocation.args == ("check", "--output-format=github", *expected)
    assert invocation.changed is changed
    assert invocation.env["NO_COLOR"] == "1"


def test_mutating_options_are_told() -> None:
    assert ty.mutates(("--add-ignore",))
    assert not ty.mutates(("--error", "all"))


def test_the_second_form_is_for_a_ty_without_annotations() -> None:
    old = report(stderr="error: invalid value 'github' for '--output-format'", status=2)
    second = ty.retry(old, ("src",), ())
    assert second is not None
    assert second.args == ("check", "--output-format=concise", "src")
    assert ty.retry(replay("ty", "0.0.104-usage"), (), ()) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(files=frozenset({"ty.toml"})), Found("ty.toml")),
        (Settings(tables={"ty": {}}), Found("pyproject.toml [tool.ty]")),
        (Settings(dependencies=frozenset({"ty"})), None),
    ],
)
def test_settings_ask_for_ty(settings: Settings, expected: Found | None) -> None:
    assert ty.detect(settings) == expected


def test_hostile_settings_do_not_spoil_a_real_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "FORCE_COLOR": "1",
        "CLICOLOR_FORCE": "1",
        "TY_LOG": "off",
        "TY_OUTPUT_FORMAT": "sarif",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "ty.toml").write_text(
        '[terminal]\noutput-format = "full"\n[rules]\nnonsense = "error"\n', encoding="utf-8"
    )
    (tmp_path / "m.py").write_text('x: int = ""\n', encoding="utf-8")
    outcome = ty.parse(run_tool("ty", tmp_path, ENVIRONMENT, "--fix", "-qq"))
    assert [(one.file, one.line, one.column, one.code) for one in outcome.diagnostics] == [
        ("m.py", 1, 10, "invalid-assignment"),
        ("ty.toml", 4, 1, "unknown-rule"),
    ]
    (tmp_path / "ty.toml").write_text("", encoding="utf-8")
    (tmp_path / "m.py").write_text("x: int = 1\n", encoding="utf-8")
    clean = ty.parse(run_tool("ty", tmp_path, ENVIRONMENT, targets=("m.py",)))
    assert (clean.checked, clean.diagnostics, clean.remark) == (True, (), None)


def test_a_checked_project_is_never_edited(tmp_path: Path) -> None:
    module = tmp_path / "m.py"
    module.write_text('x: int = ""\n', encoding="utf-8")
    outcome = ty.parse(run_tool("ty", tmp_path, ENVIRONMENT, "--add-ignore"))
    assert len(outcome.diagnostics) == 1
    assert module.read_text(encoding="utf-8") == 'x: int = ""\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[tool.ty\n", "TOML parse error at line 1"),
        ('[tool.ty.environment]\npython = "/nowhere"\n', "Invalid `environment.python` setting"),
    ],
)
def test_broken_settings_end_a_real_run(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / "m.py").write_text("x = 1\n", encoding="utf-8")
    outcome = ty.parse(run_tool("ty", tmp_path, ENVIRONMENT))
    assert why in (outcome.problem or "")
    assert "INFO" not in (outcome.problem or "")


@pytest.mark.parametrize("number", ["0", "9" * 5000])
def test_a_place_that_cannot_be_is_unknown(number: str) -> None:
    places = [
        f"::error title=ty (x),file=a.py,line={number},col={number}::x: wrong",
        f"a.py:{number}:{number}: error[x] wrong",
    ]
    for line in places:
        (one,) = ty.parse(report(line)).diagnostics
        assert (one.file, one.line, one.column, one.message) == ("a.py", None, None, "wrong")
