"""Formatters and handlers that change the record which others get after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.mutates_log_record import RULE
from tests.rules.cases import hits

HITS = {
    "a level in colour": """
        import logging
        class Colours(logging.Formatter):
            def format(self, record):
                record.levelname = f"[red]{record.levelname}"  # hit
                return super().format(record)
    """,
    "only the first of many": """
        from logging import Formatter as Base
        class Colours(Base):
            def format(self, rec):
                rec.msg, rec.args = rec.getMessage(), ()  # hit
                rec.levelname += "!"
                return Base.format(self, rec)
    """,
    "a base in another module": """
        from app import base
        class Colours(base.Plain):
            def format(self, record):
                if record.levelno > 30:
                    setattr(record, "msg", "!" + record.msg)  # hit
                return super().format(record)
        # file: app/base.py
        import logging
        class Plain(logging.Formatter): ...
    """,
    "another name of it": """
        import logging
        class Colours(logging.Formatter):
            def formatMessage(self, record):
                it = record
                it.name = it.name.rpartition(".")[2]  # hit
                return super().formatMessage(it)
    """,
    "a handler": """
        import logging
        class Chat(logging.StreamHandler):
            def emit(self, record):
                try:
                    record.msg = shorten(record.msg)  # hit
                    super().emit(record)
                finally:
                    self.flush()
    """,
    "its dictionary": """
        import logging
        class Colours(logging.Formatter):
            def format(self, record):
                record.__dict__["args"] = None  # hit
                return super().format(record)
    """,
    "a library's formatter": """
        import uvicorn.logging
        class Access(uvicorn.logging.AccessFormatter):
            def format(self, record):
                record.exc_info = None  # hit
                return super().format(record)
    """,
}
CLEAN = {
    "a copy": """
        import copy, logging
        class Colours(logging.Formatter):
            def format(self, record):
                record = copy.copy(record)
                record.levelname = "x"
                return super().format(record)
    """,
    "a copy with its own name": """
        import copy, logging
        class Colours(logging.Formatter):
            def format(self, record):
                shown = logging.makeLogRecord(record.__dict__)
                shown.msg = "x"
                return super().format(shown)
    """,
    "a filter": """
        import logging
        class Tenant(logging.Filter):
            def filter(self, record):
                record.tenant = tenant.get()
                record.msg = redact(record.msg)
                return True
    """,
    "new attributes": """
        import logging
        class Colours(logging.Formatter):
            def format(self, record):
                record.colour = COLOURS[record.levelno]
                record.message = record.getMessage()
                record.asctime = self.formatTime(record)
                return self._fmt % record.__dict__
    """,
    "put back": """
        import logging
        class Colours(logging.Formatter):
            def format(self, record):
                before = record.levelname
                record.levelname = "x"
                try:
                    return super().format(record)
                finally:
                    record.levelname = before
    """,
    "some other formatter": """
        from app import logging
        class Csv(logging.Formatter):
            def format(self, record):
                record.name = record.name.strip()
                return record
        # file: app/logging.py
        class Formatter: ...
    """,
    "what it keeps itself": """
        import logging
        class Colours(logging.Formatter):
            def format(self, record):
                self.name = record.name
                return super().format(record)
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [*CLEAN.values(), RULE.right], ids=[*CLEAN, "right"])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_hits_its_own_example(tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, RULE.wrong)
    assert len(found) == 1
