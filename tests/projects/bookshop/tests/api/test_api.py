def test_an_order_is_created(client):
    assert client.post("/v1/orders/", json=[1]).status_code == 200


def test_an_order_is_read(client):
    number = 3
    assert client.get(f"/v1/orders/{number}").status_code == 200


def test_tax_can_be_patched(monkeypatch, store):
    monkeypatch.setattr("shop.pricing.rules.with_tax", lambda amount: amount)
