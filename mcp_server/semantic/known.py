"""What is known of packages without reading them: one name for one thing, and what calls return."""

from __future__ import annotations

from functools import lru_cache

CANONICAL = {
    "asyncio.events.get_event_loop": "asyncio.get_event_loop",
    "asyncio.exceptions.": "asyncio.",
    "asyncio.runners.": "asyncio.",
    "boto3.session.Session": "boto3.Session",
    "psycopg2.extensions.connection": "psycopg2.Connection",
    "psycopg2.extensions.cursor": "psycopg2.Cursor",
    "pymysql.connections.": "pymysql.",
    "pymysql.cursors.Cursor": "pymysql.Cursor",
    "requests.sessions.Session": "requests.Session",
    "sqlmodel.orm.session.Session": "sqlmodel.Session",
    "celery.app.base.Celery": "celery.Celery",
    "fastapi.applications.": "fastapi.",
    "fastapi.exceptions.HTTPException": "fastapi.HTTPException",
    "fastapi.middleware.": "starlette.middleware.",
    "fastapi.param_functions.": "fastapi.",
    "fastapi.requests.": "starlette.requests.",
    "fastapi.Request": "starlette.requests.Request",
    "fastapi.responses.": "starlette.responses.",
    "fastapi.Response": "starlette.responses.Response",
    "fastapi.routing.APIRouter": "fastapi.APIRouter",
    "fastapi.security.api_key.": "fastapi.security.",
    "fastapi.security.http.": "fastapi.security.",
    "fastapi.security.oauth2.": "fastapi.security.",
    "fastapi.security.open_id_connect_url.": "fastapi.security.",
    "fastapi.testclient.": "starlette.testclient.",
    "fastapi.WebSocket": "starlette.websockets.WebSocket",
    "httpx2.": "httpx.",
    "httpx._client.": "httpx.",
    "jose.jwt.": "jose.jwt.",
    "jwt.api_jwk.": "jwt.",
    "jwt.api_jwt.": "jwt.",
    "jwt.jwks_client.": "jwt.",
    "prometheus_client.metrics.": "prometheus_client.",
    "pymongo.collection.": "pymongo.",
    "pymongo.database.": "pymongo.",
    "pymongo.mongo_client.": "pymongo.",
    "opentelemetry.metrics._internal.": "opentelemetry.metrics.",
    "pydantic.fields.Field": "pydantic.Field",
    "pydantic.functional_validators.": "pydantic.",
    "pydantic.main.BaseModel": "pydantic.BaseModel",
    "pydantic.networks.": "pydantic.",
    "pydantic.types.": "pydantic.",
    "pydantic.v1.": "pydantic.v1.",
    "pydantic_settings.main.": "pydantic_settings.",
    "redis.asyncio.client.": "redis.asyncio.",
    "redis.client.": "redis.",
    "redis.StrictRedis": "redis.Redis",
    "redis.exceptions.ConnectionError": "redis.ConnectionError",
    "redis.exceptions.TimeoutError": "redis.TimeoutError",
    "redis.exceptions.RedisError": "redis.RedisError",
    "sqlalchemy.engine.create.": "sqlalchemy.",
    "sqlalchemy.engine.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.engine.Engine": "sqlalchemy.Engine",
    "sqlalchemy.engine.base.Engine": "sqlalchemy.Engine",
    "sqlalchemy.ext.asyncio.engine.": "sqlalchemy.ext.asyncio.",
    "sqlalchemy.ext.asyncio.session.": "sqlalchemy.ext.asyncio.",
    "sqlalchemy.orm.session.": "sqlalchemy.orm.",
    "sqlmodel.create_engine": "sqlalchemy.create_engine",
    "sqlmodel.ext.asyncio.session.AsyncSession": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlmodel.select": "sqlalchemy.select",
    "tenacity.asyncio.AsyncRetrying": "tenacity.AsyncRetrying",
    "tenacity.stop.": "tenacity.",
    "tenacity.retry.": "tenacity.",
    "typing_extensions.": "typing.",
}
"""Other addresses of one thing; an entry that ends in a dot stands for all that follows it."""
PREFIXES = tuple(one for one in CANONICAL if one.endswith("."))

