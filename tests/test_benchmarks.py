"""Holds that the benchmark of conventions judges right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conventions import (
    SILENT,
    Answer,
    Result,
    judge,
    lines_of,
    matches,
    misses,
    replace_between,
    score,
    table,
    words,
)

CORPUS = Path(__file__).resolve().parent.parent / "benchmarks" / "corpus"
ROLES = {"test", "types", "lint", "imports", "format", "migrations", "security", "docs"}
KEYS = {"accept", "also", "wrong", "needs", "optional"}
FIELDS = {"tool", "via", "cwd", "contains", "lacks"}


def answer(command: str, tool: str = "pytest", **more: object) -> Answer:
    return {"tool": tool, "command": command, "sure": True, "source": "Makefile:1", **more}


@pytest.mark.parametrize(
    ("alternative", "right"),
    [
        ("pytest", True),
        ("mypy", False),
        ({"tool": "pytest"}, True),
        ({"tool": "mypy"}, False),
        ({"contains": ["tests/", "-n"]}, True),
        ({"contains": ["tests"]}, False),  # a word, not a part of one
        ({"tool": "pytest", "lacks": ["--codspeed"]}, True),
        ({"tool": "pytest", "lacks": ["auto"]}, False),
        ({"contains": ["not slow"]}, True),  # what the shell takes as one word
        ({"via": "make backend-test"}, True),
        ({"via": "make test"}, False),
        ({"tool": "pytest", "cwd": "."}, False),
        ({"tool": "pytest", "cwd": "*"}, True),
        ({"tool": "pytest", "cwd": "backend"}, True),
    ],
)
def test_an_alternative_matches_when_all_that_it_says_holds(
    alternative: str | Mapping[str, Any], *, right: bool
) -> None:
    said = answer(
        "uv run pytest -n auto -m 'not slow' tests/", cwd="backend", via="make backend-test"
    )
    assert matches(said, alternative, "backend") is right


def test_a_task_that_is_not_taken_apart_matches_by_its_own_line() -> None:
    assert matches(answer("make test", tool="make"), {"via": "make test"}, ".")


def test_an_answer_without_a_folder_is_of_the_root() -> None:
    assert matches(answer("pytest"), {"tool": "pytest"}, ".")
    assert not matches(answer("pytest"), {"tool": "pytest"}, "backend")


def test_a_command_with_an_open_quote_has_words_all_the_same() -> None:
    assert words("pytest -k 'open") == ("pytest", "-k", "'open")


ACCEPT = {"accept": [{"tool": "mypy"}, {"tool": "ty"}], "wrong": [{"contains": ["--decoy"]}]}


@pytest.mark.parametrize(
    ("expected", "answers", "verdict"),
    [
        (ACCEPT, [answer("mypy", "mypy")], "found"),
        (ACCEPT, [], "unsure"),
        (ACCEPT, [answer("mypy", "mypy", sure=False)], "unsure"),
        (ACCEPT, [answer("mypy", "mypy"), answer("ty check", "ty")], "found"),
        (ACCEPT, [answer("mypy", "mypy"), answer("pyright", "pyright")], "wrong"),
        (ACCEPT, [answer("mypy", "mypy"), answer("pyright", "pyright", sure=False)], "found"),
        (ACCEPT, [answer("mypy --decoy", "mypy")], "wrong"),
        (ACCEPT | {"needs": ["mypy", "ty"]}, [answer("mypy", "mypy")], "unsure"),
        (ACCEPT | {"needs": ["mypy"]}, [answer("mypy", "mypy")], "found"),
        (ACCEPT | {"also": ["pyright"]}, [answer("pyright", "pyright")], "unsure"),
        (
            ACCEPT | {"also": ["pyright"]},
            [answer("mypy", "mypy"), answer("pyright", "pyright")],
            "found",
        ),
        (ACCEPT | {"optional": True}, [], "skipped"),
        (ACCEPT | {"optional": True, "also": ["tox"]}, [answer("tox", "tox")], "skipped"),
        (ACCEPT | {"optional": True}, [answer("mypy", "mypy")], "found"),
        (ACCEPT | {"optional": True}, [answer("pyright", "pyright")], "wrong"),
        ("none", [], "absent"),
        ("none", [answer("mypy", "mypy", sure=False)], "absent"),
        ("none", [answer("mypy", "mypy")], "wrong"),
    ],
)
def test_a_role_is_judged_by_all_its_sure_commands(
    expected: str | Mapping[str, Any], answers: list[Answer], verdict: str
) -> None:
    assert judge(expected, answers, ".")[0] == verdict


def line(**more: object) -> dict[str, Any]:
    return {"repo": "owner/name", "projects": {".": {"test": {"accept": ["pytest"]}}}, **more}


def project(path: str, role: str = "test", **more: object) -> dict[str, Any]:
    return {"path": path, "roles": {role: [answer("pytest")]}, **more}


def verdicts(truth: Mapping[str, Any], report: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one.role, one.verdict) for one in score(truth, report)]


def test_a_runner_up_is_never_a_sure_answer() -> None:
    report = {"projects": [{"path": ".", "runners_up": {"test": [answer("pytest")]}}]}
    assert verdicts(line(), report) == [("test", "unsure")]


def test_a_report_that_is_missing_finds_nothing_and_clears_nothing() -> None:
    truth = {"repo": "owner/name", "projects": {".": {"test": "none"}}}
    assert [one.why for one in score(truth, {})] == [SILENT]
    assert verdicts(truth, {}) == [("test", "unsure")]


def test_commands_are_looked_for_in_every_folder_that_the_truth_names() -> None:
    accept = {"accept": [{"tool": "pytest", "cwd": "."}]}
    truth = {
        "repo": "owner/name",
        "projects": {"backend": {"paths": ["backend", "."], "test": accept}},
    }
    assert verdicts(truth, {"projects": [project(".")]}) == [("test", "found")]


def test_a_folder_that_is_no_project_is_wrong_when_it_is_claimed_as_one() -> None:
    report = {"projects": [project("."), project("tests/data/one"), project("tests2")]}
    found = verdicts(line(strays=["tests"]), report)
    assert found == [("test", "found"), ("layout", "wrong")]


def test_the_table_leaves_absent_and_skipped_roles_out_of_the_shares() -> None:
    results = [
        Result("a/b", ".", "test", "found"),
        Result("a/b", ".", "lint", "wrong"),
        Result("a/b", ".", "docs", "absent"),
        Result("c/d", ".", "test", "unsure"),
        Result("c/d", ".", "types", "skipped"),
    ]
    text = table(results)
    assert "| a/b | 2 | 1 | 0 | 1 |" in text
    assert "| c/d | 1 | 0 | 1 | 0 |" in text
    assert "| all | 3 | 1 | 1 | 1 |" in text
    assert "found 33.3 %, unsure 33.3 %, wrong 33.3 %. 1 further" in text


def test_a_miss_is_told_with_what_was_answered() -> None:
    answers = (answer("pytest -x"),)
    told = "\n".join(misses([Result("a/b", "x", "test", "wrong", "decoy", answers)]))
    assert "a/b x test: decoy" in told
    assert "pytest -x  (Makefile:1)" in told


def test_writing_replaces_only_what_stands_between_its_markers() -> None:
    text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n"
    assert replace_between(text, "x", "new") == text.replace("old", "new")


@pytest.mark.parametrize("name", ["truth.jsonl", "unseen.jsonl"])
def test_every_line_of_truth_is_of_the_form_that_the_matcher_reads(name: str) -> None:
    for truth in lines_of(CORPUS / name):
        assert set(truth) <= {"repo", "commit", "projects", "strays"}, truth["repo"]
        for roles in truth["projects"].values():
            assert set(roles) <= ROLES | {"paths"}, truth["repo"]
            for role in set(roles) & ROLES:
                assert well_formed(roles[role]), json.dumps(roles[role])


def well_formed(expected: str | Mapping[str, Any]) -> bool:
    if isinstance(expected, str):
        return expected == "none"
    alternatives = [one for key in ("accept", "also", "wrong") for one in expected.get(key, ())]
    return set(expected) <= KEYS and all(
        isinstance(one, str) or (bool(one) and set(one) <= FIELDS) for one in alternatives
    )
