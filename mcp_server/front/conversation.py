"""Keeps what a client and hdb's server say to each other whole while the server comes and goes.

It does no input or output: lines come in, lines to write are left in `to_client` and `to_server`.
"""

from __future__ import annotations

from mcp_server.front.messages import (
    CAPABILITIES,
    CLIENT,
    MODERN,
    VERSION,
    UnreadableError,
    failure,
    is_identity,
    is_modern,
    is_request,
    meta_of,
    progress,
    read,
    written,
)

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from mcp_server.front.manifest import Manifest
    from mcp_server.front.messages import Message

    Key = str | int | None

DOWN, OPENING, READY = "down", "opening", "ready"
HANDSHAKE, STATELESS, UNKNOWN = "handshake", "stateless", "unknown"
OURS = "hdb-front-"
"""How the ids of the requests begin that no client made."""
INITIALIZED = "notifications/initialized"
CANCELLED = "notifications/cancelled"
STEPS = 20
"""How slowly the progress of a call that waits for the server nears 1."""


class Conversation:
    """One client's session, across all servers that serve it."""

    def __init__(self, manifest: Manifest) -> None:
        """Begin with a client that has said nothing and a server that is not there."""
        self.to_client: list[bytes] = []
        self.to_server: list[bytes] = []
        self.state = DOWN
        self.wants_another = False
        """Whether the server that is there cannot serve this client any more."""
        self.proved = False
        """Whether the server has answered a request of the client's."""
        self._manifest = manifest
        self._era: str | None = None
        self._opening: Message | None = None
        self._version: str | None = None
        self._initialized = False
        self._asked = 0
        self._waiting: list[tuple[Message, bytes]] = []
        self._running: dict[Key, Message] = {}
        self._told: dict[Key, int] = {}

    @property
    def waits(self) -> bool:
        """Whether a request waits for the server."""
        return any(is_request(message) for message, _ in self._waiting)

    def hear_client(self, line: bytes) -> None:
        """Take a line of the client's: answer it, or have the server do so."""
        try:
            message = read(line)
        except UnreadableError as error:
            self.to_client.append(written(error.answer))
            return
        if b"\r" in line.rstrip():
            # To the server a bare one ends a line.
            line = written(message)
        if is_request(message):
            self._requested(message, line)
        elif message.get("method") == CANCELLED:
            self._cancelled(message, line)
        elif message.get("method") == INITIALIZED and self._opening is not None:
            self._initialized = True
            if self.state == READY:
                self.to_server.append(line)
        elif "method" in message or self.state == READY:
            # An answer that comes later than the server that asked is of no use to another.
            self._pass(message, line)

    def hear_server(self, line: bytes) -> None:
        """Take a line of the server's. Raises `UnreadableError` where it is no message."""
        message = read(line)
        if "method" not in message:
            identity = message.get("id")
            if self.state == OPENING and identity == f"{OURS}{self._asked}":
                self._opened()
                return
            if self._running.pop(identity, None) is not None:
                self.proved = True
        self.to_client.append(line)

    def server_began(self) -> None:
        """Open the conversation with a new server, as far as the client has said how."""
        self.state = OPENING
        self.wants_another = False
        self.proved = False
        if self._era is not None:
            self._open()

    def server_ended(self, why: str) -> None:
        """Fail the calls that the server had, and those that waited for one that never came."""
        for message in self._running.values():
            self._fail(message, why)
        self._running.clear()
        if self.state == OPENING and not self.wants_another:
            for message, _ in self._waiting:
                self._fail(message, why)
            self._waiting.clear()
            self._told.clear()
        self.to_server.clear()
        self.state = DOWN

    def tell(self, text: str) -> None:
        """Tell every waiting call that asked for progress how far its server is."""
        for message, _ in self._waiting:
            token = meta_of(message).get("progressToken")
            if is_request(message) and token is not None:
                key = message["id"]
                told = self._told[key] = self._told.get(key, 0) + 1
                self.to_client.append(written(progress(token, told / (told + STEPS), text)))

    def _requested(self, message: Message, line: bytes) -> None:
        answer = self._manifest.answer(message, self._version)
        refused = answer is not None and "error" in answer
        if message["method"] == "initialize" and answer is not None:
            self._greeted(message)
        elif self._era is None and not refused:
            self._era = STATELESS if is_modern(message) else UNKNOWN
            self._opening = _probe(message) if is_modern(message) else None
            if self.state == OPENING:
                self._open()
        if answer is None:
            self._pass(message, line)
        else:
            self.to_client.append(written(answer))

    def _greeted(self, message: Message) -> None:
        # A server serves the era of its first request for good.
        self.wants_another = self.state != DOWN and self._era == STATELESS
        self._era = HANDSHAKE
        self._opening = message
        self._version = self._manifest.agreed(message)
        self._initialized = False
        if self.state != DOWN and not self.wants_another:
            self._open()

    def _cancelled(self, message: Message, line: bytes) -> None:
        key = message.get("params", {}).get("requestId")
        if not is_identity(key):
            return
        before = len(self._waiting)
        self._waiting = [
            (one, text) for one, text in self._waiting if not is_request(one) or one["id"] != key
        ]
        self._told.pop(key, None)
        if len(self._waiting) == before and self._running.pop(key, None) is not None:
            self.to_server.append(line)

    def _pass(self, message: Message, line: bytes) -> None:
        if self.state != READY or self.wants_another:
            self._waiting.append((message, line))
            return
        if is_request(message):
            self._running[message["id"]] = message
        self.to_server.append(line)

    def _open(self) -> None:
        if self._opening is None:
            self._opened()
            return
        self.state = OPENING
        self._asked += 1
        self.to_server.append(written(dict(self._opening, id=f"{OURS}{self._asked}")))

    def _opened(self) -> None:
        self.state = READY
        if self._initialized:
            self.to_server.append(written({"jsonrpc": "2.0", "method": INITIALIZED}))
        waiting, self._waiting = self._waiting, []
        self._told.clear()
        for message, line in waiting:
            self._pass(message, line)

    def _fail(self, message: Message, why: str) -> None:
        if is_request(message):
            self.to_client.append(written(failure(message, why)))


def _probe(message: Message) -> Message:
    """Return a request of the same client that a server answers as soon as it serves."""
    about = {VERSION: MODERN, CAPABILITIES: {}}
    if CLIENT in meta_of(message):
        about[CLIENT] = meta_of(message)[CLIENT]
    return {"jsonrpc": "2.0", "method": "server/discover", "params": {"_meta": about}}
