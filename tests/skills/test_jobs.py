"""The skills' jobs: their ids, their retries and dead letters under Celery, and their repeats."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from urllib.parse import urljoin
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from fastapi import FastAPI
from fastapi.testclient import TestClient
from kombu.exceptions import EncodeError
from kombu.serialization import dumps, loads
from kombu.utils import json
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.orm import Session, sessionmaker
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from tests.skills.blocks import load

IDS = load("python-services/references/jobs.md#an-id-at-once")
FAILS = load("python-services/references/jobs.md#a-task-that-fails")
DEAD = load("python-services/references/jobs.md#dead-letters")
ONCE = load("python-services/references/jobs.md#twice-is-once")


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the blocks the package that pickle imports before them."""
    name = FAILS.__name__.partition(".")[0]
    monkeypatch.setitem(sys.modules, name, ModuleType(name))


@dataclass
class Stored:
    """Jobs in memory, by owner."""

    jobs: dict[tuple[str, UUID], object] = field(default_factory=dict)

    async def add(self, owner: str) -> object:
        """Keep a new job."""
        job = IDS.Job(id=uuid4())
        self.jobs[owner, job.id] = job
        return job

    async def get(self, owner: str, job_id: UUID) -> object | None:
        """Return the owner's job."""
        return self.jobs.get((owner, job_id))


def test_a_job_is_answered_with_its_place_and_shown_to_its_owner() -> None:
    app = FastAPI()
    app.include_router(IDS.router, prefix="/v1")
    app.state.jobs = Stored()
    owner = "ada"
    app.dependency_overrides[IDS.get_user] = lambda: owner
    with TestClient(app) as client:
        started = client.post("/v1/reports")
        assert started.status_code == 202
        place = urljoin("/v1/reports", started.headers["location"])
        assert client.get(place).json() == started.json() | {"state": "queued"}
        owner = "eve"
        assert client.get(place).status_code == 404
        assert client.get(f"/v1/jobs/{uuid4()}").status_code == 404


class Nick(SimpleUser):
    """A user whose name others may have too."""

    @property
    def display_name(self) -> str:
        """Return what is shown, to which no right is bound."""
        return "Ada"


