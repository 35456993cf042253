"""GitLab's, Azure's and CircleCI's configurations are read into the same jobs as GitHub's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mcp_server.conventions.ci import Job, read_jobs
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple

GITLAB = ".gitlab-ci.yml"
AZURE = "azure-pipelines.yml"
CIRCLE = ".circleci/config.yml"


def jobs(root: Path, files: dict[str, str]) -> tuple[Job, ...]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_jobs(Place(root, {}))


def commands(found: tuple[Job, ...]) -> list[str]:
    return [part.piece.text for job in found for part in job.parts]


def simple(found: tuple[Job, ...]) -> list[Simple]:
    return [p.piece for job in found for p in job.parts if isinstance(p.piece, Simple)]


def test_a_gitlab_job_is_its_before_script_and_its_script_in_one_shell(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    script = "  script:\n    - |\n      pytest a\n      pytest b\n"
    text = f"test:unit:\n  before_script:\n    - cd sub\n{script}"
    (job,) = jobs(tmp_path, {GITLAB: text})
    assert (job.name, job.service, job.source) == (
        "test:unit",
        "GitLab CI",
        f"{GITLAB}:test:unit:1",
    )
    assert [(p.cwd, p.text) for p in simple((job,))] == [("sub", "pytest a"), ("sub", "pytest b")]
    assert [p.source for p in job.parts] == [f"{GITLAB}:test:unit:{n}" for n in (6, 7)]


def test_a_gitlab_command_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    text = "t:\n  script:\n    - mypy\n    - 'cat << X'\n    - pytest\n"
    assert [p.text for p in simple(jobs(tmp_path, {GITLAB: text}))] == ["mypy", "pytest"]


def test_after_a_move_that_cannot_be_read_no_folder_is_assumed(tmp_path: Path) -> None:
    text = "t:\n  script:\n    - mypy\n    - cd sub && cat << X\n    - pytest\n"
    assert [p.text for p in simple(jobs(tmp_path, {GITLAB: text}))] == ["mypy"]


@pytest.mark.parametrize(
    ("fields", "gates"),
    [
        ("{}", True),
        ("{when: manual}", False),
        ("{allow_failure: true}", False),
        ("{allow_failure: {exit_codes: 3}}", True),
        ("{only: [tags]}", False),
        ("{only: [merge_requests, tags]}", True),
        ("{only: {refs: [schedules]}}", False),
        ("{only: [main]}", True),
        ("{except: [tags]}", True),
        ("{except: [branches, merge_requests]}", False),
        ("{rules: [{if: $CI_COMMIT_TAG}]}", False),
        ("{rules: [{if: $CI_COMMIT_TAG == null}]}", True),
        ("{rules: [{if: '$CI_PIPELINE_SOURCE == \"schedule\"'}]}", False),
        (
            "{rules: [{if: '$CI_PIPELINE_SOURCE == \"schedule\"', when: never}, {when: always}]}",
            True,
        ),
        ("{rules: [{if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"'}]}", True),
        ("{rules: [{when: manual}]}", False),
        ("{rules: [{allow_failure: true}]}", False),
        ("{rules: [[{if: $CI_COMMIT_TAG}], {changes: [a]}]}", True),
    ],
)
def test_a_gitlab_job_gates_as_its_rules_say(tmp_path: Path, fields: str, gates: bool) -> None:  # noqa: FBT001 - a column
    text = f".base: {fields}\nt:\n  extends: .base\n  script: mypy\n"
    assert [job.gates for job in jobs(tmp_path, {GITLAB: text})] == [gates]


def test_a_pipeline_for_tags_alone_gates_nothing(tmp_path: Path) -> None:
    text = "workflow:\n  rules:\n    - if: $CI_COMMIT_TAG\nt:\n  script: mypy\n"
    assert [job.gates for job in jobs(tmp_path, {GITLAB: text})] == [False]


def test_a_gitlab_job_has_what_it_extends_and_refers_to(tmp_path: Path) -> None:
    text = """\
variables: {A: top, B: top}
default: {before_script: [make sync]}
.one: {variables: {B: one, C: one}, image: "python:$V-slim"}
.two: {variables: {C: two, V: "3.12"}, script: [ruff check]}
t:
  extends: [.one, .two]
  script:
    - !reference [.two, script]
    - [mypy $C]
