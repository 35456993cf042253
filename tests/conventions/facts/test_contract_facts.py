"""The facts on the wire: in full, in a lean form that never grows, and as lines for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_server.contract_facts import LEAN, WIDEST, facts_lines, facts_view, lean_facts
from mcp_server.facts import (
    AlembicFacts,
    Example,
    Fact,
    Facts,
    Framework,
    Places,
    PythonFacts,
    StyleFacts,
    TestFacts,
)
from tests.conventions.facts.projects import facts_of

LONG = "a_very_long_name_of_something" * 9
PROJECT = {
    "pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.12'\ndependencies = "
    "['fastapi==0.110']\n[tool.ruff]\nline-length = 100\n[tool.mypy]\nstrict = true\n",
    "x/__init__.py": "",
    "tests/test_a.py": "def test_a(): ...\n",
}


def test_the_full_form_says_where_everything_stands(tmp_path: Path) -> None:
    assert facts_view(facts_of(tmp_path, PROJECT)).lean() == {
        "python": {"requires": ">=3.12 (pyproject.toml:3)"},
        "style": {"line length": "100 columns, says ruff (pyproject.toml:6)"},
        "typing": {
            "checkers": "mypy (pyproject.toml:7)",
            "strictness": "mypy strict (pyproject.toml:8)",
        },
        "tests": {"style": "1 function", "folders": "tests", "naming": "test_*.py"},
        "frameworks": {"fastapi": "==0.110 (stated in pyproject.toml:4)"},
        "examples": {
            "test": "test_a (tests/test_a.py:1): 1 of 1 tests in tests are plain functions, "
            "most often without fixtures (1); it is of median length among those"
        },
    }


def test_the_lean_form_leaves_out_what_can_be_asked_for(tmp_path: Path) -> None:
    assert lean_facts(facts_of(tmp_path, PROJECT)).lean() == {
        "python": {"requires": ">=3.12 (pyproject.toml:3)"},
        "style": {"line length": "100 columns, says ruff"},
        "typing": {"checkers": "mypy", "strictness": "mypy strict"},
        "tests": {"style": "1 function", "folders": "tests", "naming": "test_*.py"},
        "frameworks": {"fastapi": "==0.110"},
        "examples": {"test": "test_a (tests/test_a.py:1)"},
    }


def test_lines_for_people_hold_no_places_that_can_be_asked_for(tmp_path: Path) -> None:
    assert facts_lines(facts_view(facts_of(tmp_path, PROJECT)))[:5] == [
        ("python", ">=3.12"),
        ("style", "100 columns, says ruff"),
        ("typing", "mypy; mypy strict"),
        ("tests", "1 function"),
        ("frameworks", "fastapi ==0.110"),
    ]


def test_however_much_there_is_the_lean_form_and_the_lines_stay_short() -> None:
    fact = Fact(LONG, f"{LONG}:1")
    facts = Facts(
        python=PythonFacts(requires=fact, pinned=fact, targets=(fact,) * 9),
        style=StyleFacts(line_length=fact, quotes=fact, imports=fact, disagreements=(fact,) * 9),
        tests=TestFacts(options=fact, client=fact, markers=(LONG,) * 9, fixtures=(fact,) * 30),
        frameworks=tuple(Framework(f"{LONG}{one}", LONG) for one in range(30)),
        places=tuple((f"{LONG}{one}", Places((fact,) * 5, 99)) for one in range(9)),
        alembic=(AlembicFacts(source=LONG, folders=(LONG,) * 3, heads=(LONG,) * 3),) * 3,
        endpoint=Example(name=LONG, source=LONG, why=LONG),
        test=Example(name=LONG, source=LONG, why=LONG),
        sampled=LONG,
    )
    assert len(lean_facts(facts).json_text()) <= LEAN
    lines = facts_lines(facts_view(facts))
    assert len(lines) <= 12
    assert all(len(label) + 2 + len(text) <= WIDEST for label, text in lines)
    assert all("\n" not in text for _, text in lines)


@pytest.mark.parametrize("size", range(1, 60, 3))
def test_the_lean_form_fits_whatever_its_parts_weigh(size: int) -> None:
    text = "x" * size
    facts = Facts(
        frameworks=tuple(Framework(f"{text}{one}", text) for one in range(size)),
        places=tuple((f"p{one}", Places((Fact(text, text),) * 5, 9)) for one in range(size)),
        tests=TestFacts(client=Fact(text * 9), database=Fact(text * 9), markers=(text,) * size),
    )
    assert len(lean_facts(facts).json_text()) <= LEAN


def test_facts_of_nothing_are_empty() -> None:
    assert json.loads(lean_facts(Facts()).json_text()) == {}
    assert facts_lines(facts_view(Facts())) == []
