"""Variables of the environment that are read past the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.advice.asking import judge
from mcp_server.conventions import read_conventions
from mcp_server.rules.environment_outside_settings import RULE
from mcp_server.semantic import read_program
from tests.rules.cases import hits, write

SETTINGS = """
        # file: app/settings.py
        import os
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            debug: bool = False
            def folder(self):
                return os.getenv("APP_FOLDER")
        # file: app/start.py
        from app.settings import Settings
        settings = Settings()
"""
READS = {
    "both readers": """
        import os
        def limit():
            return int(os.getenv("APP_LIMIT", "5"))  # hit
        async def key():
            return os.environ["APP_KEY"]  # hit
    """,
    "other names": """
        from os import environ as held, getenv as read
        class Mail:
            def send(self):
                server = held.get("MAIL_SERVER")  # hit
                if (user := read("MAIL_USER")):
                    return user
    """,
    "a re-export, and a name for the key": """
        from app.system import environment
        NAME = "APP_LIMIT"
        def limit():
            import os as system
            first = environment[NAME]  # hit
            return system.environ.get(NAME)
        # file: app/system.py
        from os import environ as environment
    """,
    "an old name as the default": """
        import os
        def key():
            return os.getenv("NEW_KEY", os.getenv("OLD_KEY"))  # hit
    """,
    "a lambda, and an alias": """
        import os
        read = os.environ.get
        later = lambda: read("APP_LATER")  # hit
    """,
    "nested": """
        import os
        def outer():
            for _ in range(3):
                try:
                    with open("x"):
                        def inner():
                            return os.environ.get("APP_INNER")  # hit
                except OSError:
                    pass
    """,
}
HITS = {
    **{name: text + SETTINGS for name, text in READS.items()},
    "in a package that has the settings by another module": """
        import os
        from app.settings.context import current
        def level():
            return os.environ.get("APP_ENV")  # hit
        # file: app/settings/__init__.py
        # file: app/settings/context.py
        from app.settings.models.root import Root
        def current(): ...
        # file: app/settings/models/root.py
        from pydantic_settings import BaseSettings
        class Root(BaseSettings):
            debug: bool = False
    """,
}
CLEAN = {
    "a knob for tests, by its own words": """
        import os
        def isolated():
            "For isolation of tests: APP_ISOLATED."
            return os.getenv("APP_ISOLATED")
    """,
    "what the project sets itself, for its child or for later": """
        import os, subprocess
        def begin(path):
            os.environ["APP_ROOT"] = path
            subprocess.run(["worker"], env={**os.environ, "APP_MARK": "1"})
        def root():
            return os.getenv("APP_ROOT"), os.environ.get("APP_MARK")
    """,
    "channels, switches, and where the settings lie": """
        import os
        def inherited():
            return os.getenv("APP_READY_FD"), os.getenv("APP_DEBUG_DUMP"), os.getenv("APP_ENV_FILE")
    """,
    "what other programs document": """
        import os
        def key():
            return os.environ.get("OPENAI_API_KEY"), os.environ.get("PROGRAMFILES(X86)")
        def trace():
            from tracer_sdk import start
            start(os.environ.get("TRACER_KEY"))
    """,
    "a caller's value goes before it, or stands in for it": """
        import os
        def port(port: int | None = None, config=None):
            if port is None:
                port = int(os.environ.get("APP_PORT", "1"))
            return port, os.environ.get("APP_HOST", config.host)
        def name(name: str | None):
            return name or os.environ.get("APP_NAME")
    """,
    "more variables past few settings": """
        import os
        def database():
            return os.environ["DB_HOST"], os.environ["DB_USER"], os.environ["DB_NAME"]
    """,
    "a package that knows no settings": """
        # file: app/browser/launch.py
        import os
        def port():
            return os.environ.get("APP_BROWSER_PORT")
    """,
    "before the settings": """
        # file: app/_cli_bootstrap.py
        import os
        from app.settings import Settings
        def level():
            return os.environ.get("APP_LOG_LEVEL")
    """,
    "as a module is imported": """
        import os
        LIMIT = os.getenv("APP_LIMIT")
    """,
    "in settings": """
        # file: app/core/config.py
        import os
        def chosen():
            return os.getenv("APP_FILE")
        # file: app/cli/run.py
        import os
        def run():
            return os.getenv("APP_FILE")
    """,
    "what the host sets": """
        import os
        def where():
            return os.getenv("HOSTNAME"), os.environ.get("GITHUB_SHA"), os.environ["PATH"]
    """,
    "handed on, and unknown": """
        import os, subprocess
        def run(name):
            os.environ["APP_MARK"] = "1"
            subprocess.run(["x"], env={**os.environ, "APP_MARK": "2"})
            return os.environ.get(name)
    """,
    "a program": """
        import os
        def main():
            return os.getenv("APP_LIMIT")
        if __name__ == "__main__":
            main()
    """,
    "tests and scripts": """
        # file: tests/test_a.py
        import os
        def test_a():
            assert os.getenv("APP_LIMIT")
        # file: scripts/a.py
        import os
        def a():
            return os.getenv("APP_LIMIT")
    """,
    "the project's own os": """
        from app import os
        def limit():
            return os.getenv("APP_LIMIT")
        # file: app/os.py
        def getenv(name): ...
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


@pytest.mark.parametrize("text", READS.values(), ids=READS)
def test_leaves_alone_without_settings(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_names_the_settings_of_another_name(tmp_path: Path) -> None:
    text = """
        import os
        def limit():
            return os.getenv("APP_LIMIT")  # hit
        # file: app/core/config.py
        from app.compat import Base
        class Configuration(Base):
            debug: bool = False
        # file: app/start.py
        from app.core.config import Configuration
        # file: app/compat.py
        from pydantic_settings import BaseSettings as Base
    """
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted


@pytest.mark.parametrize(
    "settings",
    [
        """
        # file: app/config.py
        from pydantic_settings import BaseSettings
        class Config(BaseSettings):
            debug: bool = False
        def load():
            return Config(**read_file("config.toml"))
        # file: app/use.py
        from app.config import Config
        """,
        """
        # file: app/config.py
        from pydantic_settings import BaseSettings, TomlConfigSettingsSource
        class Config(BaseSettings):
            debug: bool = False
            @classmethod
            def settings_customise_sources(cls, settings_cls, init_settings, env_settings, **more):
                return init_settings, TomlConfigSettingsSource(settings_cls)
        # file: app/use.py
        from app.config import Config
        """,
        """
        # file: app/one_server.py
        from pydantic_settings import BaseSettings
        class ServerSettings(BaseSettings):
            debug: bool = False
        settings = ServerSettings()
        # file: app/use.py
        from app.one_server import settings
        """,
    ],
    ids=["filled from a file", "sources without the environment", "of one program of many"],
)
def test_leaves_alone_other_settings(settings: str, tmp_path: Path) -> None:
    text = """
        import os
        def limit():
            return os.getenv("APP_LIMIT")
    """
    found, _ = hits(RULE, tmp_path, text + settings)
    assert not found


def test_names_the_variables_of_a_function_once(tmp_path: Path) -> None:
    text = """
        import os
        from app.settings import Settings
        settings = Settings()
        def pool():
            level = settings.level or os.getenv("LEVEL")
            return os.environ["POOL_SIZE"], level
        # file: app/settings.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            level: str = ""
    """
    files = write(tmp_path, text)
    found = judge(read_program(read_conventions(tmp_path)), sorted(files), [RULE])
    assert [one.message.partition(" past")[0] for one in found] == ["`LEVEL`, `POOL_SIZE` are read"]
