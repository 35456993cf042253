"""Attacks the webhook's signature that the skills teach, and the one that the seeds taught."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from tests.skills.blocks import load

SIGNATURES = load("python-backend/references/security.md#signatures")
SECRET = b"a secret of thirty-two characters"
BODY = b'{"id": "evt_1", "amount": "12.50"}'
Headers = list[tuple[bytes, bytes]]


def service(server: FakeServer, secret: bytes = SECRET) -> AsyncClient:
    """Return a client of one worker; workers of one service have one Redis."""
    app = FastAPI()
    app.include_router(SIGNATURES.router)
    app.state.webhooks = SIGNATURES.Webhooks(secret, FakeAsyncRedis(server=server))
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    return AsyncClient(transport=transport, base_url="http://test")


async def post(client: AsyncClient, headers: Headers, body: bytes = BODY) -> int:
    return (await client.post("/webhooks/payments", content=body, headers=headers)).status_code


def sign(signed: bytes, secret: bytes = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.digest(secret, signed, algorithm).hex().encode()


def stamp(offset: int = 0) -> bytes:
    return str(int(time.time()) + offset).encode()


def sent(timestamp: bytes, signature: bytes) -> Headers:
    return [(b"x-timestamp", timestamp), (b"x-signature", signature)]


def own(timestamp: bytes, body: bytes = BODY) -> bytes:
    """Return the signature that the sender makes."""
    return sign(timestamp + b"." + body)


def signed_at(timestamp: bytes) -> Headers:
    """Return what the sender itself would have said of such a time."""
    return sent(timestamp, b"sha256=" + own(timestamp))


FORGERIES: dict[str, Callable[[bytes], Headers]] = {
    "no headers": lambda _: [],
    "no signature": lambda now: [(b"x-timestamp", now)],
    "no time": lambda now: [(b"x-signature", b"sha256=" + own(now))],
    "empty": lambda now: sent(now, b""),
    "only the prefix": lambda now: sent(now, b"sha256="),
    "no prefix": lambda now: sent(now, own(now)),
    "another algorithm's prefix": lambda now: sent(now, b"sha1=" + own(now)),
    "another algorithm": lambda now: sent(now, b"sha1=" + sign(now + b"." + BODY, SECRET, "sha1")),
    "prefix in capitals": lambda now: sent(now, b"SHA256=" + own(now)),
    "prefix twice": lambda now: sent(now, b"sha256=sha256=" + own(now)),
    "truncated": lambda now: sent(now, b"sha256=" + own(now)[:32]),
    "longer": lambda now: sent(now, b"sha256=" + own(now) + b"00"),
    "odd": lambda now: sent(now, b"sha256=" + own(now)[:-1]),
    "no hex": lambda now: sent(now, b"sha256=" + b"zz" * 32),
    "not ASCII": lambda now: sent(now, b"sha256=\xff\xfe"),
    "two in one": lambda now: sent(now, b"sha256=" + b"00" * 32 + b",sha256=" + own(now)),
    "two lines": lambda now: [(b"x-signature", b"sha256=00"), *sent(now, b"sha256=" + own(now))],
    "another secret": lambda now: sent(now, b"sha256=" + sign(now + b"." + BODY, b"guess")),
    "the empty secret": lambda now: sent(now, b"sha256=" + sign(now + b"." + BODY, b"")),
    "the body alone": lambda now: sent(now, b"sha256=" + sign(BODY)),
    "another body": lambda now: sent(now, b"sha256=" + own(now, b'{"amount": "99999"}')),
    "another time": lambda now: sent(stamp(-1), b"sha256=" + own(now)),
    "too old": lambda _: signed_at(stamp(-400)),
    "too early": lambda _: signed_at(stamp(400)),
    "nan": lambda _: signed_at(b"nan"),
    "a fraction": lambda now: signed_at(now + b".5"),
    "a sign": lambda now: signed_at(b"+" + now),
    "an underscore": lambda now: signed_at(now[:3] + b"_" + now[3:]),
    "superscript digits": lambda _: signed_at(b"\xb2\xb3"),
    "5,000 digits": lambda _: signed_at(b"9" * 5000),
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=[*FORGERIES])
async def test_a_forgery_is_refused(forged: Callable[[bytes], Headers]) -> None:
    async with service(FakeServer()) as client:
        assert await post(client, forged(stamp())) == 401


async def test_the_border_of_time_and_body_cannot_be_moved() -> None:
    now = stamp()
    signature = b"sha256=" + own(now, b"5.{}")
    async with service(FakeServer()) as client:
        assert await post(client, sent(now + b".5", signature), b"{}") == 401
        assert await post(client, sent(now, signature), b"5.{}") == 204


async def test_what_the_sender_signed_is_taken_once_in_any_spelling() -> None:
    now = stamp()
    spellings = [own(now), own(now).upper(), own(now)[:2] + b" " + own(now)[2:]]
    for first in spellings:
        async with service(FakeServer()) as client:
            assert await post(client, sent(now, b"sha256=" + first)) == 204
            for again in spellings:
                assert await post(client, sent(now, b"sha256=" + again)) == 401


async def test_of_many_replays_at_once_to_two_workers_one_is_taken() -> None:
    server, headers = FakeServer(), signed_at(stamp())
    async with service(server) as one, service(server) as other:
        answers = await asyncio.gather(*(post(each, headers) for each in [one, other] * 10))
    assert sorted(answers) == [204] + [401] * 19


async def test_the_memory_outlives_the_signature() -> None:
    server, early = FakeServer(), stamp(SIGNATURES.TOLERANCE - 5)
    async with service(server) as client:
        assert await post(client, signed_at(early)) == 204
    redis = FakeAsyncRedis(server=server)
    [key] = await redis.keys()
    assert int(time.time()) + await redis.ttl(key) > int(early) + SIGNATURES.TOLERANCE


async def test_without_the_memory_nothing_is_taken() -> None:
    server = FakeServer()
    async with service(server) as client:
        server.connected = False
        assert await post(client, signed_at(stamp())) == 500
        server.connected = True
        assert await post(client, signed_at(stamp())) == 204


@pytest.mark.parametrize("secret", [b"", b"short"])
def test_a_secret_that_protects_nothing_is_refused_at_start(secret: bytes) -> None:
    with pytest.raises(ValueError, match="empty or too short"):
        service(FakeServer(), secret)


def test_the_secret_is_not_shown() -> None:
    assert "secret of" not in repr(SIGNATURES.Webhooks(SECRET, FakeAsyncRedis()))


def seed_is_signed(body: bytes, secret: str, header: str) -> bool:
    """Compare two texts, of the body alone, under whatever secret there is: the seeds' way."""
    prefix, _, given = header.partition("=")
    due = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return prefix == "sha256" and hmac.compare_digest(due, given)


def test_the_seeds_way_falls() -> None:
    with pytest.raises(TypeError):
        seed_is_signed(BODY, "secret", "sha256=\xff")
    assert seed_is_signed(BODY, "", f"sha256={sign(BODY, b'').decode()}")
    assert not seed_is_signed(BODY, "secret", f"sha256={sign(BODY, b'secret').decode().upper()}")
    replayed = f"sha256={sign(BODY, b'secret').decode()}"
    assert [seed_is_signed(BODY, "secret", replayed) for _ in range(3)] == [True] * 3


async def test_a_memory_in_each_worker_lets_a_replay_through() -> None:
    headers = signed_at(stamp())
    async with service(FakeServer()) as one, service(FakeServer()) as other:
        assert [await post(one, headers), await post(other, headers)] == [204, 204]
