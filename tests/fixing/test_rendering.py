"""A fix as people read it."""

from __future__ import annotations

from rich.console import Console

from mcp_server.contract_fix import FixView
from mcp_server.render_fix import render_fix


def shown(**fields: object) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(
            render_fix(FixView.model_validate({"schema": "hdb.fix/1", "scope": "all", **fields}))
        )
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_what_was_mended_what_remains_and_what_was_left_alone_are_listed() -> None:
    text = shown(
        verdict="incomplete",
        summary="2 files mended",
        problems=["black crashed: why"],
        files=[
            {"file": "a.py", "mended": {"F401": 2, "black": 1}, "+": 1, "-": 3},
            {"file": "src/b.py", "mended": {"isort": 1}, "+": 10},
        ],
        more_files=4,
        left_alone=[{"file": "c.py", "why": "it is read-only"}],
        remains=[{"tool": "ruff", "code": "E501", "count": 3, "places": ["a.py:7"]}],
        more_remains=5,
    )
    assert text == (
        "a.py      +1 -3   F401 2, black\n"
        "src/b.py  +10 -0  isort\n"
        "and 4 more files\n"
        "left alone: c.py: it is read-only\n"
        "remains: ruff E501: a.py:7, and 2 more\n"
        "and 5 more findings\n"
        "! black crashed: why\n"
        "incomplete: 2 files mended (all)"
    )


def test_a_dry_run_begins_with_its_difference() -> None:
    diff = "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x  = 1\n+x = 1"
    text = shown(verdict="would_fix", summary="1 file would be mended", diff=diff, more_diff=3)
    assert text == f"{diff}\n[3 more lines]\n\nwould_fix: 1 file would be mended (all)"
