"""Finds patches by path whose target is not in the project's module that they name."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    UNKNOWN,
    Given,
    Module,
    Ref,
    argument,
    bases,
    calls,
    constant,
    method_calls,
    ref,
)
from mcp_server.semantic.paths import named_modules
from mcp_server.semantic.resolve import BUILTINS, exported

PATCHES = ("unittest.mock.patch", "mock.patch", "mock.mock.patch")
TABLES = ("unittest.mock.patch.dict", "mock.patch.dict")
MODULE_NAMES = frozenset(
    "__name__ __file__ __doc__ __dict__ __path__ __all__ __spec__ __loader__ __package__ "
    "__builtins__ __version__".split()
)
EMPTY = frozenset({"builtins.object", "abc.ABC", "typing.Protocol", "typing.Generic"})
UNREAD = frozenset({"__getattr__", "__getattribute__", "__slots__"})
CHANGING = frozenset({"globals", "locals", "vars", "setattr", "exec", "__import__"})
MESSAGE = "`{}` has no `{}`, so this patch reaches nothing: name where the code looks it up now"


def check(module: Module) -> Iterator[Hit]:
    """Yield the paths that lead into the project and end in nothing."""
    for call, given in _targets(module):
        path = _text(given)
        if path is None or path.count(".") == 0 or not path.replace(".", "").isidentifier():
            continue
        missing = _missing(module, path)
        if missing is not None and not _may_be_missing(module, call):
            at = given.node if given.module is module else call
            yield Hit(at, MESSAGE.format(*missing))


def _targets(module: Module) -> Iterator[tuple[ast.Call, Given]]:
    """Yield the calls that patch something by its path."""
    seen: set[ast.Call] = set()
    found = [(one.node, "target") for one in calls(module, *PATCHES)]
    found += [(one.node, "in_dict") for one in calls(module, *TABLES)]
    found += [(one, "target") for one in method_calls(module, "setattr", "delattr", "patch")]
    for call, name in found:
        given = argument(module, call, name, 0)
        if call not in seen and isinstance(given, Given):
            seen.add(call)
            yield call, given


def _text(given: Given) -> str | None:
    node = given.node.value if isinstance(given.node, ast.NamedExpr) else given.node
    if isinstance(node, ast.JoinedStr):
        parts = [
            constant(given.module, one.value if isinstance(one, ast.FormattedValue) else one)
            for one in node.values
        ]
        return "".join(map(str, parts)) if all(isinstance(one, str) for one in parts) else None
    value = given.constant
    return value if isinstance(value, str) else None


def _may_be_missing(module: Module, call: ast.Call) -> bool:
    """Tell whether a patch says that its target need not be there."""
    for name, usual in (("raising", True), ("create", False)):
        given = argument(module, call, name)
        if given is UNKNOWN or (isinstance(given, Given) and given.constant is not usual):
            return True
    return False


def _missing(module: Module, path: str) -> tuple[str, str] | None:
    """Return the module or class that lacks an attribute of a path, and the attribute."""
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:count])
        lacking = None
        for source in named_modules(module, name):
            found = _lacks(source, name, parts[count:])
            if found is None:
                return None
            lacking = lacking or found
        if lacking is not None:
            return lacking
    return None


def _lacks(source: Module, name: str, rest: list[str]) -> tuple[str, str] | None:
    if _is_open(source) or rest[0] in MODULE_NAMES:
        return None
    found = exported(source, rest[0])
    if found is not None:
        return _inside(found, rest[1:])
    if rest[0] in source.names or rest[0] in BUILTINS or _is_submodule(source, rest[0]):
        return None
    return name, rest[0]


def _inside(found: Ref, rest: list[str]) -> tuple[str, str] | None:
    """Look for the rest of a path in what its first attribute names."""
    if not rest or found.module is None:
        return None
    if found.node is None:
        return _lacks(found.module, posixpath.basename(found.module.path)[:-3], rest)
    if not isinstance(found.node, ast.ClassDef):
        return None
    for one in bases(found.module, found.node):
        if one.module is None or not isinstance(one.node, ast.ClassDef):
            if one.dotted not in EMPTY:
                return None
        elif _defines(one.module, one.node, rest[0]):
            return None
    return found.last, rest[0]


def _defines(module: Module, owner: ast.ClassDef, name: str) -> bool:
    """Tell whether a class has an attribute, or may have it for all that can be read."""
    names = module.bindings.scopes.get(owner, {})
    if name in names or name in module.bindings.attributes.get(owner, {}) or name[:2] == "__":
        return True
    if UNREAD & {*names} or owner.decorator_list or owner.keywords:
        return True
    return any(
        ref(module, one.value if isinstance(one, ast.Subscript) else one) is None
        for one in owner.bases
    )


def _is_submodule(source: Module, name: str) -> bool:
    """Tell whether a package has a submodule, or others import one that is made elsewhere."""
    folder, file = posixpath.split(source.path)
    if file != "__init__.py":
        return False
    library = source.program.library
    begin = posixpath.join(folder, name)
    if any(one.startswith((f"{begin}.", f"{begin}/")) for one in library.files):
        return True
    paths = [one for one in library.holding(name) if not library.is_test(one)]
    return any(_imports(one, folder, name) for one in source.program.modules(paths))


def _imports(module: Module, folder: str, name: str) -> bool:
    """Tell whether a module imports something of that name from a package's folder."""
    package = posixpath.basename(folder)
    beside = posixpath.dirname(module.path) == folder
    for one in module.nodes(ast.ImportFrom):
        held = f".{one.module or ''}."
        if f".{package}.{name}." in held or (one.level and beside and held.startswith(f".{name}.")):
            return True
        whole = held.endswith(f".{package}.") or (one.level and beside and not one.module)
        if whole and any(each.name == name for each in one.names):
            return True
    return any(
        f".{package}.{name}." in f".{each.name}."
        for one in module.nodes(ast.Import)
        for each in one.names
    )


