"""GitHub's workflows are read into the commands that every change has to pass."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mcp_server.conventions.ci import Job, read_jobs
from mcp_server.conventions.ci.expressions import condition, evaluate, fill
from mcp_server.conventions.ci.github_actions import stands_for
from mcp_server.conventions.ci.matrix import read_matrix
from mcp_server.conventions.files.yaml import as_mapping, parse_yaml
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.shell.words import UNKNOWN

CI = ".github/workflows/ci.yml"
JOB = "on: push\njobs:\n  a:\n"


def jobs(root: Path, files: dict[str, str]) -> tuple[Job, ...]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_jobs(Place(root, {}))


def one(root: Path, text: str) -> list[str]:
    """Return the commands of the jobs of one workflow that gate."""
    return texts(jobs(root, {CI: text}))


def texts(found: tuple[Job, ...], *, gates: bool = True) -> list[str]:
    return [part.piece.text for job in found if job.gates == gates for part in job.parts]


def simple(found: tuple[Job, ...]) -> list[Simple]:
    return [p.piece for job in found for p in job.parts if isinstance(p.piece, Simple)]


def test_a_command_has_the_line_it_stands_in(tmp_path: Path) -> None:
    text = f"{JOB}    steps:\n      - run: |\n          ruff check\n\n          mypy src\n"
    (job,) = jobs(tmp_path, {CI: text})
    assert (job.name, job.service, job.source) == ("a", "GitHub Actions", f"{CI}:a:3")
    assert [part.source for part in job.parts] == [f"{CI}:a:6", f"{CI}:a:8"]


@pytest.mark.parametrize(
    ("on", "gates"),
    [
        ("push", True),
        ("[push, schedule]", True),
        ("{pull_request: }", True),
        ("{merge_group: }", True),
        ("schedule", False),
        ("workflow_dispatch", False),
        ("{release: {types: [published]}}", False),
        ("{push: {tags: ['v*']}}", False),
        ("{push: {tags: ['v*'], branches: [main]}}", True),
        ("{pull_request: {types: [labeled]}}", False),
        ("{pull_request: {types: [labeled, opened]}}", True),
    ],
)
def test_a_job_gates_where_a_change_starts_it(tmp_path: Path, on: str, gates: bool) -> None:  # noqa: FBT001 - a column
    (job,) = jobs(tmp_path, {CI: f"on: {on}\njobs:\n  a:\n    steps:\n      - run: mypy\n"})
    assert job.gates is gates


def test_a_quoted_on_is_the_same_key(tmp_path: Path) -> None:
    assert one(tmp_path, '"on": push\njobs:\n  a:\n    steps:\n      - run: mypy\n') == ["mypy"]


@pytest.mark.parametrize(
    ("condition_", "where"),
    [
        ("github.event_name == 'pull_request'", "gating"),
        ("github.event_name == 'schedule'", "lesser"),
        ("startsWith(github.ref, 'refs/tags/')", "lesser"),
        ("github.ref_type == 'tag'", "lesser"),
        ("contains(github.event.pull_request.labels.*.name, 'slow')", "lesser"),
        ("github.repository == 'x/y'", "gating"),
        ("needs.changes.outputs.src == 'true'", "gating"),
        ("always()", "gating"),
        ("success() || failure()", "gating"),
        ("${{ !cancelled() }}", "gating"),
        ("failure()", "dropped"),
        ("runner.os == 'Windows'", "dropped"),
        ("false", "dropped"),
    ],
)
def test_a_condition_says_whether_a_step_counts(
    tmp_path: Path, condition_: str, where: str
) -> None:
    steps = f'    steps:\n      - if: "{condition_}"\n        run: mypy\n'
    text = f"on: [push, pull_request]\njobs:\n  a:\n{steps}"
    found = jobs(tmp_path, {CI: text})
    expected = {"gating": [True], "lesser": [False], "dropped": []}[where]
    assert [job.gates for job in found] == expected


def test_what_may_fail_is_a_second_job_that_does_not_gate(tmp_path: Path) -> None:
    steps = "      - run: mypy\n      - run: pylint src\n        continue-on-error: true\n"
    found = jobs(tmp_path, {CI: f"{JOB}    steps:\n{steps}"})
    assert [(job.name, job.gates, texts((job,), gates=job.gates)) for job in found] == [
        ("a", True, ["mypy"]),
        ("a", False, ["pylint src"]),
    ]


@pytest.mark.parametrize(
    ("last", "gates"),
    [
        ("{if: steps.x.outcome == 'failure', run: exit 1}", True),
        ("{if: steps.y.outcome == 'failure', run: exit 1}", False),
        ("{if: steps.x.outcome == 'failure', run: make report}", False),
    ],
)
def test_a_step_that_may_fail_counts_where_its_outcome_is_checked(
    tmp_path: Path,
    last: str,
    gates: bool,  # noqa: FBT001 - a column
) -> None:
    step = "      - {id: x, continue-on-error: true, run: mypy}\n"
    found = jobs(tmp_path, {CI: f"{JOB}    steps:\n{step}      - {last}\n"})
    assert [job.gates for job in found if "mypy" in texts((job,), gates=job.gates)] == [gates]


def test_a_combination_that_may_fail_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    matrix = "    strategy: {matrix: {x: [a, b], include: [{x: b, loose: true}]}}\n"
    steps = "    steps: [{run: 'pytest ${{ matrix.x }}'}]\n"
    found = jobs(
        tmp_path, {CI: f"{JOB}    continue-on-error: ${{{{ matrix.loose }}}}\n{matrix}{steps}"}
    )
    assert (texts(found), texts(found, gates=False)) == (["pytest a"], ["pytest b"])


def test_the_command_of_a_matrix_is_followed(tmp_path: Path) -> None:
    include = "[{name: T, command: bin/tests}, {name: L, command: ruff check}]"
    text = f"{JOB}    strategy: {{matrix: {{include: {include}}}}}\n"
    assert one(tmp_path, f"{text}    steps:\n      - run: ${{{{ matrix.command }}}}\n") == [
        "bin/tests",
        "ruff check",
    ]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("{x: [1, 2], y: [a, b]}", ["1-a", "1-b", "2-a", "2-b"]),
        ("{x: [1, 2], y: [a, b], exclude: [{x: 1, y: b}]}", ["1-a", "2-a", "2-b"]),
        ("{x: [1, 2], y: [a], exclude: [{x: 1}]}", ["2-a"]),
        ("{x: [1], y: [a], include: [{x: 3, y: c}]}", ["1-a", "3-c"]),
        ("{x: [1, 2], include: [{x: 1, y: z}]}", ["1-z", "2-"]),
        ("{x: [1, 2], include: [{y: z}]}", ["1-z", "2-z"]),
        ("{x: [1], y: [a], include: [{x: 1, other: z}]}", ["1-a"]),
        ("{include: [{x: 1, y: a}, {x: 2}]}", ["1-a", "2-"]),
        ("{}", ["-"]),
    ],
)
def test_a_matrix_is_laid_out_as_github_does(
    tmp_path: Path, matrix: str, expected: list[str]
) -> None:
    text = f"{JOB}    strategy: {{matrix: {matrix}}}\n"
    steps = "    steps:\n      - run: pytest ${{ matrix.x }}-${{ matrix.y }}\n"
    assert one(tmp_path, text + steps) == [f"pytest {name}" for name in expected]


def test_a_property_of_a_matrix_value_is_found(tmp_path: Path) -> None:
    text = f"{JOB}    strategy: {{matrix: {{t: [{{m: tests/a}}, {{m: tests/b}}]}}}}\n"
    assert one(tmp_path, f"{text}    steps:\n      - run: pytest ${{{{ matrix.t.m }}}}\n") == [
        "pytest tests/a",
        "pytest tests/b",
    ]


def test_a_matrix_that_a_run_computes_leaves_its_commands_opaque(tmp_path: Path) -> None:
    text = f"{JOB}    strategy: {{matrix: '${{{{ fromJSON(needs.x.outputs.m) }}}}'}}\n"
    (job,) = jobs(tmp_path, {CI: f"{text}    steps:\n      - run: nox -s ${{{{ matrix.s }}}}\n"})
    assert isinstance(job.parts[0].piece, Opaque)


def test_a_matrix_of_millions_is_cut_at_fifty(tmp_path: Path) -> None:
    axes = "".join(f"        a{n}: {list(range(100))}\n" for n in range(8))
    run = " ".join(f"${{{{ matrix.a{n} }}}}" for n in range(8))
    begun = time.perf_counter()
    found = one(
        tmp_path, f"{JOB}    strategy:\n      matrix:\n{axes}    steps:\n      - run: x {run}\n"
    )
    assert len(found) == 50
    assert time.perf_counter() - begun < 2


def test_windows_is_left_out_where_something_else_runs_too(tmp_path: Path) -> None:
    text = f"{JOB}    runs-on: ${{{{ matrix.os }}}}\n"
    matrix = "    strategy: {matrix: {os: [windows-latest, ubuntu-latest], x: [a]}}\n"
    steps = "    steps:\n      - run: pytest ${{ matrix.x }} ${{ matrix.os }}\n"
    assert one(tmp_path, text + matrix + steps) == ["pytest a ubuntu-latest"]


def test_a_script_for_another_shell_is_not_believed(tmp_path: Path) -> None:
    for shell in ("pwsh", "python", "cmd"):
        text = f"{JOB}    steps:\n      - run: pytest\n        shell: {shell}\n"
        (job,) = jobs(tmp_path, {CI: text})
        assert isinstance(job.parts[0].piece, Opaque)
    on_windows = f"{JOB}    runs-on: windows-latest\n    steps:\n      - run: pytest\n"
    (job,) = jobs(tmp_path, {CI: on_windows})
    assert isinstance(job.parts[0].piece, Opaque)


def test_a_login_shell_is_a_shell(tmp_path: Path) -> None:
    steps = "    steps:\n      - run: pytest\n        shell: bash -el {0}\n"
    assert simple(jobs(tmp_path, {CI: JOB + steps}))


def test_the_environment_of_a_step_wins_and_what_is_secret_is_dropped(tmp_path: Path) -> None:
    text = "on: push\nenv: {A: w, B: w, C: w}\njobs:\n  a:\n    env: {B: j, C: j}\n"
    steps = "    steps:\n      - run: pytest\n        env: {C: s, D: '${{ secrets.X }}'}\n"
    (piece,) = simple(jobs(tmp_path, {CI: text + steps}))
    assert dict(piece.env) == {"A": "w", "B": "j", "C": "s"}


def test_folders_are_found_from_workflow_to_step(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    text = (
        "on: push\ndefaults: {run: {working-directory: one}}\njobs:\n  a:\n    steps: [{run: a}]\n"
    )
    inner = "  b:\n    defaults: {run: {working-directory: two}}\n    steps: [{run: b}, {run: c, "
    own = "working-directory: '${{ github.workspace }}/three'}]\n"
    assert [piece.cwd for piece in simple(jobs(tmp_path, {CI: text + inner + own}))] == [
        "one",
        "two",
        "three",
    ]


@pytest.mark.parametrize("folder", ["elsewhere", "../up", "/srv", "${{ steps.x.outputs.y }}"])
def test_a_folder_outside_the_repository_is_not_taken_for_the_root(
    tmp_path: Path, folder: str
) -> None:
    text = f"{JOB}    steps:\n      - run: pytest\n        working-directory: {folder}\n"
    (job,) = jobs(tmp_path, {CI: text})
    assert isinstance(job.parts[0].piece, Opaque)
    assert job.parts[0].source == f"{CI}:a:5"


def test_another_repository_in_the_workspace_is_not_this_one(tmp_path: Path) -> None:
    steps = (
        "      - uses: actions/checkout@v4\n        with: {repository: other/one}\n"
        "      - uses: actions/checkout@v4\n        with: {path: mine}\n"
        "      - run: pytest theirs\n"
        "      - run: pytest ours\n        working-directory: mine\n"
    )
    assert [(p.text, p.cwd) for p in simple(jobs(tmp_path, {CI: f"{JOB}    steps:\n{steps}"}))] == [
        ("pytest ours", ".")
    ]


def test_a_workspace_that_holds_another_repository_is_not_this_one(tmp_path: Path) -> None:
    steps = "      - uses: actions/checkout@v4\n        with: {repository: other/one}\n"
    (job,) = jobs(tmp_path, {CI: f"{JOB}    steps:\n{steps}      - run: pytest\n"})
    assert isinstance(job.parts[0].piece, Opaque)


def test_the_environment_may_be_named_in_a_command(tmp_path: Path) -> None:
    text = "on: push\nenv: {A: src}\njobs:\n  a:\n    steps:\n"
    assert one(tmp_path, f"{text}      - run: mypy ${{{{ env.A }}}}\n") == ["mypy src"]


def test_a_command_that_stands_twice_has_both_lines(tmp_path: Path) -> None:
    (job,) = jobs(tmp_path, {CI: f"{JOB}    steps:\n      - run: mypy\n      - run: mypy\n"})
    assert [part.source for part in job.parts] == [f"{CI}:a:5", f"{CI}:a:6"]


CALLED = """\
on:
  workflow_call:
    inputs:
      args: {type: string, default: -q}
      types: {type: boolean, default: false}
