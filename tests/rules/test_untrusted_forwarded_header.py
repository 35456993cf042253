"""Client addresses that a header gives, whoever sent it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.untrusted_forwarded_header import RULE
from tests.rules.cases import hits

HITS = {
    "instead of the peer": """
        def sender(request):
            return request.headers.get("x-forwarded-for") or request.client.host  # hit
    """,
    "Django": """
        def client_ip(request):
            return request.META.get("HTTP_X_REAL_IP", "")  # hit
    """,
    "one finding for several headers": """
        def get_client_ip(r):
            ip = r.headers.get("X-Client-IP")  # hit
            if not ip:
                ip = r.headers.get("X-Real-IP")
            return ip
    """,
    "the name from another module": """
        from app import names
        class Limiter:
            def key(self, request):
                ip = request.headers[names.REAL]  # hit
                return f"limit:{ip}"
        # file: app/names.py
        REAL = "X-Cluster-Client-IP"
    """,
    "FastAPI's parameter": """
        from fastapi import Header
        async def login(x_real_ip: str | None = Header(None)):
            client_ip = x_real_ip or "unknown"  # hit
            return await limit(client_ip)
    """,
    "given by keyword": """
        async def login(request):
            await audit(ip_address=request.headers.get("x-forwarded-for"))  # hit
    """,
    "Flask": """
        from flask import request as current
        def log_in():
            if remote_addr := current.headers.get("X-Forwarded-For"):  # hit
                return limit(remote_addr)
    """,
    "raw headers": """
        def client(scope):
            client_addr = dict(scope["headers"]).get(b"x-real-ip", b"").decode()  # hit
            return client_addr
    """,
    "each of several headers": """
        NAMES = ("x-client-ip", "x-real-ip")
        def client_ip(request):
            for name in NAMES:
                if value := request.headers.get(name):  # hit
                    return value
            return request.client.host
    """,
}
CLEAN = {
    "the peer is asked": """
        def client_ip(request):
            if request.client.host in TRUSTED:
                return request.headers.get("x-real-ip")
            return request.client.host
    """,
    "a setting says so": """
        def client_ip(request):
            if settings.USE_REAL_IP:
                return request.headers["x-real-ip"]
            return request.client.host
    """,
    "the project has its middleware": """
        def client_ip(request):
            return request.headers.get("x-real-ip")
        # file: app/asgi.py
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
    """,
    "passed on": """
        def upstream(request):
            return {"x-forwarded-for": request.headers.get("x-forwarded-for", "")}
    """,
    "set": """
        def outgoing(client_ip):
            headers = {}
            headers["x-forwarded-for"] = client_ip
            return headers
    """,
    "counted from the right": """
        def client_ip(request):
            return request.headers["x-forwarded-for"].split(",")[-1]
    """,
    "no address": """
        def scheme(request):
            ip_scheme = request.headers.get("x-forwarded-proto")
            return ip_scheme
    """,
    "a network's own header": """
        def client_ip(request):
            return request.headers["CF-Connecting-IP"]
    """,
    "removed": """
        def strip(headers):
            del headers["x-real-ip"]
    """,
    "the left end is another rule's": """
        def client_ip(request):
            return request.headers["x-forwarded-for"].split(",")[0]
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
