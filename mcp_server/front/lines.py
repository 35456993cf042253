"""Puts the bytes of a stream together into lines."""

from __future__ import annotations


class Lines:
    """What came since the last whole line, in parts: joining them each time would be quadratic."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are whole with this, each with its end."""
        if b"\n" not in data:
            self._parts.append(data)
            return []
        *whole, rest = b"".join([*self._parts, data]).split(b"\n")
        self._parts = [rest]
        return [line + b"\n" for line in whole]

    def rest(self) -> bytes:
        """Return what stands after the last end of a line."""
        return b"".join(self._parts)
