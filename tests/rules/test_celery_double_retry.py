"""Celery tasks that retry by themselves and by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.celery_double_retry import RULE
from tests.rules.cases import hits

HITS = {
    "a narrower builtin": """
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=(OSError,))
        def deliver(self, order):
            try:
                send(order)
            except ConnectionError as error:
                raise self.retry(exc=error)  # hit
    """,
    "a narrower one of a library": """
        import httpx
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=(httpx.HTTPError,))
        def deliver(self, order):
            try:
                send(order)
            except httpx.TimeoutException as error:
                raise self.retry(exc=error)  # hit
    """,
    "shared task": """
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=(Exception,))
        def deliver(self, order):
            try:
                send(order)
            except ValueError as error:
                raise self.retry(exc=error)  # hit
    """,
    "an app's task, another name, a broad handler": """
        from app.worker import queue
        @queue.task(bind=True, autoretry_for=(OSError,), max_retries=3)
        def deliver(task, order):
            try:
                send(order)
            except Exception as error:
                task.retry(exc=error, countdown=5)  # hit
        # file: app/worker.py
        from celery import Celery
        queue = Celery("shop")
    """,
    "options": """
        from celery import shared_task
        OPTIONS = {"bind": True, "autoretry_for": (OSError,)}
        @shared_task(**OPTIONS)
        def deliver(self, order):
            try:
                send(order)
            except (KeyError, OSError) as error:
                raise self.retry(exc=error)  # hit
    """,
    "by the task's own name": """
        import celery
        @celery.shared_task(autoretry_for=(OSError,))
        def deliver(order):
            try:
                send(order)
            except OSError as error:
                raise deliver.retry(exc=error)  # hit
    """,
    "a base class elsewhere": """
        from celery import shared_task
        from app.base import Steady, Refused
        @shared_task(bind=True, base=Steady)
        def deliver(self, order):
            try:
                send(order)
            except Refused as error:
                if order:
                    raise self.retry(exc=error)  # hit
        # file: app/base.py
        from celery import Task
        class Failed(Exception): ...
        class Refused(Failed): ...
        class Steady(Task):
            autoretry_for = (Failed,)
    """,
    "a class": """
        from celery import Task
        class Deliver(Task):
            autoretry_for = (OSError,)
            def run(self, order):
                try:
                    send(order)
                except OSError as error:
                    self.retry(exc=error)  # hit
    """,
    "partial, and an alias": """
        from functools import partial
        from celery import shared_task
        steady = partial(shared_task, bind=True, autoretry_for=(OSError,))
        @steady(name="deliver")
        def deliver(self, order):
            try:
                send(order)
            except OSError as error:
                again = self.retry  # hit
                raise again(exc=error)
    """,
}
CLEAN = {
    "a wider one": """
        import httpx
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=(httpx.TimeoutException, ConnectionError))
        def deliver(self, order):
            try:
                send(order)
            except (httpx.ReadError, PermissionError) as error:
                raise self.retry(exc=error)
    """,
    "by hand only": """
        from celery import shared_task
        @shared_task(bind=True, max_retries=3)
        def deliver(self, order):
            try:
                send(order)
            except OSError as error:
                raise self.retry(exc=error)
    """,
    "by itself only": """
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=(OSError,))
        def deliver(self, order):
            send(order)
    """,
    "not ready yet is no failure": """
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=(OSError,))
        def collect(self, job):
            if not done(job):
                raise self.retry(countdown=30)
    """,
    "another failure": """
        import httpx
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=(httpx.TransportError,))
        def deliver(self, order):
            try:
                send(order)
            except KeyError as error:
                raise self.retry(exc=error, countdown=300)
    """,
    "another task's": """
        from celery import shared_task
        @shared_task(autoretry_for=(OSError,))
        def deliver(order):
            send(order)
        @shared_task(bind=True)
        def collect(self, job):
            try:
                send(job)
            except OSError as error:
                raise self.retry(exc=error)
    """,
    "switched off": """
        from celery import shared_task
        @shared_task(bind=True, autoretry_for=())
        def deliver(self, order):
            try:
                send(order)
            except OSError as error:
                raise self.retry(exc=error)
    """,
    "the project's own decorator": """
        from app.queue import job
        @job(autoretry_for=(OSError,))
        def deliver(self, order):
            try:
                send(order)
            except OSError as error:
                raise self.retry(exc=error)
        # file: app/queue.py
        def job(**options): ...
    """,
}


@pytest.mark.parametrize("text", [RULE.wrong], ids=["wrong"])
def test_example(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert found == {"app/main.py:12"}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [RULE.right, *CLEAN.values()], ids=["right", *CLEAN])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
