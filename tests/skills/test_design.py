"""The blocks on types, interfaces and modules: driven, and beside them what the seeds advised."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import importlib
import json
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import FrozenInstanceError, dataclass
from enum import Enum, StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tests.skills.blocks import load, python_sections

DESIGN = "python-services/references/design.md"
TYPED = {
    "any": """from typing import Any
def shout(payload: Any) -> None:
    payload.upper().whatever(3)
""",
    "object": """def shout(payload: object) -> None:
    payload.upper()
""",
    "ids": """from typing import NewType
OrderId = NewType("OrderId", int)
UserId = NewType("UserId", int)
def cancel(order: OrderId) -> None: ...
cancel(UserId(1))
""",
    "drift": """from interfaces import Mailer
class Drifted:
    sender = ""
    def send(self, to: str, text: str) -> None: ...
mailer: Mailer = Drifted()
""",
    "settable": """from dataclasses import dataclass
from typing import Protocol
class Named(Protocol):
    name: str
@dataclass(frozen=True)
class Shop:
    name: str
named: Named = Shop("a")
""",
    "fits": """from interfaces import Mailer, MailerInMemory
mailer: Mailer = MailerInMemory()
""",
    "bare/__init__": "from bare.orders import Order\n",
    "bare/orders": "class Order: ...\n",
    "exported/__init__": "from exported.orders import Order\n\n__all__ = ['Order']\n",
    "exported/orders": "class Order: ...\n",
    "reexport": "from bare import Order\nfrom exported import Order as Other\n",
}


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the codes of what `mypy --strict` says of each of the files above."""
    folder = tmp_path_factory.mktemp("typed")
    sections = python_sections()
    enums = sections[f"{DESIGN}#enums"]
    texts = TYPED | {
        "interfaces": sections[f"{DESIGN}#interfaces"],
        "member": enums.replace('REDIS = "redis"', 'REDIS = "redis"\n    DISK = "disk"'),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    argv = [sys.executable, "-m", "mypy", "--strict", "--output", "json", "."]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len({(one["file"], one["line"]) for one in found})
    return {name: [one["code"] for one in found if one["file"] == f"{name}.py"] for name in texts}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("any", []),
        ("object", ["attr-defined"]),
        ("ids", ["arg-type"]),
        ("member", ["arg-type"]),
        ("drift", ["assignment"]),
        ("settable", ["assignment"]),
        ("fits", []),
        ("reexport", ["attr-defined"]),
    ],
)
def test_the_type_checker_holds_what_the_text_says(
    name: str, codes: list[str], typed: dict[str, list[str]]
) -> None:
    assert typed[name] == codes


@pytest.mark.parametrize(
    "payload",
    [None, 3, "event", [], {}, {"event": None}, {"event": {"kind": 3}}, {"event": {"kind": ""}}],
)
def test_an_object_is_narrowed_before_it_is_used(payload: object) -> None:
    block = load("python-services/references/design.md#types-first")

    assert block.event_kind({"event": {"kind": "paid", "more": 1}}) == "paid"
    with pytest.raises(ValueError, match="without a kind"):
        block.event_kind(payload)


def test_what_comes_from_outside_becomes_values() -> None:
    block = load("python-services/references/design.md#values")
    order = {"id": 7, "lines": [{"sku": "tea", "quantity": 2}]}

    (parsed,) = block.parse_orders(json.dumps([order]).encode())

    assert parsed == block.Order(id=7, lines=(block.Line("tea", 2),))
    assert len({parsed, copy.copy(parsed)}) == 1
    with pytest.raises(FrozenInstanceError):
        parsed.id = 8
    assert block.Line("", -1).quantity == -1


@pytest.mark.parametrize(
    "line",
    [
        {"sku": "", "quantity": 1},
        {"sku": "t" * 41, "quantity": 1},
        {"sku": "tea", "quantity": 0},
        {"sku": "tea", "quantity": True},
        {"sku": "tea", "quantity": "2"},
        {"sku": "tea"},
        "tea",
    ],
)
def test_values_from_outside_are_checked(line: object) -> None:
    block = load("python-services/references/design.md#values")
    body = json.dumps([{"id": 7, "lines": [line]}]).encode()

    with pytest.raises(ValidationError):
        block.parse_orders(body)


