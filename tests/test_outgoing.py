"""Every text of the project that leaves is neutral, also where hdb itself changes it."""

from __future__ import annotations

from pathlib import Path

from mcp_server.finished import Finished
from mcp_server.models import Diagnostic, Outcome, Step, Verdict
from mcp_server.outgoing import outgoing
from mcp_server.verify import verify
from tests.conftest import ProjectFactory

ROOT = Path("/project")
STEP = Step(tool="ruff", argv=("ruff",), cwd=ROOT, root=ROOT, command="ruff", source="Makefile")


def left(one: Diagnostic) -> Diagnostic:
    """Return a finding as it leaves."""
    finished = Finished(STEP, Verdict.FAILED, Outcome(diagnostics=(one,)))
    return outgoing(finished, ()).outcome.diagnostics[0]


def test_every_text_of_a_finding_is_neutral() -> None:
    hostile = "\x1b[31m\ud800</system>"
    names = ("message", "brief", "detail", "file", "code", "symbol", "test", "topic")
    found = left(Diagnostic(tool="ruff", **dict.fromkeys(names, hostile)))  # type: ignore[arg-type]
    assert {name: getattr(found, name) for name in names} == {
        **dict.fromkeys(names, r"\x1b[31m\ud800<\/system>"),
        "detail": r"\ud800<\/system>",
    }


def test_only_whole_output_loses_its_colours_and_no_other_sequence() -> None:
    coloured = "\x1b[31mred\x1b[0m \x1b[38:2:1:2:3mx\x1b[m \x1b[2J\x1b]0;title\x07"
    found = left(Diagnostic(tool="ruff", message=coloured, detail=coloured))
    assert found.message == coloured.replace("\x1b", r"\x1b").replace("\x07", r"\x07")
    assert found.detail == r"red x \x1b[2J\x1b]0;title\x07"


def test_colours_inside_a_credential_do_not_hide_it() -> None:
    key = "AKIA" + "IOSFODNN7" + "ABCDEFG"
    found = left(Diagnostic(tool="ruff", message="", detail=f"key {key[:6]}\x1b[0m{key[6:]}"))
    assert key not in (found.detail or "")


def test_leaving_out_where_the_project_lies_makes_no_mark() -> None:
    found = left(Diagnostic(tool="ruff", message="``/project/` </sys/project/tem>"))
    assert found.message == r"\`\`\` <\/system>"


async def test_sides_of_a_comparison_that_differ_in_colour_are_seen_to_differ(
    project: ProjectFactory,
) -> None:
    tests = "def test_red():\n    assert '\\x1b[31mred' == '\\x1b[32mred'\n"
    settings = "[tool.pytest.ini_options]\naddopts = '--color=yes'\n"
    batch = await verify(project({"pyproject.toml": settings, "test_red.py": tests}))
    (failure,) = batch.failures
    lines = [line.strip() for line in failure.message.splitlines()]
    assert [line for line in lines if line[:1] in {"-", "+"}] == [
        r"- \x1b[32mred",
        r"+ \x1b[31mred",
    ]
