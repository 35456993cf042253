"""Reads the file that an injected reporter writes, even where a test deletes or replaces it."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

MOST_BYTES = 256 * 1024 * 1024
"""How much is read; the reporter stays far below it."""


class SideFile:
    """A file that is there from the start, and stays readable after its name is gone."""

    def __init__(self, path: Path) -> None:
        """Create the file. Raises `OSError` where that is not possible."""
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the file go."""
        os.close(self._descriptor)

    def text(self) -> str:
        """Return what was written, first to the file, then to the one that took its place."""
        content = self._read(self._descriptor)
        try:
            other = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return content
        try:
            if not os.path.sameopenfile(other, self._descriptor):
                content += self._read(other)
        finally:
            os.close(other)
        return content

    @staticmethod
    def _read(descriptor: int) -> str:
        content = bytearray()
        try:
            while len(content) < MOST_BYTES and (chunk := os.read(descriptor, 1 << 20)):
                content += chunk
        except OSError:
            # A folder, say, in the file's place: what is missing shows in the record itself.
            pass
        return content.decode("utf-8", errors="backslashreplace")
