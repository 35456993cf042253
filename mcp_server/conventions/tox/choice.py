"""Resolves the arguments of a call of tox to environments, and says which are a lesser run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from mcp_server.conventions.tox.factors import names_of

COMMANDS = frozenset({"run", "r", "run-parallel", "p", "legacy", "le"})
VALUED = frozenset(
    "-c --conf --workdir --root --runner --skip-env --result-json -p --parallel -x --override "
    "--discover --install-pkg --hashseed --develop-pkg".split()
)
PYTHON = re.compile(r"(?:py|python|pypy)?[\d.]*t?$")
LESSER = frozenset(
    "dev main master nightly prerelease min minimum minimal lowest oldest downgrade docs doc "
    "latest upstream wheel sdist dist".split()
)


class Environment(Protocol):
    """What a choice needs to know of an environment."""

    @property
    def name(self) -> str:
        """Its first name."""

    @property
    def names(self) -> tuple[str, ...]:
        """All environments that run the very same."""

    @property
    def default(self) -> bool:
        """Whether plain `tox` runs it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it can be chosen by."""


def chosen(arguments: Sequence[str], targets: Sequence[Environment]) -> tuple[str, ...]:
    """Return the names of the targets that `tox ARGUMENTS...` runs, in tox's order.

    A Python that no list names (`-e py39`) runs what `[testenv]` says. Names that no target has
    give nothing.
    """
    given: dict[str, list[list[str]]] = {"-e": [], "-f": [], "-m": []}
    words = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    while words:
        word = words.pop(0)
        flag = word[:2]
        if flag in given and not word.startswith("--"):
            values = [word[2:].removeprefix("=")] if len(word) > 2 else []
            while words and not words[0].startswith("-") and (flag != "-e" or not values):
                values.append(words.pop(0))
            given[flag].append(values)
        elif word in VALUED and words:
            words.pop(0)
    if given["-e"]:
        return _named(names_of(",".join(given["-e"][-1])), targets)
    groups = [set(group) for group in given["-f"]]
    labels = {label for group in given["-m"] for label in group}
    return tuple(
        target.name
        for target in targets
        if _has_factors(target, groups)
        or labels & set(target.labels)
        or (target.default and not groups and not labels)
    )


def _has_factors(target: Environment, groups: Sequence[set[str]]) -> bool:
    """Tell whether the name of an environment has all factors of one group."""
    return any(group <= set(name.split("-")) for name in target.names for group in groups)


def _named(names: list[str], targets: Sequence[Environment]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        own = [one.name for one in targets if name in one.names or name == one.name]
        if name == "ALL":
            own = [one.name for one in targets]
        elif not own and PYTHON.match(name):
            own = [one.name for one in targets if one.name == "testenv"]
        found += own
    return tuple(dict.fromkeys(found))


def _of_one_file(line: str) -> bool:
    words = line.split()
    return "pytest" in words and any(word.partition("::")[0].endswith(".py") for word in words)


def lesser(names: Sequence[str], lines: Sequence[str]) -> str | None:
    """Return why an environment is less than the whole run of its checks, None where it is not."""
    if all("pypy" in name for name in names):
        return "it is for PyPy"
    words = set.intersection(*(set(re.split(r"[-_]", name.lower())) for name in names))
    if told := sorted(words & LESSER):
        return f"its name says `{told[0]}`"
    if lines and all(map(_of_one_file, lines)):
        return "it runs the tests of one file"
    return None
