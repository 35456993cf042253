"""pytest: the test runner, read through the records of our reporter, not through its output."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.checkers.base import drop_options, json_lines, no_retry, split_paths, tail
from mcp_server.models import Diagnostic, Found, Invocation, Outcome, Report, Role, Settings
from mcp_server.pytest_record import PASSED, Record, Session, number, place, sessions

NAME = "pytest"
ROLE = Role.TEST
retry = no_retry

# What stops early, runs a part, or waits for a person. The reporter switches the same off where
# configuration or PYTEST_ADDOPTS asks for it.
FLAGS = frozenset(
    "-x --exitfirst --lf --last-failed --ff --failed-first --nf --new-first --sw --stepwise "
    "--sw-skip --stepwise-skip --sw-reset --stepwise-reset --pdb --trace -f --looponfail".split()
)
CLUSTER = re.compile(r"-[qvslxf]{2,}")
VALUED = frozenset(
    "-k -m -c --config-file --rootdir --ignore --ignore-glob --deselect -p -o --override-ini -W "
    "--pythonwarnings --tb -r --durations --durations-min --basetemp --confcutdir --import-mode "
    "--color --code-highlight --capture --show-capture --verbosity --assert --doctest-glob "
    "--doctest-report --pdbcls --lfnf --last-failed-no-failures --junitxml --junit-xml "
    "--junit-prefix --junitprefix --log-level --log-format --log-date-format --log-cli-level "
    "--log-file --log-file-level --log-file-mode --log-disable --log-auto-indent -n "
    "--numprocesses --maxprocesses --dist --tx --max-worker-restart --cov --cov-report "
    "--cov-config --cov-fail-under --cov-context --timeout --timeout-method --session-timeout "
    "--reruns --reruns-delay --only-rerun --rerun-except --asyncio-mode --ds --dc --html --css "
    "--randomly-seed --random-order-seed --hypothesis-seed --hypothesis-profile "
    "--hypothesis-verbosity --alluredir --json-report-file --report-log --max-warnings".split()
)
# A run with these runs no test.
IDLE = frozenset(
    "--version -V --help -h --collect-only --co --fixtures --funcargs --fixtures-per-test "
    "--markers --setup-only --setup-plan --cache-show".split()
)
OWN_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
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
COVERAGE = re.compile(
    r"^(?:FAIL |ERROR: )?(?P<message>(?:Required test coverage|Coverage failure).+)$", re.MULTILINE
)

FATAL = re.compile(r"^Fatal Python error.*", re.MULTILINE | re.DOTALL)
TIMEOUT = re.compile(r"^\++ Timeout \++$", re.MULTILINE)


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise pytest under both of its names, when it would run tests."""
    named = program in {"pytest", "py.test"}
    return args if named and not IDLE.intersection(args) else None


def mutates(args: tuple[str, ...]) -> bool:  # noqa: ARG001 - pytest has no option that edits
    """Tell that running tests is not meant to change the project."""
    return False


