from fastapi.testclient import TestClient

ORDER = {"customer": "ada@example.org", "items": {"TEA-01": 2}}


def test_health(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


def test_items(client: TestClient) -> None:
    assert [item["sku"] for item in client.get("/items").json()][:2] == ["TEA-01", "TEA-02"]


def test_unknown_item(client: TestClient) -> None:
    response = client.get("/items/COFFEE-01")
    assert response.status_code == 404
    assert response.json()["detail"] == "there is no item COFFEE-01"


def test_place_and_read(client: TestClient) -> None:
    placed = client.post("/orders", json=ORDER)
    assert placed.status_code == 201
    assert client.get(f"/orders/{placed.json()['id']}").json() == placed.json()


def test_place_too_many(client: TestClient) -> None:
    response = client.post("/orders", json=ORDER | {"items": {"POT-01": 21}})
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"


def test_place_with_unknown_field(client: TestClient) -> None:
    assert client.post("/orders", json=ORDER | {"total": 0}).status_code == 422


def test_orders_of_one_customer(client: TestClient) -> None:
    client.post("/orders", json=ORDER)
    client.post("/orders", json=ORDER | {"customer": "bob@example.org"})
    assert len(client.get("/orders", params={"customer": "bob@example.org"}).json()) == 1


def test_summary(client: TestClient) -> None:
    client.post("/orders", json=ORDER)
    response = client.get("/orders/summary")
    assert response.status_code == 200
    assert response.json() == {"orders": 1, "revenue": "17.90"}


def test_cancel_twice(client: TestClient) -> None:
    order_id = client.post("/orders", json=ORDER).json()["id"]
    assert client.post(f"/orders/{order_id}/cancel").json()["status"] == "cancelled"
    assert client.post(f"/orders/{order_id}/cancel").status_code == 409
