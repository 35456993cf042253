"""Hooks are read as the commands that they run, with what decides when they do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_server.conventions.choice.tasks import recognise
from mcp_server.conventions.hooks.configuration import HookFile, read_hooks, selected
from mcp_server.conventions.hooks.folders import folders_of, is_searchable
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.models import Filter

CONFIG = ".pre-commit-config.yaml"
RUFF = "https://github.com/astral-sh/ruff-pre-commit"


def hooks(root: Path, text: str, name: str = CONFIG) -> HookFile:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    found = read_hooks(Place(root, {}), str(Path(name).parent))
    assert found is not None
    return found


def one(root: Path, fields: str, repo: str = "https://x.org/y", head: str = "") -> HookFile:
    """Return the hooks of a file with a single hook."""
    return hooks(root, f"{head}repos:\n- repo: {repo}\n  rev: v1.2.3\n  hooks:\n  - {{{fields}}}\n")


def commands(found: HookFile) -> dict[str, list[str]]:
    return {
        name: [part.piece.text for part in task.parts] for name, task in found.tasks.tasks.items()
    }


def test_a_hook_is_its_command_with_its_place(tmp_path: Path) -> None:
    found = one(tmp_path, "id: ruff-check, args: [--fix]", RUFF)
    assert found.tasks.path == CONFIG
    assert found.tasks.shown == "pre-commit run --all-files "
    assert commands(found) == {"ruff-check": ["ruff check --force-exclude --fix ."]}
    assert found.tasks.tasks["ruff-check"].source == f"{CONFIG}:ruff-check:5"
    assert found.tasks.tasks["ruff-check"].parts[0].source == f"{CONFIG}:ruff-check:5"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("id: ruff", "ruff check --force-exclude ."),
        ("id: ruff-format", "ruff format --force-exclude ."),
        ("id: black", "black ."),
        ("id: isort", "isort --filter-files ."),
        ("id: isort, args: [--check]", "isort --check ."),
        ("id: mypy", "mypy --ignore-missing-imports --scripts-are-modules ."),
        ("id: mypy, args: []", "mypy ."),
        ("id: mypy, args: [--strict, src], pass_filenames: false", "mypy --strict src"),
        ("id: flake8, entry: python -m flake8p", "python -m flake8p ."),
        ("id: bandit, args: [-c, pyproject.toml]", "bandit -c pyproject.toml -r ."),
        ("id: import-linter", "lint-imports"),
        ("id: pyupgrade, args: [--py311-plus]", "pyupgrade --py311-plus"),
    ],
)
def test_known_hooks_run_with_their_own_defaults(
    tmp_path: Path, fields: str, expected: str
) -> None:
    (tmp_path / "pyproject.toml").touch()
    assert list(commands(one(tmp_path, fields)).values()) == [[expected]]


def test_hooks_that_check_no_python_are_tasks_without_commands(tmp_path: Path) -> None:
    assert commands(one(tmp_path, "id: check-yaml")) == {"check-yaml": []}
    assert commands(one(tmp_path, "id: black", "meta")) == {"black": []}
    grep = "id: a, entry: 'pytest', language: pygrep"
    assert commands(one(tmp_path, grep, "local")) == {"a": []}


def test_an_id_of_a_local_hook_is_only_a_name(tmp_path: Path) -> None:
    found = one(tmp_path, "id: mypy, language: system, entry: make types", "local")
    assert commands(found) == {"mypy": ["make types"]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("entry: uv run black", "uv run black ."),
        ("entry: uv run mypy, args: [./a, b], pass_filenames: false", "uv run mypy ./a b"),
        ("entry: uv run mypy a", "uv run mypy a"),
        ("entry: mypy --strict a", "mypy --strict a"),
        ("entry: bash -c 'cd a && mypy'", "mypy"),
        ("entry: python x.py", "python x.py"),
    ],
)
def test_a_local_entry_is_the_command(tmp_path: Path, fields: str, expected: str) -> None:
    (tmp_path / "a").mkdir()
    found = one(tmp_path, f"id: x, language: system, {fields}", "local")
    assert commands(found) == {"x": [expected]}


def test_a_script_of_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "lint.sh").write_text("ruff check src\n")
    found = one(tmp_path, "id: x, language: script, entry: ./lint.sh", "local")
    assert [part.source for part in found.tasks.tasks["x"].parts] == ["lint.sh:1"]


def test_an_entry_that_is_no_command_line_stays_opaque(tmp_path: Path) -> None:
    found = one(tmp_path, 'id: x, entry: "mypy \'a"', "local")
    assert [type(part.piece) for part in found.tasks.tasks["x"].parts] == [Opaque]


def test_a_hook_that_mutates_is_said_to_mutate(tmp_path: Path) -> None:
    for fields, mutates in (("id: black", True), ("id: black, args: [--check]", False)):
        task = one(tmp_path, fields).tasks.tasks["black"]
        assert [command.mutates for command in recognise(task.parts)] == [mutates]


@pytest.mark.parametrize(
    ("pattern", "folders"),
    [
        ("^src/", ("src",)),
        (r"^backend/.*\.py$", ("backend",)),
        ("^(src|tests)/", ("src", "tests")),
        (r"^(?:src|tests)/.+\.pyi?$", ("src", "tests")),
        ("^src/|^tests/", ("src", "tests")),
        (r"^src/.*\.(py|pyi)$", ("src",)),
        ("^backend/app/", ("backend/app",)),
        (r"^\.ci/tools\-x/", (".ci/tools-x",)),
        ("(?x)^(\n  a/.*|  # first\n  b/c/.*\n)$", ("a", "b/c")),
        ("^(a|b(c|d))/", ("a", "bc", "bd")),
        ("src/", None),
        (r"^docs/.*\.md$", None),
        (r"\.py$", None),
        ("^(?!a)b/", None),
        ("^src/x", None),
        ("^src(/|$)", None),
        ("^(a|b)+/", None),
        ("^[ab]/", None),
        ("^(a", None),
        ("^a)", None),
        ("", None),
        ("^(" + "(a|b)" * 30 + ")/", None),
    ],
)
def test_folders_are_read_from_patterns_that_plainly_name_them(
    pattern: str, folders: tuple[str, ...] | None
) -> None:
    assert folders_of(pattern) == folders


@pytest.mark.parametrize(
    ("fields", "head", "command", "reason"),
    [
        ("id: black, files: ^backend/", "", "black backend", None),
        ("id: black", "files: ^(a|b)/\n", "black a b", None),
        ("id: mypy, args: [], files: 'x.*y'", "", "mypy .", "only files matching x.*y"),
        ("id: mypy, args: [], exclude: ^a/", "", "mypy .", "no files matching ^a/"),
        ("id: pyright", "exclude: ^a/\n", "pyright .", "no files matching ^a/"),
        ("id: ty", "files: ^a/\nexclude: ^a/b/\n", "ty check a", "no files matching ^a/b/"),
        (r"id: black, exclude: '\.(lock|svg)$|\.md$'", "", "black .", None),
        (
            r"id: codespell, exclude: '\.lock$'",
            "",
            "codespell .",
            r"no files matching \.lock$",
        ),
        ("id: black, types: [python]", "", "black .", None),
        ("id: black, types: [rst]", "", "black .", "only rst files"),
        (
            "id: black, types: [rst], exclude: b",
            "",
            "black .",
            "no files matching b; only rst files",
        ),
        ("id: pyupgrade, files: ^a/", "", "pyupgrade", "only files in a"),
        ("id: mypy, files: 'x.*y', pass_filenames: false, args: []", "", "mypy", None),
        ("id: black, files: {glob: a}", "", "black .", "hdb cannot read its `files`"),
        (
            "id: black, exclude: '(a+)+b'",
            "",
            "black .",
            "no files matching (a+)+b; hdb does not search with such a pattern",
        ),
        ("id: black, args: [d], exclude: b", "", "black d", "no files matching b"),
    ],
)
def test_files_become_folders_or_a_reason(
    tmp_path: Path, fields: str, head: str, command: str, reason: str | None
) -> None:
    (tmp_path / "d").mkdir()
    found = one(tmp_path, fields, head=head)
    assert list(commands(found).values()) == [[command]]
    assert next(iter(found.narrowed.values()), None) == reason
    assert not found.filters


@pytest.mark.parametrize(
    ("fields", "head", "command", "expected"),
    [
        ("id: ruff, args: []", "exclude: ^a/\n", "ruff check .", Filter((), ("^a/",))),
        ("id: ruff-format", "files: 'x.*y'\n", "ruff format .", Filter(("x.*y",))),
        ("id: black, exclude: '.lock$|.md$'", "", "black .", Filter((), (".lock$|.md$",))),
        (
            "id: isort, args: [-c], files: ^a/",
            "exclude: b\n",
            "isort -c a",
            Filter(("^a/",), ("b",)),
        ),
        ("id: flake8, files: ^a/", "files: ^a/b/\n", "flake8 .", Filter(("^a/", "^a/b/"))),
        ("id: pylint, exclude: a", "exclude: b\n", "pylint .", Filter((), ("a", "b"))),
    ],
)
def test_patterns_become_a_filter_of_a_tool_that_looks_at_each_file(
    tmp_path: Path, fields: str, head: str, command: str, expected: Filter
) -> None:
    found = one(tmp_path, fields, head=head)
    (task,) = found.tasks.tasks.values()
    assert found.filters == {task.name: expected}
    assert not found.narrowed
    (made,) = recognise(task.parts)
    assert made.text.replace(" --force-exclude", "") == command
    assert made.within == expected


def test_a_narrowed_command_of_a_whole_program_tool_is_opaque(tmp_path: Path) -> None:
    found = one(tmp_path, "id: mypy, args: [--strict], exclude: ^a/")
    (part,) = found.tasks.tasks["mypy"].parts
    assert isinstance(part.piece, Opaque)
    assert part.piece.reason == "no files matching ^a/"
    assert part.piece.near is not None
    assert part.piece.near.argv == ("mypy", "--strict", ".")


def test_what_no_hook_is_known_for_stays_as_it_is_where_it_is_narrowed(tmp_path: Path) -> None:
    found = one(tmp_path, "id: a, entry: make types, language: system, exclude: b", "local")
    assert [type(part.piece) for part in found.tasks.tasks["a"].parts] == [Simple]


def test_the_patterns_of_prek_are_relative_to_its_configuration(tmp_path: Path) -> None:
    text = 'repos = [{repo = "x/black", hooks = [{id = "black", exclude = "^gen/"%s}]}]'
    found = hooks(tmp_path, text.replace("%s", ', files = "^src/"'), "api/prek.toml")
    assert commands(found) == {"black": ["black src"]}
    assert found.filters == {"black": Filter(("^src/",), ("^gen/",), "api")}


def test_patterns_of_pre_commit_below_the_root_are_not_taken_for_known(tmp_path: Path) -> None:
    text = "repos: [{repo: x/black, hooks: [{id: black, exclude: ^gen/}]}]"
    assert list(hooks(tmp_path, text, f"api/{CONFIG}").narrowed) == ["black"]


@pytest.mark.parametrize(
    ("pattern", "searchable"),
    [
        ("", True),
        ("^a/", True),
        (r"\.py$", True),
        (r".*/migrations/.*\.py$", True),
        (r"(^|/)(a|b|c)/.*\.pyi?$", True),
        ("(?x)^(\n  a/.*|  # all (of it\n  b/[^/]*\\.py\n)$", True),
        ("^(?!vendor/).*$", True),
        (r"^[]a-z[]{1,3}(?:ab){2}\d{4}_\w+$", True),
        (r"^[a-z]{1,3}(?:ab){2}\d{4}_\w+$", True),
        ("(?:ab)+/", True),
        ("a{,3}{", True),
        ("(a+)+b", False),
        ("(a|a)*b", False),
        ("((a)|b)+c", False),
        ("(?:a?){50}b", False),
        ("(?x)( a + ) * b", False),
        ("((ab)*c)*", False),
        ("(a*)*?b", False),
        (".*a.*b.*c.*d", False),
        ("(a|aa)" * 30 + "b", False),
        ("a?" * 40 + "a" * 40, False),
        ("(?:){999999999}", False),
        ("a{99999999999999999999}", False),
        (r"(a)\1", False),
        ("(?P<n>a)(?P=n)", False),
        ("(a)?(?(1)b|c)", False),
        ("(?i:(?x: ( a + ) + ) )", False),
        ("(a", False),
        ("[[a]", False),
        ("[a", False),
        ("é", False),
        (r"[\0-\uffff]", False),
        ("(" * 499 + ")" * 499, False),
        ("a" * 1001, False),
        ("a{" + "9" * 900 + "}", False),
    ],
)
def test_a_pattern_that_may_take_long_is_not_searched(pattern: str, searchable: bool) -> None:  # noqa: FBT001
    assert is_searchable(pattern) is searchable


@given(st.text(alphabet="a/.*+?|()[]{}1,2^$\\:!=<#x \n-", max_size=40))
@settings(max_examples=300, deadline=None)
def test_what_may_be_searched_takes_no_time_on_any_path(pattern: str) -> None:
    if is_searchable(pattern):
        begun = time.perf_counter()
        for path in ("a" * 200, "/a" * 100, "a.1" * 60):
            Filter((pattern,)).lets_through(path)
        assert time.perf_counter() - begun < 3


def test_the_folders_of_a_configuration_below_are_relative_to_it(tmp_path: Path) -> None:
    text = "repos: [{repo: x/black, hooks: [{id: black, files: ^api/src/}]}]"
    found = hooks(tmp_path, text, f"api/{CONFIG}")
    part = found.tasks.tasks["black"].parts[0].piece
    assert (part.text, getattr(part, "cwd", "")) == ("black src", "api")


@pytest.mark.parametrize(
    ("rev", "version"),
    [
        ("v0.14.2", "0.14.2"),
        ("0.14.2", "0.14.2"),
        ("'1.2'", "1.2"),
        (f"{'a' * 40}  # frozen: v0.15.9", "0.15.9"),
        (f"{'a' * 40} # v6.0.0", "6.0.0"),
        ("a" * 40, None),
        ("main", None),
        ("[]", None),
    ],
)
def test_a_revision_pins_the_version_of_its_tool(
    tmp_path: Path, rev: str, version: str | None
) -> None:
    text = f"repos:\n- repo: {RUFF}\n  rev: {rev}\n  hooks: [{{id: ruff-check}}]\n"
    assert hooks(tmp_path, text).versions.get("ruff") == version


def test_a_revision_of_something_else_pins_nothing(tmp_path: Path) -> None:
    assert one(tmp_path, "id: black", "https://x.org/own-hooks").versions == {}


def test_a_dependency_pins_the_version_of_a_local_tool(tmp_path: Path) -> None:
    fields = "id: x, language: python, entry: mypy, additional_dependencies: [mypy==1.14, a==2]"
    assert one(tmp_path, fields, "local").versions == {"mypy": "1.14"}


def test_two_hooks_of_one_id_are_two_tasks(tmp_path: Path) -> None:
    text = (
        "repos: [{repo: x/mypy, hooks: [{id: mypy, files: ^a/}, {id: mypy, files: ^b/},"
        " {id: mypy, alias: deep}]}]"
    )
    found = hooks(tmp_path, text)
    assert list(found.tasks.tasks) == ["mypy", "mypy-2", "deep"]
    assert selected(found, ["pre-commit", "run", "mypy"]) == ("mypy", "mypy-2", "deep")
    assert selected(found, ["pre-commit", "run", "deep"]) == ("deep",)


STAGED = """\
default_stages: [commit]
repos:
- repo: local
  hooks:
  - {id: a, entry: mypy, language: system}
  - {id: b, entry: pytest, language: system, stages: [push]}
  - {id: c, entry: black, language: system, stages: [manual]}
  - {id: d, entry: ruff, language: system, stages: [pre-commit, manual]}
