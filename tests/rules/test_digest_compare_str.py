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
    "a bearer token": """
        import secrets
        from typing import Annotated
        from fastapi import Depends
        from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
        def user(sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]):
            return secrets.compare_digest(sent.credentials, TOKEN)  # hit
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
    "FastAPI's key": """
        import secrets
        from typing import Annotated
        from fastapi import Depends, Security
        from fastapi.security import APIKeyHeader
        from fastapi.security.api_key import APIKeyQuery
        HEADER = APIKeyHeader(name="X-Key")
        async def header(key: str = Depends(HEADER)):
            return secrets.compare_digest(key, EXPECTED)  # hit
        async def query(key: Annotated[str, Security(APIKeyQuery(name="key"))]):
            return secrets.compare_digest(EXPECTED, key)  # hit
    """,
    "a route's own text": """
        import hmac
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/file")
        async def file(sig: str, other: str | None = None):
            return hmac.compare_digest(sig, EXPECTED)  # hit
    """,
    "a body": """
        import hmac
        async def hook(request):
            body = await request.json()
            return hmac.compare_digest(body["sig"], EXPECTED)  # hit
        async def form(request):
            return hmac.compare_digest((await request.form()).get("sig", ""), EXPECTED)  # hit
    """,
    "a model of the body": """
        import hmac
        from fastapi import FastAPI
        from pydantic import BaseModel
        app = FastAPI()
        class Login(BaseModel):
            password: str
        @app.post("/login")
        async def login(sent: Login):
            return hmac.compare_digest(sent.password, EXPECTED)  # hit
    """,
    "a function of another module": """
        # file: app/signing.py
        from hmac import compare_digest
        def is_right(sig, expected):
            return compare_digest(sig, expected)  # hit
        # file: app/views.py
        from app.signing import is_right
        def hook(request):
            return is_right(request.headers["x-signature"], EXPECTED)
    """,
    "basic authentication by hand": """
        import base64, secrets
        def user(request):
            scheme, _, encoded = request.headers["authorization"].partition(" ")
            decoded = base64.b64decode(encoded).decode("utf-8")
            name, _, password = decoded.partition(":")
            return secrets.compare_digest(password, EXPECTED)  # hit
    """,
    "the rest of a header": """
        import secrets
        def first(request):
            sent = request.headers.get("authorization", "")
            return secrets.compare_digest(sent[7:], EXPECTED)  # hit
        def second(request):
            parts = request.headers["authorization"].split()
            return secrets.compare_digest(parts[1], EXPECTED)  # hit
    """,
    "Flask's user": """
        import hmac
        from flask import request
        def user():
            sent = request.authorization
            return sent and hmac.compare_digest(sent.password, EXPECTED)  # hit
    """,
    "a part of itself": """
        import hmac
        def verify(request):
            token = request.headers["authorization"]
            token = token.split(" ")[1]
            return hmac.compare_digest(token, EXPECTED)  # hit
    """,
}
CLEAN = {
    "FastAPI's basic authentication": """
        import secrets
        from typing import Annotated
        from fastapi import Depends
        from fastapi.security import HTTPBasic, HTTPBasicCredentials
        def user(sent: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]):
            return secrets.compare_digest(sent.password, PASSWORD)
    """,
    "bytes that were encoded": """
        import base64, hmac
        def verify(request, expected):
            return hmac.compare_digest(base64.b64decode(request.headers["x-sig"]), expected)
    """,
    "a part of nothing that was sent": """
        import hmac
        def verify(token):
            token = token.split(" ")[1]
            return hmac.compare_digest(token, EXPECTED)
    """,
    "another module's function of the same name": """
        # file: app/signing.py
        from hmac import compare_digest
        def is_right(sig, expected):
            return compare_digest(sig, expected)
        # file: app/views.py
        from app.other import is_right
        def hook(request):
            return is_right(request.headers["x-signature"], EXPECTED)
        # file: app/other.py
        def is_right(sig, expected): ...
    """,
    "a model that no route is sent": """
        import hmac
        from pydantic import BaseModel
        class Login(BaseModel):
            password: str
        def login(sent: Login):
            return hmac.compare_digest(sent.password, EXPECTED)
    """,
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
