"""What callers of a service send, in the ways that frameworks give it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.semantic import received
from tests.semantic.asked import asked, module

FASTAPI = (
    "from fastapi import Depends, FastAPI, Header, Security\n"
    "from fastapi.security import APIKeyHeader, OAuth2PasswordBearer\napp = FastAPI()\n"
)
SENT = {
    "a header": ("def f(request):\n    ask(request.headers['X-Name'])", ("header", "x-name")),
    "a parameter": (f"{FASTAPI}def f(n: str = Header()):\n    ask(n)", ("header", "n")),
    "a named annotation": (
        (
            "from typing import Annotated\nfrom fastapi import Query\n"
            "Page = Annotated[str, Query(alias='page')]\ndef f(n: Page):\n    ask(n)"
        ),
        ("query", "page"),
    ),
    "a key": (
        f"{FASTAPI}def f(n: str = Security(APIKeyHeader(name='x'))):\n    ask(n)",
        ("header", "n"),
    ),
    "a login": (
        f"{FASTAPI}S = OAuth2PasswordBearer('t')\ndef f(n: str = Depends(S)):\n    ask(n)",
        ("header", "authorization"),
    ),
    "a route's text": (f"{FASTAPI}@app.get('/')\ndef f(n: str):\n    ask(n)", ("query", "n")),
    "a body": (
        "async def f(request):\n    body = await request.json()\n    ask(body['n'])",
        ("body", "n"),
    ),
    "a body, read later": (
        "async def f(request):\n    read = request.json\n    ask((await read()).get('n'))",
        ("body", "n"),
    ),
    "a form": ("async def f(request):\n    ask((await request.form())['n'])", ("form", "n")),
    "Django REST framework": ("def f(self, request):\n    ask(request.data['n'])", ("body", "n")),
    "an address": ("def f(request):\n    ask(request.match_info['n'])", ("path", "n")),
    "a number": (f"{FASTAPI}@app.get('/')\ndef f(n: int):\n    ask(n)", None),
    "a dependency": (
        f"{FASTAPI}@app.get('/')\ndef f(n: str = Depends(name)):\n    ask(n)",
        None,
    ),
    "no route": (f"{FASTAPI}def f(n: str):\n    ask(n)", None),
    "an answer": (
        (
            "async def f(client):\n    async with client.get('/') as request:\n"
            "        ask((await request.json())['n'])"
        ),
        None,
    ),
    "a client": ("import httpx\ndef f():\n    ask(httpx.get('/').json()['n'])", None),
}


@pytest.mark.parametrize(("text", "wanted"), SENT.values(), ids=SENT)
def test_says_what_was_sent(text: str, wanted: tuple[str, str] | None, tmp_path: Path) -> None:
    source = module(tmp_path, text)
    found = received(source, asked(source)[0])
    assert (found and (found.part, found.name)) == wanted
