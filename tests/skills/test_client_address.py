"""Spoofs the client's address in front of the skills' function, of uvicorn, and of the seeds'."""

from __future__ import annotations

import asyncio
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from httpx2 import ASGITransport, AsyncClient, AsyncHTTPTransport, Response
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests.skills.blocks import load

ADDRESS = load("python-backend/references/security.md#the-clients-address")
TRUSTED = ["10.0.0.0/8", "2001:db8:1::/48"]
PROXY, CLIENT, ATTACKER = "10.0.0.2", "203.0.113.9", "1.1.1.1"
Lines = list[bytes]

# What the proxy hands on: its last entry is true, all before it came with the request.
SPOOFED: dict[str, tuple[str, Lines, str]] = {
    "nothing spoofed": (PROXY, [b"203.0.113.9"], CLIENT),
    "leftmost": (PROXY, [b"1.1.1.1, 203.0.113.9"], CLIENT),
    "without a space": (PROXY, [b"1.1.1.1,203.0.113.9"], CLIENT),
    "a line of its own": (PROXY, [b"1.1.1.1", b"203.0.113.9"], CLIENT),
    "three lines": (PROXY, [b"1.1.1.1", b"10.0.0.9, 1.1.1.1", b"203.0.113.9"], CLIENT),
    "a trusted address, spoofed": (PROXY, [b"10.0.0.7, 203.0.113.9"], CLIENT),
    "all trusted, spoofed": (PROXY, [b"1.1.1.1, 10.0.0.7, 203.0.113.9"], CLIENT),
    "two proxies": (PROXY, [b"1.1.1.1, 203.0.113.9, 10.0.0.3"], CLIENT),
    "two proxies, two lines": (PROXY, [b"1.1.1.1, 203.0.113.9", b"10.0.0.3"], CLIENT),
    "empty entries": (PROXY, [b", ,,1.1.1.1, , 203.0.113.9"], CLIENT),
    "an empty line": (PROXY, [b"", b"203.0.113.9"], CLIENT),
    "script": (PROXY, [b"<script>alert(1)</script>, 203.0.113.9"], CLIENT),
    "quoted": (PROXY, [b'"1.1.1.1", 203.0.113.9'], CLIENT),
    "a quote left open": (PROXY, [b'"1.1.1.1, 203.0.113.9'], CLIENT),
    "for=": (PROXY, [b"for=1.1.1.1;by=10.0.0.2, 203.0.113.9"], CLIENT),
    "not UTF-8": (PROXY, [b"\xff\xfe, 203.0.113.9"], CLIENT),
    "10 kB": (PROXY, [b"1.1.1.1, " * 1100 + b"203.0.113.9"], CLIENT),
    "10 kB of commas": (PROXY, [b"," * 10_000 + b"203.0.113.9"], CLIENT),
    "with a port": (PROXY, [b"1.1.1.1, 203.0.113.9:4711"], CLIENT),
    "IPv6": (PROXY, [b"1.1.1.1, 2001:db8:9::9"], "2001:db8:9::9"),
    "IPv6 in brackets with a port": (PROXY, [b"::1, [2001:db8:9::9]:4711"], "2001:db8:9::9"),
    "IPv6 proxies": ("2001:db8:1::2", [b"::1, 2001:db8:9::9, 2001:db8:1::3"], "2001:db8:9::9"),
    "past the proxy": ("198.51.100.7", [b"1.1.1.1"], "198.51.100.7"),
    "past the proxy, as one": ("198.51.100.7", [b"10.0.0.2, 10.0.0.3"], "198.51.100.7"),
    "from inside": (PROXY, [b"10.9.9.9"], "10.9.9.9"),
    "no header": (PROXY, [], PROXY),
    "empty": (PROXY, [b""], PROXY),
    "a comma behind": (PROXY, [b"1.1.1.1, "], PROXY),
}
# The hop before the proxy cannot be known: ours names the proxy, uvicorn what stands there.
UNKNOWN: dict[str, tuple[str, Lines, str]] = {
    "unknown": (PROXY, [b"1.1.1.1, unknown"], "unknown"),
    "hidden": (PROXY, [b"1.1.1.1, _hidden"], "_hidden"),
    "garbage": (PROXY, [b"<script>"], "<script>"),
    "quoted": (PROXY, [b'"1.1.1.1"'], '"1.1.1.1"'),
    "leading zeros": (PROXY, [b"010.0.0.1"], "010.0.0.1"),
    "a port of words": (PROXY, [b"1.1.1.1:80:80"], "1.1.1.1:80:80"),
    "a network": (PROXY, [b"10.0.0.0/8"], "10.0.0.0/8"),
    "a zone": (PROXY, [b"fe80::1%<script>"], "fe80::1%<script>"),
    "superscript": (PROXY, [b"1.1.1.\xb9"], "1.1.1.\xb9"),
}
# Which no proxy writes, so that they arrive as the client sent them.
FORWARDED: list[Lines] = [
    [b"for=1.1.1.1"],
    [b"For=1.1.1.1"],
    [b'for="1.1.1.1"'],
    [b'for="1.1.1.1:80";proto=https;by=10.0.0.2'],
    [b'for="[2001:db8::1]:4711"'],
    [b"for=1.1.1.1", b"for=2.2.2.2"],
    [b"for=1.1.1.1, for=10.0.0.3"],
    [b'for="1.1.1.1, for=10.0.0.3'],
    [b'for="a,b";host="x,for=1.1.1.1"'],
    [b"for=_hidden, for=unknown"],
    [b"for=<script>"],
    [b"for=1.1.1.1;" * 800],
    [b""],
]


