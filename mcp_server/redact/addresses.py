"""Finds passwords in addresses: URLs of any scheme, data source names, accounts before a host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.redact.harmless import MASKED, TEMPLATE
from mcp_server.redact.shapes import Span

SCHEME = re.compile(r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,40}):(?://|\\/\\/)")
REST = re.compile(r"(?:(?!://)[^\s\"'`])*+")
QUOTES = {'"', "'", "`"}
QUOTE_INSIDE = re.compile(r"[\"'`][^\s/?#@,;:()\[\]{}]{0,64}+@[\w.:-]++(?:/[^\s\"'`]*+)?")
QUERY = re.compile(r"\?[\w.%\[\]-]+=")
WEB = frozenset({"http", "https", "ws", "wss", "ftp", "ftps", "sftp", "ssh", "file", "svn", "git"})
"""Schemes whose addresses may hold an @ in the path."""
PORT = re.compile(r"\d{1,5}(?=[/?#]|$)")
LONG_USER = re.compile(r"(?=[^\d]*\d)[\w.~%-]{20,}")
"""A user name that is a token: nobody is called so."""
ORACLE = re.compile(r"jdbc:oracle:\w{1,10}:[\w$#]{1,64}/(?P<secret>[^\s@\"']{1,200}+)@")
ACCOUNT = re.compile(
    r"(?<![\w.:/@%+\\-])(?P<user>[A-Za-z_][\w.%+-]{0,63}+):(?P<secret>[^\s:@/\"'`(),;<>]{1,128}+)@"
    r"(?P<host>(?:tcp|udp|unix)?\(|[A-Za-z\[][\w.:\]-]*+(?:/|(?<=\d)(?!\w)))"
)
"""What stands before a host without a scheme; the host has a port, a path or brackets."""
NO_USER = frozenset(
    "acct author cc docker email file from git image im mailto npm pkg reply sip sips to xmpp"
    " python node workspace patch".split()
)
CURL_USER = re.compile(
    r"(?<=\s)(?:-u\s*|--(?:proxy-)?user[ =])[\"']?[^\s:\"'-][^\s:\"']{0,100}:(?P<secret>[^\s\"']+)"
)
LOGIN = re.compile(
    r"\b(?:sshpass|redis-cli|mysql\w*|mariadb\w*|(?:docker|podman|buildah|registry) login)\b"
    r"(?P<arguments>(?:[ \t]+[^\s|;&]+)*+)"
)
LOGIN_PASSWORD = re.compile(
    r"(?<=\s)-(?P<letter>[ap])(?P<space>[ \t]*)[\"']?(?P<secret>[^\s\"']{4,})"
)


def addresses(text: str) -> Iterator[Span]:
    """Yield where passwords stand in addresses; scheme, host and path stay readable."""
    if "@" in text:
        for match in SCHEME.finditer(text):
            yield from _in_url(text, match)
        for match in ACCOUNT.finditer(text):
            if match["user"].lower() not in NO_USER and not match["host"].startswith("sha"):
                yield from _kept_apart(text, *match.span("secret"))
        for match in ORACLE.finditer(text) if "jdbc:oracle:" in text else ():
            yield from _kept_apart(text, *match.span("secret"))
    for match in CURL_USER.finditer(text) if "curl" in text else ():
        yield from _kept_apart(text, *match.span("secret"))
    if " -p" in text or "redis-cli" in text:
        yield from _logins(text)


def _logins(text: str) -> Iterator[Span]:
    for login in LOGIN.finditer(text):
        for match in LOGIN_PASSWORD.finditer(text, *login.span("arguments")):
            # mysql takes a password only without a space; with one, it is a database.
            apart = match["space"] and login[0].startswith(("mysql", "mariadb"))
            if not apart and (match["letter"] == "a") == login[0].startswith("redis"):
                yield from _kept_apart(text, *match.span("secret"))


def _in_url(text: str, scheme: re.Match[str]) -> Iterator[Span]:
    start = scheme.end()
    if text.startswith("[", start):
        return
    rest = REST.match(text, start)
    end = rest.end() if rest else start
    if text[scheme.start() - 1 : scheme.start()] not in QUOTES and "@" not in text[start:end]:
        # Only an address that itself stands in quotes must end at one.
        end = further.end() if (further := QUOTE_INSIDE.match(text, end)) else end
    if query := QUERY.search(text, start, end):
        end = query.start()
    slash = next((at for at in range(start, end) if text[at] in "/?#"), end)
    colon = text.find(":", start, end)
    name = scheme["scheme"].lower().rpartition("+")[2]
    web = name in WEB
    if web or text.find("@", start, slash) < 0:
        last = text.rfind("@", start, slash)
    else:
        last = text.rfind("@", start, end)
    if last < 0 and 0 <= colon < slash and not (web and PORT.match(text, colon + 1, end)):
        last = text.rfind("@", start, end)
    if last < 0:
        return
    if start <= colon < last:
        yield from _kept_apart(text, colon + 1, last)
    elif LONG_USER.fullmatch(text, start, last):
        yield start, last


def _kept_apart(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield a span unless it is empty or holds a placeholder."""
    value = text[start:end]
    if value and not MASKED.fullmatch(value) and not TEMPLATE.fullmatch(value):
        yield start, end