def _is_open(source: Module) -> bool:
    """Tell whether a module has names that reading it does not tell; found once a module."""
    return bool(source.program.questions.ask(source, "open names", source.tree.root, _has_open))


def _has_open(source: Module, _root: ast.Module) -> bool:
    if "__getattr__" in source.names:
        return True
    if any(source.program.imported(source, one) is None for one in source.bindings.stars):
        return True
    if any(
        isinstance(one.func, ast.Name) and one.func.id in CHANGING and source.function(one) is None
        for one in source.nodes(ast.Call)
    ):
        return True
    return any(one.attr == "modules" for one in source.nodes(ast.Attribute)) or bool(
        source.nodes(getattr(ast, "TypeAlias", ast.Interactive))
    )


RULE = Rule(
    name="patched-path-missing",
    why="A patch by path does not follow a rename: it fails when it runs, or has replaced nothing.",
    wrong="""\
# file: app/rates.py
import httpx


def fetch_rate(currency: str) -> str:
    return httpx.get(f"https://rates.example/{currency}").text
# file: tests/test_rates.py
import pytest

from app.rates import fetch_rate


def test_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rates.download", lambda url: "1.08")
    assert fetch_rate("EUR") == "1.08"
""",
    right="""\
# file: app/rates.py
import httpx


def download(url: str) -> str:
    return httpx.get(url).text


def fetch_rate(currency: str) -> str:
    return download(f"https://rates.example/{currency}")
# file: tests/test_rates.py
import pytest

from app.rates import fetch_rate


def test_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rates.download", lambda url: "1.08")
    assert fetch_rate("EUR") == "1.08"
""",
    taught="python-backend/references/testing.md#patching",
    source=(
        "https://docs.python.org/3/library/unittest.mock.html#where-to-patch",
        "https://docs.pytest.org/en/stable/reference/reference.html#pytest.MonkeyPatch.setattr",
    ),
    looks_at=frozenset({"tests"}),
    check=check,
)
