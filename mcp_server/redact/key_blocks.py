"""Finds private keys: PEM and OpenPGP blocks in every layout, PuTTY files, JSON web keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.redact.shapes import Span

EDGE = re.compile(r"-----(?P<edge>BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
CHUNK = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/=]++")
LINE_END = r"(?:\r?\n|\\{1,8}(?:r\\{1,8})?n)"
FIRST = re.compile(
    rf"(?P<break>(?:[ \t\"'+,>|E]*+{LINE_END})++)?[ \t\"'+,>|E]*?(?P<chunk>[A-Za-z0-9+/=]{{4,}}+)"
)
HEADER = re.compile(
    rf"(?:[ \t\"'>|E]*+{LINE_END})++[ \t\"'>|E]*+"
    r"(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID): ?"
    r"(?:[^\n\\\"']|\\(?![rn]))*+"
)
NEXT = re.compile(
    rf"(?:[ \t\"'+,>|E]*+{LINE_END})*+[ \t\"'+,>|E]*?(?P<chunk>[A-Za-z0-9+/=]{{16,}}+)"
)
SHORTEST_CHUNK = 16
"""Runs shorter than this are words unless they stand where key material must."""
MOST_HEADERS = 8
"""A key block has a few headers; more are no key's."""
PUTTY = re.compile(r"Private-Lines: \d+(?P<body>(?:(?:\r?\n|\\r?\\?n)[ \t]*[A-Za-z0-9+/=]++)++)")
PUTTY_MAC = re.compile(r"Private-MAC: (?P<secret>[a-f0-9]{16,})")
WEB_KEY = re.compile(r"[\"'](?:d|p|q|dp|dq|qi|k)\\?[\"']: ?\\?[\"'](?P<secret>[\w-]{16,})")


def key_blocks(text: str) -> Iterator[Span]:
    """Yield where the material of private keys lies, line by line; the marking lines stay."""
    if "PRIVATE KEY" in text:
        edges = list(EDGE.finditer(text))
        for at, edge in enumerate(edges):
            if edge["edge"] != "BEGIN":
                continue
            after = edges[at + 1] if at + 1 < len(edges) else None
            if after is not None and after["edge"] == "END":
                yield from _whole(text, edge.end(), after.start())
            else:
                yield from _cut_off(text, edge.end(), after.start() if after else len(text))
    if "Private-Lines" in text:
        yield from _putty(text)
    if any(name in text for name in ('kty"', "kty'", 'kty\\"')):
        for match in WEB_KEY.finditer(text):
            yield match.span("secret")


def _putty(text: str) -> Iterator[Span]:
    for match in PUTTY.finditer(text):
        for chunk in CHUNK.finditer(text, *match.span("body")):
            yield _without_escape(text, chunk)
    for match in PUTTY_MAC.finditer(text):
        yield match.span("secret")


def _whole(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield all that lies between the two edges, if it holds key material at all."""
    chunks = list(CHUNK.finditer(text, start, end))
    if all(len(chunk[0]) < SHORTEST_CHUNK for chunk in chunks):
        return
    headers = [header.span() for header in HEADER.finditer(text, start, end)]
    for chunk in chunks:
        span = _without_escape(text, chunk)
        inside = any(first <= span[0] < last for first, last in headers[:MOST_HEADERS])
        if span[1] - span[0] > 1 and not inside:
            yield span


def _cut_off(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the key material after an edge that has no counterpart, as far as it goes."""
    position = start
    while header := HEADER.match(text, position, end):
        position = header.end()
    first = FIRST.match(text, position, end)
    if first is None or (first["break"] is None and len(first["chunk"]) < SHORTEST_CHUNK):
        return
    yield first.span("chunk")
    position = first.end()
    while chunk := NEXT.match(text, position, end):
        yield chunk.span("chunk")
        position = chunk.end()


def _without_escape(text: str, chunk: re.Match[str]) -> Span:
    """Leave out the letter of an escaped line end that the run of letters began with."""
    start, end = chunk.span()
    if text[start - 1 : start] == "\\" and text[start] in "nr":
        start += 1
    return start, end
