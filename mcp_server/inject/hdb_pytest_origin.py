"""A pytest plugin for a run at an earlier commit: runs what is asked, and tells whose code it was.

HDB_ORIGIN names a JSON file: `wanted` are the node ids to run, with absolute paths, `asked` those
to look for, `own` the names of the project's packages, `here` the folder that its code must come
from, `there` folders that none of it may come from and `kept` folders in those that do not count.
Every process of the session appends to `out` one JSON line when it has collected and one at its
end. It runs inside the project's own interpreter (Python 3.8+, with or without xdist).
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

MOST_NAMED = 5


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Begin, where hdb asked for it."""
    path = os.environ.get("HDB_ORIGIN")
    if path and not config.pluginmanager.has_plugin("hdb-origin"):
        with open(path, encoding="utf-8") as file:
            config.pluginmanager.register(Origin(config, json.load(file)), "hdb-origin")


class Origin:
    """The hooks of one process of the session."""

    def __init__(self, config: Any, about: dict[str, Any]) -> None:
        self.config = config
        self.about = about
        self.wanted = set(about["wanted"])
        self.asked = self.wanted.union(about["asked"])
        self.files: set[str] = set()
        self.broken: set[str] = set()
        self.ran = 0
        self.foreign: dict[str, None] = {}

    def name(self, nodeid: str) -> str:
        """Return a node id, which is relative to pytest's rootdir, with an absolute path."""
        path, separator, rest = nodeid.partition("::")
        root = str(getattr(self.config, "rootpath", None) or self.config.rootdir)
        return os.path.normpath(os.path.join(root, path)) + separator + rest

    def write(self, **record: Any) -> None:
        # By descriptor: tests replace what is built on it.
        line = json.dumps(record).encode("ascii") + b"\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(self.about["out"], flags, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: Any) -> None:
        path = self.name(report.nodeid).partition("::")[0]
        (self.files if report.passed else self.broken).add(path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: Any, items: Any) -> None:
        names = [(self.name(item.nodeid), item) for item in items]
        found = self.asked & {part for name, _ in names for part in (name, name.partition("[")[0])}
        left = [item for name, item in names if name not in self.wanted]
        if left:
            items[:] = [item for name, item in names if name in self.wanted]
            config.hook.pytest_deselected(items=left)
        self.look()
        collected = sorted(self.files - self.broken)
        self.write(kind="collected", found=sorted(found), files=collected)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Any:
        yield
        self.ran += 1

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Any:
        yield
        self.look()
        self.write(kind="end", ran=self.ran, foreign=list(self.foreign)[:MOST_NAMED])

    def look(self) -> None:
        """Note every module that is loaded from where it must not be."""
        for name, module in list(sys.modules.items()):
            # Not by getattr, at which lazy modules load what they stand for.
            file = getattr(module, "__dict__", {}).get("__file__")
            if not isinstance(file, str):
                continue
            path = os.path.realpath(file)
            if self.lies(path, [self.about["here"]]):
                continue
            leads = self.lies(path, self.about["there"]) and not self.lies(path, self.about["kept"])
            if leads or name.partition(".")[0] in self.about["own"]:
                self.foreign[name] = None

    @staticmethod
    def lies(path: str, folders: Any) -> bool:
        return any(path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
