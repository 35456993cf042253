"""Finds which Pythons are installed, by the names of their files, and which a project may use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion

from mcp_server.conventions.environment.installed import python_version
from mcp_server.conventions.files.reading import read_text

NAMED = re.compile(r"^python(3\.\d+)$")
VERSION = re.compile(r"(3\.\d+(?:\.\d+)?)")
CARET = re.compile(r"\^\s*(\d+)(?:\.\d+)*")
PIN = ".python-version"


def satisfies(version: str, requires: str) -> bool:
    """Tell whether a Python version satisfies `requires-python`; an unreadable one asks nothing.

    A version without its last number satisfies what any release of it would.
    """
    if "|" in requires:
        return any(satisfies(version, one) for one in requires.split("|") if one.strip())
    try:
        asked = SpecifierSet(_plain(requires))
        if version.count(".") != 1:
            return asked.contains(version, prereleases=True)
        return any(asked.contains(f"{version}.{patch}", prereleases=True) for patch in range(40))
    except (InvalidSpecifier, InvalidVersion):
        return True


def pythons(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the versions of the installed Pythons, newest first, as exact as their names say."""
    found = {version for version, _ in (*_on_path(variables), *_kept(variables))}
    if plain := _default(variables):
        found.add(plain)
    return tuple(sorted(found, key=_numbers, reverse=True))


def missing_python(requires: str | None, variables: Mapping[str, str]) -> str | None:
    """Say that no installed Python satisfies `requires`, where that can be told."""
    known = pythons(variables)
    if not requires or not known or any(satisfies(one, requires) for one in known):
        return None
    return f"no installed Python satisfies {requires} (there is {', '.join(known[:4])})"


def interpreter(requires: str | None, pin: str | None, variables: Mapping[str, str]) -> str:
    """Return the command whose Python a new environment is made with.

    That is `python3`, unless it is known not to be what the project requires and another is.
    """
    named = dict(_on_path(variables))
    asked = requires or ""
    plain = _default(variables)
    wanted = [pin] if pin and pin in named else []
    if not wanted and (plain == "" or (plain and satisfies(plain, asked))):
        return "python3"
    wanted += [one for one in sorted(named, key=_numbers, reverse=True) if satisfies(one, asked)]
    return f"python{wanted[0]}" if wanted else "python3"


def pinned(folder: Path, root: Path) -> str | None:
    """Return what the nearest `.python-version` up to `root` names: a version, or pyenv's name."""
    for base in (folder, *folder.parents):
        for line in (read_text(base / PIN) or "").splitlines():
            if line.strip() and not line.startswith("#"):
                return line.strip()
        if base == root:
            break
    return None


def minor(version: str | None) -> str | None:
    """Return the first two numbers of a version, None where a text holds none."""
    match = re.match(r"^(?:cpython[-@]?|python)?(3\.\d+)", version or "")
    return match[1] if match else None


def pyenv_root(variables: Mapping[str, str]) -> Path:
    """Return where pyenv keeps its versions and environments."""
    return Path(variables.get("PYENV_ROOT") or f"{variables.get('HOME') or '/nonexistent'}/.pyenv")


def _on_path(variables: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the `python3.N` of PATH, each with its place."""
    for folder in variables.get("PATH", "").split(os.pathsep):
        for name in _names(Path(folder)) if folder else ():
            if match := NAMED.match(name):
                yield match[1], Path(folder, name)


def _kept(variables: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the Pythons that pyenv and uv keep in the user's folder."""
    home = Path(variables.get("HOME") or "/nonexistent")
    data = Path(variables.get("XDG_DATA_HOME") or home / ".local/share")
    uv = Path(variables.get("UV_PYTHON_INSTALL_DIR") or data / "uv/python")
    for folder in (pyenv_root(variables) / "versions", uv):
        for name in _names(folder):
            match = VERSION.search(name)
            if match and not name.startswith((".", "pypy", "graalpy")):
                yield match[1], folder / name


def _default(variables: Mapping[str, str]) -> str | None:
    """Return the version of the `python3` on PATH, "" for a shim's, None where there is none."""
    for folder in variables.get("PATH", "").split(os.pathsep):
        if folder and (Path(folder) / "python3").exists():
            return python_version(Path(folder).parent) or ""
    return None


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - only names
    except (OSError, ValueError):
        return []


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split("."))


def _plain(requires: str) -> str:
    """Return poetry's `^3.11` and `3.11.*` forms as a standard specifier."""
    parts = []
    for one in requires.split(","):
        part = one.strip()
        number = part.lstrip("^~ ")
        if caret := CARET.fullmatch(part):
            parts += [f">={number}", f"<{int(caret[1]) + 1}"]
        elif part.startswith("~") and not part.startswith("~="):
            parts.append(f"~={number}.0" if number.count(".") < 2 else f"~={number}")
        elif part[:1].isdigit():
            exact = part.count(".") > 1 or part.endswith("*")
            parts.append(f"=={part}" if exact else f"=={part}.*")
        elif part != "*":
            parts.append(part)
    return ",".join(parts)