async def ask(peer: str, headers: list[tuple[bytes, bytes]], hosts: list[str] | str) -> list[str]:
    """Return the client's address by the skills' function, by uvicorn's, by the seeds'."""
    app = FastAPI()

    @app.get("/")
    def address(request: Request) -> list[str]:
        assert request.client
        lines = request.headers.getlist("x-forwarded-for")
        return [
            ADDRESS.client_address(request.client.host, lines, [*map(ip_network, TRUSTED)]),
            seed_address(request.client.host, request),
        ]

    @app.get("/served")
    def served(request: Request) -> str:
        assert request.client
        return request.client.host

    wrapped: Any = ProxyHeadersMiddleware(app, hosts)  # type: ignore[arg-type]
    ours, seeds = (await get(app, "/", peer, headers)).json()
    return [ours, (await get(wrapped, "/served", peer, headers)).json(), seeds]


async def get(app: ASGIApp, path: str, peer: str, headers: list[tuple[bytes, bytes]]) -> Response:
    transport = ASGITransport(app=app, client=(peer, 4000))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers=headers)


def seed_address(peer: str, request: Request) -> str:
    """Believe the first `Forwarded`, or else the leftmost entry, of a trusted proxy."""
    if not any(ip_address(peer) in ip_network(one) for one in TRUSTED):
        return peer
    found = re.match(r'\s*for="?([^",;]+)', request.headers.get("forwarded", ""))
    if found:
        return found[1]
    return request.headers.get("x-forwarded-for", "").split(",")[0].strip() or peer


def forwarded_for(lines: Lines) -> list[tuple[bytes, bytes]]:
    return [(b"X-Forwarded-For", line) for line in lines]


@pytest.mark.parametrize(("peer", "lines", "true"), SPOOFED.values(), ids=[*SPOOFED])
async def test_what_the_client_sent_is_not_believed(peer: str, lines: Lines, true: str) -> None:
    ours, uvicorns, _ = await ask(peer, forwarded_for(lines), TRUSTED)
    assert ours == uvicorns == true


@pytest.mark.parametrize(("peer", "lines", "text"), UNKNOWN.values(), ids=[*UNKNOWN])
async def test_what_is_no_address_is_not_handed_on(peer: str, lines: Lines, text: str) -> None:
    ours, uvicorns, _ = await ask(peer, forwarded_for(lines), TRUSTED)
    assert (ours, uvicorns) == (peer, text)


async def test_the_last_hop_that_is_known_is_named() -> None:
    lines = [b"1.1.1.1, unknown, 10.0.0.3"]
    ours, uvicorns, _ = await ask(PROXY, forwarded_for(lines), TRUSTED)
    assert (ours, uvicorns) == ("10.0.0.3", "unknown")


@pytest.mark.parametrize("lines", FORWARDED, ids=range(len(FORWARDED)))
async def test_a_header_that_the_proxy_does_not_write_is_not_read(lines: Lines) -> None:
    headers = [(b"Forwarded", line) for line in lines] + forwarded_for([b"203.0.113.9"])
    ours, uvicorns, _ = await ask(PROXY, headers, TRUSTED)
    assert ours == uvicorns == CLIENT


async def test_mapped_addresses_are_the_addresses_they_stand_for() -> None:
    lines = [b"1.1.1.1, ::ffff:203.0.113.9, ::ffff:10.0.0.3"]
    ours, uvicorns, _ = await ask("::ffff:10.0.0.2", forwarded_for(lines), TRUSTED)
    assert ours == CLIENT
    # uvicorn does not know its proxy again, and names it as the client.
    assert uvicorns == "::ffff:10.0.0.2"


@pytest.mark.parametrize("peer", ["testclient", "", "unix:", "10.0.0.2%eth0"])
def test_a_peer_that_is_no_address_is_no_proxy(peer: str) -> None:
    trusted = [*map(ip_network, TRUSTED)]
    assert ADDRESS.client_address(peer, [ATTACKER], trusted) == peer


async def test_a_star_takes_the_leftmost() -> None:
    _, uvicorns, _ = await ask(PROXY, forwarded_for([b"1.1.1.1, 203.0.113.9"]), "*")
    assert uvicorns == ATTACKER


@pytest.mark.parametrize(
    ("hosts", "seen"), [("*", ATTACKER), ("127.0.0.1", None), ("unix:", None), ("0.0.0.0/0", None)]
)
async def test_on_a_unix_socket_a_star_alone_is_believed(
    hosts: str, seen: str | None, tmp_path: Path
) -> None:
    app = FastAPI()

    @app.get("/")
    def address(request: Request) -> str | None:
        return request.client.host if request.client else None

    path = str(tmp_path / "s")
    config = uvicorn.Config(
        app, uds=path, forwarded_allow_ips=hosts, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())  # noqa: SLF001 - `serve` takes signals
    async with asyncio.timeout(10):
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
    async with AsyncClient(transport=AsyncHTTPTransport(uds=path)) as client:
        headers = forwarded_for([b"1.1.1.1, 203.0.113.9"])
        assert (await client.get("http://test/", headers=headers)).json() == seen
    server.should_exit = True
    await serving


async def test_the_seeds_way_falls() -> None:
    for lines in ([b"1.1.1.1, 203.0.113.9"], [b"1.1.1.1", b"203.0.113.9"]):
        assert (await ask(PROXY, forwarded_for(lines), TRUSTED))[-1] == ATTACKER
    spoofed = [(b"Forwarded", b"for=1.1.1.1"), *forwarded_for([b"203.0.113.9"])]
    assert (await ask(PROXY, spoofed, TRUSTED))[-1] == ATTACKER
    script = forwarded_for([b"<script>, 203.0.113.9"])
    assert (await ask(PROXY, script, TRUSTED))[-1] == "<script>"