@pytest.mark.parametrize("number", [True, "7", 7.0, None])
def test_an_id_is_a_number(number: object) -> None:
    block = load("python-services/references/design.md#values")

    with pytest.raises(ValidationError):
        block.parse_orders(json.dumps([{"id": number, "lines": []}]).encode())


def test_a_value_checks_itself_also_when_it_is_parsed() -> None:
    @dataclass(frozen=True, slots=True)
    class Share:
        percent: int

        def __post_init__(self) -> None:
            if self.percent > 100:
                raise ValueError(self.percent)

    with pytest.raises(ValueError, match="101"):
        Share(101)
    with pytest.raises(ValidationError):
        TypeAdapter(Share).validate_python({"percent": 101})


def test_a_frozen_value_with_a_list_can_be_changed() -> None:
    @dataclass(frozen=True)
    class SeedOrder:
        lines: list[str]

    order = SeedOrder([])
    order.lines.append("tea")

    assert order.lines == ["tea"]
    with pytest.raises(TypeError, match="unhashable"):
        hash(order)


class SeedBackend(str, Enum):  # noqa: UP042 - what the test is about
    """As the seed writes it."""

    REDIS = "redis"


class MixedBackend(str, Enum):  # noqa: UP042 - as above
    """For projects that have to run on Python 3.10."""

    REDIS = "redis"
    __str__ = str.__str__


def test_a_string_enum_is_written_as_its_value() -> None:
    backend = load("python-services/references/design.md#enums").Backend

    for one in (backend.REDIS, MixedBackend.REDIS):
        assert [f"{one}", str(one), "%s" % one, f"x:{one}"] == ["redis"] * 3 + ["x:redis"]  # noqa: UP031 - a way of writing it
    assert f"{SeedBackend.REDIS}" == str(SeedBackend.REDIS) == "SeedBackend.REDIS"
    for kind in (backend, SeedBackend, MixedBackend):
        stored: object = kind.REDIS
        assert stored == "redis"
        assert json.dumps(kind.REDIS) == '"redis"'
        assert TypeAdapter(kind).validate_python("redis") is kind.REDIS


def test_every_member_has_its_case() -> None:
    block = load("python-services/references/design.md#enums")

    assert [block.default_port(one) for one in block.Backend] == [None, 6379]
    with pytest.raises(AssertionError):
        block.default_port(StrEnum("Other", ["DISK"]).DISK)  # type: ignore[attr-defined]


class SeedNotFound(Exception):  # noqa: N818 - as the seed names it
    """As the seed writes it: `args` holds the ready text, `__init__` wants its parts."""

    def __init__(self, resource: str, identifier: str) -> None:
        super().__init__(f"{resource} '{identifier}' not found")


class SeedKeywords(Exception):  # noqa: N818 - as above
    """With keyword-only arguments."""

    def __init__(self, *, key: str) -> None:
        super().__init__(key)


def through_pickle(error: Exception) -> Exception:
    """Return what another process gets."""
    got = pickle.loads(pickle.dumps(error))  # noqa: S301 - the test's own
    assert isinstance(got, Exception)
    return got


def raises(error: Exception) -> None:
    """Raise it, in a process of the pool."""
    raise error


@pytest.mark.parametrize("again", [copy.copy, through_pickle])
def test_an_error_travels_between_processes(
    again: Callable[[Exception], Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = load("python-services/references/design.md#errors")
    parts = block.__name__.split(".")
    for name in (".".join(parts[:length]) for length in range(1, len(parts))):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))

    for error in (
        block.NotFoundError("order", "7"),
        block.NotFoundError(resource="order", key="7"),
    ):
        got = again(error)
        assert (str(got), vars(got)) == ("order 7 not found", {"resource": "order", "key": "7"})
        assert isinstance(got, block.ShopError)
    for seed in (SeedNotFound("order", "7"), SeedKeywords(key="7")):
        with pytest.raises(TypeError):
            again(seed)


