"""Takes one Python file apart into what it defines, imports and uses."""

from __future__ import annotations

import ast
import re

from mcp_server.code_map.by_name import attribute_by_text, keywords, pattern_local
from mcp_server.code_map.chains import CONSTANT, chain_of, keyword, text_of
from mcp_server.code_map.records import Binding, Definition, Local, Registration, Source, Use
from mcp_server.code_map.syntax import parse

DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+(?::\w+(?:\.\w+)*)?|[A-Za-z_]\w*:\w+")
LONGEST_DOTTED = 200
ROUTING = frozenset(
    "path re_path url include Route WebSocketRoute Mount add_url_rule add_route add_api_route "
    "register include_router register_blueprint mount add_get add_post add_put add_delete "
    "add_patch".split()
)
"""Names of the functions that tie a handler or a router to a path."""


def collect(path: str, content: bytes) -> Source:
    """Return what a file holds; one that cannot be parsed holds nothing and says why."""
    tree = parse(content)
    if isinstance(tree, SyntaxError):
        return Source(path, error=f"line {tree.lineno or 1}: {tree.msg}")
    source = Source(path)
    collector = _Collector(source)
    try:
        for node in tree.body:
            collector.visit(node, "", inside=False)
    except RecursionError:
        return Source(path, error="it is nested too deeply")
    return source


