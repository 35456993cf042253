"""Cross-origin settings that let every site act as the visitor."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.cors_wildcard_credentials import RULE
from tests.rules.cases import hits

HITS = {
    "FastAPI": """
        from fastapi.middleware.cors import CORSMiddleware as Cors
        app.add_middleware(Cors, allow_origins=["*"], allow_credentials=True)  # hit
    """,
    "options by name, from another module": """
        from starlette.middleware.cors import CORSMiddleware
        from app.options import CORS
        def create(app):
            app.add_middleware(CORSMiddleware, **CORS)  # hit
        # file: app/options.py
        ORIGINS = ["https://example.com", "*"]
        CORS = {"allow_origins": ORIGINS, "allow_credentials": True}
    """,
    "a pattern": """
        from starlette.middleware.cors import CORSMiddleware
        CORSMiddleware(app, allow_origin_regex=r"^https?://.*$", allow_credentials=True)  # hit
    """,
    "Starlette's list": """
        from starlette.middleware import Middleware
        from starlette.middleware.cors import CORSMiddleware
        LIST = [Middleware(CORSMiddleware, allow_origins=("*",), allow_credentials=True)]  # hit
    """,
    "a class of the project": """
        from app.cors import Cors
        app.add_middleware(Cors, allow_origins=["*"], allow_credentials=True)  # hit
        # file: app/cors.py
        from fastapi.middleware.cors import CORSMiddleware
        class Cors(CORSMiddleware): ...
    """,
    "a setting's default": """
        from fastapi.middleware.cors import CORSMiddleware
        from app.settings import settings
        app.add_middleware(  # hit
            CORSMiddleware, allow_origins=settings.origins, allow_credentials=True
        )
        # file: app/settings.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            origins: list[str] = ["*"]
        settings = Settings()
    """,
    "a setting's factory": """
        from fastapi.middleware.cors import CORSMiddleware
        from app.settings import Project, Settings
        settings = Settings()
        app.add_middleware(  # hit
            CORSMiddleware, allow_origins=settings.project.origins, allow_credentials=True
        )
        # file: app/settings.py
        from pydantic import BaseModel, Field
        class Project(BaseModel):
            origins: list[str] = Field(default_factory=lambda: ["*"])
        class Settings(BaseModel):
            project: Project
    """,
    "a dataclass's factory": """
        from starlette.middleware.cors import CORSMiddleware
        from dataclasses import dataclass, field
        def everywhere():
            return ["*"]
        @dataclass
        class Settings:
            origins: list[str] = field(default_factory=everywhere)
        def create(app, settings: Settings):
            app.add_middleware(  # hit
                CORSMiddleware, allow_origins=settings.origins, allow_credentials=True
            )
    """,
    "credentials that a setting allows": """
        from fastapi.middleware.cors import CORSMiddleware
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            origins: list[str] = ["*"]
            creds: bool = True
        settings = Settings()
        app.add_middleware(  # hit
            CORSMiddleware, allow_origins=settings.origins, allow_credentials=settings.creds
        )
    """,
    "from the environment": """
        import os
        from fastapi.middleware.cors import CORSMiddleware
        ORIGINS = os.getenv("ORIGINS", "*").split(",")
        app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, allow_credentials=True)  # hit
    """,
    "by place": """
        from starlette.middleware.cors import CORSMiddleware
        app = CORSMiddleware(app, ["*"], allow_credentials=True)  # hit
    """,
    "Flask": """
        from flask_cors import CORS
        CORS(app, supports_credentials=True)  # hit
    """,
    "Flask's resources": """
        import flask_cors
        flask_cors.CORS(app, resources={"/*": {"origins": "*"}}, supports_credentials=True)  # hit
    """,
    "Django": """
        CORS_ALLOW_ALL_ORIGINS = True  # hit
        CORS_ALLOW_CREDENTIALS = True
    """,
    "Litestar": """
        from litestar.config.cors import CORSConfig
        CORS = CORSConfig(allow_credentials=True)  # hit
    """,
}
CLEAN = {
    "named origins": """
        from fastapi.middleware.cors import CORSMiddleware
        app.add_middleware(
            CORSMiddleware, allow_origins=["https://example.com"], allow_credentials=True
        )
    """,
    "no credentials": """
        from fastapi.middleware.cors import CORSMiddleware
        app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"])
    """,
    "a pattern of one domain": """
        from fastapi.middleware.cors import CORSMiddleware
        app.add_middleware(
            CORSMiddleware,
            allow_origin_regex=r"https://.*\\.example\\.com",
            allow_credentials=True,
        )
    """,
    "the project's own": """
        from app.cors import CORSMiddleware
        app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
        # file: app/cors.py
        class CORSMiddleware: ...
    """,
    "while developing": """
        from fastapi.middleware.cors import CORSMiddleware
        if settings.DEBUG:
            app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    """,
    "origins that a setting must give": """
        from fastapi.middleware.cors import CORSMiddleware
        from app.settings import settings
        app.add_middleware(CORSMiddleware, allow_origins=settings.origins, allow_credentials=True)
        # file: app/settings.py
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            origins: list[str]
        settings = Settings()
    """,
    "a factory of none": """
        from fastapi.middleware.cors import CORSMiddleware
        from pydantic import BaseModel, Field
        class Settings(BaseModel):
            origins: list[str] = Field(default_factory=list)
        settings = Settings()
        app.add_middleware(CORSMiddleware, allow_origins=settings.origins, allow_credentials=True)
    """,
    "credentials that somebody must allow": """
        from fastapi.middleware.cors import CORSMiddleware
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            creds: bool = False
        settings = Settings()
        app.add_middleware(
            CORSMiddleware, allow_origins=["*"], allow_credentials=settings.creds
        )
    """,
    "origins of the environment": """
        import os
        from fastapi.middleware.cors import CORSMiddleware
        ORIGINS = os.getenv("ORIGINS", "").split(",")
        app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, allow_credentials=True)
    """,
    "Flask with origins": """
        from flask_cors import CORS
        CORS(app, origins=["https://example.com"], supports_credentials=True)
    """,
    "Django without credentials": """
        CORS_ALLOW_ALL_ORIGINS = True
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
