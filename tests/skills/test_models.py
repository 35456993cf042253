"""The blocks of models.md, each beside what its seed does with the same input."""

from __future__ import annotations

import copy
import json
import traceback
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import psycopg
import pytest
from fastapi import Body, FastAPI
from fastapi.testclient import TestClient
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from tests.skills.blocks import blocks, load

rules = load("python-backend/references/models.md#rules-over-several-fields")
reading = load("python-backend/references/models.md#all-errors-at-once")
money = load("python-backend/references/models.md#money")
times = load("python-backend/references/models.md#times")
items = load("python-backend/references/models.md#requests-and-responses")
unions = load("python-backend/references/models.md#unions")


def kinds(error: ValidationError) -> list[str]:
    return [one["type"] for one in error.errors()]


def posts(model: object, value: object) -> tuple[int, Any]:
    """Return what an application answers that takes a body of a type and says what it got."""
    app = FastAPI()

    def echo(body: object) -> object:
        return body

    echo.__annotations__["body"] = Annotated[model, Body()]
    app.post("/")(echo)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/", json=value)
    return answer.status_code, answer.json() if answer.status_code == 200 else answer.text


class SeedOrder(BaseModel):
    """An order whose rule is a validator of one field."""

    kind: Literal["market", "limit"]
    price: Decimal | None = None

    @field_validator("price")
    @classmethod
    def _limit_has_price(cls, value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        if info.data.get("kind") == "limit" and value is None:
            raise ValueError
        return value


def test_a_rule_over_two_fields_holds_for_a_default() -> None:
    assert SeedOrder(kind="limit").price is None
    with pytest.raises(ValidationError) as caught:
        rules.OrderCreate(kind="limit")
    assert kinds(caught.value) == ["value_error"]
    assert rules.OrderCreate(kind="market").price is None
    assert rules.OrderCreate(kind="limit", price="1.5").price == Decimal("1.5")


def test_a_field_validator_sees_only_the_fields_above_it() -> None:
    def limit_has_price(value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        if info.data.get("kind") == "limit" and value is None:
            raise ValueError
        return value

    kind = ("kind", (Literal["market", "limit"], ...))
    price = ("price", (Decimal | None, Field(default=None, validate_default=True)))
    make: Any = create_model
    checks = {"check": field_validator("price")(limit_has_price)}
    above = make("Above", __validators__=checks, **dict([kind, price]))
    below = make("Below", __validators__=checks, **dict([price, kind]))
    with pytest.raises(ValidationError):
        above(kind="limit")
    assert below(kind="limit").price is None


def test_a_validator_that_forgets_itself_makes_a_body_none() -> None:
    def check(order: BaseModel) -> None:
        del order

    keep: Any = model_validator(mode="after")
    Forgetful = create_model(  # noqa: N806 - a class
        "Forgetful", __validators__={"check": keep(check)}, count=(int, ...)
    )
    assert Forgetful.model_validate({"count": 1}) is None
    assert posts(Forgetful, {"count": 1}) == (200, None)
    status, body = posts(rules.OrderCreate, {"kind": "market"})
    assert (status, body["kind"]) == (200, "market")


def test_every_row_is_reported_with_its_place() -> None:
    raw = b'[{"sku": "a", "count": -1}, {"count": 2}, {"sku": "b", "count": 3}]'

    def seed_read(text: bytes) -> list[Any]:
        return [reading.StockRow(**row) for row in json.loads(text)]

    with pytest.raises(ValidationError) as first_only:
        seed_read(raw)
    assert first_only.value.error_count() == 1
    with pytest.raises(reading.StockImportError) as caught:
        reading.read_stock(raw)
    assert [one.split(":")[0] for one in caught.value.problems] == ["0.count", "1.sku"]
    # As unpickling does: called with its `args`.
    assert copy.copy(caught.value).problems == caught.value.problems
    with pytest.raises(reading.StockImportError, match="file: Invalid JSON"):
        reading.read_stock(b"[")
    assert reading.read_stock(b'[{"sku": "a", "count": 0}]')[0].count == 0


def test_a_wrong_file_is_in_no_traceback_and_makes_no_flood() -> None:
    raw = b'[{"sku": 4242, "count": "secret"}]'
    with pytest.raises(reading.StockImportError) as caught:
        reading.read_stock(raw)
    assert len(caught.value.problems) == 2
    shown = "".join(traceback.format_exception(caught.value))
    assert not [text for text in ("4242", "secret") if text in shown]
    raw = b"[" + b",".join([b"{}"] * 20_000) + b"]"
    row: Any = reading.StockRow
    seed: TypeAdapter[Any] = TypeAdapter(list[row])
    with pytest.raises(ValidationError) as flood:
        seed.validate_json(raw)
    assert flood.value.error_count() == 40_000
    with pytest.raises(reading.StockImportError) as caught:
        reading.read_stock(raw)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"[" * 100_000, b"{}", b'[{"sku":"\\ud800","count":1}]']
)
def test_what_is_no_stock_at_all_is_one_problem(raw: bytes) -> None:
    with pytest.raises(reading.StockImportError, match="file: ") as caught:
        reading.read_stock(raw)
    assert len(caught.value.problems) == 1


