"""Attacks the tokens that the skills teach, and those that a seed's words lead to."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import Annotated, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Depends, FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from jwt import api_jws

from tests.skills.blocks import load

TOKENS = load("python-backend/references/security.md#tokens")
KEY, OTHER_KEY = b"k" * 64, b"o" * 32
ISSUER = "https://login.example"
Claims = dict[str, Any]
Key = bytes | rsa.RSAPrivateKey


def claims(**changed: object) -> Claims:
    """Return good claims with some changed, and without those that are None."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": "orders", "sub": "ann", "iat": now, "exp": now + 86_400}
    return {name: one for name, one in (good | changed).items() if one is not None}


def token(said: Claims | bytes, key: Key = KEY, alg: str = "HS256", kid: str = "1") -> str:
    """Return a token as the issuer's library makes it, or with a payload of bytes."""
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    return api_jws.encode(payload, key, alg, {"kid": kid})


def part(text: bytes) -> str:
    return jwt.utils.base64url_encode(text).decode()


def unsigned(alg: str) -> str:
    return f"{part(json.dumps({'alg': alg, 'kid': '1'}).encode())}.{part(b'{}')}."


def with_header(text: bytes) -> str:
    return f"{part(text)}.{part(json.dumps(claims()).encode())}.{part(b'x' * 32)}"


def tampered() -> str:
    head, _, signature = token(claims()).split(".")
    return f"{head}.{part(json.dumps(claims(sub='root')).encode())}.{signature}"


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem() -> bytes:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return rsa_key().public_key().public_bytes(serialization.Encoding.PEM, kind)


def signed_with_public_key() -> str:
    """Return what the library itself does not sign: HS256 under a public key's text."""
    text = with_header(b'{"alg": "HS256", "kid": "1"}').rpartition(".")[0]
    hmac_key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{text}.{part(hmac_key.sign(text.encode(), public_pem()))}"


FORGED: dict[str, Callable[[], str]] = {
    "nothing": str,
    "dots": lambda: "...",
    "garbage": lambda: "a.b.c",
    "alg none": lambda: unsigned("none"),
    "alg None": lambda: unsigned("None"),
    "alg of capitals": lambda: unsigned("NONE"),
    "no alg": lambda: with_header(b'{"kid": "1"}'),
    "a list of algs": lambda: with_header(b'{"alg": ["HS256"], "kid": "1"}'),
    "another algorithm, same key": lambda: token(claims(), KEY, "HS512"),
    "RS256 by a stranger": lambda: token(claims(), rsa_key(), "RS256"),
    "HS256 by the public key": signed_with_public_key,
    "another key": lambda: token(claims(), b"g" * 32),
    "the other key's kid": lambda: token(claims(), KEY, kid="2"),
    "an unknown kid": lambda: token(claims(), kid="../../dev/null"),
    "no kid": lambda: jwt.encode(claims(), KEY, algorithm="HS256"),
    "a kid that is no text": lambda: with_header(b'{"alg": "HS256", "kid": ["1"]}'),
    "a header that is no object": lambda: with_header(b"[]"),
    "a deep header": lambda: with_header(b"[" * 2000),
    "a number of 3,000 digits": lambda: with_header(b'{"kid": "1", "alg": ' + b"1" * 3000 + b"}"),
    "tampered": tampered,
    "cut": lambda: token(claims())[:-4],
    "a payload that is no object": lambda: token(b"[]"),
    "a deep payload": lambda: token(b"[" * 2000),
    "no exp": lambda: token(claims(exp=None)),
    "expired": lambda: token(claims(exp=int(time.time()) - 60)),
    "exp of words": lambda: token(claims(exp="never")),
    "exp without end": lambda: token(json.dumps(claims(exp=float("inf"))).encode()),
    "exp that is no number": lambda: token(json.dumps(claims(exp=float("nan"))).encode()),
    "iat without end": lambda: token(json.dumps(claims(iat=float("inf"))).encode()),
    "a list of issuers": lambda: token(claims(iss=[ISSUER])),
    "an object of audiences": lambda: token(claims(aud={"orders": 1})),
    "a header of its own rules": lambda: with_header(
        b'{"alg": "HS256", "kid": "1", "crit": ["b64"], "b64": false}'
    ),
    "no aud": lambda: token(claims(aud=None)),
    "another aud": lambda: token(claims(aud="refresh")),
    "other auds": lambda: token(claims(aud=["refresh", "billing"])),
    "no iss": lambda: token(claims(iss=None)),
    "another iss": lambda: token(claims(iss=ISSUER + ".evil.example")),
    "no sub": lambda: token(claims(sub=None)),
    "a sub that is no text": lambda: token(claims(sub={"admin": True})),
    "not yet": lambda: token(claims(nbf=int(time.time()) + 60)),
    "issued tomorrow": lambda: token(claims(iat=int(time.time()) + 86400)),
    "huge": lambda: token(claims(padding="x" * 100_000)),
}


