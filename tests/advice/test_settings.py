"""`[tool.hdb.rules]`: what it may say, and what is told of what it cannot mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.advice import settings as subject
from mcp_server.advice.settings import RuleSettings, misstated, read_all
from mcp_server.conventions import read_conventions
from mcp_server.rules import rules

KNOWN = "gate, ignore, per-file-ignores, files, preset"
WHERE = "pyproject.toml [tool.hdb.rules]"
MISTAKES = {
    "gates = []": f"{WHERE} has no setting 'gates': it knows {KNOWN}",
    "gate = 'jwt-unpinned'": f"{WHERE} gate must be a list of rules",
    "gate = ['jwt-unpined']": (
        f"{WHERE} gate names 'jwt-unpined', which is no rule; did you mean 'jwt-unpinned'?"
    ),
    "ignore = ['zzz', 7]": (
        f"{WHERE} ignore names '7', which is no rule; `hdb rules` lists them\n"
        f"{WHERE} ignore names 'zzz', which is no rule; `hdb rules` lists them"
    ),
    "files = 'every'": f'{WHERE} files must be "change" or "all"',
    "files = true": f'{WHERE} files must be "change" or "all"',
    "per-file-ignores = ['tests']": (
        f"{WHERE} per-file-ignores must be a table of patterns, each with a list of rules"
    ),
    "per-file-ignores = {'tests/**' = 'jwt-unpinned'}": (
        f"{WHERE} per-file-ignores 'tests/**' must be a list of rules"
    ),
    "per-file-ignores = {'{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}' = []}": (
        f"{WHERE} per-file-ignores has a pattern with too many alternatives: '{'{a,b}' * 7}'"
    ),
    "gate = ['jwt-unpinned']\nignore = ['jwt-unpinned']": (
        f"{WHERE} both gates and ignores 'jwt-unpinned': leave out one"
    ),
    "gate = ['heads-elsewhere']": (
        f"{WHERE} gate names 'heads-elsewhere', which the migrations step reports: "
        "put multiple-heads under [tool.hdb.migrations]"
    ),
    "gate = ['multiple-heads']": (
        f"{WHERE} gate names 'multiple-heads', which the migrations step reports: "
        "put multiple-heads under [tool.hdb.migrations]"
    ),
}


def read(root: Path, text: str) -> tuple[RuleSettings, tuple[str, ...]]:
    root.joinpath("pyproject.toml").write_text(f"[project]\nname = 'x'\n{text}\n")
    conventions = read_conventions(root)
    assert conventions.problems == ()
    return read_all(conventions)["."], misstated(conventions)


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=[*MISTAKES])
def test_a_mistake_is_told(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(
        rules()["jwt-unpinned"],
        name="heads-elsewhere",
        check=None,
        reported_as=("multiple-heads",),
    )
    known = {"jwt-unpinned": rules()["jwt-unpinned"], "heads-elsewhere": elsewhere}
    monkeypatch.setattr(subject, "rules", lambda: known)
    assert "\n".join(read(tmp_path, f"[tool.hdb.rules]\n{text}")[1]) == said


def test_a_table_must_be_one(tmp_path: Path) -> None:
    _, problems = read(tmp_path, "[tool.hdb]\nrules = ['jwt-unpinned']")
    assert problems == (f"{WHERE} must be a table with {KNOWN}",)


def test_what_is_stated_is_read(tmp_path: Path) -> None:
    found, problems = read(
        tmp_path,
        "[tool.hdb.rules]\ngate = ['jwt-unpinned']\nignore = ['retry-forever']\nfiles = 'all'\n"
        "per-file-ignores = {'tests/**' = ['jwt-unpinned']}",
    )
    assert (problems, found.everything) == ((), True)
    assert found.gate == {"jwt-unpinned"}
    assert found.ignored("app/main.py") == {"retry-forever"}
    assert found.ignored("tests/a/b.py") == {"retry-forever", "jwt-unpinned"}


def test_patterns_begin_at_the_folder_of_their_own_pyproject(tmp_path: Path) -> None:
    inner = tmp_path / "api"
    inner.mkdir()
    (inner / "pyproject.toml").write_text(
        "[project]\nname = 'api'\n[tool.hdb.rules.per-file-ignores]\n'tests/**' = ['jwt-unpinned']"
    )
    (inner / "app.py").touch()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    found = read_all(read_conventions(tmp_path))["api"]
    assert found.ignored("api/tests/a.py") == {"jwt-unpinned"}
    assert found.ignored("api/app.py") == frozenset()