- repo: https://x.org/conventional-pre-commit
  hooks: [{id: conventional-pre-commit}]
"""


def test_hooks_of_other_stages_are_reached_by_no_plain_run(tmp_path: Path) -> None:
    found = hooks(tmp_path, STAGED)
    assert found.manual == {"b", "c", "conventional-pre-commit"}
    assert found.stages["b"] == {"pre-push"}


@pytest.mark.parametrize(
    ("line", "env", "expected"),
    [
        ("pre-commit run --all-files", {}, "a d"),
        ("pre-commit", {}, "a d"),
        ("pre-commit run -a d", {}, "d"),
        ("pre-commit run a d", {}, "a d"),
        ("pre-commit run --hook-stage manual -a", {}, "c d"),
        ("pre-commit run --hook-stage=push b", {}, "b"),
        ("pre-commit run b", {}, ""),
        ("pre-commit run --color always -c x.yaml a", {}, "a"),
        ("pre-commit run -a", {"SKIP": "a,x"}, "d"),
        ("prek run --skip d", {}, "a"),
        ("prek run api/:a", {}, "a"),
        ("pre-commit install", {}, ""),
        ("pre-commit install run", {}, ""),
    ],
)
def test_a_command_line_reaches_the_hooks_it_names(
    tmp_path: Path, line: str, env: dict[str, str], expected: str
) -> None:
    found = hooks(tmp_path, STAGED)
    assert selected(found, line.split(), env) == tuple(expected.split())


def test_pre_commit_ci_runs_all_but_the_skipped(tmp_path: Path) -> None:
    found = one(tmp_path, "id: black", head="ci: {skip: [black]}\n")
    assert found.service == "pre-commit.ci"
    assert found.skipped == {"black"}
    assert one(tmp_path, "id: black").service == ""


PREK = """\
[[repos]]
repo = "https://github.com/psf/black"
rev = "24.1.0"
hooks = [
  { id = "black", args = ["--check"] },
]
[[repos]]
repo = "local"
[[repos.hooks]]
id = "types"
entry = "mypy src"
language = "system"
pass_filenames = false
"""


def test_the_toml_of_prek_is_read_alike(tmp_path: Path) -> None:
    found = hooks(tmp_path, PREK, "prek.toml")
    assert found.tasks.shown == "prek run --all-files "
    assert commands(found) == {"black": ["black --check ."], "types": ["mypy src"]}
    assert [task.source for task in found.tasks.tasks.values()] == [
        "prek.toml:black:5",
        "prek.toml:types:10",
    ]
    assert found.versions == {"black": "24.1.0"}


def test_a_project_that_depends_on_prek_runs_its_hooks_with_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ndev = ["prek>=0.2"]\n')
    assert one(tmp_path, "id: black").tasks.shown == "prek run --all-files "


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (CONFIG, "repos: ["),
        ("prek.toml", "a = "),
        ("prek.toml", "a = " + "[" * 3000),
    ],
)
def test_a_file_that_cannot_be_understood_is_told(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    place = Place(tmp_path, {})
    assert read_hooks(place, ".") is None
    assert [why.startswith(f"{name} cannot be read: it ") for why in place.reader.told()] == [True]


def test_without_a_file_there_are_no_hooks(tmp_path: Path) -> None:
    assert read_hooks(Place(tmp_path, {}), ".") is None


@pytest.mark.parametrize("odd", ["[]", "", "3", "[[]]", "{a: [1]}", "x", "[{}]", "{a: {b: {}}}"])
def test_wrong_types_anywhere_are_read_over(tmp_path: Path, odd: str) -> None:
    fields = (
        "entry args files exclude types types_or stages additional_dependencies alias language "
        "pass_filenames".split()
    )
    text = f"ci: {odd}\nfiles: {odd}\ndefault_stages: {odd}\nrepos:\n- {odd}\n- repo: {odd}\n"
    text += f"  rev: {odd}\n  hooks: {odd}\n- hooks:\n  - {odd}\n  - id: {odd}\n"
    text += "".join(f"  - {{id: mypy, {field}: {odd}}}\n" for field in fields)
    hooks(tmp_path, text)
    hooks(tmp_path, odd)


@pytest.mark.parametrize(
    "text",
    [
        "repos: [{hooks: [" + "{id: a}," * 20_000 + "]}]",
        "x: &h {id: a, entry: '" + "mypy x " * 600 + "'}\nrepos: [{hooks: ["
        + "*h," * 20_000 + "]}]",
        "repos: [{hooks: [" + ("{id: black, files: '^(" + "(a|b)" * 190 + ")/'}," ) * 400 + "]}]",
        "exclude: '" + "a|b" * 100_000 + "'\nrepos: [{hooks: [" + "{id: black}," * 500 + "]}]",
        "repos: [{hooks: ["
        + "".join(f"{{id: black, exclude: '{n}|{'[!-~]b|' * 160}'}}," for n in range(200)) + "]}]",
    ],
)  # fmt: skip
def test_a_huge_file_is_read_in_time(tmp_path: Path, text: str) -> None:
    begun = time.perf_counter()
    hooks(tmp_path, text)
    assert time.perf_counter() - begun < 2


def test_no_hook_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    one(tmp_path, f"id: x, language: system, entry: 'touch {marker}'", "local")
    one(tmp_path, f"id: x, language: system, entry: bash -c 'touch {marker}'", "local")
    assert not marker.exists()
