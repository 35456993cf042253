"""Follows the templates, loops and conditions that Azure's pipelines are put together from."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from mcp_server.conventions.ci.expressions import condition, fill, whole
from mcp_server.conventions.ci.job import EACH, MAX_VALUE, Reading, kept
from mcp_server.conventions.ci.values import Known, known_of, spelled
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping
from mcp_server.conventions.shell.words import UNKNOWN

MAX_DEPTH = 10
"""How deep templates, loops and conditions may nest."""
MAX_ENTRIES = 500
MACRO = re.compile(r"\$\(([A-Za-z_][\w.-]*)\)")
HERE = frozenset({"build.sourcesdirectory", "system.defaultworkingdirectory"})
DIRECTIVE = re.compile(r"\s*\$\{\{\s*(if|elseif|else|each)\b([^\n]*)\}\}\s*\Z")
EACH_ITEM = re.compile(r"\s*(\w+)\s+in\s+(.*)\Z")


@dataclass(frozen=True, slots=True)
class Scope:
    """The parameters, loop items and variables that a place in a pipeline may name."""

    parameters: Mapping[str, Known] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, path: tuple[str, ...]) -> Known:
        """Return the value of a property, as `Lookup` says."""
        if path[0] == "variables" and len(path) > 1:
            return self.variables.get(".".join(path[1:]), UNKNOWN)
        found: object = self.parameters
        for name in path[1:] if path[0] == "parameters" else path:
            found = found.get(name, UNKNOWN) if isinstance(found, Mapping) else UNKNOWN
        return known_of(found)

    def filled(self, value: object) -> str:
        """Return a field's text with its expressions and macros filled in, "" for no text."""
        if not isinstance(value, str):
            return ""
        text = fill(value, self)

        def macro(match: re.Match[str]) -> str:
            if match[1].lower() in HERE:
                return "."
            # What is no variable of the file is one of the service, or a command of the shell.
            return self.variables.get(match[1], match[0])

        return MACRO.sub(macro, text) if "$(" in text else text

    def with_variables(self, found: Mapping[str, str]) -> Scope:
        """Return a scope with more variables, which win."""
        return replace(self, variables=kept({**self.variables, **found})) if found else self

    def entered(self, value: Value | None, inside: Inside) -> Scope:
        """Return the scope inside something with `variables`, a mapping or a list of entries."""
        if isinstance(value, dict):
            named = {str(name): self.filled(one) for name, one in value.items() if one}
            return self.with_variables(named)
        scope = self
        for entry, there, deeper in entries(value, self, inside, "variables"):
            if isinstance(entry.get("name"), Located):
                scope = scope.with_variables({str(entry["name"]): scope.filled(entry.get("value"))})
            elif "variables" in entry and deeper.depth < MAX_DEPTH:
                more = there.entered(entry["variables"], deeper)
                scope = scope.with_variables(more.variables)
        return scope

    def environment(self) -> dict[str, str]:
        """Return the variables as a script sees them."""
        return {
            name.upper().replace(".", "_").replace("-", "_"): value
            for name, value in self.variables.items()
        }


@dataclass(frozen=True, slots=True)
class Inside:
    """Where the reading of a pipeline is: its file, and how it came there."""

    reading: Reading
    path: str
    used: set[str]
    """The files that are templates, filled as they are met."""
    depth: int = 0


def entries(
    value: Value | None, scope: Scope, inside: Inside, key: str = ""
) -> Iterator[tuple[dict[str, Value], Scope, Inside]]:
    """Yield the mappings of a list, those of templates, loops and held conditions in its stead.

    `key` is under what a template holds its own list; without it the template itself is given.
    """
    if inside.depth > MAX_DEPTH:
        return
    deeper = replace(inside, depth=inside.depth + 1)
    # Whether a condition of the chain that is being read held already.
    taken = False
    for entry in islice(as_list(value), MAX_ENTRIES):
        fields = as_mapping(entry)
        if not fields or not inside.reading.spend(EACH // 4, inside.path):
            continue
        if isinstance(fields.get("template"), Located):
            yield from _template(fields, scope, deeper, key)
            continue
        directives = [(name, one) for name, one in fields.items() if "${{" in name]
        if not directives:
            yield fields, scope, inside
        for name, body in directives:
            scopes, taken = _turns(name, scope, deeper, taken=taken)
            for there in scopes:
                yield from entries(body, there, deeper, key)


def _turns(
    directive: str, scope: Scope, inside: Inside, *, taken: bool
) -> tuple[list[Scope], bool]:
    """Return the scopes that the body of a directive is read in, and whether the chain is over."""
    match = DIRECTIVE.match(directive[:MAX_VALUE])
    if match is None:
        return [], taken
    if match[1] == "each":
        items = list(_items(match[2], scope))
        return (items if inside.reading.spend(10 * len(items), inside.path) else []), taken
    taken = taken and match[1] != "if"
    held = True if match[1] == "else" else condition(match[2], scope)
    return ([scope] if not taken and held is not False else []), taken or held is True


def _items(text: str, scope: Scope) -> Iterator[Scope]:
    """Yield the scope of each turn of a loop; one with an unknown item where nobody knows."""
    match = EACH_ITEM.match(text)
    if match is None:
        return
    found = whole(f"${{{{{match[2]}}}}}", scope)
    items: list[object] = [UNKNOWN]
    if isinstance(found, list):
        items = found[:MAX_ENTRIES]
    elif isinstance(found, dict):
        items = [{"key": key, "value": one} for key, one in found.items()]
    for item in items:
        yield replace(scope, parameters={**scope.parameters, match[1]: known_of(item)})


def _template(
    fields: Mapping[str, Value], scope: Scope, inside: Inside, key: str
) -> Iterator[tuple[dict[str, Value], Scope, Inside]]:
    named = scope.filled(fields["template"])
    if UNKNOWN in named or "@" in named.removesuffix("@self"):
        return
    named = named.removesuffix("@self")
    folder = "." if named.startswith("/") else posixpath.dirname(inside.path)
    path = posixpath.normpath(posixpath.join(folder, named.lstrip("/")))
    document = as_mapping(inside.reading.document(path))
    if not document:
        return
    inside.used.add(path)
    parameters = variables_of(document.get("parameters"), "default")
    for name, one in as_mapping(fields.get("parameters")).items():
        parameters[name] = whole(one, scope) if isinstance(one, Located) else known_of(one)
        parameters[name] = known_of(parameters[name])
    there = replace(scope, parameters=parameters)
    deeper = replace(inside, path=path)
    if key and key != "variables":
        yield from entries(document.get(key), there, deeper, key)
    else:
        yield document, there, deeper


def variables_of(value: Value | None, key: str) -> dict[str, Known]:
    """Return what a list of named entries, or a plain mapping, gives its names."""
    if isinstance(value, dict):
        return {name: known_of(one) for name, one in islice(value.items(), MAX_ENTRIES)}
    found: dict[str, Known] = {}
    for entry in islice(as_list(value), MAX_ENTRIES):
        fields = as_mapping(entry)
        name = fields.get("name")
        if isinstance(name, Located):
            found[str(name)] = known_of(fields.get(key, Located(UNKNOWN)))
    return found


def conditions_met(step: Mapping[str, Value], scope: Scope) -> bool:
    """Tell whether a step may run: its condition is not known to fail."""
    asked = step.get("condition")
    return not isinstance(asked, Located) or condition(spelled(asked), scope) is not False
