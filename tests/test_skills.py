"""What a machine can hold of the skills' quality: size, front matter, links, names, triggers."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from mcp_server.server import TOOLS
from mcp_server.usage import read_words
from tests.conftest import ROOT
from tests.skills.blocks import DOCUMENTS, SKILLS, read

NAMES = ("python-backend", "python-dev", "python-services")
# A client lists every description in every session, and cuts long ones.
DESCRIPTION = range(80, 401)
ALL_DESCRIPTIONS = 1000
ALL_WORDS = 4000
MOST_WORDS, MOST_LINES = 1600, 300
LONG_REFERENCE = 100
MOST_OVERLAP = 0.3
"""Of two descriptions' words: above it they compete for the same prompts."""
SHOUTS = 10
LEAST_TRIGGERS = 10
KEYS = {"name", "description"}
MORE_KEYS = {"python-dev": {"argument-hint", "allowed-tools", "hooks"}}
LITTLE_WORDS = set(
    "a an and are as at by do for from in is it its of on or see the to use when with".split()
)
RESIDUE = re.compile(
    r"TODO|FIXME|XXX|lorem|placeholder|would you like|as an ai|/home/|/Users/|/root|C:\\",
    re.IGNORECASE,
)
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
DATED = re.compile(r"\bas of\b|\b20(2[0-9])-\d\d\b|\bcurrently\b|\blatest\b", re.IGNORECASE)
DESTRUCTIVE = re.compile(
    r"downgrade base|unsafe-fixes|--upgrade(?![\w-])|rm -rf|flushall|push --force|reset --hard"
    r"|DROP TABLE",
    re.IGNORECASE,
)
GUARD = re.compile(
    r"\b(only|never|not|no|refuse[sd]?|deletes|unasked|instead|rather|moves every|all of)\b",
    re.IGNORECASE,
)
SHOUT = re.compile(r"\b(?:MUST|ALWAYS|NEVER)\b")
TOOL = re.compile(r"mcp__plugin_hdb_hdb__(\w+)")
COMMAND = re.compile(r'bin/hdb" (\w+)|`hdb (\w+)')


def front(skill: str) -> dict[str, Any]:
    text = (SKILLS / skill / "SKILL.md").read_text(encoding="utf-8")
    _, head, _ = text.split("---\n", 2)
    found = yaml.safe_load(head)
    assert isinstance(found, dict)
    return found


def body(skill: str) -> str:
    return (SKILLS / skill / "SKILL.md").read_text(encoding="utf-8").split("---\n", 2)[2]


@cache
def prose(document: Path) -> str:
    """Return a document without its fenced blocks."""
    lines = document.read_text(encoding="utf-8").splitlines()
    for token in MarkdownIt("commonmark").parse("\n".join(lines)):
        if token.type == "fence" and token.map:
            lines[slice(*token.map)] = [""] * (token.map[1] - token.map[0])
    return "\n".join(lines)


def links(document: Path) -> list[str]:
    """Return the targets of a document's links."""
    tokens = MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8"))
    return [
        str(child.attrs["href"])
        for token in tokens
        for child in token.children or []
        if child.type == "link_open"
    ]


def triggers(skill: str) -> list[dict[str, Any]]:
    path = ROOT / "evals" / "triggers" / f"{skill}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def name(document: object) -> str:
    return Path(str(document)).relative_to(SKILLS).as_posix()


each_skill = pytest.mark.parametrize("skill", NAMES)
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name)


def test_the_skills_are_those_that_are_described() -> None:
    assert tuple(sorted(path.name for path in SKILLS.iterdir() if path.is_dir())) == NAMES


@each_skill
def test_front_matter_is_what_clients_read(skill: str) -> None:
    found = front(skill)
    assert set(found) == KEYS | MORE_KEYS.get(skill, set())
    assert found["name"] == skill
    description = found["description"]
    assert len(description) in DESCRIPTION
    assert "Use when" in description
    assert not set("<>") & set(description)
    assert re.match(r"[A-Z][a-z]+s ", description), "the third person says what a skill does"
    assert set(re.findall(r"python-\w+", description)) & (set(NAMES) - {skill})


def test_the_descriptions_together_are_cheap_and_do_not_compete() -> None:
    described = {skill: front(skill)["description"] for skill in NAMES}
    assert sum(map(len, described.values())) < ALL_DESCRIPTIONS
    words = {
        skill: set(re.findall(r"[a-z]+", text.lower())) - LITTLE_WORDS
        for skill, text in described.items()
    }
    for one, other in combinations(NAMES, 2):
        shared = words[one] & words[other]
        assert len(shared) / len(words[one] | words[other]) < MOST_OVERLAP, (one, other, shared)


