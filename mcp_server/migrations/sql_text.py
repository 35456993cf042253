"""Takes the text of SQL apart into statements, and says of each what kind of change it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAME = r"(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?(?P<table>[\w.\"`?]+)"
NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(?P<tag>\$\w*\$).*?(?P=tag)", re.DOTALL)
LONGEST = 200_000
"""How many characters of a text are looked at."""


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change to a table; `columns` are those that an UPDATE sets or ADD COLUMN adds."""

    kind: str
    table: str
    columns: frozenset[str] = frozenset()


KINDS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for kind, pattern in (
        ("create-table", rf"create\s+(?:unlogged\s+)?table\s+{NAME}"),
        ("drop-table", rf"drop\s+(?:table|schema)\s+{NAME}"),
        ("truncate", rf"truncate\s+(?:table\s+)?{NAME}"),
        ("delete-all", rf"delete\s+from\s+{NAME}(?!.*\b(?:where|using)\b)"),
        ("update-all", rf"update\s+{NAME}\s(?!.*\bwhere\b).*"),
        ("concurrent-index", rf"create\s+(?:unique\s+)?index\s+concurrently\b.*?\son\s+{NAME}"),
        ("concurrent-index", rf"drop\s+index\s+concurrently\s+{NAME}"),
        ("create-index", rf"create\s+(?:unique\s+)?index\b.*?\son\s+{NAME}"),
        ("rename-table", rf"alter\s+table\s+{NAME}\s+rename\s+to\b"),
        ("rename-column", rf"alter\s+table\s+{NAME}\s+rename\s+(?!constraint\b)"),
    )
)
ALTER = re.compile(rf"alter\s+table\s+{NAME}\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
ACTIONS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for kind, pattern in (
        ("drop-column", r"drop\s+column\b"),
        ("required-column", r"add\s+(?:column\s+)(?!.*\b(?:default|generated)\b).*\bnot\s+null\b"),
        ("add-column", r"add\s+column\b"),
        ("set-not-null", r"alter\s+(?:column\s+)?\S+\s+set\s+not\s+null\b"),
        ("change-type", r"alter\s+(?:column\s+)?\S+\s+(?:set\s+data\s+)?type\b"),
        ("foreign-key", r"add\s+constraint\b.*\bforeign\s+key\b(?!.*\bnot\s+valid\b)"),
        ("check", r"add\s+(?:constraint\s+\S+\s+)?check\b(?!.*\bnot\s+valid\b)"),
        ("unique", r"add\s+(?:constraint\s+\S+\s+)?unique\b(?!\s+using\b)"),
    )
)
SET = re.compile(r"(?:\bset\b|,)\s*[\"`]?(?P<column>\w+)[\"`]?\s*=(?!=)", re.IGNORECASE)
ADDED = re.compile(r"add\s+column\s+(?:if\s+not\s+exists\s+)?[\"`]?(?P<column>\w+)", re.IGNORECASE)


def changes(text: str) -> Iterator[Change]:
    """Yield the changes that a text of SQL makes; what stands in quotes or functions is left."""
    plain = NOISE.sub(lambda match: "''" if match[0].startswith("'") else " ", text[:LONGEST])
    for statement in plain.split(";"):
        yield from _of_statement(statement.strip())


def _of_statement(statement: str) -> Iterator[Change]:
    for kind, pattern in KINDS:
        if match := pattern.match(statement):
            names: list[str] = SET.findall(statement) if kind == "update-all" else []
            columns = frozenset(one.lower() for one in names)
            yield Change(kind, _bare(match["table"]), columns)
            return
    if match := ALTER.match(statement):
        for action in _split(match["rest"]):
            for kind, pattern in ACTIONS:
                if pattern.match(action.strip()):
                    columns = frozenset(one.lower() for one in ADDED.findall(action))
                    yield Change(kind, _bare(match["table"]), columns)
                    break


def _split(text: str) -> Iterator[str]:
    """Yield the actions of an ALTER TABLE: what commas outside of parentheses separate."""
    depth = start = 0
    for at, one in enumerate(text):
        depth += (one == "(") - (one == ")")
        if one == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _bare(name: str) -> str:
    return name.replace('"', "").replace("`", "")
