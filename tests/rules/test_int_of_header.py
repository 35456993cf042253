"""Numbers that are read from a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.int_of_header import RULE
from tests.rules.cases import hits

HITS = {
    "a header": """
        def retries(request):
            return int(request.headers["x-retries"])  # hit
    """,
    "Django": """
        def page(request):
            number = request.GET.get("page", 1)
            return int(number)  # hit
    """,
    "FastAPI's parameter": """
        from fastapi import Header
        async def stamp(x_timestamp: str = Header()):
            return float(x_timestamp)  # hit
    """,
    "Flask": """
        from flask import request as current
        def page():
            args = current.args
            if size := args.get("size"):
                return int(size.strip())  # hit
    """,
    "a request by its class": """
        import starlette.requests as web
        class Pages:
            def __init__(self, sent: "web.Request"):
                self.raw = sent.query_params.get("page")
            def number(self):
                return int(self.raw or 1)  # hit
    """,
    "another error is caught": """
        def page(request):
            try:
                return int(request.query_params["page"])  # hit
            except KeyError:
                return 1
    """,
    "a part": """
        def start(request):
            return int(request.headers["range"].split("=")[1])  # hit
    """,
    "a part of itself": """
        def limit(request):
            count = request.GET.get("limit", "0")
            count = count.split(",")[0]
            return int(count)  # hit
    """,
    "Django REST framework": """
        class Permission:
            def has_permission(self, request, view):
                return int(request.data.get("organisation"))  # hit
    """,
    "each of several": """
        def ids(request):
            return [int(one) for one in request.query_params.getlist("id")]  # hit
        def more(request):
            found = []
            for one in request.GET["ids"].split(","):
                found.append(int(one))  # hit
            return found
    """,
    "the first of two": """
        def order(request):
            load(int(request.GET["id"]))  # hit
            return save(int(request.GET["id"]))
    """,
    "aiohttp's address": """
        def vlan(request):
            return int(request.match_info.get("vlan", -1))  # hit
    """,
    "a route's own text": """
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/orders")
        async def orders(page: str = "1"):
            return int(page)  # hit
    """,
    "a cookie": """
        def last(request):
            return int(request.cookies.get("last", "0"))  # hit
    """,
}
CLEAN = {
    "a header of an answer, under the name of a request": """
        def wait(request):
            return float(request.headers["X-Ratelimit-Reset"]) + int(request.headers["Retry-After"])
    """,
    "caught": """
        def page(request):
            try:
                return int(request.query_params["page"])
            except (KeyError, ValueError):
                return 1
    """,
    "caught by name": """
        BAD = (TypeError, ValueError)
        def page(request):
            try:
                return int(request.GET["page"])
            except BAD:
                return 1
    """,
    "asked before": """
        def page(request):
            sent = request.GET.get("page", "")
            return int(sent) if sent.isdecimal() else 1
    """,
    "an answer of another service": """
        import httpx
        def wait(url):
            response = httpx.get(url)
            return int(response.headers["retry-after"])
    """,
    "checked by the server": """
        def size(request):
            return int(request.headers.get("content-length", "0"))
    """,
    "read by the framework": """
        from flask import request
        def page():
            return request.args.get("page", 1, type=int)
    """,
    "declared": """
        from fastapi import Header
        async def stamp(x_timestamp: int = Header()):
            return float(x_timestamp) + int(x_timestamp)
    """,
    "suppressed": """
        from contextlib import suppress
        def page(request):
            with suppress(ValueError):
                return int(request.GET["page"])
    """,
    "what is sent beside": """
        def ids(request):
            return [int(one) for one in STORED if request.GET["all"]]
    """,
    "an answer that is called a request": """
        async def stamp(client, url):
            async with client.get(url) as request:
                data = await request.json()
            return float(data["timestamp"])
    """,
    "a loop of names": """
        def last(text):
            text = text.split(",")[0]
            return int(text)
    """,
    "a pattern of the route": """
        from aiohttp import web
        def vlan(request):
            return int(request.match_info["vlan"])
        def start(app):
            app.router.add_get(r"/vlans/{vlan:\\d+}", vlan)
    """,
    "read by the route": """
        from starlette.routing import Route
        def order(request):
            return int(request.path_params["number"])
        ROUTES = [Route("/orders/{number:int}", order)]
    """,
    "the environment": """
        import os
        def port():
            return int(os.environ.get("PORT", "8000"))
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
