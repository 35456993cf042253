"""Finds retries that nothing ends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import FUNCTIONS, Call, Function, Module, calls, decorations

LIMITS: dict[str, tuple[tuple[str, int | None], ...]] = {
    "tenacity.retry": (("stop", 1),),
    "tenacity.Retrying": (("stop", 1),),
    "tenacity.AsyncRetrying": (("stop", 1),),
    "backoff.on_exception": (("max_tries", None), ("max_time", None)),
}
"""What bounds a retry, by keyword and by place; without any it goes on for ever."""
MEANT = re.compile(
    r"(?:^|_)(?:until|forever|loop|watch\w*|serve|listen\w*|consum\w*|poll\w*|monitor\w*"
    r"|supervis\w*|(?:re)?connect\w*|initial\w*|startup|ready|wait\w*)(?:_|$)|^_?run$",
    re.IGNORECASE,
)
"""Names of what has nothing better to do than to try again, where it waits between."""
BARE = frozenset({"tenacity.retry"})
ENDLESS = (
    "retries without end: whoever waits for it waits as long as the other side is down; pass {}"
)
STOP = "`stop=stop_after_attempt(...) | stop_after_delay(...)`"
TIMES = "`max_tries=` or `max_time=`"


def check(module: Module) -> Iterator[Hit]:
    """Yield the retries that have no limit."""
    for call in calls(module, *LIMITS):
        if _is_meant(call):
            continue
        if all(call.given(*one) is None for one in LIMITS[call.name]) and _retries(call):
            wanted = TIMES if call.name.startswith("backoff.") else STOP
            yield Hit(call.node, ENDLESS.format(wanted))
    for function in module.functions():
        for _, node in decorations(module, function, BARE):
            if not isinstance(node, ast.Call) and not _is_endless(module, function):
                yield Hit(node, ENDLESS.format(STOP))


def _retries(call: Call) -> bool:
    """Tell whether a call is what retries something that is meant to end."""
    parent = call.module.parent(call.node)
    if isinstance(parent, FUNCTIONS):
        return not _is_endless(call.module, parent)
    # `retry(...).retry_with(stop=...)`, or a copy with a limit of its own.
    return not (isinstance(parent, ast.Attribute) and parent.attr in {"retry_with", "copy"})


def _is_meant(call: Call) -> bool:
    """Tell whether what is retried, with a pause, is named as what waits for another to come."""
    if call.name.startswith("backoff.") or call.given("wait", 2) is None:
        return False
    parent = call.module.parent(call.node)
    held = parent if isinstance(parent, FUNCTIONS) else call.module.function(call.node)
    return isinstance(held, FUNCTIONS) and bool(MEANT.search(held.name))


def _is_endless(module: Module, function: Function) -> bool:
    """Tell whether a function is itself a loop without end, as a consumer's is."""
    return any(
        isinstance(one.test, ast.Constant) and bool(one.test.value)
        for one in module.within(function, ast.While)
        if not any(module.within(one, ast.Return))
    )


RULE = Rule(
    name="retry-forever",
    why="tenacity's default is to try again for ever and at once, so that one dead dependency "
    "keeps every caller waiting and is itself hit without a pause.",
    wrong="""\
import httpx
from tenacity import retry, retry_if_exception_type, wait_exponential


@retry(
    wait=wait_exponential(max=10), retry=retry_if_exception_type(httpx.TransportError)
)
def stock(client: httpx.Client, sku: str) -> bytes:
    response = client.get("/stock", params={"sku": sku})
    return response.content
""",
    right="""\
import httpx
from tenacity import (
    retry,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)


@retry(
    stop=stop_after_attempt(4) | stop_after_delay(20),
    wait=wait_random_exponential(max=5),
    retry=retry_if_exception_type(httpx.TransportError),
    reraise=True,
)
def stock(client: httpx.Client, sku: str) -> bytes:
    response = client.get("/stock", params={"sku": sku})
    return response.content
""",
    taught="python-services/references/resilience.md#when-to-give-up",
    source=(
        "https://tenacity.readthedocs.io/en/latest/#stopping",
        "https://github.com/litl/backoff#backoffon_exception",
    ),
    check=check,
)
