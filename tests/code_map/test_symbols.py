"""What is bound to one symbol: a table of questions about the bookshop, and their answers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mcp_server.code_map import map_change
from mcp_server.contract_map import MapView
from mcp_server.errors import UnsafePathError, UsageError
from mcp_server.render_map import render_map

TAX = "SHOP_TAX shop/settings.py:8 Settings.tax read in shop/pricing/rules.py:7 with_tax"
FAR = ["shop/api.py (2 imports away)", "shop/main.py (3 imports away)"]
REVISION = "a change of the columns of Order needs a revision in migrations/versions (head 0001)"


def names(found: list[str]) -> set[str]:
    """Return what stands behind the places."""
    return {one.partition(" ")[2] for one in found}


def text_of(view: MapView) -> str:
    console = Console(width=200, file=io.StringIO())
    with console.capture() as shown:
        console.print(render_map(view))
    return shown.get()


def answer(root: Path, what: str) -> dict[str, Any]:
    return map_change(root, [what], detail=True).lean()


@pytest.mark.parametrize(
    ("what", "kind", "expected"),
    [
        ("shop/pricing/rules.py::with_tax", "callers", {"total_of"}),
        # Renamed by an import of the package that passes it on.
        ("shop.pricing.rules.total_of", "callers", {"OrderService.place"}),
        # Through an attribute whose class an annotation of the constructor tells.
        ("SqlStore.save", "callers", {"OrderService.place through Store.save"}),
        ("Store.load", "callers", {"OrderService.find"}),
        # Through super(), and through the abstract class.
        (
            "MemoryCache.put",
            "callers",
            {"LoudCache.put", "OrderService.place through Cache.put"},
        ),
        # Through a parameter that an alias of Annotated types.
        ("OrderService.place", "callers", {"create"}),
        ("shop/api.py::Service", "callers", {"create", "read"}),
        ("shop.service.OrderService.__init__", "callers", {"get_service"}),
        ("Settings.tax", "callers", {"with_tax"}),
        ("Order.is_free", "possible", {"is_cheap", "is_gift"}),
        ("SqlStore", "implements", {"Store (by shape)"}),
        ("LoudCache", "implements", {"Cache"}),
        ("Store", "implementers", {"SqlStore (by shape)"}),
        ("Cache", "implementers", {"MemoryCache", "LoudCache"}),
        ("MemoryCache", "subclasses", {"LoudCache"}),
        ("SqlStore.save", "overrides", {"Store.save"}),
        ("Cache.put", "overridden_by", {"MemoryCache.put", "LoudCache.put"}),
    ],
)
def test_what_is_bound_to_a_symbol_is_found(
    bookshop: Path, what: str, kind: str, expected: set[str]
) -> None:
    (symbol,) = answer(bookshop, what)["symbols"]
    assert names(symbol[kind]) == expected


@pytest.mark.parametrize(
    ("what", "kind", "expected"),
    [
        ("with_tax", "settings", [TAX]),
        ("rounding", "settings", ["SHOP_ROUNDING read in shop/pricing/rules.py:15 rounding"]),
        ("with_tax", "routes", ["POST /v1/orders/ shop/api.py:19 create"]),
        ("Store.load", "routes", ["GET /v1/orders/{number} shop/api.py:24 read"]),
        ("shop.models", "models", ["shop/models.py:8 Order (sqlalchemy, table orders)"]),
        ("shop.models", "migrations", [REVISION]),
        ("shop/main.py", "importers", ["pyproject.toml:8"]),
        ("shop/pricing", "importers", ["shop/service.py", *FAR]),
        ("shop/pricing", "unseen", ["imports a name that it computes: shop/main.py:12"]),
        ("reset", "fixtures", ["tests/conftest.py:17 clean (autouse)"]),
    ],
)  # fmt: skip
def test_what_else_a_symbol_touches_is_found(
    bookshop: Path, what: str, kind: str, expected: list[str]
) -> None:
    assert answer(bookshop, what)[kind] == expected


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (
            "with_tax",
            [
                # A text that spells its path.
                ("tests/api/test_api.py", 1, None, "test_tax_can_be_patched"),
                ("tests/unit/test_rules.py", 1, None, "test_tax_is_added"),
                ("tests/unit/test_service.py", 2, None, "TestTotals::test_nothing_costs_nothing"),
            ],
        ),
        (
            "Store.load",
            [
                ("tests/api/test_api.py", 3, "GET /v1/orders/{number}", "test_an_order_is_read"),
            ],
        ),
        # The nearer fixture of the same name stands in for it in tests/api.
        (
            "tests/conftest.py::store",
            [("tests/unit/test_service.py", 1, "fixture store", "test_a_store_is_there")],
        ),
        (
            "tests/api/conftest.py::store",
            [("tests/api/test_api.py", 1, "fixture store", "test_tax_can_be_patched")],
        ),
        ("reset", [("tests", 2, "autouse fixture clean", None)]),
    ],
)
def test_the_tests_that_reach_a_symbol_come_nearest_first(
    bookshop: Path, what: str, expected: list[tuple[str, int, str | None, str | None]]
) -> None:
    tests = map_change(bookshop, [what], detail=True).tests
    reached = [one for one in tests if one.via not in {"imports", "by name"}]
    found = [(one.file, one.distance, one.via, *one.tests[:1]) for one in reached]
    assert found == [tuple(part for part in one if part or part != one[3]) for one in expected]


def test_a_fixture_that_asks_for_another_passes_it_on(bookshop: Path) -> None:
    view = map_change(bookshop, ["tests/conftest.py::memory_cache"])
    assert view.fixtures == (
        "tests/conftest.py:12 memory_cache",
        "tests/unit/conftest.py:7 service",
    )
    assert [one.tests for one in view.tests] == [("test_an_order_is_kept",)]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("put", "could be shop/stores.py::Cache.put, shop/stores.py::MemoryCache.put"),
        ("shop/stores.py::SqlStor", "it has SqlStore"),
        ("nothing_like_it", "Nothing here is called 'nothing_like_it'"),
        ("shop/none.py", "There is no shop/none.py"),
        ("alembic.ini::x", "defines no 'x'"),
        ("alembic.ini", "alembic.ini is no Python file"),
        ("shop/stores.py:5", "defines nothing at line 5"),
        ("shop.stores:Nothing", "is no name"),
        ("tests/api/x y", "There is no"),
        ("a b", "is no name"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(
    bookshop: Path, what: str, told: str
) -> None:
    with pytest.raises(UsageError) as refused:
        map_change(bookshop, [what])
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("what", "symbol"),
    [
        ("shop/stores.py:9", "Store"),
        ("shop/stores.py:25", "Cache.put"),
        ("shop/stores.py:24:5", "Cache.put"),
        ("shop.stores:SqlStore.save", "SqlStore.save"),
        ("shop.main:run", "run"),
    ],
)
def test_a_line_and_an_entry_point_name_a_definition(
    bookshop: Path, what: str, symbol: str
) -> None:
    assert [one.symbol for one in map_change(bookshop, [what]).symbols] == [symbol]


def test_only_what_changed_is_shown_as_changed(bookshop: Path, repository: Path) -> None:
    asked = map_change(bookshop, ["tests/unit/test_rules.py"])
    assert "(asked for)" in text_of(asked)
    path = repository / "tests/unit/test_rules.py"
    path.write_text(path.read_text(encoding="utf-8").replace("120", "121"), encoding="utf-8")
    assert "(changed)" in text_of(map_change(repository))


@pytest.mark.parametrize("what", ["../other.py", "--since", "", "/etc/passwd"])
def test_what_leaves_the_folder_is_refused(bookshop: Path, what: str) -> None:
    with pytest.raises((UnsafePathError, UsageError)):
        map_change(bookshop, [what])


def test_nothing_of_the_project_is_run(bookshop: Path) -> None:
    before = {path.name for path in bookshop.rglob("*")}
    map_change(bookshop, ["shop", "tests"])
    assert {path.name for path in bookshop.rglob("*")} == before
