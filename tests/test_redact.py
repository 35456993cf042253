"""Credentials are masked, and what only looks like one is left alone."""

from __future__ import annotations

import pytest

from mcp_server.redact import redact, secrets

SECRET = {
    "postgresql://app:hunter22@db/x": "postgresql://app:***@db/x",
    "redis://:hunter22@cache": "redis://:***@cache",
    "Authorization: Bearer abcdefghijkl.mnop": "Authorization: Bearer ***",
    "key sk-abcdefghijklmnop1234": "key ***",
    "ghp_ABCDEFGHIJKLMNOPQRSTUV": "***",
    "AKIAABCDEFGHIJKLMNOP": "***",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl": "***",
}
ORDINARY = [
    "https://example.org/a@b",
    "http://localhost:8000/path",
    "git@github.com:owner/name.git",
    "bearer of news",
    "tests/test_a.py::test_b[sk-1]",
    "assert 'a' == 'b'",
]


@pytest.mark.parametrize(("text", "masked"), SECRET.items())
def test_a_credential_is_masked(text: str, masked: str) -> None:
    assert redact(text) == masked


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_the_value_of_a_secret_variable_is_masked_wherever_it_appears() -> None:
    values = secrets({"DB_PASSWORD": "correct-horse", "HOME": "/home/someone", "API_KEY": "short"})
    assert (
        redact("got correct-horse in /home/someone, short", values)
        == "got *** in /home/someone, short"
    )
