"""Expands make's references; what only running something would tell becomes `UNKNOWN`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcp_server.conventions.make.functions import FUNCTIONS, MAX_LENGTH, absolute, substitute
from mcp_server.conventions.make.references import MOST_ARGUMENTS, Node, Reference
from mcp_server.conventions.make.text import Assignment, assignment
from mcp_server.conventions.make.variables import INHERITED, VISIT, Scope, Variable
from mcp_server.conventions.shell.words import UNKNOWN

MAX_DEPTH = 50
"""How deep variables may refer to each other, so that a `$(call)` of itself ends."""
OWN_FOLDER = frozenset({"pwd", "pwd -P", "pwd -L", "/bin/pwd", 'echo "$PWD"', "echo $PWD"})
"""Commands of `$(shell)` whose answer is the folder that make runs in."""
FOLDER_PARTS = {"D": "dir", "F": "notdir"}

Arguments = tuple[tuple[Node, ...], ...]


def assign(scope: Scope, one: Assignment) -> None:
    """Set a variable as make's assignment does."""
    before, override = scope.find(one.name), "override" in one.modifiers
    if before is not None and ((before.fixed and not override) or one.operator == "?="):
        return
    origin = "override" if override else "file"
    if one.operator == "!=":
        scope.own[one.name] = Variable(UNKNOWN, recursive=False, origin=origin)
    elif one.operator == "+=" and before is not None:
        added = one.value if before.recursive else expand(scope, one.value)
        text = f"{before.text} {added}" if before.text else added
        text = text if len(text) <= MAX_LENGTH and scope.effort.spend(len(text)) else UNKNOWN
        scope.own[one.name] = Variable(text, before.recursive, before.fixed, origin)
    elif one.operator == ":::=":
        text = expand(scope, one.value).replace("$", "$$")
        scope.own[one.name] = Variable(text, origin=origin)
    elif one.operator.startswith(":"):
        text = expand(scope, one.value)
        scope.own[one.name] = Variable(text, recursive=False, origin=origin)
    else:
        scope.own[one.name] = Variable(one.value, origin=origin)


def expand(scope: Scope, text: str) -> str:
    """Return `text` with its references replaced; an unset variable is empty, as for make."""
    effort = scope.effort
    if "$" not in text:
        return text if len(text) <= MAX_LENGTH or effort.spend(len(text)) else UNKNOWN
    if effort.depth >= MAX_DEPTH:
        return UNKNOWN
    effort.depth += 1
    try:
        return _joined(scope, effort.parsed(text))
    finally:
        effort.depth -= 1


def value(scope: Scope, name: str) -> str:
    """Return what a variable stands for; it is `UNKNOWN` where it refers to itself."""
    found = scope.find(name)
    if found is None:
        return _derived(scope, name)
    if not found.recursive:
        return found.text if scope.effort.spend(len(found.text)) else UNKNOWN
    if name in scope.effort.active:
        return UNKNOWN
    scope.effort.active.add(name)
    try:
        return expand(scope, found.text)
    finally:
        scope.effort.active.discard(name)


def _derived(scope: Scope, name: str) -> str:
    """Return the parts of automatic variables (`@D`), and what the environment would give."""
    if len(name) == 2 and name[1] in FOLDER_PARTS and scope.find(name[0]) is not None:
        text = value(scope, name[0])
        parts = FUNCTIONS[FOLDER_PARTS[name[1]]](text).split()
        return UNKNOWN if UNKNOWN in text else " ".join(one.rstrip("/") or "/" for one in parts)
    return UNKNOWN if name in INHERITED else ""


def _joined(scope: Scope, nodes: tuple[Node, ...]) -> str:
    found: list[str] = []
    length = 0
    for node in nodes:
        text = node if isinstance(node, str) else _replaced(scope, node)
        found.append(text)
        length += len(text)
        if length > MAX_LENGTH or not scope.effort.spend(len(text)):
            return UNKNOWN
    return "".join(found)


def _replaced(scope: Scope, reference: Reference) -> str:
    effort = scope.effort
    if effort.depth >= MAX_DEPTH or not effort.spend(VISIT):
        return UNKNOWN
    effort.depth += 1
    try:
        if reference.function:
            return _function(scope, reference.function, reference.arguments)
        return _named(scope, _joined(scope, reference.arguments[0]))
    finally:
        effort.depth -= 1


def _named(scope: Scope, name: str) -> str:
    if UNKNOWN in name:
        return UNKNOWN
    name, colon, rest = name.partition(":")
    pattern, equals, new = rest.partition("=")
    if not colon or not equals:
        return value(scope, f"{name}{colon}{rest}".strip())
    text = value(scope, name.strip())
    if UNKNOWN in text:
        return UNKNOWN
    if "%" not in pattern:
        pattern, new = f"%{pattern}", f"%{new}"
    return _safely(substitute, (pattern, new, text))


def _function(scope: Scope, name: str, arguments: Arguments) -> str:
    if name in LAZY:
        return LAZY[name](scope, arguments)
    return _apply(scope, name, [_joined(scope, one) for one in arguments])


