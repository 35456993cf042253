"""Requests that are sent again: one effect, and only for the same request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.skills.blocks import load

repeats = load("python-backend/references/api.md#repeated-requests")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/orders.db", connect_args={"timeout": 10})
    repeats.Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def count(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(repeats.Order)) or 0


def test_a_repeated_request_has_one_effect(database: Engine) -> None:
    with Session(database) as session:
        first = repeats.place_once(session, "ada", "k-1", "TEA-01")
        assert repeats.place_once(session, "ada", "k-1", "TEA-01") == first
        assert repeats.place_once(session, "ada", "k-2", "TEA-01") != first
        assert repeats.place_once(session, "bob", "k-1", "TEA-01") != first
        with pytest.raises(repeats.KeyReusedError):
            repeats.place_once(session, "ada", "k-1", "POT-01")
    assert count(database) == 3


def test_another_constraint_is_no_repeated_request(database: Engine) -> None:
    with Session(database) as session:
        with pytest.raises(IntegrityError, match="NOT NULL"):
            repeats.place_once(session, "ada", "k-1", None)
        assert repeats.place_once(session, "ada", "k-1", "TEA-01")


def test_requests_at_the_same_moment_have_one_effect(database: Engine) -> None:
    both_looked = threading.Barrier(2)
    seed_kept: list[str] = []

    def seed_place(key: str) -> None:
        known = key in seed_kept
        both_looked.wait(10)
        if not known:
            seed_kept.append(key)

    def place(key: str) -> int:
        with Session(database) as session:
            both_looked.wait(10)
            return int(repeats.place_once(session, "ada", key, "TEA-01"))

    with ThreadPoolExecutor(2) as pool:
        [*pool.map(seed_place, ["k", "k"])]
        made = {*pool.map(place, ["k", "k"])}
    assert seed_kept == ["k", "k"]
    assert len(made) == count(database) == 1
