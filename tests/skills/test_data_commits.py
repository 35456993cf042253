"""Drives the commits of python-backend's data.md, beside what the seeds did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio
import httpx2
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from sqlalchemy import select
from sqlalchemy.exc import (
    IntegrityError,
    InvalidRequestError,
)
from sqlalchemy.ext.asyncio import (
    AsyncSession,
)
from sqlalchemy.pool import NullPool

from tests.skills.blocks import load
from tests.skills.databases import Customer, Factory, Parcel, Shop, count, opened

commits = load("python-backend/references/data.md#where-to-commit")


# Where to commit


async def seed_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.new_session() as own:
        yield own
        await own.commit()


SeedSession = Annotated[AsyncSession, Depends(seed_session)]


def shop(new_session: Factory) -> FastAPI:
    app = FastAPI()
    app.state.new_session = new_session

    for path, kind in (("/ours", commits.Session), ("/theirs", SeedSession)):

        async def add(own: AsyncSession, customer: int, then: str = "") -> dict[str, str]:
            own.add(Parcel(customer=customer))
            await own.flush()
            if then == "raise":
                raise LookupError(then)
            return {}

        async def refuse(own: AsyncSession) -> JSONResponse:
            own.add(Parcel())
            return JSONResponse({}, status_code=409)

        async def stream(own: AsyncSession) -> StreamingResponse:
            own.add(Parcel())

            async def body() -> AsyncIterator[str]:
                yield str(await count(new_session, Parcel))

            return StreamingResponse(body())

        for handler in (add, refuse, stream):
            handler.__annotations__["own"] = kind
        app.post(path, status_code=201)(add)
        app.post(f"{path}/refuse")(refuse)
        app.post(f"{path}/stream")(stream)
    return app


def streaming(new_session: Factory, held: list[AsyncSession]) -> FastAPI:
    """Serve streams that read by the request's session, and by one of their own."""
    app = FastAPI()
    app.state.new_session = new_session
    engine = new_session.kw["bind"]

    async def handed(own: AsyncSession) -> StreamingResponse:
        async def body() -> AsyncIterator[str]:
            held.append(own)
            yield str(await own.scalar(select(1)))

        return StreamingResponse(body())

    handed.__annotations__["own"] = commits.Session
    app.post("/handed")(handed)

    @app.post("/default")
    async def default(own: SeedSession) -> StreamingResponse:
        await own.execute(select(1))

        async def body() -> AsyncIterator[str]:
            yield str(engine.pool.checkedout())

        return StreamingResponse(body())

    @app.post("/own")
    async def opened_inside(request: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[str]:
            async with request.app.state.new_session() as own:
                yield str(await own.scalar(select(1)))

        return StreamingResponse(body())

    return app


async def post(app: FastAPI, path: str, **query: str | int) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post(path, params=query)


async def send(app: FastAPI, path: str, **query: str | int) -> int:
    return (await post(app, path, **query)).status_code


async def test_nobody_is_told_that_a_commit_succeeded_which_failed(url: str) -> None:
    # SQLite's connection keeps its transaction when the commit fails.
    async with opened(url, Shop, poolclass=NullPool) as new_session:
        app = shop(new_session)
        assert await send(app, "/theirs", customer=7) == 201
        assert await count(new_session, Parcel) == 0
        assert await send(app, "/ours", customer=7) == 500
        assert await count(new_session, Parcel) == 0
        async with new_session.begin() as own:
            own.add(Customer(id=7))
        assert await send(app, "/ours", customer=7) == 201
        assert await count(new_session, Parcel) == 1


async def test_what_raises_is_undone(url: str) -> None:
    async with opened(url, Shop) as new_session:
        async with new_session.begin() as own:
            own.add(Customer(id=7))
        assert await send(shop(new_session), "/ours", customer=7, then="raise") == 500
        assert await count(new_session, Parcel) == 0


async def test_an_answer_that_is_an_error_commits(url: str) -> None:
    async with opened(url, Shop) as new_session:
        assert await send(shop(new_session), "/ours/refuse") == 409
        assert await count(new_session, Parcel) == 1


async def test_a_stream_begins_after_the_commit(url: str) -> None:
    async with opened(url, Shop) as new_session:
        app = shop(new_session)
        assert (await post(app, "/ours/stream")).text == "1"
        # The seed's session is still open, and its row not yet written.
        assert (await post(app, "/theirs/stream")).text == "1"


async def test_a_stream_with_a_session_of_its_own_gives_it_back(url: str) -> None:
    async with opened(url, Shop) as new_session:
        held: list[AsyncSession] = []
        app, pool = streaming(new_session, held), new_session.kw["bind"].pool
        assert (await post(app, "/own")).text == "1"
        assert pool.checkedout() == 0
        assert (await post(app, "/handed")).text == "1"
        assert pool.checkedout() == 1
        await held[0].close()
        # The default scope holds it while the body is sent.
        assert (await post(app, "/default")).text == "1"
        assert pool.checkedout() == 0


@pytest.mark.parametrize("by", ["asyncio", "anyio"])
async def test_what_is_cancelled_is_undone_and_gives_its_connection_back(url: str, by: str) -> None:
    async with opened(url, Shop) as new_session:
        app = shop(new_session)
        begun = asyncio.Event()

        async def work() -> None:
            scope = {"type": "http", "app": app}
            holding = asynccontextmanager(commits.unit_of_work)
            async with holding(Request(scope)) as own:
                own.add(Customer(id=1))
                await own.flush()
                begun.set()
                await asyncio.Event().wait()

        if by == "asyncio":
            task = asyncio.create_task(work())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            async with anyio.create_task_group() as group:
                group.start_soon(work)
                await begun.wait()
                group.cancel_scope.cancel()
        assert new_session.kw["bind"].pool.checkedout() == 0
        assert await count(new_session, Customer) == 0


async def test_a_statement_may_fail_inside_of_a_savepoint_only(url: str) -> None:
    async with opened(url, Shop) as new_session:
        async with new_session.begin() as own:
            own.add(Customer(id=1))
        async with new_session.begin() as own:
            own.add(Customer(id=2))
            await own.flush()
            with pytest.raises(IntegrityError):
                async with own.begin_nested():
                    await own.execute(Customer.__table__.insert().values(id=1))
            own.add(Customer(id=3))
        assert await count(new_session, Customer) == 3
        with pytest.raises(InvalidRequestError):
            await without_savepoint(new_session)
        assert await count(new_session, Customer) == 3


async def without_savepoint(new_session: Factory) -> None:
    async with new_session.begin() as own:
        own.add(Customer(id=4))
        await own.flush()
        own.expunge_all()
        own.add(Customer(id=1))
        with pytest.raises(IntegrityError):
            await own.flush()
        own.add(Customer(id=5))
        await own.flush()
