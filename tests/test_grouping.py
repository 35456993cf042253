"""Findings with one cause come together; findings with different causes stay apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_server.grouping import HEADS, group, identify, normalised
from mcp_server.models import Diagnostic
from mcp_server.repository import Role


def failed(test: str, message: str = "assert 1 == 2", line: int = 5, **more: object) -> Diagnostic:
    one = Diagnostic(
        tool="pytest", file="a.py", line=line, code="AssertionError", message=message, test=test
    )
    return replace(one, **more)  # type: ignore[arg-type]


def typed(line: int = 5, column: int = 1, tool: str = "mypy", **more: object) -> Diagnostic:
    one = Diagnostic(
        tool=tool,
        file="a.py",
        line=line,
        column=column,
        code="attr-defined",
        message="no attribute",
    )
    return replace(one, **more)  # type: ignore[arg-type]


def linted(code: str, line: int = 5, tool: str = "ruff", **more: object) -> Diagnostic:
    one = Diagnostic(tool=tool, file="a.py", line=line, code=code, message=code, topic=code)
    return replace(one, **more)  # type: ignore[arg-type]


TOGETHER = {
    "the cases of one parametrized test": [
        failed("t.py::test_x[1]", "assert 'a' == 'b'"),
        failed("t.py::test_x[2]", "assert 'c' == 'd'"),
    ],
    "tests that raise the same at the same place, but for numbers": [
        failed("t.py::test_x", "at 0x7f31: 10 items", code="ValueError"),
        failed("u.py::test_y", "at 0x7f99: 12 items", code="ValueError"),
    ],
    "a type error and the test that fails on its line": [
        failed("t.py::test_x", "'A' object has no attribute 'x'", code="AttributeError"),
        typed(message='"A" has no attribute "x"'),
    ],
    "the cases of one test that miss different keys": [
        failed("t.py::test_x[1]", "'left'", code="KeyError"),
        failed("t.py::test_x[2]", "'right'", code="KeyError"),
    ],
    "tests that compare the same values in one helper": [
        failed("t.py::test_x", "assert 401 == 200"),
        failed("t.py::test_y", "assert 401 == 200"),
    ],
    "two type checkers on one line": [typed(), typed(column=4, tool="pyright")],
    "an undefined name for the linter, the type checker and the test": [
        linted("F821", topic="undefined-name"),
        typed(code="name-defined", topic="undefined-name"),
        failed("t.py::test_x", "name 'x' is not defined", code="NameError", topic="undefined-name"),
    ],
    "a syntax error for every tool, whatever line each names": [
        linted("invalid-syntax", topic="syntax"),
        typed(line=6, code="syntax", topic="syntax"),
        failed("t.py", "invalid syntax", line=4, code="SyntaxError", topic="syntax"),
        linted("cannot-parse", line=6, tool="black", topic="syntax"),
    ],
    "the same rule of two linters": [linted("F401"), linted("F401", tool="flake8")],
    "unsorted imports for isort and ruff": [
        linted("I001", line=1, topic="import-order"),
        linted("unsorted", line=3, tool="isort", topic="import-order"),
    ],
}

APART = {
    "two tests that fail differently at one place": [
        failed("t.py::test_x", "missing key", code="KeyError"),
        failed("t.py::test_y", "bad value", code="ValueError"),
    ],
    "two tests whose helper fails with different messages": [
        failed("t.py::test_x", "expected 200"),
        failed("t.py::test_y", "not a list"),
    ],
    "tests that compare different values in one helper": [
        failed("t.py::test_x", "assert 401 == 200"),
        failed("t.py::test_y", "assert 404 == 200"),
    ],
    "an error that the type checker's finding on its line does not foretell": [
        failed("t.py::test_x", "division by zero", code="ZeroDivisionError"),
        typed(code="return-value", message='got "int", expected "str"'),
    ],
    "the cases of one test that fail for different reasons": [
        failed("t.py::test_x[1]", "connection timed out", code="RuntimeError"),
        failed("t.py::test_x[2]", "disk full", code="RuntimeError"),
    ],
    "a failed comparison on a line that a type checker also marks": [
        failed("t.py::test_x"),
        typed(),
    ],
    "two findings of one type checker on one line": [typed(), typed(column=9)],
    "different rules of a linter on one line": [linted("F401"), linted("E501")],
    "the same rule on two lines": [linted("F401"), linted("F401", line=6)],
    "the same message in two files": [typed(), typed(file="b.py")],
    "formatting and import order of one file": [
        linted("unformatted", tool="black", topic="format"),
        linted("unsorted", tool="isort", topic="import-order"),
    ],
    "findings without a place": [
        Diagnostic(tool="mypy", message="one"),
        Diagnostic(tool="pytest", message="two", test="t.py::test_x"),
    ],
}


@pytest.mark.parametrize("findings", TOGETHER.values(), ids=TOGETHER)
def test_one_cause_is_one_group(findings: list[Diagnostic]) -> None:
    (only,) = group(findings)
    assert {one for _, one in only.members} == set(findings)


@pytest.mark.parametrize("findings", APART.values(), ids=APART)
def test_different_causes_stay_apart(findings: list[Diagnostic]) -> None:
    assert sorted(one.message for each in group(findings) for _, one in each.members) == sorted(
        one.message for one in findings
    )
    assert len(group(findings)) == len(findings)


def test_the_finding_that_names_the_cause_leads() -> None:
    raised = failed("t.py::test_x", "no attribute 'x'", code="AttributeError")
    foretold = typed(message='has no attribute "x"')
    (only,) = group([raised, foretold])
    assert only.head == foretold


def test_a_finding_on_a_revision_joins_that_of_another_tool() -> None:
    drift = Diagnostic(tool="alembic", file="a.py", line=5, topic="syntax", message="drift")
    (one,) = group([drift, linted("syntax")])
    assert [each.tool for _, each in one.members] == ["ruff", "alembic"]


def test_a_tool_of_any_role_can_share_a_cause() -> None:
    assert set(HEADS) == set(Role)


def test_what_several_findings_say_alike_is_said_in_the_head() -> None:
    raised = [failed(f"t.py::test_{number}", "no 'x'", code="AttributeError") for number in (1, 2)]
    foretold = typed(message='no "x"')
    (only,) = group([foretold, *raised])
    assert [one for _, one in only.members] == [*raised, foretold]


def test_a_raised_error_joins_the_type_error_that_names_the_same_thing() -> None:
    other, same = typed(message="Returning Any"), typed(column=8, message='no attribute "twice"')
    raised = failed("t.py::t", "no attribute 'twice'", code="AttributeError")
    groups = group([other, same, raised])
    assert [[one for _, one in each.members] for each in groups] == [[other], [same, raised]]


def test_what_blocks_the_other_checks_comes_first() -> None:
    blocking = linted("invalid-syntax", topic="syntax", file="z.py")
    assert group([typed(), blocking])[0].head == blocking


def test_an_id_survives_shifted_lines_and_changed_numbers() -> None:
    before = failed("t.py::test_x", "assert 90 == 100 at 0x7f31", line=5)
    after = failed("t.py::test_x", "assert 45 == 50 at 0x8888", line=50)
    assert identify([before]) == identify([after])


def test_equal_findings_in_one_file_get_ids_of_their_own() -> None:
    ids = identify([linted("E501", line=1), linted("E501", line=9)])
    assert len(set(ids)) == 2


def test_a_finding_reported_twice_counts_once() -> None:
    (only,) = group([typed(), typed()])
    assert len(only.members) == 1


def test_numbers_and_addresses_do_not_make_a_message_another() -> None:
    assert normalised("<A at 0x7fAB> has 12") == normalised("<A at 0x01> has 9")


EQUAL = [
    # What only an address or a folder tells apart, and what only a line does.
    *(failed("t.py::test_x", f"<A at 0x7f000000{number}>", detail=str(number)) for number in "123"),
    *(failed(f"t.py::test_{name}", f"/T/tmp{name * 8}/x") for name in "abc"),
    *(linted("F401", line=line) for line in (3, 2, 1)),
    *(typed(column=column, message="the same") for column in (9, 4)),
    typed(tool="pyright", message="the same", symbol="f"),
    failed("t.py::test_y", "name 'x' and 'y'", code="NameError"),
    typed(message='"x" and "y"'),
    typed(message='"y" and "x"', column=2),
    Diagnostic(tool="mypy", message="no place"),
    Diagnostic(tool="mypy", message="no line", file="a.py"),
]
EVERY = [*EQUAL, *(one for table in (TOGETHER, APART) for found in table.values() for one in found)]


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(st.permutations(EVERY))
def test_the_order_in_which_findings_arrive_changes_nothing(arrived: list[Diagnostic]) -> None:
    assert group(arrived) == group(EVERY)


def test_the_order_is_not_that_of_what_changes_in_every_run() -> None:
    """Of two findings at one place, the one with the smaller address is not always the same."""

    def order(first: str, second: str) -> list[str]:
        places = ((f"<A at {first}> is alone", "a"), (f"<A at {second}> is lonely", "b"))
        found = [linted("F401", message=message, symbol=name) for message, name in places]
        return [each.head.symbol or "" for each in group(found)]

    assert order("0x7f0000000001", "0x7f0000000002") == order("0x7f0000000002", "0x7f0000000001")


def test_objects_that_are_compared_at_other_addresses_are_the_same_comparison() -> None:
    tests = [failed(f"t.py::test_{at}", f"assert <A at 0x7f000000000{at}>") for at in (1, 2)]
    (only,) = group(tests)
    assert len(only.members) == 2


def test_an_id_survives_another_temporary_folder_and_another_address_in_a_name() -> None:
    ids = [
        identify(
            [
                linted("F401", message=f"/T/tmp{name * 8}/x"),
                failed(f"t.py::test_x[<A at 0x7f000000000{at}>]"),
            ]
        )
        for name, at in (("a", 1), ("b", 2))
    ]
    assert ids[0] == ids[1]
