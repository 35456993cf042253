"""Reads from a Python file's text whatever it could execute: imports, names in strings, loaders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.reach.executing import lists, loaded, mentions, starts, starts_any
from mcp_server.reach.imports import Import, statements, without_guarded

STRING = re.compile(
    r"#[^\n]*"
    r'|"""(?P<long>(?:[^"\\]|\\.|"(?!""))*)"""'
    r"|'''(?P<other>(?:[^'\\]|\\.|'(?!''))*)'''"
    r'|"(?P<short>(?:[^"\\\n]|\\.)*)"'
    r"|'(?P<single>(?:[^'\\\n]|\\.)*)'",
    re.DOTALL,
)
SUFFIXES = (".py", ".pyw", ".pyi", ".toml", ".md", ".rst", ".txt", ".json", ".yml", ".yaml")
"""What a name of a file ends in; what imports by a dotted name has no such module."""
DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
WORD = re.compile(r"[^\W\d]\w*(?=$|:[\w.]+$)")
OPTION = re.compile(r"(?:^|\s)-(?:m|p|A)[ =]?(?P<name>[\w.]+)")
FILE = re.compile(r"[\w./ -]*\.pyw?\b")
COMPUTED = re.compile(r"[%*?}\]]\w?\.pyw?\b")
COMMAND = re.compile(r"[\w.-]+(?=$|\s)")
FOLDER = re.compile(r"[\w.-]+(?:(?:/[\w.-]+)+/?|/)")
PREFIX = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?=\.(?:$|[{%]))")
PLUGINS = re.compile(r"\bpytest_plugins\b[^=\n]*=(?P<value>[^\[(\n]*(?:[\[(][^\])]*)?)")
CONSTANTS = re.compile(
    r"\s*[\[(]?(?:\s*(?:#[^\n]*\n|['\"][\w.:]+['\"]|,))*\s*[\])]?[ \t]*(?:[#;\n]|$)"
)
EVERY_SESSION = re.compile(r"PYTEST_PLUGINS\W{1,40}?(?P<names>[^\W\d][\w.,]*)")
DJANGO = re.compile(r"DJANGO_SETTINGS_MODULE\W{1,40}?(?P<name>[^\W\d][\w.]*)")
PYTHON = re.compile(r"(?:^|[\s/])(?:python|pypy)[\d.]*(?:$|\s)")
LAZY = re.compile(r"^def __getattr__\(", re.MULTILINE)
MIGRATORS = ("alembic", "flask_migrate", "aerich", "yoyo")
SESSION_HOOK = re.compile(
    r"\bpytest_(?:collection_modifyitems|configure|unconfigure|sessionstart|sessionfinish|addoption"
    r"|addhooks|plugin_registered|load_initial_conftests|cmdline\w+|collection|collection_finish"
    r"|itemcollected|make_parametrize_id|xdist\w*|report\w*|terminal\w*|runtestloop|deselected)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the text of a Python file tells of what it could execute.

    `dotted` are dotted names in strings, `words` strings of one name, `files` and `folders` paths
    in strings, `commands` what a string begins with. `plugins` are names that pytest or Django
    load for all tests. `loads` says that it imports what it computes, `lists` that it looks into
    folders for what may be Python, `starts` that it starts programs, Python perhaps. `lazy` is a
    module that answers for its names itself, `migrates` one that runs migrations, `hooks` one with
    a say in the whole session of pytest. `prefixes` are names in strings to which another is put,
    `programs` says that it mentions the starting of programs at all, `globs` that it looks for
    files of whatever kind.
    """

    imports: tuple[Import, ...] = ()
    dotted: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    plugins: frozenset[str] = frozenset()
    loads: bool = False
    lists: bool = False
    starts: bool = False
    lazy: bool = False
    migrates: bool = False
    hooks: bool = False
    prefixes: frozenset[str] = frozenset()
    programs: bool = False
    globs: bool = False

    @property
    def may_read(self) -> bool:
        """Whether it may read files that it does not name."""
        return self.lists or self.globs or self.starts or self.programs


def read_source(text: str) -> Source:
    """Return what a Python file's text tells; never raises, whatever the text."""
    code = without_guarded(text.replace("\r\n", "\n").replace("\r", "\n"))
    dotted: set[str] = set()
    words: set[str] = set()
    files: set[str] = set()
    folders: set[str] = set()
    commands: set[str] = set()
    prefixes: set[str] = set()
    python = False
    for content in _strings(code):
        if "." in content:
            dotted.update(dotted_names(content))
            prefix = PREFIX.match(content)
            if prefix:
                prefixes.add(prefix[0])
            if ".py" in content:
                files.update([".py"] if COMPUTED.search(content) else ())
                files.update(FILE.findall(content))
        if "/" in content:
            folders.update(FOLDER.findall(content))
        if " " not in content:
            words.update(WORD.findall(content[:200]))
        if "-" in content:
            words.update(OPTION.findall(content))
        command = COMMAND.match(content)
        if command:
            commands.add(command[0])
        if "py" in content and PYTHON.search(content):
            python = True
    imports = tuple(statements(code))
    constant, loads = loaded(code, imports)
    imports += constant
    computed = "pytest_plugins" in code and _computes_plugins(code)
    return Source(
        imports=imports,
        dotted=frozenset(dotted),
        words=frozenset(words),
        files=frozenset(files),
        folders=frozenset(folders),
        commands=frozenset(commands),
        plugins=frozenset(_plugins(code)),
        loads=loads or computed,
        lists=lists(code, files),
        starts=python or starts(code, words, imports),
        lazy="def __getattr__(" in code and LAZY.search(code) is not None,
        migrates=mentions(code, MIGRATORS),
        hooks=computed
        or mentions(code, ("os.environ", "sys.path"))
        or ("pytest_" in code and SESSION_HOOK.search(code) is not None),
        prefixes=frozenset(prefixes),
        programs=starts_any(code),
        globs="glob(" in code,
    )


def dotted_names(text: str) -> Iterator[str]:
    """Yield the dotted names in a text that may be those of modules."""
    return (one for one in DOTTED.findall(text) if not one.endswith(SUFFIXES))


def session_plugins(text: str) -> Iterator[str]:
    """Yield the modules that a text sets as plugins of every session of pytest."""
    if "PYTEST_PLUGINS" in text:
        for one in EVERY_SESSION.finditer(text):
            yield from filter(None, one["names"].split(","))


def _strings(code: str) -> Iterator[str]:
    """Yield the contents of the strings, but for those that only document."""
    for found in STRING.finditer(code):
        kind = found.lastgroup
        if kind is None:
            continue
        content = found[kind]
        if kind in {"long", "other"} and ">>>" not in content:
            before = code[max(0, found.start() - 200) : found.start()].rstrip("rRuUbB")
            head = before.rstrip()
            if (not head and found.start() < 200) or (
                head.endswith(":") and "\n" in before[len(head) :]
            ):
                continue
        yield content


def _computes_plugins(code: str) -> bool:
    """Tell whether a file has plugins of pytest that it does not spell."""
    return "pytest_plugins." in code or any(
        not CONSTANTS.match(code, one.start("value")) for one in PLUGINS.finditer(code)
    )


def _plugins(code: str) -> Iterator[str]:
    if "pytest_plugins" in code:
        for one in PLUGINS.finditer(code):
            yield from re.findall(r"['\"]([\w.]+)['\"]", one["value"])
    yield from session_plugins(code)
    if "DJANGO_SETTINGS_MODULE" in code:
        yield from DJANGO.findall(code)
