"""Tells hdb what happens, a JSON object a line, on a stream that the project cannot write to."""

from __future__ import annotations

import json
import os
from typing import Any


class Teller:
    """Keeps standard output for itself: what the project prints goes to standard error."""

    def __init__(self) -> None:
        own = os.dup(1)
        os.dup2(2, 1)
        self._stream = os.fdopen(own, "w", encoding="utf-8")
        self.status = 0
        """1 once something was found or failed, so that a lost line cannot make a run green."""

    def say(self, event: str, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Write one event at once; what was said stays said when the driver is killed."""
        if event in {"finding", "problem", "refused"}:
            self.status = 1
        self._stream.write(json.dumps({"event": event, **fields}, default=str) + "\n")
        self._stream.flush()
