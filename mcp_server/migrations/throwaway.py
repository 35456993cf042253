"""Plans the steps of a cycle: which interpreter, which configuration, which throwaway database."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from mcp_server.facts import AlembicFacts
from mcp_server.migrations.configured import Configured, read_configured
from mcp_server.migrations.settings import SERVER, SQLITE
from mcp_server.models import SCRATCH, Step, Verdict
from mcp_server.repository import Project

DRIVER = Path(__file__).parent / "driver"
TOOL = "alembic"
ADDRESS = "HDB_THROWAWAY"
"""The variable in which the driver is given an address; arguments can be seen by everybody."""
PREFIX = "hdb_throwaway_"
POSTGRESQL = re.compile(r"postgres(?:ql)?(?:\+\w+)?")
UNREADABLE = (
    "the address of the server for throwaway databases cannot be read: "
    f'say database = "postgresql://USER@HOST:PORT/postgres", or the same in {SERVER}'
)
COMMAND = "alembic upgrade heads, check, downgrade base, upgrade heads on a throwaway database"


@dataclass(frozen=True, slots=True)
class Throwaway:
    """The steps of one cycle; `create` and `drop` are None where SQLite needs neither."""

    cycle: Step
    create: Step | None = None
    drop: Step | None = None
    name: str = ""


def plan_cycle(root: Path, project: Project, facts: AlembicFacts, database: str) -> Throwaway:
    """Return the steps that run a history up, down and up again on a database hdb makes itself.

    `database` is "sqlite" or the address of a PostgreSQL server; anything else is refused, as a
    step that says so.
    """
    configured = read_configured(root, facts.source)
    python, refused = _python(project)
    server = _read(database)
    if server is None:
        refused = (Verdict.NOT_RUN, UNREADABLE)
    elif database != SQLITE and not POSTGRESQL.fullmatch(server.scheme):
        refused = refused or (Verdict.NOT_RUN, _no_server(server))
    name = f"{PREFIX}{uuid.uuid4().hex}"
    options = json.dumps(_options(root, configured, facts))
    start = (python, str(DRIVER))
    if server is None or database == SQLITE or refused is not None:
        argv = (*start, "cycle", options, f"{SCRATCH}/throwaway.sqlite")
        return Throwaway(_step(root, project, configured, facts, argv, refused, {}))
    servers = {ADDRESS: _address(server, server.path)}
    own = _address(server, f"/{name}")
    create = _step(root, project, configured, facts, (*start, "create", name), None, servers)
    drop = _step(root, project, configured, facts, (*start, "drop", name), None, servers)
    argv = (*start, "cycle", options, "")
    cycle = _step(root, project, configured, facts, argv, None, {ADDRESS: own})
    return Throwaway(cycle, create, drop, name)


def _read(database: str) -> SplitResult | None:
    """Return the parts of an address, None where it is none."""
    try:
        server = urlsplit(database)
        _ = server.port
    except ValueError:
        return None
    return server


def _address(server: SplitResult, path: str) -> str:
    """Return an address with another path; `geturl` drops the slashes where no host is named."""
    query = f"?{server.query}" if server.query else ""
    return f"postgresql://{server.netloc}{path}{query}"


def _no_server(server: SplitResult) -> str:
    if server.scheme.startswith("sqlite"):
        return 'hdb makes the SQLite file itself and opens no other: say database = "sqlite"'
    kind = server.scheme or "that"
    return (
        f"hdb runs revisions on SQLite and PostgreSQL, not on {kind}: "
        'say database = "sqlite" or name a PostgreSQL server, "postgresql://USER@HOST"'
    )


def _step(  # noqa: PLR0913, PLR0917 - what a step consists of
    root: Path,
    project: Project,
    configured: Configured,
    facts: AlembicFacts,
    argv: tuple[str, ...],
    refused: tuple[Verdict, str] | None,
    env: Mapping[str, str],
) -> Step:
    own = next((one for one in project.reported if one.tool == TOOL), None)
    folder = root / (own.cwd if own else configured.folder or ".")
    if own is None or not _inside(root, folder):
        folder = root / (configured.folder or ".")
    environment = project.environment
    return Step(
        tool=TOOL,
        argv=argv,
        cwd=folder if _inside(root, folder) else root,
        root=root,
        command=COMMAND,
        source=facts.source,
        started=2,
        # No other address reaches a run.
        env={
            **(dict(own.env) if own else {}),
            SERVER: None,
            **env,
        },
        venv=environment.folder if environment.ready else None,
        remedy=environment.creation,
        alone=True,
        refused=refused,
    )


def _inside(root: Path, folder: Path) -> bool:
    return folder.is_dir() and folder.resolve().is_relative_to(root.resolve())


def _options(root: Path, configured: Configured, facts: AlembicFacts) -> dict[str, str | None]:
    file = root / configured.file
    toml, ini = file.with_name("pyproject.toml"), file.with_name("alembic.ini")
    if file.suffix == ".ini":
        ini = file
    unstated = file.suffix == ".py"
    return {
        "ini": str(ini) if ini.is_file() and not unstated else None,
        "toml": str(toml) if toml.is_file() and not unstated else None,
        "section": configured.section or "alembic",
        "location": str(root / posixpath.dirname(facts.folders[0])) if unstated else None,
    }


def _python(project: Project) -> tuple[str, tuple[Verdict, str] | None]:
    """Return the project's interpreter, or why there is none to run anything in."""
    environment = project.environment
    if environment.ready and environment.folder is not None:
        return str(environment.folder / "bin" / "python"), None
    if environment.ready:
        return shutil.which("python3") or "python3", None
    where = os.path.basename(environment.folder or project.path)  # noqa: PTH119 - a name only
    make = f": {environment.creation}" if environment.creation else ""
    why = f"{environment.problem or 'there is no environment'} ({where}); create it{make}"
    return "python3", (Verdict.MISSING, why)
