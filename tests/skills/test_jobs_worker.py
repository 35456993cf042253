"""The skills' tasks under a real Celery worker with processes, which are killed and time out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from celery import Celery, chain, chord
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from tests.conftest import ROOT
from tests.skills.blocks import load

FAILS = load("python-services/references/jobs.md#a-task-that-fails")
DEAD = load("python-services/references/jobs.md#dead-letters")
PATIENCE = 60
TASKS = """
import os, signal
import httpx2, redis
from celery import Task, signals
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import create_engine
from tests.skills.blocks import load

app = load("python-services/references/jobs.md#a-task-that-fails").app
dead = load("python-services/references/jobs.md#dead-letters")
app.conf.update(broker_url=os.environ["BROKER"], result_backend=os.environ["BROKER"])
engine = create_engine(os.environ["DATABASE"])
dead.Base.metadata.create_all(engine)
dead.new_session.configure(bind=engine)
told = redis.Redis.from_url(os.environ["BROKER"])

@signals.task_failure.connect
def failed(sender, **seen):
    told.rpush("told", f"signal {sender.name}")

class Own(Task):
    def on_failure(self, *seen):
        told.rpush("told", f"on_failure {self.name}")

def die(name):
    told.rpush("told", f"run {name}")
    os.kill(os.getpid(), signal.SIGKILL)

@app.task(name="killed", base=Own, max_retries=2, default_retry_delay=0)
def killed():
    die("killed")

@app.task(name="late", base=Own, retry_on_worker_lost=False)
def late():
    die("late")

@app.task(name="rejected", retry_on_worker_lost=False, reject_on_worker_lost=True, max_retries=1)
def rejected():
    die("rejected")

@app.task(name="long", soft_time_limit=1)
def long():
    try:
        signal.pause()
    except Exception as error:
        return type(error).__name__

@app.task(name="hard", base=Own, soft_time_limit=1, time_limit=2)
def hard():
    while True:
        try:
            signal.pause()
        except SoftTimeLimitExceeded:
            told.rpush("told", "soft")

@app.task(name="add")
def add(left, right):
    return left + right

@app.task(name="total")
def total(parts):
    return sum(parts)

@app.task(name="fail")
def fail():
    raise ValueError

@app.task(name="tell")
def tell(*seen):
    told.rpush("told", "errback")

@app.task(name="waits")
def waits():
    return add.delay(1, 1).get()
"""


@contextmanager
def working(folder: Path, broker: str) -> Iterator[tuple[Celery, Callable[[], str]]]:
    """Start a worker; yield its application, and what waits for the next thing it tells."""
    (folder / "shop_tasks.py").write_text(TASKS, encoding="utf-8")
    database = f"sqlite:///{folder / 'dead.db'}"
    path = f"{ROOT}{os.pathsep}{folder}"
    environment = os.environ | {"BROKER": broker, "DATABASE": database, "PYTHONPATH": path}
    argv = "celery -A shop_tasks worker -c 1 -l ERROR --without-mingle --without-gossip".split()
    app = Celery(set_as_current=False, broker=broker, backend=broker)
    with (
        # Without its own limit a blocking command ends at the socket's.
        redis.Redis.from_url(broker, decode_responses=True, socket_timeout=None) as told,
        subprocess.Popen(
            [sys.executable, "-m", *argv],
            cwd=folder,
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as worker,
    ):
        told.flushdb()

        def following() -> str:
            found = told.blpop(["told"], timeout=PATIENCE)
            assert found is not None
            return str(found[1])

        try:
            yield app, following
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(PATIENCE)
            app.close()


Worker = tuple[Celery, Callable[[], str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the worker's tasks and of its database."""
    return tmp_path_factory.mktemp("worker")


@pytest.fixture(scope="module")
def worker(redis_server: str, folder: Path) -> Iterator[Worker]:
    """Return the application of a worker, and what waits for the next thing it tells."""
    with working(folder, redis_server) as made:
        yield made


def letters(folder: Path) -> Counter[str]:
    engine = create_engine(f"sqlite:///{folder / 'dead.db'}")
    with Session(engine) as session:
        found = Counter(one.task for one in session.scalars(select(DEAD.DeadLetter)))
    engine.dispose()
    return found


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("killed", ["run killed", "run killed", "run killed", "signal killed"]),
        ("late", ["run late", "signal late"]),
        ("hard", ["soft", "signal hard", "on_failure hard", "signal hard"]),
    ],
)
def test_a_worker_that_ends_leaves_a_dead_letter(
    task: str, told: list[str], worker: Worker, folder: Path
) -> None:
    app, following = worker
    app.send_task(task)
    assert [following() for _ in told] == told
    assert letters(folder)[task] == 1


def test_a_broad_except_eats_the_soft_limit(worker: Worker) -> None:
    assert worker[0].send_task("long").get(timeout=PATIENCE) == "SoftTimeLimitExceeded"


def test_a_chain_hands_its_results_on(worker: Worker) -> None:
    app, _ = worker
    one, more, fixed = (app.signature("add", each) for each in ((1, 1), (3,), (9, 9)))
    assert chain(one, more, app=app)().get(timeout=PATIENCE) == 5
    assert chain(one, fixed.set(immutable=True), app=app)().get(timeout=PATIENCE) == 18


def test_a_chords_failure_is_told_by_its_errback_alone(worker: Worker) -> None:
    app, following = worker
    both = [app.signature("add", (1, 1)), app.signature("add", (2, 2))]
    total, tell = app.signature("total"), app.signature("tell")
    assert chord(both, app=app)(total.clone()).get(timeout=PATIENCE) == 6
    chord([both[0], app.signature("fail")], app=app)(total.on_error(tell))
    assert {following(), following()} == {"signal fail", "errback"}


def test_a_task_cannot_wait_for_another(worker: Worker) -> None:
    with pytest.raises(RuntimeError, match="within a task"):
        worker[0].send_task("waits").get(timeout=PATIENCE)
    assert worker[1]() == "signal waits"


def test_a_rejected_task_that_kills_its_worker_never_ends(
    worker: Worker, redis_server: str, tmp_path: Path
) -> None:
    del worker
    with working(tmp_path, redis_server.removesuffix("0") + "1") as (app, following):
        app.send_task("rejected")
        assert {following() for _ in range(4)} == {"run rejected"}
