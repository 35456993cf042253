"""Finds cross-origin settings that let every site act with a visitor's cookies."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Given,
    Module,
    argument,
    calls,
    constant,
    fields,
    is_a,
    kind,
    method_calls,
    ref,
)
from mcp_server.semantic.arguments import valued

MIDDLEWARE = "starlette.middleware.cors.CORSMiddleware"
LITESTAR = ("litestar.config.cors.CORSConfig", "litestar.config.CORSConfig")
FLASK = ("flask_cors.CORS", "flask_cors.cross_origin", "flask_cors.extension.CORS")
EVERY = re.compile(r"\*|\^?(\(?(https?\??|http\|https|https\|http)\)?://)?\(?\.[*+]\)?\$?")
"""Origins and patterns of origins that let all sites in."""
DJANGO = ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL")
ENVIRONMENT = frozenset({"os.getenv", "os.environ.get"})
LOCAL = re.compile(r"debug|dev|local|test|production|\bprod\b|\benv", re.IGNORECASE)
"""Words of a condition that holds on a developer's machine alone."""
MESSAGE = (
    "lets every site send requests with a visitor's cookies and read the answers: name the "
    "origins, or leave credentials out"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield what allows all origins together with credentials."""
    for node in (*_starlette(module), *_litestar(module), *_flask(module), *_aiohttp(module)):
        tests = (one.test for one in module.above(node) if isinstance(one, ast.If | ast.IfExp))
        if not any(LOCAL.search(ast.unparse(one)) for one in tests):
            yield Hit(node, MESSAGE)
    yield from (Hit(node, MESSAGE) for node in _django(module))


def _starlette(module: Module) -> Iterator[ast.Call]:
    made = []
    for one in calls(module, MIDDLEWARE):
        if _on(module, one.node, "allow_credentials") and _any(module, one.node, 1):
            yield one.node
    for call in (
        *method_calls(module, "add_middleware"),
        *(one.node for one in calls(module, "starlette.middleware.Middleware")),
    ):
        given = argument(module, call, "middleware_class", 0) or argument(module, call, "cls")
        if isinstance(given, Given) and is_a(ref(given.module, given.node), {MIDDLEWARE}):
            made.append(call)
    for call in made:
        if _on(module, call, "allow_credentials") and _any(module, call):
            yield call


def _litestar(module: Module) -> Iterator[ast.Call]:
    for one in calls(module, *LITESTAR):
        default = one.given("allow_origins") is None and one.given("allow_origin_regex") is None
        if _on(module, one.node, "allow_credentials") and (default or _any(module, one.node)):
            yield one.node


def _any(module: Module, call: ast.Call, position: int | None = None) -> bool:
    given = (
        argument(module, call, "allow_origins", position),
        argument(module, call, "allow_origin_regex"),
    )
    return any(isinstance(one, Given) and _every(one.module, one.node) for one in given)


def _flask(module: Module) -> Iterator[ast.Call]:
    for one in calls(module, *FLASK):
        if not _on(module, one.node, "supports_credentials"):
            continue
        origins, resources = one.given("origins"), one.given("resources")
        if isinstance(origins, Given):
            if _every(origins.module, origins.node):
                yield one.node
        elif isinstance(resources, Given):
            if _every_resource(resources):
                yield one.node
        elif origins is None and resources is None and not _configured(module):
            yield one.node


def _every_resource(resources: Given) -> bool:
    """Tell whether one of Flask's resources lets all in: `{r"/api/*": {"origins": "*"}}`."""
    source, table = valued(resources.module, resources.node)
    for each in table.values if isinstance(table, ast.Dict) else ():
        where, options = valued(source, each)
        for key, value in (
            zip(options.keys, options.values, strict=True) if isinstance(options, ast.Dict) else ()
        ):
            if key is not None and constant(where, key) == "origins" and _every(where, value):
                return True
    return False


def _configured(module: Module) -> bool:
    """Tell whether the project's configuration names the origins, which Flask reads."""
    return any(b"CORS_ORIGINS" in held for held in module.program.library.words.values())


def _aiohttp(module: Module) -> Iterator[ast.Call]:
    for one in calls(module, "aiohttp_cors.ResourceOptions"):
        table = module.parent(one.node)
        if isinstance(table, ast.Dict) and _on(module, one.node, "allow_credentials"):
            key = table.keys[table.values.index(one.node)]
            if key is not None and constant(module, key) == "*":
                yield one.node


def _django(module: Module) -> Iterator[ast.AST]:
    def on(name: str) -> ast.AST | None:
        held = module.names.get(name, [])
        last = held[-1] if held else None
        return last.node if last is not None and constant(module, last.value) is True else None

    if on("CORS_ALLOW_CREDENTIALS") is not None:
        yield from (node for name in DJANGO if (node := on(name)) is not None)


def _on(module: Module, call: ast.Call, name: str) -> bool:
    given = argument(module, call, name)
    if not isinstance(given, Given):
        return False
    source, value = valued(given.module, given.node)
    default = _default(source, value)
    return given.constant is True or (default is not None and _is_on(*default))


def _is_on(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        given = argument(module, node, "default", 0)
        return isinstance(given, Given) and given.constant is True
    return constant(module, node) is True


def _every(module: Module, node: ast.expr) -> bool:
    """Tell whether origins, or a pattern of them, let all sites in."""
    source, value = valued(module, node)
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return any(_every(source, one) for one in value.elts)
    known = constant(source, value)
    if isinstance(known, str):
        return EVERY.fullmatch(known) is not None
    if isinstance(value, ast.Call):
        return _splits(source, value)
    # A setting that lets all in unless somebody sets it.
    default = _default(source, value)
    return default is not None and _listed(*default)


def _splits(module: Module, node: ast.Call) -> bool:
    """Tell whether a text is parted that is `*`: of `getenv("ORIGINS", "*").split(",")`."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "split":
        return False
    source, text = valued(module, node.func.value)
    if constant(source, text) == "*":
        return True
    named = ref(source, text.func) if isinstance(text, ast.Call) else None
    if not isinstance(text, ast.Call) or named is None or named.dotted not in ENVIRONMENT:
        return False
    default = argument(source, text, "default", 1)
    return isinstance(default, Given) and default.constant == "*"


def _default(module: Module, node: ast.expr) -> tuple[Module, ast.expr] | None:
    """Return the default of the setting that an expression reads."""
    owner = kind(module, node.value) if isinstance(node, ast.Attribute) else None
    if (
        isinstance(node, ast.Attribute)
        and owner is not None
        and owner.module is not None
        and isinstance(owner.node, ast.ClassDef)
    ):
        held = fields(owner.module, owner.node).get(node.attr)
        if held is not None and held.default is not None:
            return held.module, held.default
    return None


def _listed(module: Module, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return constant(module, node) in (("*",), "*")
    given = argument(module, node, "default", 0)
    if isinstance(given, Given):
        return given.constant in (("*",), "*")
    factory = argument(module, node, "default_factory")
    return isinstance(factory, Given) and any(
        constant(source, one) in (("*",), "*") for source, one in _made(factory)
    )


def _made(factory: Given) -> Iterator[tuple[Module, ast.expr]]:
    """Yield what a field's factory returns."""
    source, value = valued(factory.module, factory.node)
    named = ref(source, value)
    if isinstance(value, ast.Lambda):
        yield source, value.body
    elif named is not None and named.module is not None and isinstance(named.node, FUNCTIONS):
        for one in named.module.within(named.node, ast.Return):
            if one.value is not None:
                yield named.module, one.value


RULE = Rule(
    name="cors-wildcard-credentials",
    why="The middleware answers each origin with its own name, so any site acts as the visitor.",
    wrong="""\
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_credentials=True,
    allow_methods=["*"],
)
""",
    right="""\
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://shop.example.com"],
    allow_credentials=True,
    allow_methods=["GET", "POST"],
)
""",
    taught="python-backend/references/security.md#browsers",
    source=(
        "https://fastapi.tiangolo.com/tutorial/cors/",
        "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials",
    ),
    check=check,
)
