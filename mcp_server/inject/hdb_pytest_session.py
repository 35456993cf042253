"""A pytest plugin that appends one JSON line per outcome to the file that HDB_REPORT names.

It runs inside the project's own interpreter (Python 3.8+, pytest 6.2 to 9, with or without
xdist), so it imports nothing but the standard library and pytest, and nothing it does may
change or break the run that it reports. Every record has `p` (the process of the session) and
`kind`; what failed carries the fields that `exception_record` returns.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcp_server.inject import hdb_pytest_failure as failures
    from mcp_server.inject import hdb_pytest_part as parts
    from mcp_server.inject import hdb_pytest_text as texts
else:
    import hdb_pytest_failure as failures
    import hdb_pytest_part as parts
    import hdb_pytest_text as texts

# What stops a run early, hides tests that passed or failed last time, waits for a person, or
# cuts the traceback short, wherever it was asked for.
OFF = "lf failedfirst newfirst stepwise stepwise_skip stepwise_reset usepdb trace looponfail"
OPTIONS = {
    **dict.fromkeys(OFF.split(), False),
    "maxfail": 0,
    "tbstyle": "auto",
    "continue_on_collection_errors": True,
}
OURS = ("HDB_REPORT", "HDB_ROOT", "HDB_PART", "PYTEST_ADDOPTS")
GROUP = re.compile(r"@[^\]]*$")


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: Any) -> Iterator[None]:
    """Start reporting, unless nobody asked for it; a conftest may fail right after."""
    # Taken out: a pytest that a test starts does not report, nor find us.
    taken = {name: os.environ.pop(name) for name in OURS if name in os.environ}
    if options := taken.get("PYTEST_ADDOPTS"):
        os.environ["PYTEST_ADDOPTS"] = options.replace("-p hdb_pytest_reporter", "").strip()
    reporter = None
    if path := taken.get("HDB_REPORT"):
        root, part = taken.get("HDB_ROOT"), taken.get("HDB_PART")
        reporter = Reporter(early_config, os.path.abspath(path), root, part)
        # Given back for the next session that the same program may run.
        early_config.add_cleanup(lambda: os.environ.update(taken))
        early_config.pluginmanager.register(reporter, "hdb-reporter")
        reporter.start()
    outcome: Any = yield
    if reporter and outcome.excinfo:
        reporter.fail("conftest", "", failures.real_cause(outcome.excinfo[1]), phase="conftest")


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_cmdline_main(config: Any) -> Iterator[None]:
    """Start reporting in an xdist worker, which is told how only after its conftests."""
    given = getattr(config, "workerinput", {}).get("hdb")
    if given:
        config.pluginmanager.register(Reporter(config, **given), "hdb-reporter")
    reporter = config.pluginmanager.get_plugin("hdb-reporter")
    if reporter:
        reporter.neutralise()
    yield


class Reporter:
    """The hooks of one session, and what it knows about its tests."""

    def __init__(
        self, config: Any, path: str, root: str | None, part: str | None, pid: int | None = None
    ) -> None:
        self.config = config
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "?") if pid else None
        self.project = failures.Project(root or str(config.rootpath))
        self.journal = failures.Journal(path, pid)
        self.part = part
        parts.begin(config, part, self.journal)
        self.gathered = False
        self.collected: set[str] = set()
        self.deselected = 0
        self.tests: dict[str, dict[str, Any]] = {}
        self.ended: set[str] = set()
        self.uncollected: set[tuple[str, str]] = set()
        self.explanation: list[str] = []

    def neutralise(self) -> None:
        for name, value in OPTIONS.items():
            if hasattr(self.config.option, name):
                setattr(self.config.option, name, value)

    def start(self) -> None:
        self.journal.write(
            kind="start",
            pytest=pytest.__version__,
            python=platform.python_version(),
            rootdir=self.project.canonical(str(self.config.rootpath)),
        )

    def fail(self, kind: str, test: str, error: BaseException, **more: Any) -> None:
        """Record an exception that belongs to no report."""
        found = failures.exception_record(error, self.project)
        self.journal.write(kind=kind, id=test, **{**found, **more})

    # Collection

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        # Again: a conftest may have set options in its pytest_configure.
        self.neutralise()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Iterator[None]:
        if self.worker is None and "::" not in collector.nodeid:
            self.journal.write(kind="collecting", id=collector.nodeid)
        outcome: Any = yield
        report = None if outcome.excinfo else outcome.get_result()
        # `call` is taken off the report by pytest itself as soon as this returns.
        info = getattr(getattr(report, "call", None), "excinfo", None)
        if report is not None and report.failed and info:
            record = failures.exception_record(failures.real_cause(info.value), self.project)
            record["conftest"] = info.typename == "ConftestImportFailure"
            report.hdb = record

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: Any) -> None:
        if self.worker is not None or report.passed:
            return
        key = (report.nodeid, texts.long_text(report))
        if key not in self.uncollected:
            # Every xdist worker collects, and fails to collect, everything.
            self.uncollected.add(key)
            kind = "collect" if report.failed else "uncollected"
            self.journal.write(kind=kind, id=report.nodeid, **self.failure(report, "collect"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self) -> None:
        self.gathered = True
        if self.worker is None:
            self.journal.write(kind="collecting", id="")

    def pytest_deselected(self, items: Any) -> None:
        self.deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: Any) -> None:
        if self.worker is not None:
            self.journal.write(kind="deselected", worker=self.worker, n=self.deselected)
        elif not self.collected and self.gathered:
            # pytest says so even where an interruption ended the collection.
            self.note_collected(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        if not self.collected:
            self.note_collected(ids)

    def note_collected(self, ids: Iterable[str]) -> None:
        self.collected = {self.name(one) for one in ids}
        self.journal.write(kind="collected", n=len(self.collected), deselected=self.deselected)

    def name(self, nodeid: str) -> str:
        """Return a node id as it can be given to pytest: without the group that xdist adds."""
        grouped = getattr(self.config.option, "dist", None) == "loadgroup"
        return GROUP.sub("", nodeid) if grouped else nodeid

    # xdist

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["hdb"] = {
            "path": self.journal.path,
            "root": self.project.root,
            "part": self.part,
            "pid": self.journal.session,
        }

    @pytest.hookimpl(hookwrapper=True)
    def pytest_report_to_serializable(self) -> Iterator[None]:
        # A lone surrogate in captured output ends the whole run (pytest-xdist#843).
        outcome: Any = yield
        if self.worker is not None and not outcome.excinfo:
            outcome.force_result(texts.clean(outcome.get_result()))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: Any) -> None:
        if error:
            self.journal.write(kind="worker", message=texts.tail(str(error)))

    # Tests

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        test = self.name(nodeid)
        self.tests[test] = {"location": location, "failed": False}
        if self.worker is None:
            self.journal.write(kind="begin", id=test)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_assertrepr_compare(self, left: object, right: object) -> Iterator[None]:
        """Have the comparison explained in full; pytest cuts it later."""
        with texts.explaining(self.config, left, right):
            outcome: Any = yield
            if not outcome.excinfo:
                # Some versions explain lazily, which must happen while the options are set.
                results = [texts.explained(one) for one in outcome.get_result()]
                outcome.force_result(results)
                self.explanation = next((one for one in results if one), [])

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: Any) -> Iterator[None]:
        outcome: Any = yield
        report = None if outcome.excinfo else outcome.get_result()
        if call.excinfo is not None and report is not None and report.failed:
            record = failures.exception_record(call.excinfo.value, self.project)
            record["message"] = texts.untruncated(record["message"], self.explanation)
            record.update(failures.doctest_record(report, self.project))
            report.hdb = record

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        # Last, since the terminal turns a test that passed into one "containing failed subtests".
        if self.worker is not None:
            return
        test = self.name(report.nodeid)
        state = self.tests.setdefault(test, {"location": report.location, "failed": False})
        describe = texts.subtest_name(report)
        state["when"] = report.when
        if report.outcome == "failed":
            state["failed"] = True
            more = {"subtest": describe} if describe else {}
            self.journal.write(kind="failure", id=test, **self.failure(report, report.when), **more)
        elif describe is None and (report.when == "call" or report.skipped):
            state["outcome"] = texts.outcome_of(report)
        if report.when == "???":
            self.end(test)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.end(self.name(nodeid))

    def end(self, test: str) -> None:
        if self.worker is None and test in self.tests:
            state = self.tests.pop(test)
            outcome = "failed" if state["failed"] else state.get("outcome", "not run")
            if outcome != "not run":
                self.ended.add(test)
            self.journal.write(kind="end", id=test, outcome=outcome)

    def failure(self, report: Any, phase: str) -> dict[str, Any]:
        """Return the fields of a failed report, from whatever it holds."""
        text = texts.long_text(report)
        record = getattr(report, "hdb", {})
        if not record:
            record = {"code": "failed", "message": texts.tail(text)}
            if text.startswith("[XPASS(strict)]"):
                record["code"] = "XPASS(strict)"
            elif phase == "???":
                record["code"] = "crashed"
        if not record.get("place"):
            state = self.tests.get(self.name(report.nodeid), {})
            record["place"] = failures.test_place(report, state, self.config, self.project)
        sections = [f"----- {title} -----\n{texts.tail(body)}" for title, body in report.sections]
        record["text"] = "\n".join([texts.tail(text), *sections])
        record["phase"] = phase
        return record

    # The end

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excinfo: Any) -> None:
        text = texts.tail(str(excinfo.getrepr(style="short")))
        self.fail("internal", "", excinfo.value, text=text)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        found = failures.interruption(excinfo.value, self.project)
        self.journal.write(kind="interrupted", id="", **found)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: Any, exitstatus: Any) -> Iterator[None]:
        yield
        if self.worker is not None:
            return
        for test in [one for one in self.tests if self.tests[one].get("when") == "teardown"]:
            self.end(test)  # some plugins run tests without saying that they finished
        missed = sorted(self.collected - self.ended)
        self.journal.write(
            kind="finish",
            status=int(getattr(session, "exitstatus", exitstatus)),
            collected=len(self.collected),
            finished=len(self.ended & self.collected),
            missed=missed[:10],
            stopped=str(session.shouldfail or session.shouldstop or ""),
        )