def test_the_skills_are_short() -> None:
    sizes = {skill: len(body(skill).split()) for skill in NAMES}
    assert max(sizes.values()) <= MOST_WORDS
    assert sum(sizes.values()) < ALL_WORDS
    assert max(len(body(skill).splitlines()) for skill in NAMES) <= MOST_LINES


@each_skill
def test_a_skill_begins_with_what_goes_before_it(skill: str) -> None:
    sections = re.split(r"^#+ ", body(skill), flags=re.MULTILINE)
    [first] = [one for one in sections if one.startswith("What goes first\n")]
    assert sections.index(first) <= 2
    assert "mcp__plugin_hdb_hdb__conventions" in first
    assert "project's" in first


def test_the_task_stands_in_its_skill_once() -> None:
    assert body("python-dev").count("$ARGUMENTS") == 1


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in links(document):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.is_file(), target
        assert SKILLS in file.parents, f"{target} lies outside of the skills"
        assert not anchor or anchor in read(file)[1], target


@each_skill
def test_every_reference_is_linked_from_its_skill(skill: str) -> None:
    folder = SKILLS / skill
    linked = {
        (folder / target.partition("#")[0]).resolve() for target in links(folder / "SKILL.md")
    }
    assert linked >= set(folder.glob("references/*"))


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if one.name != "SKILL.md"], ids=name)
def test_a_long_reference_lists_its_sections(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    listed = [target for target in links(document) if target.startswith("#")]
    if len(text.splitlines()) > LONG_REFERENCE:
        wanted = re.findall(r"^## (.+)$", prose(document), re.MULTILINE)
        assert len(listed) >= len(wanted)
        for one in wanted:
            assert f"- [{one}](#" in text, one


@each_document
def test_nothing_is_left_over(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert RESIDUE.findall(prose(document)) == []
    assert EMOJI.findall(text) == []
    assert not any(target.startswith("http://") for target in links(document))


@each_document
def test_versions_and_dates_stand_in_one_place(document: Path) -> None:
    assert DATED.findall(prose(document)) == []


def test_little_is_shouted() -> None:
    assert sum(len(SHOUT.findall(prose(document))) for document in DOCUMENTS) <= SHOUTS


@each_document
def test_what_destroys_is_guarded(document: Path) -> None:
    for paragraph in re.split(r"\n\s*\n|\n(?=- |\d+\. |\|)", prose(document)):
        if DESTRUCTIVE.search(paragraph):
            assert GUARD.search(paragraph), paragraph
    for block in read(document)[0]:
        if block.language in {"sh", "text", ""}:
            assert not DESTRUCTIVE.search(block.text), block.text


@each_document
def test_only_tools_and_commands_that_exist_are_named(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(TOOL.findall(text)) <= set(TOOLS)
    for command in {one or other for one, other in COMMAND.findall(text)}:
        with pytest.raises(SystemExit) as ended:
            read_words([command, "--help"])
        assert ended.value.code == 0, command


def test_the_workflow_may_call_every_tool() -> None:
    allowed = front("python-dev")["allowed-tools"]
    assert set(TOOL.findall(allowed)) == set(TOOLS)
    assert set(TOOL.findall(body("python-dev"))) == set(TOOLS)


def test_every_phase_has_its_exit() -> None:
    phases = re.split(r"^# ", body("python-dev"), flags=re.MULTILINE)
    exits = [one for one in phases if one.startswith("Phase ")]
    assert len(exits) == 3
    assert all(one.count("*Done when*") == 1 for one in exits)


@each_skill
def test_prompts_that_should_load_a_skill_and_near_misses(skill: str) -> None:
    rows = triggers(skill)
    assert all(set(row) == {"prompt", "loads"} for row in rows)
    assert all(row["loads"] in {*NAMES, None} for row in rows)
    assert len({row["prompt"] for row in rows}) == len(rows)
    should = [row for row in rows if row["loads"] == skill]
    assert len(should) >= LEAST_TRIGGERS
    assert len(rows) - len(should) >= LEAST_TRIGGERS
    for row in rows:
        assert skill not in row["prompt"], "a prompt that names the skill proves nothing"


def test_a_prompt_belongs_to_one_skill() -> None:
    belongs: dict[str, set[str | None]] = {}
    for skill in NAMES:
        for row in triggers(skill):
            belongs.setdefault(row["prompt"], set()).add(row["loads"])
    assert [prompt for prompt, skills in belongs.items() if len(skills) > 1] == []
