"""Finds values that follow a name which says secret: in code, configuration, headers, options."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.redact.harmless import IDENTIFIER, LONGEST_WORD, guards_nothing, reads_as_code
from mcp_server.redact.names import names_secret
from mcp_server.redact.quoting import inside_quotes, without_closing
from mcp_server.redact.shapes import Span

HINTS = (
    "pass", "pwd", "secret", "token", "credential", "key", "psk", "sessid", "sessionid", "_auth",
    "identified",
    '"auth',
)  # fmt: skip
NAMED = re.compile(
    r"(?<![\w$-])(?P<before><|-{0,3})(?P<name>[A-Za-z_]\w*+(?:-\w++)*+)"
    r"(?:(?P<close>\\*+[\"'])\]?+)?+[ \t]{0,24}+"
    r"(?P<op>:=|=>|\+?=(?![=~])|:(?![:=])|(?(close),|(?!))|(?<=\w)>)(?P<gap>[ \t]{0,24}+)"
)
STATED = re.compile(
    r"\b(?:(?i:identified[ \t]+by)|PASSWORD)[ \t]+'(?P<secret>[^'\n]++)'"
    r"|\blogin[ \t]+[^\s]{1,100}+\s{1,8}+password[ \t]+(?P<bare>[^\s\"']++)"
)
"""Passwords in statements of SQL, and in the files of netrc."""
OPTION = re.compile(r"(?<![\w-])--?(?P<name>[A-Za-z]\w*+(?:-\w++)*+)[ \t]{1,4}+(?![=:,>\s-])")
TYPED = re.compile(
    r"[A-Za-z_][\w.]{0,40}+(?:\[[\w., |]{0,40}+\])?(?: ?\| ?\w{1,20}+){0,3} ?= ?(?=[bBrRuU]?[\"'])"
)
WRAPPED = re.compile(r"(?:\w{1,30}+\.){0,3}(?:\w*Secret\w*|str|bytes)\((?=[bBrRuUfF]?[\"'])")
END_OF_STRING = re.compile(
    r"\\*+[\"'](?:[ \t]+[+%][ \t]|\)(?:[\s,:;)]|$)|[ \t]*(?:\n|$)|,[ \t]|\.format\()"
)
"""What follows where the quote after `password=` ends a text rather than begins a value."""
BARE = re.compile(r"[^\s;\"'`]{1,4096}+")
BARE_REST = re.compile(r"[^\s;\"'`]*+")
ELEMENT = re.compile(r"[^<\s]{1,4096}+(?=</)")
BARE_END = re.compile(r"&(?=[\w.%-]*=|amp;|$)|(?<!\\)\\++[nrt]|,(?=$|[\w.-]+\\*[=:])")
LONGEST_BARE = 4096
"""A bare value of this length is looked at no further, so that no text costs much more."""
NEAR = 200
"""How far around a name the rest of its connection string is looked for."""
FOLLOWED = re.compile(r"[ \t]+(?!#|//)[A-Za-z]")
NUMBER = re.compile(r"[\d_.,+-]+")
POSITION = re.compile(r"\d+(?::.*)?")
BRACES = re.compile(r"\{(?P<secret>[^}\s]++)\}")
LETTERS = re.compile(r"[A-Za-z]+")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
CONNECTION = re.compile(
    r"(?:\b(?:host|hostaddr|dbname|database|server|uid|user id|data source|driver)=[^\n]*)",
    re.IGNORECASE,
)
FIELD = re.compile(r"\{[^{}\s]*\}")
SHORTEST_NUMBER = 8
"""Shorter numbers after a token are counts and positions."""
PARAMETER = re.compile(r"(?:[?&]|&amp;)(?P<name>[\w.~\[\]-]{1,60}+)=(?P<value>[^&\s\"'`<>#\\]++)")
PARAMETERS = frozenset(
    "sig signature x-amz-signature x-amz-security-token x-amz-credential x-goog-signature"
    " x-goog-credential auth pass pw jwt hmac assertion sas oauth_signature code_verifier".split()
)
"""Names that say secret in the query of an address, and nowhere else."""


def assignments(text: str, lowered: str) -> Iterator[Span]:
    """Yield where secret values follow their names; `lowered` is the text in lower case."""
    if "?" in text or "&" in text:
        for match in PARAMETER.finditer(text):
            secret = match["name"].lower() in PARAMETERS or names_secret(match["name"])
            if secret and not guards_nothing(match["value"]):
                yield match.span("value")
    if any(hint in lowered for hint in HINTS):
        yield from _named(text, lowered)


def _named(text: str, lowered: str) -> Iterator[Span]:
    position = 0
    while found := NAMED.search(text, position):
        position = found.end("name")
        if names_secret(found["name"]) or _special(found):
            span = _value(text, found)
            if span is not None:
                yield span
                position = max(position, span[1])
    stated = "PASSWORD" in text or "login" in text or "identified" in lowered
    for match in STATED.finditer(text) if stated else ():
        if not guards_nothing(match["secret"] or match["bare"]):
            yield match.span("secret" if match["secret"] else "bare")
    if "-" in text:
        for option in OPTION.finditer(text):
            if names_secret(option["name"]):
                yield from _argument(text, option)


def _special(found: re.Match[str]) -> bool:
    """Tell names that say secret in one way of writing only, such as Docker's `"auth":`."""
    name, op = found["name"], found["op"]
    return (
        name == "_auth"
        or (name == "auth" and found["close"] == '"')
        or (name.lower() == "pass" and op == "=" and not found["gap"])
    )


