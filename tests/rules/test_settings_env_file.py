"""Tests that keep the dotenv file out of settings, and let the environment in."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.settings_env_file import RULE
from tests.rules.cases import hits

SETTINGS = """
        # file: app/config.py
        from pydantic_settings import BaseSettings
        class Base(BaseSettings):
            debug: bool = False
        class Settings(Base):
            backend: str = "memory"
        class Fixed(Settings):
            @classmethod
            def settings_customise_sources(cls, settings_cls, init_settings, **others):
                return (init_settings,)
"""
CALLS = {
    "a test looks at more than it passes": """
        # file: tests/test_a.py
        from app.conf import Settings
        def make():
            return Settings(_env_file=None)  # hit
        def test_a(monkeypatch):
            monkeypatch.delenv("ENV", raising=False)
            assert make().env == "prod"
        def test_b():
            assert make().env == "prod"
        # file: tests/test_b.py
        from app.conf import Settings
        def test_a():
            settings = Settings(_env_file=None, debug=True)  # hit
            assert settings.debug and settings.is_local()
        # file: app/conf.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            debug: bool = False
            env: str = "prod"
            def is_local(self):
                return self.env == "local"
    """,
    "one field passed": """
        # file: tests/test_a.py
        from app.config import Settings
        def test_default():
            assert Settings(_env_file=None, debug=True).backend == "memory"  # hit
    """,
    "options of a class": """
        # file: tests/test_a.py
        class TestDefaults:
            OPTIONS = {"_env_file": None, "debug": False}
            def test_default(self):
                from app.config import Settings as Configuration
                one = Configuration(**self.OPTIONS)  # hit
    """,
    "one construction a file": """
        # file: tests/test_a.py
        import app.config as c
        def test_a():
            c.Settings(_env_file=None)  # hit
        def test_b():
            c.Settings(_env_file=None, debug=True)
    """,
    "partial": """
        # file: tests/test_a.py
        import functools
        from app import config
        make = functools.partial(config.Settings, _env_file=None)
        def test_a():
            assert make(debug=True).debug  # hit
    """,
    "a class of the test, and a factory": """
        # file: tests/factory.py
        from pydantic_settings import BaseSettings
        class Own(BaseSettings):
            url: str = ""
        def make(**given):
            return Own(_env_file=None, **given)  # hit
    """,
    "another test deals with the environment": """
        # file: tests/test_a.py
        from app.config import Settings
        def test_other(monkeypatch):
            monkeypatch.setenv("BACKEND", "redis")
            assert Settings(_env_file=None).backend == "redis"
        def test_default():
            assert Settings(_env_file=None).backend == "memory"  # hit
    """,
    "a name for none": """
        # file: tests/test_a.py
        from app.config import Settings
        NO_FILE = None
        async def test_default(client):
            with client:
                if (one := Settings(_env_file=NO_FILE)):  # hit
                    assert one.backend == "memory"
    """,
}
HITS = {name: text + SETTINGS for name, text in CALLS.items()}
CLEAN = {
    "a helper whose tests deal with the environment": """
        # file: tests/test_a.py
        from app.conf import Settings
        class TestA:
            def make(self):
                return Settings(_env_file=None)
            def test_a(self, monkeypatch):
                monkeypatch.delenv("DEBUG", raising=False)
                assert not self.make().debug
        # file: app/conf.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            debug: bool = False
    """,
    "a test looks only at what it passes": """
        # file: tests/test_a.py
        from app.conf import Settings
        def test_a():
            settings = Settings(_env_file=None, env="local")
            assert settings.env == "local"
            assert settings.is_local() and settings.is_any
        # file: app/conf.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            debug: bool = False
            env: str = "prod"
            def is_local(self):
                return self.env == "local"
            @property
            def is_any(self):
                return self.is_local()
    """,
    "the variables are deleted": """
        # file: tests/test_a.py
        from app.config import Settings
        def test_default(monkeypatch):
            monkeypatch.delenv("BACKEND", raising=False)
            assert Settings(_env_file=None).backend == "memory"
    """,
    "a fixture clears it": """
        # file: tests/test_a.py
        from app.config import Settings
        def test_default():
            assert Settings(_env_file=None).backend == "memory"
        # file: tests/conftest.py
        import os
        import pytest
        from unittest import mock
        @pytest.fixture(autouse=True)
        def clean():
            with mock.patch.dict(os.environ, {}, clear=True):
                yield
    """,
    "a fixture that is asked for": """
        # file: tests/test_a.py
        import os
        import pytest
        from app.config import Settings
        @pytest.fixture
        def clean():
            held = dict(os.environ)
            os.environ.clear()
            yield
            os.environ.update(held)
        def test_default(clean):
            assert Settings(_env_file=None).backend == "memory"
    """,
    "a fixture that is used": """
        # file: tests/test_a.py
        import pytest
        from app.config import Settings
        pytestmark = pytest.mark.usefixtures("clean")
        def test_default():
            assert Settings(_env_file=None).backend == "memory"
        # file: tests/conftest.py
        import pytest
        @pytest.fixture
        def clean(monkeypatch):
            monkeypatch.delenv("BACKEND", raising=False)
    """,
    "a decorator clears it": """
        # file: tests/test_a.py
        import os
        from unittest.mock import patch
        from app.config import Settings
        @patch.dict("os.environ", {"BACKEND": "redis"}, clear=True)
        def test_default():
            assert Settings(_env_file=None).backend == "redis"
        @patch.dict(os.environ, clear=True)
        class TestMore:
            def test_more(self):
                assert Settings(_env_file=None).backend == "memory"
    """,
    "sources of its own, and all that it has": """
        # file: tests/test_a.py
        from app.config import Fixed, Settings
        def test_default():
            assert Fixed(_env_file=None).backend == "memory"
        def test_all():
            assert Settings(_env_file=None, debug=True, backend="redis").debug
    """,
    "another file, or none said": """
        # file: tests/test_a.py
        from app.config import Settings
        def test_default(tmp_path):
            assert Settings(_env_file=tmp_path / ".env").backend == "memory"
            assert Settings().backend == "memory"
    """,
    "no settings, and no test": """
        # file: tests/test_a.py
        class Settings:
            def __init__(self, _env_file): ...
        def test_default():
            Settings(_env_file=None)
        # file: app/lone.py
        from app.config import Settings
        settings = Settings(_env_file=None)
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text + SETTINGS)
    assert not found
