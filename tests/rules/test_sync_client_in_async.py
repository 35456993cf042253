"""Coroutines that wait on a synchronous client."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.sync_client_in_async import RULE
from tests.rules.cases import hits

HITS = {
    "redis by its constructor": """
        import redis as r
        store = r.Redis(host="cache")
        async def read(key):
            return store.get(key)  # hit
    """,
    "a client of another module": """
        from app.stores import cache as held
        async def drop(key):
            if key:
                held.delete(key)  # hit
        # file: app/stores.py
        from redis import from_url
        cache = from_url("redis://cache")
    """,
    "a pipeline": """
        from redis import Redis
        async def both(store: "Redis"):
            with store.pipeline() as pipe:
                pipe.incr("a")
                pipe.expire("a", 60)
                return pipe.execute()  # hit
    """,
    "a session that is annotated": """
        from typing import Annotated
        from fastapi import Depends
        from sqlalchemy.orm import Session
        async def orders(session: Annotated[Session, Depends(make)]):
            session.add(Order())
            session.commit()  # hit
    """,
    "a session of its own": """
        from sqlalchemy.orm import sessionmaker
        Local = sessionmaker()
        async def orders():
            with Local() as session:
                return session.execute(query).all()  # hit
    """,
    "a query of sqlmodel": """
        from sqlmodel import Session, select
        from app.db import engine
        async def orders():
            with Session(engine) as session:
                return session.exec(select(Order)).all()  # hit
    """,
    "a cursor": """
        import psycopg2
        async def count(address):
            connection = psycopg2.connect(address)  # hit
            return connection
        async def more(connection: psycopg2.extensions.connection):
            cursor = connection.cursor()
            cursor.execute("select 1")  # hit
    """,
    "boto3 kept on self": """
        import boto3
        class Files:
            def __init__(self):
                self.s3 = boto3.client("s3")
            async def keep(self, key, body):
                self.s3.put_object(Bucket="b", Key=key, Body=body)  # hit
    """,
    "a table of boto3": """
        import boto3
        async def keep(item):
            table = boto3.resource("dynamodb").Table("orders")
            table.put_item(Item=item)  # hit
    """,
    "mail": """
        from smtplib import SMTP
        async def send(message):
            with SMTP("mail", 25) as server:  # hit
                server.send_message(message)
    """,
    "requests": """
        from requests import get as fetch
        async def load(url):
            return fetch(url, timeout=3).json()  # hit
    """,
    "the synchronous client of httpx": """
        import httpx
        async def load(url):
            with httpx.Client() as client:
                return client.get(url)  # hit
    """,
    "a model's sync client": """
        import openai
        client = openai.OpenAI()
        async def ask(question):
            return client.chat.completions.create(model="m", messages=[question])  # hit
    """,
    "sqlite": """
        import sqlite3
        async def count(path):
            with sqlite3.connect(path) as db:  # hit
                return path
        async def each(db: sqlite3.Connection):
            return db.execute("select 1").fetchone()  # hit
    """,
    "a subclass of the project": """
        from app.stores import Store
        store = Store()
        async def read(key):
            return store.get(key)  # hit
        # file: app/stores.py
        import redis
        class Store(redis.Redis):
            pass
    """,
    "the old name of a client": """
        import redis
        class Store:
            def __init__(self):
                self.client = redis.StrictRedis()
            async def read(self, key):
                return self.client.get(key)  # hit
    """,
    "a collection by its name": """
        from pymongo import MongoClient
        orders = MongoClient()["shop"]["orders"]
        client = MongoClient()
        items = client.get_database("shop").get_collection("items")
        async def read(key):
            return orders.find_one({"key": key})  # hit
        async def count():
            return items.count_documents({})  # hit
        async def drop():
            client["shop"].orders.drop()  # hit
    """,
    "drivers that know no other way": """
        import ibm_db, oracledb
        from peewee import MySQLDatabase
        async def ask(address):
            ibm_db.connect(address, "", "")  # hit
            MySQLDatabase(address).execute_sql("select 1")  # hit
            with oracledb.connect(address) as connection:  # hit
                connection.cursor().execute("select 1")
    """,
    "a program that does several things": """
        import asyncio, requests
        async def poll(address):
            return requests.get(address)  # hit
        async def main():
            await asyncio.gather(poll("a"), poll("b"))
        if __name__ == "__main__":
            asyncio.run(main())
    """,
}
CLEAN = {
    "an asynchronous client": """
        from redis.asyncio import Redis
        async def read(store: Redis, key):
            return await store.get(key)
    """,
    "in a thread": """
        import asyncio, redis
        store = redis.Redis()
        async def read(key):
            return await asyncio.to_thread(store.get, key)
    """,
    "a function for a thread": """
        import asyncio, requests
        async def load(url):
            def fetch():
                return requests.get(url, timeout=3)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, lambda: requests.get(url, timeout=3))
            return await asyncio.to_thread(fetch)
    """,
    "run_sync": """
        from sqlalchemy.orm import Session
        async def load(session):
            def work(inner: Session):
                return inner.execute(query)
            return await session.run_sync(work)
    """,
    "a synchronous function": """
        import requests
        def load(url):
            return requests.get(url, timeout=3)
    """,
    "awaited, so annotated wrong": """
        from redis import Redis
        async def read(store: Redis, key):
            return await store.get(key)
    """,
    "before all else": """
        import boto3
        from contextlib import asynccontextmanager
        @asynccontextmanager
        async def lifespan(app):
            boto3.client("s3").head_bucket(Bucket="b")
            yield
    """,
    "nothing to wait for": """
        import boto3, redis
        store = redis.Redis()
        s3 = boto3.client("s3")
        async def sign(key):
            store.pipeline()
            return s3.generate_presigned_url("get_object", Params={"Key": key})
    """,
    "the project's own redis": """
        from app.redis import Redis
        async def read(store: Redis, key):
            return store.get(key)
        # file: app/redis.py
        class Redis:
            def get(self, key): ...
    """,
    "an address that is the data": """
        from urllib.request import urlopen
        async def parse_data_url(url):
            return urlopen(url).read()
    """,
    "a test": """
        # file: tests/test_cache.py
        import redis
        async def test_get():
            assert redis.Redis().get("key")
    """,
    "a program that asks for a line": """
        import requests
        async def talk():
            while True:
                requests.post("https://example.org", json={"said": input("> ")})
    """,
    "a program with one thing to do": """
        import asyncio, requests
        async def load(address):
            return requests.get(address)
        async def main():
            await load("https://example.org")
        def start():
            asyncio.run(main())
        if __name__ == "__main__":
            start()
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
