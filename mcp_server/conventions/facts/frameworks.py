"""Reads which frameworks a project uses, in which versions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from packaging.utils import canonicalize_name

from mcp_server.conventions.facts.config import Config
from mcp_server.conventions.facts.locks import locked_versions
from mcp_server.conventions.facts.module import Module
from mcp_server.conventions.facts.requirements import (
    REQUIREMENT,
    requirement_texts,
    requirements,
)
from mcp_server.conventions.facts.sample import Sample
from mcp_server.conventions.files.settings import mapping
from mcp_server.facts import Fact, Framework

KNOWN = (
    "fastapi starlette litestar django djangorestframework django-ninja flask quart sanic aiohttp "
    "pyramid tornado pydantic pydantic-settings sqlmodel sqlalchemy alembic tortoise-orm beanie "
    "psycopg asyncpg celery dramatiq rq arq taskiq redis httpx requests grpcio strawberry-graphql "
    "structlog loguru dishka dependency-injector that-depends attrs msgspec marshmallow typer "
    "click mcp uvicorn gunicorn granian pytest pytest-asyncio pytest-django anyio trio hypothesis "
    "factory-boy polyfactory".split()
)
"""The packages that are told of, what shapes code most first."""
IMPORTED_AS = {
    "djangorestframework": "rest_framework",
    "django-ninja": "ninja",
    "factory-boy": "factory",
    "attrs": "attr",
    "grpcio": "grpc",
    "strawberry-graphql": "strawberry",
    "tortoise-orm": "tortoise",
}
"""Packages whose module has another name."""


def read_frameworks(
    chain: Sequence[Config], sample: Sample, names: frozenset[str], runtime: frozenset[str]
) -> tuple[Framework, ...]:
    """Return the known frameworks that a project declares or imports, with their versions.

    `runtime` are the packages that running it needs; the others serve development.
    """
    stated = _declared(chain[:1], names) or _declared(chain, names)
    imported = _imported(sample.sources)
    own = {_own_name(config) for config in chain[:1]}
    wanted = [one for one in KNOWN if (one in stated or one in imported) and one not in own]
    locked = locked_versions(chain, names, frozenset(wanted)) if wanted else {}
    found = []
    for name in wanted:
        fact = locked.get(name) or stated.get(name)
        if fact is None:
            found.append(Framework(name, source=imported[name]))
        else:
            locks, aside = name in locked, name not in runtime and name not in imported
            found.append(Framework(name, fact.text, fact.source, locked=locks, development=aside))
    return tuple(found)


def _declared(chain: Iterable[Config], names: frozenset[str]) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for config in chain:
        for name, fact in requirements(config).items():
            found.setdefault(name, fact)
        for path, text in requirement_texts(config, names):
            for line in text.splitlines():
                match = REQUIREMENT.match(line) if line[:1].isalnum() else None
                if match:
                    specifier = Fact((match[2] or "").strip(), path)
                    found.setdefault(canonicalize_name(match[1]), specifier)
    return found


def _own_name(config: Config) -> str:
    project = mapping(config.pyproject.get("project"))
    sections = config.settings.sections.get("setup.cfg", {})
    name = project.get("name") or config.table("poetry").get("name")
    return canonicalize_name(str(name or sections.get("metadata", {}).get("name", "")))


def _imported(modules: Collection[Module]) -> dict[str, str]:
    """Return where the modules import the known packages first, at their top level."""
    modules_of = {IMPORTED_AS.get(name, name.replace("-", "_")).encode(): name for name in KNOWN}
    found: dict[str, str] = {}
    for module in modules:
        for word in sorted(module.words & modules_of.keys()):
            name = modules_of[word]
            if name in found:
                continue
            # The word can also stand in a comment or a text.
            match = re.search(rb"^(?:from|import) " + word + rb"\b", module.content, re.MULTILINE)
            if match:
                found[name] = module.at(match.start())
    return found
