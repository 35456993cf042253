"""The rules as a whole: each has its name, its examples, its passage in a skill, its judgements."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from mcp_server.advice.asking import judge
from mcp_server.conventions import read_conventions
from mcp_server.migrations.finding import FAULTS, OPINIONS
from mcp_server.rules import Rule, rules
from mcp_server.semantic import read_program
from tests.conftest import ROOT
from tests.rules.cases import FILE, FIRST, write

SKILLS = ROOT / "skills"
MARKER = re.compile(r"\*\(checked by ([^)]*)\)\*")
QUOTED = re.compile(r"`([^`]+)`")
HEADING = re.compile(r"^(#+) +(.+?) *$")
NO_WORD = re.compile(r"[^\w\- ]")
LONGEST_MESSAGE = 200
LEAST_RIGHT = 0.9
ASKED = {name: one for name, one in rules().items() if one.check is not None}
Judgement = dict[str, str | int]


def files(text: str) -> dict[str, str]:
    """Return the files of an example."""
    parts = FILE.split(text)
    first = {FIRST: parts[0]} if parts[0].strip() else {}
    return first | dict(zip(parts[1::2], parts[2::2], strict=True))


def sections(path: Path) -> dict[str, str]:
    """Return what stands below each heading of a document, by the heading's anchor."""
    found: dict[str, str] = {}
    anchor, fenced = "", False
    for line in path.read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else HEADING.match(line)
        if heading:
            anchor = NO_WORD.sub("", heading[2].lower()).replace(" ", "-")
        found[anchor] = f"{found.get(anchor, '')}\n{line}"
    return found


def taught(text: str) -> list[str]:
    """Return the rules that the markers of a text name."""
    return [name for marker in MARKER.findall(text) for name in QUOTED.findall(marker)]


@cache
def markers() -> Counter[str]:
    """Return how often each rule is taught in all skills."""
    paths = sorted(SKILLS.rglob("*.md"))
    return Counter(name for one in paths for name in taught(one.read_text(encoding="utf-8")))


@cache
def judgements(name: str) -> list[Judgement]:
    path = ROOT / "benchmarks" / "judgements" / f"{name}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


def found(rule: Rule, root: Path, text: str) -> list[str]:
    paths = sorted(one for one in write(root, text) if one.endswith(".py"))
    return [one.message for one in judge(read_program(read_conventions(root)), paths, [rule])]


def test_a_rule_is_named_as_its_file() -> None:
    folder = ROOT / "mcp_server" / "rules"
    stems = {one.stem for one in folder.glob("*.py")} - {"__init__", "base"}
    assert set(rules()) == {one.replace("_", "-") for one in stems}


@pytest.mark.parametrize("rule", rules().values(), ids=[*rules()])
def test_a_rule_says_why_and_what_it_rests_on(rule: Rule) -> None:
    assert rule.why.endswith(".")
    assert rule.source
    assert all(one.startswith("https://") for one in rule.source)
    assert (rule.check is None) == bool(rule.reported_as)
    for text in (rule.wrong, rule.right):
        for content in (each for path, each in files(text).items() if path.endswith(".py")):
            ast.parse(content)


@pytest.mark.parametrize("rule", ASKED.values(), ids=[*ASKED])
def test_the_wrong_example_is_hit_and_the_right_one_is_not(rule: Rule, tmp_path: Path) -> None:
    messages = found(rule, tmp_path / "wrong", rule.wrong)
    assert messages
    assert max(map(len, messages)) <= LONGEST_MESSAGE
    assert found(rule, tmp_path / "right", rule.right) == []


def test_the_right_examples_are_clean_and_formatted(tmp_path: Path) -> None:
    for rule in rules().values():
        for path, content in files(rule.right).items():
            target = tmp_path / rule.name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f"{content.strip()}\n", encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--no-cache", "--target-version", "py311"]
    for words in (
        ["check", "--select", "F,E9", "--output-format", "concise", "--quiet"],
        ["format", "--line-length", "88", "--check"],
    ):
        done = subprocess.run(
            [*ruff, *words, *options, "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("rule", rules().values(), ids=[*rules()])
def test_a_rule_is_taught_once_and_where_it_says(rule: Rule) -> None:
    path, _, anchor = rule.taught.partition("#")
    assert (SKILLS / path).is_file()
    assert rule.name in taught(sections(SKILLS / path).get(anchor, ""))
    assert markers()[rule.name] == 1


def test_what_another_step_reports_is_one_rule_each() -> None:
    codes = Counter(code for one in rules().values() for code in one.reported_as)
    assert set(codes) <= FAULTS | OPINIONS
    assert max(codes.values(), default=1) == 1


def test_a_skill_names_no_rule_that_does_not_exist() -> None:
    assert set(markers()) <= set(rules())


@pytest.mark.parametrize("rule", rules().values(), ids=[*rules()])
def test_a_rule_is_right_where_it_was_judged(rule: Rule) -> None:
    read = judgements(rule.name)
    places = Counter((one["project"], one["file"], one["line"]) for one in read)
    assert all(count == 1 for count in places.values())
    assert {one["rule"] for one in read} <= {rule.name}
    assert all(str(one["reason"]).strip() for one in read)
    assert {one["verdict"] for one in read} <= {"right", "wrong"}
    right = sum(one["verdict"] == "right" for one in read)
    assert right >= LEAST_RIGHT * len(read) or rule.severity == "note"


def test_judgements_are_of_rules_and_of_services_that_are_known() -> None:
    names = {one.stem for one in (ROOT / "benchmarks" / "judgements").glob("*.jsonl")}
    assert names <= set(rules())
    lines = (ROOT / "benchmarks" / "services.jsonl").read_text(encoding="utf-8").splitlines()
    known = {(one["project"], one["commit"]) for one in map(json.loads, lines)}
    assert {(one["project"], one["commit"]) for name in names for one in judgements(name)} <= known