jobs:
  test:
    steps:
      - run: pytest ${{ inputs.args }}
      - if: inputs.types
        run: mypy
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ["pytest -q"]),
        ("    with: {args: -x, types: true}\n", ["pytest -x", "mypy"]),
        ("    with: {types: '${{ needs.x.outputs.y }}'}\n", ["pytest -q", "mypy"]),
    ],
)
def test_a_reusable_workflow_runs_with_what_its_caller_gives(
    tmp_path: Path, given: str, expected: list[str]
) -> None:
    called = ".github/workflows/.called.yaml"
    text = f"{JOB}    uses: ./{called}\n{given}"
    (job,) = jobs(tmp_path, {CI: text, called: CALLED})
    assert (job.gates, job.source) == (True, f"{called}:test:7")
    assert texts((job,)) == expected


def test_a_workflow_gates_as_its_caller_does(tmp_path: Path) -> None:
    called = ".github/workflows/called.yml"
    text = f"on: schedule\njobs:\n  a:\n    uses: ./{called}\n"
    assert [job.gates for job in jobs(tmp_path, {CI: text, called: CALLED})] == [False]
    assert [job.gates for job in jobs(tmp_path, {CI: "on: push\n", called: CALLED})] == [False]


def test_workflows_and_actions_that_use_themselves_end(tmp_path: Path) -> None:
    action = "runs:\n  using: composite\n  steps:\n" + "    - uses: ./act\n" * 50
    text = f"on: [push, workflow_call]\njobs:\n  a:\n    uses: ./{CI}\n  b:\n    steps:\n"
    begun = time.perf_counter()
    assert not jobs(tmp_path, {CI: f"{text}      - uses: ./act\n", "act/action.yml": action})
    assert time.perf_counter() - begun < 2


