"""Drives the queries of python-backend's data.md, beside what the seeds did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import (
    Connection,
    event,
    select,
    text,
    update,
)
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InvalidRequestError,
)
from sqlalchemy.ext.asyncio import (
    AsyncSession,
)

from tests.skills.blocks import load
from tests.skills.databases import PATIENCE, Factory, Shop, opened, wait_for_a_lock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
related = load("python-backend/references/data.md#related-rows")
upserts = load("python-backend/references/data.md#insert-or-update")
pages = load("python-backend/references/data.md#pages")
versions = load("python-backend/references/data.md#lost-updates")
queue = load("python-backend/references/data.md#work-from-a-table")


# Related rows


@asynccontextmanager
async def counted(new_session: Factory) -> AsyncIterator[list[str]]:
    """Yield the statements that are sent meanwhile."""
    sent: list[str] = []
    engine = new_session.kw["bind"].sync_engine

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def seed_skus(own: AsyncSession) -> list[list[str]]:
    line = related.Line
    orders = (await own.scalars(select(related.Order).order_by(related.Order.id))).all()
    return [
        [*(await own.scalars(select(line.sku).where(line.order_id == order.id))).all()]
        for order in orders
    ]


async def our_skus(own: AsyncSession) -> list[list[str]]:
    orders = await related.newest_orders(own, 10)
    return [[line.sku for line in order.lines] for order in orders]


async def test_related_rows_cost_two_statements(url: str) -> None:
    async with opened(url, related.Base) as new_session:
        async with new_session.begin() as own:
            own.add_all(
                related.Order(lines=[related.Line(sku=sku) for sku in "ab"]) for _ in range(10)
            )
        spent = []
        for read in (seed_skus, our_skus):
            async with new_session() as own, counted(new_session) as sent:
                assert await read(own) == [[*"ab"]] * 10
                spent.append(len([one for one in sent if one.startswith("SELECT")]))
        assert spent == [11, 2]


async def test_a_foreign_key_has_the_index_that_its_model_asks_for(postgresql: str) -> None:
    async with opened(postgresql, related.Base) as made, opened(postgresql, Shop):
        asked = text("SELECT indexdef FROM pg_indexes WHERE tablename = :name ORDER BY indexname")
        async with made() as own:
            shown = [[*await own.scalars(asked, {"name": one})] for one in ("lines", "parcels")]
        assert ["(order_id)" in str(one) for one in shown] == [True, False]
        assert "(customer)" not in str(shown)


async def test_what_the_query_did_not_name_is_refused(url: str) -> None:
    async with opened(url, related.Base) as new_session:
        async with new_session.begin() as own:
            own.add(related.Order(lines=[]))
        async with new_session() as own:
            order = (await own.scalars(select(related.Order))).one()
            with pytest.raises(InvalidRequestError, match="lazy='raise'"):
                assert order.lines


# Insert or update


async def seed_pay(own: AsyncSession, key: str, looked: Callable[[], Awaitable[object]]) -> None:
    payment = upserts.Payment
    found = await own.scalar(select(payment).where(payment.key == key))
    await looked()
    if found is None:
        own.add(payment(key=key, cents=1))
        await own.flush()


async def test_looking_first_is_a_race(postgresql: str) -> None:
    async with opened(postgresql, upserts.Base) as new_session:
        both = asyncio.Barrier(2)

        async def pay() -> None:
            async with new_session.begin() as own:
                await seed_pay(own, "a", both.wait)

        done = await asyncio.gather(pay(), pay(), return_exceptions=True)
        assert [type(one) for one in done if one] == [IntegrityError]


async def test_one_of_many_callers_pays(postgresql: str) -> None:
    async with opened(postgresql, upserts.Base) as new_session:

        async def pay() -> tuple[int, bool]:
            async with new_session.begin() as own:
                payment, made = await upserts.pay_once(own, "a", 100)
                return payment.id, made

        done = await asyncio.gather(*(pay() for _ in range(12)))
        assert sorted(made for _, made in done) == [False] * 11 + [True]
        assert len({one for one, _ in done}) == 1


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
async def test_the_second_caller_waits_for_the_first(postgresql: str, level: str) -> None:
    async with opened(postgresql, upserts.Base, isolation_level=level) as new_session:

        async def pay() -> bool:
            async with new_session.begin() as own:
                # What is read first fixes the snapshot of REPEATABLE READ.
                await own.execute(select(upserts.Payment))
                return bool((await upserts.pay_once(own, "a", 100))[1])

        async with new_session.begin() as own:
            assert (await upserts.pay_once(own, "a", 100))[1]
            second = asyncio.create_task(pay())
            await wait_for_a_lock(new_session)
        if level == "READ COMMITTED":
            assert await second is False
        else:
            with pytest.raises(DBAPIError, match="could not serialize"):
                await second


async def test_an_update_is_seen_and_stamped(postgresql: str) -> None:
    async with opened(postgresql, upserts.Base) as new_session:
        async with new_session.begin() as own:
            first = await upserts.set_cents(own, "a", 1)
            stamped = first.changed_at
        async with new_session.begin() as own:
            held = (await own.scalars(select(upserts.Payment))).one()
            changed = await upserts.set_cents(own, "a", 2)
            assert changed is held
            assert held.cents == 2
            assert held.changed_at > stamped
        async with new_session.begin() as own:
            held = (await own.scalars(select(upserts.Payment))).one()
            new = upserts.insert(upserts.Payment).values(key="a", cents=3)
            bare = new.on_conflict_do_update(index_elements=["key"], set_={"cents": 3})
            await own.scalars(bare.returning(upserts.Payment))
            assert held.cents == 2
            await own.refresh(held)
            assert (held.cents, held.changed_at) == (3, changed.changed_at)


async def test_a_key_stands_once_in_a_statement(postgresql: str) -> None:
    async with opened(postgresql, upserts.Base) as new_session, new_session() as own:
        twice = upserts.insert(upserts.Payment).values([{"key": "a", "cents": 1}] * 2)
        with pytest.raises(DBAPIError, match="cannot affect row a second time"):
            await own.execute(
                twice.on_conflict_do_update(index_elements=["key"], set_={"cents": 1})
            )


# Pages


async def seed_page(own: AsyncSession, page: int, limit: int) -> list[int]:
    at = (pages.Event.at.desc(), pages.Event.id.desc())
    query = select(pages.Event.id).order_by(*at).limit(limit).offset(page * limit)
    return [*(await own.scalars(query)).all()]


async def test_pages_repeat_and_skip_nothing(url: str) -> None:
    async with opened(url, pages.Base) as new_session:
        async with new_session.begin() as own:
            # Three and three at the same moment, across the ends of pages.
            own.add_all(
                pages.Event(id=one, at=NOON + timedelta(minutes=one // 3)) for one in range(12)
            )
        seed, ours, last = list[int](), list[int](), None
        for page in range(6):
            async with new_session.begin() as own:
                seed += await seed_page(own, page, 2)
                found = await pages.events_before(own, last, 2)
                ours += [one.id for one in found]
                last = (found[-1].at, found[-1].id)
                own.add(pages.Event(id=100 + page, at=NOON + timedelta(hours=1)))
        assert ours == [*range(11, -1, -1)]
        assert len({*seed}) < len(seed)


# Lost updates


async def seed_write(own: AsyncSession, order_id: int, note: str) -> None:
    order = await own.get_one(versions.Order, order_id)
    await own.execute(update(versions.Order).where(versions.Order.id == order.id).values(note=note))


async def test_the_second_writer_is_told(url: str) -> None:
    async with opened(url, versions.Base) as new_session:
        async with new_session.begin() as own:
            own.add(versions.Order(id=1, note="new"))
        async with new_session.begin() as own:
            order = await versions.write_note(own, 1, 1, "first")
        assert order.version == 2
        async with new_session() as own:
            with pytest.raises(versions.OrderChangedError):
                await versions.write_note(own, 1, 1, "second")
        async with new_session.begin() as own:
            await seed_write(own, 1, "second")
        async with new_session() as own:
            order = await own.get_one(versions.Order, 1)
            assert (order.note, order.version) == ("second", 2)


async def test_a_write_between_load_and_flush_is_told(postgresql: str) -> None:
    async with opened(postgresql, versions.Base) as new_session:
        async with new_session.begin() as own:
            own.add(versions.Order(id=1, note="new"))

        async def write() -> None:
            async with new_session.begin() as own:
                await versions.write_note(own, 1, 1, "second")

        async with new_session.begin() as own:
            await versions.write_note(own, 1, 1, "first")
            second = asyncio.create_task(write())
            # It has loaded the old version by now, and waits with its UPDATE.
            await wait_for_a_lock(new_session)
        with pytest.raises(versions.OrderChangedError) as told:
            await second
        assert told.value.__cause__ is not None


# Work from a table


async def test_workers_take_different_rows_and_a_dead_one_gives_them_back(postgresql: str) -> None:
    async with opened(postgresql, queue.Base) as new_session:
        async with new_session.begin() as own:
            own.add_all(queue.Message(id=one) for one in range(4))
        async with asyncio.timeout(PATIENCE), new_session() as first, new_session() as second:
            taken = [one.id for one in await queue.take(first, 2)]
            others = await queue.take(second, 9)
            assert (taken, [one.id for one in others]) == ([0, 1], [2, 3])
            for one in others:
                one.sent_at = NOON
            await second.commit()
            await first.close()
            assert [one.id for one in await queue.take(second, 9)] == [0, 1]
