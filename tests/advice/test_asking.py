"""Which rules are asked about which files, and what one finding a project means."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.advice import asking
from mcp_server.advice.asking import Answer, Question, ask, judge
from mcp_server.advice.settings import RuleSettings
from mcp_server.conventions import read_conventions
from mcp_server.rules import Hit, Rule
from mcp_server.semantic import Module, read_program

EVERY = frozenset({"service", "tests", "scripts"})
Found = list[tuple[str | None, str | None, int | None]]


def check(module: Module) -> Iterator[Hit]:
    """Find every call of a name `bad`, twice."""
    for call in module.nodes(ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id == "bad":
            yield Hit(call, "no")
            yield Hit(call, "still no")


def rule(name: str, **changes: object) -> Rule:
    fields = {"why": "No.", "wrong": "", "right": "", "taught": "", "source": ()}
    return Rule(name=name, check=check, **{**fields, **changes})  # type: ignore[arg-type]


KNOWN = {
    one.name: one
    for one in (
        rule("every", looks_at=EVERY),
        rule("note", severity="note"),
        rule("once", once=True),
        rule("tests", looks_at=frozenset({"tests"})),
        rule("usual"),
    )
}
FILES = {
    "pyproject.toml": "[project]\nname = 'a'\n[tool.ruff]\n",
    "app/one.py": "bad()  # hdb: ignore[once]\nbad()\n",
    "app/two.py": "bad()\n",
    "scripts/run.py": "bad()\n",
    "tests/test_it.py": "bad()\n",
}


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Return what asks the rules above about the files above."""
    monkeypatch.setattr(asking, "rules", lambda: KNOWN)
    return Answers(tmp_path)


class Answers:
    """Asks questions about a small project."""

    def __init__(self, root: Path) -> None:
        for path, text in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        self.program = read_program(read_conventions(root))

    def __call__(
        self, settings: Mapping[str, RuleSettings] | None = None, **question: object
    ) -> Answer:
        """Ask, by default without any settings."""
        asked = Question(settings=settings or {}, **question)  # type: ignore[arg-type]
        return ask(self.program, asked)


def places(found: Answer) -> Found:
    return [(one.code, one.file, one.line) for one in found.advised]


def test_each_rule_is_asked_about_the_files_that_it_looks_at(answer: Answers) -> None:
    assert places(answer(advised=FILES)) == [
        ("every", "app/one.py", 1),
        ("usual", "app/one.py", 1),
        ("every", "app/one.py", 2),
        ("once", "app/one.py", 2),
        ("usual", "app/one.py", 2),
        ("every", "app/two.py", 1),
        ("usual", "app/two.py", 1),
        ("every", "scripts/run.py", 1),
        ("usual", "scripts/run.py", 1),
        ("every", "tests/test_it.py", 1),
        ("tests", "tests/test_it.py", 1),
    ]


def test_notes_are_for_those_who_ask(answer: Answers) -> None:
    paths = ["app/two.py"]
    assert ("note", "app/two.py", 1) not in places(answer(advised=paths))
    assert ("note", "app/two.py", 1) in places(answer(advised=paths, notes=True))
    assert places(answer(advised=paths, names={"note"})) == [("note", "app/two.py", 1)]
    gating = {".": RuleSettings(gate=frozenset({"note"}))}
    found = answer(gating, gated=paths)
    assert [(one.code, one.severity) for one in found.gated] == [("note", "error")]
    assert found.proven == 1


def test_what_is_gated_is_no_advice(answer: Answers) -> None:
    gating = {".": RuleSettings(gate=frozenset({"usual"}))}
    found = answer(gating, gated=FILES, advised=["app/two.py"])
    assert [(one.code, one.file, one.line) for one in found.gated] == [
        ("usual", "app/one.py", 1),
        ("usual", "app/one.py", 2),
        ("usual", "app/two.py", 1),
        ("usual", "scripts/run.py", 1),
    ]
    assert {one.code for one in found.advised} == {"every", "once"}
    assert (found.files, found.proven) == (3, 3)


def test_rules_that_are_measured_are_asked_as_for_everybody(answer: Answers) -> None:
    found = judge(answer.program, ["app/one.py"], [KNOWN["once"], KNOWN["usual"]])
    assert [(one.code, one.line, one.message) for one in found] == [
        ("usual", 1, "no"),
        ("once", 2, "no"),
        ("usual", 2, "no"),
    ]


def test_what_a_measured_rule_raises_is_raised(
    answer: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Module) -> Iterator[Hit]:
        raise KeyError

    monkeypatch.setitem(KNOWN, "broken", replace(KNOWN["usual"], name="broken", check=broken))
    with pytest.raises(KeyError):
        judge(answer.program, ["app/one.py"], [KNOWN["broken"]])


def test_a_comment_for_a_rule_that_is_told_once_is_known_to_be_of_no_use(
    answer: Answers,
) -> None:
    answer.program.library.contents["app/three.py"] = b"good()  # hdb: ignore[once]\n"
    found = answer(advised=["app/one.py", "app/three.py", "app/two.py"])
    assert found.remarks == ["`# hdb: ignore` silences nothing: app/three.py:1 once"]
    assert [one for one in places(found) if one[0] == "once"] == [("once", "app/one.py", 2)]
