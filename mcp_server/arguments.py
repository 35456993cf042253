"""Holds the arguments of a call against the schema that its tool declares; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from mcp_server.errors import UsageError, one_line

Schema: TypeAlias = Mapping[str, Any]

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "array": (list,),
    "boolean": (bool,),
}
NOUNS = {"string": "text", "number": "a number", "array": "a list", "boolean": "true or false"}
SHOWN_VALUE = 60
SHOWN_NAMES = 5


def read_arguments(tool: str, schema: Schema, given: object) -> dict[str, Any]:
    """Return the arguments of a call as the tool declares them.

    A null is an argument left out. A client that sends a list or a number as JSON text is
    understood, and so is a single text where a list of them may stand. Raises `UsageError` for
    whatever else the schema does not declare.
    """
    properties: Mapping[str, Schema] = schema["properties"]
    if not isinstance(given, dict):
        msg = f"The arguments of {tool} must be an object such as {_call(properties)}, "
        raise UsageError(msg + f"not {_described(given)}.")
    if unknown := sorted(str(name) for name in given.keys() - properties.keys()):
        named = ", ".join(one_line(name, SHOWN_VALUE) for name in unknown[:SHOWN_NAMES])
        more = ", ..." if len(unknown) > SHOWN_NAMES else ""
        msg = f"Unknown argument {named}{more}. {tool} takes: {', '.join(sorted(properties))}."
        raise UsageError(msg)
    for name in schema.get("required", ()):
        if given.get(name) is None:
            msg = f"{tool} needs {name}, {_expected(properties[name])}."
            raise UsageError(msg)
    read = {}
    for name, value in given.items():
        if value is None:
            continue
        meant = _meant(properties[name], value)
        if not _admits(properties[name], meant):
            msg = f"{name} must be {_expected(properties[name])}, not {_described(value)}."
            raise UsageError(msg)
        read[name] = meant
    return read


def lean_schema(schema: Schema) -> dict[str, Any]:
    """Return a schema without titles, which repeat the names, and without nulls.

    A null says no more than a field that is absent, as hdb's records leave it.
    """
    lean: dict[str, Any] = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:
            lean[key] = {name: lean_schema(one) for name, one in value.items()}
        elif key == "anyOf":
            kinds = [lean_schema(one) for one in value if one.get("type") != "null"]
            lean |= kinds[0] if len(kinds) == 1 else {key: kinds}
        elif isinstance(value, Mapping):
            lean[key] = lean_schema(value)
        elif key != "title" and (key, value) != ("default", None):
            lean[key] = value
    return lean


def result_schema(schema: Schema, spelt: Collection[str]) -> dict[str, Any]:
    """Return the lean schema of a result, without what no reader of results needs.

    That are the defaults, which absent fields have, the word that nothing else or only texts are
    there, the type of what is one of stated values, and what its parts are for, which their names
    say. Of the records inside it only the `spelt` ones are; the others are objects, which the
    result itself shows to whoever reads it.
    """
    lean = dict(_of_result(lean_schema(schema)))
    defined = lean.pop("$defs", {})
    kept = {name: _inlined(one, spelt) for name, one in defined.items() if name in spelt}
    return {**_inlined(lean, spelt), **({"$defs": kept} if kept else {})}


def _inlined(value: Any, spelt: Collection[str]) -> Any:  # noqa: ANN401 - JSON, as above
    if isinstance(value, list):
        return [_inlined(one, spelt) for one in value]
    if not isinstance(value, dict):
        return value
    if str(value.get("$ref", "")).rpartition("/")[2] in {"", *spelt}:
        return {key: _inlined(one, spelt) for key, one in value.items()}
    return {"type": "object"}


def _of_result(value: object) -> Any:  # noqa: ANN401 - JSON is what the schema makes it
    if isinstance(value, dict):
        stated = {"const", "enum"} & value.keys()
        kept = {key: one for key, one in value.items() if key != "type" or not stated}
        return {key: _of_result(one) for key, one in kept.items() if _told(key, one)}
    return value


def _told(key: str, value: object) -> bool:
    untold = {"default"} if isinstance(value, dict) else {"default", "description"}
    if key == "additionalProperties":
        return value not in (False, {"type": "string"})
    return key not in untold


def _kinds(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or [schema]


def _meant(schema: Schema, value: object) -> object:
    if not isinstance(value, str):
        return value
    kinds = _kinds(schema)
    if all(kind["type"] == "string" for kind in kinds):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        parsed = value
    if not isinstance(parsed, str) and _admits(schema, parsed):
        return parsed
    return [value] if any(kind["type"] == "array" for kind in kinds) else value


def _admits(schema: Schema, value: object) -> bool:
    return any(_is(kind, value) for kind in _kinds(schema))


def _is(kind: Schema, value: object) -> bool:
    # To Python a truth value is a number; to a caller it is not.
    if isinstance(value, bool):
        return bool(kind["type"] == "boolean")
    if not isinstance(value, TYPES[kind["type"]]) or value not in kind.get("enum", [value]):
        return False
    if isinstance(value, list):
        return all(_is(kind["items"], one) for one in value)
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            return False
        return math.isfinite(number) and number > kind.get("exclusiveMinimum", -math.inf)
    return True


def _expected(schema: Schema) -> str:
    nouns = []
    for kind in _kinds(schema):
        noun = " or ".join(map(json.dumps, kind.get("enum", ()))) or NOUNS[kind["type"]]
        if "items" in kind:
            noun += f" of {NOUNS[kind['items']['type']]}s"
        if "exclusiveMinimum" in kind:
            noun += f" above {kind['exclusiveMinimum']}"
        nouns.append(noun)
    example = json.dumps(schema["examples"][0]) if "examples" in schema else ""
    return " or ".join(nouns) + (f" such as {example}" if example else "")


def _described(value: object) -> str:
    if isinstance(value, str):
        return f"the text {json.dumps(one_line(value, SHOWN_VALUE))}"
    if isinstance(value, list):
        return "that list" if value else "an empty list"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, int) and not isinstance(value, bool):
        # Python refuses to write a whole number of many digits.
        return str(value) if abs(value) < 10**SHOWN_VALUE else "a number of that size"
    return json.dumps(value)


def _call(properties: Mapping[str, Schema]) -> str:
    example = next(
        ({name: one["examples"][0]} for name, one in properties.items() if "examples" in one), {}
    )
    return json.dumps(example)
