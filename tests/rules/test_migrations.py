"""The rules that the step of the migrations reports: no code is forgotten or told twice."""

from __future__ import annotations

from collections import Counter

from mcp_server.migrations.finding import FAULTS, OPINIONS
from mcp_server.rules import rules


def test_every_code_of_the_migrations_has_one_rule() -> None:
    known = FAULTS | OPINIONS
    told = Counter(code for rule in rules().values() for code in rule.reported_as if code in known)
    assert told == Counter(known)