MADE = {
    "sqlalchemy.orm.sessionmaker": "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.orm.scoped_session": "sqlalchemy.orm.scoped_session",
    "sqlalchemy.orm.scoped_session()": "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.async_sessionmaker": "sqlalchemy.ext.asyncio.async_sessionmaker",
    "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
    "asyncio.new_event_loop": "asyncio.AbstractEventLoop",
    "MySQLdb.connect": "MySQLdb.Connection",
    "MySQLdb.Connection.cursor": "MySQLdb.Cursor",
    "boto3.Session.client": "boto3.client",
    "boto3.Session.resource": "boto3.resource",
    "mysql.connector.Connection.cursor": "mysql.connector.Cursor",
    "psycopg.Connection.cursor": "psycopg.Cursor",
    "psycopg2.Connection.cursor": "psycopg2.Cursor",
    "pymysql.Connection.cursor": "pymysql.Cursor",
    "ibm_db_dbi.connect": "ibm_db_dbi.Connection",
    "ibm_db_dbi.Connection.cursor": "ibm_db_dbi.Cursor",
    "oracledb.connect": "oracledb.Connection",
    "oracledb.Connection.cursor": "oracledb.Cursor",
    "pymongo.Database.get_collection": "pymongo.Collection",
    "pymongo.MongoClient.get_database": "pymongo.Database",
    "pymongo.MongoClient.get_default_database": "pymongo.Database",
    "pymssql.connect": "pymssql.Connection",
    "pymssql.Connection.cursor": "pymssql.Cursor",
    "pyodbc.connect": "pyodbc.Connection",
    "pyodbc.Connection.cursor": "pyodbc.Cursor",
    "redis.Redis.lock": "redis.lock.Lock",
    "redis.Redis.pipeline": "redis.Pipeline",
    "requests.session": "requests.Session",
    "sqlite3.Connection.cursor": "sqlite3.Cursor",
    "boto3.client": "boto3.client",
    "boto3.resource": "boto3.resource",
    "hashlib.blake2b": "hashlib.Hash",
    "hashlib.blake2s": "hashlib.Hash",
    "hashlib.md5": "hashlib.Hash",
    "hashlib.new": "hashlib.Hash",
    "hashlib.sha1": "hashlib.Hash",
    "hashlib.sha224": "hashlib.Hash",
    "hashlib.sha256": "hashlib.Hash",
    "hashlib.sha384": "hashlib.Hash",
    "hashlib.sha3_256": "hashlib.Hash",
    "hashlib.sha3_512": "hashlib.Hash",
    "hashlib.sha512": "hashlib.Hash",
    "hmac.HMAC": "hmac.HMAC",
    "hmac.new": "hmac.HMAC",
    "jwt.PyJWKClient.get_signing_key": "jwt.PyJWK",
    "jwt.PyJWKClient.get_signing_key_from_jwt": "jwt.PyJWK",
    "logging.getLogger": "logging.Logger",
    "loguru.logger": "loguru.Logger",
    "mysql.connector.connect": "mysql.connector.Connection",
    "opentelemetry.metrics.get_meter": "opentelemetry.metrics.Meter",
    "opentelemetry.metrics.MeterProvider.get_meter": "opentelemetry.metrics.Meter",
    "opentelemetry.metrics.Meter.create_counter": "opentelemetry.metrics.Counter",
    "opentelemetry.metrics.Meter.create_gauge": "opentelemetry.metrics.Gauge",
    "opentelemetry.metrics.Meter.create_histogram": "opentelemetry.metrics.Histogram",
    "opentelemetry.metrics.Meter.create_up_down_counter": "opentelemetry.metrics.UpDownCounter",
    "psycopg.connect": "psycopg.Connection",
    "psycopg2.connect": "psycopg2.Connection",
    "pymysql.connect": "pymysql.Connection",
    "redis.asyncio.from_url": "redis.asyncio.Redis",
    "redis.from_url": "redis.Redis",
    "sqlalchemy.create_engine": "sqlalchemy.Engine",
    "sqlalchemy.ext.asyncio.create_async_engine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.ext.asyncio.AsyncEngine.begin": "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.ext.asyncio.AsyncEngine.connect": "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.Engine.begin": "sqlalchemy.Connection",
    "sqlalchemy.Engine.connect": "sqlalchemy.Connection",
    "sqlalchemy.orm.sessionmaker()": "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.async_sessionmaker()": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlite3.connect": "sqlite3.Connection",
    "structlog.get_logger": "structlog.BoundLogger",
    "structlog.stdlib.get_logger": "structlog.BoundLogger",
    "trino.dbapi.connect": "trino.dbapi.Connection",
    "trino.dbapi.Connection.cursor": "trino.dbapi.Cursor",
}
"""What functions and methods return; `X()` is the call of an instance of X."""

