"""Projects whose SQLAlchemy may come without greenlet."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.missing_greenlet import RULE
from tests.rules.cases import hits

IMPORT = "from sqlalchemy.ext.asyncio import AsyncSession  # hit\n"
HIT = f"{IMPORT}# file: pyproject.toml\n{{}}"
CLEAN_IMPORT = "from sqlalchemy.ext.asyncio import AsyncSession\n# file: pyproject.toml\n{}"
PROJECT = '[project]\nname = "app"\nversion = "1"\ndependencies = [{}]\n'
POETRY = '[tool.poetry]\nname = "app"\n[tool.poetry.dependencies]\npython = "^3.12"\n{}\n'
LOCK = '# file: uv.lock\n[[package]]\nname = "sqlalchemy"\nversion = "{}"\n'
GREENLET = '[[package]]\nname = "greenlet"\nversion = "3.5.5"\n'
OPEN = PROJECT.format('"sqlalchemy>=2.0"')
MANY = "".join(f"p{one}==1.0\n" for one in range(20))

HITS = {
    "open": HIT.format(OPEN),
    "no bound at all": HIT.format(PROJECT.format('"SQLAlchemy", "asyncpg"')),
    "poetry": HIT.format(POETRY.format('sqlalchemy = "^2.0.30"')),
    "poetry, with other extras": HIT.format(
        POETRY.format('sqlalchemy = {version = ">=2.0", extras = ["mypy"]}')
    ),
    "requirements": f"{IMPORT}# file: requirements.txt\nasyncpg\nsqlalchemy>=2.1  # the database\n",
    "locked": HIT.format(OPEN + LOCK.format("2.1.3")),
    "compiled": f"{IMPORT}# file: requirements.txt\n{MANY}sqlalchemy==2.1.9\n",
    "a group that covers it": HIT.format(
        OPEN + '[tool.coverage.run]\nconcurrency = ["thread", "greenlet"]\n'
    ),
    "in a function": "def f():\n    import sqlalchemy.ext.asyncio as a  # hit\n"
    "# file: pyproject.toml\n" + OPEN,
    "under another name": "from sqlalchemy.ext import asyncio as s  # hit\n"
    "# file: pyproject.toml\n" + OPEN,
    "sqlmodel's": "from sqlmodel.ext.asyncio.session import AsyncSession  # hit\n"
    "# file: pyproject.toml\n" + OPEN,
    "once": f"{IMPORT}# file: app/two.py\nimport sqlalchemy.ext.asyncio\n# file: pyproject.toml\n"
    + OPEN,
}
CLEAN = {
    "the extra": CLEAN_IMPORT.format(PROJECT.format('"sqlalchemy[asyncio]>=2.1"')),
    "the driver's extra": CLEAN_IMPORT.format(
        PROJECT.format('"sqlalchemy[postgresql-asyncpg]>=2.1"')
    ),
    "greenlet itself": CLEAN_IMPORT.format(PROJECT.format('"sqlalchemy>=2.1", "greenlet>=3"')),
    "poetry's extra": CLEAN_IMPORT.format(
        POETRY.format('SQLAlchemy = {version = "^2.1", extras = ["asyncio"]}')
    ),
    "poetry's tilde": CLEAN_IMPORT.format(POETRY.format('sqlalchemy = "~2.0.30"')),
    "below 2.1": CLEAN_IMPORT.format(PROJECT.format('"sqlalchemy>=2.0,<2.1"')),
    "pinned": CLEAN_IMPORT.format(PROJECT.format('"sqlalchemy==2.0.46"')),
    "compatible": CLEAN_IMPORT.format(PROJECT.format('"sqlalchemy~=2.0.46"')),
    "locked below": CLEAN_IMPORT.format(OPEN + LOCK.format("2.0.46")),
    "locked with it": CLEAN_IMPORT.format(OPEN + LOCK.format("2.1.3") + GREENLET),
    "compiled with it": "from sqlalchemy.ext.asyncio import AsyncSession\n"
    f"# file: requirements.txt\n{MANY}greenlet==3.5.0\nsqlalchemy==2.1.9\n",
    "what brings it": CLEAN_IMPORT.format(PROJECT.format('"sqlalchemy>=2.1", "advanced-alchemy"')),
    "not declared": CLEAN_IMPORT.format(PROJECT.format('"fastapi"')),
    "sync": "from sqlalchemy.orm import Session\n# file: pyproject.toml\n" + OPEN,
    "for annotations": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
    "    from sqlalchemy.ext.asyncio import AsyncSession\n# file: pyproject.toml\n" + OPEN,
    "broken": CLEAN_IMPORT.format("[project\n"),
    "the project's own": "from app.sqlalchemy.ext.asyncio import A\n"
    "# file: app/sqlalchemy/ext/asyncio.py\nclass A: ...\n# file: pyproject.toml\n" + OPEN,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [RULE.right, *CLEAN.values()], ids=["right", *CLEAN])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_example(tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, RULE.wrong)
    assert found == {"app/main.py:1"}
