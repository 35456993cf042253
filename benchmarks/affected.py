"""Measures whether `verify scope=affected` keeps every test that a real commit breaks."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from benchmarks.conventions import replace_between  # noqa: E402 - run as a script too
from benchmarks.recall.judging import Measured, Select, Traced, measure, trace  # noqa: E402
from benchmarks.recall.suites import fetch  # noqa: E402
from benchmarks.recall.trees import FORMS, Project, Store, pairs_of, projects_of  # noqa: E402

CORPUS = HERE / "corpus" / "affected.jsonl"
README = HERE / "README.md"


def table(measured: Sequence[Measured], name: Callable[[Measured], str]) -> str:
    """Return a Markdown table with a row for each `name`, and one for all."""
    head = (
        "| | commits | pairs | with breakage | broken tests | missed | files run, median (mean) "
        "| tests run, median (mean) | everything run |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    groups = {one: [m for m in measured if name(m) == one] for one in map(name, measured)}
    rows = [_row(label, ones) for label, ones in {**groups, "all": list(measured)}.items()]
    return "\n".join([head, *rows])


def _row(label: str, ones: Sequence[Measured]) -> str:
    commits = len({(one.project, one.pair.commit) for one in ones})
    hit = sum(1 for one in ones if one.broken)
    broken, missed = (sum(len(x) for x in xs) for xs in zip(*_both(ones), strict=True))
    cells = [commits, len(ones), hit, f"{broken:,}", missed]
    cells += [_shares([one.files for one in ones]), _shares([one.tests for one in ones])]
    cells += [f"{100 * sum(1 for one in ones if one.files == 1.0) / len(ones):.0f} %"]
    return f"| {label} | {' | '.join(map(str, cells))} |"


def _both(ones: Sequence[Measured]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(one.broken, one.missed) for one in ones]


def _shares(values: Sequence[float]) -> str:
    return f"{100 * statistics.median(values):.0f} % ({100 * statistics.mean(values):.0f} %)"


def tables(measured: Sequence[Measured]) -> str:
    """Return what the README shows: by project, and by kind of pair where there are several."""
    parts = [table(measured, lambda one: one.project)]
    if len({one.pair.form for one in measured}) > 1:
        parts.append(table(measured, lambda one: FORMS[one.pair.form]))
    flaky = sum(one.flaky for one in measured)
    parts.append(f"{flaky} failures that a second run of their files did not show are left out.")
    return "\n\n".join(parts)


def reasons(measured: Iterable[Measured]) -> Iterator[str]:
    """Yield why everything was run, most frequent first, then each test that was missed."""
    rows = list(measured)
    for why, count in Counter((one.project, one.widened) for one in rows).most_common():
        if why[1]:
            yield f"{count:4} {why[0]}: {why[1]}"
    for one in rows:
        if one.missed:
            changed = ", ".join([*one.pair.changed, *(f"-{x}" for x in one.pair.deleted)])
            yield f"MISSED {one.project} {one.pair.commit[:12]} ({one.pair.form}) after {changed}:"
            yield from (f"       {test}" for test in one.missed[:10])


def traced_table(traced: Sequence[Traced]) -> str:
    """Return a Markdown table of what test files executed, for each project and all."""
    head = (
        "| | modules | test files | executions | missed | files that execute a module, "
        "median (mean) | files run, median (mean) |\n|---|--:|--:|--:|--:|--:|--:|"
    )
    whole = Traced(
        "all",
        sum(one.modules for one in traced),
        sum(one.tests for one in traced),
        sum(one.executed for one in traced),
        tuple(miss for one in traced for miss in one.missed),
        tuple(share for one in traced for share in one.shares),
        tuple(share for one in traced for share in one.needed),
    )
    rows = [
        f"| {one.project} | {one.modules} | {one.tests} | {one.executed:,} | {len(one.missed)} "
        f"| {_shares(one.needed)} | {_shares(one.shares)} |"
        for one in [*traced, whole]
        if one.modules
    ]
    return "\n".join([head, *rows])


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=Path, required=True, help="clones, results lie here")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="another list of projects")
    parser.add_argument("--only", default="", help="a part of the name of the projects to look at")
    parser.add_argument("--first", type=int, default=None, help="so many commits of each project")
    parser.add_argument("--hdb", type=Path, default=ROOT, help="another checkout of hdb to measure")
    parser.add_argument("--fetch", action="store_true", help="first make clones, environments")
    parser.add_argument("--mirror", type=Path, help="holds OWNER+NAME/repo git directories")
    parser.add_argument("--again", action="store_true", help="select anew from kept results")
    parser.add_argument("--executed", action="store_true", help="what test files execute")
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables and the misses; the status is 1 where a broken test is missed."""
    options = parsed(arguments)
    sys.path.insert(0, str(options.hdb))
    from mcp_server.reach import select  # noqa: PLC0415 - of the checkout that was asked for

    store = Store(options.projects.resolve(), options.mirror, options.again)
    projects = [
        replace(one, commits=one.commits[: options.first])
        for one in projects_of(options.corpus)
        if options.only in one.repo
    ]
    for project in projects if options.fetch else ():
        fetch(store, project)
    if options.executed:
        traced = [trace(store, project, select) for project in projects]
        missed = [f"{one.project}: {path} {test}" for one in traced for path, test in one.missed]
        content = traced_table(traced)
    else:
        measured = list(measurements(store, projects, select))
        missed = [test for one in measured for test in one.missed]
        content = tables(measured)
        sys.stdout.writelines(f"{line}\n" for line in reasons(measured))
    sys.stdout.writelines(f"{line}\n" for line in (*missed, "", content))
    if options.write:
        name = "affected-executed" if options.executed else "affected"
        readme = README.read_text(encoding="utf-8")
        README.write_text(replace_between(readme, name, content), encoding="utf-8")
    return int(bool(missed))


def measurements(store: Store, projects: Iterable[Project], select: Select) -> Iterator[Measured]:
    """Yield what was measured of each pair, and say at once what was missed or did not end."""
    for project in projects:
        for pair in pairs_of(store, project):
            one = measure(store, project, pair, select)
            if one is None:
                sys.stderr.write(f"{project.repo} {pair.after.key} ({pair.form}): no result\n")
                continue
            if one.missed:
                sys.stderr.writelines(f"{line}\n" for line in reasons([one]))
            yield one


if __name__ == "__main__":
    sys.exit(main())
