"""Makes a run of pytest one of a part: leaves files out, the nearest first, no gate on the whole.

The file that HDB_PART names says which: `root`, and relative to it `left_out` and `ordered`;
`targets` where the command names what to run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcp_server.inject.hdb_pytest_failure import Journal


def begin(config: Any, path: str | None, journal: Journal) -> None:
    """Have a session run only what the file at `path` says; without one all of it."""
    if path:
        try:
            with open(path, encoding="utf-8") as file:
                told = json.load(file)
        except OSError:
            # A test of an earlier session emptied the folder for temporary files: run everything.
            return
        config.pluginmanager.register(Part(config, told, journal), "hdb-part")


class Part:
    """The hooks that make a run one of a part of the tests, in the session and in each worker."""

    def __init__(self, config: Any, told: Any, journal: Journal) -> None:
        self.config = config
        self.journal = journal
        roots = {told["root"], os.path.realpath(told["root"])}
        self.targets = bool(told["targets"])
        self.left_out = {os.path.join(root, one) for root in roots for one in told["left_out"]}
        self.ranks = {
            os.path.join(root, one): rank
            for root in roots
            for rank, one in enumerate(told["ordered"])
        }
        self.ignored: set[str] = set()

    # `path` is deprecated since pytest 7, which has no other name for it before.
    if hasattr(pytest, "version_tuple"):

        @pytest.hookimpl(tryfirst=True)
        def pytest_ignore_collect(self, collection_path: Any) -> bool | None:
            return self.ignores(str(collection_path))

    else:

        @pytest.hookimpl(tryfirst=True)
        def pytest_ignore_collect(self, path: Any) -> bool | None:  # type: ignore[misc]
            return self.ignores(str(path))

    def ignores(self, path: str) -> bool | None:
        """Return True for a file that is left out; others have the say on all else."""
        if path not in self.left_out:
            return None
        self.ignored.add(path)
        return True

    def missed(self) -> int:
        """Count the files that the command would have collected; pytest asks for some more."""
        here = str(self.config.invocation_params.dir)
        named = [os.path.join(here, one.partition("::")[0]) for one in self.config.args]
        if not all(map(os.path.exists, named)):
            # The names of modules, as --pyargs takes them.
            return len(self.ignored)
        places = tuple(os.path.join(os.path.realpath(one), "") for one in named)
        return sum(os.path.realpath(one).startswith(places) for one in self.ignored)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: Any) -> Iterator[None]:
        # Before all others, so that what a plugin puts in order stays as it wants it.
        last = len(self.ranks)
        items.sort(key=lambda item: self.ranks.get(str(getattr(item, "path", item.fspath)), last))
        yield

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        if missed := self.missed():
            self.journal.write(kind="left_out", n=missed)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        # Under xdist the workers know what was left out, and the session judges.
        spread = bool(self.left_out) and self.config.pluginmanager.hasplugin("dsession")
        if self.targets or spread or self.missed():
            for gate in self.open_gates():
                self.journal.write(kind="gate", name=gate)
        yield

    def open_gates(self) -> Iterator[str]:
        """Switch off what judges the whole of the tests; yield what was on."""
        coverage: Any = self.config.pluginmanager.get_plugin("_cov")
        options: Any = getattr(coverage, "options", None)
        if getattr(options, "cov_fail_under", None):
            options.cov_fail_under = 0
            yield "coverage"
        if getattr(self.config.option, "warn_unused_snapshots", None) is False:
            # syrupy: the snapshots of what is left out are not unused.
            self.config.option.warn_unused_snapshots = True
            yield "snapshots"
