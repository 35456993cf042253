"""Measures how often hdb reads the right commands out of real projects, and how long that takes."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TRUTH = HERE / "corpus" / "truth.jsonl"
README = HERE / "README.md"
ROUNDS = 9
"""How often a time is taken after the first, cold one; the median is told."""
MEDIUM = "abhi1693/openclaw-mission-control"
MEDIUM_LIMIT = 150
"""Milliseconds that reading the medium project may take, warm."""
SILENT = "hdb gave no report"
HDB_LIMIT = 120
"""Seconds after which hdb counts as hung."""

Verdict: TypeAlias = Literal["found", "unsure", "wrong", "absent", "skipped"]
"""`absent`: the project has no such command and none is claimed. `skipped`: hdb claims nothing
where the truth is debatable. Neither counts in the shares."""
COUNTED: tuple[Verdict, ...] = ("found", "unsure", "wrong")
Answer: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """How hdb answered for one role of one project folder."""

    repo: str
    folder: str
    role: str
    verdict: Verdict
    why: str = ""
    answers: tuple[Answer, ...] = ()


def words(command: str) -> tuple[str, ...]:
    """Return the words of a command, as the shell parts them where it can."""
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return tuple(command.split())


def matches(answer: Answer, alternative: str | Mapping[str, Any], folder: str) -> bool:
    """Tell whether an answer is the one that `alternative` describes.

    A text is a tool's name. A mapping's `tool`, `via`, `contains` (words of the command),
    `lacks` and `cwd` (`*` is any; by default the project's folder) must all hold.
    """
    if isinstance(alternative, str):
        return answer.get("tool") == alternative
    command = str(answer.get("command", ""))
    said = words(command)
    return (
        alternative.get("tool") in {None, answer.get("tool")}
        and alternative.get("cwd", folder) in {"*", answer.get("cwd", ".")}
        and alternative.get("via") in {None, answer.get("via"), command}
        and all(word in said for word in alternative.get("contains", ()))
        and not any(word in said for word in alternative.get("lacks", ()))
    )


def judge(
    expected: str | Mapping[str, Any], answers: Sequence[Answer], folder: str
) -> tuple[Verdict, str]:
    """Return the verdict on a role's answers, with the reason where it is not `found`.

    `expected` is "none", or alternatives under `accept`, decoys under `wrong`, commands that
    are right beside those under `also`, tools that all must be there under `needs`; `optional`
    where having no answer is right as well.
    """
    sure = [answer for answer in answers if answer.get("sure", False)]
    if isinstance(expected, str):
        return ("wrong", "the project has no such command") if sure else ("absent", "")

    def among(answer: Answer, *keys: str) -> bool:
        return any(matches(answer, one, folder) for key in keys for one in expected.get(key, ()))

    for answer in sure:
        if among(answer, "wrong"):
            return "wrong", f"decoy: `{answer.get('command')}`"
        if not among(answer, "accept", "also"):
            return "wrong", f"not what the project runs: `{answer.get('command')}`"
    right = {answer.get("tool") for answer in sure if among(answer, "accept")}
    if not right and expected.get("optional"):
        return "skipped", ""
    lacking = [tool for tool in expected.get("needs", ()) if tool not in right]
    if right:
        return ("unsure", f"without {', '.join(lacking)}") if lacking else ("found", "")
    silence = "listed, not sure" if answers else "nothing answered"
    return "unsure", "only what stands beside it" if sure else silence


def score(truth: Mapping[str, Any], report: Mapping[str, Any]) -> Iterator[Result]:
    """Yield the verdict on every role of a project's line of truth, then the stray projects."""
    repo = truth["repo"]
    projects = {one["path"]: one for one in report.get("projects", ())}
    for folder, roles in truth["projects"].items():
        places = [projects[path] for path in roles.get("paths", [folder]) if path in projects]
        for role, expected in roles.items():
            if role == "paths":
                continue
            answers = tuple(answer for one in places for answer in told(one, role))
            verdict, why = judge(expected, answers, folder)
            if not report:
                verdict, why = "unsure", SILENT
            yield Result(repo, folder, role, verdict, why, answers)
    for path, one in projects.items():
        if any(path == stray or path.startswith(f"{stray}/") for stray in truth.get("strays", ())):
            answers = tuple(a for role in one.get("roles", {}) for a in told(one, role))
            if any(answer.get("sure") for answer in answers):
                yield Result(repo, path, "layout", "wrong", "this is no project", answers)


def told(project: Mapping[str, Any], role: str) -> Iterable[Answer]:
    """Return the commands that hdb lists for a role of a project: the chosen, the runners-up."""
    for key in ("roles", "runners_up"):
        for answer in (project.get(key) or {}).get(role, ()):
            yield {**answer, "sure": answer.get("sure", False) and key == "roles"}


def read(folder: Path, hdb: Path) -> dict[str, Any]:
    """Return what the hdb at a path says of a folder, an empty report where it ends in error."""
    asked = ["conventions", str(folder), "--format", "json"]
    argv = [sys.executable, "-I", str(hdb / "mcp_server"), *asked]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=HDB_LIMIT, check=False)
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(f"{folder.name}: {done.stderr.strip()[-300:]}\n")
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{folder.name}: no answer within {HDB_LIMIT} seconds\n")
    else:
        return report
    return {}


