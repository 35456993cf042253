"""Each rule finds its violation however it is written: alone, and in modules of real projects."""

from __future__ import annotations

import pytest

from benchmarks.rules_hosts import Host
from benchmarks.rules_recall import FEWEST, Tried, alone, in_hosts
from mcp_server.rules import rules
from tests.conftest import ROOT

FLOOR = 0.95
FOLDERS = ("examples/orders", "tests/projects/bookshop", "tests/projects/broken", ".")
CHECKED = [name for name, rule in rules().items() if rule.check is not None]


def held(tried: list[Tried]) -> str:
    """Return what was missed, where that is more than the floor allows."""
    missed = [one for one in tried if not one.found]
    return "\n".join(one.shown() for one in missed if len(missed) > (1 - FLOOR) * len(tried))


def own_modules() -> list[Host]:
    held = [one for folder in FOLDERS for one in Host.of(ROOT / folder)]
    return [one for one in held if one.service != ROOT.name or one.path.startswith("mcp_server/")]


@pytest.mark.parametrize("name", CHECKED)
def test_finds_its_example_in_other_words(name: str) -> None:
    tried = list(alone(rules()[name], only_wrong=True, pairs=3))
    assert len(tried) >= FEWEST
    assert not held(tried)


def test_finds_its_example_among_other_code() -> None:
    tried: list[Tried] = []
    among = own_modules()
    for name in CHECKED:
        planted = list(in_hosts(rules()[name], among, number=2, pairs=3, every=20))
        assert not planted or any(one.found for one in planted), name
        tried += [one for one in planted if one.label]
    assert not held(tried)