"""
    (job,) = jobs(tmp_path, {GITLAB: text})
    assert commands((job,)) == ["make sync", "ruff check", "mypy two"]
    assert dict(simple((job,))[0].env) == {"A": "top", "B": "one", "C": "two", "V": "3.12"}
    assert job.pythons == ("3.12",)
    assert [part.source.rpartition(":")[2] for part in job.parts] == ["2", "4", "9"]


def test_included_files_and_child_pipelines_are_followed(tmp_path: Path) -> None:
    files = {
        GITLAB: "include:\n  - local: /ci/a.yml\n  - remote: https://x.org/b.yml\n"
        "b:\n  allow_failure: true\n"
        "c:\n  when: manual\n  trigger:\n    include: ci/child.yml\n",
        "ci/a.yml": "a:\n  script: mypy\nb:\n  script: [pylint x]\n",
        "ci/child.yml": "d:\n  script: black .\n",
    }  # fmt: skip
    found = [(job.source, job.gates, commands((job,))) for job in jobs(tmp_path, files)]
    assert sorted(found) == [
        ("ci/a.yml:a:1", True, ["mypy"]),
        ("ci/a.yml:b:3", False, ["pylint x"]),
        ("ci/child.yml:d:1", False, ["black ."]),
    ]
    (b,) = [job for job in jobs(tmp_path, {}) if job.name == "b"]
    assert b.parts[0].source == "ci/a.yml:b:4"


def test_a_parallel_matrix_is_followed(tmp_path: Path) -> None:
    matrix = "[{S: [a, b], OTHER: [1, 2]}, {S: c}]"
    text = f"t:\n  script: nox -s $S\n  parallel:\n    matrix: {matrix}\n"
    assert commands(jobs(tmp_path, {GITLAB: text})) == ["nox -s a", "nox -s b", "nox -s c"]


def test_a_variable_of_the_service_is_not_taken_as_it_is_written(tmp_path: Path) -> None:
    text = (
        'variables: {A: "$CI_REGISTRY/x", B: "b$C", C: c}\nt:\n  script: [tox -e $A, tox -e $B]\n'
    )
    assert [p.text for p in simple(jobs(tmp_path, {GITLAB: text}))] == ["tox -e bc"]


def test_the_project_folder_of_gitlab_is_the_root(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    text = "t:\n  script:\n    - cd $CI_PROJECT_DIR/sub\n    - mypy\n"
    assert [p.cwd for p in simple(jobs(tmp_path, {GITLAB: text}))] == ["sub"]


AZURE_TEMPLATES = {
    AZURE: """\
trigger: [main]
variables:
  root: src
stages:
  - stage: s
    jobs:
      - template: ci/jobs.yml
        parameters:
          tools: [mypy, ruff]
          extra: true
""",
    "ci/jobs.yml": """\
parameters:
  - name: tools
    default: []
  - name: extra
    default: false
jobs:
  - ${{ each tool in parameters.tools }}:
      - job: run_${{ tool }}
        steps:
          - template: steps.yml
            parameters: {tool: "${{ tool }}"}
          - ${{ if eq(parameters.extra, true) }}:
              - script: pytest
          - ${{ else }}:
              - script: never
""",
    "ci/steps.yml": "parameters: {tool: x}\nsteps:\n- bash: ${{ parameters.tool }} $(root)\n",
}  # fmt: skip


def test_templates_loops_and_conditions_of_azure_are_followed(tmp_path: Path) -> None:
    found = jobs(tmp_path, AZURE_TEMPLATES)
    assert [(job.name, job.service, commands((job,))) for job in found] == [
        ("run_mypy", "Azure Pipelines", ["mypy src", "pytest"]),
        ("run_ruff", "Azure Pipelines", ["ruff src", "pytest"]),
    ]
    assert [part.source for part in found[0].parts] == [
        "ci/steps.yml:run_mypy:3",
        "ci/jobs.yml:run_mypy:13",
    ]


def test_a_template_of_azure_is_no_pipeline(tmp_path: Path) -> None:
    files = {
        AZURE: "steps:\n- template: .azure-pipelines/t.yml\n",
        ".azure-pipelines/t.yml": "steps:\n- script: mypy\n",
        ".azure-pipelines/other.yml": "steps:\n- script: black .\n",
    }  # fmt: skip
    assert sorted(commands(jobs(tmp_path, files))) == ["black .", "mypy"]


@pytest.mark.parametrize(
    ("head", "gates"),
    [
        ("", True),
        ("trigger: none\n", True),
        ("trigger: none\npr: none\n", False),
        ("trigger: {tags: {include: [v*]}}\npr: none\n", False),
        ("pr: none\n", True),
    ],
)
def test_an_azure_pipeline_gates_where_a_change_starts_it(
    tmp_path: Path, head: str, gates: bool  # noqa: FBT001 - a column
) -> None:  # fmt: skip
    found = jobs(tmp_path, {AZURE: f"{head}steps:\n- script: mypy\n"})
    assert [job.gates for job in found] == [gates]


def test_a_job_of_azure_runs_with_each_entry_of_its_matrix(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    text = """\
jobs:
- job: t
  strategy:
    matrix:
      a: {py: "3.11", env: one}
      b: {py: "3.12", env: two}
  steps:
  - task: UsePythonVersion@0
    inputs: {versionSpec: $(py)}
  - script: tox -e $(env)
    workingDirectory: $(Build.SourcesDirectory)/sub
    env: {X: y}
  - script: pylint .
    continueOnError: true
  - script: black $(git ls-files)
  - pwsh: pytest
  - script: rm x
    condition: failed()
