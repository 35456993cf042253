"""Reads what an agent must know of a project to write code that fits it; nothing of it is run."""

from __future__ import annotations

from mcp_server.conventions.facts.alembic import read_alembic
from mcp_server.conventions.facts.config import config_chain
from mcp_server.conventions.facts.endpoints import find_endpoints
from mcp_server.conventions.facts.entry_points import find_entry_points
from mcp_server.conventions.facts.errors_style import read_service
from mcp_server.conventions.facts.frameworks import read_frameworks
from mcp_server.conventions.facts.representative import choose_endpoint, choose_test
from mcp_server.conventions.facts.sample import own_files, read_sample
from mcp_server.conventions.facts.service import find_places
from mcp_server.conventions.facts.style import read_style
from mcp_server.conventions.facts.test_style import read_tests
from mcp_server.conventions.facts.typing_flags import read_typing
from mcp_server.conventions.facts.versions import read_versions
from mcp_server.conventions.files.settings import Files
from mcp_server.conventions.layout.tree import Tree
from mcp_server.conventions.shell.pieces import Place
from mcp_server.facts import Facts


def read_facts(folder: str, tree: Tree, files: Files, place: Place) -> Facts:
    """Return the facts of the project in `folder`, a path below the root ("." for the root).

    Never raises, whatever the files hold; a file that cannot be understood is remembered in
    `place.reader`. Reads at most 400 Python files and 3 MB of them (see `sample`).
    """
    names = frozenset(tree.files)
    chain = config_chain(folder, files, place, names)
    own = own_files(folder, tree.files)
    alembic = read_alembic(own, chain[0])
    migrations = [one for history in alembic for one in history.folders]
    sample = read_sample(folder, own, files.settings.sources, place, migrations)
    frameworks = read_frameworks(chain, sample, names, files.declared.runtime)
    declared = frozenset(one.name for one in frameworks)
    endpoints = find_endpoints(sample.sources)
    return Facts(
        python=read_versions(chain),
        style=read_style(chain, sample),
        typing=read_typing(chain),
        tests=read_tests(folder, chain, sample, declared),
        frameworks=frameworks,
        places=(
            *find_places(sample, migrations),
            *find_entry_points(folder, chain[0], sample.sources),
        ),
        alembic=alembic,
        endpoint=choose_endpoint(endpoints),
        test=choose_test(sample.tests),
        service=read_service(sample.sources, endpoints),
        sampled=sample.sampled,
    )