def detect(settings: Settings) -> Found | None:
    """Find pytest's own file, table or section, else the tests that it would collect."""
    table = settings.tables.get("pytest", {})
    source = (
        settings.file(*OWN_FILES)
        or ("pyproject.toml [tool.pytest.ini_options]" if "ini_options" in table else None)
        or settings.table("pytest")
        or settings.section("pytest", "tox.ini")
        or settings.section("tool:pytest", "setup.cfg")
    )
    if source is None and settings.tests:
        source = f"{settings.tests[0]} (no pytest configuration)"
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Add our reporter, and leave out what would stop the run early."""
    kept = drop_options([_uncluster(arg) for arg in args], FLAGS, frozenset({"--maxfail"}))
    kept = tuple(arg for arg in kept if arg)
    changed = kept != args
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--", *targets)
    return Invocation(args=("-p", "hdb_pytest_reporter", *kept), inject=True, changed=changed)


def _uncluster(arg: str) -> str:
    """Take -x and -f out of joined short options such as -xvs."""
    if not CLUSTER.fullmatch(arg):
        return arg
    rest = arg[1:].replace("x", "").replace("f", "")
    return f"-{rest}" if rest else ""


def parse(report: Report) -> Outcome:
    """Read the records of every session that the command ran, usually one."""
    runs = sessions(json_lines(report.record))
    if not runs:
        return Outcome(problem=_unrecorded(report))
    found = [one for run in runs for one in run.diagnostics(report)]
    found += _of_the_whole_run(report, runs, failed=bool(found))
    alone = len(runs) == 1
    problem = next((why for run in runs for why in _problems(report, run, alone=alone)), None)
    if problem is None and report.status == 4 and not found:
        problem = _usage(report)
    elif problem is None and report.status not in {0, 5} and not found:
        problem = f"{_ended(report)}, and no test failed\n{tail(report.stderr or report.stdout)}"
    ran = sum(run.count({*PASSED, "failed"}) for run in runs)
    nothing = _nothing(runs) if problem is None and not found and not ran else None
    return Outcome(
        diagnostics=tuple(found),
        checked=problem is None and nothing is None,
        problem=problem.strip() if problem else None,
        nothing=nothing,
        passed=sum(run.count({"passed"}) for run in runs),
        skipped=sum(run.count({"skipped"}) + run.uncollected for run in runs),
        deselected=sum(run.deselected for run in runs),
        finished=frozenset(test for run in runs for test in run.finished(report)),
    )


def _of_the_whole_run(report: Report, runs: list[Session], *, failed: bool) -> Iterator[Diagnostic]:
    """Yield what fails a run although its tests may pass."""
    if report.status == 0:
        return
    said = [*COVERAGE.finditer(report.stdout), *COVERAGE.finditer(report.stderr)]
    if said:
        yield Diagnostic(tool=NAME, code="coverage", message=said[-1]["message"].strip())
    elif not failed and any(number(run.finish or {}, "status") == 6 for run in runs):
        message = "more warnings than max-warnings allows"
        yield Diagnostic(tool=NAME, code="max-warnings", message=message)


def _problems(report: Report, run: Session, *, alone: bool) -> Iterator[str]:
    """Yield why a session did not run to its end, the most telling reason first."""
    if conftest := run.failure("conftest"):
        yield f"pytest could not start: {_said(report, conftest)}"
    if internal := run.failure("internal"):
        yield f"pytest failed inside: {_said(report, internal)}"
    if run.interrupted:
        yield f"pytest was stopped: {_said(report, run.interrupted)}{_left(run)}"
    broken = next((one for one in run.failures if one.get("conftest") is True), None)
    if broken:
        yield f"the tests beside a conftest were not collected: {_said(report, broken)}"
    if run.finish is None:
        yield _unfinished(report, run)
    else:
        yield from _contradictions(report, run, run.finish, alone=alone)


def _contradictions(report: Report, run: Session, finish: Record, *, alone: bool) -> Iterator[str]:
    """Yield what speaks against a session that says it came to its end."""
    if run.workers and run.collected is None:
        yield f"no xdist worker could start\n{tail(run.workers[0])}"
    if finish.get("stopped"):
        yield f"pytest was stopped: {finish['stopped']}{_left(run)}"
    status = number(finish, "status")
    if status == 4:
        yield _usage(report)
    left = number(finish, "collected") - number(finish, "finished")
    if left > 0:
        yield _missed(report, run, left)
    if (
        alone
        and report.status != status
        and (report.status is None or 0 in {report.status, status})
    ):
        detail = tail(report.stderr)
        yield f"pytest finished with status {status}, but {_ended(report)}\n{detail}"


def _unfinished(report: Report, run: Session) -> str:
    if report.status == 4 and not run.ended:
        return _usage(report)
    ended = _ended(report)
    if run.running:
        tests = ", ".join(run.node(report, test) for test in run.running)
        what = f"{ended} while {tests} {'was' if len(run.running) == 1 else 'were'} running"
    else:
        what = f"{ended} before it finished"
    return f"{what}{_left(run)}\n{tail(run.workers[0]) if run.workers else _last_words(report)}"


def _last_words(report: Report) -> str:
    """Return what faulthandler or pytest-timeout said as the process ended, or its stderr."""
    fatal = FATAL.search(report.stderr)
    if fatal:
        return "\n".join(fatal[0].splitlines()[:16])
    return tail(report.stdout if TIMEOUT.search(report.stdout) else report.stderr)


def _missed(report: Report, run: Session, left: int) -> str:
    missed = (run.finish or {}).get("missed")
    names = [run.node(report, str(test)) for test in missed] if isinstance(missed, list) else []
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
    code, message = str(record.get("code", "")), str(record.get("message", ""))
    return f"{code}{where}" if message == code else f"{code}: {message}{where}"


def _ended(report: Report) -> str:
    if report.timed_out:
        return "pytest was ended at the time limit"
    if report.status is None:
        return f"pytest was ended by signal {report.signal}"
    return f"pytest ended with status {report.status}"


def _nothing(runs: list[Session]) -> str:
    skipped = sum(run.count({"skipped"}) + run.uncollected for run in runs)
    deselected = sum(run.deselected for run in runs)
    if skipped:
        return (
            f"all {skipped} tests skipped"
            if not deselected
            else (f"no test ran: {skipped} skipped, {deselected} deselected")
        )
    return f"all {deselected} tests deselected" if deselected else "no tests collected"


def _unrecorded(report: Report) -> str:
    if report.status == 4:
        return _usage(report)
    said = tail(report.stderr or report.stdout)
    return f"{_ended(report)} and our reporter was not loaded\n{said}".strip()


def _usage(report: Report) -> str:
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
