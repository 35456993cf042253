"""Reads how pytest is configured for a file of tests, from wherever a project says it."""

from __future__ import annotations

import configparser
import posixpath
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mcp_server.repository import Project
from mcp_server.semantic.module import Module

INI_FILES = ("pytest.ini", ".pytest.ini")
LAST = (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))


def pytest_options(module: Module) -> Mapping[str, Any]:
    """Return the options of the configuration that pytest takes for a file: the nearest one."""
    for project in _around(module):
        found = _stated(project)
        if found:
            return found
    return {}


def nested_options(module: Module) -> Iterator[Mapping[str, Any]]:
    """Yield what ini files say in the folders between a file and its project.

    pytest takes the one nearest above its arguments, so these hold where a folder is run by itself.
    """
    library = module.program.library
    project = library.project(module.path)
    end = "" if project is None or project.path == "." else project.path
    folder = posixpath.dirname(module.path)
    while folder not in {end, ""}:
        for name, section in (*((one, "pytest") for one in INI_FILES), *LAST):
            path = posixpath.join(folder, name)
            if path in library.files:
                parser = configparser.ConfigParser(interpolation=None, strict=False)
                try:
                    parser.read_string((library.root / path).read_text(encoding="utf-8"))
                except (OSError, ValueError, configparser.Error):
                    continue
                if parser.has_section(section):
                    yield dict(parser[section])
        folder = posixpath.dirname(folder)


def pytest_words(module: Module) -> Iterator[str]:
    """Yield the words of the command lines by which a project's tests are run, `addopts` first."""
    stated = pytest_options(module).get("addopts", "")
    yield from _split(stated) if isinstance(stated, str) else map(str, stated)
    for project in _around(module):
        for command in (*project.commands, *project.others):
            yield from command.args
        for sections in project.settings.sections.values():
            for section in sections.values():
                for key in ("commands", "addopts"):
                    yield from _split(section.get(key, ""))


def pytest_dependencies(module: Module) -> frozenset[str]:
    """Return the declared packages of the projects that a file lies in."""
    return frozenset(one for each in _around(module) for one in each.settings.dependencies)


def _around(module: Module) -> Iterator[Project]:
    """Yield the project of a file, and those whose folders lie around it."""
    found = module.program.library.project(module.path)
    if found is None:
        return
    yield found
    for one in module.program.library.projects:
        if one is not found and (one.path == "." or f"{found.path}/".startswith(f"{one.path}/")):
            yield one


def _stated(project: Project) -> Mapping[str, Any]:
    settings = project.settings
    for name in INI_FILES:
        if "pytest" in settings.sections.get(name, {}):
            return settings.sections[name]["pytest"]
    table = settings.tables.get("pytest") or {}
    inner = table.get("ini_options")
    held = {**table, **inner} if isinstance(inner, Mapping) else table
    if held:
        return held
    for name, section in LAST:
        if section in settings.sections.get(name, {}):
            return settings.sections[name][section]
    return {}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def conftests(module: Module) -> Iterator[Module]:
    """Yield the conftest files whose fixtures a file of tests can ask for, nearest first."""
    folder = posixpath.dirname(module.path)
    while True:
        found = module.program.module(posixpath.join(folder, "conftest.py"))
        if found is not None and found is not module:
            yield found
        if not folder:
            return
        folder = posixpath.dirname(folder)
