"""A pytest plugin for a run at an earlier commit: runs what is asked, and tells whose code it was.

HDB_ORIGIN names a JSON file: `wanted` are the node ids to run, with absolute paths, `asked` those
to look for, `files` those of which every test is run, `own` the names of the project's packages,
`here` the folder that its code must come from, `there` folders that none of it may come from and
`kept` folders in those that do not count. Every process of the session appends to `out` one JSON
line when it has collected and one at its end, with the tests that a started program may have had
a part in: one that a test's own function starts counts for the tests of its file from then on, any
other for all after it. It runs inside the project's own interpreter (Python 3.8+, with or without
xdist).
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import pytest

MOST_NAMED = 5
STARTS = frozenset(
    "subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork os.forkpty".split()
)
"""What Python's audit hooks call the ways in which a program starts another one."""
INERT = re.compile(r"\W*(?:[/\w.-]*/)?(?:uname|ldconfig|ldd|gcc|cc|ld|lscpu)\b")
"""Programs that `platform` and `ctypes` start, which run no code of a project."""
GIT = re.compile(r"\bgit\b")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Begin, where hdb asked for it."""
    path = os.environ.get("HDB_ORIGIN")
    if path and not config.pluginmanager.has_plugin("hdb-origin"):
        with open(path, encoding="utf-8") as file:
            origin = Origin(config, json.load(file))
        if origin.whole and getattr(config.option, "dist", "no") != "no":
            # Tests of a file that need each other's traces are to find them.
            config.option.dist = "loadfile"
        config.pluginmanager.register(origin, "hdb-origin")
        sys.addaudithook(origin.heard)


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
        self.whole = set(about["files"])
        self.path = ""
        self.calling = self.collected = False
        # By what was started: the files in which it was, "" for outside of any test's function.
        self.started: dict[str, set[str]] = {"programs": set(), "gits": set()}
        self.reached: dict[str, list[str]] = {"programs": [], "gits": []}

    def heard(self, event: str, args: Any) -> None:
        """Note that a program is started."""
        if event not in STARTS:
            return
        said = repr(args[:2])
        if not INERT.match(said):
            where = self.path if self.calling else ""
            self.started["programs"].add(where)
            # At import many packages ask git for their version, and do without an answer.
            if self.collected and GIT.search(said):
                self.started["gits"].add(where)

    def reach(self, name: str) -> None:
        for kind, places in self.started.items():
            if not places.isdisjoint(("", name.partition("::")[0])):
                self.reached[kind].append(name)

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
        kept = {
            name
            for name, _ in names
            if name in self.wanted or name.partition("::")[0] in self.whole
        }
        left = [item for name, item in names if name not in kept]
        if left:
            items[:] = [item for name, item in names if name in kept]
            config.hook.pytest_deselected(items=left)
        self.look()
        for path in sorted(self.files | self.broken):
            self.reach(path)
        self.collected = True
        collected = sorted(self.files - self.broken)
        self.write(kind="collected", found=sorted(found), files=collected)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        name = self.name(item.nodeid)
        self.path = name.partition("::")[0]
        yield
        self.reach(name)
        self.ran += 1

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Any:
        self.calling = True
        yield
        self.calling = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Any:
        yield
        self.look()
        foreign = list(self.foreign)[:MOST_NAMED]
        reached = self.reached if self.ran or self.broken else {}
        self.write(kind="end", ran=self.ran, foreign=foreign, **reached)

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