"""
    found = jobs(tmp_path, {AZURE: text})
    assert {job.gates: job.pythons for job in found} == {
        True: ("3.11", "3.12"),
        False: ("3.11", "3.12"),
    }
    gating = [job for job in found if job.gates]
    assert [(p.cwd, p.text) for p in simple(tuple(gating))] == [
        ("sub", "tox -e one"),
        ("sub", "tox -e two"),
    ]
    assert ("X", "y") in simple(tuple(gating))[0].env
    assert sum(isinstance(part.piece, Opaque) for part in gating[0].parts) == 2
    assert commands(tuple(job for job in found if not job.gates)) == ["pylint ."]


def test_a_script_on_windows_is_no_shell(tmp_path: Path) -> None:
    text = "pool: {vmImage: windows-2022}\nsteps:\n- script: mypy\n- bash: pytest\n"
    assert [p.text for p in simple(jobs(tmp_path, {AZURE: text}))] == ["pytest"]


CIRCLE_TEXT = """\
parameters:
  slow: {type: boolean, default: false}
executors:
  py:
    parameters: {v: {type: string, default: "3.11"}}
    docker: [{image: "cimg/python:<< parameters.v >>"}]
    working_directory: ~/repo
    environment: {A: executor, B: executor}
commands:
  check:
    parameters: {tool: {type: string}, args: {default: "."}}
    steps:
      - run:
          name: check
          command: << parameters.tool >> << parameters.args >>
          working_directory: sub
jobs:
  lint:
    executor: {name: py, v: "3.12"}
    environment: {B: job}
    steps:
      - checkout
      - check: {tool: mypy}
      - when: {condition: << pipeline.parameters.slow >>, steps: [{run: never}]}
      - unless: {condition: << pipeline.parameters.slow >>, steps: [{run: ruff check}]}
      - run: {command: dump, when: on_fail}
      - run: {command: pytest, working_directory: ~/repo/sub}
  test:
    parameters: {s: {type: string}}
    docker: [{image: "python:3.10"}]
    steps: [{run: nox -s << parameters.s >>}]
  idle: {steps: [{run: black .}]}
workflows:
  ci:
    jobs:
      - lint
      - test: {matrix: {parameters: {s: [a, b]}}}
      - hold: {type: approval}
      - test: {s: held, requires: [hold]}
  nightly:
    triggers: [{schedule: {cron: x}}]
    jobs: [{test: {s: night}}]
  release:
    jobs: [{test: {s: tag, filters: {tags: {only: /v.*/}, branches: {ignore: /.*/}}}}]