def test_a_rule_over_several_fields_waits_until_they_are_right() -> None:
    with pytest.raises(ValidationError) as caught:
        rules.OrderCreate(kind="limit", price="abc")
    assert kinds(caught.value) == ["decimal_parsing"]


def test_an_own_class_named_as_pydantics_hides_it() -> None:
    class Shadow(Exception):  # noqa: N818 - stands for an own `ValidationError`
        pass

    def seed_read() -> object:
        try:
            return rules.OrderCreate(kind="limit")
        except Shadow:
            return None

    with pytest.raises(ValidationError):
        seed_read()


HOSTILE = ['"inf"', "Infinity", '"nan"', "1e400", "true", "0", "-1", "0.001", '"1E+20"', '"x"']


@pytest.mark.parametrize("raw", HOSTILE)
def test_money_refuses_what_is_no_amount(raw: str) -> None:
    with pytest.raises(ValidationError):
        money.Price.model_validate_json(f'{{"amount": {raw}, "currency": "EUR"}}')


@pytest.mark.parametrize("raw", ['"inf"', "true", "1e400"])
def test_the_seeds_float_takes_it(raw: str) -> None:
    seed = create_model("Seed", amount=(float, Field(gt=0)))
    got = seed.model_validate_json(f'{{"amount": {raw}}}')
    assert got.model_dump_json() == ('{"amount":1.0}' if raw == "true" else '{"amount":null}')


@pytest.mark.parametrize(
    ("raw", "sent"),
    [('"1e3"', "1000.00"), ("10.5", "10.50"), ('"0.10"', "0.10"), ("9999999999.99",) * 2],
)
def test_an_amount_goes_out_as_a_string_of_cents(raw: str, sent: str) -> None:
    price = money.Price.model_validate_json(f'{{"amount": {raw}, "currency": "EUR"}}')
    assert json.loads(price.model_dump_json())["amount"] == sent
    plain = TypeAdapter(Decimal)
    assert plain.dump_json(plain.validate_json('"1e3"')) == b'"1E+3"'


def test_a_number_of_sixteen_digits_arrives_changed() -> None:
    plain = TypeAdapter(Decimal)
    assert plain.validate_json("9999999999999.99") == Decimal("9999999999999.99")
    assert plain.validate_json("99999999999999.99") == Decimal("99999999999999.98")
    assert plain.validate_json('"99999999999999.99"') == Decimal("99999999999999.99")


def test_a_time_has_a_zone_and_is_kept_in_utc() -> None:
    seed = TypeAdapter(datetime)
    naive, aware = "2026-11-22T10:00:00", "2026-11-22T10:00:00+02:00"
    with pytest.raises(TypeError, match="offset-naive and offset-aware"):
        assert seed.validate_python(naive) < seed.validate_python(aware)
    with pytest.raises(ValidationError) as caught:
        times.Booking(starts_at=naive)
    assert kinds(caught.value) == ["timezone_aware"]
    booked = times.Booking(starts_at=aware)
    assert booked.starts_at.tzinfo is UTC
    assert booked.model_dump_json() == '{"starts_at":"2026-11-22T08:00:00Z"}'
    seconds, milliseconds = times.Booking(starts_at=1.7e9), times.Booking(starts_at=1.7e12)
    assert seconds == milliseconds


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_that_utc_does_not_have_is_refused(moment: str) -> None:
    def seed_to_utc(value: datetime) -> datetime:
        return value.astimezone(UTC)

    seed = Annotated[AwareDatetime, AfterValidator(seed_to_utc)]
    assert posts(seed, moment)[0] == 500
    assert posts(times.Booking, {"starts_at": moment})[0] == 422


def test_a_text_without_the_character_that_postgresql_refuses(postgresql_server: str) -> None:
    seed = create_model("Seed", sku=(str, Field(min_length=1)))
    sku = seed(sku="a\0").model_dump()["sku"]
    with (
        psycopg.connect(f"postgresql://{postgresql_server}/postgres") as db,
        pytest.raises(psycopg.DataError),
    ):
        db.execute("SELECT %s::text", (sku,))


def test_a_text_holds_no_nul_and_has_an_end() -> None:
    for wrong in ("", "a\0", "\0", "a" * 41):
        assert posts(items.ItemCreate, {"sku": wrong, "quantity": 1})[0] == 422
    for wrong in ("a\0", "a" * 2001):
        assert posts(items.ItemPatch, {"note": wrong})[0] == 422
    assert posts(items.ItemPatch, {"note": ""}) == (200, {"note": ""})
    note = "two\nlines, Grüße 🙂"
    assert posts(items.ItemPatch, {"note": note}) == (200, {"note": note})


