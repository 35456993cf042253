"""Comments that silence a finding: where they may stand, and which of them do nothing."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.advice import asking
from mcp_server.advice.asking import Answer, Question, ask
from mcp_server.advice.silencing import comments
from mcp_server.conventions import read_conventions
from mcp_server.rules import rules
from mcp_server.semantic import read_program
from tests.rules.cases import write

JWT = "jwt-unpinned"
HEAD = "import jwt\n"
SILENT = {
    "on the line": "claims = jwt.decode(t, K)  # hdb: ignore[jwt-unpinned]",
    "among others": "claims = jwt.decode(t, K)  # noqa: X1  # hdb: ignore[other, jwt-unpinned]",
    "on the first line": """
        claims = dict(  # hdb: ignore[jwt-unpinned]
            one=1,
            two=jwt.decode(t, K),
        )
    """,
    "on the last line": """
        claims = dict(
            two=jwt.decode(t, K),
            one=1,
        )  # hdb: ignore[jwt-unpinned]
    """,
    "on the finding's last line": """
        claims = dict(
            two=jwt.decode(
                t, K
            ),  # hdb: ignore[jwt-unpinned]
            one=1,
        )
    """,
    "on the head of a block": """
        if jwt.decode(
            t, K
        ):  # hdb: ignore[jwt-unpinned]
            pass
    """,
    "on a def line, for its default": """
        def f(
            one,
            claims=jwt.decode(t, K),
        ) -> None:  # hdb: ignore[jwt-unpinned]
            pass
    """,
    "on a decorator": """
        @register  # hdb: ignore[jwt-unpinned]
        def f(claims=jwt.decode(t, K)):
            pass
    """,
    "in a case": """
        match t:
            case 1 if jwt.decode(t, K):  # hdb: ignore[jwt-unpinned]
                pass
    """,
    "noqa of the same": "claims = jwt.decode(t, K)  # noqa: S999",
    "noqa of several": "claims = jwt.decode(t, K)  # NOQA: E501, S999",
    "bare noqa": "claims = jwt.decode(t, K)  # noqa",
    "ruff's own": "claims = jwt.decode(t, K)  # ruff: ignore[S999]",
    "the whole file": "# ruff: noqa: S999\nclaims = jwt.decode(t, K)",
    "newer syntax before it": """
        try:
            pass
        except ValueError, TypeError:
            pass
        claims = jwt.decode(t, K)  # hdb: ignore[jwt-unpinned]
    """,
}
TOLD = {
    "another rule": "claims = jwt.decode(t, K)  # hdb: ignore[retry-forever]",
    "in a text": 'claims = jwt.decode(t, "# hdb: ignore[jwt-unpinned]")',
    "noqa of something else": "claims = jwt.decode(t, K)  # noqa: E501",
    "inside of the block": """
        if jwt.decode(t, K):
            pass  # hdb: ignore[jwt-unpinned]
    """,
    "at the end of a function": """
        def f(claims=jwt.decode(t, K)):
            x = 1
            return x  # hdb: ignore[jwt-unpinned]
    """,
    "on the line above": "# hdb: ignore[jwt-unpinned]\nclaims = jwt.decode(t, K)",
}


@pytest.fixture(autouse=True)
def with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the rule have a linter's code that says the same."""
    known = {**rules(), JWT: replace(rules()[JWT], same_as=("S999",))}
    monkeypatch.setattr(asking, "rules", lambda: known)


def answer(root: Path, text: str) -> Answer:
    files = write(root, HEAD + textwrap.dedent(text))
    program = read_program(read_conventions(root))
    return ask(program, Question(settings={}, advised=files.keys()))


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_is_silenced(text: str, tmp_path: Path) -> None:
    found = answer(tmp_path, text)
    assert (found.advised, found.files) == ([], 1)


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD)
def test_is_told(text: str, tmp_path: Path) -> None:
    assert [one.code for one in answer(tmp_path, text).advised] == [JWT]


def test_bare_noqa_says_nothing_of_a_rule_that_no_linter_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "rules", rules)
    assert answer(tmp_path, "claims = jwt.decode(t, K)  # noqa").advised


@pytest.mark.parametrize(
    "text",
    [
        'x = f"{", ".join(["#", f"{"b"}"])}"\ny = 1  # hdb: ignore[a]\n',
        "def f(:\n    x = (1\ny = 1  # hdb: ignore[a]\n",
        "x = 1\n  y = 2\nz = 1  # hdb: ignore[a]\n",
        'x = """\ny = 1  # hdb: ignore[a]\n',
    ],
    ids=["nested quotes", "open bracket", "indentation", "open text"],
)
def test_comments_are_found_in_whatever_cannot_be_taken_apart(text: str) -> None:
    assert any("hdb: ignore[a]" in one for _, one in comments(text.encode()))


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("ignore[jwt-unpinned]", "`# hdb: ignore` silences nothing: app/main.py:2 jwt-unpinned"),
        (
            "ignore[jwt-unpined]",
            "app/main.py:2 ignores 'jwt-unpined', which is no rule; did you mean 'jwt-unpinned'?",
        ),
        ("ignore[zzz]", "app/main.py:2 ignores 'zzz', which is no rule"),
        ("ignore", "app/main.py:2: write `# hdb: ignore[NAME]`, with a rule's name"),
        ("ignore[]", "app/main.py:2: write `# hdb: ignore[NAME]`, with a rule's name"),
    ],
)
def test_a_comment_that_does_nothing_is_told(comment: str, said: str, tmp_path: Path) -> None:
    assert answer(tmp_path, f"claims = 1  # hdb: {comment}\n").remarks == [said]


def test_a_comment_for_a_rule_that_was_not_asked_is_not_called_unused(tmp_path: Path) -> None:
    text = "import jwt\nclaims = 1  # hdb: ignore[jwt-unpinned]\n"
    found = answer(tmp_path, f"# file: tests/test_it.py\n{text}")
    assert found.remarks == []
