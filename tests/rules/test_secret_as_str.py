"""Secrets among settings that are plain text."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.secret_as_str import RULE
from tests.rules.cases import hits

HITS = {
    "a model among the settings": """
        from pydantic import BaseModel
        class Mail(BaseModel):
            password: str  # hit
        class Outer(BaseModel):
            mail: Mail | None = None
        # file: app/config.py
        from pydantic_settings import BaseSettings
        from app.main import Outer
        class Settings(BaseSettings):
            outer: "Outer"
    """,
    "an address that holds a password": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            POSTGRES_URI: str  # hit
            mongodb_url: str  # hit
    """,
    "several": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            secret_key: str  # hit
            SMTP_PASSWORD: str | None = None  # hit
            stripe_api_key: str = ""  # hit
            database_url: str = "postgresql://a:b@localhost/c"  # hit
    """,
    "optional, annotated, quoted": """
        from typing import Annotated, Optional
        import pydantic_settings as ps
        from pydantic import Field
        class Settings(ps.BaseSettings):
            access_token: Optional[str] = None  # hit
            client_secret: Annotated[str, Field(min_length=32)]  # hit
            private_key: "str | None" = Field(default=None, alias="KEY")  # hit
    """,
    "a base in another module": """
        from app.base import Base
        class Mail(Base):
            mail_password: str  # hit
        # file: app/base.py
        from pydantic_settings import BaseSettings
        class Base(BaseSettings): ...
    """,
    "the first version": """
        from pydantic import BaseSettings
        class Settings(BaseSettings):
            aws_secret_access_key: str  # hit
            class Config:
                env_file = ".env"
    """,
    "an alias of str, in a function": """
        import pydantic_settings
        Text = str
        def make():
            class Settings(pydantic_settings.BaseSettings):
                webhook_secret: Text = "x"  # hit
            return Settings()
    """,
    "its neighbours are hidden": """
        try:
            from pydantic_settings import BaseSettings as Base
        except ImportError:
            from pydantic import BaseSettings as Base
        from pydantic import SecretStr
        class Settings(Base):
            password: SecretStr
            bot_token: str  # hit
    """,
}
CLEAN = {
    "what a base tells already, and settings of tests": """
        from pydantic import SecretStr
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            debug: bool = True
            secret_key: SecretStr
        class Local(Settings):
            secret_key: str = "x"
        class TestConfig(Settings):
            db_url: str = "postgresql://a:b@localhost/test"
    """,
    "models that are no settings": """
        from pydantic import BaseModel
        class Login(BaseModel):
            password: str
        class Form(BaseModel):
            login: Login
    """,
    "secrets that are said to be": """
        from pydantic import PostgresDsn, SecretBytes, SecretStr
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            secret_key: SecretStr
            password: SecretStr | None = None
            private_key: SecretBytes
            database_url: PostgresDsn
    """,
    "what is about secrets": """
        from typing import Literal
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            token_url: str
            token_expire_minutes: int = 30
            secret_name: str
            password_min_length: int = 8
            private_key_path: str
            api_key_header: str = "X-Api-Key"
            password_file: str
            token: Literal["header", "cookie"] = "header"
            has_password: bool = False
    """,
    "what everybody may see": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            stripe_publishable_api_key: str
            public_key: str
            eos_token: str = "</s>"
            sentry_dsn: str | None = None
    """,
    "no settings": """
        from pydantic import BaseModel
        class Login(BaseModel):
            password: str
        class Plain:
            secret: str = ""
    """,
    "the project's own BaseSettings": """
        from app.base import BaseSettings
        class Settings(BaseSettings):
            secret: str
        # file: app/base.py
        class BaseSettings: ...
    """,
    "the place of a secret": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            api_secret_name: str | None = None
            api_secret_key: str | None = None
    """,
    "a database that is a file": """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            database_url: str = "sqlite:///./shop.db"
    """,
    "never shown": """
        from pydantic import Field
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            secret: str = Field(repr=False)
    """,
    "tests and scripts": """
        # file: tests/test_a.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            secret: str = "x"
        # file: scripts/a.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            secret: str = "x"
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
