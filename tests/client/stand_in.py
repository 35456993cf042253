"""A scripted model on loopback that speaks the Messages API as the real client uses it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the client sent: its path without the query, and its body."""

    path: str
    body: Json

    @property
    def tools(self) -> dict[str, Json]:
        """The tools offered to the model, by name; a deferred one is not among them."""
        return {tool["name"]: tool for tool in self.body.get("tools", []) if "name" in tool}

    @property
    def text(self) -> str:
        """Everything that the model reads of this request but the tools: instructions, messages."""
        return _read([self.body.get("system", ""), *self._messages()])

    @property
    def last(self) -> str:
        """What the model reads since its own last turn; in a first request, all messages."""
        return _read(self._since())

    @property
    def results(self) -> list[str]:
        """The texts of the tool results since the model's own last turn."""
        blocks = [block for message in self._since() for block in _blocks(message)]
        return [_read(block) for block in blocks if block.get("type") == "tool_result"]

    def _messages(self) -> list[Json]:
        messages = self.body.get("messages", [])
        return [message for message in messages if isinstance(message, dict)]

    def _since(self) -> list[Json]:
        # The client adds messages of its own (role "system") behind the user's.
        roles = [message.get("role") for message in self._messages()]
        begin = len(roles) - roles[::-1].index("assistant") if "assistant" in roles else 0
        return self._messages()[begin:]


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A turn in which the model calls a tool."""

    name: str
    input: Json = field(default_factory=dict)


Turn = str | ToolUse | Callable[[Request], "str | ToolUse"]
"""What the model does: say a text (which ends its turn), call a tool, or decide by the request."""


class StandIn:
    """The model: plays its script, one turn a request that offers tools, and keeps all requests.

    A request without tools (a title for the session, say) is answered with "ok" and takes no turn.
    After the last turn every answer is "Done."
    """

    def __init__(self, script: Sequence[Turn]) -> None:
        """Take the turns in their order."""
        self.requests: list[Request] = []
        self._script = list(script)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"model": self})
        )
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address for ANTHROPIC_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def turns(self) -> list[Request]:
        """The requests that took a turn of the script, in their order."""
        return [request for request in self.requests if _takes_a_turn(request)]

    @property
    def left(self) -> int:
        """How many turns of the script were not asked for."""
        return len(self._script)

    def answer(self, request: Request) -> str | ToolUse:
        """Record a request and return what the model does; called from the server's threads."""
        with self._lock:
            self.requests.append(request)
            if not _takes_a_turn(request):
                return "ok"
            turn = self._script.pop(0) if self._script else "Done."
            return turn(request) if callable(turn) else turn

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def playing(*script: Turn) -> Iterator[StandIn]:
    """Serve a script for as long as the block lasts."""
    with StandIn(script) as model:
        yield model


def _takes_a_turn(request: Request) -> bool:
    return request.path == "/v1/messages" and bool(request.body.get("tools"))


def _blocks(message: Json) -> list[Json]:
    content = message.get("content")
    return (
        [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    )


def _read(content: Any) -> str:  # noqa: ANN401 - text, a block, or a list of either
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(_read(part) for part in content)
    if not isinstance(content, dict):
        return ""
    return _read(content.get("text") or content.get("content") or "")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: StandIn

    def do_HEAD(self) -> None:
        self._send(b"", "text/plain")

    def do_GET(self) -> None:
        self.model.answer(Request(self._path(), {}))
        self._send(b"{}")

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = Request(self._path(), _object(content))
        turn = self.model.answer(request)
        if request.path == "/v1/messages/count_tokens":
            self._send(b'{"input_tokens":100}')
        elif request.path != "/v1/messages":
            self._send(b"{}")
        elif request.body.get("stream"):
            self._send(_events(turn, request.body), "text/event-stream")
        else:
            self._send(json.dumps(_message(turn, request.body)).encode())

    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _send(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: what was asked stands in `requests`."""


def _object(content: bytes) -> Json:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _message(turn: str | ToolUse, body: Json) -> Json:
    count = len(body.get("messages", []))
    block: Json = (
        {"type": "text", "text": turn}
        if isinstance(turn, str)
        else {
            "type": "tool_use",
            "id": f"toolu_{count:04d}",
            "name": turn.name,
            "input": turn.input,
        }
    )
    return {
        "id": f"msg_{count:04d}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", ""),
        "content": [block],
        "stop_reason": "end_turn" if isinstance(turn, str) else "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _events(turn: str | ToolUse, body: Json) -> bytes:
    whole = _message(turn, body)
    block = whole["content"][0]
    if isinstance(turn, str):
        start, delta = {**block, "text": ""}, {"type": "text_delta", "text": turn}
    else:
        start = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(turn.input)}
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    events: list[Json] = [
        {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return "".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events
    ).encode()
