"""Finds where an environment leads into a repository, as editable installs do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.files.reading import read_text

IMPORT = re.compile(r"import[ \t]+([\w.]+)")
"""How a line of a .pth file begins that runs code, and the first module that it names."""
FIRST = "meta_path.insert(0"
"""What a finder does that comes before PYTHONPATH (scikit-build-core, meson-python)."""


@dataclass(frozen=True, slots=True)
class Led:
    """The folders of a repository that an environment imports from, in its order.

    `unclear` are modules of the environment through which the repository's packages come whatever
    PYTHONPATH says: they come first, or know a package under another name than its folder's.
    """

    folders: tuple[Path, ...] = ()
    unclear: tuple[str, ...] = ()


def led_into(environment: Path, top: Path) -> Led:
    """Return where an environment leads into a repository.

    It stands in .pth files (uv, hatch, flit, poetry, pdm, setuptools), or as paths of packages in
    the modules that those import (setuptools' finders, the redirectors of `editables`).
    """
    found: dict[Path, None] = {}
    unclear: dict[str, None] = {}
    inside = (environment, environment.resolve())
    for packages in sorted(environment.glob("lib/python3*/site-packages")):
        for file in sorted(packages.glob("*.pth")):
            for folder, module in _of_pth(file, packages):
                path = folder.resolve()
                own = path.is_relative_to(top) and not any(map(path.is_relative_to, inside))
                if own and module:
                    unclear[module] = None
                elif own and path.is_dir():
                    found[path] = None
    return Led(tuple(found), tuple(unclear))


def _of_pth(file: Path, packages: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folders that a .pth file leads to, with the module that does so in its own way."""
    for line in (read_text(file) or "").splitlines():
        text = line.strip()
        if match := IMPORT.match(text):
            yield from _of_finder(match[1], read_text(packages / f"{match[1]}.py") or "")
        elif text and not text.startswith("#"):
            yield packages / text, ""


def _of_finder(module: str, text: str) -> Iterator[tuple[Path, str]]:
    """Yield the folders that hold the packages and modules whose paths a finder has written out."""
    try:
        tree = ast.parse(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return
    for name, place in _pairs(tree):
        path = Path(place)
        if path.name in {"__init__.py", "__init__.pyi"}:
            path = path.parent
        clear = path.stem == name.rpartition(".")[2] and FIRST not in text
        # A package inside another one is found through it.
        folder = path.parents[min(name.count("."), len(path.parents) - 1)]
        yield folder, "" if clear else module


def _pairs(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names with their absolute paths in the dicts and calls of a finder."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            pairs = list(zip(node.keys, node.values, strict=True))
        elif isinstance(node, ast.Call) and len(node.args) > 1:
            pairs = [(node.args[0], node.args[1])]
        else:
            continue
        for key, value in pairs:
            name = key.value if isinstance(key, ast.Constant) else None
            # Namespaces have a list of places.
            for one in value.elts if isinstance(value, ast.List) else [value]:
                place = one.value if isinstance(one, ast.Constant) else None
                if isinstance(name, str) and isinstance(place, str) and place.startswith("/"):
                    yield name, place.replace("\0", "")
