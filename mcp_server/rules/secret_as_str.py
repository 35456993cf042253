"""Finds secrets among settings that are plain text, and so are printed with them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Field, Given, Module, annotated, bases, is_a
from mcp_server.semantic.models import default, is_settings, stated

SECRET = re.compile(
    r"(^|_)(secret|password|passwd|passphrase|token|api_?key|secret_key|private_key|signing_key|"
    r"encryption_key|secret_access_key|account_key|database_ur[il]|db_ur[il]|db_dsn|postgres_dsn|"
    r"database_dsn|(postgres(ql)?|mysql|mariadb|mongo(db)?)_(ur[il]|dsn))$"
)
PUBLIC = re.compile(
    r"(^|_)(public|publishable|site|posthog|sentry|page|next|bos|eos|pad|unk|mask|sep|stop|start|end|"
    r"special|default|sample|example|max|min|per|csrf_header)(_|$)"
)
"""Names whose values everybody may see: keys for browsers, cursors, the tokens of a tokenizer."""
MODELS = frozenset({"pydantic.BaseModel", "pydantic.v1.BaseModel"})
MESSAGE = (
    "`{}` shows up wherever the settings are printed or logged: type it `SecretStr` and call "
    "`get_secret_value()` where it is used"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the fields of settings that hold a secret as text."""
    for owner in module.nodes(ast.ClassDef):
        held = [
            Field(module, one, one.target.id)
            for one in owner.body
            if isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and is_secret(one.target.id)
        ]
        if held and not owner.name.startswith("Test") and _are_settings(module, owner):
            names = {getattr(getattr(one, "target", None), "id", "") for one in owner.body}
            for field in held:
                # Kubernetes' secrets have keys: `db_secret_name` and `db_secret_key` are a place.
                if field.name.removesuffix("key") + "name" in names:
                    continue
                if _is_inherited(field, owner):
                    continue
                if _is_text(field) and not _is_hidden(field) and not _is_file(field):
                    yield Hit(field.node, MESSAGE.format(field.name))


def _are_settings(module: Module, owner: ast.ClassDef, deepest: int = 3) -> bool:
    """Tell whether a class holds settings: it reads them itself, or is a field of one that does."""
    if is_settings(module, owner):
        return True
    if deepest == 0 or not any(is_a(one, MODELS) for one in bases(module, owner)):
        return False
    library = module.program.library
    for source in module.program.modules(library.holding(owner.name)):
        for one in source.nodes(ast.AnnAssign) if not source.is_test else ():
            outer = source.parent(one)
            if not isinstance(outer, ast.ClassDef) or outer is owner:
                continue
            if owner.name not in _words(one.annotation):
                continue
            found = annotated(source, one.annotation)
            same = found is not None and found.node is owner
            if same and _are_settings(source, outer, deepest - 1):
                return True
    return False


def _words(node: ast.expr) -> set[str]:
    """Return the words of an annotation, those in quotes too."""
    return set(re.findall(r"\w+", ast.unparse(node)))


def _is_inherited(field: Field, owner: ast.ClassDef) -> bool:
    """Tell whether a base of the project's own has the field, where it is told already."""
    return any(
        isinstance(each, ast.AnnAssign) and getattr(each.target, "id", "") == field.name
        for one in bases(field.module, owner)
        if one.node is not owner
        for each in getattr(one.node, "body", ())
    )


def is_secret(name: str) -> bool:
    """Tell by its name whether a setting must not be seen."""
    lowered = name.lower()
    return (
        SECRET.search(lowered) is not None
        and PUBLIC.search(lowered) is None
        and not name.startswith("_")
    )


def _is_text(field: Field) -> bool:
    found = annotated(field.module, field.annotation)
    return found is not None and found.dotted == "builtins.str"


def _is_hidden(field: Field) -> bool:
    given = stated(field, "repr")
    return isinstance(given, Given) and given.constant is not True


def _is_file(field: Field) -> bool:
    """Tell whether a database is a file by default, whose address holds no password."""
    value = default(field)
    return isinstance(value, str) and value.startswith("sqlite")


RULE = Rule(
    name="secret-as-str",
    why="Settings are logged, shown by error trackers and dumped whole, and a secret that is a "
    "`str` goes with them.",
    wrong="""\
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    webhook_secret: str
    page_size: int = 50
""",
    right="""\
from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    webhook_secret: SecretStr
    page_size: int = 50
""",
    taught="python-backend/references/settings.md#secrets",
    source=(
        "https://docs.pydantic.dev/latest/api/types/#pydantic.types.Secret",
        "https://docs.pydantic.dev/latest/examples/secrets/",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
