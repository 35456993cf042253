"""Runs hdb inside its own environment and has the launcher rebuild one that lost a module."""

import os
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # -I keeps Python from doing so


def run() -> int:
    """Run the program; a dependency that cannot be imported rebuilds the environment once."""
    # Taken out of the environment: an hdb that runs below this one has its own answers.
    environment = os.environ.pop("HDB_RUNTIME", "")
    rebuilt = os.environ.pop("HDB_REBUILT", "")
    try:
        # Every dependency is imported before a byte of input is read, so a second start is safe.
        from mcp_server.cli import main  # noqa: PLC0415 - its failure is what is handled here

        return main()
    except ImportError as error:
        if not environment or not _is_dependency(error):
            raise
        return _rebuild(environment, error, again=bool(rebuilt))


def _is_dependency(error: ImportError) -> bool:
    top = (error.name or "").partition(".")[0]
    return top not in {"", "mcp_server", *sys.stdlib_module_names}


def _rebuild(environment: str, error: ImportError, *, again: bool) -> int:
    from mcp_server import runtime  # noqa: PLC0415 - needed only for this

    runtime.retire(environment)
    if not again:
        launcher = str(Path(ROOT, "bin", "hdb"))
        variables = {**os.environ, "HDB_REBUILT": "1"}
        os.execve(launcher, [launcher, *sys.argv[1:]], variables)  # noqa: S606 - no shell is the point
    sys.stderr.write(
        f"hdb: {error}, even in a new environment. "
        "Reinstall hdb; if that does not help, report it with this line.\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(run())
