"""How an HTTP interface may change, and that a change is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.skills.blocks import load

changes = load("python-backend/references/api.md#changes")
routes = load("python-backend/references/api.md#routes")
contract = load("python-backend/references/api.md#openapi-in-ci")


def priced() -> FastAPI:
    app = FastAPI()
    app.include_router(changes.router)
    return app


def test_what_is_deprecated_says_so_and_goes_on_working() -> None:
    app = priced()
    schema = app.openapi()
    assert schema["paths"]["/v1/cost"]["get"]["deprecated"] is True
    (currency,) = schema["paths"]["/v1/price"]["get"]["parameters"]
    assert currency["deprecated"] is True
    fields = schema["components"]["schemas"]["PricePublic"]["properties"]
    assert [name for name, one in fields.items() if one.get("deprecated")] == ["amount"]
    client = TestClient(app)
    for path in ("/v1/price", "/v1/price?currency=EUR", "/v1/cost"):
        assert client.get(path).json() == {"total": "9.50", "amount": "9.50"}
    with pytest.warns(DeprecationWarning, match="use total"):
        assert changes.PricePublic(total=1, amount=1).amount == 1


def test_a_changed_contract_is_seen(tmp_path: Path) -> None:
    checked_in = tmp_path / "openapi.json"
    checked_in.write_text(contract.rendered(priced()), encoding="utf-8")
    assert contract.drift(priced(), checked_in) == ""
    changed = priced()

    @changed.get("/v1/total")
    def total() -> str:
        return ""

    drift = contract.drift(changed, checked_in)
    assert '+    "/v1/total": {' in drift
    without = FastAPI()
    assert '-    "/v1/price": {' in contract.drift(without, checked_in)


def test_a_renamed_function_renames_its_operation() -> None:
    app = FastAPI()

    @app.get("/total")
    def total() -> str:
        return ""

    assert app.openapi()["paths"]["/total"]["get"]["operationId"] == "total_total_get"


def test_the_docstring_of_a_route_is_its_description() -> None:
    app = FastAPI()
    app.include_router(routes.router)
    assert app.openapi()["paths"]["/v1/orders"]["post"]["description"] == "Place an order."
