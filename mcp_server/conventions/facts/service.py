"""Finds where settings, models, schemas, routes and migrations of a service live."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from mcp_server.conventions.facts.module import Module
from mcp_server.conventions.facts.sample import Sample, is_test
from mcp_server.facts import Fact, Places

MOST_SPOTS = 5
"""How many folders or files of a kind are told; the count says how many there are."""
SETTINGS = re.compile(rb"^class (\w{1,80})\([^)\n]{0,200}BaseSettings\b", re.MULTILINE)
OTHER_SETTINGS = re.compile(
    rb"^\w{1,40} ?= ?(?:starlette\.config\.)?(Config|environ\.Env|Env|Dynaconf)\(", re.MULTILINE
)
READERS = frozenset({b"starlette", b"environ", b"environs", b"decouple", b"dynaconf"})
SETTINGS_WORDS = frozenset({b"BaseSettings", b"pydantic_settings"})
DEFINES = (b"class", b"def", b"async def")
Kind: TypeAlias = tuple[frozenset[bytes], tuple[bytes, ...]]
"""Words of which the imports have one, and texts of which the code then has one."""

ROUTES: Kind = (
    frozenset(
        b"APIRouter FastAPI Flask Blueprint Starlette Litestar Controller urls view_config "
        b"viewsets views generics APIView pyramid litestar".split()
    ),
    (
        b"APIRouter(",
        b"FastAPI(",
        b"Blueprint(",
        b"Starlette(",
        b"Flask(",
        b"Litestar(",
        b"(Controller)",
        b"urlpatterns =",
        b"@view_config(",
        b".add_route(",
        b"ViewSet):",
        b"APIView):",
    ),
)
MODELS: Kind = (
    frozenset(
        b"sqlalchemy sqlmodel SQLModel models db DeclarativeBase declarative_base mapped_column "
        b"Column Mapped".split()
    ),
    (
        b" table=True",
        b"(table=True",
        b"\n    __tablename__",
        b"(DeclarativeBase",
        b"declarative_base(",
        b"mapped_column(",
        b"= Column(",
        b"(models.Model):\n",
        b"db.Model)",
    ),
)
SCHEMAS: Kind = (
    frozenset(b"BaseModel pydantic SQLModel Struct msgspec serializers Schema".split()),
    (
        b"(BaseModel",
        b"(pydantic.BaseModel",
        b"(SQLModel)",
        b"(msgspec.Struct",
        b"Serializer):",
        b"(Schema)",
    ),
)


def find_places(sample: Sample, migrations: Iterable[str]) -> tuple[tuple[str, Places], ...]:
    """Return the places of each kind that was found; `migrations` are folders of them."""
    kinds = (
        ("settings", _places([*_settings(sample.sources), *_django_settings(sample)])),
        ("models", _folders(_having(sample.sources, MODELS), "models")),
        ("schemas", _folders([*_schemas(sample.sources)], "schemas")),
        ("routes", _folders(_having(sample.sources, ROUTES), "routes")),
        ("migrations", _migrations(sample, migrations)),
    )
    return tuple((name, places) for name, places in kinds if places.count)


def _places(facts: Sequence[Fact]) -> Places:
    return Places(tuple(facts[:MOST_SPOTS]), len(facts))


def _settings(modules: Iterable[Module]) -> Iterator[Fact]:
    found = [
        Fact(match[1].decode("ascii", "replace"), module.at(match.start()))
        for module in modules
        if not SETTINGS_WORDS.isdisjoint(module.words)
        for match in SETTINGS.finditer(module.content)
        if module.code(match.start())
    ]
    found = found or [
        Fact(match[1].decode("ascii", "replace"), module.at(match.start()))
        for module in modules
        if not READERS.isdisjoint(module.words) and (match := OTHER_SETTINGS.search(module.content))
    ]
    yield from sorted(found, key=lambda one: (one.source.count("/"), one.source))


def _django_settings(sample: Sample) -> Iterator[Fact]:
    for module in sample.sources:
        offset = module.content.find(b"\nINSTALLED_APPS")
        if offset >= 0:
            yield Fact("django settings", module.at(offset + 1))


def _having(modules: Iterable[Module], kind: Kind) -> list[tuple[Module, int]]:
    """Return the modules of a kind, and where the first text that shows it stands."""
    found = []
    words, texts = kind
    for module in modules:
        for text in texts if not words.isdisjoint(module.words) else ():
            offset = next((one for one in module.find(text) if _is_used(module, one)), -1)
            if offset >= 0:
                found.append((module, offset))
                break
    return found


def _schemas(modules: Sequence[Module]) -> Iterator[tuple[Module, int]]:
    """Yield the modules of schemas: by a base that is known, else by where they lie."""
    known = {module.path: offset for module, offset in _having(modules, SCHEMAS)}
    for module in modules:
        folder, name = posixpath.split(module.path)
        named = name in {"schemas.py", "schema.py"} or posixpath.basename(folder) == "schemas"
        if module.path in known:
            yield module, known[module.path]
        elif named and (offset := module.content.find(b"\nclass ")) >= 0:
            yield module, offset + 1


def _is_used(module: Module, offset: int) -> bool:
    """Tell whether a text stands where something is used; what defines it is no use of it."""
    before = module.content[module.line_start(offset) : offset].strip()
    return not before.startswith(b"#") and before not in DEFINES


def _folders(found: Sequence[tuple[Module, int]], noun: str) -> Places:
    """Return one file as its place, several files as their folders, the fullest first."""
    by_folder: dict[str, list[tuple[Module, int]]] = {}
    for module, offset in found:
        by_folder.setdefault(posixpath.dirname(module.path), []).append((module, offset))
    if len(by_folder) > MOST_SPOTS:
        by_folder = _patterns(by_folder)
    spots = []
    for folder, inside in sorted(by_folder.items(), key=lambda one: (-len(one[1]), one[0])):
        module, offset = inside[0]
        if len(inside) == 1:
            spots.append(Fact(posixpath.basename(module.path), module.at(offset)))
        else:
            spots.append(
                Fact(
                    f"{len(inside)} files with {noun}",
                    folder if folder.endswith(".py") else f"{folder or '.'}/",
                )
            )
    return Places(tuple(spots[:MOST_SPOTS]), len(found))


def _patterns(
    by_folder: dict[str, list[tuple[Module, int]]],
) -> dict[str, list[tuple[Module, int]]]:
    """Join equally named files of sister folders: `app/*/models.py` is one place."""
    same: Counter[str] = Counter()
    for inside in by_folder.values():
        same.update({_pattern(module.path) for module, _ in inside})
    joined: dict[str, list[tuple[Module, int]]] = {}
    for folder, inside in by_folder.items():
        for module, offset in inside:
            pattern = _pattern(module.path)
            key = pattern if same[pattern] > 2 else folder
            joined.setdefault(key, []).append((module, offset))
    return joined


def _pattern(path: str) -> str:
    folder, name = posixpath.split(path)
    return f"{posixpath.dirname(folder)}/*/{name}".lstrip("/")


def _migrations(sample: Sample, folders: Iterable[str]) -> Places:
    """Return the folders of migrations: alembic's, and django's, which are named so."""
    held: Counter[str] = Counter()
    for path in sample.python:
        folder, name = posixpath.split(path)
        inside = posixpath.basename(folder) == "migrations" and not is_test(path)
        if inside and re.match(r"\d{4}_", name):
            held[folder] += 1
    known = list(dict.fromkeys(folders))
    for folder in known:
        held[folder] = sum(
            posixpath.dirname(path) == folder and not path.endswith("/__init__.py")
            for path in sample.python
        )
    order = sorted(held, key=lambda one: (one not in known, -held[one], one))
    spots = tuple(
        Fact(f"{held[one]} migration{'s' * (held[one] > 1)}", f"{one}/")
        for one in order[:MOST_SPOTS]
    )
    return Places(spots, len(held))
