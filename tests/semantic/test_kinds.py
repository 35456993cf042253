"""Of which classes values are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.semantic import kind
from tests.semantic.asked import asked, module, named

REDIS = "from redis.asyncio import Redis\n"
SESSION = "from sqlalchemy.ext.asyncio import AsyncSession\n"
TYPED = {
    "plain": "def f(x: Redis): ask(x)",
    "optional": "from typing import Optional\ndef f(x: Optional[Redis]): ask(x)",
    "union": "def f(x: None | Redis): ask(x)",
    "old union": "from typing import Union\ndef f(x: Union[None, Redis]): ask(x)",
    "quoted": "def f(x: 'Redis | None'): ask(x)",
    "quoted inside": "from typing import Optional\ndef f(x: Optional['Redis']): ask(x)",
    "annotated": "from typing import Annotated\ndef f(x: Annotated[Redis, 1]): ask(x)",
    "alias": "from typing import Annotated\nR = Annotated[Redis, 1]\ndef f(x: R): ask(x)",
    "type alias": "from typing import TypeAlias\nR: TypeAlias = 'Redis'\ndef f(x: R): ask(x)",
    "type statement": "type R = Redis\ndef f(x: R): ask(x)",
    "generic": "def f(x: Redis[bytes]): ask(x)",
    "bound": "from typing import TypeVar\nT = TypeVar('T', bound=Redis)\ndef f(x: T): ask(x)",
    "an alias elsewhere": "from app.types import R\ndef f(x: R): ask(x)\n"
    "# file: app/types.py\nfrom redis.asyncio import Redis as R",
    "variable": "x: Redis\nask(x)",
    "made": "x = Redis()\nask(x)",
    "constructor": "x = Redis.from_url('')\nask(x)",
    "factory": "from redis.asyncio import from_url\nx = from_url('')\nask(x)",
    "awaited": "async def f():\n    x = await Redis()\n    ask(x)",
    "with": "async def f():\n    async with Redis() as x:\n        ask(x)",
    "walrus": "if (x := Redis()):\n    ask(x)",
    "either": "x = Redis() if A else None\nask(x)",
    "or": "def f(y=None):\n    x = y or Redis()\n    ask(x)",
    "default": "def f(x=Redis()): ask(x)",
    "own factory": "def make(): return Redis()\nx = make()\nask(x)",
    "said factory": "def make() -> 'Redis': ...\nx = make()\nask(x)",
    "factory elsewhere": "from app.made import make\nask(make())\n# file: app/made.py\n"
    "from redis.asyncio import Redis\nasync def make(): return Redis()",
    "value elsewhere": "from app import made\nask(made.client)\n# file: app/made.py\n"
    "from redis.asyncio import Redis\nclient: Redis | None = None",
    "filled later": "x = None\ndef start():\n    global x\n    x = Redis()\ndef f(): ask(x)",
    "self": "class A:\n    def __init__(self, x: Redis):\n        self.x = x\n"
    "    def f(self): ask(self.x)",
    "self said": "class A:\n    def __init__(self):\n        self.x: Redis | None = None\n"
    "    def f(self): ask(self.x)",
    "class level": "class A:\n    x: Redis\n    def f(self): ask(self.x)",
    "class level, later": "class A:\n    x = None\n    def g(self): self.x = Redis()\n"
    "    def f(self): ask(self.x)",
    "inherited": "from app.base import Base\nclass A(Base):\n    def f(self): ask(self.x)\n"
    "# file: app/base.py\nfrom redis.asyncio import Redis\n"
    "class Base:\n    def __init__(self): self.x = Redis()",
    "property": "class A:\n    @property\n    def x(self): return Redis()\nask(A().x)",
    "cached": "from functools import cached_property\nclass A:\n    @cached_property\n"
    "    def x(self) -> Redis: ...\ndef f(a: A): ask(a.x)",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: Redis\n"
    "def f(a: A): ask(a.x)",
    "named tuple": "from typing import NamedTuple\nclass A(NamedTuple):\n    x: Redis\n"
    "def f(a: A): ask(a.x)",
    "depends": "from fastapi import Depends\ndef get(): return Redis()\n"
    "def f(x=Depends(get)): ask(x)",
    "depends, yielding": "from fastapi import Depends\nasync def get():\n    yield Redis()\n"
    "def f(x=Depends(get)): ask(x)",
    "depends, annotated": "from typing import Annotated, Any\nfrom fastapi import Depends\n"
    "def get() -> Redis: ...\ndef f(x: Annotated[Any, Depends(get)]): ask(x)",
    "context manager": "from contextlib import asynccontextmanager\n@asynccontextmanager\n"
    "async def opened():\n    async with Redis() as r:\n        yield r\n"
    "async def f():\n    async with opened() as x:\n        ask(x)",
    "iterator": "from collections.abc import AsyncIterator\n"
    "async def opened() -> AsyncIterator[Redis]: ...\n"
    "async def f():\n    async for x in opened():\n        ask(x)",
    "own context manager": "class A:\n    async def __aenter__(self) -> Redis: ...\n"
    "async def f():\n    async with A() as x:\n        ask(x)",
    "list": "def f(all: list[Redis]):\n    for x in all:\n        ask(x)",
    "dict": "def f(all: dict[str, Redis]): ask(all['a'])",
    "comprehension": "def f(all: list[Redis]): [ask(x) for x in all]",
    "Self": "from typing import Self\nclass A(Redis):\n    x: Redis\n"
    "    def g(self) -> Self: ...\ndef f(a: A): ask(a.g().x)",
    "cls": "class A:\n    x = Redis()\n    @classmethod\n    def f(cls): ask(cls.x)",
    "type": "def f(make: type[Redis]): ask(make())",
    "callable": "from collections.abc import Callable\n"
    "def f(make: Callable[[], Redis]): ask(make())",
    "called object": "class Make:\n    def __call__(self) -> Redis: ...\nask(Make()())",
    "rebound": "def f(x: str):\n    x = Redis()\n    ask(x)",
    "perhaps rebound": "def f(x=None):\n    if x is None:\n        x = Redis()\n    ask(x)",
    "entered later": "from contextlib import AsyncExitStack\nasync def f():\n"
    "    async with AsyncExitStack() as stack:\n"
    "        x = await stack.enter_async_context(Redis())\n        ask(x)",
    "kept by name": "class A:\n    def make(self): return Redis()\n"
    "    def __init__(self): self.x = self.make()\n    def f(self): ask(self.x)",
}
NONE = {
    "rebound to what it gives": "def f(x: Redis):\n    y = Redis()\n    y = y.get('a')\n    ask(y)",
    "rebound to anything": "x = Redis()\nx = make(x)\nask(x)",
    "a class is no value": "ask(Redis)",
    "a parameter of that name": "x = Redis()\ndef f(x): ask(x)",
    "any": "from typing import Any\ndef f(x: Any): ask(x)",
    "nothing": "x = None\nask(x)",
    "itself": "x = x\nask(x)",
    "each other": "def a(): return b()\ndef b(): return a()\nask(a())",
}
OTHER = {
    "what a foreign thing holds": (
        "from pymongo import MongoClient\nask(MongoClient()['shop']['orders'])",
        "pymongo.Collection",
    ),
    "session": (
        (
            "from sqlalchemy.ext.asyncio import async_sessionmaker\nMake = async_sessionmaker()\n"
            "async def f():\n    async with Make() as x:\n        ask(x)"
        ),
        "sqlalchemy.ext.asyncio.AsyncSession",
    ),
    "old session": (
        (
            f"{SESSION}from sqlalchemy.orm import sessionmaker\n"
            "Make = sessionmaker(class_=AsyncSession)\nask(Make())"
        ),
        "sqlalchemy.ext.asyncio.AsyncSession",
    ),
    "session, transaction": (
        (
            "from sqlalchemy.orm import sessionmaker\nMake = sessionmaker()\n"
            "def f():\n    with Make() as x:\n        ask(x)"
        ),
        "sqlalchemy.orm.Session",
    ),
    "caught": (
        "def f():\n    try: ...\n    except OSError as x:\n        ask(x)",
        "builtins.OSError",
    ),
    "text": ("x = f'{1}'\nask(x)", "builtins.str"),
    "cls": (
        "class A:\n    @classmethod\n    def f(cls):\n        x = cls()\n        ask(x)",
        ":app/main.py:A",
    ),
    "own": ("class A: ...\nx = A()\nask(x)", ":app/main.py:A"),
    "self alone": ("class A:\n    def f(self): ask(self)", ":app/main.py:A"),
    "no self": ("class A:\n    @staticmethod\n    def f(x): ask(x)", None),
}


@pytest.mark.parametrize("text", TYPED.values(), ids=TYPED)
def test_tells_the_class_of_a_value(text: str, tmp_path: Path) -> None:
    found = module(tmp_path, REDIS + text)
    (one,) = asked(found)
    assert named(kind(found, one)) == "redis.asyncio.Redis"


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_says_nothing_where_nothing_is_known(text: str, tmp_path: Path) -> None:
    found = module(tmp_path, REDIS + text)
    (one,) = asked(found)
    assert kind(found, one) is None


@pytest.mark.parametrize(("text", "wanted"), OTHER.values(), ids=OTHER)
def test_tells_other_classes(text: str, wanted: str | None, tmp_path: Path) -> None:
    found = module(tmp_path, text)
    (one,) = asked(found)
    assert named(kind(found, one)) == wanted
