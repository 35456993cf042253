"""Finds variables of the environment that a service with a settings class reads past it."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import FUNCTIONS, UNKNOWN, Given, Module, argument, kind
from mcp_server.semantic.environment import environment_reads, environment_writes, is_setting
from mcp_server.semantic.models import is_settings
from mcp_server.semantic.settings import (
    SETTINGS_FILE,
    ProjectSettings,
    knows_settings,
    project_settings,
)

ELSEWHERE = frozenset(
    "settings config configs configuration conf environment env cli commands command management "
    "dev deploy deployment infra terraform alembic migrations load_tests loadtest testing tests "
    "conftest __main__ manage main_cli gunicorn gunicorn_conf constants const vendor vendored "
    "_vendor asgi wsgi bootstrap launcher startup plugins plugin extensions evaluation".split()
)
"""Folders and modules that may know the environment: settings, what starts the service, tools."""
FEW = 2
SHARE = 4
"""More than two variables, and than a quarter of the settings, past them is the project's way."""
SHOWN = 3
FOR_TESTS = re.compile(r"\b(test|debug|bench|developer|development)", re.IGNORECASE)
MESSAGE = (
    "{} past the settings, so nothing checks it at the start and no one place tells of it: make it "
    "a field of {}"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the first read of the environment in each function past settings that are in use."""
    if _is_elsewhere(module):
        return
    found = _found(module)
    if not found or _is_run(module):
        return
    if any(is_settings(module, one) for one in module.nodes(ast.ClassDef)):
        return
    settings = project_settings(module)
    if not settings.names or not knows_settings(module, settings):
        return
    read, written = _traffic(module, settings)
    if len(read) > max(FEW, settings.variables // SHARE):
        return
    for held in found.values():
        left = [(node, name) for node, name in held if name not in written]
        if left:
            yield Hit(left[0][0], MESSAGE.format(_listed(name for _, name in left), settings.shown))


def _found(module: Module) -> dict[ast.AST, list[tuple[ast.expr, str]]]:
    """Return the settings that each function of a module reads, in the order of the source."""
    reads = dict(environment_reads(module))
    found: dict[ast.AST, list[tuple[ast.expr, str]]] = {}
    for node, name in sorted(reads.items(), key=lambda one: (one[0].lineno, one[0].col_offset)):
        function = module.function(node)
        # `getenv("NEW", getenv("OLD"))` is one setting.
        if function is None or any(one in reads for one in module.above(node)):
            continue
        if not is_setting(name) or _is_fallback(module, node, reads):
            continue
        if not _is_sdk(module, node, name) and not _is_for_tests(function):
            found.setdefault(function, []).append((node, name))
    return found


def _listed(names: Iterable[str]) -> str:
    held = [*dict.fromkeys(names)]
    text = ", ".join(f"`{one}`" for one in held[:SHOWN])
    more = f" and {len(held) - SHOWN} more" if len(held) > SHOWN else ""
    return f"{text}{more} {'is' if len(held) == 1 else 'are'} read"


def _is_elsewhere(module: Module) -> bool:
    """Tell whether a module is one that may know the environment by where it lies."""
    parts = {*module.path.removesuffix(".py").split("/")}
    stem = posixpath.basename(module.path).removesuffix(".py")
    return bool(parts & ELSEWHERE) or SETTINGS_FILE.search(stem) is not None


def _is_run(module: Module) -> bool:
    """Tell whether a module is run as a program, which begins before there are settings."""
    return any(
        isinstance(one.test, ast.Compare)
        and isinstance(one.test.left, ast.Name)
        and one.test.left.id == "__name__"
        for one in module.tree.root.body
        if isinstance(one, ast.If)
    )


def _is_fallback(module: Module, node: ast.expr, reads: Iterable[ast.expr]) -> bool:
    """Tell whether what a caller gives goes before the variable, or stands in for it."""
    function = module.function(node)
    held = module.bindings.scopes.get(function, {}) if function is not None else {}
    own = {key for key, each in held.items() if all(one.imported is None for one in each)}
    given = argument(module, node, "default", 1) if isinstance(node, ast.Call) else None
    stated = isinstance(given, Given) and given.constant is UNKNOWN and given.node not in reads
    if stated and isinstance(given, Given) and own & _names(given.node):
        return True
    child: ast.AST = node
    for one in module.above(node):
        if one is function:
            return False
        if isinstance(one, ast.BoolOp) and isinstance(one.op, ast.Or) and child in one.values[1:]:
            return not any(_is_of_settings(module, each) for each in one.values)
        if isinstance(one, ast.If | ast.IfExp) and child is not one.test and function is not None:
            parameters = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
            if _is_presence(one.test) and (parameters - {"self", "cls"}) & _names(one.test):
                return True
        child = one
    return False


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _is_presence(test: ast.expr) -> bool:
    """Tell whether a test asks whether something is there."""
    if isinstance(test, ast.UnaryOp):
        test = test.operand
    if isinstance(test, ast.Compare):
        return all(isinstance(one, ast.Is | ast.IsNot) for one in test.ops)
    return isinstance(test, ast.Name)


def _is_of_settings(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is a field of settings, so that the variable is read twice."""
    owner = kind(module, node.value) if isinstance(node, ast.Attribute) else None
    return (
        owner is not None
        and owner.module is not None
        and isinstance(owner.node, ast.ClassDef)
        and is_settings(owner.module, owner.node)
    )


def _is_sdk(module: Module, node: ast.expr, name: str) -> bool:
    """Tell whether a variable is that of a package which the function imports when it is needed."""
    prefix = name.partition("_")[0].lower()
    for function in module.above(node):
        if not isinstance(function, FUNCTIONS):
            continue
        for held in module.bindings.scopes.get(function, {}).values():
            for one in held:
                if one.imported is None or not one.imported.module.lower().startswith(prefix):
                    continue
                if module.program.imported(module, one.imported) is None:
                    return True
    return False


def _is_for_tests(function: ast.AST) -> bool:
    """Tell whether a function says of itself that its variable is one for tests or developers."""
    told = ast.get_docstring(function) if isinstance(function, FUNCTIONS) else None
    return told is not None and FOR_TESTS.search(told) is not None


def _traffic(module: Module, settings: ProjectSettings) -> tuple[set[str], set[str]]:
    """Return the variables that a project reads past its settings, and those that it sets."""
    library = module.program.library
    project = library.project(module.path)
    first = module.program.module(min(settings.paths))
    kept = first.cache if first is not None else {}
    if "environment-outside-settings traffic" not in kept:
        read: set[str] = set()
        written: set[str] = set()
        paths = {
            one for word in ("environ", "getenv", "putenv", "env") for one in library.holding(word)
        }
        for source in module.program.modules(sorted(paths)):
            if source.is_test or library.project(source.path) is not project:
                continue
            written |= environment_writes(source)
            excused = source.path in settings.paths or source.is_script or _is_run(source)
            if not excused and not _is_elsewhere(source):
                read |= {name for _, name in environment_reads(source) if is_setting(name)}
        kept["environment-outside-settings traffic"] = (read, written)
    held: tuple[set[str], set[str]] = kept["environment-outside-settings traffic"]
    return held


RULE = Rule(
    name="environment-outside-settings",
    why="A variable that is read where it is used is checked only when that code runs, and nobody "
    "who deploys the service learns of it.",
    wrong="""\
# file: app/core/settings.py
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str
    sender: str


settings = Settings()
# file: app/invoices/render.py
import os

from app.core.settings import settings


def template_folder() -> str:
    return os.environ.get("INVOICE_TEMPLATES", "templates")


def sender() -> str:
    return settings.sender
""",
    right="""\
# file: app/core/settings.py
from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str
    invoice_templates: Path = Path("templates")


@cache
def get_settings() -> Settings:
    return Settings()
# file: app/invoices/render.py
from pathlib import Path

from app.core.settings import get_settings


def template_folder() -> Path:
    return get_settings().invoice_templates
""",
    taught="python-backend/references/settings.md#one-settings-class",
    source=(
        "https://docs.pydantic.dev/latest/concepts/pydantic_settings/",
        "https://fastapi.tiangolo.com/advanced/settings/",
    ),
    # Two blind readings found most of its hits wrong; six of six on services that it was mended on
    # are no proof of the contrary.
    severity="note",
    looks_at=frozenset({"service"}),
    check=check,
)
