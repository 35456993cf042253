"""Comes as other sites' pages do: to the app that the skills teach, and to one that is open."""

from __future__ import annotations

import pytest
from fastapi import Depends, FastAPI, HTTPException, Response, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from tests.skills.blocks import load

BROWSERS = load("python-backend/references/security.md#browsers")
SHOP = "https://shop.example"
ORIGINS = frozenset({SHOP, "https://admin.shop.example"})
STRANGERS = [
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example.evil.example",
    "https://evilshop.example",
    "https://shop.example@evil.example",
    "https://www.shop.example",
    "https://shopXexample",
    "HTTPS://SHOP.EXAMPLE",
    "https://shop.example/",
    "https://shop.example https://evil.example",
    "null",
    "*",
    "",
]
ALLOW_ORIGIN, ALLOW_CREDENTIALS = "access-control-allow-origin", "access-control-allow-credentials"


def client(app: FastAPI) -> TestClient:
    """Return a client with the visitor's cookie, of an app that counts its orders."""
    app.state.orders = 0

    @app.get("/orders")
    def count() -> int:
        return int(app.state.orders)

    @app.post("/orders")
    def order() -> int:
        app.state.orders += 1
        return count()

    @app.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("the visitor's orders")
        await websocket.close()

    return TestClient(app, cookies={"__Host-session": "ann"})


def preflight(one: TestClient, origin: str) -> dict[str, str]:
    asked = {"origin": origin, "access-control-request-method": "POST"}
    return dict(one.options("/orders", headers=asked).headers)


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_strange_origin_reads_nothing(origin: str) -> None:
    one = client(BROWSERS.create_app(ORIGINS))
    assert ALLOW_ORIGIN not in one.get("/orders", headers={"origin": origin}).headers
    assert ALLOW_ORIGIN not in preflight(one, origin)


@pytest.mark.parametrize("origin", sorted(ORIGINS))
def test_a_named_origin_reads_and_writes(origin: str) -> None:
    one = client(BROWSERS.create_app(ORIGINS))
    sent = {"origin": origin, "sec-fetch-site": "same-site"}
    for headers in (
        dict(one.get("/orders", headers=sent).headers),
        dict(one.post("/orders", headers=sent).headers),
        preflight(one, origin),
    ):
        assert headers[ALLOW_ORIGIN] == origin
        assert headers[ALLOW_CREDENTIALS] == "true"
        assert "origin" in headers["vary"].lower()
    assert one.get("/orders").json() == 1


@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("site", [None, "cross-site", "same-site", "", "SAME-ORIGIN"])
def test_another_sites_form_changes_nothing(origin: str, site: str | None) -> None:
    one = client(BROWSERS.create_app(ORIGINS))
    sent = {"origin": origin} | ({"sec-fetch-site": site} if site is not None else {})
    answer = one.post("/orders", headers=sent)
    assert (answer.status_code, one.get("/orders").json()) == (403, 0)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "elsewhere"])
def test_a_request_that_hides_its_origin_changes_nothing(site: str) -> None:
    one = client(BROWSERS.create_app(ORIGINS))
    assert one.post("/orders", headers={"sec-fetch-site": site}).status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": SHOP},
        {"sec-fetch-site": "same-origin", "origin": "https://renamed.example"},
        {"sec-fetch-site": "none"},
        {"origin": SHOP},
    ],
)
def test_its_own_pages_and_programs_write(sent: dict[str, str]) -> None:
    one = client(BROWSERS.create_app(ORIGINS))
    assert one.post("/orders", headers=sent).json() == 1


@pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
def test_an_overridden_method_is_still_unsafe(method: str) -> None:
    app = BROWSERS.create_app(ORIGINS)
    app.add_api_route("/any", lambda: None, methods=[method.upper()])
    sent = {"origin": "https://evil.example", "x-http-method-override": "GET"}
    assert client(app).request(method, "/any", headers=sent).status_code == 403


def test_another_sites_websocket_is_refused() -> None:
    one = client(BROWSERS.create_app(ORIGINS))
    evil = {"origin": "https://evil.example"}
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        one.websocket_connect("/live", headers=evil),
    ):
        pass
    assert refused.value.status_code == 403
    with one.websocket_connect("/live", headers={"origin": SHOP}) as live:
        assert live.receive_text() == "the visitor's orders"


@pytest.mark.parametrize("origin", ["*", "null"])
def test_an_origin_that_anybody_has_is_refused_at_start(origin: str) -> None:
    with pytest.raises(ValueError, match="name the origins"):
        BROWSERS.create_app(frozenset({SHOP, origin}))


def with_pages(app: FastAPI) -> FastAPI:
    """Add what has none of the app's dependencies: a mounted app, and a route of Starlette."""
    admin = FastAPI()
    admin.add_api_route("/orders", lambda: "deleted", methods=["POST"])
    app.mount("/admin", admin)
    app.add_route("/plain", lambda _: Response("deleted"), methods=["POST"])
    return app


@pytest.mark.parametrize("path", ["/admin/orders", "/plain"])
def test_another_sites_form_does_not_reach_what_is_mounted(path: str) -> None:
    evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    one = client(with_pages(BROWSERS.create_app(ORIGINS)))
    assert one.post(path, headers=evil).status_code == 403
    assert one.post(path, headers={"origin": SHOP}).status_code == 200


@pytest.mark.parametrize("path", ["/admin/orders", "/plain"])
def test_a_dependency_of_the_app_does_not_reach_what_is_mounted(path: str) -> None:
    def refuse() -> None:
        raise HTTPException(403)

    one = client(with_pages(FastAPI(dependencies=[Depends(refuse)])))
    assert (one.post("/orders").status_code, one.post(path).status_code) == (403, 200)


def test_a_refusal_says_why_in_an_app_that_has_started() -> None:
    one = client(BROWSERS.create_app(ORIGINS))
    with one:
        answer = one.post("/orders", headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, answer.json()) == (403, {"detail": "Cross-site request"})


def seed_app(**options: object) -> FastAPI:
    """Address CORS, as the seeds have it, by the one middleware that has its name."""
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_credentials=True, **options)  # type: ignore[arg-type]
    return app


@pytest.mark.parametrize(
    ("options", "stranger"),
    [
        ({"allow_origins": ["*"]}, "https://evil.example"),
        ({"allow_origin_regex": ".*"}, "null"),
        ({"allow_origin_regex": r"https://.*shop.example"}, "https://evilshop.example"),
        ({"allow_origin_regex": r"https://.*\.shop.example"}, "https://a.shopXexample"),
    ],
)
def test_an_open_app_falls(options: dict[str, object], stranger: str) -> None:
    headers = client(seed_app(**options)).get("/orders", headers={"origin": stranger}).headers
    assert headers[ALLOW_ORIGIN] == stranger
    assert headers[ALLOW_CREDENTIALS] == "true"


def test_cors_alone_stops_neither_a_form_nor_a_websocket() -> None:
    one = client(seed_app(allow_origins=[SHOP]))
    evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert ALLOW_ORIGIN not in one.post("/orders", headers=evil).headers
    assert one.get("/orders").json() == 1
    with one.websocket_connect("/live", headers=evil) as live:
        assert live.receive_text() == "the visitor's orders"
