"""Takes the text of SQL apart into statements, and says of each what kind of change it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.migrations.change import Change, TableName, identifier, written_table
from mcp_server.migrations.sql_alter import alterations

PART = r"(?:\"[^\"]{0,128}\"|`[^`]{0,128}`|[\w?$]{1,128})"
ONE = rf"{PART}(?:\.{PART}){{0,2}}"
NAME = rf"(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?(?P<table>{ONE})"
MANY = rf"(?:if\s+exists\s+)?(?P<table>(?:only\s+)?{ONE}(?:\s*,\s*(?:only\s+)?{ONE})*)"
NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(?P<tag>\$\w*\$).*?(?P=tag)", re.DOTALL)
CREATE_TABLE = r"create\s+(?:(?:unlogged|temp|temporary|global|local)\s+)*table\s+"
LONGEST = 200_000
"""How many characters of a text are looked at."""
DEEPEST = 8
"""How many WITH inside each other are read."""
ALWAYS = r"(?:true|1\s*=\s*1|''\s*=\s*'')"
"""Conditions that choose no rows."""
BRACKETED = re.compile(rf"\(\s*{ALWAYS}\s*\)", re.IGNORECASE)
CHOOSES = re.compile(r"\bwhere\b", re.IGNORECASE)
VAIN = re.compile(rf"\bwhere\s+{ALWAYS}\s*(?:returning\b.*)?$", re.IGNORECASE | re.DOTALL)
COMPUTED = re.compile(
    r"(?<!\bset)(?<!\bwhen)(?<!\bthen)(?<!\belse)(?<!\band)(?<!\bor)(?<=[\w\"'`)?])\s+\?"
    r"|(?:[^\W_]|['\")])\?\s*$|\bset\s+\?\s*$",
    re.IGNORECASE,
)
"""A hole where a condition could stand; where a value or a name stands it is none."""


def _patterns(*pairs: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(text, re.IGNORECASE | re.DOTALL)) for kind, text in pairs)


KINDS = _patterns(
    ("create-table", rf"{CREATE_TABLE}(?!if\s+not\b)(?P<table>{ONE})"),
    ("drop-table", rf"drop\s+(?:table|schema)\s+{MANY}"),
    ("truncate", rf"truncate\s+(?:table\s+)?{MANY}"),
    ("delete-all", rf"delete\s+from\s+{NAME}(?P<rest>(?!.*\busing\b).*)"),
    ("update-all", rf"update\s+{NAME}(?P<rest>\s.*)"),
    ("concurrent-index-in-transaction",
     rf"create\s+(?:unique\s+)?index\s+concurrently\b.*?\son\s+{NAME}"),
    ("concurrent-index-in-transaction", rf"drop\s+index\s+concurrently\s+{NAME}"),
    ("locking-index", rf"create\s+(?:unique\s+)?index\b.*?\son\s+{NAME}"),
)  # fmt: skip
ALTER = re.compile(rf"alter\s+table\s+{NAME}\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
SET = re.compile(rf"(?:\bset\b|,)\s*(?P<column>{ONE})\s*=(?!=)", re.IGNORECASE)
SET_SEVERAL = re.compile(r"(?:\bset\b|,)\s*\((?P<columns>[^()]*)\)\s*=(?!=)", re.IGNORECASE)
SELECTED = re.compile(
    rf"\bselect\b[^;]{{0,2000}}?\bfrom\s+(?P<table>{ONE})", re.IGNORECASE | re.DOTALL
)
WITH = re.compile(r"with\b", re.IGNORECASE)
VERB = re.compile(r"(?:delete|update|insert|merge|select)\b", re.IGNORECASE)


def changes(text: str) -> Iterator[Change]:
    """Yield the changes that a text of SQL makes; what stands in quotes or functions is left."""
    plain = NOISE.sub(lambda match: "''" if match[0].startswith("'") else " ", text[:LONGEST])
    for statement in BRACKETED.sub(" true ", plain).split(";"):
        yield from _of_statement(statement.strip())


def _of_statement(statement: str, depth: int = 0) -> Iterator[Change]:
    if WITH.match(statement):
        if depth < DEEPEST:
            yield from _of_common(statement, depth + 1)
        return
    flat = "".join(one for one, inside in _levels(statement) if not inside)
    for kind, pattern in KINDS:
        if match := pattern.match(flat):
            if kind not in {"delete-all", "update-all"} or _is_every(match):
                columns = _set(statement, flat) if kind == "update-all" else frozenset()
                if columns and all(_reads(statement, one) for one in columns):
                    return
                for name in match["table"].split(","):
                    shown = re.sub(r"^\s*only\s", "", name, flags=re.IGNORECASE).strip()
                    yield Change(kind, written_table(shown), columns)
            return
    if match := ALTER.match(flat):
        yield from alterations(written_table(match["table"]), match["rest"])


def _of_common(statement: str, depth: int) -> Iterator[Change]:
    """Yield what the parts of `WITH a AS (...), b AS (...) ...` change, and then the rest."""
    marked = [*_levels(statement)]
    flat = "".join(" " * len(one) if inside else one for one, inside in marked)
    for one, inside in marked:
        if inside:
            yield from _of_statement(one.strip(), depth)
    # A name such as "select" of a part stands before an AS, and its body is blank.
    main = next((each.start() for each in VERB.finditer(flat)), None)
    if main is not None:
        yield from _of_statement(statement[main:], depth)


def _levels(text: str) -> Iterator[tuple[str, bool]]:
    """Yield a text in pieces, and of each whether it stands in parentheses."""
    depth = start = 0
    for match in re.finditer(r"[()]", text):
        opens = match[0] == "("
        if opens and depth == 0:
            yield text[start : match.end()], False
            start = match.end()
        elif not opens and depth == 1:
            yield text[start : match.start()], True
            start = match.start()
        depth = max(0, depth + (1 if opens else -1))
    yield text[start:], False


def _reads(statement: str, column: str) -> bool:
    """Tell whether a column's new value is made of its old one, so that nothing is lost."""
    rest = statement[max(0, statement.lower().find("set")) :]
    return len(re.findall(rf"\b{re.escape(column)}\b", rest, re.IGNORECASE)) > 1


def read_tables(text: str) -> Iterator[TableName]:
    """Yield the tables whose rows a text of SQL selects."""
    for match in SELECTED.finditer(text[:LONGEST]):
        yield written_table(match["table"])


def _is_every(match: re.Match[str]) -> bool:
    """Tell whether a DELETE or UPDATE is known to choose no rows."""
    rest = match["rest"]
    if COMPUTED.search(match.string[max(0, match.end("table") - 2) :]):
        return False
    return not CHOOSES.search(rest) or bool(VAIN.search(rest))


def _set(statement: str, flat: str) -> frozenset[str]:
    names: list[str] = SET.findall(flat)
    for several in SET_SEVERAL.findall(statement):
        names += several.split(",")
    return frozenset(identifier(one.rpartition(".")[2].strip()) for one in names)
