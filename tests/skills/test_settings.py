"""The blocks of settings.md: what reaches settings, what leaves them, and when they fail."""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import Field, PostgresDsn, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from tests.skills.blocks import SKILLS, load

one = load("python-backend/references/settings.md#one-settings-class")
isolated = load("python-backend/references/settings.md#settings-in-tests")
DOCUMENT = SKILLS / "python-backend/references/settings.md"
PASSWORD = "hunter2-and-more"  # noqa: S105 - what must not be seen
KEY = "k" * 32
URL = f"postgresql://shop:{PASSWORD}@db.example/shop"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the block's variables out of the environment, and forget what was read."""
    for name in [name for name in os.environ if name.startswith("SHOP_")]:
        monkeypatch.delenv(name)
    one.get_settings.cache_clear()


def export(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in ({"database_url": URL, "signing_key": KEY} | variables).items():
        monkeypatch.setenv(f"SHOP_{name.upper()}", value)


class SeedSettings(BaseSettings):
    """What the seed teaches: a plain URL, a dotenv file, a rule, and no word on errors."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", env_file=".env")

    database_url: str
    signing_key: str = ""
    port: int = 8000
    allowed_origins: list[str] = []


def seed_settings(**given: str) -> Any:  # noqa: ANN401 - mypy's plugin would know the fields
    return SeedSettings(**given)  # type: ignore[arg-type]


def test_settings_are_read_once_and_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, port="80", allowed_origins="https://a.example, https://b.example")
    settings = one.get_settings()
    assert one.get_settings() is settings
    assert settings.port == 80
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    one.get_settings.cache_clear()
    monkeypatch.setenv("SHOP_ALLOWED_ORIGINS", '["https://a.example"]')
    assert one.get_settings().allowed_origins == ('["https://a.example"]',)
    monkeypatch.setenv("SHOP_ALLOWED_ORIGINS", "https://a.example")
    with pytest.raises(SettingsError):
        seed_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("port", "0"),
        ("limiter_backend", "Redis"),
        ("limiter_backend", "redis"),
        ("signing_key", "short-" + PASSWORD[:7]),
        ("database_url", f"mysql://shop:{PASSWORD}@db.example/shop"),
        ("database_url", ""),
        ("signing_key", ""),
    ],
)
def test_what_is_wrong_ends_the_start_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    export(monkeypatch, **{name: value})
    with pytest.raises(ValidationError) as caught:
        one.get_settings()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [secret for secret in (PASSWORD, KEY, PASSWORD[:7]) if secret in shown]


def test_a_rule_over_several_settings_needs_both(monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, limiter_backend="redis", limiter_redis_url="redis://localhost/0")
    assert one.get_settings().limiter_backend is one.LimiterBackend.REDIS
    assert f"{one.get_settings().limiter_backend}" == "redis"


def test_an_empty_variable_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, port="")
    assert one.get_settings().port == 8000
    with pytest.raises(ValidationError):
        seed_settings()


def test_an_error_of_other_settings_shows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shown(one.Settings):  # type: ignore[misc, name-defined]
        """The same settings without the one word that hides what was given."""

        model_config = SettingsConfigDict(hide_input_in_errors=False)

    export(monkeypatch, database_url=f"mysql://:{PASSWORD}@db/shop", signing_key="short")
    with pytest.raises(ValidationError, match=PASSWORD) as caught:
        Shown()
    assert "short" in str(caught.value)
    with pytest.raises(ValidationError) as hidden:
        one.get_settings()
    # Only the text is without it.
    assert PASSWORD not in str(hidden.value)
    assert PASSWORD in repr(hidden.value.errors())
    assert PASSWORD in hidden.value.json()


def test_a_secret_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch)
    settings = one.get_settings()
    texts = (repr(settings), str(settings), settings.model_dump_json(), f"{settings.model_dump()}")
    assert not [text for text in texts if PASSWORD in text or KEY in text]
    assert str(settings.database_url.get_secret_value()) == URL
    assert settings.signing_key.get_secret_value() == KEY

    class Bare(BaseSettings):
        """A URL type without `Secret`."""

        model_config = SettingsConfigDict(env_prefix="SHOP_")
        database_url: PostgresDsn

    for seed in (seed_settings(), Bare()):  # type: ignore[call-arg]
        assert PASSWORD in repr(seed)
        assert PASSWORD in seed.model_dump_json()


def test_a_wrong_setting_ends_the_start_not_a_request() -> None:
    def create_app() -> FastAPI:
        one.get_settings()
        return FastAPI()

    with pytest.raises(ValidationError):
        create_app()

    seed_app = FastAPI()

    @seed_app.get("/")
    def read(settings: Annotated[object, Depends(one.get_settings)]) -> None:
        assert settings

    with TestClient(seed_app, raise_server_exceptions=False) as client:
        assert client.get("/").status_code == 500


def test_a_dotenv_file_with_a_line_of_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"SHOP_DATABASE_URL={URL}\nSHOP_SIGNING_KEY={KEY}\nSHOP_OTHER={PASSWORD}\nPGPORT=1\n"
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValidationError, match=f"extra_forbidden.*{PASSWORD}"):
        seed_settings()
    assert one.Settings(_env_file=tmp_path / ".env").port == 8000
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path / "jobs")
    with pytest.raises(ValidationError, match="Field required"):
        seed_settings()


def test_the_path_of_the_dotenv_file_is_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = re.search(r"give `(Path\(.+?)` in `(\S+)`", DOCUMENT.read_text(encoding="utf-8"))
    assert said
    module = tmp_path / said[2]
    module.parent.mkdir(parents=True)
    (tmp_path / "jobs").mkdir()
    monkeypatch.chdir(tmp_path / "jobs")
    names = {"__file__": str(module), "Path": Path}
    assert eval(said[1], names) == tmp_path / ".env"  # noqa: S307 - the document's own


@pytest.mark.parametrize("line", ["PGPASSWORD", "SHOP_OTHER"])
def test_a_line_of_another_program_ends_the_start_and_is_printed(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"{line}={PASSWORD}\r\n", encoding="utf-8")
    with pytest.raises(ValidationError, match=f"extra_forbidden.*{PASSWORD}"):
        seed_settings(_env_file=str(tmp_path / ".env"), database_url=URL)
    assert one.Settings(_env_file=tmp_path / ".env", database_url=URL, signing_key=KEY)


def test_without_its_file_the_environment_still_reaches_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export(monkeypatch, port="9999", limiter_backend="redis", limiter_redis_url="redis://prod/0")
    seed = one.Settings(_env_file=None, database_url=URL, signing_key=KEY)
    assert (seed.port, seed.limiter_backend) == (9999, "redis")

    class IsolatedSettings(isolated.OnlyPassed, one.Settings):  # type: ignore[misc, name-defined]
        """The settings, and nothing but what a test passes."""

    ours = IsolatedSettings(database_url=URL, signing_key=KEY)
    assert (ours.port, ours.limiter_backend) == (8000, "memory")
    assert isinstance(ours, one.Settings)
    with pytest.raises(ValidationError) as caught:
        IsolatedSettings(limiter_backend="redis")
    assert {each["loc"] for each in caught.value.errors()} == {("database_url",), ("signing_key",)}
    with pytest.raises(ValidationError, match="SHOP_LIMITER_REDIS_URL"):
        IsolatedSettings(database_url=URL, signing_key=KEY, limiter_backend="redis")


def test_an_isolated_class_reads_no_file_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SHOP_PORT=9999\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    class Isolated(isolated.OnlyPassed, SeedSettings):  # type: ignore[misc, name-defined]
        """The seed's settings, isolated."""

    assert seed_settings(database_url=URL).port == 9999
    assert Isolated(database_url=URL).port == 8000


def test_an_isolated_class_takes_aliases_and_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Aliased(BaseSettings):
        url: str = Field(validation_alias="DATABASE_URL")

    class Commanded(BaseSettings):
        model_config = SettingsConfigDict(cli_parse_args=True)
        port: int = 1

    class IsolatedAliased(isolated.OnlyPassed, Aliased):  # type: ignore[misc, name-defined]
        pass

    class IsolatedCommanded(isolated.OnlyPassed, Commanded):  # type: ignore[misc, name-defined]
        pass

    by_alias: dict[str, Any] = {"DATABASE_URL": "a"}
    by_name: dict[str, Any] = {"url": "a"}
    assert IsolatedAliased(**by_alias).url == "a"
    with pytest.raises(ValidationError):
        IsolatedAliased(**by_name)
    monkeypatch.setattr(sys, "argv", ["shop", "--port", "5"])
    assert IsolatedCommanded().port == 5


def test_a_cache_keeps_what_a_test_before_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, port="81")
    assert one.get_settings().port == 81
    monkeypatch.setenv("SHOP_PORT", "82")
    assert one.get_settings().port == 81
    one.get_settings.cache_clear()
    assert one.get_settings().port == 82


def test_settings_of_a_module_come_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = "from pydantic_settings import BaseSettings\n"
    seed += "class Settings(BaseSettings):\n    shop_port: int\nsettings = Settings()\n"
    with pytest.raises(ValidationError):
        exec(compile(seed, "settings.py", "exec"), {"__name__": "seed"})  # noqa: S102
    export(monkeypatch)
    assert one.get_settings().port == 8000