HELD = {
    "pymongo.Database": "pymongo.Collection",
    "pymongo.MongoClient": "pymongo.Database",
}
"""What a subscript of an instance gives: `client["shop"]`."""

DERIVED = {
    "pydantic_settings.BaseSettings": ("pydantic.BaseModel",),
    "pydantic.BaseSettings": ("pydantic.BaseModel",),
    "sqlmodel.SQLModel": ("pydantic.BaseModel",),
    "fastapi.HTTPException": ("starlette.exceptions.HTTPException",),
    "fastapi.FastAPI": ("starlette.applications.Starlette",),
    "httpx.AsyncClient": (),
    "httpx.ConnectError": ("httpx.TransportError",),
    "httpx.ConnectTimeout": ("httpx.TimeoutException",),
    "httpx.HTTPStatusError": ("httpx.HTTPError",),
    "httpx.ReadError": ("httpx.TransportError",),
    "httpx.ReadTimeout": ("httpx.TimeoutException",),
    "httpx.RequestError": ("httpx.HTTPError",),
    "httpx.TimeoutException": ("httpx.TransportError",),
    "httpx.TransportError": ("httpx.RequestError",),
    "requests.exceptions.ConnectionError": ("requests.exceptions.RequestException",),
    "requests.exceptions.HTTPError": ("requests.exceptions.RequestException",),
    "requests.exceptions.Timeout": ("requests.exceptions.RequestException",),
    "requests.ConnectionError": ("requests.RequestException",),
    "requests.HTTPError": ("requests.RequestException",),
    "requests.Timeout": ("requests.RequestException",),
    "redis.asyncio.RedisCluster": ("redis.asyncio.Redis",),
    "redis.RedisCluster": ("redis.Redis",),
}
"""Bases of foreign classes, as far as a rule asks for them."""


@lru_cache(maxsize=20_000)
def canonical(dotted: str) -> str:
    """Return the one name by which rules know something that packages offer under several."""
    for _ in range(3):
        found = CANONICAL.get(dotted)
        if found is None:
            prefix = next((one for one in PREFIXES if dotted.startswith(one)), None)
            found = CANONICAL[prefix] + dotted[len(prefix) :] if prefix else None
        if found is None or found == dotted:
            break
        dotted = found
    return dotted


def returned(dotted: str) -> str | None:
    """Return the class of what a foreign callable returns, None where it is not known.

    A callable that is written like a class makes an instance of it, and so does a constructor of
    its own: `Redis.from_url(...)`.
    """
    if dotted in MADE:
        return MADE[dotted]
    owner, _, last = dotted.rpartition(".")
    if _is_class(last):
        return dotted
    named = _is_class(owner.rpartition(".")[2])
    return owner if named and last.startswith(("from_", "create", "of_", "__enter__")) else None


def _is_class(name: str) -> bool:
    bare = name.lstrip("_")
    return bare[:1].isupper() and not (bare.isupper() and len(bare) > 3)
