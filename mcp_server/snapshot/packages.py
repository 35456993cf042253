"""Takes what is installed in the environments of a project as one short mark."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mcp_server.conventions.files.reading import read_text
from mcp_server.repository import Conventions, Project

FOLDERS = ("site-packages", "dist-packages")
MARKED = (".dist-info", ".egg-info", ".egg-link", ".pth", ".py")
"""The endings of what an installer leaves for each package, of what leads elsewhere, and of code
that is no package.
"""
LEADS = re.compile(r"['\"](/[^'\"\n]+)['\"]")


def installed(conventions: Conventions) -> str:
    """Return what stands for the packages that the projects' checks run with.

    It changes with every package that is installed, removed or installed again. Files that are
    edited inside an installed package change nothing of it.
    """
    found = hashlib.sha256()
    folders = {project.environment.folder for project in conventions.projects}
    for folder in sorted(folders, key=str):
        place = folder or _of_path()
        found.update(f"{folder}\0".encode("utf-8", "backslashreplace"))
        for line in sorted(_packages(place)) if place else ():
            found.update(line)
    return found.hexdigest()[:32]


def _of_path() -> Path | None:
    """Return the folder that the Python of PATH is installed in."""
    program = shutil.which("python3")
    return Path(os.path.realpath(program)).parent.parent if program else None


def led_outside(conventions: Conventions) -> str:
    """Return what the projects' Python finds beside its packages and outside the folder, or "".

    Such code can change without anything of the folder, or of what is installed, changing.
    """
    for project in conventions.projects:
        place = project.environment.folder or _of_path()
        for found in map(str, (*_stated(project), *(_led(place) if place else ()))):
            path = os.path.realpath(conventions.root / project.path / found)
            inside = (conventions.root, *([place] if place else []))
            if not any(Path(path).is_relative_to(os.path.realpath(one)) for one in inside):
                return found
    return ""


def _stated(project: Project) -> Iterator[str]:
    """Yield the folders that pytest's settings add to the search path."""
    table = project.settings.tables.get("pytest", {})
    options = table.get("ini_options", table)
    stated = options.get("pythonpath") if isinstance(options, Mapping) else None
    if isinstance(stated, str):
        yield from stated.split()
    elif isinstance(stated, list):
        yield from map(str, stated)
    for sections in project.settings.sections.values():
        for name in ("pytest", "tool:pytest"):
            yield from str(sections.get(name, {}).get("pythonpath", "")).split()


def _led(place: Path) -> Iterator[str]:
    """Yield the folders that an environment's files lead to: links of installs, other packages."""
    config = _text(place / "pyvenv.cfg")
    if re.search(r"^include-system-site-packages\s*=\s*true", config, re.MULTILINE | re.IGNORECASE):
        yield from re.findall(r"^home\s*=\s*(\S.*)$", config, re.MULTILINE)
    for library in _entries(place / "lib"):
        for entry in (one for name in FOLDERS for one in _entries(library / name)):
            if entry.suffix in {".pth", ".egg-link"}:
                lines = (line.strip() for line in _text(entry).splitlines())
                ends = (line for line in lines if not line.startswith(("import", "#")))
                yield from (str(entry.parent / line) for line in ends if line not in {"", "."})
            elif entry.name.startswith("__editable__") and entry.suffix == ".py":
                yield from (one for one in LEADS.findall(_text(entry)) if Path(one).exists())


def _text(path: Path) -> str:
    return read_text(path) or ""


def _packages(place: Path) -> Iterator[bytes]:
    program = place / "bin" / "python3"
    yield f"{os.path.realpath(program)}\0{_state(program)}\n".encode("utf-8", "backslashreplace")
    for library in _entries(place / "lib"):
        for name in FOLDERS:
            for entry in _entries(library / name):
                # A package that is installed again has the same name, and a newer record. The
                # time of its folder changes with every file that Python compiles.
                marked = entry.suffix in MARKED
                stated = (entry / "RECORD", entry / "PKG-INFO", entry) if marked else ()
                state = next((one for path in stated if (one := _state(path))), "")
                if entry.name != "__pycache__":
                    text = f"{library.name}/{entry.name}\0{state}\n"
                    yield text.encode("utf-8", "backslashreplace")


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return ()


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"
