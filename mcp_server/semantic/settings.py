"""Finds the classes by which a project reads its settings from the environment, and their users."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass, field

from mcp_server.semantic.classes import bases
from mcp_server.semantic.models import is_settings, model_fields
from mcp_server.semantic.module import FUNCTIONS, Module
from mcp_server.semantic.resolve import exported, ref

SETTINGS_FILE = re.compile(
    r"(^|[_/])(settings?|config|conf|environment|env|cli|conftest|bootstrap)$"
)
"""Modules that hold settings, or begin before there are any."""
FOLDERS = frozenset({"settings", "config", "conf"})
SOURCES = frozenset({"settings_customise_sources", "customise_sources"})


@dataclass(slots=True)
class ProjectSettings:
    """The settings classes of a project that take their values from the environment."""

    names: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    """The names under which other modules get at them."""
    variables: int = 0

    @property
    def shown(self) -> str:
        """What a message calls them."""
        if len(self.names) > 1:
            return "`Settings`" if "Settings" in self.names else "the settings"
        return f"`{next(iter(self.names))}`"


def project_settings(module: Module) -> ProjectSettings:
    """Return what the settings of a module's project are, found out once."""
    library = module.program.library
    project = library.project(module.path)
    named = [one for one in sorted(library.known) if _is_own(one)]
    paths = [
        one
        for one in dict.fromkeys([*library.holding("BaseSettings"), *named])
        if library.project(one) is project
    ]
    sources = [
        one for one in module.program.modules(paths) if not one.is_test and not one.is_script
    ]
    if not sources:
        return ProjectSettings()
    kept = sources[0].cache
    if "project settings" not in kept:
        kept["project settings"] = _gathered(sources)
    held: ProjectSettings = kept["project settings"]
    return held


def _gathered(sources: list[Module]) -> ProjectSettings:
    found = ProjectSettings()
    for source in sources:
        for one in source.nodes(ast.ClassDef):
            if one.bases and is_settings(source, one) and _has_environment(source, one):
                if not _is_own(source.path) and not _is_shared(source):
                    continue
                found.names.add(one.name)
                found.paths.add(source.path)
                found.words |= {key for key in source.names if not key.startswith("__")}
                found.variables += len(model_fields(source, one))
    return found


def _is_own(path: str) -> bool:
    """Tell whether a file is made for settings, by its name or its folder's."""
    stem = path.removesuffix(".py")
    return SETTINGS_FILE.search(stem) is not None or bool(FOLDERS & {*stem.split("/")[:-1]})


def _has_environment(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether a settings class takes its values from the environment, not from a file."""
    for one in bases(module, owner):
        for each in getattr(one.node, "body", ()):
            if isinstance(each, FUNCTIONS) and each.name in SOURCES:
                returned = {
                    name
                    for held in ast.walk(each)
                    if isinstance(held, ast.Return)
                    for name in _names(held)
                }
                # Or a source of the project's own around it, or all that are given.
                kept = returned & {"super", "sources"}
                if not kept and not any("env" in one.lower() for one in returned):
                    return False
    library = module.program.library
    for source in module.program.modules(library.holding(owner.name)):
        for call in source.nodes(ast.Call):
            called = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if called == owner.name and any(one.arg is None for one in call.keywords):
                found = ref(source, call.func)
                if not source.is_test and found is not None and found.node is owner:
                    return False
    return True


def _is_shared(module: Module) -> bool:
    """Tell whether settings that lie in no module of their own are those of several modules."""
    stem = module.path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
    held = [one for one in module.program.library.holding(stem) if one != module.path]
    return sum(_imports(one, {module.path}, set()) for one in module.program.modules(held)) > 1


def _imports(module: Module, paths: set[str], words: set[str]) -> bool:
    """Tell whether a module of the service imports one of some files, or what they define."""
    if module.is_test or module.is_script or module.path in paths:
        return False
    for names in module.bindings.scopes.values():
        for one in (each for held in names.values() for each in held):
            if one.imported is None:
                continue
            path = module.program.imported(module, one.imported)
            if path is not None and (path in paths or one.imported.name in words):
                return True
            if path is not None and path.startswith(_folders(paths)):
                return True
            source = module.program.module(path) if path else None
            found = exported(source, one.imported.name) if source and one.imported.name else None
            if found is not None and found.module is not None and found.module.path in paths:
                return True
    return False


def _folders(paths: set[str]) -> tuple[str, ...]:
    """Return the packages of settings in which some files lie: `app/settings/`."""
    found: set[str] = set()
    for path in paths:
        folder = posixpath.dirname(path)
        while folder:
            if posixpath.basename(folder) in FOLDERS:
                found.add(f"{folder}/")
            folder = posixpath.dirname(folder)
    return tuple(sorted(found))


def knows_settings(module: Module, settings: ProjectSettings) -> bool:
    """Tell whether a module, or one beside it, uses the settings; what runs alone cannot."""
    folder = posixpath.dirname(module.path)
    beside = sorted(one for one in module.program.library.known if posixpath.dirname(one) == folder)
    return any(
        _imports(one, settings.paths, settings.words)
        for one in (module, *module.program.modules(beside))
    )


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
