"""pytest: the test runner, read through the records of our reporter, not through its output."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.checkers.base import drop_options, json_lines, no_retry, split_paths, tail
from mcp_server.ending import ending
from mcp_server.fields import as_text, count
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.pytest_end import problems, unrecorded, usage
from mcp_server.pytest_record import PASSED, Record, Session, number, sessions
from mcp_server.repository import Found, Role, Settings

NAME = "pytest"
ROLE = Role.TEST
retry = no_retry

# What stops early, runs a part, or waits for a person. The reporter switches the same off where
# configuration or PYTEST_ADDOPTS asks for it.
FLAGS = frozenset(
    "-x --exitfirst --lf --last-failed --ff --failed-first --nf --new-first --sw --stepwise "
    "--sw-skip --stepwise-skip --sw-reset --stepwise-reset --pdb --trace -f --looponfail".split()
)
REWRITING = frozenset({"--snapshot-update", "--force-regen", "--regen-all", "--update-snapshots"})
"""Options of syrupy, pytest-regressions and pytest-snapshot that rewrite expected results."""
INLINE = ("--inline-snapshot=fix", "--inline-snapshot=create", "--inline-snapshot=update")
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
COVERAGE = re.compile(
    r"^(?:FAIL |ERROR: )?(?P<message>(?:Required test coverage|Coverage failure).+)$", re.MULTILINE
)

GATES = {"coverage": "the coverage is not", "snapshots": "unused snapshots are not"}
"""What judges whole runs, by the name that the reporter has for it."""


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise pytest under both of its names, when it would run tests."""
    named = program in {"pytest", "py.test"}
    return args if named and not IDLE.intersection(args) else None


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether a plugin would rewrite what the tests compare with."""
    return any(arg in REWRITING or arg.startswith(INLINE) for arg in args)


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
    # By itself pytest does not collect a tests.py.
    collected = [one for one in settings.tests if one != "tests.py"]
    if source is None and collected:
        source = f"{collected[0]} (no pytest configuration)"
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Add our reporter, and leave out what would stop the run early."""
    kept = drop_options([_uncluster(arg) for arg in args], FLAGS, frozenset({"--maxfail"}))
    kept = tuple(arg for arg in kept if arg and not mutates((arg,)))
    changed = kept != args
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--", *targets)
    return Invocation(
        args=("-p", "hdb_pytest_reporter", *kept), inject=True, recorded=True, changed=changed
    )


def _uncluster(arg: str) -> str:
    """Take -x and -f out of joined short options such as -xvs."""
    if not CLUSTER.fullmatch(arg):
        return arg
    rest = arg[1:].replace("x", "").replace("f", "")
    return f"-{rest}" if rest else ""


def parse(report: Report) -> Outcome:
    """Read the records of every session that the command ran, usually one."""
    records: list[Record] = [*json_lines(report.record)]
    runs = sessions(records)
    if not runs:
        return Outcome(problem=unrecorded(report))
    found = [one for run in runs for one in run.diagnostics(report)]
    found += _of_the_whole_run(report, runs, failed=bool(found))
    alone = len(runs) == 1
    problem = next((why for run in runs for why in problems(report, run, alone=alone)), None)
    if problem is None and report.status == 4 and not found:
        problem = usage(report)
    elif problem is None and report.status not in {0, 5} and not found:
        said = tail(report.stderr or report.stdout)
        problem = f"{ending(report, NAME)}, and no test failed\n{said}"
    ran = sum(run.count({*PASSED, "failed"}) for run in runs)
    left_out = max(
        (count(one.get("n")) for one in records if one.get("kind") == "left_out"), default=0
    )
    nothing = _nothing(runs, left_out) if problem is None and not found and not ran else None
    skipped = sum(run.count({"skipped"}) + run.uncollected for run in runs)
    deselected = sum(run.deselected for run in runs)
    return Outcome(
        diagnostics=tuple(found),
        checked=problem is None and nothing is None,
        problem=problem.strip() if problem else None,
        nothing=nothing,
        unreached=nothing is not None and left_out > 0 and not skipped and not deselected,
        passed=sum(run.count({"passed"}) for run in runs),
        skipped=skipped,
        deselected=deselected,
        finished=frozenset(test for run in runs for test in run.finished(report)),
        remark=_remark(records, 0 if nothing else left_out),
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


def _remark(records: list[Record], left_out: int) -> str | None:
    """Return what was not run, or not judged, because only a part of the tests was asked for."""
    gates = {as_text(one.get("name")) for one in records if one.get("kind") == "gate"}
    said = [f"{_files(left_out)} left out, which the change cannot reach"] if left_out else []
    said += [
        f"{GATES[one]} judged: only a part of the tests ran" for one in sorted(gates & GATES.keys())
    ]
    return "; ".join(said) or None


def _files(count: int) -> str:
    return f"{count} test file{'s' * (count != 1)}"


def _nothing(runs: list[Session], left_out: int) -> str:
    skipped = sum(run.count({"skipped"}) + run.uncollected for run in runs)
    deselected = sum(run.deselected for run in runs)
    if skipped:
        return (
            f"all {skipped} tests skipped"
            if not deselected
            else (f"no test ran: {skipped} skipped, {deselected} deselected")
        )
    if left_out and not deselected:
        return f"no test can reach the change: {_files(left_out)} left out"
    return f"all {deselected} tests deselected" if deselected else "no tests collected"
