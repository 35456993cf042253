"""The tools for working on a change, as a client and the command line have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_server.cli import main
from mcp_server.contract_map import MapView, SymbolMap, TestsMap
from mcp_server.errors import UsageError
from mcp_server.map_pages import map_page
from mcp_server.verify import verify
from tests.conftest import ProjectFactory
from tests.migrations.projects import revision
from tests.repositories import commit
from tests.test_server import Caller, data, text

FILES = {
    ".gitignore": ".venv\n__pycache__\n.*_cache\n",
    "pyproject.toml": (
        "[tool.pytest.ini_options]\n[tool.ruff]\nformat = {}\n[tool.ruff.lint]\nselect = ['F']\n"
    ),
    "price.py": "def price():\n    return 1\n",
    "legacy.py": "import os\n",
    "test_price.py": "from price import price\n\n\ndef test_price():\n    assert price() == 1\n",
    "test_legacy.py": "def test_legacy():\n    assert 0\n",
}
EDITED = "import sys\n\n\ndef price( ):\n    return 2\n"


@pytest.fixture
def session(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a service of the session with faults of old and a change that is not committed."""
    folder = project(FILES)
    commit(folder)
    (folder / "price.py").write_text(EDITED, encoding="utf-8")
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    return folder


@pytest.fixture
def client() -> Caller:
    """Return a client of the present era; test_server holds both to the same."""
    return Caller("auto")


@pytest.mark.usefixtures("session")
async def test_a_change_is_mapped_without_being_named(client: Caller) -> None:
    found = data(await client.call_tool("map_change", {}))
    assert [one["symbol"] for one in found["symbols"]] == ["price"]
    assert [one["file"] for one in found["tests"]] == ["test_price.py"]
    named = data(await client.call_tool("map_change", {"what": "price.py::price"}))
    assert named["tests"] == found["tests"]


@pytest.mark.usefixtures("session")
async def test_what_is_new_since_a_commit_is_told_from_what_was_known(client: Caller) -> None:
    batch = data(await client.call_tool("verify", {"since": "base"}))
    new = {(one["file"], one["code"]): one["introduced"] for one in batch["failures"]}
    assert new == {
        ("legacy.py", "F401"): False,
        ("price.py", "F401"): True,
        ("price.py", "unformatted"): True,
        ("test_legacy.py", "AssertionError"): False,
        ("test_price.py", "AssertionError"): True,
    }
    assert (batch["since"]["introduced"], batch["since"]["known"]) == (3, 2)


async def test_one_call_mends_what_is_marked_in_the_changed_files(
    client: Caller, session: Path
) -> None:
    before = (session / "legacy.py").read_bytes()
    batch = data(await client.call_tool("verify", {}))
    marked = {one["file"] for one in batch["failures"] if one.get("fix") == "auto"}
    assert marked == {"price.py", "legacy.py"}
    tried = data(await client.call_tool("fix", {"dry_run": True}))
    assert (tried["verdict"], (session / "price.py").read_text()) == ("would_fix", EDITED)
    assert "-import sys" in tried["diff"]
    done = data(await client.call_tool("fix", {}))
    assert [one["file"] for one in done["files"]] == ["price.py"]
    assert "1 other file could be mended, too (legacy.py): name them" in done["summary"]
    assert (session / "price.py").read_text() == "def price():\n    return 2\n"
    assert (session / "legacy.py").read_bytes() == before
    assert data(await client.call_tool("fix", {"everything": True}))["verdict"] == "fixed"
    batch = data(await client.call_tool("verify", {}))
    assert {one["tool"] for one in batch["failures"]} == {"pytest"}


MISTAKES: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such commit": ("verify", {"since": "nowhere"}, "is no commit of"),
    "no such commit for the map": ("map_change", {"since": "nowhere"}, "is no commit of"),
    "no such commit for the fix": ("fix", {"since": "nowhere"}, "is no commit of"),
    "another scope": ("verify", {"scope": "all"}, '"full" or "affected" or "targets"'),
    "a scope and targets": ("verify", {"scope": "affected", "targets": ["price.py"]}, "no targets"),
    "a file that is none": ("map_change", {"what": ["none.py"]}, "none.py"),
    "a name and a commit": ("map_change", {"what": "price.py", "since": "HEAD"}, "not both"),
    "a file outside": ("map_change", {"what": ["../x.py"]}, "../x.py"),
    "a file outside to mend": ("fix", {"targets": ["../x.py"]}, "../x.py"),
    "targets and everything": ("fix", {"targets": ["price.py"], "everything": True}, "or ask for"),
}


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("tool", "arguments", "said"), MISTAKES.values(), ids=MISTAKES)
async def test_a_mistake_is_one_sentence_that_says_what_to_do(
    client: Caller, tool: str, arguments: dict[str, Any], said: str
) -> None:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert said in text(result)
    assert "fault of hdb" not in text(result)


