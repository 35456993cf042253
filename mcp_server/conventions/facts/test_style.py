"""Reads how a project's tests are written: settings that decide it, and what was counted."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from mcp_server.conventions.facts.config import Config
from mcp_server.conventions.facts.fixtures import find_fixtures
from mcp_server.conventions.facts.module import Module
from mcp_server.conventions.facts.pytest_settings import PytestSettings, read_pytest_settings
from mcp_server.conventions.facts.sample import Sample
from mcp_server.facts import Fact, Measured, TestFacts

MOST_FIXTURES = 30
MOST_MARKERS = 20
CLIENTS = (
    (b"ASGITransport(", "httpx.AsyncClient with ASGITransport"),
    (b"AsyncTestClient(", "AsyncTestClient"),
    (b"AsyncClient(", "httpx.AsyncClient"),
    (b"TestClient(", "TestClient"),
    (b"create_test_client(", "create_test_client"),
    (b".test_client(", "app.test_client()"),
    (b"APIClient(", "APIClient"),
    (b"APIRequestFactory(", "APIRequestFactory"),
    (b"webtest.TestApp", "webtest.TestApp"),
    (b"self.client.", "django's self.client"),
    (b"(client: Client", "django.test.Client"),
)
FACTORIES = (
    (b"import factory\n", "factory_boy"),
    (b"from factory", "factory_boy"),
    (b"polyfactory", "polyfactory"),
    (b"model_bakery", "model_bakery"),
    (b"mixer.backend", "mixer"),
)
DATABASES = re.compile(
    rb"\b(sqlite(?:\+\w{1,20})?|postgres(?:ql)?(?:\+\w{1,20})?|mysql(?:\+\w{1,20})?)://"
    rb"|\b(testcontainers|pytest_postgresql|pytest_databases|mongomock)\b"
)
OPTIONS = ("-m", "-n", "--dist", "-k", "--strict-markers", "--strict-config", "--import-mode")
LONG_OPTIONS = ("--numprocesses", "--cov-fail-under", "--asyncio-mode", "--ds", "--doctest-modules")


def read_tests(
    folder: str, chain: Sequence[Config], sample: Sample, declared: Collection[str]
) -> TestFacts:
    """Return how tests are written; `declared` are the names of the packages in use."""
    settings = read_pytest_settings(chain)
    words = settings.words("addopts")
    fixtures = find_fixtures(sample.tests)
    paths = [path for path in sample.python if _holds_tests(path)]
    mode = _mode(settings, words, declared)
    return TestFacts(
        framework=_framework(settings, sample.tests, declared),
        asyncio_mode=mode,
        fixture_loop_scope=settings.fact("asyncio_default_fixture_loop_scope"),
        test_loop_scope=settings.fact("asyncio_default_test_loop_scope"),
        measured=_measured(sample.tests),
        folders=tuple(_folders(folder, settings, chain[0], paths)),
        naming=_naming(paths),
        fixtures=fixtures[:MOST_FIXTURES],
        fixture_count=len(fixtures),
        options=_options(settings, words),
        markers=tuple(_markers(settings))[:MOST_MARKERS],
        warnings_are_errors=_warnings(settings),
        factories=tuple(
            dict.fromkeys(name for text, name in FACTORIES if _holds(sample.tests, text))
        ),
        client=_client(sample.tests),
        database=_database(sample.tests),
    )


def _holds_tests(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith("test_") or name.endswith("_test.py") or name == "tests.py"


def _framework(
    settings: PytestSettings, tests: Iterable[Module], declared: Collection[str]
) -> Fact | None:
    if settings.config is not None:
        return Fact("pytest", settings.at())
    if "pytest" in declared:
        return Fact("pytest")
    if any(b"import pytest" in one.content for one in tests):
        return Fact("pytest")
    return Fact("unittest") if _holds(tests, b"TestCase)") else None


def _mode(settings: PytestSettings, words: list[str], declared: Collection[str]) -> Fact | None:
    for index, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == "--asyncio-mode":
            return Fact(value or " ".join(words[index + 1 : index + 2]), settings.at("addopts"))
    stated = settings.fact("asyncio_mode")
    if stated is None and "pytest-asyncio" in declared:
        return Fact("strict, pytest-asyncio's default")
    return stated


def _measured(tests: Iterable[Module]) -> Measured | None:
    """Count tests and marks; the texts stand at the beginning of a line, as code does."""
    files = functions = methods = asynchronous = asyncio_marks = anyio_marks = 0
    for module in tests:
        content = module.content
        plain, coroutines = content.count(b"\ndef test_"), content.count(b"\nasync def test_")
        plain += content.startswith(b"def test_")
        coroutines += content.startswith(b"async def test_")
        inner = content.count(b"\n    def test_")
        inner_coroutines = content.count(b"\n    async def test_")
        functions += plain + coroutines
        methods += inner + inner_coroutines
        asynchronous += coroutines + inner_coroutines
        files += bool(plain + coroutines + inner + inner_coroutines)
        asyncio_marks += content.count(b"pytest.mark.asyncio")
        anyio_marks += content.count(b"pytest.mark.anyio")
    if not files:
        return None
    return Measured(
        files=files, functions=functions, methods=methods, asynchronous=asynchronous,
        asyncio_marks=asyncio_marks, anyio_marks=anyio_marks,
    )  # fmt: skip


def _folders(
    folder: str, settings: PytestSettings, own: Config, paths: Iterable[str]
) -> Iterator[str]:
    """Yield where tests lie: as pytest is told, else the folders that hold most of them."""
    stated = settings.words("testpaths")
    if stated and settings.config is not None:
        yield from (settings.config.path(one) for one in stated[:5])
        return
    held = Counter(posixpath.dirname(path) for path in paths)
    tops = [own.path(one) for one in own.settings.tests if not one.endswith(".py")]
    roots = [one for one in tops if any(path.startswith(f"{one}/") for path in held)]
    if roots:
        yield from roots[:5]
    else:
        yield from (name or folder for name, _ in held.most_common(5))


def _naming(paths: Collection[str]) -> str:
    names = [posixpath.basename(path) for path in paths]
    before = sum(name.startswith("test_") for name in names)
    after = sum(name.endswith("_test.py") for name in names) if before < len(names) else 0
    if not names:
        return ""
    if not after:
        return "test_*.py" if before else "tests.py"
    return f"test_*.py ({before}) and *_test.py ({after})" if before else "*_test.py"


def _options(settings: PytestSettings, words: list[str]) -> Fact | None:
    """Return the options that change what runs or passes; others only change the report."""
    kept: list[str] = []
    for index, word in enumerate(words):
        name = word.partition("=")[0]
        glued = word[:2] in {"-n", "-m", "-k"} and len(word) > 2
        if name in OPTIONS or name in LONG_OPTIONS or glued:
            kept.append(word)
            takes = name in {"-m", "-n", "-k", "--dist", "--import-mode", "--numprocesses"}
            if takes and "=" not in word and not glued:
                kept += [
                    shown if " " not in shown else f"'{shown}'"
                    for shown in words[index + 1 : index + 2]
                ]
    text = " ".join(kept)
    if str(settings.options.get("strict")).lower() == "true":
        text = f"{text} strict".strip()
    return Fact(text[:110], settings.at("addopts" if kept else "strict")) if text else None


def _markers(settings: PytestSettings) -> Iterator[str]:
    for line in settings.lines("markers"):
        yield re.split(r"[:(]", line, maxsplit=1)[0].strip()[:40]


def _warnings(settings: PytestSettings) -> Fact | None:
    for line in settings.lines("filterwarnings"):
        if line.strip("\"'") == "error":
            return Fact("warnings are errors", settings.at("filterwarnings"))
    return None


def _holds(modules: Iterable[Module], text: bytes) -> bool:
    return any(text in one.content for one in modules)


def _client(tests: Sequence[Module]) -> Fact | None:
    """Return the client that most files make, and the first place, conftest files before others."""
    ordered = sorted(tests, key=lambda one: (not one.path.endswith("conftest.py"), one.path))
    best: tuple[int, Fact] | None = None
    for text, name in CLIENTS:
        if text == b"self.client." and not _holds(tests, b"django"):
            # Other test cases have an attribute of that name as well.
            continue
        users = [one for one in ordered if text in one.content]
        if users and (best is None or len(users) > best[0]):
            offset = next(users[0].find(text), 0)
            best = len(users), Fact(f"{name}, in {_files(len(users))}", users[0].at(offset))
        if best and text == b"ASGITransport(":
            break
    return best[1] if best else None


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _database(tests: Iterable[Module]) -> Fact | None:
    """Return the kind of database that the nearest conftest names; never an address."""
    names = ("conftest.py", "fixtures.py", "database.py", "db.py", "settings.py")
    for module in sorted(tests, key=lambda one: (one.path.count("/"), one.path)):
        if posixpath.basename(module.path) in names and (match := DATABASES.search(module.content)):
            name = (match[1] or match[2]).decode("ascii", "replace")
            return Fact(name, module.at(match.start()))
    return None
