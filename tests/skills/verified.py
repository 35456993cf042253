"""Tries the skills with the newest releases, and keeps which ones they were verified with.

`today` makes an environment with the newest release of everything that the skills speak of, runs
the skills' tests in it, and prints what changed and what broke. `write` runs them in this
environment and, where they pass, writes `skills/VERIFIED.md`.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from tests.conftest import ROOT
from tests.skills.blocks import SKILLS

FILE = SKILLS / "VERIFIED.md"
TESTS = ("tests/skills", "tests/test_skills.py")
# Beside the group `skills`: what its packages bring, and what judges the code.
MORE = (
    *("coverage", "mcp", "mypy", "pydantic", "pylint", "pytest", "pytest-asyncio", "ruff"),
    *("starlette", "ty", "uv"),
)
TEXT = """\
# What the skills were verified with

On {date}, with Python {python}: {packages}.

Every Python block ran under these, with warnings as errors, and every attack on the examples was \
made. `make skills-today` tries the newest releases and prints what broke; `make lock` with \
`--upgrade` and `make skills-verified` then renew this page.
"""


def names() -> tuple[str, ...]:
    """Return the packages whose versions matter, in alphabetical order."""
    spoken_of = {canonicalize_name(one.name) for one in _group("skills")}
    return tuple(sorted({*spoken_of, *MORE}))


def page(versions: Mapping[str, str], date: str, python: str) -> str:
    """Return the page that says which versions were verified."""
    packages = ", ".join(f"{name} {versions[name]}" for name in names())
    return TEXT.format(date=date, python=python, packages=packages)


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words say; return 1 where a test of the skills failed."""
    reader = argparse.ArgumentParser(prog="python -m tests.skills.verified", description=__doc__)
    reader.add_argument("do", choices=["today", "write"])
    if reader.parse_args(words).do == "today":
        return _today()
    if _run(Path(sys.executable)):
        print("nothing was written, since a test failed", file=sys.stderr)
        return 1
    # Only the first two parts matter to code, and another machine has another patch release.
    python = ".".join(platform.python_version_tuple()[:2])
    date = datetime.now(UTC).date().isoformat()
    FILE.write_text(page({one: version(one) for one in names()}, date, python), encoding="utf-8")
    return 0


def _pyproject() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def _group(name: str) -> list[Requirement]:
    return [Requirement(one) for one in _pyproject()["dependency-groups"][name]]


def _today() -> int:
    """Run the tests with the newest releases; say what is newer, and what broke."""
    uv = find_uv_bin()
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "bin", "python")
        wanted = [Requirement(one) for one in (*_pyproject()["project"]["dependencies"], *MORE)]
        wanted += [*_group("test"), *_group("lint"), *_group("skills")]
        # Without bounds: what they keep away is what has to be tried.
        newest_of = [f"{one.name}[{','.join(sorted(one.extras))}]" for one in wanted]
        for command in (
            [uv, "venv", "-q", "--python", sys.executable, folder],
            [uv, "pip", "install", "-q", "--python", str(python), *newest_of],
        ):
            if subprocess.run(command, cwd=ROOT, check=False).returncode:
                print("the environment with the newest releases was not made", file=sys.stderr)
                return 1
        ask = f"from importlib.metadata import version\nfor n in {names()!r}: print(n, version(n))"
        said = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
        newest = dict(line.split() for line in said.stdout.splitlines())
        broke = _run(python)
    before = FILE.read_text(encoding="utf-8")
    newer = [f"{name} {one}" for name, one in newest.items() if f"{name} {one}" not in before]
    print("newer than verified:", ", ".join(newer) or "nothing")
    print("the skills hold" if not broke else "the skills do not hold: see the failures above")
    return broke


def _run(python: Path) -> int:
    argv = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=short",
        "-rfE",
        *TESTS,
    ]
    # With the servers, where this machine has them.
    return subprocess.run(
        argv, cwd=ROOT, env={**os.environ, "HDB_TEST_MATRIX": "1"}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
