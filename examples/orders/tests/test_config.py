from decimal import Decimal

import pytest
from pydantic import ValidationError

from orders.config import Settings


def test_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ORDERS_SHIPPING', '3.50')
    monkeypatch.setenv("ORDERS_CURRENCY", "CHF")
    settings = Settings()
    assert (settings.shipping, settings.currency) == (Decimal("3.50"), "CHF")


@pytest.mark.parametrize("currency", ["eur", "EURO", ""])
def test_currency_is_three_capitals(monkeypatch: pytest.MonkeyPatch, currency: str) -> None:
    monkeypatch.setenv("ORDERS_CURRENCY", currency)
    with pytest.raises(ValidationError):
        Settings()