def _value(text: str, found: re.Match[str]) -> Span | None:
    """Return where the secret value after a name lies, or nothing if it is not one."""
    op, start = found["op"], found.end()
    if op == ":" and (typed := TYPED.match(text, start)):
        start = typed.end()
    if wrapped := WRAPPED.match(text, start):
        start = wrapped.end()
    if END_OF_STRING.match(text, start) or (op == ">" and found["before"] != "<"):
        return None
    quoted = inside_quotes(text, start)
    if quoted is None:
        return None if op == "," else _bare(text, found, start)
    value = text[slice(*quoted)]
    # A comma follows many names: `setenv("API_TOKEN", "...")`, but also a list of names.
    listed = op == "," and (not found["name"].isupper() or VARIABLE.fullmatch(value) is not None)
    template = "{" in value and guards_nothing(FIELD.sub("", value))
    return None if listed or template or _harmless(text, found, value) else quoted


def _bare(text: str, found: re.Match[str], start: int) -> Span | None:
    """Return where a value without quotes lies, unless it reads as code or prose."""
    op = found["op"]
    whole = (ELEMENT if op == ">" else BARE).match(text, start)
    if whole is None:
        return None
    value = whole[0]
    if len(value) >= LONGEST_BARE and not guards_nothing(value):
        rest = BARE_REST.match(text, whole.end())
        return start, rest.end() if rest else whole.end()
    before = text[max(0, found.start() - NEAR) : found.start()].rstrip()[-1:]
    if before == ";" and op == "=" and (braces := BRACES.match(text, start)):
        return braces.span("secret")
    if before in {"?", "&"}:
        value = value.partition("#")[0]
    cut = BARE_END.search(value)
    value = without_closing(value[: cut.start()] if cut else value)
    if _harmless(text, found, value):
        return None
    certain = op == ">" or _configures(text, found, before)
    if not certain and _is_code(text, found, before, value):
        return None
    return start, start + len(value)


def _harmless(text: str, found: re.Match[str], value: str) -> bool:
    """Tell whether a value is no secret in spite of its name."""
    return (
        guards_nothing(value)
        or value == found["name"]
        or _counts(found["name"], value)
        or _unexpected(text, found)
    )


def _is_code(text: str, found: re.Match[str], before: str, value: str) -> bool:
    """Tell whether a bare value is an expression, a type, prose or a place in a file."""
    end = found.end() + len(value)
    if found["op"] == ":":
        place = not found["gap"] and POSITION.fullmatch(value)
        prose = LETTERS.fullmatch(value) and FOLLOWED.match(text, end)
        return bool(place or prose) or reads_as_code(value, loose=True)
    if text.endswith(("self.", "cls."), 0, found.start()) and IDENTIFIER.fullmatch(value):
        return True
    loose = found["gap"] or before in {"(", ","}
    return reads_as_code(value, loose=bool(loose))


def _configures(text: str, found: re.Match[str], before: str) -> bool:
    """Tell whether a bare value stands in a settings file or a connection string: no code."""
    if found["op"] != "=" or found["gap"] or before in {"(", ","}:
        return False
    if found["name"].isupper() or before in {";", "&", "?"}:
        return True
    line = text[max(0, found.start() - NEAR) : found.start()].rpartition("\n")[2]
    after = text[found.end() : found.end() + NEAR].partition("\n")[0]
    return CONNECTION.search(line) is not None or CONNECTION.search(after) is not None


def _counts(name: str, value: str) -> bool:
    """Tell whether a value is a number that counts or places something."""
    if not NUMBER.fullmatch(value):
        return False
    return len(value) < SHORTEST_NUMBER and "pass" not in name.lower()


def _unexpected(text: str, found: re.Match[str]) -> bool:
    """Tell whether a parser complains about a token of its own."""
    words = text[max(0, found.start() - 16) : found.start()].lower().split()
    return bool(words) and words[-1] in {"unexpected", "illegal", "expected"}


def _argument(text: str, option: re.Match[str]) -> Iterator[Span]:
    span = inside_quotes(text, option.end())
    if span is None:
        bare = BARE.match(text, option.end())
        if bare is None:
            return
        span = bare.start(), bare.start() + len(without_closing(bare[0]))
    value = text[slice(*span)]
    word = LETTERS.fullmatch(value) and len(value) < LONGEST_WORD
    if not word and not guards_nothing(value):
        yield span
