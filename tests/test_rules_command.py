"""`hdb rules`: which rules there are, what one says, and what they find in all files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_server.advice import asking, listing
from mcp_server.cli import main
from mcp_server.rules import Hit, Rule, rules
from tests.repositories import commit

HEAD = "[project]\nname = 'app'\nversion = '1'\n"
OPEN = "import jwt\n\nclaims = jwt.decode('t', 'k')\n"
TWICE = "import jwt\n\nclaims = jwt.decode('t', 'k')\nmore = jwt.decode('t', 'k')\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Rule]:
    """Let there be three rules: one that is asked, one for those who ask, one of another step."""

    def note(name: str, **changes: Any) -> Rule:  # noqa: ANN401 - whatever a rule has
        fields = {one: getattr(rules()["jwt-unpinned"], one) for one in Rule.__slots__}
        return Rule(**{**fields, "name": name, **changes})

    found = {
        "jwt-unpinned": rules()["jwt-unpinned"],
        "a-note": note(
            "a-note",
            severity="note",
            same_as=("X123",),
            check=lambda module: iter([Hit(module.tree.root, "a file")]),
        ),
        "heads": note("heads", check=None, reported_as=("multiple-heads", "cycle")),
    }
    for module in (asking, listing):
        monkeypatch.setattr(module, "rules", lambda: found)
    return found


def write(root: Path, text: str = "", source: str = OPEN) -> Path:
    commit(root, {"pyproject.toml": HEAD + text, "app.py": source})
    return root


def answer(capsys: Captured, *words: str) -> Any:  # noqa: ANN401 - JSON
    main(["rules", *words, "--format", "json"])
    return json.loads(capsys.readouterr().out)


def test_all_rules_are_listed_with_what_the_project_does_with_them(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, "[tool.hdb.rules]\ngate = ['jwt-unpinned']\n"))
    why = rules()["jwt-unpinned"].why
    assert main(["rules"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"jwt-unpinned  gated            {why}",
        f"a-note        note = X123      {why}",
        f"heads         step migrations  {why}",
        "",
        "3 rules; `hdb rules NAME` explains one",
    ]
    assert answer(capsys) == {
        "schema": "hdb.rules/1",
        "rules": [
            {"name": "jwt-unpinned", "why": why, "here": "gated"},
            {"name": "a-note", "severity": "note", "why": why, "same_as": ["X123"]},
            {"name": "heads", "why": why, "step": "migrations"},
        ],
    }


def test_one_rule_is_explained_with_both_examples(tmp_path: Path, capsys: Captured) -> None:
    rule = rules()["jwt-unpinned"]
    assert main(["rules", "jwt-unpinned", str(write(tmp_path))]) == 0
    shown = capsys.readouterr().out
    for text in (
        *(rule.why, rule.wrong.splitlines()[-1], rule.right.splitlines()[-1], *rule.source),
        "where it is meant: `# hdb: ignore[jwt-unpinned]` on the line\n",
        'to fail the check: [tool.hdb.rules] gate = ["jwt-unpinned"]\n',
        f"taught in skills/{rule.taught}\n",
    ):
        assert text in shown
    told = answer(capsys, "a-note", str(tmp_path))
    assert (told["schema"], told["severity"], told["wrong"]) == ("hdb.rule/1", "note", rule.wrong)
    assert told["silence"].endswith("on the line, or `noqa: X123`")


@pytest.mark.parametrize("name", ["heads", "multiple-heads", "cycle"])
def test_a_rule_of_another_step_is_found_by_its_codes(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    told = answer(capsys, name, str(write(tmp_path)))
    assert (told["name"], told["codes"]) == ("heads", ["multiple-heads", "cycle"])
    codes = "by its codes: multiple-heads, cycle"
    assert told["gate"] == f"to fail the check: [tool.hdb.migrations] gate, {codes}"
    assert "looks_at" not in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["jwt-unpined"], "'jwt-unpined' is no rule; did you mean 'jwt-unpinned'?"),
        (["multiple-head"], "'multiple-head' is no rule; did you mean 'multiple-heads'?"),
        (["zzz"], "'zzz' is no rule; `hdb rules` lists them"),
        (["--all"], "--all and --rule go with --check"),
        (["--check", "--rule", "zzz"], "'zzz' is no rule; `hdb rules` lists them"),
        (
            ["--check", "--rule", "cycle"],
            "'heads' is reported by `hdb verify`, in its step migrations, as multiple-heads, cycle",
        ),
        (
            ["--check", "jwt-unpinned", "."],
            "asks about all files of it; --rule jwt-unpinned asks one rule.\n",
        ),
        (
            ["--check", ".", "app"],
            "`hdb rules --check` takes a project's folder, and asks about all files of it.\n",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(write(tmp_path))
    assert main(["rules", *words]) == 2
    assert said in capsys.readouterr().err


def test_check_asks_about_all_files_and_advice_fails_nothing(
    tmp_path: Path, capsys: Captured
) -> None:
    assert main(["rules", "--check", str(write(tmp_path, source=TWICE))]) == 0
    message = "decodes a token without `algorithms`: pass the one that you sign with"
    assert capsys.readouterr().out.splitlines() == [
        "app.py",
        "     3:10  jwt-unpinned",
        f"           {message}",
        "      4:8  jwt-unpinned",
        f"           {message}",
        "",
        "2 findings, none gated, in 1 file: jwt-unpinned 2",
        "`hdb rules jwt-unpinned` explains jwt-unpinned",
    ]
    assert answer(capsys, "--check", str(tmp_path))["findings"][0] == {
        "rule": "jwt-unpinned", "file": "app.py", "line": 3, "column": 10, "message": message
    }  # fmt: skip


def test_check_asks_what_it_is_told_to(tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path)

    def found(*words: str) -> set[str]:
        told = answer(capsys, "--check", str(tmp_path), *words)
        return {one["rule"] for one in told.get("findings", ())}

    assert found() == {"jwt-unpinned"}
    assert found("--all") == {"jwt-unpinned", "a-note"}
    assert found("--rule", "a-note") == {"a-note"}
    assert found("--rule", "a-note", "--rule", "jwt-unpinned") == {"jwt-unpinned", "a-note"}


def test_check_ends_with_1_where_a_gate_is_hit(tmp_path: Path, capsys: Captured) -> None:
    root = write(tmp_path, "[tool.hdb.rules]\ngate = ['jwt-unpinned']\n")
    assert main(["rules", "--check", str(root)]) == 1
    shown = capsys.readouterr().out
    assert "     3:10  jwt-unpinned  gated\n" in shown
    assert "failed: 1 finding, 1 gated, in 1 file: jwt-unpinned 1\n" in shown


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        (
            "gate = ['jwt-unpinned']",
            "def f(:\n",
            "not parsed, so not checked: app.py (line 1: invalid syntax)",
        ),
        ("gate = ['zzz']", OPEN, "gate names 'zzz', which is no rule"),
    ],
    ids=["broken file", "mistaken setting"],
)
def test_check_ends_with_3_where_a_gate_could_not_be_asked(
    text: str, source: str, said: str, tmp_path: Path, capsys: Captured
) -> None:
    root = write(tmp_path, f"[tool.hdb.rules]\n{text}\n", source)
    assert main(["rules", "--check", str(root)]) == 3
    shown = capsys.readouterr().out
    assert said in shown
    assert "incomplete: " in shown


def test_check_says_which_files_it_could_not_read(tmp_path: Path, capsys: Captured) -> None:
    assert main(["rules", "--check", str(write(tmp_path, source="def f(:\n"))]) == 0
    assert capsys.readouterr().out == (
        "not parsed, so not checked: app.py (line 1: invalid syntax)\n"
        "passed: nothing found in 0 files\n"
    )


HEADS = {
    "a comment": "# Code generated by protoc-gen. DO NOT EDIT.\n",
    "a docstring": '"""\n    Pets API\n\n    Do not edit the class manually.\n"""\n',
    "a mark": "# @generated\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_files_that_a_tool_wrote_are_not_asked_about(
    head: str, tmp_path: Path, capsys: Captured
) -> None:
    found = answer(capsys, "--check", str(write(tmp_path, source=head + OPEN)))
    assert found["summary"] == "nothing found in 0 files (1 generated or excluded not asked about)"


@pytest.mark.parametrize(
    "head",
    [
        '"""Tokens."""\n',
        '"""Reads tokens that are generated by the identity service."""\n',
        "# Do not modify the claims that this returns; ids are autogenerated.\n",
    ],
)
def test_a_file_that_speaks_of_generated_things_is_asked_about(
    head: str, tmp_path: Path, capsys: Captured
) -> None:
    source = head + OPEN + 'said = "generated by us, do not edit"\n'
    found = answer(capsys, "--check", str(write(tmp_path, source=source)))
    assert len(found["findings"]) == 1


@pytest.mark.parametrize("pattern", ["app.py", "*.py", "./app.py"])
def test_files_that_the_projects_ruff_excludes_are_not_asked_about(
    pattern: str, tmp_path: Path, capsys: Captured
) -> None:
    table = f"[tool.ruff]\nextend-exclude = ['{pattern}']\n"
    assert "findings" not in answer(capsys, "--check", str(write(tmp_path, table)))


def test_a_folder_that_is_excluded_is_excluded_whole(tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path, "[tool.ruff]\nexclude = ['vendored']\n")
    commit(tmp_path, {"lib/vendored/deep/one.py": OPEN, "lib/vendored_too.py": OPEN})
    found = answer(capsys, "--check", str(tmp_path))
    assert {one["file"] for one in found["findings"]} == {"app.py", "lib/vendored_too.py"}


def test_a_fault_of_hdbs_own_is_no_pass(
    tmp_path: Path, capsys: Captured, known: dict[str, Rule]
) -> None:
    def broken(_: object) -> list[Hit]:
        raise RecursionError

    fields = {one: getattr(known["a-note"], one) for one in Rule.__slots__}
    known["broken"] = Rule(**{**fields, "name": "broken", "severity": "warning", "check": broken})
    assert main(["rules", "--check", str(write(tmp_path))]) == 3
    assert "a fault of hdb's own" in capsys.readouterr().out


def test_check_names_the_project_where_a_part_of_it_was_named(
    tmp_path: Path, capsys: Captured
) -> None:
    commit(write(tmp_path), {"app/a.py": OPEN})
    assert main(["rules", "--check", str(tmp_path / "app")]) == 2
    said = capsys.readouterr().err
    assert "takes a project's folder, and asks about all files of it" in said
    assert said.endswith(f"`hdb rules --check {tmp_path}`.\n")


def test_the_rules_are_told_where_there_is_no_project(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["rules"]) == 0
    assert capsys.readouterr().out.startswith("jwt-unpinned ")
    assert main(["rules", "jwt-unpinned"]) == 0
    assert capsys.readouterr().out.startswith("jwt-unpinned")
    # Who names a folder wants to know what is done there.
    assert main(["rules", "jwt-unpinned", str(tmp_path)]) == 2
    assert "holds no Python project" in capsys.readouterr().err


@pytest.mark.parametrize(
    "stated",
    [
        f"requires-python = '>={sys.version_info[0]}.{sys.version_info[1] + 1}'\n",
        "requires-python = '>=3.11'\n[tool.ruff]\ntarget-version = 'py399'\n",
    ],
    ids=["requires", "target"],
)
def test_a_project_of_a_newer_python_is_not_called_mistaken(
    stated: str, tmp_path: Path, capsys: Captured
) -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = answer(capsys, "--check", str(write(tmp_path, stated, source="def f(:\n")))
    (remark,) = found["remarks"]
    assert remark == (
        "not parsed, so not checked: app.py (line 1: newer syntax than the Python "
        f"{here} that runs hdb, or a mistake: invalid syntax)"
    )


def test_comments_are_read_in_any_case_and_told_where_the_settings_say_it_already(
    tmp_path: Path, capsys: Captured
) -> None:
    silenced = OPEN.rstrip() + "  # HDB: ignore[jwt-unpinned]\n"
    root = write(tmp_path, source=silenced)
    assert answer(capsys, "--check", str(root))["summary"] == "nothing found in 1 file"
    write(root, "[tool.hdb.rules]\nignore = ['jwt-unpinned']\n", source=silenced)
    commit(root, {"pyproject.toml": HEAD + "[tool.hdb.rules]\nignore = ['jwt-unpinned']\n"})
    found = answer(capsys, "--check", str(root), "--all")
    assert found["remarks"] == ["`# hdb: ignore` silences nothing: app.py:3 jwt-unpinned"]
