"""Finds tests that keep the dotenv file out of settings and let the process environment in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Call,
    Function,
    Given,
    Module,
    argument,
    bases,
    calls,
    decorations,
    kind,
    method_calls,
    ref,
    spread,
    text,
)
from mcp_server.semantic.models import is_settings, model_fields
from mcp_server.semantic.pytest_settings import conftests

SOURCES = frozenset({"settings_customise_sources", "customise_sources"})
FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture"})
ENVIRONMENT = frozenset({"os.environ", "builtins.environ"})
PATCHES = ("unittest.mock.patch.dict", "mock.patch.dict")
CHANGES = ("setenv", "delenv", "clear", "pop", "update", "dict", "setitem", "delitem")
MESSAGE = (
    "`_env_file=None` leaves the process environment to fill what is not passed: delete its "
    "variables, or use a subclass whose `settings_customise_sources` returns only `init_settings`"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the first construction of each settings class that still reads the environment."""
    told: set[str] = set()
    for call in module.nodes(ast.Call):
        if not call.keywords and not isinstance(call.func, ast.Name | ast.Attribute):
            continue
        found = ref(module, call.func)
        if found is None or found.module is None or not isinstance(found.node, ast.ClassDef):
            continue
        if found.dotted in told or not _is_without_file(module, call):
            continue
        if not _takes_more(module, call, found.module, found.node) or _is_controlled(module, call):
            continue
        if not _reads_passed(module, call, found.module, found.node):
            told.add(found.dotted)
            yield Hit(call, MESSAGE)


def _is_without_file(module: Module, call: ast.Call) -> bool:
    given = argument(module, call, "_env_file")
    return isinstance(given, Given) and given.constant is None


def _takes_more(module: Module, call: ast.Call, source: Module, owner: ast.ClassDef) -> bool:
    """Tell whether settings have fields that are not passed, and take them from the environment."""
    if not is_settings(source, owner) or _has_sources(source, owner):
        return False
    if isinstance(argument(module, call, "_env_prefix"), Given):
        return False
    passed = {key for key, _ in spread(module, call) if key is not None and key[:1] != "_"}
    return len(passed) < len(model_fields(source, owner))


def _reads_passed(module: Module, call: ast.Call, source: Module, owner: ast.ClassDef) -> bool:
    """Tell whether a test looks only at fields that it passes, itself or through methods."""
    assigned = module.parent(call)
    function = module.function(call)
    if not isinstance(assigned, ast.Assign) or function is None or len(assigned.targets) != 1:
        return False
    target = assigned.targets[0]
    uses = [
        module.parent(one)
        for one in module.within(function, ast.Name)
        if isinstance(target, ast.Name) and one.id == target.id and isinstance(one.ctx, ast.Load)
    ]
    passed = {key.lower() for key, _ in spread(module, call) if key is not None}
    held = {
        each.name: each
        for one in reversed([*bases(source, owner)])
        for each in getattr(one.node, "body", ())
        if isinstance(each, FUNCTIONS)
    }

    def is_passed(name: str, deepest: int = 3) -> bool:
        if name.lower() in passed:
            return True
        method = held.get(name)
        return (
            method is not None
            and deepest > 0
            and all(
                is_passed(one.attr, deepest - 1)
                for one in ast.walk(method)
                if isinstance(one, ast.Attribute)
                and isinstance(one.value, ast.Name)
                and one.value.id == "self"
            )
        )

    return bool(uses) and all(
        isinstance(one, ast.Attribute) and is_passed(one.attr) for one in uses
    )


