"""Finds where a project starts: its scripts and the application objects that servers import."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from mcp_server.conventions.facts.config import PYPROJECT, Config
from mcp_server.conventions.facts.module import Module
from mcp_server.conventions.files.settings import mapping
from mcp_server.facts import Fact, Places

MOST_SPOTS = 5
APPS = frozenset(b"FastAPI Flask Starlette Litestar Celery Quart Sanic".split())
NAMES = b"|".join(sorted(APPS))
ASSIGNED = re.compile(
    rb"^(\w{1,60})[ ]?(?::[^=\n]{0,80})?=[ ]?(?:\w{1,40}\.)?"
    rb"(?:\w{0,40}(?:" + NAMES + rb")|(?:create|make|get|build|init)_\w{0,20}app)\(",
    re.MULTILINE,
)
WSGI = re.compile(rb"^(application|app)[ ]?=[ ]?get_[aw]sgi_application\(", re.MULTILINE)
SERVERS = frozenset({b"get_wsgi_application", b"get_asgi_application"})
STARTING = frozenset({"app.py", "main.py", "asgi.py", "wsgi.py", "server.py", "celery.py"})
LAYOUTS = ("src", "lib")


def find_entry_points(
    folder: str, config: Config, sources: Sequence[Module]
) -> Iterator[tuple[str, Places]]:
    """Yield the places of applications (`module:app`) and of scripts."""
    apps = sorted(_apps(folder, sources), key=lambda one: (one.source.count("/"), one.source))
    scripts = [*_scripts(config)]
    for name, found in (("apps", apps), ("scripts", scripts)):
        if found:
            yield name, Places(tuple(found[:MOST_SPOTS]), len(found))


def _scripts(config: Config) -> Iterator[Fact]:
    project = mapping(config.pyproject.get("project"))
    tables = (
        ("project.scripts", project.get("scripts")),
        ("tool.poetry.scripts", config.table("poetry").get("scripts")),
    )
    for key, table in tables:
        for name, target in mapping(table).items():
            if isinstance(target, str):
                yield Fact(f"{name} = {target}", config.at(PYPROJECT, f"{key}.{name}"))


def _apps(folder: str, modules: Iterable[Module]) -> Iterator[Fact]:
    for module in modules:
        named = posixpath.basename(module.path) in STARTING
        if named or not APPS.isdisjoint(module.words):
            for match in ASSIGNED.finditer(module.content):
                if module.code(match.start()):
                    yield _app(folder, module, match[1], match.start())
        if not SERVERS.isdisjoint(module.words):
            for match in WSGI.finditer(module.content):
                yield _app(folder, module, match[1], match.start())


def _app(folder: str, module: Module, name: bytes, offset: int) -> Fact:
    inner = module.path if folder == "." else module.path[len(folder) + 1 :]
    parts = inner.removesuffix(".py").removesuffix("/__init__").split("/")
    dotted = ".".join(parts[1:] if parts[0] in LAYOUTS and len(parts) > 1 else parts)
    return Fact(f"{dotted}:{name.decode('ascii', 'replace')}", module.at(offset))
