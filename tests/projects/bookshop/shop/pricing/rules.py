import os

from shop.settings import settings


def with_tax(amount: int) -> int:
    return amount * (100 + settings.tax) // 100


def total_of(lines: list[int]) -> int:
    return with_tax(sum(lines)) + rounding()


def rounding() -> int:
    return int(os.environ.get("SHOP_ROUNDING", "0"))


def unused() -> None:
    return None
