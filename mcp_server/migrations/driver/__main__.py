"""Starts the driver under a name of its own, so that none of its modules can shadow another."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

PACKAGE = "hdb_migrations_driver"


def start() -> int:
    """Take the driver's folder off the path, load it as a package, and run what is asked for."""
    folder = Path(__file__).resolve().parent
    if sys.path and Path(sys.path[0]).resolve() == folder:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, str(folder / "__init__.py"), submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        return 1
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)
    status: int = importlib.import_module(f"{PACKAGE}.main").main(sys.argv[1:])
    return status


if __name__ == "__main__":
    sys.exit(start())