def test_an_action_of_the_project_is_followed_with_its_inputs(tmp_path: Path) -> None:
    action = (
        "inputs:\n  what: {default: unit}\n  more: {default: ''}\nruns:\n  using: composite\n"
        "  steps:\n    - run: pytest ${{ inputs.what }} ${{ inputs.more }}\n      shell: bash\n"
    )
    steps = "    steps:\n      - uses: ./.github/actions/t\n        with: {more: -x}\n"
    path = ".github/actions/t/action.yml"
    (job,) = jobs(tmp_path, {CI: JOB + steps, path: action})
    assert [(part.piece.text, part.source) for part in job.parts] == [
        ("pytest unit -x", f"{path}:7")
    ]


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("pre-commit/action", {}, "pre-commit run --all-files"),
        ("pre-commit/action", {"extra_args": "mypy -a"}, "pre-commit run mypy -a"),
        ("j178/prek-action", {}, "prek run --all-files"),
        ("j178/prek-action", {"install-only": "true"}, ""),
        ("astral-sh/ruff-action", {}, "ruff check ."),
        ("chartboost/ruff-action", {"args": "format --check", "src": "a"}, "ruff format --check a"),
        ("psf/black", {}, "black --check --diff ."),
        ("psf/black", {"options": "--check", "src": "./src"}, "black --check ./src"),
        ("isort/isort-action", {}, "isort --check-only --diff ."),
        ("Jakebailey/Pyright-Action", {"project": "p.json"}, "pyright --project=p.json"),
        ("codespell-project/actions-codespell", {"skip": "a"}, "codespell --skip=a"),
        ("pypa/gh-action-pip-audit", {"inputs": "a.txt ."}, "pip-audit -r a.txt ."),
        ("py-actions/flake8", {"path": "src", "ignore": "none"}, "flake8 src"),
        ("nick-fields/retry", {"command": "pytest -q"}, "pytest -q"),
    ],
)
def test_an_action_that_checks_stands_for_its_command(
    name: str, inputs: dict[str, str], expected: str
) -> None:
    assert stands_for(name, inputs).text == expected


