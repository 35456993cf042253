"""Finds metric labels that have a value for every user, request or address."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    Given,
    Module,
    Ref,
    argument,
    calls,
    constant,
    is_a,
    kind,
    method_calls,
    origins,
    receiver,
    ref,
    spread,
    valued,
)

METRICS = tuple(
    f"prometheus_client.{name}" for name in ("Counter", "Gauge", "Histogram", "Summary")
)
INSTRUMENTS = frozenset(
    f"opentelemetry.metrics.{name}" for name in ("Counter", "Gauge", "Histogram", "UpDownCounter")
)
UNBOUNDED = frozenset(
    "user_id userid user_uuid username user_name user_email email email_address ip ip_address "
    "client_ip remote_ip remote_addr client_address request_id requestid correlation_id trace_id "
    "span_id session_id sessionid message_id event_id order_id customer_id account_id payment_id "
    "transaction_id invoice_id task_id job_id run_id document_id token api_key uuid user_agent "
    "timestamp phone phone_number".split()
)
"""Names of what grows with use; tenants, workers, queues and regions are few by nature."""
REQUESTS = ("Request", "HTTPConnection", "HttpRequest", "WSGIRequest", "BaseRequest")
PATHS = frozenset({"path", "url", "full_path", "raw_path", "rel_url", "base_url", "path_info"})
LABEL = "label `{}` makes a series for each value, without end: leave it to logs or traces"
PATH = "a raw path makes a series for each address asked for: use the route's template"


def check(module: Module) -> Iterator[Hit]:
    """Yield labels without a bound, where they are declared or given."""
    for call in calls(module, *METRICS):
        given = call.given("labelnames", 2)
        names = _labels(given.module, given.node) if isinstance(given, Given) else ()
        found = next(_unbounded(names), None)
        if found is not None:
            yield Hit(call.node, LABEL.format(found))
    for node in method_calls(module, "labels"):
        if is_a(_metric(module, node), METRICS):
            values = [Given(module, one) for one in node.args]
            values += [one for _, one in spread(module, node) if one is not None]
            raw = any(_is_path(one.module, one.node) for one in values)
            if raw and not _is_compared(module, node):
                yield Hit(node, PATH)
    for node in method_calls(module, "add", "record", "set"):
        if len(node.args) + len(node.keywords) > 1 and is_a(_metric(module, node), INSTRUMENTS):
            yield from _attributes(module, node)


def _labels(module: Module, node: ast.expr) -> object:
    """Return the names of a metric's labels, also of `[*COMMON, "user_id"]` and `"a b".split()`."""
    source, value = valued(module, node)
    if isinstance(value, ast.List | ast.Tuple):
        inner = [each.value if isinstance(each, ast.Starred) else each for each in value.elts]
        held = [constant(source, each) for each in inner]
        return tuple(name for one in held for name in (one if isinstance(one, tuple) else (one,)))
    if isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "split":
        text = constant(source, value.func.value) if isinstance(value.func, ast.Attribute) else None
        return tuple(text.split()) if isinstance(text, str) and not value.args else ()
    return constant(module, node)


def _unbounded(names: object) -> Iterator[str]:
    for one in names if isinstance(names, tuple | frozenset) else ():
        if isinstance(one, str) and one.lower().replace(".", "_").replace("-", "_") in UNBOUNDED:
            yield one


def _metric(module: Module, node: ast.Call) -> Ref | None:
    owner = receiver(module, node)
    return kind(owner.module, owner.node) if owner is not None else None


def _attributes(module: Module, node: ast.Call) -> Iterator[Hit]:
    """Yield what is wrong with the attributes of an instrument's measurement."""
    given = argument(module, node, "attributes", 1)
    if not isinstance(given, Given):
        return
    for one in origins(given.module, given.node):
        if not isinstance(one, ast.Dict):
            continue
        keys = tuple(constant(given.module, key) for key in one.keys if key is not None)
        found = next(_unbounded(keys), None)
        if found is not None:
            yield Hit(node, LABEL.format(found))
        elif any(_is_path(given.module, each) for each in one.values) and not _is_compared(
            module, node
        ):
            yield Hit(node, PATH)


def _is_path(module: Module, node: ast.expr) -> bool:
    """Tell whether a value is, in every case, what a request asked for."""
    found = [*origins(module, node)]
    return bool(found) and all(_is_raw(module, one) for one in found)


def _is_raw(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr | ast.BinOp | ast.Call):
        return any(_is_path(module, one) for one in _parts(node))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name | ast.Attribute):
        held = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
        return held == "scope" and constant(module, node.slice) in {"path", "raw_path"}
    if not isinstance(node, ast.Attribute) or node.attr not in PATHS:
        return False
    base = node.value
    if isinstance(base, ast.Attribute) and base.attr in {"url", "rel_url"}:
        base = base.value
    return _is_request(module, base)


def _parts(node: ast.JoinedStr | ast.BinOp | ast.Call) -> list[ast.expr]:
    """Return what a text is put together of."""
    if isinstance(node, ast.JoinedStr):
        return [one.value for one in node.values if isinstance(one, ast.FormattedValue)]
    if isinstance(node, ast.BinOp):
        return [
            node.left,
            *(node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]),
        ]
    return node.args if getattr(node.func, "attr", "") == "format" else []


def _is_request(module: Module, node: ast.expr) -> bool:
    found = kind(module, node) or ref(module, node)
    if found is not None and found.module is None:
        return found.last.endswith((*REQUESTS, "request"))
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in {"request", "req"}


def _is_compared(module: Module, node: ast.Call) -> bool:
    """Tell whether the function looks whether something is one of a known few."""
    function = module.function(node)
    asked = module.within(function, ast.Compare) if function is not None else ()
    return any(isinstance(each, ast.In | ast.NotIn) for one in asked for each in one.ops)


RULE = Rule(
    name="high-cardinality-label",
    why="Every value of a label is a series of its own that the server of the metrics keeps.",
    wrong="""\
from fastapi import FastAPI, Request, Response
from prometheus_client import Counter
from starlette.middleware.base import RequestResponseEndpoint

app = FastAPI()
ORDERS = Counter("orders_total", "Orders placed.", ["status", "user_id"])
REQUESTS = Counter("requests_total", "Requests answered.", ["method", "path"])


@app.middleware("http")
async def count(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    REQUESTS.labels(request.method, request.url.path).inc()
    return response
""",
    right="""\
from fastapi import FastAPI, Request, Response
from prometheus_client import Counter
from starlette.middleware.base import RequestResponseEndpoint

app = FastAPI()
ORDERS = Counter("orders_total", "Orders placed.", ["status"])
REQUESTS = Counter("requests_total", "Requests answered.", ["method", "path"])


@app.middleware("http")
async def count(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    route = request.scope.get("route")
    REQUESTS.labels(request.method, getattr(route, "path", "unmatched")).inc()
    return response
""",
    taught="python-services/references/observability.md#metric-labels",
    source=(
        "https://prometheus.io/docs/practices/naming/#labels",
        "https://prometheus.io/docs/practices/instrumentation/#do-not-overuse-labels",
        "https://opentelemetry.io/docs/specs/semconv/http/http-metrics/",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
