"""The page that says what the skills were verified with says what the tests run with."""

from __future__ import annotations

import re
from datetime import date

from tests.conftest import ROOT
from tests.skills.verified import FILE, names, page

PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", re.MULTILINE)


def test_the_page_says_what_is_locked() -> None:
    locked = dict(PIN.findall((ROOT / "requirements-dev.lock").read_text(encoding="utf-8")))
    said = FILE.read_text(encoding="utf-8")
    [(day, python)] = re.findall(r"On (\S+), with Python (\S+):", said)
    date.fromisoformat(day)
    assert said == page({name: locked[name] for name in names()}, day, python)
