"""Says in words why a run of pytest did not come to its end: what it was at, and its last words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.checkers.base import tail
from mcp_server.ending import ending
from mcp_server.fields import as_text
from mcp_server.models import Report
from mcp_server.pytest_record import Record, Session, number, place, stack

NAME = "pytest"
PLUGINS = {
    "--cov": "pytest-cov",
    "--no-cov": "pytest-cov",
    "-n": "pytest-xdist",
    "--numprocesses": "pytest-xdist",
    "--dist": "pytest-xdist",
    "--asyncio": "pytest-asyncio",
    "--timeout": "pytest-timeout",
    "--reruns": "pytest-rerunfailures",
    "--randomly": "pytest-randomly",
    "--ds": "pytest-django",
    "--reuse-db": "pytest-django",
    "--create-db": "pytest-django",
    "--nomigrations": "pytest-django",
    "--benchmark": "pytest-benchmark",
    "--html": "pytest-html",
    "--snapshot": "syrupy",
    "--alluredir": "allure-pytest",
    "--testmon": "pytest-testmon",
    "--mypy": "pytest-mypy",
    "--ruff": "pytest-ruff",
    "--docker": "pytest-docker",
    "--env": "pytest-env",
    "--sugar": "pytest-sugar",
}
UNKNOWN = re.compile(r"unrecognized arguments: (?P<options>.+)")
FATAL = re.compile(r"^Fatal Python error.*", re.MULTILINE | re.DOTALL)
# What faulthandler says before each thread's stack.
THREAD = re.compile(r"^(?=(?:Current thread|Thread) 0x)", re.MULTILINE)
# Frames of pytest itself, between a test and the interpreter.
MACHINERY = re.compile(r'^  File ".*/(?:_pytest|pluggy|pytest)/', re.MULTILINE)
TIMEOUT = re.compile(r"^\++ Timeout \++$", re.MULTILINE)


def problems(report: Report, run: Session, *, alone: bool) -> Iterator[str]:
    """Yield why a session did not run to its end, the most telling reason first."""
    if conftest := run.failure("conftest"):
        yield f"pytest could not start: {_said(report, conftest)}"
    if internal := run.failure("internal"):
        if internal.get("code") == "SystemExit":
            yield f"pytest was ended by {_said(report, internal)}{_left(run)}"
        else:
            yield f"pytest failed inside: {_said(report, internal)}"
    if report.timed_out:
        yield _hung(report, run)
    if run.interrupted:
        yield f"pytest was stopped: {_said(report, run.interrupted)}{_left(run)}"
    broken = next((one for one in run.failures if one.get("conftest") is True), None)
    if broken:
        yield f"the tests beside a conftest were not collected: {_said(report, broken)}"
    if run.finish is None:
        yield _unfinished(report, run)
    else:
        yield from _contradictions(report, run, run.finish, alone=alone)


def _hung(report: Report, run: Session) -> str:
    """Say where a session was when its time was over."""
    if run.running:
        what = f"{_names(report, run)} running"
    elif run.collected is None:
        what = f"pytest was busy with {_collecting(report, run)}"
    elif run.finish is not None and not run.interrupted:
        what = "pytest was done, but a thread, a child or an exit handler kept its process alive"
    else:
        what = "no test was running: a fixture or a plugin did not end"
    at = stack(report, run.interrupted) if run.interrupted else ""
    last = f"at the end of this stack:\n{at}" if at else _last_words(report)
    return f"{what}{_left(run)}\n{last}".strip()


def _collecting(report: Report, run: Session) -> str:
    """Say what a session did before it knew its tests."""
    if run.collecting:
        return f"the import of {run.node(report, run.collecting)}"
    return "the collection of the tests" if run.collected else "its plugins and conftest files"


def _names(report: Report, run: Session) -> str:
    # Under xdist, which of them began first is chance.
    tests = ", ".join(sorted(run.node(report, test) for test in run.running))
    return f"{tests} {'was' if len(run.running) == 1 else 'were'}"


def _contradictions(report: Report, run: Session, finish: Record, *, alone: bool) -> Iterator[str]:
    """Yield what speaks against a session that says it came to its end."""
    if run.workers and run.collected is None:
        yield f"no xdist worker could start\n{tail(run.workers[0])}"
    if finish.get("stopped"):
        yield f"pytest was stopped: {as_text(finish.get('stopped'))}{_left(run)}"
    if (lost := number(finish, "seq") - run.records) > 0:
        yield f"{lost} records of hdb's reporter are missing: a test destroyed them"
    if run.count({"failed"}) and not run.failures:
        yield "tests failed, but the records that say how are missing"
    status = number(finish, "status")
    if status == 4:
        yield usage(report)
    left = number(finish, "collected") - number(finish, "finished")
    if left > 0:
        yield _missed(report, run, left)
    if (
        alone
        and report.status != status
        and (report.status is None or 0 in {report.status, status})
    ):
        detail = tail(report.stderr)
        yield f"pytest finished with status {status}, but {ending(report, NAME)}\n{detail}"


def _unfinished(report: Report, run: Session) -> str:
    if report.status == 4 and not run.ended:
        return usage(report)
    ended = ending(report, NAME)
    if run.running:
        what = f"{ended} while {_names(report, run)} running"
    elif run.collected is None:
        what = f"{ended} while it was busy with {_collecting(report, run)}"
    else:
        what = f"{ended} before it finished"
    return f"{what}{_left(run)}\n{tail(run.workers[0]) if run.workers else _last_words(report)}"


def _last_words(report: Report) -> str:
    """Return what faulthandler or pytest-timeout said as the process ended, or its stderr."""
    fatal = FATAL.search(report.stderr)
    if fatal:
        header, *blocks = THREAD.split(fatal[0])
        # Other threads come first, and their stacks are long.
        blocks.sort(key=lambda block: not block.startswith("Current thread"))
        said = [line for block in (header, *blocks) for line in block.splitlines()]
        lines = [line for line in said if not MACHINERY.search(line)]
        return "\n".join(lines[:16]).replace(f"{report.root}/", "")
    return tail(report.stdout if TIMEOUT.search(report.stdout) else report.stderr)


def _missed(report: Report, run: Session, left: int) -> str:
    missed = (run.finish or {}).get("missed")
    names = [run.node(report, as_text(test)) for test in missed] if isinstance(missed, list) else []
    more = ", ..." if left > len(names) else ""
    said = tail("\n".join(run.workers))
    return f"{left} of {run.collected} tests were not run: {', '.join(names)}{more}\n{said}"


def _left(run: Session) -> str:
    """Return how much of the run is missing, as the end of a sentence."""
    if run.collected is None:
        return ", before the tests were collected"
    return f"; {sum(one != 'not run' for one in run.ended.values())} of {run.collected} tests ran"


def _said(report: Report, record: Record) -> str:
    file, line, _ = place(record)
    where = f" ({report.relative(file)}{f':{line}' if line else ''})" if file else ""
    code, message = as_text(record.get("code")), as_text(record.get("message"))
    return f"{code}{where}" if message == code else f"{code}: {message}{where}"


def unrecorded(report: Report) -> str:
    """Return why there is no record of a run at all."""
    if report.status == 4:
        return usage(report)
    if report.record:
        return f"{ending(report, NAME)}, and what hdb's reporter had written was destroyed"
    said = tail(report.stderr or report.stdout)
    return f"{ending(report, NAME)} and our reporter was not loaded\n{said}".strip()


def usage(report: Report) -> str:
    """Return pytest's own words on a wrong option, and which plugin would know it."""
    text = report.stderr or report.stdout
    error = text.find("ERROR: ")
    said = tail(text[max(error, 0) :])
    unknown = UNKNOWN.search(said)
    options = unknown["options"].split() if unknown else []
    wanted = {
        plugin
        for option in options
        for prefix, plugin in PLUGINS.items()
        if plugin and _is_option(option, prefix)
    }
    hint = f"\n{', '.join(sorted(wanted))} is not installed in this environment" if wanted else ""
    return said + hint


def _is_option(option: str, prefix: str) -> bool:
    if prefix.startswith("--"):
        return option.startswith(prefix)
    return option.startswith(prefix) and not option.startswith("--")
