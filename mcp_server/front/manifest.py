"""Answers from a manifest what the server would answer: the handshake and the lists."""

# Importing pathlib would cost more than all else this does.
# ruff: noqa: PTH118, PTH120, PTH123

from __future__ import annotations

import json
import os

from mcp_server.front.messages import (
    CAPABILITIES,
    CLIENT,
    MODERN,
    UNSUPPORTED,
    VERSION,
    answer,
    is_modern,
    meta_of,
    refusal,
)

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from typing import Any

    from mcp_server.front.messages import Message

FILE = "manifest.json"


class Manifest:
    """What the server answers in each protocol version, as `mcp_server.manifest` recorded it."""

    def __init__(self, content: Message) -> None:
        """Keep the results, and which of them each version gives to each method."""
        self._results: list[Any] = content["results"]
        self._versions: dict[str, dict[str, int]] = content["versions"]

    @classmethod
    def load(cls) -> Manifest:
        """Read the manifest of this hdb."""
        path = os.path.join(os.path.dirname(__file__), FILE)
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    @property
    def handshakes(self) -> list[str]:
        """The versions that begin with `initialize`, the newest last."""
        return sorted(version for version in self._versions if version < MODERN)

    def answer(self, message: Message, negotiated: str | None) -> Message | None:
        """Return the answer to a request, or None where only the server can give it.

        `negotiated` is the version that an earlier `initialize` agreed on. Whatever is not
        exactly what the manifest was recorded with is the server's to judge.
        """
        method = message["method"]
        if method == "initialize":
            return self._greeting(message)
        version = negotiated
        if is_modern(message):
            version = _envelope(message) if negotiated is None else None
            if version is not None and (version < MODERN or version not in self._versions):
                return self._unsupported(message, version)
        if set(message.get("params", {})) - {"_meta"}:
            return None
        return self._recorded(message, version)

    def agreed(self, message: Message) -> str:
        """Return the version that an `initialize` comes to: the client's, else our newest."""
        wanted = message["params"]["protocolVersion"]
        return wanted if wanted in self.handshakes else self.handshakes[-1]

    def _greeting(self, message: Message) -> Message | None:
        params = message.get("params", {})
        whole = (
            isinstance(params.get("protocolVersion"), str)
            and isinstance(params.get("capabilities"), dict)
            and _is_client(params.get("clientInfo"))
        )
        return self._recorded(message, self.agreed(message)) if whole else None

    def _unsupported(self, message: Message, version: str) -> Message:
        """Return what lets a client of a newer protocol choose one that is spoken here."""
        served = sorted(version for version in self._versions if version >= MODERN)
        refused = refusal(message["id"], UNSUPPORTED, "Unsupported protocol version")
        refused["error"]["data"] = {"supported": served, "requested": version}
        return refused

    def _recorded(self, message: Message, version: str | None) -> Message | None:
        number = self._versions.get(version or "", {}).get(message["method"])
        return None if number is None else answer(message, self._results[number])


def _envelope(message: Message) -> str | None:
    """Return the version of a request that says all it must about its client."""
    meta = meta_of(message)
    whole = (
        isinstance(meta.get(VERSION), str)
        and isinstance(meta.get(CAPABILITIES), dict)
        and (CLIENT not in meta or _is_client(meta[CLIENT]))
    )
    return meta[VERSION] if whole else None


def _is_client(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("name", "version")
    )
