"""Metric labels that have a value for every user, request or address."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.high_cardinality_label import RULE
from tests.rules.cases import hits

HITS = {
    "declared": """
        from prometheus_client import Counter
        LOGINS = Counter("logins_total", "Logins.", ["result", "user_id"])  # hit
    """,
    "declared by keyword, names under a name": """
        import prometheus_client as prom
        NAMES = ("email",)
        class Metrics:
            def __init__(self):
                self.mails = prom.Histogram("mails", "Mails.", labelnames=NAMES)  # hit
    """,
    "put together": """
        from prometheus_client import Counter
        BASE = ["method"]
        MAILS = Counter("mails", "Mails.", [*BASE, "email"])  # hit
        USERS = Counter("users", "Users.", "method user_id".split())  # hit
        GOOD = Counter("good", "Good.", [*BASE, "status"])
    """,
    "through the project's own module": """
        from app.metrics import Measure
        SEEN = Measure("seen", "Seen.", **{"labelnames": ["client_ip"]})  # hit
        # file: app/metrics.py
        from prometheus_client.metrics import Gauge as Measure
    """,
    "a raw path": """
        from fastapi import Request
        from app.metrics import REQUESTS
        async def count(request: Request, call_next):
            REQUESTS.labels(method=request.method, path=request.url.path).inc()  # hit
        # file: app/metrics.py
        from prometheus_client import Counter
        REQUESTS = Counter("requests_total", "Requests.", ["method", "path"])
    """,
    "a raw path under a name": """
        from prometheus_client import Summary
        TIMES = Summary("time", "Time.", ["where"])
        def count(request):
            where = f"{request.method} {request.path}"
            TIMES.labels(where).observe(1)  # hit
    """,
    "a scope's path": """
        from prometheus_client import Counter
        class Middleware:
            def __init__(self, app):
                self.requests = Counter("requests", "Requests.", ["path"])
            async def __call__(self, scope, receive, send):
                self.requests.labels(scope["path"]).inc()  # hit
    """,
    "OpenTelemetry": """
        from opentelemetry import metrics
        meter = metrics.get_meter(__name__)
        orders = meter.create_counter("orders")
        def placed(user):
            orders.add(1, {"user.id": user.id, "status": "placed"})  # hit
    """,
    "OpenTelemetry with a raw path": """
        from opentelemetry.metrics import get_meter
        times = get_meter("shop").create_histogram("times")
        def seen(request, took):
            labels = {"path": str(request.url)}
            times.record(took, attributes=labels)  # hit
    """,
}
CLEAN = {
    "few values": """
        from prometheus_client import Counter
        LOGINS = Counter("logins_total", "Logins.", ["result", "method", "worker_id", "tenant"])
    """,
    "a template": """
        from prometheus_client import Counter
        REQUESTS = Counter("requests_total", "Requests.", ["method", "path"])
        async def count(request, call_next):
            REQUESTS.labels(request.method, request.scope["route"].path).inc()
    """,
    "replaced by a template": """
        from prometheus_client import Counter
        REQUESTS = Counter("requests_total", "Requests.", ["path"])
        async def count(request, call_next):
            path = request.url.path
            for route in request.app.routes:
                if route.matches(request.scope):
                    path = route.path
            REQUESTS.labels(path).inc()
    """,
    "one of a known few": """
        from prometheus_client import Counter
        REQUESTS = Counter("requests_total", "Requests.", ["path"])
        async def count(request, call_next):
            if request.url.path in KNOWN:
                REQUESTS.labels(request.url.path).inc()
    """,
    "a counter of the collections": """
        from collections import Counter
        seen = Counter(["user_id", "email"])
    """,
    "a metric of the project's own": """
        from app.metrics import Counter
        SEEN = Counter("seen", "Seen.", ["user_id"])
        # file: app/metrics.py
        class Counter: ...
    """,
    "labels of something else": """
        def show(chart, request):
            chart.labels(request.url.path)
            chart.add(1, {"user_id": 1})
    """,
    "OpenTelemetry's route": """
        from opentelemetry.metrics import get_meter
        times = get_meter("shop").create_histogram("times")
        def seen(request, took):
            times.record(took, {"http.route": request.scope["route"].path})
    """,
    "a span": """
        from opentelemetry import trace
        def seen(user):
            trace.get_current_span().set_attribute("user_id", user.id)
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [*CLEAN.values(), RULE.right], ids=[*CLEAN, "right"])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_hits_its_own_example(tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, RULE.wrong)
    assert len(found) == 2
