"""Tells values that guard nothing: placeholders, types, code, prose and paths."""

from __future__ import annotations

import re
from functools import lru_cache

SHORTEST = 4
"""Assigned values shorter than this are no secrets, and tests are full of them."""
LONGEST = 200
"""A placeholder is short; what is longer is not looked at."""
VOCABULARY = frozenset(
    "a abc access admin an any api apikey app array async auth authorization await bad basic bearer"
    " blank bool bytearray bytes callable change changed changeme class client correct credential"
    " credentials csrf datetime db default denied dict digest disabled dummy email empty enabled"
    " env error example expected expire expired failed fake false field filtered float foo for"
    " found forbidden from github hash here hidden id in incorrect input insert int invalid is it"
    " key list literal malformed masked me missing mock must my mypass mypassword mysecret mytoken"
    " name new nil no none not null object of ok old omitted optional or own parameter pass passed"
    " passphrase password passwd placeholder private provided pw pwd qwerty real redacted refresh"
    " removed replace required response return revoked sample scrubbed secret self set should"
    " skipped some something str string super tbd test testing the this to todo token tokens true"
    " tuple type types typing undefined unexpected union unknown unset user username valid value"
    " was when with wrong xxx your".split()
)
"""Words that make up placeholders, types and prose; a value of nothing else guards nothing.

`changeme` is among them: the whole world knows it, and that it still stands there is a finding.
"""
PROSE = re.compile(
    r"\b(?:a|an|and|are|as|be|by|can|cannot|did|does|do|for|from|has|have|if|in|is|must|no|not|of"
    r"|on|or|should|that|the|this|to|too|was|were|with|you|your)\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(
    r"(?:[A-Za-z][a-z'-]*|\d{1,3})(?:[,:]? (?:[A-Za-z][a-z'-]*|\d{1,3})){2,}[.!?]?"
)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MASKED = re.compile(r"[*xX.•#?_\s-]+|\.{3}.*|…")
TEMPLATE = re.compile(
    r"\$\{[^{}]*\}|\$\(.*\)|\$\$?[A-Za-z_]\w*|%[A-Za-z_]\w*%|\{\{.*\}\}|\{[\w.!:\[\]]*\}"
    r"|%(?:\(\w+\))?[sdr]|<[^<>]*>|\[[\w .-]*\]|__\w+__|@\w+@|#[0-9a-fA-F]{6}"
)
PLACEHOLDER = re.compile(r"\$\{[^{}]*\}|\{\{[^{}]*\}\}|\{[\w.!:\[\]]*\}|<[^<>]*>|%\(\w+\)s")
PATH = re.compile(
    r"(?:file:/*|~/|\.\.?/|/(?:app|bin|code|data|dev|etc|home|lib|mnt|opt|private|proc|project|root"
    r"|run|secrets|srv|sys|tmp|usr|Users|var|vault|work|workspace)/).*"
)
CODE = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*[(\[].*|(?:self|cls|os|settings|config|request|env|sys|app"
    r"|secrets|Token|cfg|args|options|t|typing|data|payload|response|user|kwargs)\.[\w.]+"
    r"|[A-Za-z_]+(?:\.[A-Za-z_]+)+|(?:[a-z]\w*\.)+[A-Z][a-z]\w*|lambda|[\[({].*"
)
IDENTIFIER = re.compile(r"[A-Za-z_]+")
LONGEST_WORD = 8
"""From this length on a single lower-case word may be a secret even where it could be code."""


@lru_cache(maxsize=4096)
def guards_nothing(value: str) -> bool:
    """Tell whether a value is a placeholder, a path, prose or too short, wherever it stands."""
    if len(value) < SHORTEST or not value.strip():
        return True
    if MASKED.fullmatch(value):
        return True
    if len(value) > LONGEST:
        return False
    if (
        TEMPLATE.fullmatch(value)
        or not PLACEHOLDER.sub("", value).strip(":@/._- ")
        or PATH.fullmatch(value)
    ):
        return True
    return _of_known_words(value) or _prose(value)


@lru_cache(maxsize=4096)
def reads_as_code(value: str, *, loose: bool) -> bool:
    """Tell whether a bare value is an expression or a type rather than a text.

    `loose` is true where Python code is likely: inside a call, or around a spaced `=`.
    """
    if len(value) > LONGEST:
        return False
    if CODE.fullmatch(value):
        return True
    if not IDENTIFIER.fullmatch(value):
        return False
    if loose:
        return "_" in value or len(value) < LONGEST_WORD or _camel(value)
    return False


def _camel(value: str) -> bool:
    """Tell a name of a class from random letters: its words are longer."""
    return value[0].isupper() and len(WORD.findall(value)) * 3 <= len(value)


def _of_known_words(value: str) -> bool:
    rest = WORD.sub("", value)
    if len(re.sub(r"[\s_.,!|:'-]", "", rest)) > 2 or not re.fullmatch(r"[\d\s_.,!|:'-]*", rest):
        return False
    return all(word.lower() in VOCABULARY for word in WORD.findall(value))


def _prose(value: str) -> bool:
    return bool(SENTENCE.fullmatch(value) and PROSE.search(value))
