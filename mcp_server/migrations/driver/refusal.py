"""What the driver refuses to do, and which statements reach further than one database."""

from __future__ import annotations

import re


class Refused(BaseException):
    """Something would have touched another database than the throwaway one.

    No `Exception`, so that nothing of the project's can take it for an ordinary failure.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
LITERALS = re.compile(r"'(?:[^']|'')*'")
EXECUTES = re.compile(r"\bexecute\b", re.IGNORECASE)
DATA = re.compile(r"\s*(?:insert|update|delete|select|with|values)\b", re.IGNORECASE)
REACHING = re.compile(
    r"\b(?:dblink\w*|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|lo_export|"
    r"pg_file_write|pg_read_file|pg_ls_dir)\s*\(",
    re.IGNORECASE,
)
SERVER_WIDE = re.compile(
    r"\b(?:create|alter|drop)\s+(?:database|role|user(?!\s+mapping)|group|tablespace|subscription"
    r"|server)\b|\balter\s+system\b|\b(?:reassign|drop)\s+owned\b"
    r"|\bcopy\b.*\b(?:to|from)\s+(?:program\b|')|\bgrant\b(?!.*\bon\b)|\brevoke\b(?!.*\bon\b)"
    r"|\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?\"?(?:dblink|postgres_fdw|file_fdw)",
    re.IGNORECASE | re.DOTALL,
)
OTHER_FILE = re.compile(r"\s*attach\b|\s*vacuum\b.*\binto\b", re.IGNORECASE)


def reaches_out(statement: str, name: str) -> str:
    """Return the words of a statement that change more than the database `name`, "" if none do.

    A guard against accidents, not against malice: a role that may only create databases is the
    real boundary.
    """
    plain = COMMENTS.sub(" ", statement)
    for part in plain.split(";"):
        # What a block executes stands in its literals; elsewhere they are only data.
        text = part if EXECUTES.search(plain) else LITERALS.sub("''", part)
        found = REACHING.search(text) or (None if DATA.match(part) else SERVER_WIDE.search(text))
        own = re.match(rf"\s*alter\s+database\s+\"?{re.escape(name)}\b", part, re.IGNORECASE)
        if found and not own:
            return " ".join(found.group(0).split())
    return ""


def other_file(statement: str) -> str:
    """Return the words of a statement with which SQLite opens or writes another file."""
    found = OTHER_FILE.match(COMMENTS.sub(" ", statement))
    return " ".join(found.group(0).split()) if found else ""
