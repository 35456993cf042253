"""The plugin in the real client: installed in one step, its skills expand, its tools answer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from mcp_server import __version__
from tests.client import claude
from tests.client.plugin import Plugin, installed
from tests.client.stand_in import Json, ToolUse, playing
from tests.conftest import ProjectFactory
from tests.installation import make_ready

CLIENT = claude.find()
with_client = pytest.mark.skipif(CLIENT is None, reason=claude.MISSING)

SKILLS = ("python-backend", "python-dev", "python-services")
TOOL_NAMES = ("conventions", "failure", "fix", "map_change", "status", "verify")
TOOLS = [f"mcp__plugin_hdb_hdb__{name}" for name in TOOL_NAMES]
LOAD = ToolUse("ToolSearch", {"query": f"select:{','.join(TOOLS)}"})
VERIFY = ToolUse("mcp__plugin_hdb_hdb__verify")
STATUS = ToolUse("mcp__plugin_hdb_hdb__status")
HELD_BACK = "Stop hook feedback"
"""What the client says to the model when a Stop hook blocks."""
EDITS = ("--permission-mode", "acceptEdits")
PROJECT = {
    "pyproject.toml": "[tool.pytest]\n[tool.ruff.lint]\nselect = ['F']\n",
    "orders.py": "def total(prices: list[int]) -> int:\n    return sum(prices)\n",
    "test_orders.py": (
        "from orders import total\n\n\ndef test_total() -> None:\n    assert total([1, 2]) == 3\n"
    ),
}
BROKEN = PROJECT | {"orders.py": "import os\n\n\ndef total(prices: list[int]) -> int:\n    pass\n"}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Plugin:
    assert CLIENT is not None
    return installed(CLIENT, tmp_path_factory.mktemp("client"))


def front_matter(skill: str) -> Json:
    text = (claude.ROOT / "skills" / skill / "SKILL.md").read_text("utf-8")
    matter: Json = yaml.safe_load(text.split("---\n")[1])
    return matter


def manifest(name: str) -> Json:
    content: Json = json.loads((claude.ROOT / ".claude-plugin" / name).read_text("utf-8"))
    return content


def write(path: Path, text: str) -> ToolUse:
    return ToolUse("Write", {"file_path": str(path), "content": text})


def lasting(batch: Json) -> Json:
    """Return a batch without what differs between two runs: its id and its times."""
    steps = [
        {key: value for key, value in step.items() if key != "seconds"} for step in batch["steps"]
    ]
    return {key: value for key, value in batch.items() if key != "id"} | {"steps": steps}


def test_the_version_stands_in_one_place() -> None:
    assert manifest("plugin.json")["version"] == __version__
    gemini = json.loads((claude.ROOT / "gemini-extension.json").read_text("utf-8"))
    assert gemini["version"] == __version__
    (entry,) = manifest("marketplace.json")["plugins"]
    assert "version" not in entry


def test_a_run_of_the_client_is_led_to_this_machine_only(tmp_path: Path) -> None:
    variables = claude.Claude(Path("claude"), tmp_path).variables("http://127.0.0.1:1")
    addresses = [value for value in variables.values() if "://" in value]
    assert len(addresses) == 3
    assert {urlsplit(address).hostname for address in addresses} == {"127.0.0.1"}


@with_client
@pytest.mark.parametrize("name", ["plugin.json", "marketplace.json"])
def test_the_client_finds_nothing_to_say_of_a_manifest(name: str, plugin: Plugin) -> None:
    result = validated(plugin, f".claude-plugin/{name}")
    found = result["manifest"]
    assert found["file"].endswith(name)
    assert (found["errors"], found["warnings"], found["notes"]) == ([], [], [])


@with_client
def test_the_plugin_directory_would_take_the_plugin_as_it_is(plugin: Plugin) -> None:
    result = validated(plugin, "--profile", "directory", ".")
    # Icon, readme and licence are its to judge.
    assert (result["directory"]["findings"], result["directory"]["failure"]) == ([], None)
    assert result["provides"]["skills"] == [f"hdb:{skill}" for skill in SKILLS]


def validated(plugin: Plugin, *arguments: str) -> Json:
    run = plugin.claude.run(
        "plugin", "validate", "--strict", "--json", *arguments, cwd=plugin.source
    )
    assert run.status == 0, run
    result: Json = run.json
    return result


@with_client
def test_the_task_reaches_the_model_and_verify_the_command_lines_batch(
    plugin: Plugin, project: ProjectFactory, tmp_path: Path
) -> None:
    folder = project(BROKEN)
    with playing(LOAD, VERIFY, "Two things are broken.") as model:
        run = plugin.claude.ask("/hdb:python-dev add a rate limiter", cwd=folder, url=model.url)
    assert run.status == 0, run
    first, loaded, verified = model.turns
    # The skill, expanded.
    assert f"Base directory for this skill: {plugin.root}/skills/python-dev" in first.text
    assert "# The task\n\nadd a rate limiter\n" in first.text
    assert f'"{plugin.root}/bin/hdb" verify' in first.text
    for skill in SKILLS:
        assert f"- hdb:{skill}: {front_matter(skill)['description']}" in first.text
    # The tools, under their exact names: there from the first request on, loaded when asked for.
    (began,) = (event for event in claude.events(run) if event.get("subtype") == "init")
    assert [server["status"] for server in began["mcp_servers"]] == ["connected"]
    assert sorted(name for name in began["tools"] if "hdb" in name) == TOOLS
    assert sorted(name for name in loaded.tools if "hdb" in name) == TOOLS
    # The call, which the skill approves, and its batch.
    (result,) = verified.results
    batch = json.loads(result)
    assert [failure["tool"] for failure in batch["failures"]] == ["ruff", "pytest"]
    assert lasting(batch) == lasting(on_the_command_line(plugin, folder, tmp_path / "home"))


def on_the_command_line(plugin: Plugin, folder: Path, home: Path) -> Json:
    """Return the first batch of a project as the installed plugin's command line gives it."""
    make_ready(home / ".cache" / "hdb")
    done = subprocess.run(
        [str(plugin.root / "bin" / "hdb"), "verify", str(folder), "--format", "json"],
        env={"PATH": plugin.claude.environment["PATH"], "HOME": str(home), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    batch: Json = json.loads(done.stdout)
    return batch


@with_client
def test_the_command_line_stands_in_for_the_tools(plugin: Plugin, project: ProjectFactory) -> None:
    command = f'"{plugin.root}/bin/hdb" conventions'
    with playing(ToolUse("Bash", {"command": command}), "Seen.") as model:
        plugin.claude.ask("/hdb:python-dev look", cwd=project(PROJECT), url=model.url)
    (result,) = model.turns[-1].results
    assert "pyproject.toml:1" in result


@with_client
def test_the_other_skills_expand_and_need_no_permission(
    plugin: Plugin, project: ProjectFactory
) -> None:
    load = ToolUse("Skill", {"skill": "hdb:python-backend"})
    with playing(load, "Understood.") as model:
        plugin.claude.ask("/hdb:python-services how?", cwd=project(PROJECT), url=model.url)
    first, second = model.turns
    assert "# Python services" in first.text
    assert "# Python backends" in second.last
    for text in (first.text, second.last):
        assert f'"{plugin.root}/bin/hdb" conventions' in text


@with_client
def test_a_session_with_unverified_changes_is_held_back_once(
    plugin: Plugin, project: ProjectFactory
) -> None:
    folder = project(PROJECT)
    change = write(folder / "limits.py", "LIMIT = 10\n")
    with playing(LOAD, STATUS, change, "It is done.", "It is not verified.") as model:
        run = plugin.claude.ask("/hdb:python-dev add", *EDITS, cwd=folder, url=model.url)
    assert (model.left, len(model.turns), run.status) == (0, 5, 0)
    said = model.turns[-1].last
    assert HELD_BACK in said
    assert "limits.py" in said
    assert "mcp__plugin_hdb_hdb__verify" in said
    assert not any(HELD_BACK in turn.last for turn in model.turns[:-1])


@with_client
@pytest.mark.parametrize(
    ("turns", "options"),
    [
        pytest.param([], [], id="nothing changed"),
        pytest.param([("limits.py", "LIMIT = 10\n"), VERIFY], [], id="verified"),
        pytest.param([("notes.txt", "Python\n")], [], id="no Python"),
        pytest.param(
            [("limits.py", "LIMIT = 10\n")],
            ["--settings", '{"pluginConfigs":{"hdb@hdb":{"options":{"stop_check":false}}}}'],
            id="switched off",
        ),
    ],
)
def test_a_session_that_owes_nothing_may_stop(
    turns: list[Any], options: list[str], plugin: Plugin, project: ProjectFactory
) -> None:
    folder = project(PROJECT)
    script = [one if isinstance(one, ToolUse) else write(folder / one[0], one[1]) for one in turns]
    with playing(LOAD, STATUS, *script, "It is done.") as model:
        run = plugin.claude.ask("/hdb:python-dev add", *EDITS, *options, cwd=folder, url=model.url)
    assert (model.left, len(model.turns), run.status) == (0, len(script) + 3, 0)
    assert not any(HELD_BACK in turn.last for turn in model.turns)
