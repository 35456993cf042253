"""Patches by paths that lead to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.patched_path_missing import RULE
from tests.rules.cases import hits

CODE = """
        # file: app/__init__.py
        # file: app/rates.py
        import httpx
        from app.base import Base, helper
        LIMIT = 5
        def fetch(currency): ...
        class Client(Base):
            timeout = 5
            def __init__(self):
                self.session = None
            def get(self): ...
        class Foreign(httpx.Client):
            pass
        # file: app/base.py
        class Base:
            def close(self): ...
        def helper(): ...
        # file: app/lazy.py
        def __getattr__(name): ...
        # file: app/stars.py
        from httpx import *
        # file: app/made.py
        for name in ("one", "two"):
            globals()[name] = 1
"""
PATCHES = {
    "monkeypatch": """
        # file: tests/test_a.py
        def test_a(monkeypatch):
            monkeypatch.setattr("app.rates.download", lambda: 1)  # hit
            monkeypatch.setattr("app.rates.fetch", lambda: 1)
    """,
    "mock, as decorator and context": """
        # file: tests/test_a.py
        from unittest import mock
        from unittest.mock import patch as replaced
        @replaced("app.rates.Client.post")  # hit
        def test_a(post):
            with mock.patch("app.rate.fetch"):  # hit
                pass
            with mock.patch("app.rates.fetch_all", return_value=1) as fetch:  # hit
                pass
    """,
    "mocker": """
        # file: tests/test_a.py
        class TestA:
            def test_a(self, mocker):
                for name in "ab":
                    mocker.patch("app.rates.Rates", autospec=True)  # hit
    """,
    "a name for the path": """
        # file: tests/test_a.py
        import unittest.mock as m
        from tests.paths import MODULE
        TARGET = "app.base.gone"
        def test_a():
            m.patch(target=TARGET).start()  # hit
            m.patch(f"{MODULE}.gone").start()  # hit
            m.patch(MODULE + ".gone", **{"return_value": 1}).start()  # hit
        # file: tests/paths.py
        MODULE = "app.rates"
    """,
    "a module that has moved": """
        # file: tests/test_a.py
        def test_a(monkeypatch):
            monkeypatch.delattr("app.services.fetch")  # hit
    """,
    "a table": """
        # file: tests/test_a.py
        from mock import patch
        @patch.dict("app.rates.TABLE", {"a": 1})  # hit
        def test_a(): ...
    """,
}
HITS = {name: text + CODE for name, text in PATCHES.items()}
CLEAN = {
    "what is there": """
        # file: tests/test_a.py
        from unittest import mock
        def test_a(monkeypatch):
            monkeypatch.setattr("app.rates.LIMIT", 1)
            monkeypatch.setattr("app.rates.httpx.get", 1)
            monkeypatch.setattr("app.rates.Client.get", 1)
            monkeypatch.setattr("app.rates.Client.close", 1)
            monkeypatch.setattr("app.rates.Client.session", 1)
            monkeypatch.setattr("app.rates.helper", 1)
            monkeypatch.setattr("app.base.Base.close.__doc__", 1)
            mock.patch("app.rates.Foreign.send").start()
            mock.patch("app.rates").start()
    """,
    "what it need not have": """
        # file: tests/test_a.py
        from unittest.mock import patch
        def test_a(monkeypatch):
            monkeypatch.setattr("app.rates.later", 1, raising=False)
            patch("app.rates.later", create=True).start()
            patch("app.rates.open").start()
            patch("app.rates.print").start()
    """,
    "what reading does not tell": """
        # file: tests/test_a.py
        def test_a(monkeypatch):
            monkeypatch.setattr("app.lazy.anything", 1)
            monkeypatch.setattr("app.stars.AsyncClient", 1)
            monkeypatch.setattr("app.made.one", 1)
            monkeypatch.setattr("app.rates.__name__", 1)
    """,
    "other packages, and no paths": """
        # file: tests/test_a.py
        from unittest.mock import patch
        def test_a(client, monkeypatch, name):
            patch("httpx.gett").start()
            patch("application.rates.fetch").start()
            client.patch("/app.rates/1")
            monkeypatch.setattr(f"app.rates.{name}", 1)
            monkeypatch.setattr(client, "nothing", 1)
            client.patch("app.rates")
    """,
    "a module that is made": """
        # file: app/use.py
        from app import orders_pb2
        # file: tests/test_a.py
        def test_a(monkeypatch):
            monkeypatch.setattr("app.orders_pb2.Order", 1)
    """,
    "another project's module of the name": """
        # file: tests/test_a.py
        def test_a(monkeypatch):
            monkeypatch.setattr("app.rates.other", 1)
        # file: second/pyproject.toml
        [project]
        name = "second"
        version = "1"
        # file: second/app/rates.py
        def other(): ...
    """,
    "outside of tests": """
        # file: app/work.py
        from unittest.mock import patch
        def run():
            patch("app.rates.download").start()
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text + CODE)
    assert not found
