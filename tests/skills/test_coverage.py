"""The table of what became of every rule of the seeds: complete, and every link in it leads on."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from mcp_server.rules import rules
from tests.conftest import ROOT
from tests.skills.blocks import SKILLS, read

FILE = SKILLS / "COVERAGE.md"
ROWS = 277
SEED = re.compile(r"S[0-4]\*?:\d+")
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)#([^)]+)\)")
BACKING = re.compile(r"`([^`]+)`")
VERDICTS = {"taught", "corrected", "left out"}
COLUMNS = 7


def rows() -> list[list[str]]:
    """Return the table's rows: number, seed, rule, verdict, where, backed by, note."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [cells for line, cells in zip(lines, found, strict=True) if re.match(r"\| \d", line)]


@cache
def functions(path: str) -> frozenset[str]:
    """Return the names of a test module's functions."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, kinds))


@pytest.fixture(scope="module")
def codes() -> set[str]:
    """Return the codes and names of ruff's rules."""
    argv = [sys.executable, "-m", "ruff", "rule", "--all", "--output-format", "json"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return {str(one[key]) for one in json.loads(said) for key in ("code", "name")}


def test_every_rule_of_the_seeds_has_its_row() -> None:
    assert [int(cells[0]) for cells in rows()] == [*range(1, ROWS + 1)]
    for cells in rows():
        assert len(cells) == COLUMNS, cells
        assert SEED.fullmatch(cells[1]), cells
        assert cells[2], cells
        assert cells[3] in VERDICTS, cells


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: str(cells[0]))
def test_a_row_leads_to_a_passage_or_says_why_there_is_none(cells: list[str]) -> None:
    *_, verdict, where, _, note = cells
    if verdict == "left out":
        assert where == "-"
        assert len(note.split()) > 2
        return
    [*linked] = LINK.findall(where)
    assert linked
    for path, anchor in linked:
        assert anchor in read((SKILLS / path).resolve())[1], f"{path}#{anchor}"
    assert verdict == "taught" or note


def test_what_backs_a_row_exists(codes: set[str]) -> None:
    for cells in rows():
        for backing in BACKING.findall(cells[5]):
            kind, _, rest = backing.partition(":")
            if kind == "rule":
                assert rest in rules(), cells
            elif kind == "ruff":
                assert rest in codes, cells
            else:
                path, _, name = backing.partition("::")
                assert Path(ROOT, path).is_file(), cells
                assert not name or name in functions(path), cells
        assert BACKING.search(cells[5]) or cells[5] in {"-", "judgement"}, cells


def test_most_rows_are_backed_by_something_that_runs() -> None:
    kept = [cells for cells in rows() if cells[3] != "left out"]
    backed = [cells for cells in kept if BACKING.search(cells[5])]
    assert len(backed) / len(kept) > 0.8
