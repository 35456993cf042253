"""Reads a history of alembic revisions from the beginnings of their files; env.py stays unread."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

REVISION = re.compile(
    rb"^revision[ ]?(?::[^=\n]{0,80})?=[ ]?\(?[ ]?[\"']([^\"'\n]{1,80})[\"']", re.MULTILINE
)
DOWN = re.compile(rb"^down_revision[ ]?(?::[^=\n]{0,80})?=[ \t]*", re.MULTILINE)
TEXT = re.compile(rb"[\"']([^\"'\n]{1,80})[\"']")
COMMENT = re.compile(rb"#[^\n]*")
LONGEST_VALUE = 4_000
"""How many bytes the tuple of a merge's parents may have; 50 parents take as many."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision: its id and those of its parents, None where they are computed."""

    name: str
    parents: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class History:
    """What the revisions of one history come to."""

    revisions: int = 0
    heads: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unread: int = 0


def read_revision(content: bytes) -> Revision | None:
    """Return the revision that a file declares, None where it is not written as a text."""
    name = REVISION.search(content)
    if name is None:
        return None
    down = DOWN.search(content)
    return Revision(name[1].decode("utf-8", "replace"), _parents(content, down))


def _parents(content: bytes, down: re.Match[bytes] | None) -> tuple[str, ...] | None:
    if down is None:
        return None
    value = COMMENT.sub(b"", content[down.end() : down.end() + LONGEST_VALUE]).lstrip()
    if value.startswith(b"None"):
        return ()
    if value[:1] in {b"(", b"["}:
        end = value.find(b")" if value[:1] == b"(" else b"]")
        inner = value[: end if end >= 0 else None]
    else:
        inner = value.split(b"\n", 1)[0]
        if inner[:1] not in {b'"', b"'"}:
            return None
    return tuple(one.decode("utf-8", "replace") for one in TEXT.findall(inner))


def read_history(files: Mapping[str, bytes]) -> History:
    """Return what the revision files of one history say; other files in it are passed over."""
    found: list[Revision] = []
    unread = 0
    for content in files.values():
        revision = read_revision(content)
        if revision is not None and revision.parents is not None:
            found.append(revision)
        elif revision is not None or b"down_revision" in content:
            unread += 1
    counted = Counter(one.name for one in found)
    parents = {parent for one in found for parent in one.parents or ()}
    return History(
        revisions=len(counted),
        heads=_sorted(counted.keys() - parents),
        duplicates=_sorted(name for name, count in counted.items() if count > 1),
        missing=_sorted(parents - counted.keys()) if not unread else (),
        unread=unread,
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
