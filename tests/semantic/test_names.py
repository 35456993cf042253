"""What names mean, however they were imported, passed on and hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.semantic import ref
from tests.semantic.asked import asked, module, named

CASES = {
    "import": ("import jwt\nask(jwt.decode)", "jwt.decode"),
    "import as": ("import jwt as tokens\nask(tokens.decode)", "jwt.decode"),
    "dotted": ("import redis.asyncio\nask(redis.asyncio.Redis)", "redis.asyncio.Redis"),
    "dotted as": (
        "import redis.asyncio as r\nask(r.Redis.from_url)",
        "redis.asyncio.Redis.from_url",
    ),
    "from": ("from jwt import decode\nask(decode)", "jwt.decode"),
    "from as": ("from redis import asyncio as r\nask(r.Redis)", "redis.asyncio.Redis"),
    "one name for one thing": (
        "from fastapi.responses import JSONResponse\nask(JSONResponse)",
        "starlette.responses.JSONResponse",
    ),
    "a foreign star": ("from jwt import *\nask(decode)", "jwt.decode"),
    "a star hides no builtin": ("from jwt import *\nask(open)", "builtins.open"),
    "builtin": ("ask(open)", "builtins.open"),
    "nowhere": ("ask(nothing)", None),
    "in a function": ("def f():\n    import jwt\n    ask(jwt.decode)", "jwt.decode"),
    "for type checkers": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import jwt\nask(jwt.decode)",
        "jwt.decode",
    ),
    "the usual one of two": (
        "try:\n    import orjson as json\nexcept ImportError:\n    import json\nask(json.loads)",
        "orjson.loads",
    ),
    "or nothing": (
        "try:\n    import jwt\nexcept ImportError:\n    jwt = None\ndef f():\n    ask(jwt.decode)",
        "jwt.decode",
    ),
    "first nothing": ("jwt = None\ntry:\n    import jwt\nfinally:\n    pass\nask(jwt.x)", "jwt.x"),
    "in the substitute itself": (
        "try:\n    import orjson as j\nexcept ImportError:\n    import json as j\n    ask(j.x)",
        "json.x",
    ),
    "alias": ("import jwt\nread = jwt.decode\nopen_it = read\nask(open_it)", "jwt.decode"),
    "module alias": ("import jwt\nlib = jwt\nask(lib.decode)", "jwt.decode"),
    "walrus": ("import jwt\nif (lib := jwt):\n    ask(lib.decode)", "jwt.decode"),
    "partial": (
        "import functools, jwt\nread = functools.partial(jwt.decode, key=1)\nask(read)",
        "jwt.decode",
    ),
    "cast": (
        "import jwt\nfrom typing import cast\nd = cast('A', jwt.decode)\nask(d)",
        "jwt.decode",
    ),
    "tuple": ("import jwt\na, b = jwt.encode, jwt.decode\nask(b)", "jwt.decode"),
    "global": (
        "def load():\n    global lib\n    import jwt as lib\ndef f():\n    ask(lib.decode)",
        "jwt.decode",
    ),
    "nonlocal": (
        (
            "def f():\n    lib = None\n    def g():\n        nonlocal lib\n"
            "        import jwt as lib\n"
            "    def h():\n        ask(lib.decode)"
        ),
        "jwt.decode",
    ),
    "a class's names are its own": (
        "import jwt\nclass A:\n    jwt = 1\n    def f(self):\n        ask(jwt.decode)",
        "jwt.decode",
    ),
    "a later one": ("import a as x\nask(x.f)\nimport b as x", "a.f"),
    "the last before": ("import a as x\nimport b as x\nask(x.f)", "b.f"),
    "its own branch": (
        "if A:\n    import a as x\nelse:\n    import b as x\n    ask(x.f)",
        "b.f",
    ),
    "a decorator's scope": (
        "import jwt\n@ask(jwt.decode)\ndef f(jwt):\n    pass",
        "jwt.decode",
    ),
    "a comprehension's first iterable": ("import x\n[1 for x in ask(x.f)]", "x.f"),
    "a module through two": (
        (
            "from app.a import read\nask(read)\n"
            "# file: app/a.py\nfrom app.b import read\n"
            "# file: app/b.py\nfrom jwt import decode as read"
        ),
        "jwt.decode",
    ),
    "a package's own": (
        (
            "from app.security import read\nask(read)\n"
            "# file: app/security/__init__.py\nfrom .tokens import *\n"
            "# file: app/security/tokens.py\nfrom jwt import decode as read"
        ),
        "jwt.decode",
    ),
    "relative": (
        (
            "from . import compat\nfrom .compat import lib\nask(lib.decode)\n"
            "# file: app/__init__.py\n# file: app/compat.py\nimport jwt as lib"
        ),
        "jwt.decode",
    ),
    "a module's attribute": (
        "import app.compat\nask(app.compat.jwt.decode)\n# file: app/compat.py\nimport jwt",
        "jwt.decode",
    ),
    "a foreign star of another": (
        "from app.compat import decode\nask(decode)\n# file: app/compat.py\nfrom jwt import *",
        "jwt.decode",
    ),
    "a circle": (
        (
            "from app.a import x\nask(x)\n# file: app/a.py\nfrom app.b import x\n"
            "# file: app/b.py\nfrom app.a import x"
        ),
        None,
    ),
    "a star's circle": (
        (
            "from app.a import *\nask(x)\n# file: app/a.py\nfrom app.b import *\n"
            "# file: app/b.py\nfrom app.a import *"
        ),
        None,
    ),
    "a method of an object": (
        "import httpx\nclient = httpx.AsyncClient()\nasync def f():\n    ask(client.get)",
        "httpx.AsyncClient.get",
    ),
    "a method of a base": (
        "import httpx\nclass C(httpx.Client):\n    pass\nask(C().get)",
        "httpx.Client.get",
    ),
    "super": (
        "import httpx\nclass C(httpx.Client):\n    def get(self):\n        ask(super().get)",
        "httpx.Client.get",
    ),
    "a function kept": (
        (
            "import requests\nclass A:\n    def __init__(self): self._get = requests.get\n"
            "    def f(self): ask(self._get)"
        ),
        "requests.get",
    ),
    "a neighbour of that name": (
        "import redis\nask(redis.Redis)\n# file: app/redis.py\nfrom redis import Redis",
        "redis.Redis",
    ),
    "what a neighbour of that name imports": (
        "from app.redis import Redis\nask(Redis)\n# file: app/redis.py\nfrom redis import Redis",
        "redis.Redis",
    ),
    "a mapping kept": ("import os\nenv = os.environ\nask(env.get)", "os.environ.get"),
}
OWN = {
    "a module of that name": (
        "import jwt\nask(jwt.decode)\n# file: jwt.py\ndef decode(): ...",
        "jwt.py:decode",
    ),
    "in the package": (
        "from app import jwt\nask(jwt.decode)\n# file: app/jwt.py\ndef decode(): ...",
        "app/jwt.py:decode",
    ),
    "parameter": ("import jwt\ndef f(jwt):\n    ask(jwt)", "app/main.py:f.jwt"),
    "local": ("import jwt\ndef f():\n    jwt = 1\n    ask(jwt)", "app/main.py:f.jwt"),
    "comprehension": ("import jwt\n[ask(jwt) for jwt in x]", "app/main.py:jwt"),
    "loop": ("import jwt\ndef f():\n    for i, jwt in x:\n        ask(jwt)", "app/main.py:f.jwt"),
    "caught": (
        "def f():\n    try: ...\n    except E as open:\n        ask(open)",
        "app/main.py:f.open",
    ),
    "matched": (
        "def f(x):\n    match x:\n        case {'a': open, **rest}:\n            ask(open)",
        "app/main.py:f.open",
    ),
    "method": ("class A:\n    def f(self): ...\nask(A.f)", "app/main.py:A.f"),
    "method of self": (
        "class A:\n    def f(self): ...\n    def g(self):\n        ask(self.f)",
        "app/main.py:A.f",
    ),
    "folder": (
        "import app.deep.inner\nask(app.deep.inner.f)\n# file: app/deep/inner.py\ndef f(): ...",
        "app/deep/inner.py:f",
    ),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_names_foreign_things(text: str, wanted: str | None, tmp_path: Path) -> None:
    found = module(tmp_path, text)
    (one,) = asked(found)
    assert named(ref(found, one)) == wanted


@pytest.mark.parametrize(("text", "wanted"), OWN.values(), ids=OWN)
def test_names_the_projects_own(text: str, wanted: str, tmp_path: Path) -> None:
    found = module(tmp_path, text)
    (one,) = asked(found)
    assert named(ref(found, one)) == f":{wanted}"


def test_what_is_known_does_not_depend_on_what_was_asked_first(tmp_path: Path) -> None:
    chain = "\n".join(f"n{at} = n{at - 1}" for at in range(1, 50))
    found = module(tmp_path, f"import jwt\nn0 = jwt.decode\n{chain}\nask(n49)\nask(n3)\nask(n40)")
    assert {named(ref(found, one)) for one in asked(found)} == {"jwt.decode"}
