"""The skills as a client without skills gets them."""

from __future__ import annotations

import pytest
from mcp import Client
from mcp.types import TextContent

from mcp_server.server import TOOLS, app
from tests.conftest import ROOT

SKILLS = sorted(path.parent.name for path in (ROOT / "skills").glob("*/SKILL.md"))


async def text(name: str, arguments: dict[str, str]) -> str:
    async with Client(app) as client:
        (message,) = (await client.get_prompt(name, arguments)).messages
    assert isinstance(message.content, TextContent)
    return message.content.text


async def test_every_skill_is_a_prompt_that_says_what_it_is_for() -> None:
    async with Client(app) as client:
        prompts = (await client.list_prompts()).prompts
    assert sorted(prompt.name for prompt in prompts) == SKILLS
    for prompt in prompts:
        assert prompt.description
        assert [(one.name, one.required) for one in prompt.arguments or ()] == [("task", False)]


@pytest.mark.parametrize("name", SKILLS)
async def test_a_prompt_is_the_skills_text_with_names_that_hold_in_any_client(name: str) -> None:
    said = await text(name, {})
    body = (ROOT / "skills" / name / "SKILL.md").read_text(encoding="utf-8")
    assert body.splitlines()[-1].replace("mcp__plugin_hdb_hdb__", "") in said
    for foreign in ("$ARGUMENTS", "${CLAUDE", "mcp__", "allowed-tools"):
        assert foreign not in said
    assert str(ROOT / "skills" / name) in said


async def test_the_task_stands_in_the_text() -> None:
    task = "add a rate limiter with $1 and {braces}"
    said = await text("python-dev", {"task": task})
    assert task in said
    assert all(f"`{tool}`" in said for tool in TOOLS)
