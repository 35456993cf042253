"""Uses of what comes from foreign objects, and of fields by keywords and texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.code_map import map_change

MODELS = (
    "from dataclasses import dataclass\n"
    "@dataclass\n"
    "class Board:\n"
    "    gateway_id: int\n"
    "    def size(self): ...\n"
)
PROJECT = '[project]\nname = "p"\nversion = "1"\n'
ASKED = "from sqlalchemy.ext.asyncio import AsyncSession\n"


def project(root: Path, use: str) -> Path:
    (root / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (root / "models.py").write_text(MODELS, encoding="utf-8")
    (root / "use.py").write_text(use, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "text",
    [
        f"{ASKED}async def use(session: AsyncSession):\n    (await session.get(1)).size()\n",
        f"{ASKED}async def use(s: AsyncSession):\n    b = await s.get(1)\n    b.size()\n",
        f"{ASKED}class A:\n    s: AsyncSession\n    def use(self):\n        self.s.get(1).size()\n",
        "def use(boards: list):\n    boards[0].size()\n",
        "def use(boards: dict[int, object]):\n    boards.get(3).size()\n",
        "def use(boards: list):\n    next(iter(boards)).size()\n",
        "import lib\ndef use():\n    lib.find(1).size()\n",
        "def found() -> list[object]: ...\ndef use():\n    found()[0].size()\n",
    ],
)
def test_what_a_foreign_object_gives_may_be_the_projects(tmp_path: Path, text: str) -> None:
    (symbol,) = map_change(project(tmp_path, text), ["Board.size"]).symbols
    assert [one.rpartition(" ")[2].rpartition(".")[2] for one in symbol.possible] == ["use"]


@pytest.mark.parametrize(
    "text",
    [
        "from pathlib import Path\ndef use():\n    Path('.').size()\n",
        "import lib\ndef use(one: lib.Thing):\n    one.size()\n",
        "def use():\n    str(1).size()\n",
    ],
)
def test_what_a_foreign_class_makes_is_foreign(tmp_path: Path, text: str) -> None:
    (symbol,) = map_change(project(tmp_path, text), ["Board.size"]).symbols
    assert (symbol.callers, symbol.possible) == ((), ())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("def use():\n    return Board(gateway_id=1)\n", "callers"),
        ("def use(b: Board):\n    return getattr(b, 'gateway_id')\n", "callers"),
        ("def use(b: Board):\n    setattr(b, 'gateway_id', 1)\n", "callers"),
        ("def use(x):\n    match x:\n        case Board(gateway_id=1): ...\n", "callers"),
        ("def use(x):\n    match x:\n        case Board() as b: b.gateway_id\n", "callers"),
        ("import typing\ndef use(x):\n    b = typing.cast(Board, x)\n    b.gateway_id", "callers"),
        ("def use(x):\n    return x.filter_by(gateway_id=1)\n", "possible"),
        ("import dataclasses\ndef use(b):\n    dataclasses.replace(b, gateway_id=1)", "possible"),
        ("def make(**given): ...\ndef use():\n    make(gateway_id=1)\n", "possible"),
    ],
)  # fmt: skip
def test_a_field_is_also_used_by_its_name_alone(tmp_path: Path, text: str, kind: str) -> None:
    root = project(tmp_path, f"from models import Board\n{text}")
    (symbol,) = map_change(root, ["Board.gateway_id"]).symbols
    found = {"callers": symbol.callers, "possible": symbol.possible}
    used = {key: [one.rpartition(" ")[2] for one in value] for key, value in found.items() if value}
    assert used == {kind: ["use"]}


@pytest.mark.parametrize(
    "text",
    [
        "class Other:\n    gateway_id: int\ndef use():\n    return Other(gateway_id=1)\n",
        "def make(gateway_id): ...\ndef use():\n    make(gateway_id=1)\n",
        "import lib\ndef use():\n    lib.column(gateway_id=1)\n",
    ],
)
def test_a_keyword_of_something_else_is_no_field(tmp_path: Path, text: str) -> None:
    root = project(tmp_path, f"from models import Board\n{text}")
    (symbol,) = map_change(root, ["models.py::Board.gateway_id"]).symbols
    assert (symbol.callers, symbol.possible) == ((), ())


def test_texts_that_may_mean_a_field_are_counted(tmp_path: Path) -> None:
    root = project(tmp_path, "def use(row):\n    return row['gateway_id']\n")
    told = "texts that may mean a field: gateway_id in 1 file (use.py:2)"
    assert map_change(root, ["Board.gateway_id"]).unseen == (told,)
    assert map_change(root, ["Board.size"]).unseen == ()


def test_a_name_that_is_too_widespread_is_said(tmp_path: Path) -> None:
    root = project(tmp_path, "def use(b):\n    b.size()\n")
    for number in range(60):
        (root / f"m{number}.py").write_text("size = 1\n", encoding="utf-8")
    told = "too widespread to be looked for by name alone: size (62 files)"
    assert map_change(root, ["Board.size"]).unseen == (told,)
