"""flake8 formatter that writes JSON lines to the file named by HDB_REPORT, for hdb to read.

It runs inside the project's flake8: standard library and flake8 only, Python 3.8 and newer.
"""

from __future__ import annotations

import json
import os
from typing import IO, TYPE_CHECKING

from flake8.formatting.base import BaseFormatter  # type: ignore[import, unused-ignore]

if TYPE_CHECKING:
    from flake8.statistics import Statistics  # type: ignore[import, unused-ignore]
    from flake8.violation import Violation  # type: ignore[import, unused-ignore]


class Formatter(BaseFormatter):  # type: ignore[misc, unused-ignore]
    """Records every file begun and every violation; prints nothing, whatever is configured."""

    _record: IO[str]

    def start(self) -> None:
        """Open the record; flake8's own `start` would open the project's output file."""
        self._record = open(os.environ["HDB_REPORT"], "a", encoding="utf-8")  # noqa: SIM115 - closed by `stop`

    def stop(self) -> None:
        """Say that the report is complete."""
        self._say(event="end")
        self._record.close()

    def beginning(self, filename: str) -> None:
        """Say that a file was checked, which no violation would prove."""
        self._say(event="file", file=filename)

    def handle(self, error: Violation) -> None:
        """Say what was found."""
        self._say(
            event="violation",
            file=error.filename,
            line=error.line_number,
            column=error.column_number,
            code=error.code,
            message=error.text,
        )

    def show_statistics(self, statistics: Statistics) -> None:
        """Keep configured statistics off stdout."""

    def show_benchmarks(self, benchmarks: list[tuple[str, float]]) -> None:
        """Keep benchmarks off stdout."""

    def _say(self, **fields: str | float | None) -> None:
        self._record.write(json.dumps(fields) + "\n")
