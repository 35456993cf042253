"""Tables created on a connection that is closed without a commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.create_all_without_begin import RULE
from tests.rules.cases import hits

HITS = {
    "a function, by keyword": """
        from sqlalchemy.ext.asyncio import AsyncEngine
        def make(sync):
            Base.metadata.create_all(sync)
        async def prepare(engine: AsyncEngine):
            async with engine.connect() as c:
                await c.run_sync(fn=make)  # hit
    """,
    "a parameter": """
        from sqlalchemy.ext.asyncio import AsyncEngine
        async def prepare(engine: AsyncEngine):
            async with engine.connect() as c:
                await c.run_sync(Base.metadata.create_all)  # hit
    """,
    "an engine of another module": """
        from app.database import engine as db
        from app.models import Base
        async def prepare():
            async with db.connect() as conn:
                for _ in range(1):
                    await conn.run_sync(Base.metadata.drop_all)  # hit
        # file: app/database.py
        from sqlalchemy.ext import asyncio as sa
        engine = sa.create_async_engine("sqlite+aiosqlite://")
        # file: app/models.py
        class Base: ...
    """,
    "awaited": """
        import sqlalchemy.ext.asyncio as aio
        async def prepare():
            made = aio.create_async_engine("postgresql+asyncpg://")
            conn = await made.connect()
            await conn.run_sync(metadata.create_all)  # hit
            await conn.close()
    """,
    "an engine by its name": """
        async def prepare(engine):
            async with engine.connect() as conn:
                await conn.run_sync(lambda sync: metadata.create_all(sync))  # hit
    """,
    "an engine on self": """
        from sqlalchemy.ext.asyncio import create_async_engine
        class Database:
            def __init__(self, url):
                self.db = create_async_engine(url)
            async def prepare(self):
                async with self.db.connect() as conn:
                    await conn.run_sync(metadata.create_all, checkfirst=True)  # hit
    """,
    "partial": """
        from functools import partial
        from sqlalchemy.ext.asyncio import create_async_engine
        db = create_async_engine("postgresql+asyncpg://")
        create = partial(metadata.create_all, checkfirst=False)
        async def prepare():
            async with db.connect() as conn:
                await conn.run_sync(create)  # hit
    """,
    "an alias of the method": """
        from sqlalchemy.ext.asyncio import AsyncEngine
        async def prepare(engine: AsyncEngine):
            connect = engine.connect
            async with connect() as conn:
                await conn.run_sync(metadata.create_all)  # hit
    """,
}
CLEAN = {
    "a function that commits": """
        from sqlalchemy.ext.asyncio import AsyncEngine
        def make(sync):
            Base.metadata.create_all(sync)
            sync.commit()
        async def prepare(engine: AsyncEngine):
            async with engine.connect() as c:
                await c.run_sync(make)
    """,
    "begin": """
        async def prepare(engine):
            async with engine.begin() as conn:
                await conn.run_sync(Base.metadata.create_all)
    """,
    "commit": """
        async def prepare(engine):
            async with engine.connect() as conn:
                await conn.run_sync(Base.metadata.create_all)
                await conn.commit()
    """,
    "connect and begin": """
        async def prepare(engine):
            async with engine.connect() as conn, conn.begin():
                await conn.run_sync(Base.metadata.create_all)
    """,
    "lent to tests that roll it back": """
        import pytest
        @pytest.fixture
        async def connection(engine):
            async with engine.connect() as conn:
                await conn.run_sync(Base.metadata.create_all)
                yield conn
    """,
    "used by a session of its own": """
        from sqlalchemy.ext.asyncio import AsyncSession
        async def check(engine):
            async with engine.connect() as conn:
                await conn.run_sync(Base.metadata.create_all)
                async with AsyncSession(bind=conn) as session:
                    await session.commit()
    """,
    "commits by itself": """
        async def prepare(engine):
            async with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                await conn.run_sync(Base.metadata.create_all)
    """,
    "an engine that commits by itself": """
        from sqlalchemy.ext.asyncio import create_async_engine
        db = create_async_engine("postgresql+asyncpg://", isolation_level="AUTOCOMMIT")
        async def prepare():
            async with db.connect() as conn:
                await conn.run_sync(Base.metadata.create_all)
    """,
    "set to commit by itself": """
        async def prepare(engine):
            async with engine.connect() as conn:
                conn = await conn.execution_options(isolation_level="AUTOCOMMIT")
                await conn.run_sync(Base.metadata.create_all)
    """,
    "the project's own": """
        from app.database import Engine
        async def prepare(engine: Engine):
            async with engine.connect() as conn:
                await conn.run_sync(Base.metadata.create_all)
        # file: app/database.py
        class Engine:
            def connect(self): ...
    """,
    "the engine itself": """
        from sqlalchemy import create_engine
        engine = create_engine("sqlite://")
        def prepare():
            metadata.create_all(engine)
    """,
    "no tables": """
        async def prepare(engine):
            async with engine.connect() as conn:
                await conn.run_sync(inspect_tables)
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [RULE.right, *CLEAN.values()], ids=["right", *CLEAN])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