def test_an_action_that_sets_up_is_no_check(tmp_path: Path) -> None:
    steps = "    steps:\n      - uses: wntrblm/nox@main\n      - uses: psf/black@stable\n"
    assert one(tmp_path, JOB + steps) == ["black --check --diff ."]


def test_the_pythons_of_a_job_are_those_it_sets_up(tmp_path: Path) -> None:
    matrix = "    strategy: {matrix: {py: ['3.10', 3.12, pypy3.11]}}\n"
    steps = "    steps:\n      - uses: actions/setup-python@v5\n        with: {python-version: "
    (job,) = jobs(
        tmp_path, {CI: f"{JOB}{matrix}{steps}'${{{{ matrix.py }}}}'}}\n      - run: tox\n"}
    )
    assert job.pythons == ("3.10", "3.12", "pypy3.11")


def test_a_script_that_a_step_runs_is_followed(tmp_path: Path) -> None:
    files = {CI: f"{JOB}    steps: [{{run: bash scripts/ci.sh}}]\n", "scripts/ci.sh": "\nmypy x\n"}
    (job,) = jobs(tmp_path, files)
    assert [part.source for part in job.parts] == ["scripts/ci.sh:2"]


def test_values_that_only_tests_would_see_make_no_other_command(tmp_path: Path) -> None:
    matrix = "    strategy: {matrix: {x: [a, b]}}\n    env: {%s: '${{ matrix.x }}'}\n"
    for name, count in (("DATABASE", 1), ("TOXENV", 2)):
        (job,) = jobs(tmp_path, {CI: JOB + matrix % name + "    steps: [{run: tox}]\n"})
        assert len(job.parts) == count


