"""The functions of make that only rewrite text."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

MAX_LENGTH = 100_000
"""How many characters a text may have after its references are replaced."""


def _bounded(count: int, size: int) -> None:
    """Raise `ValueError` where `count` texts of `size` characters are more than anyone needs."""
    if count * size > MAX_LENGTH:
        msg = "it grows too long"
        raise ValueError(msg)


def matched(pattern: str, word: str) -> str | None:
    """Return what `%` of a pattern stands for in a word, None where it does not match."""
    before, percent, after = pattern.partition("%")
    if not percent:
        return "" if pattern == word else None
    fits = len(word) >= len(before) + len(after)
    if fits and word.startswith(before) and word.endswith(after):
        return word[len(before) : len(word) - len(after)]
    return None


def substitute(pattern: str, replacement: str, text: str) -> str:
    """Return `text` with each word that matches `pattern` replaced, as `patsubst` does."""
    words = text.split()

    def replaced(word: str) -> str:
        stem = matched(pattern, word)
        if stem is None:
            return word
        return replacement.replace("%", stem, 1) if "%" in pattern else replacement

    _bounded(len(words), len(replacement))
    return " ".join(map(replaced, words))


def _subst(old: str, new: str, text: str) -> str:
    if not old:
        return text + new
    _bounded(text.count(old), len(new))
    return text.replace(old, new)


def _filter(patterns: str, text: str, *, out: bool = False) -> str:
    wanted = patterns.split()
    literal = {one for one in wanted if "%" not in one}
    general = [one for one in wanted if "%" in one]

    def meets(word: str) -> bool:
        return word in literal or any(matched(one, word) is not None for one in general)

    return " ".join(word for word in text.split() if meets(word) != out)


def _number(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit():
        msg = "make takes a number there"
        raise ValueError(msg)
    return int(text.strip()[:9])


def _word(index: str, text: str) -> str:
    number = _number(index)
    if not number:
        msg = "make counts words from 1"
        raise ValueError(msg)
    return (text.split()[number - 1 : number] or [""])[0]


def _wordlist(first: str, last: str, text: str) -> str:
    begin = _number(first)
    if not begin:
        msg = "make counts words from 1"
        raise ValueError(msg)
    return " ".join(text.split()[begin - 1 : _number(last)])


def _affixed(before: str, text: str, after: str) -> str:
    words = text.split()
    _bounded(len(words), len(before) + len(after))
    return " ".join(f"{before}{word}{after}" for word in words)


def _directory(word: str) -> str:
    return word[: word.rfind("/") + 1] or "./"


def _suffix(word: str) -> str:
    name = word[word.rfind("/") + 1 :]
    return name[name.rfind(".") :] if "." in name else ""


def _join(left: str, right: str) -> str:
    first, second = left.split(), right.split()
    length = max(len(first), len(second))
    first += [""] * (length - len(first))
    second += [""] * (length - len(second))
    return " ".join(a + b for a, b in zip(first, second, strict=True))


def absolute(text: str) -> str:
    """Return paths without `.` and `..`; a relative one stays relative, as `CURDIR` is."""
    return " ".join(posixpath.normpath(word) for word in text.split())


FUNCTIONS: dict[str, Callable[..., str]] = {
    "subst": _subst,
    "patsubst": lambda pattern, new, text: substitute(pattern.strip(), new.strip(), text),
    "strip": lambda text: " ".join(text.split()),
    "findstring": lambda wanted, text: wanted if wanted in text else "",
    "filter": _filter,
    "filter-out": lambda patterns, text: _filter(patterns, text, out=True),
    "sort": lambda text: " ".join(sorted(set(text.split()))),
    "word": _word,
    "wordlist": _wordlist,
    "words": lambda text: str(len(text.split())),
    "firstword": lambda text: next(iter(text.split()), ""),
    "lastword": lambda text: next(iter(text.split()[-1:]), ""),
    "dir": lambda text: " ".join(map(_directory, text.split())),
    "notdir": lambda text: " ".join(word[word.rfind("/") + 1 :] for word in text.split()),
    "suffix": lambda text: " ".join(filter(None, map(_suffix, text.split()))),
    "basename": lambda text: " ".join(
        word.removesuffix(_suffix(word)) for word in text.split()
    ),
    "addsuffix": lambda end, text: _affixed("", text, end),
    "addprefix": lambda begin, text: _affixed(begin, text, ""),
    "join": _join,
    "abspath": absolute,
    "info": lambda *_: "",
    "warning": lambda *_: "",
}  # fmt: skip
