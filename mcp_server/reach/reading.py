"""Reads from a Python file's text whatever it could execute: imports, names in strings, loaders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcp_server.reach.imports import Import, constant_calls, statements, without_guarded

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
FOLDER = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?")
PLUGINS = re.compile(r"\bpytest_plugins\b[^=\n]*=(?P<value>[^\[(\n]*(?:[\[(][^\])]*)?)")
DJANGO = re.compile(r"DJANGO_SETTINGS_MODULE\W{1,40}?(?P<name>[^\W\d][\w.]*)")
LOADERS = (
    "import_module __import__ walk_packages iter_modules find_modules find_loader spec_from_ "
    "module_from_spec FileLoader run_path run_module runpy load_source load_module exec_module "
    "entry_points load_entry_point autodiscover resolve_name execfile find_spec LazyLoader "
    "LazyModule lazy_loader stevedore venusian entrypoints loadTestsFrom .discover("
).split()
OPENERS = ("open(", "read_text(", "read(", "read_bytes(")
LISTERS = (
    "os.walk",
    "listdir",
    "scandir",
    "iterdir",
    "fwalk",
    "ls-files",
    "copytree",
    "import walk",
)
GLOBS = re.compile(r"glob\(\s*(?:[rbuf]?['\"](?P<pattern>[^'\"]*)['\"])?")
DATA = re.compile(r"\.(?!py)\w{2,8}$")
STARTERS = ("sys.executable", "import executable", "copy_example", "pexpect", "pytest.main")
STARTING = ("subprocess", "Popen", "run(", "system(", "call(", "output(", "spawn", "exec")
PROGRAMS = frozenset(
    "uv poetry hatch pdm nox tox make bash sh mypy pyright basedpyright "
    "pylint flake8 ruff black isort mkdocs pyrefly coverage pytest".split()
)
"""Programs that run Python, or read it, when a test starts them."""
PYTHON = re.compile(r"(?:^|[\s/])(?:python|pypy)[\d.]*(?:$|\s)")
READERS = frozenset(
    "mypy pylint flake8 sphinx griffe pytestarch grimp importlinter vulture pycodestyle pydocstyle "
    "interrogate pyflakes mkdocs".split()
)
"""Packages that read the code of others."""
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
    a say in the whole session of pytest.
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


def read_source(text: str) -> Source:
    """Return what a Python file's text tells; never raises, whatever the text."""
    code = without_guarded(text)
    dotted: set[str] = set()
    words: set[str] = set()
    files: set[str] = set()
    folders: set[str] = set()
    commands: set[str] = set()
    starts = False
    for content in _strings(code):
        if "." in content:
            dotted.update(dotted_names(content))
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
            starts = True
    imports, loads = _loaded(code)
    return Source(
        imports=imports,
        dotted=frozenset(dotted),
        words=frozenset(words),
        files=frozenset(files),
        folders=frozenset(folders),
        commands=frozenset(commands),
        plugins=frozenset(_plugins(code)),
        loads=loads,
        lists=_lists(code, files),
        starts=starts
        or (not PROGRAMS.isdisjoint(words) and _mentions(code, STARTING))
        or _mentions(code, STARTERS)
        or any(one.module.partition(".")[0] in READERS for one in imports),
        lazy="def __getattr__(" in code and LAZY.search(code) is not None,
        migrates=_mentions(code, MIGRATORS),
        hooks=_mentions(code, ("os.environ", "sys.path"))
        or ("pytest_" in code and SESSION_HOOK.search(code) is not None),
    )


def dotted_names(text: str) -> Iterator[str]:
    """Yield the dotted names in a text that may be those of modules."""
    return (one for one in DOTTED.findall(text) if not one.endswith(SUFFIXES))


def _mentions(code: str, words: Iterable[str]) -> bool:
    return any(map(code.__contains__, words))


def _loaded(code: str) -> tuple[tuple[Import, ...], bool]:
    """Return every import, also of a call with a constant, and whether there are calls without."""
    imports = [*statements(code)]
    rest = code
    if _mentions(code, LOADERS):
        constant, rest = constant_calls(code)
        imports += constant
        if _mentions(rest, LOADERS):
            return tuple(imports), True
    return tuple(imports), "exec(" in rest and _mentions(rest, OPENERS)


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


def _plugins(code: str) -> Iterator[str]:
    if "pytest_plugins" in code:
        for one in PLUGINS.finditer(code):
            yield from re.findall(r"['\"]([\w.]+)['\"]", one["value"])
    if "DJANGO_SETTINGS_MODULE" in code:
        yield from DJANGO.findall(code)


def _lists(code: str, files: set[str]) -> bool:
    """Tell whether a file looks into folders for more than data of a kind that it names."""
    if any(one.startswith((".py", "/.py", "-.py")) for one in files):
        return True
    if "glob(" in code:
        for one in GLOBS.finditer(code):
            if not DATA.search(one["pattern"] or ""):
                return True
    return _mentions(code, LISTERS)
