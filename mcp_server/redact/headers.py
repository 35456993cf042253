"""Finds credentials in HTTP headers, written as lines, as Python or as JSON, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.redact.harmless import LONGEST_WORD, guards_nothing, reads_as_code
from mcp_server.redact.quoting import inside_quotes, without_closing
from mcp_server.redact.shapes import Span

HEADER = re.compile(
    r"(?<![\w-])(?P<name>(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z0-9-]{0,40}?(?:api-?key|token"
    r"|auth|secret|signature)|private-token|job-token|deploy-token|api-key)"
    r"(?P<close>\\*+[\"'])?[ \t]{0,8}+(?::(?!:)|,|=(?!=)|=>)[ \t]{0,8}+"
    r"(?P<open>[bBrRuU]?\\*+[\"'])?",
    re.IGNORECASE,
)
SCHEME = re.compile(
    r"(?P<scheme>bearer|basic|token|digest|negotiate|ntlm|apikey|api-key|bot|dpop|key|hawk"
    r"|aws4-hmac-sha256|signature|sso-key|jwt|splunk|genie[Kk]ey)[ \t]++",
    re.IGNORECASE,
)
TO_THE_END = frozenset({"digest", "aws4-hmac-sha256", "hawk", "signature"})
CREDENTIAL = re.compile(r"[^\s\"'\\]++")
PAIR = re.compile(r"(?P<name>[\w.!#$%&*+^`|~-]++)=(?P<value>[^;\s\"'\\]*+)")
COOKIE_ATTRIBUTES = frozenset({"path", "domain", "expires", "max-age", "samesite", "priority"})
BEARER = re.compile(
    r"\b(?:bearer|basic)[ \t]+(?P<secret>(?=[A-Za-z._~+/=-]{0,200}\d|[\w.~+/=-]{28})"
    r"[A-Za-z0-9._~+/=-]{12,})",
    re.IGNORECASE,
)
PAIR_OF_STRINGS = re.compile(
    r"\b(?:auth=|\w{0,20}BasicAuth)\([ \t]*[\"'][^\"'\n]{0,200}[\"'],[ \t]*"
    r"[\"'](?P<secret>[^\"'\n]{4,})[\"']"
)
"""A user name and a password, as HTTP clients take and show them."""
HEADER_ENDS = {"\n", '"', "'", "`"}
LONGEST_HEADER = 16384
"""Servers take no longer header lines."""
LETTERS = re.compile(r"[A-Za-z]+")


def headers(text: str, lowered: str) -> Iterator[Span]:
    """Yield where credentials stand in headers; `lowered` is the text in lower case."""
    if "auth" in lowered or "cookie" in lowered or "x-" in lowered or "-token" in lowered:
        position = 0
        while header := HEADER.search(text, position):
            spans, position = _header(text, header)
            yield from spans
    for match in PAIR_OF_STRINGS.finditer(text) if "auth" in lowered else ():
        if not guards_nothing(match["secret"]):
            yield match.span("secret")
    if "bearer" in lowered or "basic" in lowered:
        for match in BEARER.finditer(text):
            yield match.span("secret")


def _header(text: str, header: re.Match[str]) -> tuple[list[Span], int]:
    """Return the secret parts of a header's value, and where what was looked at ends.

    Its scheme and the names of cookies stay.
    """
    start = header.end()
    sign = header[0][header.end("name") - header.start() :]
    if ("," in sign and not header["close"]) or ("=" in sign and not header["open"]):
        return [], start
    end = _header_end(text, header)
    if header["name"].lower().endswith("cookie"):
        return list(_cookies(text, start, end)), end
    scheme = SCHEME.match(text, start, end)
    if scheme and scheme["scheme"].lower() in TO_THE_END:
        return ([(scheme.end(), end)] if "=" in text[scheme.end() : end] else []), end
    first = scheme.end() if scheme else start
    credential = CREDENTIAL.match(text, first, end)
    if credential is None:
        return [], start
    whole = header["open"] and not scheme
    last = end if whole else first + len(without_closing(credential[0]))
    value = text[first:last]
    short = len(value) < LONGEST_WORD
    word = short and not scheme if header["open"] else short or value.islower()
    prose = word and LETTERS.fullmatch(value)
    code = not header["open"] and not scheme and reads_as_code(value, loose=True)
    return ([] if prose or code or guards_nothing(value) else [(first, last)]), last


def _header_end(text: str, header: re.Match[str]) -> int:
    """Return where a header's value ends: at its quote, the quote around it, or the line's end."""
    start = header.end()
    if header["open"]:
        span = inside_quotes(text, header.start("open"))
        return span[1] if span else start
    around = text[header.start() - 1 : header.start()] if header.start() else ""
    ends = (text.find(sign, start, start + LONGEST_HEADER) for sign in {"\n", around} & HEADER_ENDS)
    return min((end for end in ends if end >= 0), default=min(len(text), start + LONGEST_HEADER))


def _cookies(text: str, start: int, end: int) -> Iterator[Span]:
    for pair in PAIR.finditer(text, start, end):
        if pair["name"].lower() not in COOKIE_ATTRIBUTES and not guards_nothing(pair["value"]):
            yield pair.span("value")
