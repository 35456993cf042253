"""Tells what a line of JSON-RPC is, and makes the messages that need no server."""

from __future__ import annotations

import json

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Message = dict[str, Any]

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INTERNAL_ERROR = -32603
UNSUPPORTED = -32022
"""A protocol version that is not served (2026-07-28, basic/versioning)."""
HOOK, ALLOW = "stop_hook", "{}"
"""How a client's hook asks, and the answer that lets it go on: a hook is no place for a failure."""
DEEPEST = 100
"""How deep a message may nest: the server's own reader drops what is much deeper, silently."""
DEEP = "The message nests too deeply."
MODERN = "2026-07-28"
"""The first protocol version whose requests carry all they need, without a handshake."""
ABOUT = "io.modelcontextprotocol/"
VERSION, CLIENT, CAPABILITIES = (
    f"{ABOUT}{name}" for name in ("protocolVersion", "clientInfo", "clientCapabilities")
)


class UnreadableError(Exception):
    """A line that the server would drop without a word, with the answer that it deserves."""

    def __init__(self, code: int, why: str, identity: object = None) -> None:
        """Keep what the answer says."""
        super().__init__(why)
        self.answer = refusal(identity, code, why)


def read(line: bytes) -> Message:
    """Return the message in a line. Raises `UnreadableError` for whatever is none."""
    try:
        message: Message = json.loads(line.decode(), parse_constant=_refuse)
        if b"\\u" in line:
            # A half of a surrogate pair is no text.
            json.dumps(message, ensure_ascii=False).encode()
    except ValueError as error:
        raise UnreadableError(PARSE_ERROR, f"The line is no JSON: {error}.") from None
    except RecursionError:
        raise UnreadableError(INVALID_REQUEST, DEEP) from None
    wrong = _wrong(message)
    if wrong:
        raise UnreadableError(INVALID_REQUEST, wrong, identity_of(message))
    if line.count(b"{") + line.count(b"[") > DEEPEST and _depth(message) > DEEPEST:
        raise UnreadableError(INVALID_REQUEST, DEEP, identity_of(message))
    if message.get("params", {}) is None:
        del message["params"]
    return message


def written(message: Message) -> bytes:
    """Return a message as its line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def answer(message: Message, result: object) -> Message:
    """Return the answer to a request."""
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def refusal(identity: object, code: int, why: str) -> Message:
    """Return the error that answers a request; `identity` is None where it cannot be told."""
    return {"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": why}}


def failure(message: Message, why: str) -> Message:
    """Return the answer to a request that no server is there for: words an agent gets to read."""
    if message["method"] != "tools/call":
        return refusal(message["id"], INTERNAL_ERROR, why)
    arguments = message.get("params", {}).get("arguments")
    result = {"content": [{"type": "text", "text": why}], "isError": True}
    if isinstance(arguments, dict) and arguments.get(HOOK):
        result = {"content": [{"type": "text", "text": ALLOW}]}
    if is_modern(message):
        result["resultType"] = "complete"
    return answer(message, result)


def progress(token: object, share: float, text: str) -> Message:
    """Return the notification of how far a call is, as a part of 1."""
    params = {"progressToken": token, "progress": share, "message": text}
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


def is_request(message: Message) -> bool:
    """Tell whether a message wants an answer."""
    return "method" in message and "id" in message


def meta_of(message: Message) -> Message:
    """Return what a request says about itself."""
    meta = message.get("params", {}).get("_meta")
    return meta if isinstance(meta, dict) else {}


def is_modern(message: Message) -> bool:
    """Tell whether a request carries its protocol version itself."""
    return message.get("method") != "initialize" and VERSION in meta_of(message)


def identity_of(message: object) -> object:
    """Return the id under which a request can be answered, whatever else is wrong with it."""
    identity = message.get("id") if isinstance(message, dict) and "method" in message else None
    return identity if is_identity(identity) else None


def is_identity(value: object) -> bool:
    """Tell whether a value can be an id; to Python a truth value is a number."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _refuse(constant: str) -> NoReturn:
    msg = f"{constant} is no JSON number"
    raise ValueError(msg)


def _wrong(message: object) -> str:
    """Return what keeps a value from being a message, or nothing."""
    if not isinstance(message, dict):
        return "A line must hold one JSON-RPC message, an object."
    asks = "method" in message
    answers = "id" in message and ("result" in message or "error" in message)
    identity = message.get("id", 0)
    nameless = identity is None and not asks  # an error whose cause could not be read
    well_formed = {
        'A message must say "jsonrpc":"2.0".': message.get("jsonrpc") == "2.0",
        "A method must be a text.": isinstance(message.get("method", ""), str),
        "An id must be a text or a whole number.": nameless or is_identity(identity),
        "params must be an object.": isinstance(message.get("params"), (dict, type(None))),
        "A message must have a method, or be an answer.": asks or answers,
        "A request cannot be an error.": not (asks and "error" in message),
    }
    return next((rule for rule, kept in well_formed.items() if not kept), "")


def _depth(value: object) -> int:
    depth = 0
    level = [value]
    while level:
        depth += 1
        level = [
            child
            for one in level
            if isinstance(one, (dict, list))
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, (dict, list))
        ]
    return depth
