"""Validators over several fields that do not run where their own is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.validator_skips_default import RULE
from tests.rules.cases import hits

HITS = {
    "a required combination": """
        from pydantic import BaseModel, field_validator
        class Order(BaseModel):
            kind: str
            price: float | None = None
            @field_validator("price")  # hit
            @classmethod
            def limit_has_price(cls, v, info):
                if info.data.get("kind") == "limit" and v is None:
                    raise ValueError("price")
                return v
    """,
    "a bound by another field": """
        import pydantic as p
        class Window(p.BaseModel):
            first: int = 0
            last: int = p.Field(default=10, ge=0)
            @p.field_validator("last", mode="before")  # hit
            def ordered(cls, last, info: p.ValidationInfo):
                if last < info.data["first"]:
                    raise ValueError("order")
                return last
    """,
    "a name from a title": """
        from typing import Annotated
        from pydantic import BaseModel, Field, field_validator
        class Page(BaseModel):
            title: str
            slug: Annotated[str, Field(default="")]
            @field_validator("slug")  # hit
            @classmethod
            def named(cls, slug, info):
                return slug or info.data["title"].lower()
    """,
    "the old decorator": """
        from pydantic.v1 import BaseModel, validator as checks
        class Job(BaseModel):
            every: int = 0
            cron: str = None
            @checks("cron")  # hit
            def one_of_them(cls, v, values):
                every = values.get("every")
                if not v and not every:
                    raise ValueError("when")
                return v
    """,
    "all fields": """
        from app.compat import Base, checked
        class Pair(Base):
            a: int
            b: int = 1
            @checked("*")  # hit
            @classmethod
            def smaller(cls, v, info):
                assert v <= info.data.get("a", v)
                return v
        # file: app/compat.py
        from pydantic import BaseModel, field_validator as checked
        class Base(BaseModel): ...
    """,
    "a function given to the decorator": """
        from pydantic import BaseModel, field_validator
        def same(value, info):
            if "password" in info.data and value != info.data["password"]:
                raise ValueError("differs")
            return value
        class Account(BaseModel):
            password: str
            again: str = ""
            _same = field_validator("again")(same)  # hit
    """,
    "a factory, and settings that say so": """
        from pydantic import Field, field_validator
        from pydantic_settings import BaseSettings, SettingsConfigDict
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(validate_default=False)
            debug: bool = False
            hosts: list[str] = Field(default_factory=list)
            @field_validator("hosts", mode="after")  # hit
            @classmethod
            def named(cls, v, info):
                if not v:
                    if info.data.get("debug"):
                        return ["localhost"]
                return v
    """,
    "called, not decorating, with a function inside": """
        from pydantic import BaseModel, field_validator
        class Order(BaseModel):
            kind: str
            price: int | None = None
            def limit(cls, v, info):
                def checked():
                    (kind := info.data["kind"])
                    if kind == "limit" and v is None:
                        raise ValueError("price")
                    return v
                return checked()
            limit = field_validator("price")(classmethod(limit))  # hit
    """,
    "a default that is computed": """
        from decimal import Decimal
        from pydantic import BaseModel, field_validator
        class Price(BaseModel):
            currency: str
            least: Decimal = Decimal("0.50")
            @field_validator("least")  # hit
            @classmethod
            def enough(cls, v, info):
                if v is None:
                    return v
                currency = info.data.get("currency")
                if currency is None:
                    return v
                return at_least(currency, v)
    """,
}
CLEAN = {
    "a validator of the whole model asks for it": """
        from typing import Any
        from pydantic import BaseModel, ValidationInfo, field_validator, model_validator
        class Request(BaseModel):
            kind: str = ""
            method: str | None = None
            @model_validator(mode="after")
            def has_method(self):
                if self.kind and "method" not in self.model_fields_set:
                    raise ValueError("method is missing")
                return self
            @field_validator("method", mode="wrap")
            @classmethod
            def known(cls, value: Any, handler: Any, info: ValidationInfo) -> Any:
                if value is None and info.data.get("kind"):
                    raise ValueError("method is missing")
                return handler(value)
    """,
    "None is let pass": """
        from pydantic import BaseModel, field_validator
        class Window(BaseModel):
            first: int
            last: int | None = None
            @field_validator("last")
            @classmethod
            def ordered(cls, v, info):
                if v is not None and v < info.data["first"]:
                    raise ValueError("order")
                return v
    """,
    "None leaves at once": """
        from pydantic import BaseModel, field_validator
        class Window(BaseModel):
            first: int
            last: int | None = None
            @field_validator("last")
            @classmethod
            def ordered(cls, v, info):
                first = info.data["first"]
                if v is None:
                    return None
                if v < first:
                    raise ValueError("order")
                return v
    """,
    "validated defaults": """
        from pydantic import BaseModel, ConfigDict, Field, field_validator
        class Base(BaseModel):
            model_config = ConfigDict(validate_default=True)
        class A(Base):
            a: int
            b: int | None = None
            @field_validator("b")
            def both(cls, v, info):
                return info.data["a"] if v is None else v
        class B(BaseModel):
            a: int
            b: int | None = Field(None, validate_default=True)
            @field_validator("b")
            def both(cls, v, info):
                return info.data["a"] if v is None else v
    """,
    "settings validate defaults": """
        from pydantic import field_validator
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            host: str
            url: str = ""
            @field_validator("url")
            @classmethod
            def made(cls, v, info):
                return v or f"https://{info.data['host']}"
    """,
    "always": """
        from pydantic import BaseModel, validator
        class A(BaseModel):
            a: int
            b: int = 0
            @validator("b", always=True)
            def both(cls, v, values):
                return v or values["a"]
    """,
    "required, and only normalised": """
        from pydantic import BaseModel, field_validator
        class A(BaseModel):
            a: int
            b: int
            c: str = ""
            @field_validator("b")
            def both(cls, v, info):
                if v < info.data["a"]:
                    raise ValueError("order")
                return v
            @field_validator("c")
            def short(cls, v, info):
                return v.strip()[: info.context or 10]
    """,
    "only said in a log": """
        import logging
        from pydantic import BaseModel, field_validator
        class A(BaseModel):
            a: int
            b: int = 0
            @field_validator("b")
            def told(cls, v, info):
                logging.getLogger(__name__).debug("b of %s", info.data["a"])
                return v
    """,
    "a table": """
        from pydantic import field_validator
        from sqlmodel import SQLModel
        class A(SQLModel, table=True):
            a: int
            b: int = 0
            @field_validator("b")
            def both(cls, v, info):
                return info.data["a"]
    """,
    "the project's own decorator": """
        from app.checks import field_validator
        from pydantic import BaseModel
        class A(BaseModel):
            a: int
            b: int = 0
            @field_validator("b")
            def both(cls, v, info):
                return info.data["a"]
        # file: app/checks.py
        def field_validator(name): ...
    """,
    "read from an object that has it": """
        from pydantic import BaseModel, field_validator
        class DocumentRead(BaseModel):
            model_config = {"from_attributes": True}
            kind: str
            description: str | None = None
            @field_validator("description", mode="before")
            @classmethod
            def filled(cls, v, info):
                if not v:
                    return TEXTS.get(info.data.get("kind"))
                return v
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
