"""Counts how a service raises errors, logs, injects dependencies, opens sessions and answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mcp_server.conventions.facts.endpoints import Endpoint
from mcp_server.conventions.facts.module import Module
from mcp_server.facts import Fact, ServiceFacts

SESSION = re.compile(
    rb"\n(async def|def) (\w{0,40}(?:get|open|make|provide)_\w{0,30}(?:session|db)\w{0,20})\("
)
DATABASES = frozenset(
    b"sqlalchemy sqlmodel AsyncSession Session sessionmaker async_sessionmaker SessionLocal "
    b"engine".split()
)
ERRORS = (
    (b"raise HTTPException(", "raise HTTPException"),
    (b".exception_handler(", "exception handlers"),
    (b"add_exception_handler(", "exception handlers"),
    (b"application/problem+json", "problem details"),
    (b"abort(", "abort()"),
)
LOGGING = (
    (b"logging.getLogger(", "logging.getLogger"),
    (b"structlog.get_logger(", "structlog.get_logger"),
    (b"structlog.stdlib.get_logger(", "structlog.get_logger"),
    (b"from loguru import", "loguru"),
    (b"get_logger(", "get_logger"),
)
INJECTION = (
    (b", Depends(", "Annotated[..., Depends()]"),
    (b"= Depends(", "= Depends()"),
    (b"FromDishka[", "FromDishka[...]"),
    (b"Provide[", "Provide[...]"),
    (b"NamedDependency[", "NamedDependency[...]"),
    (b"Provide(", "Provide()"),
)
MOST_TOLD = 3
IN_ERRORS = frozenset(b"fastapi FastAPI Flask flask starlette ninja litestar werkzeug".split())
IN_LOGGING = frozenset(b"logging structlog loguru get_logger".split())
IN_INJECTION = frozenset(b"Depends FromDishka Provide inject NamedDependency".split())
"""Words of which a module has one among its imports where counting is worth the time."""


def read_service(sources: Sequence[Module], endpoints: Sequence[Endpoint]) -> ServiceFacts:
    """Return the styles, each with its counts; those of answers only where there are endpoints."""
    web = bool(endpoints)
    errors = _counted(sources, ERRORS, IN_ERRORS) if web else {}
    own = _own_errors(sources) if web else 0
    if own:
        errors["own exception classes"] = own
    return ServiceFacts(
        errors=_told(errors),
        logging=_told(_logging(sources)),
        dependencies=_told(_counted(sources, INJECTION, IN_INJECTION)) if web else None,
        sessions=_sessions(sources),
        responses=_responses(endpoints),
    )


def _counted(
    modules: Iterable[Module], texts: Sequence[tuple[bytes, str]], words: frozenset[bytes]
) -> dict[str, int]:
    """Return how often each text stands in the modules, in all."""
    counts: dict[str, int] = {}
    for module in modules:
        for text, name in texts if not words.isdisjoint(module.words) else ():
            if found := module.content.count(text):
                counts[name] = counts.get(name, 0) + found
    return counts


def _logging(sources: Sequence[Module]) -> dict[str, int]:
    counts = _counted(sources, LOGGING, IN_LOGGING)
    if "structlog.get_logger" in counts:
        # `get_logger(` stands in `structlog.get_logger(` too.
        counts["get_logger"] = counts.get("get_logger", 0) - counts["structlog.get_logger"]
    return {name: count for name, count in counts.items() if count > 0}


def _own_errors(sources: Iterable[Module]) -> int:
    return sum(
        module.line(offset).startswith(b"class ")
        for module in sources
        for base in (b"Exception):", b"Error):")
        for offset in module.find(base)
    )


def _told(counts: dict[str, int]) -> Fact | None:
    order = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_TOLD]
    return Fact(", ".join(f"{name} ({counts[name]})" for name in order)) if order else None


def _sessions(sources: Iterable[Module]) -> Fact | None:
    """Return the function that hands out database sessions, the one nearest the root."""
    best: tuple[int, str, Fact] | None = None
    for module in sources:
        if DATABASES.isdisjoint(module.words):
            continue
        for match in SESSION.finditer(module.content):
            body = module.indented(match.end(), 0)
            if b"yield" in body and module.code(match.start()):
                kind = "async " if match[1] == b"async def" else ""
                name = match[2].decode("ascii", "replace")
                fact = Fact(f"{kind}{name}() yields one", module.at(match.start() + 1))
                rank = module.path.count("/"), module.path, fact
                if best is None or rank[:2] < best[:2]:
                    best = rank
    return best[2] if best else None


def _responses(endpoints: Sequence[Endpoint]) -> Fact | None:
    if not endpoints:
        return None
    counts = {
        name: found
        for name in ("response_model", "return annotation")
        if (found := sum(name in one.features for one in endpoints))
    }
    told = _told(counts)
    return Fact(f"{told.text} of {len(endpoints)} endpoints") if told else None
