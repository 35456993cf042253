"""Variables of the environment that are read past the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.environment_outside_settings import RULE
from tests.rules.cases import hits

SETTINGS = """
        # file: app/settings.py
        import os
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            debug: bool = False
            def folder(self):
                return os.getenv("APP_FOLDER")
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
                if (user := read("MAIL_USER")):  # hit
                    return user
    """,
    "a re-export, and a name for the key": """
        from app.system import environment
        NAME = "APP_LIMIT"
        def limit():
            import os as system
            first = environment[NAME]  # hit
            return system.environ.get(NAME)  # hit
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
HITS = {name: text + SETTINGS for name, text in READS.items()}
CLEAN = {
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
    "what is deployed alone": """
        # file: functions/refresh.py
        import os
        def handler(event, context):
            return os.environ["TARGET_GROUP"]
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
        # file: app/compat.py
        from pydantic_settings import BaseSettings as Base
    """
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