def _apply(scope: Scope, name: str, arguments: list[str]) -> str:
    """Call a function that takes its arguments expanded."""
    if name in SCOPED:
        return SCOPED[name](scope, arguments)
    cost = len(arguments[-1]) * (1 + arguments[0].count("%"))
    known = name in FUNCTIONS and UNKNOWN not in "".join(arguments)
    if not known or not scope.effort.spend(cost):
        return UNKNOWN
    return _safely(FUNCTIONS[name], tuple(arguments))


def _if(scope: Scope, arguments: Arguments) -> str:
    verdict = _truth(_joined(scope, arguments[0]).strip())
    then, other = (*arguments[1:], (), ())[:2]
    if verdict is not None:
        return _joined(scope, then if verdict else other)
    text = _joined(scope, then)
    return text if text == _joined(scope, other) else UNKNOWN


def _or(scope: Scope, arguments: Arguments) -> str:
    for one in arguments:
        text = _joined(scope, one).strip()
        if (verdict := _truth(text)) is not False:
            return text if verdict else UNKNOWN
    return ""


def _and(scope: Scope, arguments: Arguments) -> str:
    text = ""
    for one in arguments:
        text = _joined(scope, one).strip()
        if (verdict := _truth(text)) is not True:
            return UNKNOWN if verdict is None else ""
    return text


def _foreach(scope: Scope, arguments: Arguments) -> str:
    if len(arguments) < 3:
        return UNKNOWN
    name, words = (_joined(scope, one).strip() for one in arguments[:2])
    if UNKNOWN in name + words:
        return UNKNOWN
    inner = Scope(scope)
    found: list[str] = []
    for word in words.split():
        inner.set({name: word})
        found.append(_joined(inner, arguments[2]))
        if not scope.effort.spend(VISIT):
            return UNKNOWN
    return " ".join(found)


def _call(scope: Scope, arguments: list[str]) -> str:
    name = arguments[0].strip()
    if name in MOST_ARGUMENTS and name not in LAZY:
        return _apply(scope, name, arguments[1:] or [""])
    found = scope.find(name)
    if found is None or UNKNOWN in name:
        return UNKNOWN if UNKNOWN in name else ""
    inner = Scope(scope)
    # Arguments of an outer call are not seen in an inner one that was given fewer.
    inner.set({str(index): "" for index in range(len(arguments), 10)})
    inner.set({str(index): text for index, text in enumerate(arguments)})
    return expand(inner, found.text) if found.recursive else found.text


def _eval(scope: Scope, arguments: list[str]) -> str:
    """Forget the variables that a text, evaluated as a part of the Makefile, would set."""
    while scope.outer is not None:
        scope = scope.outer
    lines = [line for line in "\n".join(arguments).split("\n") if line.strip()]
    found = [assignment(line.strip().removeprefix("define ")) for line in lines]
    for one in found:
        if one is not None:
            scope.own[one.name] = Variable(UNKNOWN, recursive=False)
    return "" if all(found) else UNKNOWN


def _value(scope: Scope, arguments: list[str]) -> str:
    name = arguments[0].strip()
    found = scope.find(name)
    return found.text if found else UNKNOWN if name in INHERITED else ""


def _origin(scope: Scope, arguments: list[str]) -> str:
    name = arguments[0].strip()
    found = scope.find(name)
    return found.origin if found else UNKNOWN if name in INHERITED else "undefined"


def _flavor(scope: Scope, arguments: list[str]) -> str:
    name = arguments[0].strip()
    found = scope.find(name)
    if found is None:
        return UNKNOWN if name in INHERITED else "undefined"
    return "recursive" if found.recursive else "simple"


def _wildcard(scope: Scope, arguments: list[str]) -> str:
    return UNKNOWN if UNKNOWN in arguments[0] else scope.effort.wildcard(arguments[0])


def _shell(scope: Scope, arguments: list[str]) -> str:
    return value(scope, "CURDIR") if arguments[0].strip() in OWN_FOLDER else UNKNOWN


def _realpath(scope: Scope, arguments: list[str]) -> str:
    """Return paths that are surely there: the folder of make and the Makefiles read so far."""
    known = {".", *value(scope, "MAKEFILE_LIST").split()}
    paths = absolute(arguments[0])
    return paths if set(paths.split()) <= known else UNKNOWN


def _truth(text: str) -> bool | None:
    """Tell whether a condition's text is true for make: not empty; None where nobody knows."""
    return bool(text) if not text or text.replace(UNKNOWN, "").strip() else None


def _safely(function: Callable[..., str], arguments: tuple[str, ...]) -> str:
    """Call a function; what make itself would stop at is `UNKNOWN`."""
    try:
        return function(*arguments)
    except (TypeError, ValueError):
        return UNKNOWN


LAZY: Mapping[str, Callable[[Scope, Arguments], str]] = {
    "if": _if,
    "or": _or,
    "and": _and,
    "foreach": _foreach,
}
"""Functions that expand their arguments themselves."""
SCOPED: Mapping[str, Callable[[Scope, list[str]], str]] = {
    "call": _call,
    "eval": _eval,
    "value": _value,
    "origin": _origin,
    "flavor": _flavor,
    "wildcard": _wildcard,
    "shell": _shell,
    "realpath": _realpath,
}
"""Functions that look at the variables or at the files."""
