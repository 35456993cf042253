"""Measures how many violations the rules find when they are written in other ways.

    python -m benchmarks.rules_recall [--services FOLDER] [--rule NAME]... [--misses] [--hosts N]
                                      [--write]

Each rule's wrong example and each that its test says it must hit is written in many ways by
`benchmarks.mutations`, and the rule is asked about every one of them: alone, and with `--services`
planted into modules of real services (checkouts named as in `services.jsonl`). A variation is
found where the rule says as much of it as of the example it comes from. `--misses` prints those
that are not, as a difference from the example. `--write` keeps the shares for `rules.md`.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmarks.mutations import PAIRS, Example, Variation, example, variations
from benchmarks.mutations.example import Place
from benchmarks.rules_asking import ask, examples, over, standing
from benchmarks.rules_hosts import Host, hosts, planted
from mcp_server.rules import Rule, rules

FEWEST = 20
RECALL = Path(__file__).resolve().parent / "rules_recall.jsonl"


@dataclass(frozen=True, slots=True)
class Tried:
    """One variation of one of a rule's examples, where it was put, and whether it was found."""

    rule: str
    title: str
    label: str
    host: str
    found: bool
    before: Example
    after: Example

    def shown(self) -> str:
        """Return what was missed, as the difference from the example."""
        lines = [
            f"== {self.rule}: {self.title}: {self.label}" + f" in {self.host}" * bool(self.host)
        ]
        for path, text in self.after.files.items():
            old = self.before.files.get(path, "").splitlines()
            lines += difflib.unified_diff(old, text.splitlines(), "", path, lineterm="", n=50)
        return "\n".join(lines)


@lru_cache(maxsize=64)
def _ways(text: str, found: frozenset[Place], pairs: int) -> list[Variation]:
    """Return the variations of an example in which a rule finds something."""
    return variations(Example(example(text).files, found), pairs) if found else []


def alone(rule: Rule, *, only_wrong: bool = False, pairs: int = PAIRS) -> Iterator[Tried]:
    """Yield a rule's variations, each by itself in an empty project."""
    for title, text in examples(rule).items():
        if only_wrong and title != "wrong":
            continue
        with standing(rule, text) as (given, program):
            for one in _ways(text, given.found, pairs if title == "wrong" else 2):
                held = ask(over(program, one.example.files), rule, one.example.files)
                good = len(held) >= len(given.found)
                yield Tried(rule.name, title, one.label, "", good, given, one.example)


def in_hosts(
    rule: Rule, among: list[Host], number: int, *, pairs: int = PAIRS, every: int = 1
) -> Iterator[Tried]:
    """Yield a rule's variations, each planted into one of some modules of real services.

    Only hosts in which the plain example is found: the rest of a host's project can make it no
    violation, as where it checks its proxies. The others are yielded with an empty label.
    """
    with standing(rule, rule.wrong) as (given, _):
        wanted = len(given.found)
    sound: list[Host] = []
    for host in hosts(rule, given, among):
        if len(sound) >= number or not given.found:
            break
        plain = planted(given, host)
        if plain is None:
            continue
        good = len(ask_planted(rule, host, plain)) >= wanted
        sound += [host] * good
        yield Tried(rule.name, "wrong", "", host.name, good, given, plain)
    for at, one in enumerate(_ways(rule.wrong, given.found, pairs)[::every] if sound else []):
        host = sound[at % len(sound)]
        put = planted(one.example, host)
        if put is not None:
            held = ask_planted(rule, host, put)
            good = len(held) >= wanted
            yield Tried(rule.name, "wrong", one.label, host.name, good, given, one.example)


def ask_planted(rule: Rule, host: Host, put: Example) -> list[tuple[str, int]]:
    """Return where a rule hits what was planted; `put.found` are the lines of it."""
    program = over(host.program, put.files)
    return [one for one in ask(program, rule, put.files) if one in put.found]


def row(rule: Rule, tried: list[Tried]) -> str:
    """Return a rule's line of the table."""
    if rule.check is None:
        return f"| {rule.name} | | | | | found by a step of its own |"
    free = [one for one in tried if not one.host]
    put = [one for one in tried if one.host and one.label]
    plain = [one for one in tried if one.host and not one.label]
    kinds = {one.label for one in free if one.title == "wrong"}
    note = "" if len(kinds) >= FEWEST else f"only {len(kinds)} ways to write it"
    columns = [
        f"{len(kinds)}",
        _share(free),
        _share(put),
        f"{sum(one.found for one in plain)} of {len(plain)}" if plain else "",
        note,
    ]
    return f"| {rule.name} | " + " | ".join(columns) + " |"


def _share(tried: list[Tried]) -> str:
    if not tried:
        return ""
    found = sum(one.found for one in tried)
    return f"{found} of {len(tried)}, {100 * found / len(tried):.1f} %"


def kept(rule: Rule, tried: list[Tried]) -> str:
    """Return what `rules.md` needs of a rule, as a line of JSON."""
    free = [one.found for one in tried if not one.host]
    put = [one.found for one in tried if one.host and one.label]
    shares = {"alone": [sum(free), len(free)], "planted": [sum(put), len(put)]}
    return json.dumps({"rule": rule.name, **shares})


def kinds(tried: list[Tried]) -> str:
    """Return how many of each kind of variation were missed, most first."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in tried:
        if ";" not in one.label:
            counted[one.label][0] += not one.found
            counted[one.label][1] += 1
    order = sorted(counted.items(), key=lambda one: -one[1][0])
    return "\n".join(
        f"{missed:4} of {total:4} {label}" for label, (missed, total) in order if missed
    )


def main() -> None:
    """Print the table, and what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=Path)
    parser.add_argument("--rule", action="append", default=[])
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--hosts", type=int, default=12)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    among = Host.all(options.services) if options.services else []
    everything: list[Tried] = []
    lines: list[str] = []
    print("| rule | ways | found alone | found in services | plain example in services | |")
    print("|---|--:|--:|--:|--:|---|")
    for name, rule in rules().items():
        if options.rule and name not in options.rule:
            continue
        tried = list(alone(rule)) if rule.check else []
        if among and rule.check:
            tried += in_hosts(rule, among, options.hosts)
        print(row(rule, tried), flush=True)
        everything += tried
        lines += [kept(rule, tried)] if rule.check else []
    if options.write:
        RECALL.write_text("\n".join(lines) + "\n", encoding="utf-8")
    missed = [one for one in everything if not one.found and one.label]
    print(f"\n{_share([one for one in everything if one.label])} found\n\n{kinds(everything)}")
    if options.misses:
        print("\n\n".join(one.shown() for one in missed))
    sys.exit(0)


__all__ = ["Tried", "Variation", "alone", "in_hosts"]

if __name__ == "__main__":
    main()
