"""Finds required settings that a project's example of a dotenv file does not name."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    UNKNOWN,
    Field,
    Given,
    Module,
    bases,
    decorations,
    is_a,
    ref,
)
from mcp_server.semantic.models import configured, default, is_settings, model_fields, stated

EXAMPLES = tuple(
    ".env.example .env.sample .env.template .env.dist .env.tmpl .example.env .sample.env "
    "example.env sample.env template.env env.example env.sample env.template dotenv.example "
    ".env-example .env_example .env-sample .env.defaults".split()
)
LONGEST = 200_000
SOURCES = frozenset({"settings_customise_sources", "customise_sources"})
BEFORE = frozenset({"pydantic.model_validator", "pydantic.root_validator"})
FIRST_VERSION = frozenset({"pydantic.BaseSettings", "pydantic.v1.BaseSettings"})
ALIASES = ("validation_alias", "alias", "env")
CHOICES = ("pydantic.AliasChoices", "pydantic.aliases.AliasChoices")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MESSAGE = (
    "the service does not start without `{}`, and {} does not name it: add it there with a "
    "harmless value"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the required fields of settings that the example leaves out."""
    for owner in module.nodes(ast.ClassDef):
        if not owner.bases or not is_settings(module, owner) or _is_filled(module, owner):
            continue
        example = _example(module)
        if example is None:
            return
        name, words = example
        known = model_fields(module, owner)
        held = {key: [*_variables(module, owner, one)] for key, one in known.items()}
        # An example that names none of a class's fields is that of something else.
        if not any(_is_named(one, words) for each in held.values() for one in each):
            continue
        for key, variables in held.items():
            one = known[key]
            # A base that lies elsewhere is asked about there.
            if not variables or one.node not in owner.body:
                continue
            named = any(_is_named(each, words) for each in variables)
            if not named and _is_required(module, owner, one):
                yield Hit(one.node, MESSAGE.format(variables[0].upper(), name))


def _is_filled(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether a class takes values from more than the environment."""
    if configured(module, owner, "secrets_dir", "toml_file", "yaml_file", "json_file") is not None:
        return True
    for one in bases(module, owner):
        for each in getattr(one.node, "body", ()):
            if isinstance(each, FUNCTIONS) and one.module is not None:
                if each.name in SOURCES or each.name == "__init__":
                    return True
                if any(decorations(one.module, each, BEFORE)):
                    return True
    return False


def _is_required(module: Module, owner: ast.ClassDef, one: Field) -> bool:
    if one.default is not None and default(one) is UNKNOWN and not _is_left_open(one):
        return False
    if default(one) is not UNKNOWN:
        return False
    if stated(one, "init") is not None or stated(one, "default_factory") is not None:
        return False
    first = any(each.module is None and is_a(each, FIRST_VERSION) for each in bases(module, owner))
    # Its Optional fields have None as their default.
    return not (first and re.search(r"\bOptional\b|\bNone\b", ast.unparse(one.annotation)))


def _is_left_open(one: Field) -> bool:
    """Tell whether a field is assigned something that gives it no default: `Field(gt=0)`, `...`."""
    if isinstance(one.default, ast.Constant):
        return one.default.value is ...
    given = stated(one, "default", 0)
    return given is None or (isinstance(given, Given) and given.constant is ...)


def _variables(module: Module, owner: ast.ClassDef, one: Field) -> Iterator[str]:
    """Yield the variables that fill a field, none where they cannot be told."""
    for name in ALIASES:
        given = stated(one, name)
        if given is None:
            continue
        if not isinstance(given, Given):
            return
        value = given.constant
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, str))
        elif isinstance(given.node, ast.Call):
            named = ref(given.module, given.node.func)
            if named is not None and named.dotted in CHOICES:
                held = [Given(given.module, each).constant for each in given.node.args]
                yield from (each for each in held if isinstance(each, str))
        return
    prefix = configured(module, owner, "env_prefix")
    if prefix is None:
        yield one.name
    elif isinstance(prefix, Given) and isinstance(prefix.constant, str):
        yield f"{prefix.constant}{one.name}"


def _is_named(variable: str, words: frozenset[str]) -> bool:
    """Tell whether an example names a variable, or one below it: `DB__HOST` of `DB`."""
    lowered = variable.lower()
    return lowered in words or any(each.startswith(f"{lowered}_") for each in words)


def _example(module: Module) -> tuple[str, frozenset[str]] | None:
    """Return the example of a project, and the words that stand in it."""
    library = module.program.library
    project = library.project(module.path)
    for folder in dict.fromkeys([project.path if project else ".", "."]):
        for name in EXAMPLES:
            path = library.root / folder / name
            try:
                if path.is_file() and path.resolve().is_relative_to(library.root.resolve()):
                    with path.open(encoding="utf-8", errors="replace") as file:
                        words = WORD.findall(file.read(LONGEST))
                    shown = posixpath.normpath(posixpath.join(folder, name))
                    return shown, frozenset(each.lower() for each in words)
            except (OSError, ValueError):
                continue
    return None


RULE = Rule(
    name="undocumented-setting",
    why="Whoever copies the example gets a service that does not start, and learns the missing "
    "variable from a traceback.",
    wrong="""\
# file: .env.example
DATABASE_URL=postgresql+psycopg://shop:shop@localhost/shop
# file: app/settings.py
from pydantic import PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")

    database_url: PostgresDsn
    signing_key: SecretStr
""",
    right="""\
# file: .env.example
DATABASE_URL=postgresql+psycopg://shop:shop@localhost/shop
SIGNING_KEY=change-me
# file: app/settings.py
from pydantic import PostgresDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")

    database_url: PostgresDsn
    signing_key: SecretStr
""",
    taught="python-backend/references/settings.md#an-example-of-the-environment",
    source=(
        "https://docs.pydantic.dev/latest/concepts/pydantic_settings/#environment-variable-names",
        "https://docs.pydantic.dev/latest/concepts/pydantic_settings/#dotenv-env-support",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
