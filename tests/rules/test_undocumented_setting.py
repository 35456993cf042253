"""Required settings that the example of a dotenv file does not name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.undocumented_setting import RULE
from tests.rules.cases import hits

HITS = {
    "one of two": """
        # file: .env.example
        DATABASE_URL=sqlite://
        # file: app/settings.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_url: str
            signing_key: str  # hit
            debug: bool = False
    """,
    "a prefix": """
        # file: .env.sample
        SHOP_PORT=80
        SIGNING_KEY=x
        # file: app/settings.py
        import pydantic_settings as ps
        class Settings(ps.BaseSettings):
            model_config = ps.SettingsConfigDict(env_prefix="SHOP_")
            port: int
            signing_key: str  # hit
    """,
    "aliases": """
        # file: .env.template
        # DB=sqlite://
        # file: app/settings.py
        from typing import Annotated
        from pydantic import AliasChoices, Field
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            url: str = Field(validation_alias="DB")
            key: str = Field(..., validation_alias=AliasChoices("KEY", "OLD_KEY"))  # hit
            user: Annotated[str, Field(alias="MAIL_USER")]  # hit
    """,
    "a base in another module": """
        # file: .env.example
        DEBUG=1
        # file: app/settings.py
        from app.base import Base as B
        class Settings(B):
            key: str  # hit
            limit: int = B_FIELD
        # file: app/base.py
        from pydantic_settings import BaseSettings
        class Base(BaseSettings):
            debug: bool
    """,
    "a nested model": """
        # file: .env.example
        DB__URL=sqlite://
        # file: app/settings.py
        from pydantic import BaseModel
        from pydantic_settings import BaseSettings, SettingsConfigDict
        class Database(BaseModel):
            url: str
        class Mail(BaseModel):
            host: str
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_nested_delimiter="__")
            db: Database
            mail: Mail  # hit
    """,
    "the first version": """
        # file: .env.example
        DEBUG=1
        # file: app/settings.py
        from pydantic import BaseSettings, Field
        class Settings(BaseSettings):
            debug: bool
            key: str = Field(..., env="APP_KEY")  # hit
    """,
}
CLEAN = {
    "all named": """
        # file: .env.example
        database_url=sqlite://
        # SIGNING_KEY=
        # file: app/settings.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_url: str
            signing_key: str
    """,
    "with defaults": """
        # file: .env.example
        DEBUG=1
        # file: app/settings.py
        from typing import Annotated, ClassVar
        from pydantic import Field
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            debug: bool
            key: str | None = None
            hosts: list[str] = Field(default_factory=list)
            size: Annotated[int, Field(default=1)]
            name: ClassVar[str]
    """,
    "no example": """
        # file: app/settings.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            key: str
    """,
    "an example of something else": """
        # file: .env.example
        POSTGRES_VERSION=18
        # file: app/settings.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            key: str
    """,
    "other sources": """
        # file: .env.example
        DEBUG=1
        # file: app/settings.py
        from pydantic import model_validator
        from pydantic_settings import BaseSettings, SettingsConfigDict
        class Settings(BaseSettings):
            debug: bool
            key: str
            @classmethod
            def settings_customise_sources(cls, settings_cls, **others): ...
        class Filled(BaseSettings):
            debug: bool
            key: str
            @model_validator(mode="before")
            @classmethod
            def filled(cls, values): ...
        class Mounted(BaseSettings):
            model_config = SettingsConfigDict(secrets_dir="/run/secrets")
            debug: bool
            key: str
    """,
    "optional in the first version": """
        # file: .env.example
        DEBUG=1
        # file: app/settings.py
        from typing import Optional
        from pydantic import BaseSettings
        class Settings(BaseSettings):
            debug: bool
            key: Optional[str]
    """,
    "no settings": """
        # file: .env.example
        DEBUG=1
        # file: app/settings.py
        from pydantic import BaseModel
        from app.base import BaseSettings
        class Settings(BaseSettings):
            debug: bool
            key: str
        class Model(BaseModel):
            debug: bool
            key: str
        # file: app/base.py
        class BaseSettings: ...
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
