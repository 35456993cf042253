"""The mutations of examples: each compiles, differs, does what the example does, and is sound."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.mutations import Example, Variation, example, variations
from benchmarks.mutations.example import Source
from benchmarks.mutations.importing import importing
from benchmarks.mutations.nesting import nesting

# Runs without packages: `stub` is made here. It has what mutations look for: imports of all forms,
# a class with a base, a decorator, keywords, constants, handlers, contexts, a module's object.
RUNS = """
import stub
from stub.inner import Base, closing as keep
from stub import deco

CLIENT = stub.Client(timeout=3)


class Order(Base):
    limit: int = 3

    def price(self, factor: int) -> int:
        total = self.limit * factor
        return total


@deco(retries=2)
def decide(name: str, *, strict: bool = False) -> str:
    order = Order()
    try:
        answer = stub.ask(name, strict=strict, level=2)
    except stub.Refused as error:
        return f"refused {error}"
    with keep(CLIENT) as client:
        client.calls.append(name)
    if name == "x":
        return "nobody"
    return f"{answer} {order.price(2)}"


async def later(client: stub.Client) -> int:
    value = await client.get("/a", retry=False)
    return value + 1


def quote(client: stub.Client, name: str) -> str:
    parts = name.split(",")
    return client.sign(parts[0].strip(), {"key": 1})
"""
STUB = """
import functools
class Client:
    def __init__(self, timeout): self.timeout, self.calls = timeout, []
    async def get(self, path, retry=True): return len(path) + (10 if retry else 0)
    def sign(self, text, options): return text + str(self.timeout) + repr(sorted(options))
class Refused(Exception): pass
def ask(name, strict=True, level=0):
    if name == "bad": raise Refused(name)
    return (name, strict, level)
def deco(retries):
    def outer(function):
        @functools.wraps(function)
        def inner(*args, **kwargs): return (retries, function(*args, **kwargs))
        return inner
    return outer
"""
INNER = """
import contextlib
class Base:
    pass
@contextlib.contextmanager
def closing(client):
    yield client
"""
LINE = next(at for at, line in enumerate(RUNS.splitlines(), 1) if "stub.ask" in line)
FOUND = frozenset({("app/main.py", LINE)})


@cache
def made() -> list[Variation]:
    return variations(example(RUNS, FOUND))


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    stub, inner = ModuleType("stub"), ModuleType("stub.inner")
    exec(STUB, vars(stub))  # noqa: S102 - the text stands above
    exec(INNER, vars(inner))  # noqa: S102 - the text stands above
    vars(stub)["inner"] = inner
    monkeypatch.setitem(sys.modules, "stub", stub)
    monkeypatch.setitem(sys.modules, "stub.inner", inner)
    yield
    forget()


def forget() -> None:
    for name in [one for one in sys.modules if one == "app" or one.startswith("app.")]:
        del sys.modules[name]


def outcome(given: Example, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what an example's functions do, however it keeps them."""
    for path, text in given.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    forget()
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(root))
        module = __import__("app.main", fromlist=["main"])
    made = sys.modules["stub"].Client(timeout=7)
    seen: list[object] = []
    decide = reached(module, "decide", made)
    seen += [decide("a", strict=True), decide("x"), decide("bad")]
    waiting = reached(module, "later", made)
    coroutine = waiting() if waiting.__name__ == "bound" else waiting(made)
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    signing = reached(module, "quote", made)
    given_too = ("p, q",) if signing.__name__ == "bound" else (made, "p, q")
    return [*seen, ended.value.value, signing(*given_too)]


def reached(module: ModuleType, name: str, client: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Return a function of a module, or of a class of it that the mutation made."""
    if hasattr(module, name):
        return getattr(module, name)
    holders = [one for one in vars(module).values() if isinstance(one, type)]
    holder = next(one for one in holders if name in vars(one))
    if "__init__" not in vars(holder):
        return getattr(holder(), name)

    def bound(*args: object) -> object:
        return getattr(holder(client), name)(*args)

    return bound


@pytest.mark.usefixtures("stub")
def test_does_what_the_example_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = example(RUNS, FOUND)
    wanted = outcome(given, tmp_path / "first", monkeypatch)
    assert wanted[0] == (2, "('a', True, 2) 6")
    for number, one in enumerate(made()):
        assert outcome(one.example, tmp_path / str(number), monkeypatch) == wanted, one.label


def test_says_where_the_finding_went() -> None:
    for one in made():
        lines = one.example.files["app/main.py"].splitlines()
        ((_, line),) = one.example.found
        assert "answer" in lines[line - 1], one.label


def test_differ_from_each_other_and_compile() -> None:
    texts = [tuple(sorted(one.example.files.items())) for one in made()]
    assert len(set(texts)) == len(texts) > 80
    for one in made():
        for path, text in one.example.files.items():
            compile(text, path, "exec")


def test_are_always_the_same() -> None:
    assert variations(example(RUNS, FOUND)) == made()


UNTOUCHED = {
    "a name that two things bind": (
        """
        import jwt
        def claims(jwt):
            return jwt.decode("x")
        """,
        "import: alias",
    ),
    "a name that a text spells": (
        """
        import jwt
        __all__ = ["jwt"]
        jwt.decode("x")
        """,
        "import: alias",
    ),
    "an attribute of the package beside the module": (
        """
        import os.path
        os.environ.get("x")
        """,
        "import: from instead of attribute",
    ),
    "an import that the module itself reads": (
        """
        import jwt
        DECODER = jwt.PyJWT()
        """,
        "import: inside the function",
    ),
    "a body that leaves a loop": (
        """
        def first(values):
            for value in values:
                break
        """,
        "nesting: body in for",
    ),
    "a generator": (
        """
        def first(values):
            yield values
        """,
        "nesting: body in a nested function",
    ),
    "a parameter that the body binds": (
        """
        def first(value):
            value = value or 1
            return value
        """,
        "nesting: body in a nested function",
    ),
    "a function that others call": (
        """
        def first(value):
            return value
        second = first
        """,
        "nesting: made by a factory",
    ),
}


@pytest.mark.parametrize(("text", "label"), UNTOUCHED.values(), ids=UNTOUCHED)
def test_leaves_alone_what_it_would_change(text: str, label: str) -> None:
    source = Source(example(text), "app/main.py")
    assert label not in {one.label for mutate in (importing, nesting) for one in mutate(source)}
