"""Reads the imports in a Python file's text, of statements and of calls with a constant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The text is read, not its syntax, so that any version of Python will do, and code in strings
# (a doctest, a script that a test writes) counts as well: what is found is rather too much.
SPACE = r"(?:[ \t\f]|\\\r?\n)"
START = r"""(?:^|[;:"'`>({]|\\[nrt])[ \t\f]*(?:lazy[ \t]+)?"""
NAME = rf"\w+(?:{SPACE}*\.{SPACE}*\w+)*"
FROM = rf"from(?=[ \t\f\\.]){SPACE}*(?P<dots>(?:\.{SPACE}*)*)(?P<module>(?:{NAME})?){SPACE}*"
HEAD = re.compile(rf"{START}(?P<taken>{FROM})?$")
"""What stands before `import` on its line."""
LONGEST_HEAD = 1_000
KEYWORD = re.compile(r"import\b")
TAKEN = re.compile(rf"{SPACE}*(?P<names>\((?:[^)#]|\#[^\n]*)*|(?:[^\n;#\\(]|\\\r?\n)*)")
MODULES = re.compile(rf"{SPACE}+(?P<names>(?:[^\n;#\\]|\\\r?\n)*)")
IMPORTED = re.compile(r"\s*(?P<name>\w+(?:\s*\.\s*\w+)*)(?:\s+as\s+(?P<alias>\w+))?")
BLANK = re.compile(r"[\s\\]+")
REMARK = re.compile(r"#[^\n]*")
GUARD = re.compile(
    r"^(?P<indent>[ \t]*)if[ \t]+(?:(?P<place>\w+)\.)?TYPE_CHECKING[ \t]*:[ \t]*(?:#[^\n]*)?\r?\n"
    r"(?:(?:(?P=indent)[ \t]+\S[^\n]*|[ \t\r]*)\n)*",
    re.MULTILINE,
)
UNGUARDED = re.compile(r"TYPE_CHECKING\s*(?::[^=\n]*)?=(?!\s*(?:=|False\b))")
UNSET = re.compile(r"^[ \t]*TYPE_CHECKING[ \t]*(?::[^=\n]*)?=[ \t]*False\b", re.MULTILINE)
FLAG = re.compile(
    r"from[ \t]+(?P<module>[\w.]+)[ \t]+import[ \t]*(?:\([^)]*|[^\n]*)\bTYPE_CHECKING\b"
)
TYPING = frozenset({"typing", "typing_extensions"})
TYPING_NAME = re.compile(
    r"^[ \t]*import[ \t]+(?:[^\n;]*,[ \t]*)?"
    r"(?P<name>typing(?:_extensions)?)\b(?:[ \t]+as[ \t]+(?P<alias>\w+))?",
    re.MULTILINE,
)
STATIC = re.compile(
    r"\b(?P<call>import_module|__import__|importorskip|find_spec|run_module|import_string)"
    r"\(\s*[rbu]?(?P<quote>['\"])(?P<name>\w[\w.]*)(?P=quote)\s*[,)]"
)
STATEMENT = re.compile(r"^[ \t]*(?:from|import)\b(?:(?!\bas\b)[^\n;])*$", re.MULTILINE)
"""A statement that gives no other name to what it imports."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import: the module, the names taken from it, and how many folders up it starts.

    `level` is 0 for an absolute import, else the number of dots. Without `names` the module
    itself is imported; the name "*" stands for everything in it.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


def statements(code: str) -> Iterator[Import]:
    """Yield the imports of the statements in a text, also of those in its strings."""
    for keyword in KEYWORD.finditer(code):
        at = keyword.start()
        start = code.rfind("\n", 0, at) + 1
        while code[max(0, start - 3) : start].rstrip("\r\n").endswith("\\"):
            start = code.rfind("\n", 0, start - 1) + 1
        head = HEAD.search(code[max(start, at - LONGEST_HEAD) : at])
        if head is None:
            continue
        if head["taken"] is None:
            modules = MODULES.match(code, keyword.end())
            yield from map(Import, _names(modules["names"] if modules else ""))
            continue
        taken = TAKEN.match(code, keyword.end())
        names = REMARK.sub("", taken["names"] if taken else "").lstrip("( \t\r\n\\")
        found = tuple(_names(names)) or (("*",) if "*" in names else ())
        yield Import(BLANK.sub("", head["module"]), found, head["dots"].count("."))


def _names(text: str) -> Iterator[str]:
    for part in text.replace("\\\n", " ").replace("\\\r\n", " ").split(","):
        found = IMPORTED.match(part)
        if found:
            yield BLANK.sub("", found["name"])


def constant_calls(code: str) -> tuple[list[Import], str]:
    """Return the imports of calls with a constant, and the text without these and statements."""
    found = [Import(one["name"]) for one in STATIC.finditer(code)]
    return found, STATEMENT.sub("", STATIC.sub("", code))


def without_guarded(code: str) -> str:
    """Return a text without what stands there for type checkers alone.

    A flag of another origin than `typing` may be true when the code runs.
    """
    if "TYPE_CHECKING" not in code or UNGUARDED.search(code):
        return code
    origins = {one["module"] for one in FLAG.finditer(code)}
    plain = origins <= TYPING if origins else UNSET.search(code) is not None
    places = {
        one["alias"] or one["name"]
        for one in (TYPING_NAME.finditer(code) if ".TYPE_CHECKING" in code else ())
    }

    def kept(found: re.Match[str]) -> str:
        dropped = plain if found["place"] is None else found["place"] in places
        return "" if dropped else found[0]

    return GUARD.sub(kept, code)
