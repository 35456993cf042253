"""Which exceptions handlers catch."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.semantic import caught
from tests.semantic.asked import module

CASES = {
    "bare": ("except:", ["builtins.BaseException"]),
    "one": ("except OSError:", ["builtins.OSError"]),
    "several": ("except (OSError, httpx.HTTPError):", ["builtins.OSError", "httpx.HTTPError"]),
    "by name": ("except ANY:", ["builtins.OSError", "httpx.TimeoutException"]),
    "elsewhere": ("except errors.ANY:", ["redis.ConnectionError", "builtins.Exception"]),
    "joined": (
        "except (ValueError, *ANY):",
        ["builtins.ValueError", "builtins.OSError", "httpx.TimeoutException"],
    ),
    "nobody knows": ("except (OSError, make()):", ["builtins.OSError"]),
}
TEXT = """
import httpx
from app import errors
ANY = (OSError, httpx.TimeoutException)
try: ...
{} ...
# file: app/errors.py
import redis
ANY = (redis.exceptions.ConnectionError, Exception)
"""


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_tells_what_a_handler_catches(text: str, wanted: list[str], tmp_path: Path) -> None:
    found = module(tmp_path, TEXT.format(text))
    (handler,) = found.nodes(ast.ExceptHandler)
    assert [one.dotted for one in caught(found, handler)] == wanted
