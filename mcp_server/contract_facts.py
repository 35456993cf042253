"""The wire contract of the facts for writing: in full, in a lean form, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from mcp_server.facts import Facts, Framework
from mcp_server.facts_text import (
    counted,
    cut,
    example_name,
    example_text,
    flags_text,
    history_text,
    joined,
    loosened_text,
    places_text,
    shortened,
    told,
    version_text,
    without_places,
)
from mcp_server.wire import Wire

LEAN = 1_400
"""How many characters the JSON of the lean form has at most; about 350 tokens."""
WIDEST = 110
"""How many characters a line for people has at most, its label included."""
TEST_TOOLS = frozenset({"pytest", "pytest-asyncio", "pytest-django", "anyio", "httpx"})
DROPPED = (
    ("tests", "naming"),
    ("tests", "factories"),
    ("places", "scripts"),
    ("tests", "folders"),
    ("tests", "markers"),
    ("style", "imports"),
    ("places", "migrations"),
    ("service", "responses"),
    ("tests", "options"),
    ("style", "docstrings"),
    ("tests", "fixtures"),
    ("places", "apps"),
    ("tests", "database"),
    ("service", "logging"),
    ("places", "schemas"),
    ("examples", "test"),
)
"""What the lean form leaves out first where it would grow too long."""
UNSHOWN = frozenset({"framework", "naming", "folders"})
NAMED = frozenset({"asyncio_mode", "fixture loop scope", "test loop scope", "markers", "pinned"})
MOST_FRAMEWORKS = 12
LABELS = ("python", "style", "typing", "tests", "frameworks", "places", "alembic", "service")


class FactsView(Wire):
    """What an agent must know to write code that fits; each value ends with its `(file:line)`.

    A group maps what is told to its value; what is unknown is absent. `fixtures` are names with
    their places, `frameworks` names with their versions.
    """

    python: dict[str, str] = Field(default_factory=dict)
    style: dict[str, str] = Field(default_factory=dict)
    typing: dict[str, str] = Field(default_factory=dict)
    tests: dict[str, str] = Field(default_factory=dict)
    frameworks: dict[str, str] = Field(default_factory=dict)
    places: dict[str, str] = Field(default_factory=dict)
    alembic: tuple[str, ...] = ()
    service: dict[str, str] = Field(default_factory=dict)
    examples: dict[str, str] = Field(default_factory=dict)
    fixtures: dict[str, str] = Field(default_factory=dict)
    disagreements: tuple[str, ...] = ()
    sampled: str | None = None


def facts_view(facts: Facts) -> FactsView:
    """Return all facts as agents and scripts receive them on request."""
    typing = facts.typing
    return FactsView(
        python=told({"requires": facts.python.requires, "pinned": facts.python.pinned}),
        style=told(
            {
                "line length": facts.style.line_length,
                "quotes": facts.style.quotes,
                "docstrings": facts.style.docstrings,
                "imports": facts.style.imports,
            }
        ),
        typing=told(
            {
                "checkers": joined(typing.checkers),
                "strictness": joined(typing.strictness),
                "plugins": ", ".join(typing.plugins),
                "loosened": loosened_text(typing.loosened),
            }
        ),
        tests=_tests(facts),
        frameworks={one.name: version_text(one, full=True) for one in facts.frameworks},
        places={name: places_text(places, len(places.spots)) for name, places in facts.places},
        alembic=tuple(history_text(one) for one in facts.alembic),
        service=_service(facts),
        examples=told({"endpoint": example_text(facts.endpoint), "test": example_text(facts.test)}),
        fixtures={one.text: one.source for one in reversed(facts.tests.fixtures)},
        disagreements=tuple(
            str(one) for one in (*facts.style.disagreements, *facts.python.targets)
        ),
        sampled=facts.sampled or None,
    )


def lean_facts(facts: Facts) -> FactsView:
    """Return what matters most in at most `LEAN` characters of JSON."""
    full = facts_view(facts)
    groups: dict[str, Any] = {
        "python": _first(full.python, "requires", "pinned"),
        "style": {
            name: without_places(value).partition(": ")[0] for name, value in full.style.items()
        },
        "typing": {
            name: flags_text(value) for name, value in full.typing.items() if name != "loosened"
        },
        "tests": {
            name: shortened(without_places(value))
            for name, value in full.tests.items()
            if name != "framework"
        },
        "frameworks": dict(_main_frameworks(facts.frameworks)),
        "places": {name: places_text(places, 1, full=False) for name, places in facts.places},
        "alembic": tuple(shortened(history_text(one)) for one in facts.alembic[:2]),
        "service": {name: shortened(value) for name, value in full.service.items()},
        "examples": told(
            {
                "endpoint": example_name(facts.endpoint),
                "test": example_name(facts.test),
            }
        ),
        "disagreements": tuple(shortened(one) for one in full.disagreements[:2]),
        "sampled": full.sampled,
    }
    names = [one.text for one in facts.tests.fixtures]
    if names:
        groups["tests"]["fixtures"] = shortened(", ".join(dict.fromkeys(names)))
    return _fitting(groups)


def facts_lines(view: FactsView) -> list[tuple[str, str]]:
    """Return the facts for people: at most 12 pairs of a label and a text, each one line."""
    lines = [(label, "; ".join(_pairs(label, getattr(view, label)))) for label in LABELS]
    lines += [(name, text) for name, text in view.examples.items()]
    lines += [("differs", "; ".join(view.disagreements)), ("sampled", view.sampled or "")]
    return [(label, cut(text, WIDEST - len(label) - 2)) for label, text in lines[:12] if text]


def _pairs(label: str, group: object) -> Iterator[str]:
    """Yield the parts of a line, without what people see at a glance and most of the places."""
    if isinstance(group, Mapping):
        for name, text in group.items():
            if label == "places":
                yield f"{name} {text.partition(', ')[0]}"
            elif name not in UNSHOWN:
                named = label == "frameworks" or name in NAMED
                yield f"{name} {without_places(text)}".strip() if named else without_places(text)
    elif isinstance(group, tuple):
        yield from (str(one) for one in group)


def _main_frameworks(frameworks: Sequence[Framework]) -> Iterator[tuple[str, str]]:
    """Yield what running the project needs, and the tools of its tests."""
    names = {one.name for one in frameworks}
    main = [
        one
        for one in frameworks
        if (not one.development or one.name in TEST_TOOLS)
        and not (one.name == "starlette" and "fastapi" in names)
    ]
    tools = [one for one in main if one.name in TEST_TOOLS][:3]
    others = [one for one in main if one not in tools][: MOST_FRAMEWORKS - len(tools)]
    yield from ((one.name, one.version) for one in (*others, *tools))


def _fitting(groups: dict[str, Any]) -> FactsView:
    """Return the view without what is left out first, until it is short enough."""
    view = FactsView(**groups)
    for group, name in DROPPED:
        if len(view.json_text()) <= LEAN:
            return view
        groups[group].pop(name, None)
        view = FactsView(**groups)
    while len(view.json_text()) > LEAN:
        longest = max(
            (one for one in groups if isinstance(groups[one], dict | tuple) and groups[one]),
            key=lambda one: len(str(groups[one])),
            default=None,
        )
        if longest is None:
            return FactsView()
        held = groups[longest]
        groups[longest] = dict(list(held.items())[:-1]) if isinstance(held, dict) else held[:-1]
        view = FactsView(**groups)
    return view


def _tests(facts: Facts) -> dict[str, str]:
    tests = facts.tests
    return told(
        {
            "framework": tests.framework,
            "asyncio_mode": tests.asyncio_mode,
            "fixture loop scope": tests.fixture_loop_scope,
            "test loop scope": tests.test_loop_scope,
            "style": counted(tests.measured),
            "folders": ", ".join(tests.folders),
            "naming": tests.naming,
            "options": tests.options,
            "markers": ", ".join(tests.markers),
            "filterwarnings": tests.warnings_are_errors,
            "factories": ", ".join(tests.factories),
            "client": tests.client,
            "database": tests.database,
        }
    )


def _service(facts: Facts) -> dict[str, str]:
    service = facts.service
    return told(
        {
            "errors": service.errors,
            "logging": service.logging,
            "dependencies": service.dependencies,
            "sessions": service.sessions,
            "responses": service.responses,
        }
    )


def _first(group: Mapping[str, str], *names: str) -> dict[str, str]:
    name = next((one for one in names if one in group), None)
    return {name: group[name]} if name else {}
