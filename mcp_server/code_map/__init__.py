"""Says what a change, a file or a symbol touches, by reading alone; nothing of a project runs.

Names are followed with Python's own `ast` in the few files that hold a searched word. Libraries
were weighed: grimp knows imports but no names, and only of packages it can import; jedi takes 3 s
for one function of a 250-file service and starts the project's interpreter; astroid and libcst
need 3.5 s to parse it; rope the like. This takes a fraction of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mcp_server.change import Change, read_change
from mcp_server.code_map.changed import Touched
from mcp_server.code_map.classes import Classes
from mcp_server.code_map.collector import uncollected
from mcp_server.code_map.data_models import DataModels
from mcp_server.code_map.fixtures import Fixtures
from mcp_server.code_map.gather import models_of, routes_of, settings_of
from mcp_server.code_map.importers import Importers
from mcp_server.code_map.library import Library
from mcp_server.code_map.looked_at import changed, named
from mcp_server.code_map.migrations import migrations
from mcp_server.code_map.records import Symbol
from mcp_server.code_map.references import References
from mcp_server.code_map.relations import place, relations
from mcp_server.code_map.resolve import Resolver
from mcp_server.code_map.routes import Routes
from mcp_server.code_map.settings import SettingsReads
from mcp_server.code_map.unseen import named_by_text, named_in, unseen
from mcp_server.code_map.view import cleaned, lean, ordered, summary, tests_of
from mcp_server.code_map.walk import MOST_STEPS, MOST_VISITED, Tools, walk
from mcp_server.contract_map import MapView
from mcp_server.conventions import read_conventions
from mcp_server.errors import UsageError
from mcp_server.facts import AlembicFacts

MOST_SYMBOLS = 250
"""How many changed symbols are looked at one by one."""


def map_change(
    root: Path, what: Sequence[str] = (), *, since: str | None = None, detail: bool = False
) -> MapView:
    """Return what files, modules or symbols touch, by default what the change against git does.

    `since` is the commit to hold the files against. `detail` leaves nothing out. Raises
    `UsageError` for what does not exist or could be several things, `UnsafePathError` for what
    leaves the folder.
    """
    if what and since is not None:
        msg = "Name what to look at, or a commit to compare with: not both."
        raise UsageError(msg)
    with uncollected():
        library = Library(read_conventions(root))
        root = library.root
        if what:
            change = None
            looked_at = named(library, root, what)
        else:
            change = read_change(root, since)
            looked_at = changed(library, root, change)
        view = _view(library, change, looked_at, detail=detail)
        return cleaned(view if detail else lean(view))


def _view(
    library: Library, change: Change | None, looked_at: list[Touched], *, detail: bool
) -> MapView:
    resolver = Resolver(library)
    fixtures, importers = Fixtures(library), Importers(library)
    classes = Classes(library, resolver, importers)
    models = DataModels(library, resolver, classes.below)
    tools = Tools(
        library,
        classes,
        References(library, resolver, importers),
        fixtures,
        Routes(library, resolver, importers),
    )
    shown = [one for one in looked_at if _is_shown(tools, one)]
    found = walk(tools, _roots(tools, models, looked_at))
    files = list(
        dict.fromkeys(
            (*(one.symbol.path for one in looked_at), *(change.changed if change else ()))
        )
    )
    python = [one for one in files if one.endswith(".py")]
    distances = importers.distances(python)
    by_import = {
        one: steps
        for one, steps in distances.items()
        if library.is_test(one) and _is_collected(one)
    }
    own = [one for one, steps in distances.items() if steps == 1 and not library.is_test(one)]
    far = [
        f"{one} ({steps} imports away)"
        for one, steps in sorted(distances.items(), key=lambda one: (one[1], one[0]))
        if steps > 1 and not library.is_test(one)
    ]
    symbols = ordered(relations(tools, one) for one in shown[:MOST_SYMBOLS])
    told = {one.at.partition(":")[0] for one in symbols}
    tests = tests_of(found, by_import)
    told |= {one.file for one in tests if one.distance == 0}
    near = [*dict.fromkeys((*python, *own))]
    limits = []
    if found.cut:
        limits = [f"callers further than {MOST_STEPS} steps away, or beyond {MOST_VISITED} of them"]
    if len(shown) > MOST_SYMBOLS:
        limits.append(f"{len(shown) - MOST_SYMBOLS:,} more symbols that changed")
    view = MapView(
        schema="hdb.map/1",
        since=change.words.removeprefix("since ") if change else None,
        summary="",
        migrations=tuple(
            migrations(
                library,
                models,
                looked_at,
                change.added if change else None,
                lambda: _histories(library.root),
            )
        ),
        symbols=symbols,
        others=tuple(
            one
            for one in (*(change.changed if change else ()), *(change.deleted if change else ()))
            if one not in told
        ),
        routes=tuple(routes_of(tools, found)),
        tests=tests,
        fixtures=tuple(
            f"{place(tools, one)}{' (autouse)' * fixtures.is_autouse(one)}"
            for one in found.fixtures
        ),
        settings=tuple(settings_of(tools, SettingsReads(library, resolver), shown)),
        models=tuple(models_of(tools, models, resolver, shown)),
        importers=(*named_in(library, python), *sorted(own), *(far if detail else ())),
        indirect=0 if detail else len(far),
        unseen=(
            *unseen(library, python, near),
            *named_by_text(library, [one.symbol for one in shown if one.state != "added"]),
            *limits,
        ),
    )
    return view.model_copy(update={"summary": summary(view, "changed" if change else "asked for")})


def _roots(tools: Tools, models: DataModels, looked_at: Sequence[Touched]) -> Iterator[Symbol]:
    """Yield where the walk begins: what was touched, and the whole where a part stands for it."""
    for one in looked_at:
        symbol = one.symbol
        if not symbol.name:
            continue
        if tools.library.is_test(symbol.path) and one.state == "deleted":
            continue
        yield symbol
        owner = Symbol(symbol.path, symbol.owner)
        if tools.classes.is_class(symbol):
            if one.state != "":
                for name in tools.classes.members(symbol):
                    yield Symbol(symbol.path, f"{symbol.name}.{name}")
        elif symbol.owner and models.kind(owner):
            definition = tools.classes.definition(symbol)
            if definition is not None and definition.kind == "value":
                # A field is used by whoever has the model, also under no name that could be read.
                yield owner


def _is_shown(tools: Tools, one: Touched) -> bool:
    """Tell whether a symbol is listed: tests and fixtures stand in lists of their own."""
    symbol = one.symbol
    if not symbol.name or symbol.last in {"__all__", "logger"}:
        return False
    if not tools.library.is_test(symbol.path):
        return True
    return not symbol.last.lower().startswith("test") and tools.fixtures.name(symbol) is None


def _histories(root: Path) -> list[tuple[str, AlembicFacts]]:
    projects = read_conventions(root, facts=True).projects
    return [(one.path, each) for one in projects if one.facts for each in one.facts.alembic]


def _is_collected(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith("test") or name.endswith("_test.py")