"""


def test_the_jobs_of_circle_run_as_its_workflows_say(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    found = jobs(tmp_path, {CIRCLE: CIRCLE_TEXT})
    assert [(job.name, job.gates, commands((job,)), job.pythons) for job in found] == [
        ("lint", True, ["mypy .", "ruff check", "pytest"], ("3.12",)),
        ("test", True, ["nox -s a", "nox -s b"], ("3.10",)),
        ("test", False, ["nox -s held", "nox -s night", "nox -s tag"], ("3.10",)),
    ]
    lint = simple(found[:1])
    assert [piece.cwd for piece in lint] == ["sub", ".", "sub"]
    assert dict(lint[0].env) == {"A": "executor", "B": "job"}
    assert found[0].service == "CircleCI"
    assert [part.source for part in found[0].parts] == [
        f"{CIRCLE}:lint:{line}" for line in (15, 25, 27)
    ]


def test_without_workflows_circle_runs_the_job_build(tmp_path: Path) -> None:
    text = "jobs:\n  build:\n    steps:\n      - run: pytest\n"
    assert [job.gates for job in jobs(tmp_path, {CIRCLE: text})] == [True]


def test_a_folder_that_circle_does_not_check_out_is_not_the_root(tmp_path: Path) -> None:
    text = "jobs:\n  build:\n    steps:\n      - run: {command: pytest, working_directory: /srv}\n"
    assert not simple(jobs(tmp_path, {CIRCLE: text}))


CYCLES = {
    GITLAB: "include: [a.yml, .gitlab-ci.yml]\n"
    "a:\n  extends: b\n  script: [[a, script], [a, script], [b, script]]\n"
    "b:\n  extends: a\n  script: [[a, script], [a, script]]\n"
    "c:\n  trigger: {include: .gitlab-ci.yml}\n"
    "d:\n  trigger: {include: .gitlab-ci.yml}\n",
    "a.yml": "include: [.gitlab-ci.yml]\n",
    AZURE: "steps:\n" + "- template: azure-pipelines.yml\n" * 200,
    CIRCLE: "commands:\n  c: {steps: [c, c, c, c, c, c]}\njobs:\n  build: {steps: [c, c]}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", [GITLAB, AZURE, CIRCLE])
def test_what_uses_itself_ends(tmp_path: Path, name: str) -> None:
    begun = time.perf_counter()
    jobs(tmp_path, {one: text for one, text in CYCLES.items() if one in {name, "a.yml"}})
    assert time.perf_counter() - begun < 2


def test_a_loop_within_loops_is_cut_and_told(tmp_path: Path) -> None:
    loops = "\n".join(f"{'  ' * n}- ${{{{ each a{n} in parameters.p }}}}:" for n in range(8))
    text = f"parameters:\n- name: p\n  default: {list(range(300))}\nsteps:\n{loops}\n"
    place = Place(tmp_path, {})
    (tmp_path / AZURE).write_text(f"{text}{'  ' * 8}- script: mypy\n")
    begun = time.perf_counter()
    read_jobs(place)
    assert time.perf_counter() - begun < 2
    assert any("more commands than hdb follows" in why for why in place.reader.told())


@pytest.mark.parametrize("odd", ["[]", "", "3", "[[]]", "{a: [1]}", "x", "[{}]", "{a: {b: {}}}"])
def test_wrong_types_anywhere_are_read_over(tmp_path: Path, odd: str) -> None:
    gitlab = "include default variables workflow before_script image".split()
    job = (
        "extends rules only except when allow_failure variables image trigger before_script script"
    ).split()
    azure = "trigger pr variables parameters extends stages jobs steps".split()
    circle = "parameters commands executors orbs".split()
    fields = "executor docker environment parameters working_directory".split()
    jobs(
        tmp_path,
        {
            GITLAB: "".join(f"{key}: {odd}\n" for key in gitlab)
            + "a:\n"
            + "".join(f"  {key}: {odd}\n" for key in job)
            + f"  parallel: {{matrix: {odd or '[]'}}}\n"
            + f"b:\n  script: mypy\n  parallel: {odd}\n",
            AZURE: "".join(f"{key}: {odd}\n" for key in azure),
            ".azuredevops/a.yml": f"jobs:\n- job: {odd}\n  pool: {odd}\n  strategy: {odd}\n"
            f"  steps:\n  - script: {odd}\n    env: {odd}\n  - task: {odd}\n    inputs: {odd}\n"
            f"  - template: {odd}\n  - ${{{{ if x }}}}: {odd}\n",
            CIRCLE: "".join(f"{key}: {odd}\n" for key in circle)
            + "jobs:\n  a:\n"
            + "".join(f"    {key}: {odd}\n" for key in fields)
            + f"    steps:\n    - run: {odd}\n    - when: {odd}\n    - checkout: {odd}\n"
            + f"workflows:\n  w: {{jobs: [a, {{a: {odd or '[]'}}}]}}\n  v: {odd}\n",
        },
    )


def test_nothing_of_a_configuration_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    run = f'"touch {marker}; $(touch {marker})"'
    jobs(
        tmp_path,
        {
            GITLAB: f"a:\n  script: {run}\n",
            AZURE: f"steps:\n- bash: {run}\n",
            CIRCLE: f"jobs:\n  build:\n    steps:\n    - run: {run}\n",
        },
    )
    assert not marker.exists()
