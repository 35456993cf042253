"""Tells from a Python file's text whether it loads, lists or starts what no name in it shows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcp_server.reach.imports import Import, constant_calls

LOADERS = (
    "import_module __import__ walk_packages iter_modules find_modules find_loader spec_from_ "
    "module_from_spec FileLoader run_path run_module runpy load_source load_module exec_module "
    "entry_points entrypoints load_entry_point autodiscover resolve_name execfile find_spec "
    "LazyLoader LazyModule lazy_loader stevedore venusian loadTestsFrom .discover( import_string "
    "ImportString load_object fileConfig dictConfig joblib.load unsafe_load"
).split()
DOUBTFUL = ("pickle.load", "locate(", "instantiate(", "import instantiate")
"""Words of loaders that are also those of others."""
LOADING = frozenset("stevedore venusian lazy_loader entrypoints pydoc hydra".split())
"""Packages that load what they are told: whoever imports one does, under whatever name."""
CARRIERS = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib"})
HARMLESS = re.compile(
    # What was made in the same expression was loaded before; `allocate(` is no loader.
    r"pickle\.loads\(\s*\w*pickle\.dumps\(|[A-Za-z_]locate\(|[A-Za-z_]instantiate\("
)
EMBEDDING = (
    "testfile( DocFileSuite find_examples nbclient nbconvert nbformat papermill .ipynb .pyx "
    "pyximport mako jinja2.ext Jinja2Extension"
).split()
"""Words of a file that executes Python which stands in files of other kinds."""
OPENERS = ("open(", "read_text(", "read(", "read_bytes(")
BUILT = re.compile(r"(?:[rR]?[fF][rR]?['\"]+[^\n]*\bimport\b|['\"]+import )")
"""What stands in a call of exec or eval that imports what it computes."""
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
WALK = re.compile(r"(?<!ast)\.walk\(")
GLOBS = re.compile(r"glob\(\s*(?:[rbuf]?['\"](?P<pattern>[^'\"]*)['\"])?")
DATA = re.compile(r"\.(?!py)\w{2,8}$")
STARTERS = ("sys.executable", "import executable", "copy_example", "pexpect", "pytest.main")
STARTING = ("subprocess", "Popen", "run(", "system(", "call(", "output(", "spawn", "exec")
PROGRAMS = frozenset(
    "uv poetry hatch pdm nox tox make bash sh mypy pyright basedpyright "
    "pylint flake8 ruff black isort mkdocs pyrefly coverage pytest".split()
)
"""Programs that run Python, or read it, when a test starts them."""
ANY_PROGRAM = (
    "subprocess Popen os.system os.popen os.exec os.spawn os.posix_spawn create_subprocess pexpect "
    "run_process plumbum script_runner"
).split()
"""Words of a file that starts programs; what these run cannot be told from it."""
OF_SYSTEM = re.compile(
    r"^[ \t]*from[ \t]+os[ \t]+import\b[^\n]*\b(?:system|popen|exec|spawn)", re.MULTILINE
)
READERS = frozenset(
    "mypy pylint flake8 sphinx griffe pytestarch grimp importlinter vulture pycodestyle pydocstyle "
    "interrogate pyflakes mkdocs compileall py_compile".split()
)
"""Packages that read the code of others."""


def mentions(code: str, words: Iterable[str]) -> bool:
    """Tell whether a text holds one of the words."""
    return any(map(code.__contains__, words))


def loaded(code: str, imports: Iterable[Import]) -> tuple[tuple[Import, ...], bool]:
    """Return the imports of calls with a constant, and whether there are calls without one.

    Code in files of other kinds that is executed counts as such a call.
    """
    computed = mentions(code, EMBEDDING) or any(map(_is_loader, imports))
    found: tuple[Import, ...] = ()
    rest = code
    if mentions(code, LOADERS) or mentions(code, DOUBTFUL):
        constant, rest = constant_calls(code)
        found = tuple(constant)
        computed = (
            computed
            or mentions(rest, LOADERS)
            or (mentions(rest, DOUBTFUL) and mentions(HARMLESS.sub("", rest), DOUBTFUL))
        )
    if "exec(" in rest and mentions(rest, OPENERS):
        computed = True
    return found, computed or _builds(rest, "exec(") or _builds(rest, "eval(")


def _builds(code: str, call: str) -> bool:
    """Tell whether a call executes an import that it computes."""
    at = code.find(call)
    while at >= 0:
        at += len(call)
        if BUILT.match(code, at):
            return True
        at = code.find(call, at)
    return False


def _is_loader(one: Import) -> bool:
    top = one.module.partition(".")[0]
    return not one.level and (
        top in LOADING or (top in CARRIERS and not {"load", "loads"}.isdisjoint(one.names))
    )


def lists(code: str, files: Iterable[str]) -> bool:
    """Tell whether a file looks into folders for more than data of a kind that it names.

    `files` are the paths in its strings.
    """
    if any(one.startswith((".py", "/.py", "-.py")) for one in files):
        return True
    if "glob(" in code:
        for one in GLOBS.finditer(code):
            if not DATA.search(one["pattern"] or ""):
                return True
    return mentions(code, LISTERS) or (".walk(" in code and WALK.search(code) is not None)


def starts(code: str, words: Iterable[str], imports: Iterable[Import]) -> bool:
    """Tell whether a file starts programs that run or read Python.

    `words` are its strings of one word.
    """
    return (
        (not PROGRAMS.isdisjoint(words) and mentions(code, STARTING))
        or mentions(code, STARTERS)
        or any(one.module.partition(".")[0] in READERS for one in imports)
    )


def starts_any(code: str) -> bool:
    """Tell whether a file mentions the starting of programs, whatever these are."""
    return mentions(code, ANY_PROGRAM) or ("from os" in code and OF_SYSTEM.search(code) is not None)
