"""Async sessions whose objects expire at commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.async_session_expires import RULE
from tests.rules.cases import hits

HITS = {
    "a factory": """
        from sqlalchemy.ext.asyncio import async_sessionmaker
        new = async_sessionmaker(engine)  # hit
    """,
    "the sync factory with the async class": """
        import sqlalchemy.orm as orm
        from sqlalchemy.ext.asyncio import AsyncSession as Session
        new = orm.sessionmaker(engine, class_=Session)  # hit
    """,
    "a session": """
        from sqlalchemy.ext import asyncio as sa
        async def load(engine):
            async with sa.AsyncSession(engine) as session:  # hit
                await session.commit()
    """,
    "a session that is lent": """
        from sqlalchemy.ext.asyncio import AsyncSession
        async def session_of_request(engine):
            async with AsyncSession(engine) as session:  # hit
                yield session
    """,
    "sqlmodel's": """
        from sqlmodel.ext.asyncio.session import AsyncSession
        from sqlalchemy.orm import sessionmaker
        OPTIONS = {"class_": AsyncSession, "autoflush": False}
        new = sessionmaker(bind=engine, **OPTIONS)  # hit
    """,
    "a class of the project": """
        from app.sessions import ShopSession
        from sqlalchemy.ext.asyncio import async_sessionmaker
        class Database:
            def __init__(self, engine):
                self.new = async_sessionmaker(engine, class_=ShopSession)  # hit
        # file: app/sessions.py
        from sqlalchemy.ext.asyncio import AsyncSession
        class ShopSession(AsyncSession): ...
    """,
    "through the project's own module": """
        from app.compat import *
        new = factory(engine, autoflush=False)  # hit
        # file: app/compat.py
        from sqlalchemy.ext.asyncio import async_sessionmaker as factory
    """,
    "partial": """
        from functools import partial
        from sqlalchemy.ext.asyncio import AsyncSession
        new = partial(AsyncSession, autoflush=False)
        session = new(engine)  # hit
    """,
}
CLEAN = {
    "where it is opened": """
        from sqlalchemy.ext.asyncio import async_sessionmaker
        class Admin:
            def __init__(self, engine):
                self.session_maker = async_sessionmaker(engine)
        # file: app/queries.py
        async def insert(admin, row):
            async with admin.session_maker(expire_on_commit=False) as session:
                session.add(row)
                await session.commit()
    """,
    "kept": """
        from sqlalchemy.ext.asyncio import async_sessionmaker
        new = async_sessionmaker(engine, expire_on_commit=False)
    """,
    "decided otherwise": """
        from sqlalchemy.ext.asyncio import AsyncSession
        session = AsyncSession(engine, expire_on_commit=True)
    """,
    "options with it": """
        from sqlalchemy.ext.asyncio import async_sessionmaker
        OPTIONS = dict(expire_on_commit=False)
        new = async_sessionmaker(engine, **OPTIONS)
    """,
    "options that nobody can read": """
        from sqlalchemy.ext.asyncio import async_sessionmaker
        def factory(engine, **options):
            return async_sessionmaker(engine, **options)
    """,
    "sync": """
        from sqlalchemy.orm import Session, sessionmaker
        new = sessionmaker(engine)
        other = sessionmaker(engine, class_=Session)
    """,
    "configured later": """
        from sqlalchemy.ext.asyncio import async_sessionmaker
        new = async_sessionmaker()
        def start(engine):
            new.configure(bind=engine, expire_on_commit=False)
    """,
    "a class that settles it": """
        from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
        class ShopSession(AsyncSession):
            def __init__(self, bind, **options):
                super().__init__(bind, expire_on_commit=False, **options)
        new = async_sessionmaker(engine, class_=ShopSession)
    """,
    "the project's own": """
        from app.sessions import AsyncSession
        session = AsyncSession(engine)
        # file: app/sessions.py
        class AsyncSession:
            def __init__(self, engine): ...
    """,
    "a session that only reads": """
        from sqlalchemy.ext.asyncio import AsyncSession
        async def count(engine):
            async with AsyncSession(engine) as session:
                return await session.scalar(COUNT)
    """,
    "a test": """
        # file: tests/test_orders.py
        from sqlalchemy.ext.asyncio import AsyncSession
        session = AsyncSession(engine)
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
