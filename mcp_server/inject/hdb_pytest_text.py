"""Texts of pytest's reports: whole, without half characters, and of a bounded size."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

LIMIT = 20_000
FIRST = 1_000
HEADLINE = 160
FULL = 2  # the verbosity at which a comparison omits nothing
WORKER = re.compile(r"\A\[\w+\] \S+ -- Python .*\n")


def clean(value: Any) -> Any:
    """Return JSON-like data without lone surrogates, which no encoding accepts."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "backslashreplace").decode()
        return value
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return type(value)(clean(inner) for inner in value)
    return value


def tail(text: str) -> str:
    """Return the end of a long text, saying how much is missing."""
    cut = len(text) - LIMIT
    return text if cut <= 0 else f"[... {cut} characters cut]\n{text[-LIMIT:]}"


def bounded(message: str) -> str:
    """Return the first line and the end of a long message: the first says what failed."""
    cut = len(message) - LIMIT
    if cut <= 0:
        return message
    first = message.partition("\n")[0][:FIRST]
    return f"{first}\n[... {cut} characters cut]\n{message[len(first) + cut :]}"


def long_text(report: Any) -> str:
    """Return a report's text as pytest would print it, without xdist's line on the worker."""
    if isinstance(report.longrepr, str):
        return report.longrepr
    try:
        return WORKER.sub("", str(report.longreprtext))
    except Exception:  # noqa: BLE001 - a plugin's own representation may fail to print
        return str(getattr(report, "longrepr", ""))


def subtest_name(report: Any) -> str | None:
    """Return how pytest names a subtest, or None where the report is of a whole test."""
    describe = getattr(report, "_sub_test_description", None)
    describe = describe or getattr(report, "sub_test_description", None)
    return str(describe()) if describe else None


def outcome_of(report: Any) -> str:
    """Return the outcome of a report that did not fail, in pytest's words."""
    expected = hasattr(report, "wasxfail")
    if report.skipped:
        return "xfailed" if expected else "skipped"
    return "xpassed" if expected else "passed"


@contextlib.contextmanager
def explaining(config: Any, left: object, right: object) -> Iterator[None]:
    """Have a comparison explained in full, where that is cheap, and in no colours but its own."""
    option = config.option
    writer: Any = getattr(config.pluginmanager.get_plugin("terminalreporter"), "_tw", None)
    verbose, markup = getattr(option, "verbose", 0), getattr(writer, "hasmarkup", False)
    if verbose < FULL and cheap(left, right):
        option.verbose = FULL
    if markup:
        # Afterwards, colours of pytest could not be told from those of the values.
        writer.hasmarkup = False
    try:
        yield
    finally:
        option.verbose = verbose
        if markup:
            writer.hasmarkup = markup


def explained(lines: Any) -> list[str] | None:
    """Return the lines of an explanation, the first short: what follows shows both values."""
    if lines is None:
        return None
    first, *rest = [*lines] or [""]
    # pytest 6 puts each item of a list on a line of its own even here.
    found = [re.sub(r"\n *", " ", first), *(line.replace("\n", "\\n") for line in rest)]
    if len(found) > 1 and len(found[0]) > HEADLINE:
        found[0] = f"{found[0][: HEADLINE // 2]}...{found[0][-HEADLINE // 2 :]}"
    return found


def untruncated(message: str, explanation: list[str]) -> str:
    """Put the whole explanation of a comparison where pytest cut it."""
    lines = message.split("\n")
    end = next((at for at, line in enumerate(lines) if "Full output truncated" in line), None)
    if end is None or not explanation:
        return message
    explanation = "\n".join(explanation).split("\n")
    head = explanation[0].strip()
    start = next((at for at, line in enumerate(lines) if line.strip().endswith(head)), None)
    if start is None or start > end:
        return message
    whole = ["  " + line for line in explanation[1:]]
    return bounded("\n".join([*lines[: start + 1], *whole, *lines[end + 1 :]]))


def cheap(left: object, right: object) -> bool:
    """Tell whether a full comparison of two values is sure to be quick."""
    try:
        return _weight((left, right), 2_000) > 0
    except Exception:  # noqa: BLE001 - the project's own containers may raise anything
        return False


def _weight(value: object, budget: int) -> int:
    """Return what is left of `budget` after walking plain data; 0 or less for large data."""
    if isinstance(value, (str, bytes)):
        return budget - 1 - len(value) // 20
    inner: Any = ()
    if isinstance(value, dict):
        inner = [one for pair in value.items() for one in pair]
    elif isinstance(value, (list, tuple, set, frozenset)):
        inner = value
    elif hasattr(type(value), "__dataclass_fields__") or hasattr(type(value), "__attrs_attrs__"):
        inner = getattr(value, "__dict__", {}).values()
    budget -= 1
    for one in inner:
        if budget <= 0:
            break
        budget = _weight(one, budget)
    return budget
