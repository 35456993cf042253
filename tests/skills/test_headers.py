"""Injects into headers, redirects and patterns: past the skills' checks, the seeds', and none."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Annotated
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.testclient import TestClient
from pydantic import ConfigDict, HttpUrl, StringConstraints, TypeAdapter, ValidationError

from tests.skills.blocks import load

SENT = load("python-backend/references/security.md#what-callers-send")
SITE = "https://shop.example/login"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Id", "1"),
        ("X-Id", "a\tb c"),
        ("x!#$%&'*+.^_`|~-9", "~"),
        ("Authorization", "Bearer abc.def"),
    ],
)
def test_a_header_as_the_standard_has_it_is_taken(name: str, value: str) -> None:
    assert SENT.Subscription(headers={name: value}).headers == {name: value}


BAD_NAMES = [
    "", " X", "X ", "X\n", "X\r\n", "X\0", "X:", "X Y", "X\r\nSet-Cookie: a=1", "(X)",
    "X\x7f", "\u2169", "é", "X\u2028", "Host", "host", "CONTENT-LENGTH", "Transfer-Encoding",
    "connection", "TE", "x" * 65,
]  # fmt: skip
BAD_VALUES = [
    "", " ", "a ", " a", "a\n", "a\r\n", "a\r\nSet-Cookie: a=1", "a\nb", "a\rb", "a\0", "\0",
    "a\x7f", "a\x85b", "a\u2028b", "é", "\U0001f600", "a\x1b[31m", "x" * 1025,
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        SENT.Subscription(headers={name: "1"})


@pytest.mark.parametrize("value", BAD_VALUES)
def test_a_value_that_ends_its_header_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        SENT.Subscription(headers={"X-Id": value})


@pytest.mark.parametrize("headers", [{"X": 1}, {"X": None}, {"X": ["a"]}, [], "X: 1"])
def test_what_is_no_text_is_refused(headers: object) -> None:
    with pytest.raises(ValidationError):
        SENT.Subscription(headers=headers)


def seed_header_name(name: str) -> bool:
    """Match a token up to `$`, as the seeds do once their `strip` is gone; values go unchecked."""
    return bool(re.match(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", name))


def test_the_seeds_way_falls() -> None:
    assert seed_header_name("X-Id\n")
    assert not seed_header_name("X-Id\r\n")


def test_what_the_skills_say_of_patterns() -> None:
    assert re.match("^[a-z]+$", "name\n")
    assert not re.fullmatch("[a-z]+", "name\n")
    typed = TypeAdapter(Annotated[str, Query(pattern="^[a-z]+$")])
    with pytest.raises(ValidationError):
        typed.validate_python("name\n")
    compiled = Annotated[str, StringConstraints(pattern=re.compile(r"^[a-z]+$"))]
    assert TypeAdapter(compiled).validate_python("name\n") == "name\n"
    python = ConfigDict(regex_engine="python-re")
    asked = Annotated[str, StringConstraints(pattern="^[a-z]+$")]
    assert TypeAdapter(dict[str, asked], config=python).validate_python({"a": "b\n"})
    ended = Annotated[str, StringConstraints(pattern=re.compile(r"^[a-z]+\Z"))]
    with pytest.raises(ValidationError):
        TypeAdapter(ended).validate_python("name\n")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, int]]:
    """Serve an app that sends in a header what it gets, by uvicorn on loopback."""
    app = FastAPI()

    @app.post("/")
    async def echo(request: Request) -> Response:
        return Response("body", headers={"x-id": (await request.body()).decode("latin-1")})

    config = uvicorn.Config(app, http="h11", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()
        server.should_exit = True
        thread.join()


def echoed(address: tuple[str, int], value: bytes) -> bytes:
    """Return all that a server sends before it closes the connection."""
    head = b"POST / HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(head % len(value) + value)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("value", ["a\r\nset-cookie: a=1", "a\nb", "a\rb", "a\0b"])
def test_uvicorn_sends_no_answer_where_a_header_would_be_split(
    served: tuple[str, int], value: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert echoed(served, value.encode()) == b""
    caplog.clear()
    with pytest.raises(ValidationError):
        SENT.Subscription(headers={"X-Id": value})


def test_uvicorn_sends_what_the_skills_take(served: tuple[str, int]) -> None:
    assert b"\r\nx-id: a\tb c\r\n" in echoed(served, b"a\tb c")


def test_a_test_client_lets_a_split_header_through() -> None:
    app = FastAPI()

    @app.get("/")
    def echo() -> Response:
        return Response(headers={"x-id": "a\r\nset-cookie: a=1"})

    assert TestClient(app).get("/").headers["x-id"] == "a\r\nset-cookie: a=1"


def test_a_client_raises_only_when_it_sends(served: tuple[str, int]) -> None:
    request = httpx2.Request(
        "POST", "http://{}:{}/".format(*served), headers={"x-id": "a\r\nb: 1"}, content=b"a"
    )
    with httpx2.Client() as client, pytest.raises(httpx2.LocalProtocolError):
        client.send(request)


HOSTILE_TARGETS = [
    "", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "\\/evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
    " //evil.example", "https:evil.example", "http:evil.example", "https://evil.example",
    "https:/evil.example", "javascript:alert(1)", "data:text/html,x", "evil.example",
    "@evil.example", "/a\r\nset-cookie: a=1",
    "/a\0", "/é", "/a b", "/a\\..\\b", "?next=/", "#", "/a\n",
]  # fmt: skip


@pytest.mark.parametrize("target", HOSTILE_TARGETS)
def test_a_redirect_stays_here(target: str) -> None:
    assert SENT.local_target(target) == "/"


@pytest.mark.parametrize(
    "target", ["/", "/a", "/a/b?c=d&e=f#g", "/a//b", "/.//evil.example", "/%2Fa"]
)
def test_a_place_here_is_kept(target: str) -> None:
    assert SENT.local_target(target) == target
    assert urlsplit(urljoin(SITE, target)).hostname == "shop.example"


def browsers_host(target: str) -> str | None:
    """Return where a browser goes: it drops tabs and line ends, and a backslash is a slash."""
    seen = re.sub(r"[\t\r\n]", "", target.strip("\0 \t\r\n")).replace("\\", "/")
    return urlsplit(urljoin(SITE, seen)).hostname


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "/\t/evil.example"])
def test_a_leading_slash_alone_leads_elsewhere(target: str) -> None:
    assert target.startswith("/")
    assert browsers_host(target) == "evil.example"


def test_what_starlette_does_with_a_redirects_target() -> None:
    assert RedirectResponse("//evil.example").headers["location"] == "//evil.example"
    assert RedirectResponse("/\r\na: b").headers["location"] == "/%0D%0Aa:%20b"


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://127.0.0.1/", "http://[::1]/"])
def test_a_url_is_checked_for_how_it_is_written_alone(url: str) -> None:
    assert str(TypeAdapter(HttpUrl).validate_python(url)) == url
