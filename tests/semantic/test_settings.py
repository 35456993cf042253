"""The settings of a project, and what its modules read of the environment past them."""

from __future__ import annotations

from pathlib import Path

from mcp_server.conventions import read_conventions
from mcp_server.semantic import read_program
from mcp_server.semantic.environment import environment_reads, environment_writes, is_setting
from mcp_server.semantic.pytest_settings import nested_options
from mcp_server.semantic.settings import knows_settings, project_settings
from tests.rules.cases import write

TEXT = """
    import os
    from app.config import Settings
    NAME = "APP_NAME"
    os.environ["APP_ROOT"] = os.environ[NAME]
    # file: app/config.py
    from pydantic_settings import BaseSettings
    class Settings(BaseSettings):
        debug: bool = False
        name: str = ""
    # file: app/apart/one.py
    # file: tests/pytest.ini
    [pytest]
    asyncio_mode = auto
    # file: tests/unit/test_a.py
    # file: test_b.py
"""


def test_settings_and_environment(tmp_path: Path) -> None:
    write(tmp_path, TEXT)
    program = read_program(read_conventions(tmp_path))
    main, apart = program.module("app/main.py"), program.module("app/apart/one.py")
    assert main is not None
    assert apart is not None
    found = project_settings(main)
    assert (found.names, found.variables) == ({"Settings"}, 2)
    assert knows_settings(main, found)
    assert not knows_settings(apart, found)
    assert [name for _, name in environment_reads(main)] == ["APP_NAME"]
    assert environment_writes(main) == {"APP_ROOT"}


def test_whose_variables() -> None:
    own = ("APP_NAME", "APP_ENV", "REDIS_URL", "WEBHOOK_SECRET", "POOL_SIZE")
    others = ("PATH", "OPENAI_API_KEY", "APP_READY_FD", "APP_ENV_FILE", "APP_DEBUG", "GIT_SHA")
    assert [one for one in (*own, *others) if is_setting(one)] == [*own]


def test_what_folders_say_of_pytest(tmp_path: Path) -> None:
    write(tmp_path, TEXT)
    program = read_program(read_conventions(tmp_path))
    below, beside = program.module("tests/unit/test_a.py"), program.module("test_b.py")
    assert below is not None
    assert beside is not None
    assert [*nested_options(below)] == [{"asyncio_mode": "auto"}]
    assert not [*nested_options(beside)]
