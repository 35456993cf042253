"""Says which files of a project can make a difference to its verification, by their names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

from mcp_server.checkers import checkers
from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.files.settings import CONFIGURATION, INI_FILES
from mcp_server.repository import Conventions

SOURCES = (".py", ".pyi")
CONFIGURES = frozenset(
    ".toml .cfg .ini .conf .lock .yml .yaml .mk .make .just .env .in .jsonc .nix".split()
)
"""Suffixes of files that configure tools. JSON and XML are also what tools report in."""
CONFIGURATIONS = frozenset({*CONFIGURATION, *INI_FILES}) | frozenset(
    "makefile gnumakefile justfile .justfile procfile dockerfile pipfile .env .envrc .gitignore "
    ".coveragerc .python-version .ruff.toml .tool-versions .gitattributes package.json "
    "pyrightconfig.json manifest.in".split()
)
REQUIREMENTS = ("requirements", "constraints")

PROSE = frozenset({".md", ".rst", ".adoc"})
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".ico"})
DOCUMENTARY = PROSE | IMAGES | {".txt"}
DOCUMENTS = frozenset(
    "readme license licence copying notice authors contributors maintainers changelog changes "
    "history news contributing security support governance code_of_conduct claude agents".split()
)
DOCUMENTATION = frozenset({"doc", "docs", "documentation", ".github", ".claude"})
CODE = frozenset({"src", "fixtures", "data", "templates", "resources", "prompts", "skills"})
"""Folders in which a text is what code reads, whatever its suffix."""

NAMES_DOCUMENT = re.compile(r"\.(?:md|rst|txt|adoc|png|jpe?g|gif|svg|webp|ico)\b", re.IGNORECASE)
READS_DOCUMENTS = re.compile(
    rf"doctest|sybil|markdown|pytest.?examples|codeblocks|readme|licen[cs]e|changelog"
    rf"|docs/|['\"]docs?['\"]|{NAMES_DOCUMENT.pattern}",
    re.IGNORECASE,
)
"""Words of a test, or of what configures tests, that may read documents."""
LONGEST_TEST = 1 << 19
"""Bytes of a test that is looked into; a longer one may read anything."""


def is_source(path: str) -> bool:
    """Tell whether a file holds Python."""
    return path.endswith(SOURCES)


def is_configuration(path: str) -> bool:
    """Tell whether a file says how checks are run; a check that writes it changes the next."""
    name = posixpath.basename(path).lower()
    return (
        name in CONFIGURATIONS
        or posixpath.splitext(name)[1] in CONFIGURES
        or (name.startswith(REQUIREMENTS) and name.endswith(".txt"))
    )


def is_document(path: str) -> bool:
    """Tell whether a file is there for people alone: prose, licences and pictures of the docs.

    Tests read data, templates, prompts and SQL of every suffix, so only the usual places and names
    of documents count: what lies at the top, below `docs`, or is called README.
    """
    suffix = posixpath.splitext(path)[1].lower()
    if suffix and suffix not in DOCUMENTARY:
        return False
    *folders, name = path.lower().split("/")
    if any(one in CODE or one.startswith("test") for one in folders):
        return False
    stem = posixpath.splitext(name)[0]
    among = not DOCUMENTATION.isdisjoint(folders)
    if suffix in PROSE:
        return not folders or among or stem in DOCUMENTS
    if suffix == ".txt":
        # pytest takes test*.txt for doctests without being told so.
        return stem in DOCUMENTS or (among and not stem.startswith((*REQUIREMENTS, "test")))
    return stem in DOCUMENTS if not suffix else among and suffix in IMAGES


def reads_documents(root: Path, conventions: Conventions, paths: Iterable[str]) -> bool:
    """Tell whether the project's checks may read its documents, so that these matter, too.

    That is so where a check is a program hdb does not know, where the settings of the tests name
    documents, and where a test does. In doubt they do.
    """
    known = checkers()
    for project in conventions.projects:
        if any(one.tool not in known for one in project.commands):
            return True
        settings = project.settings
        texts = [one.text for one in project.commands]
        for tables in (settings.tables, *settings.sections.values()):
            texts += [repr(table) for name, table in tables.items() if "pytest" in name]
        # Formatters take documents only where they are told their suffixes.
        formats = repr(settings.tables.get("ruff"))
        if any(map(READS_DOCUMENTS.search, texts)) or NAMES_DOCUMENT.search(formats):
            return True
    return any(_is_test(path) and _names_documents(root / path) for path in paths)


def _is_test(path: str) -> bool:
    *folders, name = path.split("/")
    named = name.startswith(("test", "conftest")) or name.endswith("_test.py")
    return is_source(path) and (named or any(one.startswith("test") for one in folders))


def _names_documents(path: Path) -> bool:
    text = read_text(path, LONGEST_TEST)
    return text is None or READS_DOCUMENTS.search(text) is not None
