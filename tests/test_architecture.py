"""The house rules that a machine can hold: directions, sizes, and a test for every checker."""

from __future__ import annotations

import ast
import statistics
import sys
from pathlib import Path

import pytest

from mcp_server.checkers import base, checkers

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "mcp_server"
MODULES = sorted(PACKAGE.rglob("*.py"))
LAYERS = [
    {"__main__", "launcher"},
    {"cli", "server"},
    {"usage"},
    {
        "verify",
        "render",
        "render_conventions",
        "views",
        "conventions_view",
        "adopt",
        "prepare",
        "roots",
        "paging",
        "map_pages",
        "prompts",
        "heartbeat",
        "serving",
        "filling",
        "streams",
        "session",
        "standing",
        "status",
        "stop_check",
        "fixing",
        "since",
        "render_map",
        "render_fix",
        "render_rules",
        "advice",
    },
    {"schedule"},
    {"turns", "execution", "outgoing", "scope"},
    {"rules"},
    {"semantic"},
    {"plan", "targets", "batch", "delta", "finished", "grouping", "process", "store", "opaque"}
    | {"child_environment", "strays", "supervisor", "side_file", "cache", "cache_files"}
    | {"snapshot", "change", "code_map", "migrations", "reach"},
    {"conventions"},
    {"checkers", "pytest_end"},
    {
        "models",
        "repository",
        "facts",
        "facts_text",
        "contract_facts",
        "wire",
        "contract",
        "contract_map",
        "contract_fix",
        "contract_rules",
        "errors",
        "redact",
        "stable",
        "pytest_record",
        "status_report",
    }
    | {"arguments", "lengths", "fields", "untrusted", "ending", "limits", "git"},
    {"descendants"},
]
MOST_LINES = 300
MEDIAN_LINES = 130
STARTS_PROCESSES = {
    "process",
    "git",
    "runtime",
    "runtime_build",
    "launcher",
    "__main__",
    "front.child",
} | {
    "doctor.commands",
    "doctor.service",
}
BEFORE_THE_ENVIRONMENT = {"launcher", "runtime", "runtime_build", "front", "doctor"}
"""What runs on any python3, before hdb has its packages."""


def name_of(path: Path) -> str:
    return (
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        .removesuffix("__init__")
        .rstrip(".")
    )


def layer(name: str) -> int:
    top = name.partition(".")[0]
    return next((index for index, names in enumerate(LAYERS) if top in names), -1)


def imports(path: Path) -> set[str]:
    """Return the modules that a module imports, our own without the package's name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module == "mcp_server" else {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def own(path: Path) -> set[str]:
    return {name.removeprefix("mcp_server.") for name in imports(path) if "mcp_server." in name}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    here = layer(name_of(path))
    wrong = {name for name in own(path) if here >= 0 and 0 <= layer(name) < here}
    assert not wrong


def test_every_module_has_its_layer() -> None:
    alone = {"", "inject", *BEFORE_THE_ENVIRONMENT}
    names = {name_of(path).split(".")[0] for path in MODULES}
    assert {name for name in names if layer(name) < 0} <= alone


@pytest.mark.parametrize("path", sorted((PACKAGE / "checkers").glob("*.py")), ids=name_of)
def test_checkers_know_only_their_base(path: Path) -> None:
    siblings = {name for name in own(path) if name.startswith("checkers.")}
    assert siblings <= {"checkers.base"}


RULES = sorted(one for one in (PACKAGE / "rules").glob("*.py") if one.stem != "__init__")


@pytest.mark.parametrize("path", RULES, ids=name_of)
def test_rules_know_only_their_base_and_what_source_means(path: Path) -> None:
    known = {name for name in own(path) if name.partition(".")[0] != "semantic"}
    assert known <= (set() if path.stem == "base" else {"rules.base"})


@pytest.mark.parametrize("path", RULES, ids=name_of)
def test_a_rule_has_its_test(path: Path) -> None:
    test = ROOT / "tests" / "rules" / f"test_{path.stem}.py"
    assert path.stem == "base" or test.is_file()


def test_only_the_server_imports_the_sdk() -> None:
    users = {
        name_of(path).split(".")[0]
        for path in MODULES
        if any(name.split(".")[0] == "mcp" for name in imports(path))
    }
    assert users == {"server"}


def test_what_runs_before_the_environment_needs_nothing_of_it() -> None:
    early = [path for path in MODULES if name_of(path).split(".")[0] in BEFORE_THE_ENVIRONMENT]
    allowed = {*sys.stdlib_module_names, "mcp_server"}
    for path in early:
        assert {name.split(".")[0] for name in imports(path)} <= allowed, path
        assert {name.split(".")[0] for name in own(path)} <= {
            *BEFORE_THE_ENVIRONMENT,
            "__version__",
        }


def test_processes_are_started_in_one_place() -> None:
    starters = {"subprocess", "asyncio.subprocess", "multiprocessing"}
    users = {name_of(path) for path in MODULES if imports(path) & starters}
    assert users <= STARTS_PROCESSES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert (ast.get_docstring(ast.parse(text)) or "").splitlines()[0].endswith((".", ":"))


def test_the_usual_module_is_far_below_the_limit() -> None:
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES]
    assert statistics.median(lines) < MEDIAN_LINES


@pytest.mark.parametrize("name", checkers())
def test_a_checker_offers_all_of_the_protocol_and_has_its_test(name: str) -> None:
    checker = checkers()[name]
    protocol = [one for one in vars(base.Checker) if not one.startswith("_")]
    assert all(hasattr(checker, one) for one in (*protocol, "NAME", "ROLE"))
    module = name.replace("-", "_")
    assert (ROOT / "tests" / "checkers" / f"test_{module}.py").is_file()


def test_nothing_but_reporters_enters_a_projects_path() -> None:
    names = {path.name for path in (PACKAGE / "inject").glob("*") if path.name != "__pycache__"}
    assert all(name.startswith("hdb_") for name in names)
