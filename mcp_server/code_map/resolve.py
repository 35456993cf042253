"""Says what a name means: follows imports, re-exports, bases, annotations and assignments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.code_map.chains import chain_of, names
from mcp_server.code_map.kinds import DEEPEST, UNKNOWN, Kinds
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import (
    CALLED,
    ITEM,
    UNNAMED,
    Binding,
    Definition,
    Local,
    Meaning,
    Source,
    Symbol,
    Use,
)

MOST_BASES = 50
NAMING = frozenset("filter_by replace _replace model_copy evolve".split())
"""Foreign functions whose keywords are fields of what they are given."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
TYPES = frozenset({"str", "bytes", "int", "float", "bool", "dict", "list", "set", "tuple"})
PROPERTIES = frozenset({"property", "cached_property", "hybrid_property"})


class Resolver(Kinds):
    """Follows names through the files of a library. None stands for what is not the project's."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._meanings: dict[tuple[str, str, tuple[str, ...], bool], Meaning] = {}
        self._lineages: dict[Symbol, list[Symbol]] = {}

    def meaning(self, path: str, use: Use) -> Meaning:
        """Return what a use touches."""
        key = (path, use.scope, use.chain, use.text or use.keyword)
        if key not in self._meanings:
            self._meanings[key] = (
                self._text(use, path)
                if use.text
                else self._keyword(path, use)
                if use.keyword
                else self.follow(path, use.scope, use.chain)
            )
        return self._meanings[key]

    def _keyword(self, path: str, use: Use) -> Meaning:
        """Return the field that a keyword names: of a class that is called, of another maybe."""
        called = self.follow(path, use.scope, use.chain[:-2]).last
        maybe = Meaning((), use.chain[-1:], UNKNOWN)
        if called is None:
            return maybe if use.chain[-3] in NAMING else Meaning()
        definition = self.library.source(called.path).definitions.get(called.name)
        if definition is None:
            return maybe
        if definition.kind == "class":
            held = self.member(called, use.chain[-1]) or UNKNOWN
            field = self.library.source(held.path).definitions.get(held.name)
            return Meaning((held,) if field is not None and field.kind == "value" else ())
        takes = not isinstance(definition.node, FUNCTIONS) or definition.node.args.kwarg
        return maybe if takes else Meaning()

    def bases(self, symbol: Symbol) -> Iterator[tuple[tuple[str, ...], Symbol | None]]:
        """Yield the bases of a class as written, with those that are the project's."""
        node = self.library.source(symbol.path).definitions[symbol.name].node
        for one in node.bases if isinstance(node, ast.ClassDef) else ():
            chain = tuple(part for part in chain_of(one) if part != ITEM)
            found = self.follow(symbol.path, "", chain).last
            yield chain, found if found is not None and self.is_class(found) else None

    def lineage(self, symbol: Symbol) -> list[Symbol]:
        """Return a class and the project's classes that it inherits from, nearest first."""
        if symbol not in self._lineages:
            # Whoever asks again on the way, in a circle of bases, gets what is known by then.
            found = self._lineages[symbol] = [symbol]
            for one in found:
                if len(found) > MOST_BASES:
                    break
                found += [base for _, base in self.bases(one) if base and base not in found]
        return self._lineages[symbol]

    def foreign(self, symbol: Symbol) -> set[str]:
        """Return the last names of all bases from outside of the project."""
        return {
            names(chain)[-1]
            for one in self.lineage(symbol)
            for chain, base in self.bases(one)
            if base is None
        }

    def member(self, owner: Symbol, name: str) -> Symbol | None:
        """Return what an attribute of a class means, UNKNOWN where a foreign base may have it."""
        for one in self.lineage(owner):
            held = Symbol(one.path, f"{one.name}.{name}")
            source = self.library.source(one.path)
            if held.name in source.definitions or name in source.attributes.get(one.name, {}):
                return held
        return UNKNOWN

    def _text(self, use: Use, path: str) -> Meaning:
        """Return what a text means that spells a path: the longest beginning that is a module."""
        for end in range(len(use.chain), 0, -1):
            module = self.library.module(Binding(".".join(use.chain[:end])), path)
            if module and (end > 1 or len(use.chain) > 1):
                rest = use.chain[end:]
                return self._attributes([Symbol(module, "")], rest)
        return Meaning()

    def follow(self, path: str, scope: str, chain: tuple[str, ...], depth: int = 0) -> Meaning:
        """Return what a chain means in a definition of a file."""
        first, rest = chain[0], chain[1:]
        if first == UNNAMED or depth > DEEPEST:
            return Meaning((), names(rest), UNKNOWN)
        owner = scope.rpartition(".")[0]
        if first == "super" and rest[:1] == (CALLED,) and len(rest) > 1:
            return self._super(path, owner, rest[1:])
        source = self.library.source(path)
        known = self._local(source, scope, first)
        if known is None:
            return self._global(path, first, rest)
        if known.imported is not None:
            return self._imported(path, known.imported, rest)
        own = owner in source.definitions and first in {"self", "cls"}
        kind = Symbol(path, owner) if own else self.of_local(path, scope, known, depth + 1)
        if kind is None or kind == UNKNOWN:
            return Meaning((), names(rest), kind) if kind else _beyond(rest)
        return self._attributes([kind], rest, skip=1)

    def _global(self, path: str, first: str, rest: tuple[str, ...]) -> Meaning:
        found = self.named(path, first)
        if found is not None:
            return self._attributes([found], rest)
        binding = self.library.source(path).bindings.get(first)
        return self._package(path, binding, rest) if binding else _beyond(rest, first)

    def _imported(self, path: str, binding: Binding, rest: tuple[str, ...]) -> Meaning:
        start = self.bound(path, binding)
        if start is None:
            return self._package(path, binding, rest)
        return self._attributes([start], rest)

    def _package(self, path: str, binding: Binding, rest: tuple[str, ...]) -> Meaning:
        """Return what follows the name of a folder of modules that has no file of its own."""
        dotted = ".".join(one for one in (binding.module, binding.name) if one)
        for index, part in enumerate(rest):
            if part in {CALLED, ITEM}:
                break
            dotted = f"{dotted}.{part}"
            module = self.library.module(Binding(dotted, "", binding.level), path)
            if module:
                return self._attributes([Symbol(module, "")], rest[index + 1 :])
        return _beyond(rest, dotted.rpartition(".")[2])

    def _super(self, path: str, owner: str, rest: tuple[str, ...]) -> Meaning:
        if owner not in self.library.source(path).definitions:
            return Meaning()
        for one in self.lineage(Symbol(path, owner))[1:]:
            held = Symbol(one.path, f"{one.name}.{rest[0]}")
            if held.name in self.library.source(one.path).definitions:
                return self._attributes([held], rest[1:])
        return Meaning()

    def _attributes(self, found: list[Symbol], rest: tuple[str, ...], skip: int = 0) -> Meaning:
        """Follow the attributes of what was found; the first `skip` are not touched themselves."""
        touched, now = found[skip:], found[-1]
        for index, part in enumerate(rest):
            after = self._after(now, part, touched)
            if after is None:
                further = _beyond(rest[index + (part in {CALLED, ITEM}) :])
                return Meaning(tuple(touched), further.loose, further.last)
            if after == UNKNOWN:
                loose = rest[index + (part in {CALLED, ITEM}) :]
                return Meaning(tuple(touched), names(loose), UNKNOWN)
            now = after
        return Meaning(tuple(touched), (), now)

    def _after(self, now: Symbol, part: str, touched: list[Symbol]) -> Symbol | None:
        """Return what one more part of a chain comes to, and add what that touches."""
        definitions = self.library.source(now.path).definitions
        kind = definitions[now.name].kind if now.name in definitions else ""
        if part in {CALLED, ITEM}:
            if kind != "class":
                return self.type_of(now) if part == CALLED else UNKNOWN
            made = Symbol(now.path, f"{now.name}.__init__")
            touched += [made] if part == CALLED and made.name in definitions else []
            return now
        if not now.name:
            after = self.named(now.path, part)
        elif kind == "function" and not _is_property(definitions[now.name]):
            return None
        else:
            owner = now if kind == "class" else self.type_of(now)
            after = self.member(owner, part) if owner and owner != UNKNOWN else owner
        touched += [after] if after and after != UNKNOWN else []
        return after

    def _local(self, source: Source, scope: str, name: str) -> Local | None:
        """Return what is known of a variable of a function, None where it has none of the name."""
        definition = source.definitions.get(scope)
        if definition is None or definition.kind != "function":
            held = source.locals.get(scope, {}) if not definition else {}
            return held.get(name) if name not in source.definitions else None
        return source.locals.get(scope, {}).get(name)


def _is_property(definition: Definition) -> bool:
    return any(chain_of(one)[-1] in PROPERTIES for one in definition.decorators)


def _beyond(rest: tuple[str, ...], name: str = "") -> Meaning:
    """Return what follows a foreign value, called `name`: what it gives may be the project's.

    What a foreign class makes is its own, as its name says: `AsyncSession(engine)`.
    """
    for at, part in enumerate(rest):
        if part not in {CALLED, ITEM}:
            name = part
        elif not _is_class_name(name):
            return Meaning((), names(rest[at + 1 :]), UNKNOWN)
        elif part == CALLED:
            name = ""
    return Meaning()


def _is_class_name(name: str) -> bool:
    bare = name.lstrip("_")
    return name in TYPES or (bare[:1].isupper() and not bare.isupper())
