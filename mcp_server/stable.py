"""Takes out of a text what changes from run to run although nothing else did: addresses and such.

Only forms that Python and known tools print are taken out. What a project makes by chance, and the
order of containers that have none, stay as they are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

HEX = r"0x[0-9a-fA-F]{6,16}\b"
REPR = re.compile(r"<\w[^<>\n]*")
"""A repr, up to its end or up to another repr inside it."""
IN_REPR = (
    # Outside of a repr, a number in base 16 is a constant of the project's.
    (" at 0x", rf" at {HEX}", " at 0x#"),
    ("Mock", r"(Mock\b.{0,200}? id=')\d+(?=')", r"\1#"),
    ("Task ", r"(\bTask .{0,80}?name='Task-)\d+", r"\1#"),
    ("Thread(", r"(Thread\((?:Thread|Dummy|ThreadPoolExecutor)-)\d+(?:_\d+)?", r"\1#"),
    ("Thread(", r"(Thread\(.{0,80}?, (?:started|stopped)(?: daemon)? )\d+", r"\1#"),
    ("Process ", r"(Process name='\w{1,80}-)\d+", r"\1#"),
    ("Process ", r"(Process .{0,80}?\bpid=)\d+", r"\1#"),
    ("Process ", r"(Process .{0,80}?\bparent=)\d+", r"\1#"),
)
"""A word without which a text is not searched, a form, and what takes its place."""
PREFIX = r"(?:tmp|hdb-)"
"""How the temporary files of Python and of hdb begin."""
FOLDER = r"/(?:tmp|T|temp|TemporaryItems)"
RANDOM = r"[a-z0-9_]{8}\b"
TELLING_RANDOM = rf"(?=[a-z_]{{0,7}}\d){RANDOM}"
"""In a folder that is not known to hold such files, the name alone must tell."""
COUNTS = (
    r"(?:no tests ran|\d+ (?:failed|passed|skipped|deselected|xfailed|xpassed|warning|error)s?"
    r"\b.{0,200})"
)
"""How pytest begins its last line."""
TOX = r"(?:\S{1,80}: (?:OK|FAIL|SKIP)|congratulations|evaluation failed)"
FORMS = (
    (" at 0x", rf" at {HEX}(?=>)", " at 0x#"),
    ("hread 0x", rf"(\b[Tt]hread ){HEX}", r"\g<1>0x#"),
    ("hread Thread-", r"(\bthread Thread-)\d+", r"\1#"),
    ("Stack of ", r"(\bStack of .{1,80} \()\d+(?=\))", r"\1#"),
    ("subprocess ", r"(\bsubprocess )\d+(?= is still running)", r"\1#"),
    ("worker 'gw", r"(\bworker 'gw)\d+(?=')", r"\1#"),
    ("pytest-of-", r"(\bpytest-of-[^/\s'\"]{1,40}/pytest-)\d+", r"\1#"),
    ("/popen-gw", r"(/pytest-#/popen-gw)\d+", r"\1#"),
    # pytest numbers the folders of tests whose names begin alike in the order in which they run.
    (
        "/pytest-#/",
        r"(/pytest-#/(?:popen-gw#/)?[\w.-]{0,80}?)\d{1,9}(?=/|[^\w.-]|\.?$|\.\s)",
        r"\1#",
    ),
    ("/", rf"({FOLDER}/{PREFIX}){RANDOM}", r"\1#"),
    ("/", rf"(/{PREFIX}){TELLING_RANDOM}", r"\1#"),
    (" in ", rf"(?m)^=+ ({COUNTS} in )[\d.]+s(?: \([\d:]+\))? =+$", r"= \1#s ="),
    (" in ", rf"(?m)^({COUNTS} in )[\d.]+s(?: \([\d:]+\))?$", r"\1#s"),
    ("Ran ", r"(?m)^(Ran \d+ tests? in )[\d.]+s$", r"\1#s"),
    ("package", r"(?m)^([A-Z][a-z]+ \d+ packages? in )[\d.]+m?s$", r"\1#s"),
    (" seconds)", rf"(?m)^( +{TOX}.{{0,40}} )\([\d.]+(?:=[^()\n]*)? seconds\)$", r"\1(# seconds)"),
    ("(previous run: ", r"\(previous run: [^()\n]*\)", "(previous run: #)"),
    ("randomly-seed=", r"(\brandomly-seed=)\d+", r"\1#"),
)
Rules: TypeAlias = tuple[tuple[str, re.Pattern[str], str], ...]
REPR_RULES: Rules = tuple((word, re.compile(form), instead) for word, form, instead in IN_REPR)
REPR_WORDS = tuple(dict.fromkeys(word for word, _, _ in IN_REPR))
RULES: Rules = tuple((word, re.compile(form), instead) for word, form, instead in FORMS)


LONGEST_KEPT = 1000
"""How long a text may be whose stable form is remembered: a server must not keep long outputs."""


def stable(text: str) -> str:
    """Return a text as every run over the same files gives it."""
    # A batch names its files and its messages many times over.
    return _remembered(text) if len(text) <= LONGEST_KEPT else _stable(text)


@lru_cache(maxsize=1024)
def _remembered(text: str) -> str:
    return _stable(text)


def _stable(text: str) -> str:
    if any(word in text for word in REPR_WORDS):
        text = REPR.sub(lambda match: _replaced(match[0], REPR_RULES), text)
    return _replaced(text, RULES)


def _replaced(text: str, rules: Rules) -> str:
    for word, form, instead in rules:
        if word in text:
            text = form.sub(instead, text)
    return text
