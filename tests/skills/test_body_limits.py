"""Attacks on the limits of bodies: what lies about its length, and how much of it is taken."""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.skills.blocks import load

OURS = load("python-backend/references/limits.md#body-sizes")
ELSEWHERE = load("python-backend/references/limits.md#body-sizes-in-other-applications")

LIMIT = 100_000
PIECE = 10_000
ENDLESS = [b"x" * PIECE] * 500
JSON = {"content-type": "application/json"}
PATHS = ("/notes", "/hooks")

Lengths = tuple[str, ...]
Make = Callable[[], FastAPI]


@dataclass(frozen=True)
class Answer:
    """What came back, and how many bytes of the body were taken for it."""

    status: int
    taken: int
    body: bytes
    headers: Mapping[str, str]


async def post(
    app: ASGIApp,
    path: str,
    pieces: Iterable[bytes],
    lengths: Lengths = (),
    headers: Mapping[str, str] = JSON,
) -> Answer:
    """Send the pieces as a server hands them on, with the lengths that a caller claims."""
    waiting = iter([*pieces])
    taken, sent = 0, list[Message]()

    async def receive() -> Message:
        nonlocal taken
        piece = next(waiting, None)
        if piece is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    raw += [(b"content-length", one.encode()) for one in lengths]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": raw,
        "http_version": "1.1",
        "scheme": "http",
    }
    await app(scope, receive, send)
    start = sent[0]
    told = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    body = b"".join(one.get("body", b"") for one in sent[1:])
    return Answer(start["status"], taken, body, told)


def seed_app() -> FastAPI:
    """Ask in a dependency for the length that is claimed, then for all of the body."""

    async def check(request: Request) -> None:
        claimed = request.headers.get("content-length")
        too_large = bool(claimed) and int(claimed or 0) > LIMIT
        if too_large or len(await request.body()) > LIMIT:
            raise HTTPException(413)

    app = FastAPI(dependencies=[Depends(check)])
    app.post("/notes")(take_note)
    app.post("/hooks")(take_hook)
    return app


async def take_note(note: OURS.Note) -> int:  # type: ignore[name-defined]
    return len(note.text)


async def take_hook(request: Request) -> int:
    return len(await request.body())


def app_of_the_framework() -> FastAPI:
    app: FastAPI = OURS.create_app()
    return app


def unbounded() -> FastAPI:
    app = FastAPI()
    app.post("/notes")(take_note)
    app.post("/hooks")(take_hook)
    return app


def app_of_the_middleware() -> FastAPI:
    app = unbounded()
    app.add_middleware(ELSEWHERE.BodyLimit, limit=LIMIT)
    return app


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Be an application of no framework, which reads all that comes."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


both = pytest.mark.parametrize("make", [app_of_the_framework, app_of_the_middleware])
HOSTILE: dict[str, Lengths] = {
    "no length": (),
    "a length that is too small": ("10",),
    "a length that is a word": ("abc",),
    "a negative length": ("-5",),
    "a signed length": ("+5",),
    "an empty length": ("",),
    "two lengths": ("5", "5000000"),
    "a length in digits of another script": ("\u0665",),
    "a length in hexadecimal": ("0x10",),
    "a length of 5,000 digits": ("9" * 5000,),
}


@both
@pytest.mark.parametrize("path", PATHS)
async def test_what_declares_itself_too_large_is_refused_unread(make: Make, path: str) -> None:
    answer = await post(make(), path, ENDLESS, ("5000000",))
    assert (answer.status, answer.taken) == (413, 0)


@both
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("lengths", HOSTILE.values(), ids=[*HOSTILE])
async def test_no_claim_lets_more_in_than_the_limit(
    make: Make, path: str, lengths: Lengths
) -> None:
    answer = await post(make(), path, ENDLESS, lengths)
    assert answer.status in {400, 413}
    assert answer.taken <= LIMIT + PIECE


@pytest.mark.parametrize("lengths", [("5", "6"), ("5", "5"), ("-1",), ("abc",), ("9" * 5000,)])
async def test_our_middleware_asks_for_one_length_before_it_reads(lengths: Lengths) -> None:
    answer = await post(app_of_the_middleware(), "/hooks", [b"12345"], lengths)
    assert (answer.status, answer.taken) == (400, 0)


