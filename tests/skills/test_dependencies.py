"""When FastAPI's dependencies and background tasks run and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

from tests.skills.serving import asgi


async def test_a_background_task_that_fails_skips_those_after_it() -> None:
    ran: list[str] = []
    app = FastAPI()

    @app.post("/mail", status_code=202)
    async def mail(later: BackgroundTasks) -> None:
        later.add_task(int, "no number")
        later.add_task(ran.append, "task ran")

    async with asgi(app, raises=False) as client:
        assert (await client.post("/mail")).status_code == 202
    assert ran == []


async def test_background_tasks_run_after_the_response_and_before_dependencies_end() -> None:
    order: list[str] = []

    async def held() -> AsyncIterator[None]:
        yield
        order.append("dependency ended")

    app = FastAPI()

    @app.post("/mail", dependencies=[Depends(held)], status_code=202)
    async def mail(later: BackgroundTasks) -> None:
        later.add_task(order.append, "task ran")

    async with asgi(app) as client:
        assert (await client.post("/mail")).status_code == 202
    assert order == ["task ran", "dependency ended"]


async def test_what_fails_after_a_yield_fails_the_request_only_in_function_scope() -> None:
    async def lease() -> AsyncIterator[None]:
        yield
        raise OSError

    app = FastAPI()
    app.post("/seed", status_code=201, dependencies=[Depends(lease)])(created)
    app.post("/", status_code=201, dependencies=[Depends(lease, scope="function")])(created)
    async with asgi(app, raises=False) as client:
        assert (await client.post("/seed")).status_code == 201
        assert (await client.post("/")).status_code == 500


async def created() -> str:
    return "created"


async def test_a_dependencys_limit_holds_for_all_that_share_its_alias() -> None:
    inside: list[str] = []
    most: list[int] = []
    both_asked = asyncio.Event()

    async def session() -> AsyncIterator[None]:
        inside.append("session")
        most.append(len(inside))
        await both_asked.wait()
        yield
        inside.pop()

    async def at_once(app: FastAPI) -> int:
        most.clear()
        both_asked.clear()
        async with asgi(app) as client, asyncio.TaskGroup() as group:
            for path in ("/a", "/b"):
                group.create_task(client.post(path))
            for _ in range(50):
                await asyncio.sleep(0)
            both_asked.set()
        return max(most)

    shared, seed_app, app = Depends(session, max_concurrency=1), FastAPI(), FastAPI()
    for path in ("/a", "/b"):
        app.post(path, dependencies=[shared])(created)
        own = Depends(session, max_concurrency=1)
        seed_app.post(path, dependencies=[own])(created)
    assert await at_once(seed_app) == 2
    assert await at_once(app) == 1


async def test_a_dependency_that_does_not_raise_again_hides_the_status() -> None:
    async def seed_held() -> AsyncIterator[None]:
        with suppress(HTTPException):
            yield

    app = FastAPI()

    @app.get("/", dependencies=[Depends(seed_held)])
    async def refuse() -> None:
        raise HTTPException(404)

    async with asgi(app, raises=False) as client:
        assert (await client.get("/")).status_code == 500
