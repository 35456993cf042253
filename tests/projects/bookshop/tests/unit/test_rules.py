from shop.pricing.rules import with_tax


def test_tax_is_added():
    assert with_tax(100) == 120