@both
async def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(make: Make) -> None:
    pieces = [b"x" * PIECE] * 10
    assert (await post(make(), "/hooks", pieces, (str(LIMIT),))).body == b"100000"
    assert (await post(make(), "/hooks", pieces)).body == b"100000"
    assert (await post(make(), "/hooks", [*pieces, b"x"])).status == 413
    assert (await post(make(), "/hooks", pieces, (str(LIMIT + 1),))).status == 413


@both
async def test_a_length_that_is_too_large_costs_nothing(make: Make) -> None:
    assert (await post(make(), "/hooks", [b"x"], ("99999",))).body == b"1"


async def test_the_seed_takes_all_of_a_body_without_a_length() -> None:
    answer = await post(seed_app(), "/hooks", ENDLESS)
    assert (answer.status, answer.taken) == (413, 5_000_000)


async def test_the_seed_parses_a_model_before_it_refuses() -> None:
    # FastAPI reads the body for the parameter before any dependency runs.
    answer = await post(seed_app(), "/notes", ENDLESS, ("5000000",))
    assert (answer.status, answer.taken) == (422, 5_000_000)


@pytest.mark.parametrize("claimed", ["abc", "9" * 5000])
async def test_the_seed_breaks_on_a_length_that_is_no_number(claimed: str) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|Exceeds the limit"):
        await post(seed_app(), "/hooks", [b"x"], (claimed,))


async def test_nothing_is_bounded_by_default() -> None:
    assert (await post(unbounded(), "/hooks", ENDLESS)).taken == 5_000_000


async def test_the_class_of_starlette_bounds_any_application() -> None:
    app = RequestBodyLimitMiddleware(bare, max_body_size=LIMIT)
    assert (await post(app, "/", [b"x" * LIMIT])).body == b"100000"
    answer = await post(app, "/", ENDLESS)
    assert (answer.status, answer.taken) == (413, LIMIT + PIECE)


@both
async def test_a_handler_that_streams_is_stopped_as_it_reads(make: Make) -> None:
    app = make()
    written = list[int]()

    @app.post("/stream")
    async def stream(request: Request) -> int:
        written.extend([len(piece) async for piece in request.stream()])
        return sum(written)

    answer = await post(app, "/stream", ENDLESS)
    assert answer.status == 413
    assert answer.taken == LIMIT + PIECE
    assert written == []


@both
async def test_a_handler_that_swallows_every_error_gets_no_more_than_the_limit(make: Make) -> None:
    app = make()

    @app.post("/careless")
    async def careless(request: Request) -> str:
        try:
            await request.body()
        except Exception:  # noqa: BLE001 - what the test is about
            return "whatever"
        return "read"

    answer = await post(app, "/careless", ENDLESS)
    assert answer.taken == LIMIT + PIECE


class Auditor(BaseHTTPMiddleware):
    """A middleware that reads the body before the route is found."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Read, and go on."""
        await request.body()
        return await call_next(request)


async def test_a_middleware_that_reads_is_under_the_limit_of_the_framework() -> None:
    app = OURS.create_app()
    app.add_middleware(Auditor)
    answer = await post(app, "/hooks", ENDLESS)
    assert (answer.status, answer.taken) == (413, LIMIT + PIECE)
    # And for it the limit is the application's, whatever the route's own would be.
    form = {"content-type": "multipart/form-data; boundary=b"}
    assert (await post(app, "/uploads/", ENDLESS[:50], headers=form)).status == 413


async def test_a_middleware_that_reads_inside_of_ours_ends_with_our_error() -> None:
    app = FastAPI()
    app.add_middleware(Auditor)
    app.add_middleware(ELSEWHERE.BodyLimit, limit=LIMIT)
    with pytest.raises(StarletteHTTPException) as caught:
        await post(app, "/hooks", ENDLESS)
    assert caught.value.status_code == 413


async def test_a_route_of_uploads_has_a_limit_of_its_own() -> None:
    app = app_of_the_framework()
    form = {"content-type": "multipart/form-data; boundary=b"}
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
    within = [head, *[b"x" * PIECE] * 50, b"\r\n--b--\r\n"]
    answer = await post(app, "/uploads/", within, headers=form)
    assert (answer.status, answer.body) == (200, b"500000")
    answer = await post(app, "/uploads/", [head, *ENDLESS, *ENDLESS, *ENDLESS], headers=form)
    assert answer.status == 413
    assert answer.taken < 10_000_000 + 2 * PIECE


