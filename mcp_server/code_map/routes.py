"""Finds the routes that a handler serves, by its decorators and by what is registered for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcp_server.code_map.chains import chain_of, keyword, text_of
from mcp_server.code_map.collect import ROUTING
from mcp_server.code_map.importers import Importers
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import CALLED, Binding, Definition, Source, Symbol, Use
from mcp_server.code_map.resolve import Resolver

METHODS = frozenset("get post put patch delete head options trace websocket".split())
ANY = frozenset({"route", "api_route", "websocket_route", "view_config"})
NOT_ROUTERS = frozenset("mock mocker responses respx requests monkeypatch patch httpx".split())
REGISTERING = frozenset(one.encode() for one in ROUTING)
MOUNTING = frozenset({"include_router", "register_blueprint", "mount", "include", "Mount"})
MOUNTS = tuple(f"{one}(".encode() for one in MOUNTING)
DEEPEST = 4
PARAMETER = re.compile(r"\{[^}]*\}|<[^>]*>|\(\?P<[^>]*>[^)]*\)")
VIEWS = ("View", "ViewSet", "APIView", "Controller", "Resource", "HTTPEndpoint", "MethodView")


@dataclass(frozen=True, slots=True)
class Route:
    """A path that a handler serves; `method` is "" where it is not told."""

    method: str
    url: str
    handler: Symbol
    line: int

    def __str__(self) -> str:
        """Return method and path as a person writes them."""
        return f"{self.method} {self.url}".strip()


class Routes:
    """Looks for the routes of handlers in a library."""

    def __init__(self, library: Library, resolver: Resolver, importers: Importers) -> None:
        self.library, self.resolver, self.importers = library, resolver, importers
        self._prefixes: dict[Symbol, tuple[str, ...]] = {}

    def of(self, symbol: Symbol) -> list[Route]:
        """Return the routes that a function, a method or a class serves."""
        definition = self.library.source(symbol.path).definitions.get(symbol.name)
        if definition is None or definition.kind == "value":
            return []
        found = [*self._decorated(symbol, definition)]
        found += self._registered(symbol, definition)
        owner = Symbol(symbol.path, symbol.owner)
        if definition.kind == "function" and symbol.owner:
            held = self.library.source(symbol.path).definitions.get(owner.name)
            if held is not None and self._is_view(owner):
                method = symbol.last.upper() if symbol.last in METHODS else ""
                found += [
                    Route(method or one.method, one.url, symbol, definition.line)
                    for one in self._registered(owner, held)
                ]
        return list(dict.fromkeys(found))

    def _is_view(self, symbol: Symbol) -> bool:
        return any(one.endswith(VIEWS) for one in self.resolver.foreign(symbol))

    def _decorated(self, symbol: Symbol, definition: Definition) -> Iterator[Route]:
        # A factory of apps has its handlers inside.
        inner = getattr(definition.node, "body", []) if definition.kind == "function" else []
        for node in (definition.node, *inner):
            for one in getattr(node, "decorator_list", []):
                yield from self._decorator(one, symbol, definition)

    def _decorator(self, node: ast.expr, symbol: Symbol, definition: Definition) -> Iterator[Route]:
        if not isinstance(node, ast.Call):
            return
        chain = tuple(part for part in chain_of(node.func) if part != CALLED)
        word = chain[-1]
        if word not in METHODS | ANY or not NOT_ROUTERS.isdisjoint(chain[:-1]):
            return
        if len(chain) == 1 and not self._is_imported(symbol.path, word):
            return
        given = node.args[0] if node.args else keyword(node, "path", "rule", "route")
        text = text_of(given)
        if text is None and (len(chain) > 1 or node.args):
            return
        if text and len(chain) > 1 and not text.startswith("/") and text:
            return
        methods = keyword(node, "methods")
        named = [text_of(one) for one in getattr(methods, "elts", [])]
        method = word.upper() if word in METHODS else "|".join(one for one in named if one)
        for prefix in self._before(symbol, chain):
            yield Route(method, _joined(prefix, text or ""), symbol, definition.line)

    def _before(self, symbol: Symbol, chain: tuple[str, ...]) -> tuple[str, ...]:
        """Return what stands before the path of a route: the prefixes of its routers."""
        if len(chain) == 1:
            held = self.library.source(symbol.path).definitions.get(f"{symbol.owner}.path")
            return (text_of(held.value) or "",) if held is not None else ("",)
        use = Use("", chain[:-1], 0)
        symbols = self.resolver.meaning(symbol.path, use).symbols
        return self._prefix(symbols[-1]) if symbols else ("",)

    def _prefix(self, router: Symbol, depth: int = 0) -> tuple[str, ...]:
        """Return the paths under which a router is reached."""
        if router in self._prefixes or depth > DEEPEST:
            return self._prefixes.get(router, ("",))
        definition = self.library.source(router.path).definitions.get(router.name)
        value = definition.value if definition is not None else None
        own = ""
        if isinstance(value, ast.Call):
            own = text_of(keyword(value, "prefix", "url_prefix", "path", "root_path")) or ""
        self._prefixes[router] = (own,)
        found = [
            _joined(above, _joined(text, own))
            for outer, text in self._mounts(router)
            for above in (self._prefix(outer, depth + 1) if outer else ("",))
        ]
        self._prefixes[router] = tuple(dict.fromkeys(found)) or (own,)
        return self._prefixes[router]

    def _mounts(self, router: Symbol) -> Iterator[tuple[Symbol | None, str]]:
        """Yield the routers and applications that include a router, and the paths for it."""
        passing = {router.path, *self.importers.direct(router.path)}
        for path in sorted(passing | {two for one in passing for two in self._near(one)}):
            content = self.library.contents.get(path, b"")
            if self.library.is_test(path) or not any(one in content for one in MOUNTS):
                continue
            source = self.library.source(path)
            for one in source.registrations:
                chain = tuple(part for part in one.handler if part != CALLED)
                if one.word in MOUNTING and self._from(source, chain[0], passing):
                    touched = self.resolver.meaning(path, Use(one.scope, chain, 0)).symbols
                    if touched[-1:] == (router,):
                        yield self._mounter(source, one.scope, one.line), one.text

    def _near(self, path: str) -> Iterable[str]:
        """Return who imports what a package's file passes on."""
        return self.importers.direct(path) if path.endswith("/__init__.py") else ()

    def _from(self, source: Source, name: str, passing: set[str]) -> bool:
        """Tell whether a name can come from one of some files; what is not imported can."""
        binding = source.bindings.get(name)
        if binding is None:
            return True
        inner = f"{binding.module}.{binding.name}" if binding.module else binding.name
        near = (binding, Binding(inner, "", binding.level)) if binding.name else (binding,)
        origins = [self.library.module(one, source.path) for one in near]
        return not any(origins) or not passing.isdisjoint(one for one in origins if one)

    def _mounter(self, source: Source, scope: str, line: int) -> Symbol | None:
        """Return the router that includes another one in a line."""
        for use in source.uses:
            called = use.line == line and use.scope == scope and use.chain[-1] == CALLED
            cut = next((i for i, part in enumerate(use.chain) if part in MOUNTING), 0)
            if called and cut:
                meaning = self.resolver.meaning(source.path, Use(scope, use.chain[:cut], 0))
                return meaning.symbols[-1] if meaning.symbols else None
        return None

    def _registered(self, symbol: Symbol, definition: Definition) -> Iterator[Route]:
        for path in self.importers.candidates(symbol, symbol.last):
            registers = not self.library.words[path].isdisjoint(REGISTERING)
            if self.library.is_test(path) or not registers:
                continue
            source = self.library.source(path)
            for one in source.registrations:
                if symbol.last not in one.handler or one.word in MOUNTING:
                    continue
                chain = tuple(part for part in one.handler if part != CALLED)
                if "as_view" in chain:
                    chain = chain[: chain.index("as_view")]
                if symbol in self.resolver.meaning(path, Use(one.scope, chain, 0)).symbols[-1:]:
                    method = one.word[4:].upper() if one.word[4:] in METHODS else ""
                    yield Route(method, _joined("", one.text), symbol, definition.line)

    def _is_imported(self, path: str, word: str) -> bool:
        binding = self.library.source(path).bindings.get(word)
        return binding is not None and self.resolver.named(path, word) is None


def matches(url: str, text: str) -> bool:
    """Tell whether a text of a test can be the path of a route, which may have more before it.

    A parameter stands for any segment; what an f-string computes is a segment, too.
    """
    wanted, given = _segments(PARAMETER.sub("{}", url)), _segments(text.partition("?")[0])
    if not wanted or len(given) < len(wanted) or all(one == "{}" for one in wanted):
        return False
    tail = given[len(given) - len(wanted) :]
    return all(one in {"{}", two} for one, two in zip(wanted, tail, strict=True))


def _segments(url: str) -> list[str]:
    return [one for one in url.strip("^$").split("/") if one]


def _joined(prefix: str, text: str) -> str:
    """Return a path below a prefix, with the slash at its end where it has one."""
    joined = f"{prefix.rstrip('/')}/{text.lstrip('/')}" if text or not prefix else prefix
    return joined if joined.startswith("/") else f"/{joined}"