class _Collector:
    """One walk over a tree. `scope` is the definition that a node stands in."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def visit(self, node: ast.AST, scope: str, *, inside: bool) -> None:
        """Take over a node; `inside` tells whether that is in a function."""
        if isinstance(node, ast.expr):
            self._expression(node, scope, inside=inside)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node, scope, inside=inside)
        elif isinstance(node, ast.ClassDef):
            self._class(node, scope, inside=inside)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, scope, inside=inside)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assign(node, scope, inside=inside)
        else:
            if inside and isinstance(node, ast.ExceptHandler) and node.name:
                self._local(scope, node.name)
            if isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
                self._local(scope, node.optional_vars.id, Local(value=node.context_expr))
                self.visit(node.context_expr, scope, inside=inside)
                return
            if isinstance(node, ast.pattern):
                self._pattern(node, scope)
            for child in ast.iter_child_nodes(node):
                self.visit(child, scope, inside=inside)

    def _pattern(self, node: ast.pattern, scope: str) -> None:
        if isinstance(node, ast.MatchClass):
            self.source.keywords.extend(keywords(node, scope))
        name, known = pattern_local(node)
        if name:
            self._local(scope, name, known)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: str, *, inside: bool
    ) -> None:
        if inside:
            self._local(scope, node.name)
        else:
            name = f"{scope}.{node.name}" if scope else node.name
            self._define(name, "function", node, annotation=node.returns)
            scope = name
        arguments = node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        extra = [one for one in (arguments.vararg, arguments.kwarg) if one]
        for one in every:
            self._local(scope, one.arg, Local(annotation=one.annotation))
        for one in extra:
            self._local(scope, one.arg)
        annotations = [one.annotation for one in (*every, *extra)]
        for part in (*annotations, node.returns):
            if part is not None:
                self._annotation(part, scope)
        defaults = [one for one in arguments.kw_defaults if one]
        for child in (*node.decorator_list, *arguments.defaults, *defaults, *node.body):
            self.visit(child, scope, inside=True)

    def _class(self, node: ast.ClassDef, scope: str, *, inside: bool) -> None:
        if inside:
            self._local(scope, node.name)
            name = scope
        else:
            name = f"{scope}.{node.name}" if scope else node.name
            self._define(name, "class", node)
        for child in (*node.decorator_list, *node.bases, *node.keywords, *node.body):
            self.visit(child, name, inside=inside)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: str, *, inside: bool) -> None:
        found: dict[str, Binding] = {}
        if isinstance(node, ast.Import):
            for one in node.names:
                self.source.modules.append(Binding(one.name, line=node.lineno))
                found[one.asname or one.name.partition(".")[0]] = Binding(
                    one.name if one.asname else one.name.partition(".")[0]
                )
        else:
            module = node.module or ""
            self.source.modules.append(Binding(module, "", node.level))
            for one in node.names:
                binding = Binding(module, one.name, node.level, node.lineno)
                if one.name == "*":
                    self.source.stars.append(Binding(module, "", node.level))
                else:
                    self.source.modules.append(binding)
                    found[one.asname or one.name] = binding
        for name, binding in found.items():
            if inside:
                self._local(scope, name, Local(imported=binding))
            else:
                self.source.bindings[name] = binding
            # An import that is renamed has no use of its first name anywhere else.
            if binding.name and binding.name != name:
                self.source.imports[name] = binding

    def _assign(
        self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, scope: str, *, inside: bool
    ) -> None:
        targets = [
            each
            for one in (node.targets if isinstance(node, ast.Assign) else [node.target])
            for each in (
                one.elts if isinstance(one, ast.Tuple | ast.List) and not inside else [one]
            )
        ]
        annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
        within = scope
        for target in targets:
            if isinstance(target, ast.Name):
                if inside:
                    self._local(scope, target.id, Local(annotation, node.value))
                elif not isinstance(node, ast.AugAssign):
                    within = f"{scope}.{target.id}" if scope else target.id
                    self._define(within, "value", node, value=node.value, annotation=annotation)
            else:
                self._attribute(target, scope, Local(annotation, node.value))
                self.visit(target, scope, inside=inside)
        if annotation is not None:
            self._annotation(annotation, within)
        if node.value is not None:
            self.visit(node.value, within, inside=inside)

    def _attribute(self, target: ast.expr, scope: str, known: Local) -> None:
        """Remember what a method assigns to an attribute of its own object."""
        named = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
        owner = scope.rpartition(".")[0]
        if named and owner and target.value.id == "self":  # type: ignore[attr-defined]
            held = self.source.attributes.setdefault(owner, {})
            held.setdefault(target.attr, (scope, known))  # type: ignore[attr-defined]

    def _annotation(self, node: ast.expr, scope: str) -> None:
        """Take over an annotation, also one that is written as a text."""
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                try:
                    inner = ast.parse(part.value, mode="eval").body
                except SyntaxError:
                    continue
                for each in ast.walk(inner):
                    if isinstance(each, ast.Name | ast.Attribute):
                        self._use(scope, chain_of(each), part.lineno)
        self.visit(node, scope, inside=True)

    def _expression(self, node: ast.expr, scope: str, *, inside: bool) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._use(scope, (node.id,), node.lineno)
            else:
                self._local(scope, node.id)
        elif isinstance(node, ast.Attribute | ast.Call | ast.Subscript | ast.Await):
            self._chained(node, scope, inside=inside)
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                self._text(node.value, scope, node.lineno)
        else:
            if isinstance(node, ast.NamedExpr):
                self._local(scope, node.target.id, Local(value=node.value))
            for one in ast.walk(node.args) if isinstance(node, ast.Lambda) else ():
                if isinstance(one, ast.arg):
                    self._local(scope, one.arg)
            for child in ast.iter_child_nodes(node):
                self.visit(child, scope, inside=inside)

    def _chained(self, node: ast.expr, scope: str, *, inside: bool) -> None:
        """Take over a name with what is taken of it, and what stands in its calls."""
        rest: list[ast.AST] = []
        chain = chain_of(node, rest)
        if chain[0] != CONSTANT:
            self._use(scope, chain, node.lineno)
        self._calls(node, scope)
        for one in rest:
            self.visit(one, scope, inside=inside)

    def _calls(self, node: ast.expr, scope: str) -> None:
        call: ast.AST = node
        while isinstance(call, ast.Attribute | ast.Call | ast.Subscript | ast.Await):
            if isinstance(call, ast.Call):
                self._registration(call, scope)
                self.source.keywords.extend(keywords(call, scope))
                if (named := attribute_by_text(call)) is not None:
                    self._use(scope, named, call.lineno)
                call = call.func
            else:
                call = call.value

    def _registration(self, call: ast.Call, scope: str) -> None:
        word = chain_of(call.func)[-1]
        if word not in ROUTING:
            return
        text = next((text for one in call.args if (text := text_of(one)) is not None), None)
        given = keyword(call, "prefix", "url_prefix", "path", "route", "rule")
        stated = text_of(given) if given is not None else None
        values = (*call.args, *(one.value for one in call.keywords))
        for one in values:
            if isinstance(one, ast.Name | ast.Attribute | ast.Call):
                shown = text if stated is None else stated
                self.source.registrations.append(
                    Registration(word, shown or "", chain_of(one), scope, call.lineno)
                )

    def _text(self, text: str, scope: str, line: int) -> None:
        if len(text) <= LONGEST_DOTTED and DOTTED.fullmatch(text):
            chain = tuple(text.replace(":", ".").split("."))
            self.source.uses.append(Use(scope, chain, line, text=True))
        elif text.isidentifier():
            self.source.texts.setdefault(text, (scope, line))

    def _use(self, scope: str, chain: tuple[str, ...], line: int) -> None:
        self.source.uses.append(Use(scope, chain, line))

    def _local(self, scope: str, name: str, known: Local | None = None) -> None:
        held = self.source.locals.setdefault(scope, {})
        if name not in held or (known is not None and held[name] == Local()):
            held[name] = known or Local()

    def _define(
        self,
        name: str,
        kind: str,
        node: ast.stmt,
        *,
        value: ast.expr | None = None,
        annotation: ast.expr | None = None,
    ) -> None:
        kept = self.source.definitions.get(name)
        if kept is not None:
            # A property's setter, an overload, another branch: they stand for the same name.
            kept.others.append(node)
            return
        self.source.definitions[name] = Definition(
            name=name, kind=kind, line=node.lineno, node=node, value=value, annotation=annotation
        )