def test_the_command_line_says_the_same(session: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, dict[str, Any]]:
        status = main([*words, "--format", "json"])
        return status, json.loads(capfd.readouterr().out)

    status, mapped = run("map", str(session), "price.py::price")
    assert (status, mapped["symbols"][0]["symbol"]) == (0, "price")
    status, tried = run("fix", str(session), "--dry-run")
    assert (status, tried["verdict"]) == (1, "would_fix")
    status, done = run("fix", str(session), "--all")
    assert (status, len(done["files"])) == (0, 2)
    status, batch = run("verify", str(session), "--since")
    assert (status, batch["since"]["introduced"], batch["since"]["known"]) == (1, 1, 1)


def test_the_command_line_shows_them_to_people(
    session: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    main(["verify", str(session), "--since", "HEAD"])
    shown = capfd.readouterr().out
    assert "introduced" in shown
    assert "3 introduced, 2 known" in shown
    main(["map", str(session)])
    assert "test_price.py" in capfd.readouterr().out
    main(["fix", str(session), "--dry-run"])
    assert "-import sys" in capfd.readouterr().out


HISTORY = {
    **{name: FILES[name] for name in (".gitignore", "price.py", "test_price.py")},
    "pyproject.toml": "[tool.pytest.ini_options]\n",
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": "raise SystemExit('nobody runs this')\n",
    "migrations/versions/one.py": revision("one"),
}
ADDED = "op.drop_column('orders', 'total')"


@pytest.fixture
def history(project: ProjectFactory) -> Callable[..., Path]:
    """Return a factory of services with an alembic history, to which files are added."""

    def make(added: dict[str, str], settings: str = "") -> Path:
        folder = project(HISTORY, name="gated" if settings else "service")
        with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(settings)
        commit(folder)
        for path, content in added.items():
            (folder / path).write_text(content, encoding="utf-8")
        return folder

    return make


async def test_two_heads_fail_a_verification(history: Callable[..., Path]) -> None:
    two = revision("two", down='"one"')
    folder = history(
        {"migrations/versions/two.py": two, "migrations/versions/x.py": two.replace("two", "x")}
    )
    batch = await verify(folder)
    assert batch.verdict == "failed"
    assert {one.code for one in batch.failures} == {"multiple-heads"}
    assert {step.tool: step.verdict for step in batch.steps}["migrations"] == "failed"


def test_advice_on_a_new_revision_fails_nothing_unless_it_is_wanted(
    history: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    added = {"migrations/versions/two.py": revision("two", down='"one"', up=ADDED)}
    folder = history(added)
    assert main(["verify", str(folder)]) == 0
    said = capfd.readouterr().out
    assert "advice  migrations/versions/two.py" in said
    assert "drop-column" in said
    gated = history(added, "[tool.hdb.migrations]\ngate = ['drop-column']\n")
    assert main(["verify", str(gated), "--format", "json"]) == 1
    batch = json.loads(capfd.readouterr().out)
    assert [one["code"] for one in batch["failures"]] == ["drop-column"]


@pytest.mark.parametrize("limit", [2_000, 6_000, 39_000])
def test_the_pages_of_a_map_hold_all_of_it_and_are_small(limit: int) -> None:
    def many(word: str) -> tuple[str, ...]:
        return tuple(f"src/{word}_{number}.py:{number} {word}" for number in range(150))

    view = MapView(
        schema="hdb.map/1",
        summary="much",
        symbols=tuple(
            SymbolMap(symbol=name, at="a.py:1", callers=many(name), possible=many("maybe"))
            for name in ("one", "two")
        ),
        tests=(TestsMap(file="test_a.py", tests=many("test"), distance=3),),
        importers=many("importer"),
        migrations=("a table lacks a revision",),
    )
    pages = [map_page(view, limit=limit)]
    while pages[-1].next:
        pages.append(map_page(view, pages[-1].next, limit=limit))
    assert all(len(page.json_text().encode()) <= limit for page in pages)
    for name in ("one", "two"):
        pieces = [one for page in pages for one in page.symbols if one.symbol == name]
        assert {one.at for one in pieces} == {"a.py:1"}
        assert tuple(text for one in pieces for text in one.callers) == many(name)
        assert tuple(text for one in pieces for text in one.possible) == many("maybe")
    assert tuple(text for page in pages for one in page.tests for text in one.tests) == many("test")
    assert tuple(text for page in pages for text in page.importers) == many("importer")
    with pytest.raises(UsageError, match="the map"):
        map_page(view.model_copy(update={"summary": "edited"}), f"{'0' * 8}:1")


async def test_what_a_fix_would_not_touch_is_not_marked(project: ProjectFactory) -> None:
    folder = project({**FILES, "other.py": "import os\n"})
    (folder / "linked.py").hardlink_to(folder / "other.py")
    batch = await verify(folder)
    marks = {one.file: one.fix for one in batch.failures if one.code == "F401"}
    assert marks == {"legacy.py": "auto", "linked.py": None, "other.py": None}


async def test_a_fault_in_what_hdb_reads_itself_costs_no_other_finding(
    history: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("mcp_server.verify.inspect_migrations", fault)
    batch = await verify(history({"test_price.py": "def test_price():\n    assert 0\n"}))
    assert batch.verdict == "incomplete"
    assert {one.tool for one in batch.failures} == {"pytest"}
    said = {step.tool: step.reason for step in batch.steps}
    assert "a fault of hdb's own" in (said["migrations"] or "")
