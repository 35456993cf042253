"""`compare_digest` on texts of a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.digest_compare_str import RULE
from tests.rules.cases import hits

HITS = {
    "a header": """
        from hmac import compare_digest as same
        def verify(request, expected):
            return same(request.headers["x-signature"], expected)  # hit
    """,
    "on the other side": """
        import secrets
        def verify(request, expected):
            sent = request.headers.get("authorization", "")
            token = sent.removeprefix("Bearer ").strip()
            return secrets.compare_digest(expected, token)  # hit
    """,
    "FastAPI's parameter": """
        import hmac
        from typing import Annotated
        from fastapi import Header
        def verify(token: Annotated[str, Header(alias="X-Token")]):
            return hmac.compare_digest(token, EXPECTED)  # hit
    """,
    "a part of it": """
        import hmac
        def verify(request, expected):
            _, _, sent = request.headers["x-hub-signature-256"].partition("=")
            return hmac.compare_digest(sent, expected)  # hit
    """,
    "basic authentication": """
        import secrets
        from typing import Annotated
        from fastapi import Depends
        from fastapi.security import HTTPBasic, HTTPBasicCredentials
        def user(sent: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]):
            return secrets.compare_digest(sent.password, PASSWORD)  # hit
    """,
    "a function of its own": """
        import hmac
        def is_valid(token, expected):
            return hmac.compare_digest(token, expected)  # hit
        def verify(request):
            return is_valid(request.query_params["token"], EXPECTED)
    """,
    "Django, kept on the object": """
        import hmac
        class Hook:
            def __init__(self, request):
                self.sent = request.META.get("HTTP_X_SIGNATURE", "")
            def verify(self, expected):
                return hmac.compare_digest(self.sent, expected)  # hit
    """,
    "a cookie": """
        from django.utils.crypto import constant_time_compare
        from flask import request as current
        import hmac
        def verify(expected):
            return hmac.compare_digest(a=current.cookies.get("csrf"), b=expected)  # hit
    """,
}
CLEAN = {
    "encoded": """
        import hmac
        def verify(request, expected):
            return hmac.compare_digest(request.headers["x-token"].encode(), expected.encode())
    """,
    "bytes of it": """
        import hmac
        def verify(request, expected):
            sent = bytes.fromhex(request.headers["x-signature"])
            return hmac.compare_digest(sent, expected)
    """,
    "caught": """
        import hmac
        def verify(request, expected):
            try:
                return hmac.compare_digest(request.headers["x-token"], expected)
            except TypeError:
                return False
    """,
    "asked before": """
        import hmac
        def verify(request, expected):
            sent = request.headers["x-token"]
            return sent.isascii() and hmac.compare_digest(sent, expected)
    """,
    "from the database": """
        import hmac
        def verify(user, expected):
            return hmac.compare_digest(user.digest, expected)
    """,
    "Django's own encodes": """
        from django.utils.crypto import constant_time_compare
        def verify(request, expected):
            return constant_time_compare(request.META["HTTP_X_TOKEN"], expected)
    """,
    "an answer of another service": """
        import hmac, httpx
        def verify(url, expected):
            answer = httpx.get(url)
            return hmac.compare_digest(answer.headers["x-digest"], expected)
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
