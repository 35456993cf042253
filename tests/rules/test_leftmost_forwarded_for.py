"""Client addresses from the left of a forwarded header."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.leftmost_forwarded_for import RULE
from tests.rules.cases import hits

HITS = {
    "split": """
        def ip(request):
            return request.headers.get("X-Forwarded-For", "").split(",")[0].strip()  # hit
    """,
    "Django": """
        def ip(request):
            raw = request.META.get("HTTP_X_FORWARDED_FOR")
            if raw:
                hops = raw.split(",")
                return hops[0]  # hit
            return request.META["REMOTE_ADDR"]
    """,
    "partition, unpacked": """
        def ip(self):
            if sent := self.request.headers["x-forwarded-for"]:
                first, _, _ = sent.partition(",")  # hit
                return first
    """,
    "the name from another module": """
        from app.names import CLIENT
        def ip(scope):
            headers = dict(scope["headers"])
            return headers[CLIENT].decode().split(",", 1)[0]  # hit
        # file: app/names.py
        CLIENT = b"x-forwarded-for"
    """,
    "a function of its own": """
        def first(header):
            return header.split(",")[0]  # hit
        def ip(request):
            return first(request.headers.get("x-forwarded-for"))
    """,
    "a comprehension": """
        def ip(environ):
            hops = [one.strip() for one in environ["HTTP_X_FORWARDED_FOR"].split(",") if one]
            return next(iter(hops))  # hit
    """,
    "FastAPI's parameter": """
        from typing import Annotated
        from fastapi import Header
        def ip(sent: Annotated[str | None, Header(alias="X-Forwarded-For")] = None):
            return (sent or "").split(",")[0]  # hit
    """,
    "one of several headers": """
        NAMES = ("cf-connecting-ip", "x-forwarded-for")
        def ip(request):
            for name in NAMES:
                value = request.headers.get(name)
                if value:
                    return value.split(",")[0]  # hit
    """,
    "Werkzeug's list": """
        from flask import request
        def ip():
            return request.access_route[0]  # hit
    """,
    "the address of Forwarded": """
        def ip(request):
            first = request.headers["forwarded"].split(",")[0]  # hit
            return dict(one.split("=") for one in first.split(";"))["for"]
    """,
    "kept on the object": """
        class Client:
            def __init__(self, request):
                self.sent = request.headers["x-forwarded-for"]
            def ip(self):
                return self.sent.split(",").pop(0)  # hit
    """,
}
CLEAN = {
    "a note that it is no control": '''
        def attribution(request):
            """Client-controlled: for people who read logs, not a security control."""
            return request.headers["x-forwarded-for"].split(",")[0].strip()
    ''',
    "from the right": """
        def ip(request):
            return request.headers["x-forwarded-for"].split(",")[-1].strip()
    """,
    "reversed": """
        def ip(request):
            hops = [*reversed(request.headers["x-forwarded-for"].split(","))]
            return hops[0]
    """,
    "past the known ones": """
        def ip(request, trusted):
            hops = request.headers["x-forwarded-for"].split(",")
            left = [hop for hop in hops if hop not in trusted]
            return left[-1]
    """,
    "another header": """
        def language(request):
            return request.headers["accept-language"].split(",")[0]
    """,
    "the scheme": """
        def scheme(request):
            return request.headers["x-forwarded-proto"].split(",")[0]
    """,
    "a text of its own": """
        def first(header):
            return header.split(",")[0]
        def language(request):
            return first(request.headers.get("accept-language"))
    """,
    "all of them": """
        def hops(request):
            sent = request.headers.get("x-forwarded-for", "")
            return [one.strip() for one in sent.split(",")]
    """,
    "the scheme of Forwarded": """
        def scheme(request):
            first = request.headers["forwarded"].split(",", 1)[0]
            fields = dict(one.split("=") for one in first.split(";"))
            return fields["proto"]
    """,
    "a log that knows": """
        def group(headers):
            # A caller can spoof it, which is good enough to group alerts by.
            return headers.get("x-forwarded-for").split(",")[0]
    """,
    "an access log": """
        # file: app/request_logging.py
        def ip(headers):
            return headers.get("x-forwarded-for").split(",")[0]
    """,
    "not a list": """
        def port(request):
            return request.headers["x-forwarded-for"].split(":")[0]
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
