"""What the driver refuses to do, and which statements reach further than one database."""

from __future__ import annotations

import re

from .sql_tokens import statements


class Refused(BaseException):
    """Something would have touched another database than the throwaway one.

    No `Exception`, so that nothing of the project's can take it for an ordinary failure.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


SERVER_WIDE = re.compile(
    r"(?:create|alter|drop) (?:database|role|user(?! mapping)|group|tablespace|subscription|server)"
    r"\b|alter system\b|(?:reassign|drop) owned\b"
    r"|(?:comment|security label(?: for \S+)?) on (?:database|role|tablespace)\b"
    r"|(?:grant|revoke)\b(?:(?! on ).)*? on (?:database|tablespace|parameter)\b"
    r"|(?:grant|revoke)\b(?!.* on )"
    r"|create extension (?:if not exists )?(?:dblink|postgres_fdw|file_fdw)\b"
)
"""Statements, by their first words."""
COPIES = re.compile(r"copy\b.* (?:to|from) (?:program\b|'')")
REACHING = re.compile(
    r"\b(?:dblink\w*|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile"
    r"|pg_promote|lo_import|lo_export|pg_file_\w+|pg_read_file|pg_read_binary_file|pg_ls_\w+"
    r"|pg_drop_replication_slot|pg_create_(?:physical|logical)_replication_slot"
    r"|pg_copy_(?:physical|logical)_replication_slot|pg_replication_\w+|pg_stat_reset_shared) \("
)
SHARED_CATALOGS = re.compile(
    r"\b(?:insert into|update(?: only)?|delete from(?: only)?|merge into) (?:pg_catalog \. )?"
    r"(?:pg_database|pg_authid|pg_auth_members|pg_tablespace|pg_db_role_setting|pg_shdescription"
    r"|pg_shseclabel|pg_subscription|pg_parameter_acl|pg_replication_origin)\b"
)
HAS_BODY = re.compile(r"do\b|create (?:or replace )?(?:function|procedure)\b")
STARTS = re.compile(
    r"\b(?:begin|then|else|loop|execute|declare|as|atomic)\b"
    r"(?! (?:function|procedure)\b)"
)
"""After what a statement may begin within a body."""
EXECUTES = re.compile(r"\bexecute\b(?! (?:function|procedure)\b)")
DEEPEST = 4
"""How far literals within literals are read."""
OTHER_FILE = re.compile(
    r"(?:\s|;|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
    r"(attach\b(?!\s+(?:database\s+)?(?:':memory:'|''))|vacuum\b.*\binto\b)",
    re.IGNORECASE | re.DOTALL,
)


def reaches_out(sql: str, name: str) -> str:
    """Return the words of a text that change more than the database `name`, "" if none do.

    The second line: what stops a statement for certain is that its role may make databases and
    owns nothing else. This says it in the revision's words, before the server is asked.
    """
    target = re.escape(name)
    # What computes its own name says so; the server lets the role change no other.
    computed = "| %|$" if "current_database" in sql.lower() else ""
    own = re.compile(
        r"(?:alter database|comment on database|security label(?: for \S+)? on database"
        rf"|(?:grant|revoke)\b(?:(?! on ).)*? on database)(?: {target}(?! ,)(?:\s|$){computed})"
    )
    return _reaching(sql, own, body=False, depth=0)


def _reaching(sql: str, own: re.Pattern[str], *, body: bool, depth: int) -> str:
    parts = list(statements(sql))
    executes = body and any(EXECUTES.search(one.text) for one in parts)
    for one in parts:
        text = one.text
        copies = COPIES.search(one.shallow) if body else COPIES.match(one.shallow)
        found = REACHING.search(text) or SHARED_CATALOGS.search(text) or copies
        if found:
            return found.group(0)
        for start in [0, *(end.end() + 1 for end in STARTS.finditer(text))] if body else [0]:
            wide = SERVER_WIDE.match(text, start)
            if wide and not own.match(text, start):
                return wide.group(0)
        runs = executes or HAS_BODY.match(text)
        for literal in one.literals if runs and depth < DEEPEST else []:
            words = _reaching(literal, own, body=True, depth=depth + 1)
            if words:
                return words
    return ""


def other_file(statement: str) -> str:
    """Return the words of a statement with which SQLite opens or writes another file."""
    found = OTHER_FILE.match(statement)
    return " ".join(found.group(1).split()) if found else ""
