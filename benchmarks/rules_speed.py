"""Measures what asking every rule about a whole project costs, on one core.

    python -m benchmarks.rules_speed --project FOLDER

Prints seconds of CPU (best of five), how much of them is parsing, the ratio to compiling a copy of
the same tree by `python -m compileall -q -f`, and how often a file was parsed. Asserts nothing.
"""

from __future__ import annotations

import argparse
import ast
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mcp_server.advice.asking import Question, ask
from mcp_server.conventions import read_conventions
from mcp_server.rules import rules
from mcp_server.semantic import read_program

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """What one round came to, in seconds of CPU."""

    whole: float
    parsing: float
    parsed: int
    most: int
    """How often the file was parsed that was parsed most often."""
    files: int
    hits: int


@contextmanager
def counted() -> Iterator[tuple[Counter[bytes], list[float]]]:
    """Count what `ast.parse` is given, and the time that it takes, while this lasts."""
    times: list[float] = []
    texts: Counter[bytes] = Counter()
    original = ast.parse

    def parse(source: str | bytes, *args: Any, **options: Any) -> ast.AST:  # noqa: ANN401 - as given
        started = time.process_time()
        try:
            tree: ast.AST = original(source, *args, **options)
            return tree
        finally:
            times.append(time.process_time() - started)
            texts[source.encode() if isinstance(source, str) else source] += 1

    with patch.object(ast, "parse", parse):
        yield texts, times


def once(project: Path) -> Cost:
    """Ask all rules about all files of a project, in a program that knows nothing yet."""
    conventions = read_conventions(project)
    with counted() as (texts, times):
        started = time.process_time()
        program = read_program(conventions)
        paths = sorted(program.library.contents)
        answer = ask(program, Question(settings={}, advised=paths, notes=True))
        whole = time.process_time() - started
    # Files of one text, as empty ones, are no file parsed twice.
    same = Counter(program.library.contents.values())
    often = [-(-count // same[text]) for text, count in texts.items() if text in same]
    return Cost(
        whole, sum(times), len(times), max(often, default=0), len(paths), len(answer.advised)
    )


def compiled(project: Path) -> float:
    """Return the seconds of CPU in which Python compiles a copy of a project."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".*", "node_modules"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "compileall", "-q", "-f", str(copy)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main() -> None:
    """Print the line for the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    options = parser.parse_args()
    best = min((once(options.project) for _ in range(ROUNDS)), key=lambda one: one.whole)
    compiling = min(compiled(options.project) for _ in range(ROUNDS))
    asked = sum(1 for one in rules().values() if one.check is not None)
    print(
        f"{asked} rules over the {best.files} files of {options.project.name}: "
        f"{best.whole:.2f} s of CPU on one core, {best.parsing:.2f} s of them parsing "
        f"({best.parsed} times, no file more than {best.most} times), "
        f"{best.whole / compiling:.2f} times as long as compiling them ({compiling:.2f} s); "
        f"{best.hits} hits"
    )


if __name__ == "__main__":
    main()