def _has_sources(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether a class says itself where its values come from."""
    return any(
        isinstance(each, FUNCTIONS) and each.name in SOURCES
        for one in bases(module, owner)
        for each in getattr(one.node, "body", ())
    )


def _is_controlled(module: Module, call: ast.Call, *, deep: bool = True) -> bool:
    """Tell whether the test, or a fixture around it, deals with the environment itself."""
    around = [one for one in (call, *module.above(call)) if isinstance(one, FUNCTIONS)]
    if deep and around and not around[-1].name.startswith("test"):
        callers = [
            one
            for one in module.nodes(ast.Call)
            if getattr(one.func, "attr", getattr(one.func, "id", "")) == around[-1].name
        ]
        if callers and all(_is_controlled(module, one, deep=False) for one in callers):
            return True
    if any(one in around for one in _changing(module)):
        return True
    if None in _changing(module):
        return True
    asked = {each.arg for one in around for each in (*one.args.args, *one.args.kwonlyargs)}
    asked |= {
        each.value
        for one in method_calls(module, "usefixtures")
        for each in one.args
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }
    for source in (module, *conftests(module)):
        for function in _changing(source):
            if function is None:
                continue
            for _, decorator in decorations(source, function, FIXTURES):
                if function.name in asked or _is_autouse(source, decorator):
                    return True
    return False


def _is_autouse(module: Module, decorator: ast.expr) -> bool:
    given = argument(module, decorator, "autouse") if isinstance(decorator, ast.Call) else None
    return isinstance(given, Given) and given.constant is True


def _changing(module: Module) -> set[Function | None]:
    """Return the functions that change or clear the environment, None for a module's own code."""
    if "settings-env-file" not in module.cache:
        found: set[Function | None] = set()
        for call in method_calls(module, *CHANGES):
            method = getattr(call.func, "attr", "")
            if method in {"setenv", "delenv"} or _is_environment(module, call):
                found |= _owners(module, call)
        for patch in calls(module, *PATCHES):
            if _patches(patch):
                found |= _owners(module, patch.node)
        module.cache["settings-env-file"] = found
    held: set[Function | None] = module.cache["settings-env-file"]
    return held


def _owners(module: Module, node: ast.AST) -> set[Function | None]:
    """Return the function that a node stands in or decorates; for a class all of its methods."""
    for one in module.above(node):
        if isinstance(one, FUNCTIONS):
            return {one}
        if isinstance(one, ast.ClassDef):
            return {each for each in one.body if isinstance(each, FUNCTIONS)}
    # What a module clears as it is imported is clear for all of it; what it sets is not.
    cleared = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"clear", "pop"}
    return {None} if cleared else set()


def _is_environment(module: Module, call: ast.Call) -> bool:
    """Tell whether a method of the environment is called, or one that is given it."""
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr in {"dict", "setitem", "delitem"}:
        return bool(call.args) and _names_it(module, call.args[0])
    return _names_it(module, call.func.value)


def _names_it(module: Module, node: ast.expr) -> bool:
    found = ref(module, node) or kind(module, node)
    if found is not None and found.dotted in ENVIRONMENT:
        return True
    return text(module, node) in ENVIRONMENT


def _patches(call: Call) -> bool:
    given = call.given("in_dict", 0)
    return isinstance(given, Given) and _names_it(given.module, given.node)


RULE = Rule(
    name="settings-env-file",
    why="`_env_file=None` switches off the dotenv file only, so a test passes or fails by what the "
    "shell that runs it has exported.",
    wrong="""\
# file: app/config.py
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")

    rate_limit_backend: str = "memory"
    base_url: str
# file: tests/test_config.py
from app.config import Settings


def test_limits_in_memory_by_default() -> None:
    settings = Settings(_env_file=None, base_url="http://testserver")
    assert settings.rate_limit_backend == "memory"
""",
    right="""\
# file: app/config.py
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")

    rate_limit_backend: str = "memory"
    base_url: str
# file: tests/test_config.py
import pytest

from app.config import Settings


def test_limits_in_memory_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RATE_LIMIT_BACKEND", raising=False)
    settings = Settings(_env_file=None, base_url="http://testserver")
    assert settings.rate_limit_backend == "memory"
""",
    taught="python-backend/references/settings.md#settings-in-tests",
    source=(
        "https://docs.pydantic.dev/latest/concepts/pydantic_settings/#dotenv-env-support",
        "https://docs.pydantic.dev/latest/concepts/pydantic_settings/#customise-settings-sources",
    ),
    looks_at=frozenset({"tests"}),
    check=check,
)