def checkout(projects: Path, truth: Mapping[str, Any]) -> Path:
    """Return where a project's files lie: OWNER+NAME in the folder of projects."""
    return projects / str(truth["repo"]).replace("/", "+")


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a truth file as records."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def table(results: Sequence[Result]) -> str:
    """Return the verdicts of each project and their sum as a Markdown table."""
    rows = ["| project | roles | found | unsure | wrong |", "|---|--:|--:|--:|--:|"]
    for name in dict.fromkeys(one.repo for one in results):
        counts = Counter(one.verdict for one in results if one.repo == name)
        rows.append(_row(name, counts))
    whole = Counter(one.verdict for one in results)
    roles = sum(whole[verdict] for verdict in COUNTED)
    shares = (f"{one} {100 * whole[one] / max(roles, 1):.1f} %" for one in COUNTED)
    told_so = f"{whole['absent']} further roles have no command, and none is claimed."
    return "\n".join([*rows, _row("all", whole), "", f"{', '.join(shares)}. {told_so}"])


def _row(name: str, counts: Mapping[Verdict, int]) -> str:
    numbers = [counts[verdict] for verdict in COUNTED]
    return f"| {name} | {sum(numbers)} | {' | '.join(map(str, numbers))} |"


def misses(results: Iterable[Result]) -> Iterator[str]:
    """Yield a line for each role that is unsure or wrong, with what was answered."""
    for one in results:
        if one.verdict in {"unsure", "wrong"}:
            yield f"{one.verdict:6} {one.repo} {one.folder} {one.role}: {one.why}"
            for answer in one.answers[:6]:
                sure = "sure  " if answer.get("sure") else "unsure"
                yield f"         {sure} {answer.get('command')}  ({answer.get('source')})"


def milliseconds(action: Sequence[str] | Path) -> float:
    """Return the median time of reading a folder's conventions with facts, or of a command."""
    from mcp_server.conventions import read_conventions  # noqa: PLC0415 - only for times

    taken = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        if isinstance(action, Path):
            read_conventions(action, {}, facts=True)
        else:
            subprocess.run(action, capture_output=True, check=True)
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken[1:])


def times(projects: Path, truths: Iterable[Mapping[str, Any]]) -> str:
    """Return a Markdown table of the times of reading, beside those of `git ls-files`."""
    rows = []
    for truth in truths:
        folder = checkout(projects, truth)
        if not folder.is_dir():
            continue
        with tempfile.TemporaryDirectory() as index:
            # The list of names is all that `ls-files` reads: no object is needed, no copy made.
            git = ["git", "--git-dir", index, "--work-tree", str(folder)]
            subprocess.run([*git, "init", "-q"], check=True)
            subprocess.run([*git, "add", "-f", "-N", "."], capture_output=True, check=True)
            listed = milliseconds([*git, "ls-files"])
        files = sum(1 for path in folder.rglob("*") if path.is_file())
        taken = milliseconds(folder)
        mark = f" (at most {MEDIUM_LIMIT})" if truth["repo"] == MEDIUM else ""
        ratio = f"{listed:.1f} | {taken / listed:.0f}"
        rows.append(f"| {truth['repo']} | {files:,} | {taken:.0f}{mark} | {ratio} |")
    head = "| project | files | hdb, ms | `git ls-files`, ms | ratio |\n|---|--:|--:|--:|--:|"
    return "\n".join([head, *rows])


def fetch(projects: Path, mirror: Path | None, truths: Iterable[Mapping[str, Any]]) -> None:
    """Check the projects out at their commits, from git directories or their public home."""
    for truth in truths:
        target = checkout(projects, truth)
        if target.exists() or not truth.get("commit"):
            continue
        target.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as scratch:
            git = ["git", "--git-dir", str(mirror / target.name / "repo" if mirror else scratch)]
            if mirror is None:
                url = f"https://github.com/{truth['repo']}"
                clone = ["git", "clone", "-q", "--bare", "--filter=blob:none", url, scratch]
                subprocess.run(clone, check=True)
            # An index of its own: the git directory of others stays as it is.
            environment = {**os.environ, "GIT_INDEX_FILE": f"{scratch}/hdb-index"}
            out = [*git, "--work-tree", str(target), "checkout", "-f", truth["commit"], "--", "."]
            subprocess.run(out, check=False, env=environment)


def replace_between(text: str, name: str, content: str) -> str:
    """Return `text` with the part between the markers of `name` replaced."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{content}\n{end}{after}"


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=Path, required=True, help="holds OWNER+NAME checkouts")
    parser.add_argument("--truth", type=Path, default=TRUTH, help="default: the 20 of the corpus")
    parser.add_argument("--only", default="", help="a part of the name of the projects to look at")
    parser.add_argument("--hdb", type=Path, default=ROOT, help="another checkout of hdb to measure")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    parser.add_argument("--time", action="store_true", help="measure times instead of answers")
    parser.add_argument("--fetch", action="store_true", help="first make the missing checkouts")
    parser.add_argument("--mirror", type=Path, help="holds OWNER+NAME/repo git directories")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, print the tables and the misses; the status is 1 where something is wrong."""
    options = parsed()
    sys.path.insert(0, str(options.hdb))
    truths = [one for one in lines_of(options.truth) if options.only in one["repo"]]
    if options.fetch:
        fetch(options.projects, options.mirror, truths)
    results: list[Result] = []
    if options.time:
        content = times(options.projects, truths)
    else:
        for truth in truths:
            folder = checkout(options.projects, truth)
            if folder.is_dir():
                results += score(truth, read(folder, options.hdb))
            else:
                sys.stderr.write(f"{folder} is not there: make it with --fetch\n")
        content = table(results)
        sys.stdout.write("".join(f"{line}\n" for line in misses(results)))
    sys.stdout.write(f"\n{content}\n")
    if options.write:
        name = f"{options.truth.stem}-{'time' if options.time else 'found'}"
        readme = README.read_text(encoding="utf-8")
        README.write_text(replace_between(readme, name, content), encoding="utf-8")
    return int(any(one.verdict == "wrong" or one.why == SILENT for one in results))


if __name__ == "__main__":
    sys.exit(main())