def test_what_is_no_yaml_is_told(tmp_path: Path) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / CI).write_text("on: [push\n")
    place = Place(tmp_path, {})
    assert read_jobs(place) == ()
    assert [why.startswith(f"{CI} cannot be read: it is no YAML") for why in place.reader.told()]


@pytest.mark.parametrize("odd", ["[]", "", "3", "[[]]", "{a: [1]}", "x", "[{}]", "{a: {b: {}}}"])
def test_wrong_types_anywhere_are_read_over(tmp_path: Path, odd: str) -> None:
    keys = "env defaults".split()
    own = "runs-on if env strategy container continue-on-error steps with defaults".split()
    step = "run if shell env working-directory uses with continue-on-error".split()
    text = "on: push\n" + "".join(f"{key}: {odd}\n" for key in keys) + "jobs:\n  a:\n"
    text += "".join(f"    {key}: {odd}\n" for key in own[:-3])
    text += "    strategy:\n      matrix:\n" + "".join(
        f"        {key}: {odd}\n" for key in ("a", "include", "exclude")
    )
    text += "    steps:\n      - run: mypy ${{ matrix.a }}\n"
    text += "".join(f"      - {key}: {odd}\n" for key in step)
    text += f"      - uses: ./act\n        with: {odd}\n  b:\n    uses: ./{CI}\n    with: {odd}\n"
    action = f"inputs: {odd}\nruns: {{using: composite, steps: {odd or '[]'}}}\n"
    jobs(tmp_path, {CI: text, "act/action.yml": action, ".github/workflows/b.yml": odd})