def test_a_frozen_dataclass_is_no_exception() -> None:
    @dataclass(frozen=True)
    class FrozenError(Exception):
        key: str

    key = "7"

    @contextlib.contextmanager
    def passing() -> Iterator[None]:
        yield

    with pytest.raises(FrozenInstanceError), passing():
        raise FrozenError(key)


def test_a_failure_is_of_the_shops_own_and_keeps_its_cause(tmp_path: Path) -> None:
    block = load("python-services/references/design.md#errors")
    catalogue = tmp_path / "prices.json"

    with pytest.raises(block.CatalogueError) as missing:
        block.price_in_cents(catalogue, "tea")
    catalogue.write_text("{", encoding="utf-8")
    with pytest.raises(block.CatalogueError) as broken:
        block.price_in_cents(catalogue, "tea")
    catalogue.write_text('{"tea": 250}', encoding="utf-8")
    with pytest.raises(block.NotFoundError) as unknown:
        block.price_in_cents(catalogue, "coffee")

    assert isinstance(missing.value.__cause__, FileNotFoundError)
    assert isinstance(broken.value.__cause__, ValidationError)
    assert unknown.value.__cause__ is None
    assert str(tmp_path) not in str(missing.value)
    assert block.price_in_cents(catalogue, "tea") == 250


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("[]", LookupError),
        ("3", TypeError),
        ("null", TypeError),
        ('"tea"', TypeError),
        ("[" * 100_000, RecursionError),
        ('{"tea": "x"}', None),
        ('{"tea": true}', None),
    ],
)
def test_a_catalogue_of_another_shape_is_broken_too(
    text: str, seed: type[Exception] | None, tmp_path: Path
) -> None:
    block = load("python-services/references/design.md#errors")
    catalogue = tmp_path / "prices.json"
    catalogue.write_text(text, encoding="utf-8")

    def seed_price() -> object:
        prices: dict[str, int] = json.loads(catalogue.read_text(encoding="utf-8"))
        if "tea" not in prices:
            raise LookupError
        return prices["tea"]

    with pytest.raises(block.CatalogueError) as caught:
        block.price_in_cents(catalogue, "tea")
    assert str(catalogue.name) not in str(caught.value)
    with pytest.raises(seed) if seed else contextlib.nullcontext():
        seed_price()


@pytest.mark.parametrize("seed", [SeedNotFound("order", "7"), SeedKeywords(key="7")])
def test_an_error_that_cannot_be_read_back_kills_the_pool(seed: Exception) -> None:
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(BrokenProcessPool),
    ):
        pool.submit(raises, seed).result()


def test_a_builtin_for_a_failure_of_ones_own_is_swallowed() -> None:
    block = load("python-services/references/design.md#errors")

    def seed_validate() -> None:
        raise ConnectionError

    def ours_validate() -> None:
        raise block.CatalogueError

    def reads_optional_file(validate: Callable[[], None]) -> str:
        try:
            validate()
        except OSError:
            return "no file, so the defaults"
        return "valid"

    assert reads_optional_file(seed_validate) == "no file, so the defaults"
    with pytest.raises(block.CatalogueError):
        reads_optional_file(ours_validate)


def test_a_fake_needs_nothing_but_the_methods() -> None:
    block = load("python-services/references/design.md#interfaces")
    mailer = block.MailerInMemory()

    asyncio.run(block.remind(mailer, ["a@example.org", "b@example.org"]))

    assert [to for to, _ in mailer.sent] == ["a@example.org", "b@example.org"]
    assert block.MailerInMemory().sent == []


def test_isinstance_takes_a_drifted_adapter() -> None:
    """The checker refuses the same one: `drift` above."""
    from typing import runtime_checkable  # noqa: PLC0415 - for this test's seed side only

    block = load("python-services/references/design.md#interfaces")

    class Drifted:
        sender = ""

        def send(self, to: str) -> None: ...

    assert isinstance(Drifted(), runtime_checkable(block.Mailer))


