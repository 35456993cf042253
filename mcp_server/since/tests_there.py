"""Runs some tests again, at an earlier commit or as they are now, and reads whose code ran."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcp_server.checkers import checkers
from mcp_server.checkers.base import json_lines
from mcp_server.finished import Finished
from mcp_server.models import Diagnostic, Step
from mcp_server.since.compare import Origin, beginnings

PLUGIN = "hdb_pytest_origin"
MOST_CHARACTERS = 100_000
"""Of the files' names in a command; with more, everything is collected instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which tests are run again, where their code must come from, and where it must not.

    `there` are folders that no module may come from but those in `kept`, `own` the names of the
    project's packages, which must come from `here`. With `whole` every test of their files is run.
    """

    tests: tuple[Diagnostic, ...]
    here: Path
    there: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    own: tuple[str, ...] = ()
    whole: bool = False


def test_step(step: Step, asked: Asked, scratch: Path, name: str) -> Step | None:
    """Return the run of the tests in which findings arose, None where none of their files is there.

    `name` tells the files of this run in the `scratch` folder apart from others'.
    """
    paths = tuple(dict.fromkeys(_paths(asked.tests, step.root)))
    if not paths or not step.cwd.is_dir():
        return None
    cwd = step.cwd.relative_to(step.root).as_posix()
    targets = tuple(_below(path, cwd) for path in paths)
    if sum(map(len, targets)) > MOST_CHARACTERS:
        targets = ()
    wanted = {
        name
        for one in asked.tests
        if one.test and "::" in one.test
        for name in beginnings(one.test)
    }
    files = {one.partition("::")[0] for one in wanted} if asked.whole else set[str]()
    about = {
        "wanted": sorted(_absolute(one, step.root) for one in wanted),
        "asked": sorted(_absolute(one.partition("[")[0], step.root) for one in wanted),
        "files": sorted(_absolute(one, step.root) for one in files),
        "own": asked.own,
        "here": str(asked.here),
        "there": [str(one) for one in asked.there],
        "kept": [str(one) for one in asked.kept],
        "out": str(scratch / f"{name}.out"),
    }
    settings = scratch / f"{name}.json"
    settings.write_text(json.dumps(about), encoding="utf-8")
    invocation = checkers()[step.tool].invoke(step.args, targets)
    return replace(
        step,
        argv=(*step.argv[: step.started], "-p", PLUGIN, *invocation.args),
        targets=targets,
        env={**step.env, **invocation.env, "HDB_ORIGIN": str(settings)},
        left_out=(),
        ordered=(),
    )


def read_origin(finished: Finished, scratch: Path, name: str) -> tuple[Origin, tuple[str, ...]]:
    """Return what the plugin said of a run, and some modules that were not the commit's own."""
    try:
        text = (scratch / f"{name}.out").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Origin(), ()
    records = list(json_lines(text))
    collected = [one for one in records if one.get("kind") == "collected"]
    ends = [one for one in records if one.get("kind") == "end"]
    foreign = tuple(dict.fromkeys(_texts(ends, "foreign")))
    ran = sum(count for one in ends if isinstance(count := one.get("ran"), int))
    root = f"{finished.step.root}/"
    return Origin(
        # Every process that ran tests must have said at its end what it had loaded.
        proven=bool(ends) and not foreign and ran >= len(finished.outcome.finished),
        gathered=bool(collected),
        found=frozenset(one.removeprefix(root) for one in _texts(collected, "found")),
        files=frozenset(one.removeprefix(root) for one in _texts(collected, "files")),
        programs=frozenset(one.removeprefix(root) for one in _texts(ends, "programs")),
        gits=frozenset(one.removeprefix(root) for one in _texts(ends, "gits")),
    ), foreign


def _texts(records: Sequence[Mapping[str, Any]], key: str) -> Iterator[str]:
    for record in records:
        value = record.get(key)
        yield from (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _paths(found: Iterable[Diagnostic], root: Path) -> Iterator[str]:
    """Yield the files and folders to collect, of those that are there."""
    for one in found:
        if one.test:
            path = one.test.partition("::")[0]
        elif one.file and posixpath.basename(one.file) == "conftest.py":
            path = posixpath.dirname(one.file) or "."
        else:
            continue
        if not posixpath.isabs(path) and (root / path).exists():
            yield path


def _below(path: str, cwd: str) -> str:
    text = posixpath.relpath(path, cwd)
    # pytest reads an option in the one, and a file of options in the other.
    return f"./{text}" if text.startswith(("-", "@")) else text


def _absolute(test: str, root: Path) -> str:
    path, separator, rest = test.partition("::")
    return os.path.normpath(root / path) + separator + rest