def test_a_chain_of_aliases_deeper_than_the_stack_is_read_over(tmp_path: Path) -> None:
    chain = "a0: &a0 x\n" + "".join(
        f"a{n}: &a{n} {'[' * 80}*a{n - 1}{']' * 80}\n" for n in range(1, 40)
    )
    text = f"{chain}{JOB}    env: *a39\n    strategy: {{matrix: {{q: *a39}}}}\n    steps:\n"
    assert one(tmp_path, f"{text}      - run: mypy\n        with: *a39\n") == ["mypy"]


def test_nothing_of_a_workflow_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    run = f"touch {marker}; $(touch {marker}); `touch {marker}`"
    jobs(tmp_path, {CI: f'{JOB}    steps:\n      - run: "{run}"\n      - uses: ./act\n'})
    assert not marker.exists()


def nothing(_path: tuple[str, ...]) -> str:
    return UNKNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' == 'A'", True),
        ("!('a' != 'a')", True),
        ("x.y || 'b'", UNKNOWN),
        ("x.y && false", False),
        ("false || 'b'", "b"),
        ("true && 'yes' || 'no'", "yes"),
        ("format('py{0}-{1}', '3', 'x')", "py3-x"),
        ("contains('abc', 'B')", True),
        ("fromJSON('[1]')", ["1"]),
        ("'it''s'", "it's"),
        ("(", UNKNOWN),
        ("a b", UNKNOWN),
        ("'open", UNKNOWN),
        ("", UNKNOWN),
        ("(" * 500 + ")" * 500, UNKNOWN),
        ("eq('a', 'a')", True),
        ("and(true, in('b', 'a', 'b'))", True),
    ],
)
def test_expressions_have_the_values_that_are_known(text: str, expected: object) -> None:
    found = evaluate(text, nothing)
    assert ([str(one) for one in found] if isinstance(found, list) else found) == expected


def test_a_text_that_would_grow_too_long_says_nothing() -> None:
    assert fill("${{ x }}" * 100, lambda _path: "y" * 1000) == UNKNOWN
    assert fill("a ${{ open", nothing) == "a ${{ open"
    assert condition("a ${{ b }}", nothing) is None


def test_the_values_of_a_matrix_may_be_expressions() -> None:
    value = as_mapping(parse_yaml("m: {x: ['a', '${{ y }}'], z: \"${{ fromJSON('[1]') }}\"}"))["m"]
    assert [dict(one) for one in read_matrix(value, nothing).combinations(frozenset("xz"))] == [
        {"x": "a", "z": "1"},
        {"x": UNKNOWN, "z": "1"},
    ]