def test_a_base_class_shares_code_and_wants_its_steps(tmp_path: Path) -> None:
    block = load("python-services/references/design.md#shared-code")

    target = block.LinesExport().write(["tea", "milk"], tmp_path)

    assert target.read_text() == "tea\nmilk\n"
    assert list(tmp_path.iterdir()) == [target]

    base: Any = block.Export

    class Forgetful(base):  # type: ignore[misc]
        suffix = ".txt"

    with pytest.raises(TypeError, match="abstract"):
        Forgetful()

    with pytest.raises(UnicodeEncodeError):
        block.LinesExport().write(["\ud800"], tmp_path)
    assert target.read_text() == "tea\nmilk\n"

    def seed_write(rows: Sequence[str]) -> None:
        target.write_text("".join(rows), encoding="utf-8")

    with pytest.raises(UnicodeEncodeError):
        seed_write(["\ud800"])
    assert target.read_text() == ""


def test_two_writers_do_not_break_each_other(tmp_path: Path) -> None:
    block = load("python-services/references/design.md#shared-code")
    target = tmp_path / "orders.txt"
    parts: list[Path] = []

    with pytest.MonkeyPatch.context() as patched:
        real = Path.write_text

        def write_text(path: Path, text: str, encoding: str) -> int:
            parts.append(path)
            if len(parts) == 1:
                real(path, text[:3], encoding=encoding)
                block.LinesExport().write(["first"], tmp_path)
            return real(path, text, encoding=encoding)

        patched.setattr(Path, "write_text", write_text)
        block.LinesExport().write(["second"], tmp_path)
    assert len(set(parts)) == len(parts) == 2
    assert target.read_text() == "second\n"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(UnicodeEncodeError):
        block.LinesExport().write(["\ud800"], tmp_path)
    assert list(tmp_path.iterdir()) == [target]


def test_configuration_chooses_where_the_program_starts(tmp_path: Path) -> None:
    block = load("python-services/references/design.md#the-composition-root")
    sold = tmp_path / "sold"

    with block.open_ledger(path=None) as ledger:
        ledger.add("tea")
        assert ledger.skus == ["tea"]
    for sku in ("tea", "milk"):
        with block.open_ledger(path=sold) as ledger:
            assert isinstance(ledger, block.LedgerInFile)
            ledger.add(sku)
    assert sold.read_text() == "tea\nmilk\n"


