"""The frozen records of what an agent must know of a project to write code that fits it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so, and where it stands: `file:line` below the root, "" where measured."""

    text: str
    source: str = ""

    def __str__(self) -> str:
        """Return the fact as a line for people."""
        return f"{self.text} ({self.source})" if self.source else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFacts:
    """Which Python the code is for.

    `targets` are what a tool is told instead where that is another version than `requires` begins
    with.
    """

    requires: Fact | None = None
    pinned: Fact | None = None
    targets: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleFacts:
    """How code is laid out; `disagreements` are tools that are told another line length."""

    line_length: Fact | None = None
    quotes: Fact | None = None
    docstrings: Fact | None = None
    imports: Fact | None = None
    disagreements: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TypingFacts:
    """How types are checked; `loosened` counts the overrides that ask less of some modules."""

    checkers: tuple[Fact, ...] = ()
    strictness: tuple[Fact, ...] = ()
    loosened: int = 0
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How the tests that were looked at are written, in counts.

    `functions` and `methods` are tests at the level of the module and inside classes;
    `asynchronous` those of both that are `async def`; the marks are uses of the marker, on a
    test, a class or a module.
    """

    files: int = 0
    functions: int = 0
    methods: int = 0
    asynchronous: int = 0
    asyncio_marks: int = 0
    anyio_marks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFacts:
    """How tests are written; `fixtures` are the nearest to the root of `fixture_count`."""

    __test__ = False

    framework: Fact | None = None
    asyncio_mode: Fact | None = None
    fixture_loop_scope: Fact | None = None
    test_loop_scope: Fact | None = None
    measured: Measured | None = None
    folders: tuple[str, ...] = ()
    naming: str = ""
    fixtures: tuple[Fact, ...] = ()
    fixture_count: int = 0
    options: Fact | None = None
    markers: tuple[str, ...] = ()
    warnings_are_errors: Fact | None = None
    factories: tuple[str, ...] = ()
    client: Fact | None = None
    database: Fact | None = None


@dataclass(frozen=True, slots=True)
class Framework:
    """A package in use; `version` is locked, or the declared specifier where nothing locks it.

    Without a version `source` can be the place of the first import.
    """

    name: str
    version: str = ""
    source: str = ""
    locked: bool = False
    development: bool = False
    """Whether running the project does not need it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things of one kind live: the fullest folders, and of how many things in all."""

    spots: tuple[Fact, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlembicFacts:
    """One history of alembic revisions; two heads are one too many unless branches are meant.

    `unread` counts the files whose revision is not written as a plain text.
    """

    source: str
    folders: tuple[str, ...] = ()
    revisions: int = 0
    heads: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A piece of the project's code to write like, and the measure that chose it."""

    name: str
    source: str
    why: str
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """How a service does what each of its endpoints does, in counts over the code looked at."""

    errors: Fact | None = None
    logging: Fact | None = None
    dependencies: Fact | None = None
    sessions: Fact | None = None
    responses: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read of a project for writing; whatever is unknown is absent.

    `places` knows "settings", "models", "schemas", "routes", "migrations", "apps" and "scripts".
    `sampled` says which part of the Python files was looked at where it was not all of them.
    """

    python: PythonFacts = field(default_factory=PythonFacts)
    style: StyleFacts = field(default_factory=StyleFacts)
    typing: TypingFacts = field(default_factory=TypingFacts)
    tests: TestFacts = field(default_factory=TestFacts)
    frameworks: tuple[Framework, ...] = ()
    places: tuple[tuple[str, Places], ...] = ()
    alembic: tuple[AlembicFacts, ...] = ()
    endpoint: Example | None = None
    test: Example | None = None
    service: ServiceFacts = field(default_factory=ServiceFacts)
    sampled: str = ""