def test_a_misspelt_field_of_a_request_is_refused() -> None:
    item = {"sku": "a", "quantity": 1}
    assert posts(items.ItemCreate, item)[0] == 200
    status, text = posts(items.ItemCreate, item | {"noet": "x"})
    assert (status, "extra_forbidden" in text) == (422, True)
    for wrong in (True, "1", 1.5, 0, 10_001):
        assert posts(items.ItemCreate, item | {"quantity": wrong})[0] == 422
    assert TypeAdapter(int).validate_json("true") == 1


def test_a_patch_tells_absent_from_null() -> None:
    assert posts(items.ItemPatch, {}) == (200, {})
    assert posts(items.ItemPatch, {"note": None}) == (200, {"note": None})
    assert posts(items.ItemPatch, {"quantity": 3}) == (200, {"quantity": 3})
    assert posts(items.ItemPatch, {"quantity": None})[0] == 422
    seed = create_model("Seed", quantity=(int | None, None))
    assert seed(quantity=None).model_dump(exclude_unset=True) == {"quantity": None}
    older = create_model("Older", quantity=(int, Field(default_factory=int)))
    assert older().model_dump(exclude_unset=True) == {}
    assert "default" not in older.model_json_schema()["properties"]["quantity"]
    with pytest.raises(ValidationError):
        older(quantity=None)


def test_a_response_holds_its_own_fields_only() -> None:
    class Row:
        id, sku, quantity, note, password_hash = 1, "a", 2, None, "$argon2"

    def read() -> Any:  # noqa: ANN401 - FastAPI takes the model that is given beside it
        return Row()

    app = FastAPI()
    app.get("/", response_model=items.ItemRead)(read)
    forbid = create_model("Seed", __config__=ConfigDict(extra="forbid"), id=(int, ...))
    app.get("/seed", response_model=forbid)(lambda: {"id": 1, "password_hash": "$argon2"})
    app.get("/dict", response_model=create_model("Plain", id=(int, ...)))(
        lambda: {"id": 1, "password_hash": "$argon2"}
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/").json() == {"id": 1, "sku": "a", "quantity": 2, "note": None}
        assert client.get("/seed").status_code == 500
        assert client.get("/dict").json() == {"id": 1}


def test_a_strict_body_refuses_what_json_has_no_type_for() -> None:
    fields: dict[str, Any] = {"at": (datetime, ...), "amount": (Decimal, ...)}
    sent = {"at": "2026-11-22T10:00:00Z", "amount": "1.5"}
    strict = create_model("Strict", __config__=ConfigDict(strict=True), **fields)
    assert posts(strict, sent)[0] == 422
    assert strict.model_validate_json(json.dumps(sent))
    assert posts(create_model("Lax", **fields), sent)[0] == 200


def test_a_copy_is_not_validated() -> None:
    order = rules.OrderCreate(kind="limit", price=1)
    changes = {"price": None}
    assert order.model_copy(update=changes).price is None
    with pytest.raises(ValidationError):
        type(order).model_validate(order.model_dump() | changes)
    assigned = create_model("Assigned", __base__=rules.OrderCreate)
    assigned.model_config["validate_assignment"] = True
    assigned.model_rebuild(force=True)
    limit: Any = assigned(kind="limit", price=1)
    with pytest.raises(ValidationError):
        limit.price = None
    assert limit.price is None
    aliased = create_model("Aliased", count=(int, Field(alias="Count")))
    dumped = aliased(Count=1).model_dump() | {"count": 2}
    assert aliased.model_validate(dumped, by_name=True).model_dump() == {"count": 2}
    with pytest.raises(ValidationError):
        aliased.model_validate(dumped)


def test_an_unknown_key_of_the_configuration_is_silent() -> None:
    misspelt: Any = {"extras": "forbid"}
    seed = create_model("Seed", __config__=misspelt, id=(int, ...))
    assert seed(id=1, more=2) == seed(id=1)


def test_a_union_without_a_tag_takes_the_wrong_member() -> None:
    charge: Any = create_model("Charge", amount=(int, ...), card=(str, ""))
    refund: Any = create_model("Refund", amount=(int, ...), reason=(str, ""))
    got = TypeAdapter(refund | charge).validate_python({"amount": 1, "crad": "4242"})
    assert type(got) is refund


def test_a_tagged_union_reports_the_member_that_was_meant() -> None:
    status, text = posts(unions.Payment, {"kind": "transfer"})
    assert status == 422
    assert [one["loc"] for one in json.loads(text)["detail"]] == [["body", "transfer", "iban"]]
    status, text = posts(unions.Payment, {"kind": "gold"})
    assert [one["type"] for one in json.loads(text)["detail"]] == ["union_tag_invalid"]
    assert posts(unions.Payment, {"kind": "card", "token": "t"})[0] == 200
    seed = TypeAdapter(unions.CardPayment | unions.TransferPayment)
    with pytest.raises(ValidationError) as caught:
        seed.validate_python({"kind": "transfer"})
    assert caught.value.error_count() == 3


def test_no_field_of_a_block_is_given_an_ellipsis() -> None:
    assert [one.where for one in blocks("python") if "Field(..." in one.text] == []
