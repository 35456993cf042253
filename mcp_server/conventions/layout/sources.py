"""Finds the folders and modules that hold a project's own code, and those that hold its tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SKIPPED = frozenset(
    "node_modules venv env build dist site-packages __pycache__ docs doc examples example samples "
    "migrations alembic vendor third_party htmlcov benchmarks fixtures testdata".split()
)
TEST_FOLDERS = ("tests", "test", "testing")
NOT_PACKAGES = frozenset("scripts script tools bin ci tasks notebooks data stubs".split())
"""Folders whose loose files are run by people and imported by nobody."""
TOOL_MODULES = frozenset({"setup.py", "conftest.py", "noxfile.py", "tasks.py", "fabfile.py"})
LAYOUTS = frozenset({"src", "lib"})


def find_sources(folder: Path) -> tuple[str, ...]:
    """Return the packages of the project; where it has none its folders of modules and modules.

    A folder without `__init__.py` is a package too (a namespace package), but only where no
    regular package tells that the project marks them.
    """
    regular: list[str] = []
    loose: list[str] = []
    modules: list[str] = []
    for entry in _entries(folder):
        if entry.name.startswith((".", "test_")) or entry.name in {*SKIPPED, *TEST_FOLDERS}:
            continue
        if entry.is_dir():
            if _is_project(entry):
                continue
            if (entry.name in LAYOUTS and _holds_python(entry)) or (entry / "__init__.py").exists():
                regular.append(entry.name)
            elif entry.name not in NOT_PACKAGES and _holds_python(entry):
                loose.append(entry.name)
        elif _is_module(entry):
            modules.append(entry.name)
    return tuple(regular or [*loose, *modules])


def find_tests(folder: Path) -> tuple[str, ...]:
    """Return the folders and loose files of the project's tests."""
    entries = [entry for entry in _entries(folder) if not entry.name.startswith(".")]
    folders = [name for name in TEST_FOLDERS if _holds_tests(folder / name)]
    loose = [entry.name for entry in entries if _is_test(entry)]
    if folders:
        return (*folders, *loose)
    inside = [
        name
        for entry in entries
        if entry.is_dir() and entry.name not in SKIPPED and not _is_project(entry)
        for name in _tests_inside(entry)
    ]
    return (*loose, *inside)


def _tests_inside(package: Path) -> Iterator[str]:
    """Yield where a package keeps its tests: in a folder of their own, or beside the code."""
    for name in TEST_FOLDERS:
        if _holds_tests(package / name):
            yield f"{package.name}/{name}"
            return
    if any(_is_test(entry) for entry in _entries(package)):
        yield package.name


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_project(folder: Path) -> bool:
    """Tell whether a folder is a project of its own, which looks after its own code."""
    return any((folder / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg"))


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" and path.name not in TOOL_MODULES and not _is_test(path)


def _is_test(path: Path) -> bool:
    named = path.name.startswith("test_") or path.name.endswith("_test.py")
    return path.suffix == ".py" and (named or path.name == "tests.py") and path.is_file()


def _holds_tests(folder: Path, depth: int = 3) -> bool:
    """Tell whether a folder holds a file of tests, itself or in the folders below it."""
    entries = _entries(folder)
    if any(_is_test(entry) or entry.name == "conftest.py" for entry in entries):
        return True
    inner = (one for one in entries if not one.name.startswith((".", "__")) and one.is_dir())
    return depth > 0 and any(_holds_tests(one, depth - 1) for one in inner)


def _holds_python(folder: Path, depth: int = 2) -> bool:
    """Tell whether a folder holds a module, itself or in the folders below it."""
    entries = _entries(folder)
    if any(entry.suffix == ".py" for entry in entries):
        return True
    inner = (one for one in entries if not one.name.startswith(".") and one.is_dir())
    return depth > 0 and any(_holds_python(one, depth - 1) for one in inner)