def test_what_the_root_opens_is_closed_when_the_body_fails(tmp_path: Path) -> None:
    block = load("python-services/references/design.md#the-composition-root")
    sold = tmp_path / "sold"

    opened: list[Any] = []

    def sell_and_fail() -> None:
        with block.open_ledger(path=sold) as ledger:
            opened.append(ledger)
            ledger.add("tea")
            raise LookupError

    with pytest.raises(LookupError):
        sell_and_fail()
    assert opened[0].file.closed
    assert sold.read_text() == "tea\n"

    closed: list[str] = []

    @contextlib.contextmanager
    def seed_open() -> Iterator[None]:
        yield
        closed.append("yes")

    with pytest.raises(LookupError), seed_open():
        raise LookupError
    assert closed == []


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Return a function that writes a package named `shop_of_test` and imports one module of it."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def forget() -> None:
        for name in set(sys.modules) - before:
            if name.startswith("shop_of_test"):
                del sys.modules[name]

    def make(files: Mapping[str, str], first: str) -> ModuleType:
        forget()
        (tmp_path / "shop_of_test").mkdir(exist_ok=True)
        for name, text in files.items():
            (tmp_path / "shop_of_test" / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(f"shop_of_test.{first}")

    yield make
    forget()


def test_what_a_module_makes_at_import_does_not_see_the_settings_of_a_test(
    package: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "__init__": "",
        "settings": "class Settings:\n    limit = 5\n\nsettings = Settings()\n",
        "seed": "from shop_of_test.settings import settings\n"
        "def create_limiter():\n    return ('limiter', settings.limit)\n"
        "limiter = create_limiter()\n",
        "ours": "def create_limiter(*, limit):\n    return ('limiter', limit)\n",
    }
    seed, ours = package(files, "seed"), importlib.import_module("shop_of_test.ours")
    monkeypatch.setattr("shop_of_test.settings.settings.limit", 1)

    assert seed.limiter == ("limiter", 5)
    assert ours.create_limiter(limit=seed.settings.limit) == ("limiter", 1)


def test_a_deferred_import_does_not_undo_a_cycle(package: Callable[..., ModuleType]) -> None:
    files = {
        "__init__": "",
        "settings": "from shop_of_test.limits import DEFAULT\nlimit = DEFAULT\n",
        "limits": "def create():\n    from shop_of_test.settings import limit\n    return limit\n"
        "shared = create()\nDEFAULT = 5\n",
    }
    with pytest.raises(ImportError, match="partially initialized"):
        package(files, "limits")

    files["limits"] = "DEFAULT = 5\ndef create(*, limit):\n    return limit\n"
    assert package(files, "limits").create(limit=3) == 3


def test_a_cycle_fails_by_what_is_imported_first(package: Callable[..., ModuleType]) -> None:
    files = {
        "__init__": "",
        "settings": "from shop_of_test.limits import DEFAULT\nlimit = DEFAULT\n",
        "limits": "from shop_of_test import settings\nDEFAULT = 5\n",
    }
    assert package(files, "settings").limit == 5
    with pytest.raises(ImportError, match="partially initialized"):
        package(files, "limits")


def test_pylint_finds_a_cycle(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b\n")
    (tmp_path / "b.py").write_text("import a\n")
    argv = ["--disable=all", "--enable=cyclic-import", "--persistent=no", "a.py", "b.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pylint", *argv], cwd=tmp_path, capture_output=True, check=False
    )
    assert b"Cyclic import (a -> b)" in done.stdout


def test_a_file_named_like_a_standard_module_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "logging.py").write_text("")
    (tmp_path / "report.py").write_text("import logging\nlogging.getLogger()\n")
    script = [sys.executable, str(tmp_path / "report.py")]

    seed = subprocess.run(script, capture_output=True, text=True, check=False)
    (tmp_path / "logging.py").rename(tmp_path / "log_format.py")
    ours = subprocess.run(script, capture_output=True, text=True, check=False)

    assert "has no attribute 'getLogger'" in seed.stderr
    assert (ours.returncode, ours.stderr) == (0, "")


def test_all_hides_nothing(package: Callable[..., ModuleType]) -> None:
    package({"__init__": "__all__ = ['orders']\n", "orders": "", "inner": "key = 1\n"}, "orders")

    assert importlib.import_module("shop_of_test.inner").key == 1


def test_a_batch_goes_on_after_a_bad_item() -> None:
    block = load("python-services/references/design.md#batches")

    def double(item: int) -> int:
        if item < 0:
            raise block.ItemError(item)
        return 2 * item

    result = block.run_batch({"a": 1, "b": -1, "c": 3}, double)

    assert result.succeeded == {"a": 2, "c": 6}
    assert {key: error.args for key, error in result.failed.items()} == {"b": (-1,)}


def test_what_ends_a_batch_loses_what_was_done() -> None:
    block = load("python-services/references/design.md#batches")
    paid: list[int] = []

    def pay(item: int) -> None:
        if item == 2 and len(paid) == 1:
            raise ConnectionRefusedError
        paid.append(item)

    items = {"a": 1, "b": 2}
    with pytest.raises(ConnectionRefusedError):
        block.run_batch(items, pay)
    assert set(block.run_batch(items, pay).succeeded) == {"a", "b"}
    assert paid == [1, 1, 2]


def test_a_batch_stops_when_it_is_not_the_item() -> None:
    block = load("python-services/references/design.md#batches")
    calls: list[int] = []

    def down(item: int) -> int:
        calls.append(item)
        raise ConnectionRefusedError

    def seed_run_batch(items: Mapping[int, int], work: Callable[[int], int]) -> dict[int, str]:
        failed: dict[int, str] = {}
        for key, item in items.items():
            try:
                work(item)
            except Exception as error:  # noqa: BLE001 - what the test is about
                failed[key] = str(error)
        return failed

    items = {number: number for number in range(100)}
    with pytest.raises(ConnectionRefusedError):
        block.run_batch(items, down)
    assert calls == [0]
    assert len(seed_run_batch(items, down)) == len(calls) - 1 == 100