async def ask(authorization: bytes | None) -> Response:
    app = FastAPI()
    app.state.access_tokens = TOKENS.AccessTokens({"1": KEY, "2": OTHER_KEY}, ISSUER, "orders")

    @app.get("/me")
    def me(subject: Annotated[str, Depends(TOKENS.current_subject)]) -> str:
        return subject

    headers = [] if authorization is None else [(b"authorization", authorization)]
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        return await client.get("/me", headers=headers)


def is_refused(answer: Response) -> bool:
    return (
        answer.status_code == 401
        and answer.headers["www-authenticate"] == "Bearer"
        and answer.json() == {"detail": "Not authenticated"}
    )


@pytest.mark.parametrize("forged", FORGED.values(), ids=[*FORGED])
async def test_a_forged_token_is_refused_and_told_nothing(forged: Callable[[], str]) -> None:
    assert is_refused(await ask(b"Bearer " + forged().encode()))


@pytest.mark.parametrize("sent", [None, b"", b"Bearer", b"Basic YTpi", b"Bearer \xff.\xff.\xff"])
async def test_no_token_is_refused_alike(sent: bytes | None) -> None:
    assert is_refused(await ask(sent))


@pytest.mark.parametrize(
    "good",
    [
        token(claims()),
        token(claims(), OTHER_KEY, kid="2"),
        token(claims(aud=["orders", "billing"])),
        token(claims(exp=int(time.time()) + 3600, nbf=int(time.time()) + 2)),
    ],
    ids=["first key", "second key", "two audiences", "a clock that is fast"],
)
async def test_a_good_token_is_taken(good: str) -> None:
    answer = await ask(b"Bearer " + good.encode())
    assert (answer.status_code, answer.json()) == (200, "ann")


@pytest.mark.parametrize("keys", [{}, {"1": b""}, {"1": KEY, "2": b"short"}])
def test_a_weak_key_is_refused_at_start(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TOKENS.AccessTokens(keys, ISSUER, "orders")


def test_keys_are_not_shown() -> None:
    assert "kkk" not in repr(TOKENS.AccessTokens({"1": KEY}, ISSUER, "orders"))


def seed_subject(sent: str) -> object:
    """Check scopes and claims, of whatever algorithm the token names, as the seed leaves it."""
    said = jwt.decode(sent, KEY, algorithms=[jwt.get_unverified_header(sent)["alg"]])
    return said["sub"] if "orders" in said["scope"] else None


def test_the_seeds_way_falls() -> None:
    lasting = {"sub": "ann", "scope": ["orders"]}
    assert seed_subject(token(lasting)) == "ann"
    assert seed_subject(token(lasting | {"iss": "https://evil.example"})) == "ann"
    assert seed_subject(token(lasting, KEY, "HS512")) == "ann"


class Offline(jwt.PyJWKClient):
    """A client of keys that are here already."""

    def fetch_data(self) -> object:
        """Return what the issuer publishes."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key().public_key(), as_dict=True)
        return {"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]}


def test_a_published_key_takes_its_own_algorithm_alone() -> None:
    client = Offline("https://login.example/keys")
    good = token(claims(), rsa_key(), "RS256")
    key = client.get_signing_key_from_jwt(good)
    assert jwt.decode(good, key, audience="orders")["sub"] == "ann"
    for forged in (signed_with_public_key(), unsigned("none"), token(claims(), KEY)):
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(forged, key, audience="orders")
    with pytest.raises(jwt.PyJWKClientError) as unknown:
        client.get_signing_key_from_jwt(token(claims(), kid="9"))
    assert not isinstance(unknown.value, jwt.InvalidTokenError)
    assert issubclass(jwt.PyJWKClientConnectionError, jwt.PyJWKClientError)


class Watched(Offline):
    """A client that looks, while it fetches anew, how long a request with a known key takes."""

    pool: ThreadPoolExecutor
    other: Future[jwt.PyJWK]
    waited = False

    def fetch_data(self) -> object:
        """Return what the issuer publishes, once another has asked for a key that is here."""
        if self.jwk_set_cache and self.jwk_set_cache.get():
            self.other = self.pool.submit(self.get_signing_key, "1")
            self.waited = not wait([self.other], timeout=0.05).done
        return super().fetch_data()


def test_all_wait_behind_the_one_that_fetches() -> None:
    client = Watched("https://login.example/keys", cooldown_duration=0)
    assert client.timeout == 30
    with ThreadPoolExecutor(1) as client.pool:
        client.get_signing_key("1")
        with pytest.raises(jwt.PyJWKClientError):
            client.get_signing_key("9")
        assert client.waited
        assert client.other.result(10).key_id == "1"


OTHER_KEYS = ["", "key-", "key-2", "KEY-1", "key-1 ", "kéy", "\ud800", "x" * 100_000]


@pytest.mark.parametrize("sent", OTHER_KEYS)
def test_another_api_key_is_refused(sent: str) -> None:
    stored = hashlib.sha256(b"key-1").digest()
    assert not TOKENS.is_api_key(sent, stored)
    assert TOKENS.is_api_key("key-1", stored)
