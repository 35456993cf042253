"""Tokens that are decoded without a pinned algorithm, or without checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.jwt_unpinned import RULE
from tests.rules.cases import hits

HITS = {
    "no algorithms": """
        import jwt
        claims = jwt.decode(token, KEY)  # hit
    """,
    "signature off": """
        from jwt import decode as unpack
        def claims(token):
            return unpack(token, KEY, ["HS256"], options={"verify_signature": False})  # hit
    """,
    "options by name": """
        import jwt
        OPTIONS = dict(verify_exp=False)
        def claims(token):
            return jwt.decode(token, KEY, ["HS256"], OPTIONS)  # hit
    """,
    "through the project's own module": """
        from app.compat import open_token
        claims = open_token("x", "key")  # hit
        # file: app/compat.py
        from jwt import decode as open_token
    """,
    "a decoder object": """
        import jwt
        decoder = jwt.PyJWT()
        def claims(token):
            return decoder.decode(token, KEY)  # hit
    """,
    "partial": """
        import functools, jwt
        read = functools.partial(jwt.decode, key=KEY)
        claims = read("x")  # hit
    """,
    "algorithms is None": """
        from jose import jwt as tokens
        def claims(token):
            return tokens.decode(token, KEY, algorithms=None)  # hit
    """,
    "the algorithm that the token names": """
        import jwt
        def claims(token):
            header = jwt.get_unverified_header(token)
            return jwt.decode(token, KEY, algorithms=[header["alg"]])  # hit
    """,
    "the algorithm none": """
        import jwt
        ALLOWED = ["HS256", "none"]
        def claims(token):
            return jwt.decode(token, KEY, algorithms=ALLOWED)  # hit
    """,
    "PyJWT 1": """
        import jwt
        def user(token):
            return jwt.decode(token, verify=False)["sub"]  # hit
    """,
    "a claim that decides, unchecked": """
        import jwt
        def user(request):
            options = {"verify_signature": False}
            claims = jwt.decode(request.cookies["access_token"], options=options)  # hit
            return claims["iss"], claims["sub"]
    """,
    "expiry off, and only set elsewhere": """
        import jwt, time
        def issue(claims):
            claims["exp"] = time.time() + 60
            return jwt.encode({"exp": 1, **claims}, KEY)
        def user(token):
            return jwt.decode(token, KEY, ["HS256"], options={"verify_exp": False})  # hit
    """,
    "kept on the object": """
        import jwt
        class Gate:
            def __init__(self):
                self.decoder = jwt.PyJWT()
            def user(self, token):
                options = {"verify_exp": False}
                return self.decoder.decode(token, KEY, ["HS256"], options=options)  # hit
    """,
}
CLEAN = {
    "pinned": """
        import jwt
        claims = jwt.decode(token, KEY, algorithms=["HS256"])
    """,
    "options that nobody can read": """
        import jwt
        claims = jwt.decode(token, KEY, **options)
    """,
    "the project's own jwt": """
        from app import jwt
        claims = jwt.decode(token, KEY)
        # file: app/jwt.py
        def decode(token, key): ...
    """,
    "partial with it": """
        import functools, jwt
        read = functools.partial(jwt.decode, algorithms=["HS256"])
        claims = read("x", KEY)
    """,
    "a look at the issuer": """
        import jwt
        def issuer(token):
            claims = jwt.decode(token, options={"verify_signature": False})
            return ISSUERS[claims["iss"]]
    """,
    "a look, then a check": """
        import jwt
        def claims(token):
            seen = jwt.decode(token, options={"verify_signature": False})
            key = KEYS[seen["tenant"]]
            return jwt.decode(token, key, algorithms=["RS256"])
    """,
    "a key that knows its algorithm": """
        import jwt
        KEYS = jwt.PyJWKClient("https://example.com/keys")
        def claims(token):
            return jwt.decode(token, KEYS.get_signing_key_from_jwt(token), audience="orders")
    """,
    "expired tokens on purpose": """
        import jwt
        def refresh(token):
            return jwt.decode(token, KEY, ["HS256"], options={"verify_exp": False})
    """,
    "the issuer's own answer": """
        import jwt
        def user(client, code):
            answer = client.post("/token", data={"code": code}).json()
            return jwt.decode(answer["id_token"], options={"verify_signature": False})["email"]
    """,
    "compared by hand": """
        import jwt, time
        def read(token):
            return jwt.decode(token, KEY, ["HS256"], options={"verify_exp": False})
        def user(token):
            claims = read(token)
            if claims["exp"] <= time.time():
                raise PermissionError
            return claims
    """,
    "compared by hand, of a model": """
        import jwt, time
        def user(token):
            claims = Claims(**jwt.decode(token, KEY, ["HS256"], options={"verify_exp": False}))
            if claims.exp < time.time():
                raise PermissionError
            return claims
    """,
    "checks that a setting decides": """
        from jose import jwt
        def claims(token):
            return jwt.decode(token, KEY, algorithms=["RS256"], options={"verify_exp": STRICT})
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