async def test_a_refusal_of_a_declared_length_is_plain_text_and_the_handler_may_have_run() -> None:
    app = app_of_the_framework()
    ran = list[bool]()

    @app.post("/tick")
    async def tick() -> None:
        ran.append(True)

    answer = await post(app, "/tick", ENDLESS, ("5000000",))
    assert answer.status == 413
    assert answer.headers["content-type"].startswith("text/plain")
    assert ran == [True]


def test_what_is_unpacked_is_bounded_by_its_own_limit() -> None:
    bomb = zlib.compress(b"0" * 10_000_000)
    assert len(bomb) < PIECE
    assert len(zlib.decompressobj().decompress(bomb, LIMIT)) == LIMIT


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """Serve with uvicorn on a free port of loopback; yield the port."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    # Who connects before the server runs waits for it.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            await serving


async def ask(port: int, *parts: bytes) -> tuple[bytes, asyncio.StreamReader]:
    """Write to a socket as no client library would; return the status and what reads on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST /hooks HTTP/1.1\r\nHost: test\r\n"
    writer.write(head + b"".join(parts))
    try:
        async with asyncio.timeout(60):
            return (await reader.readline()).split()[1], reader
    finally:
        writer.close()


@both
async def test_a_real_server_answers_before_it_has_the_body(make: Make) -> None:
    chunk = b"%x\r\n%s\r\n" % (PIECE, b"x" * PIECE)
    async with served(make()) as port:
        assert (await ask(port, b"Content-Length: 5000000000\r\n\r\n"))[0] == b"413"
        assert (await ask(port, b"Transfer-Encoding: chunked\r\n\r\n", chunk * 20))[0] == b"413"
        assert (await ask(port, b"Content-Length: 3\r\n\r\nabcdef"))[0] == b"200"
        chunks = chunk * 10 + b"0\r\n\r\n"
        assert (await ask(port, b"Transfer-Encoding: chunked\r\n\r\n", chunks))[0] == b"200"


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: abc",
        b"Content-Length: -5",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: " + b"9" * 5000,
    ],
)
async def test_uvicorn_refuses_what_is_no_length(lengths: bytes) -> None:
    async with served(FastAPI()) as port:
        assert (await ask(port, lengths + b"\r\n\r\n"))[0] == b"400"


async def test_our_middleware_closes_the_connection_that_it_refused() -> None:
    async with served(app_of_the_middleware()) as port:
        status, reader = await ask(port, b"Content-Length: 5000000000\r\n\r\n")
        async with asyncio.timeout(60):
            rest = await reader.read()
    assert status == b"413"
    assert b"connection: close" in rest.lower()


async def test_the_framework_reads_on_after_its_refusal_and_ours_does_not() -> None:
    large = b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000
    second = b"POST /hooks HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n"
    second += b"Connection: close\r\n\r\nabc"
    answers = dict[str, bytes]()
    for make in (app_of_the_framework, app_of_the_middleware):
        async with served(make()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /hooks HTTP/1.1\r\nHost: test\r\n" + large + second)
            async with asyncio.timeout(60):
                with suppress(ConnectionError):
                    while piece := await reader.read(65536):
                        answers[make.__name__] = answers.get(make.__name__, b"") + piece
            writer.close()
    assert answers["app_of_the_framework"].count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 200" in answers["app_of_the_framework"]
    assert b"HTTP/1.1 200" not in answers.get("app_of_the_middleware", b"")


@both
@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"Expect: 100-continue\r\nContent-Length: 200000\r\n\r\n", [b"413"]),
        (b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", [b"100", b"200"]),
        (b"Transfer-Encoding: gzip, chunked\r\n\r\n", [b"400"]),
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n%s", [b"413"]),
    ],
    ids=["expects too much", "expects", "another coding", "a length beside chunks"],
)
async def test_a_real_server_is_told_other_things(
    make: Make, head: bytes, statuses: list[bytes]
) -> None:
    chunks = (b"%x\r\n%s\r\n" % (PIECE, b"x" * PIECE)) * 20
    async with served(make()) as port:
        status, reader = await ask(port, head.replace(b"%s", chunks))
        assert status == statuses[0]
        if status == b"100":
            await reader.readline()
            assert (await reader.readline()).split()[1] == statuses[1]


def test_messages_of_a_websocket_have_a_limit_of_uvicorns() -> None:
    assert uvicorn.Config(FastAPI()).ws_max_size == 16 * 1024 * 1024