class ByHeader(AuthenticationBackend):
    """Believes the header, as a test may."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        """Sign in whom the header names."""
        name = conn.headers.get("x-user")
        return (AuthCredentials(), Nick(name)) if name else None


def test_a_job_is_its_owners_by_id_and_nobodys_without_one() -> None:
    app = FastAPI()
    app.include_router(IDS.router)
    app.state.jobs = Stored()
    app.add_middleware(AuthenticationMiddleware, backend=ByHeader())
    with TestClient(app) as client:
        assert client.post("/reports").status_code == 401
        headers = {"x-user": "u-1", "host": "evil.example"}
        place = client.post("/reports", headers=headers).headers["location"]
        assert place.startswith("jobs/")
        answers = {who: client.get(place, headers={"x-user": who}) for who in ("u-1", "u-2", "")}
    assert {who: one.status_code for who, one in answers.items()} == {
        "u-1": 200,
        "u-2": 404,
        "": 401,
    }


def test_a_backend_of_results_knows_ids_that_never_were() -> None:
    app = Celery(set_as_current=False, backend="cache+memory://")
    assert app.AsyncResult("never-was").state == "PENDING"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[httpx2.Request]]:
    """Return what has `deliver` answered by the given statuses, and records its requests."""

    def answering(*replies: int | Exception) -> list[httpx2.Request]:
        seen: list[httpx2.Request] = []
        left = list(replies)

        def answer(request: httpx2.Request) -> httpx2.Response:
            seen.append(request)
            now = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(now, Exception):
                raise now
            return httpx2.Response(now)

        client = httpx2.Client(transport=httpx2.MockTransport(answer))
        monkeypatch.setattr(FAILS, "client", lambda: client)
        return seen

    return answering


def test_a_delivery_goes_on_until_it_is_taken(
    receiver: Callable[..., list[httpx2.Request]],
) -> None:
    seen = receiver(503, httpx2.ConnectError("refused"), 429, 200)
    done = FAILS.deliver.apply(args=["http://shop/hook", "{}", "order-7"])
    assert done.successful()
    assert [one.headers["idempotency-key"] for one in seen] == ["order-7"] * 4


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (500, 1), (503, 6)])
def test_a_delivery_is_given_up(
    status: int, tries: int, receiver: Callable[..., list[httpx2.Request]]
) -> None:
    seen = receiver(status)
    done = FAILS.deliver.apply(args=["http://shop/hook", "{}", "order-7"])
    assert isinstance(done.result, FAILS.DeliveryError)
    assert done.result.args == (status,)
    assert len(seen) == tries


def test_an_address_that_is_wrong_is_not_tried_again(
    receiver: Callable[..., list[httpx2.Request]],
) -> None:
    seen = receiver(httpx2.UnsupportedProtocol("htp"), 200)
    assert FAILS.deliver.apply(args=["htp://shop/hook", "{}", "order-7"]).failed()
    assert len(seen) == 1


def test_waits_between_tries_grow_and_have_a_limit(
    receiver: Callable[..., list[httpx2.Request]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def wait(**options: object) -> int:
        asked.append(options)
        return 0

    monkeypatch.setattr("celery.app.autoretry.get_exponential_backoff_interval", wait)
    receiver(503)
    FAILS.deliver.apply(args=["http://shop/hook", "{}", "order-7"])
    same = {"factor": 2, "maximum": 600, "full_jitter": True}
    assert asked == [same | {"retries": retries} for retries in range(6)]


def test_the_errors_of_a_task_survive_pickling_where_those_of_the_client_do_not() -> None:
    request = httpx2.Request("GET", "http://shop")
    theirs = httpx2.HTTPStatusError("503", request=request, response=httpx2.Response(503))
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(theirs))  # noqa: S301 - made a line above
    kept = pickle.loads(pickle.dumps(FAILS.UnavailableError(503)))  # noqa: S301 - as above
    assert kept.args == (503,)


def test_a_clients_pool_is_one_for_the_process() -> None:
    with FAILS.client() as client:
        assert FAILS.client() is client
    FAILS.client.cache_clear()


def test_the_soft_limit_is_an_exception_like_others() -> None:
    assert issubclass(SoftTimeLimitExceeded, Exception)


@pytest.mark.parametrize("value", [datetime.now(UTC), Decimal("1.10"), UUID(int=7)])
def test_plain_values_arrive_as_they_were(value: object) -> None:
    kind, encoding, sent = dumps(value, serializer="json")
    assert loads(sent, kind, encoding) == value


def test_other_values_do_not() -> None:
    kind, encoding, sent = dumps({"pair": (1, 2), "count": {7: "a"}}, serializer="json")
    assert loads(sent, kind, encoding) == {"pair": [1, 2], "count": {"7": "a"}}
    for value in ({1, 2}, Stored(), IDS.Job(id=uuid4())):
        with pytest.raises(EncodeError):
            dumps(value, serializer="json")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return a database with all tables of the blocks."""
    made = create_engine(f"sqlite:///{tmp_path / 'jobs.db'}")
    # The driver begins no transaction before a savepoint; SQLAlchemy's manual has this for it.
    event.listen(made, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    for module in (DEAD, ONCE):
        module.Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def letters(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> sessionmaker[Session]:
    """Return sessions on the database of the dead letters."""
    sessions = sessionmaker(engine)
    monkeypatch.setattr(DEAD, "new_session", sessions)
    return sessions


def test_a_task_that_fails_for_good_is_kept_once(
    letters: sessionmaker[Session], receiver: Callable[..., list[httpx2.Request]]
) -> None:
    receiver(503)
    done = FAILS.deliver.apply(args=["http://shop/hook", "{}", "order-7"])
    with letters() as session:
        assert session.get_one(DEAD.DeadLetter, done.id).error == "UnavailableError(503)"
    DEAD.keep(FAILS.deliver, done.id, TimeoutError("again"), args=["a"], kwargs={})
    receiver(503, 200)
    FAILS.deliver.apply(args=["http://shop/hook", "{}", "order-8"])
    with letters() as session:
        (kept,) = session.scalars(select(DEAD.DeadLetter))
    assert (kept.task_id, kept.task, kept.error) == (
        done.id,
        FAILS.deliver.name,
        "TimeoutError('again')",
    )


def test_what_a_task_was_sent_is_kept_as_it_was(letters: sessionmaker[Session]) -> None:
    sent = {"args": [datetime.now(UTC), Decimal("1.10")], "kwargs": {"order": UUID(int=7)}}
    DEAD.keep(FAILS.deliver, "t-1", ValueError("a\x00b\ud800"), **sent, traceback=None)
    with letters() as session:
        kept = session.get_one(DEAD.DeadLetter, "t-1")
    assert json.loads(kept.sent) == sent
    assert kept.error.isprintable()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Return sessions on a database with one account."""
    made = sessionmaker(engine)
    with made.begin() as session:
        session.add(ONCE.Account(id=1, cents=0))
    return made


def cents(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return int(session.get_one(ONCE.Account, 1).cents)


def test_a_job_that_runs_twice_has_one_effect(sessions: sessionmaker[Session]) -> None:
    for payment in ("p-1", "p-1", "p-2"):
        ONCE.credit(sessions, payment, 1, 50)
    assert cents(sessions) == 100


def test_a_job_that_failed_leaves_no_mark(
    sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(ONCE, "update", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ONCE.credit(sessions, "p-1", 1, 50)
    ONCE.credit(sessions, "p-1", 1, 50)
    assert cents(sessions) == 50


def test_on_sqlite_as_it_comes_a_key_is_kept_without_its_effect(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    ONCE.Base.metadata.create_all(engine)
    with Session(engine) as first:
        assert ONCE.is_first(first, "credit:p-1")
        first.rollback()
    with Session(engine) as second:
        assert not ONCE.is_first(second, "credit:p-1")
    engine.dispose()


def seed_is_first(session: Session, key: str) -> bool:
    """Look before the write, and write later."""
    return session.get(ONCE.Handled, key) is None


def test_a_check_before_the_write_is_a_race(engine: Engine) -> None:
    with Session(engine) as first, Session(engine) as second:
        assert [seed_is_first(one, "credit:p-1") for one in (first, second)] == [True, True]


@pytest.mark.parametrize("fails", [False, True])
def test_the_second_worker_waits_for_the_first_ones_commit(
    postgresql_server: str,
    fails: bool,  # noqa: FBT001 - a case of the test
) -> None:
    name = f"jobs_{uuid4().hex}"
    with psycopg.connect(f"postgresql://{postgresql_server}/postgres", autocommit=True) as admin:
        admin.execute(f"create database {name}")
    engine = create_engine(f"postgresql+psycopg://{postgresql_server}/{name}")
    ONCE.Base.metadata.create_all(engine)
    with ThreadPoolExecutor(1) as worker, Session(engine) as first, Session(engine) as second:
        assert ONCE.is_first(first, "credit:p-1")
        other = worker.submit(ONCE.is_first, second, "credit:p-1")
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        with psycopg.connect(f"postgresql://{postgresql_server}/{name}", autocommit=True) as admin:
            while admin.execute(waiting).fetchone() != (1,):
                assert not other.done()
        if fails:
            first.rollback()
        else:
            first.commit()
        assert other.result(timeout=20) is fails
    engine.dispose()
