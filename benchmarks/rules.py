"""Finds what the rules say about real services, and sums up what readers judged of it.

    python -m benchmarks.rules find --services FOLDER [--rule NAME]... [--words WORD,...]
    python -m benchmarks.rules table

`find` prints every hit with the lines around it; FOLDER holds one checkout a service, named as in
`services.jsonl`. With more than `--most` hits of a rule it draws as many at random, always the
same. `table` renews the table of `rules.md`: what readers judged (`judgements/*.jsonl`, one reading
a line), and what `benchmarks.rules_recall --write` counted.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from mcp_server.advice.asking import judge
from mcp_server.conventions import read_conventions
from mcp_server.models import Diagnostic
from mcp_server.rules import rules
from mcp_server.semantic import Program, read_program

HERE = Path(__file__).resolve().parent
JUDGEMENTS = HERE / "judgements"
SERVICES = HERE / "services.jsonl"
TABLE = HERE / "rules.md"
RECALL = HERE / "rules_recall.jsonl"
HEAD = "| rule | severity | hits that are right | services | found, rewritten | found, planted |"
UNSEEN = {True: "not measured", False: "no hit"}
SEED = 7
AROUND = 6


def services() -> dict[str, dict[str, str]]:
    """Return the services that were read, by the name of their folder."""
    lines = SERVICES.read_text(encoding="utf-8").splitlines()
    return {one["project"].partition("/")[2]: one for one in map(json.loads, lines)}


def judgements() -> Iterator[dict[str, str]]:
    """Yield every judgement that was made."""
    for path in sorted(JUDGEMENTS.glob("*.jsonl")):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def find(
    folder: Path, names: list[str], words: list[str], only: list[str]
) -> Iterator[tuple[str, Program, Diagnostic]]:
    """Yield the hits of some rules, all by default, in all services of a folder."""
    asked = [one for one in rules().values() if not names or one.name in names]
    wanted = {one.encode() for one in words}
    for name in services():
        if (only and name not in only) or not (folder / name).is_dir():
            continue
        program = read_program(read_conventions(folder / name))
        held = program.library.words
        paths = [one for one in sorted(held) if not wanted or wanted & held[one]]
        for hit in judge(program, paths, asked):
            yield name, program, hit


def show(folder: Path, hits: list[tuple[str, Program, Diagnostic]], most: int) -> None:
    """Print hits with the lines around them, grouped by rule."""
    grouped = defaultdict(list)
    for name, _, hit in hits:
        grouped[hit.code].append((name, hit))
    for code, each in sorted(grouped.items(), key=lambda one: str(one[0])):
        count = Counter(name for name, _ in each)
        print(f"== {code}: {len(each)} hits: {dict(count)}")
        drawn = each if len(each) <= most else random.Random(SEED).sample(each, most)  # noqa: S311 - a draw that anyone can repeat
        for name, hit in drawn:
            print(f"-- {name} {hit.file}:{hit.line} {hit.message}")
            text = (folder / name / str(hit.file)).read_text(encoding="utf-8", errors="replace")
            at = hit.line or 1
            for number, line in enumerate(text.splitlines(), 1):
                if at - AROUND <= number <= at + AROUND:
                    print(f"{'>' if number == at else ' '}{number:5} {line}")


def _recall() -> dict[str, dict[str, list[int]]]:
    lines = RECALL.read_text(encoding="utf-8").splitlines() if RECALL.exists() else []
    return {one["rule"]: one for one in map(json.loads, lines)}


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}".removesuffix(".0") + f" % of {whole}" if whole else ""


def table() -> str:
    """Return what was measured of every rule, as a table in Markdown."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    projects = defaultdict(set)
    for one in judgements():
        counted[one["rule"]][one["verdict"]] += 1
        projects[one["rule"]].add(one["project"])
    recall = _recall()
    lines = [HEAD, "|---|---|--:|--:|--:|--:|"]
    for name, rule in rules().items():
        held = counted[name]
        seen = recall.get(name, {})
        row = (
            f"`{name}`",
            rule.severity,
            _share(held["right"], sum(held.values())) or UNSEEN[rule.check is None],
            len(projects[name]) or "",
            _share(*seen.get("alone", [0, 0])),
            _share(*seen.get("planted", [0, 0])),
        )
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return `rules.md` with its table as the judgements and the recall have it now."""
    return TABLE.read_text(encoding="utf-8").partition(HEAD)[0] + table()


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["find", "table"])
    parser.add_argument("--services", type=Path, default=Path())
    parser.add_argument("--rule", action="append", default=[])
    parser.add_argument("--words", default="")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--most", type=int, default=30)
    options = parser.parse_args()
    if options.command == "table":
        TABLE.write_text(page(), encoding="utf-8")
        return
    words = [one for one in options.words.split(",") if one]
    hits = list(find(options.services, options.rule, words, options.only))
    show(options.services, hits, options.most)


if __name__ == "__main__":
    main()
