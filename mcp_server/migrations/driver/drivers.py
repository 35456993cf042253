"""Closes the ways to a database that lead past SQLAlchemy, in the drivers that are installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

DRIVERS = (
    ("psycopg", "connect"), ("psycopg", "Connection.connect"),
    ("psycopg", "AsyncConnection.connect"),
    ("psycopg2", "connect"), ("psycopg2.extensions", "connection"),
    ("asyncpg", "connect"), ("asyncpg.connection", "connect"), ("asyncpg", "create_pool"),
    ("pg8000", "connect"), ("pg8000.dbapi", "connect"), ("pymysql", "connect"),
    ("MySQLdb", "connect"), ("aiomysql", "connect"), ("oracledb", "connect"), ("pyodbc", "connect"),
)  # fmt: skip
"""What opens a connection without SQLAlchemy."""


def wrap_drivers(opens: Callable[[str], None]) -> None:
    """Have every driver here tell `opens` its name first, which raises where it may not."""
    for module, path in DRIVERS:
        try:
            owner = importlib.import_module(module)
        except Exception:  # noqa: BLE001, S112 - a driver that is not there opens nothing
            continue
        *outer, name = path.split(".")
        for one in outer:
            owner = getattr(owner, one, owner)
        original = getattr(owner, name, None)
        label = f"{module}.{path}"
        if isinstance(original, type):
            setattr(owner, name, _asking_class(original, label, opens))
        elif callable(original):
            wrapped = _asking(original, label, opens)
            setattr(owner, name, staticmethod(wrapped) if outer else wrapped)


def _asking(
    original: Callable[..., Any], label: str, opens: Callable[[str], None]
) -> Callable[..., Any]:
    def connect(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        opens(label)
        return original(*args, **options)

    return connect


def _asking_class(original: type, label: str, opens: Callable[[str], None]) -> type:
    """Return a class for one that connects when it is called; tests of instances see no change."""
    kind: Any = type(original)

    def is_instance(cls: Any, instance: object) -> bool:  # noqa: ANN401
        return bool(kind.__instancecheck__(original if cls is ours else cls, instance))

    def is_subclass(cls: Any, subclass: type) -> bool:  # noqa: ANN401
        return bool(kind.__subclasscheck__(original if cls is ours else cls, subclass))

    def start(own: Any, *args: Any, **options: Any) -> None:  # noqa: ANN401
        opens(label)
        original.__init__(own, *args, **options)  # type: ignore[misc]

    checks = {"__instancecheck__": is_instance, "__subclasscheck__": is_subclass}
    ours: type = type(kind.__name__, (kind,), checks)(
        original.__name__, (original,), {"__init__": start}
    )
    return ours
