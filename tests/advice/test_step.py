"""The step that asks hdb's own rules: what of it counts, what is advice, when it is absent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from mcp_server.advice import asking
from mcp_server.advice.changed import Advised, advised
from mcp_server.advice.step import rules_step
from mcp_server.cli import main
from mcp_server.contract import Batch, Delta
from mcp_server.conventions import read_conventions
from mcp_server.models import Outcome
from mcp_server.rules import Hit, rules
from mcp_server.semantic import Module
from mcp_server.targets import read_targets
from mcp_server.verify import Request, verify
from mcp_server.views import failure_detail
from tests.conftest import ProjectFactory
from tests.repositories import commit

Writer = Callable[[Mapping[str, str]], Path]
HEAD = "[project]\nname = 'app'\nversion = '1'\n[tool.ruff.lint]\nselect = ['F']\n"
GATE = "[tool.hdb.rules]\ngate = ['jwt-unpinned']\n"
OPEN = "import jwt\n\nclaims = jwt.decode('t', 'k')\n"
PINNED = "import jwt\n\nclaims = jwt.decode('t', 'k', algorithms=['HS256'])\n"
ADVICE = {
    "tool": "rules",
    "code": "jwt-unpinned",
    "file": "app/new.py",
    "line": 3,
    "message": "decodes a token without `algorithms`: pass the one that you sign with",
}


@pytest.fixture
def write(tmp_path: Path, environment: Path) -> Writer:
    """Return what writes a repository whose last commit has an old finding; the files are new."""

    def make(files: Mapping[str, str]) -> Path:
        root = tmp_path / "repository"
        commit(root, {"pyproject.toml": HEAD, "app/old.py": OPEN, ".gitignore": ".venv\n"})
        if not (root / ".venv").exists():
            (root / ".venv").symlink_to(environment)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return root

    return make


def outcome(root: Path, files: Advised | None = None) -> Outcome:
    conventions = read_conventions(root)
    step = rules_step(conventions, advised(root) if files is None else files)
    assert step is not None
    assert step.read is not None
    return step.read()


def steps(batch: Batch) -> list[tuple[str, str, str | None]]:
    return [(one.tool, one.verdict, one.reason) for one in batch.steps if one.tool == "rules"]


async def test_what_the_change_holds_is_advice_that_costs_no_step(write: Writer) -> None:
    batch = await verify(write({"app/new.py": OPEN}))
    assert [one.lean() for one in batch.advice] == [ADVICE]
    assert (batch.verdict, batch.failures, steps(batch)) == ("passed", (), [])


async def test_without_a_change_not_a_byte_is_added(write: Writer) -> None:
    batch = await verify(write({"README.md": "new"}))
    assert batch.verdict == "passed"
    assert "rules" not in batch.json_text()


async def test_without_git_nothing_is_known_to_be_changed_until_a_batch_was_green(
    project: ProjectFactory,
) -> None:
    folder = project({"pyproject.toml": HEAD, "app/old.py": OPEN})
    first = await verify(folder)
    assert (first.verdict, first.advice, steps(first)) == ("passed", (), [])
    (folder / "app" / "new.py").write_text(OPEN, encoding="utf-8")
    assert [one.lean() for one in (await verify(folder)).advice] == [ADVICE]


async def test_a_gate_is_asked_of_every_file_and_counts(write: Writer) -> None:
    root = write({"pyproject.toml": HEAD + GATE, "app/new.py": PINNED})
    batch = await verify(root)
    assert (batch.verdict, batch.advice) == ("failed", ())
    assert steps(batch) == [("rules", "failed", "1 gated rule asked of 2 files")]
    (failure,) = batch.failures
    assert (failure.code, failure.file, failure.line) == ("jwt-unpinned", "app/old.py", 3)
    detail = failure_detail(root, failure.id).findings[0].detail or ""
    rule = rules()["jwt-unpinned"]
    for text in (rule.why, "\nwrong:\n    import jwt", "\nright:\n    import jwt", *rule.source):
        assert text in detail
    (root / "app" / "old.py").write_text(PINNED, encoding="utf-8")
    green = await verify(root)
    assert (green.verdict, green.failures) == ("passed", ())
    assert steps(green) == [("rules", "passed", "1 gated rule asked of 2 files")]


async def test_a_batch_in_which_only_advice_was_given_is_not_green(tmp_path: Path) -> None:
    commit(tmp_path, {"pyproject.toml": "[project]\nname = 'app'\n"})
    for comment in ("", "  # hdb: ignore[nothing]"):
        (tmp_path / "new.py").write_text(OPEN.rstrip() + f"{comment}\n", encoding="utf-8")
        batch = await verify(tmp_path)
        assert (batch.verdict, batch.steps) == ("incomplete", ())
        assert batch.summary.startswith("nothing to run: no checker is configured")
        assert len(batch.advice) == 1
    assert batch.summary.endswith("new.py:3 ignores 'nothing', which is no rule")


async def test_of_targets_only_these_are_asked(write: Writer) -> None:
    root = write({"pyproject.toml": HEAD + GATE, "lib/new.py": OPEN, "app/a.md": ""})
    batch = await verify(root, Request(targets=["lib"]))
    assert [(one.code, one.file) for one in batch.failures] == [("jwt-unpinned", "lib/new.py")]
    assert steps(batch) == [("rules", "failed", "1 gated rule asked of 1 file")]


async def test_a_mistaken_setting_makes_the_batch_incomplete(write: Writer) -> None:
    text = HEAD + "[tool.hdb.rules]\ngate = ['jwt']\n"
    batch = await verify(write({"pyproject.toml": text}))
    assert (batch.verdict, steps(batch)[0][1]) == ("incomplete", "crashed")
    assert "gate names 'jwt', which is no rule" in (steps(batch)[0][2] or "")


def test_findings_that_say_the_same_in_one_file_are_one(write: Writer) -> None:
    again = OPEN + "more = jwt.decode('t', 'k')\nlast = jwt.decode('u', 'k')\n"
    (one,) = outcome(write({"app/new.py": again})).advice
    assert (one.line, one.message) == (3, f"{ADVICE['message']} (also line 4, 5)")


@pytest.mark.parametrize(
    "stated",
    ["ignore = ['jwt-unpinned']", "per-file-ignores = {'app/*' = ['jwt-unpinned']}"],
    ids=["ignore", "per file"],
)
def test_what_a_project_ignores_is_not_told(stated: str, write: Writer) -> None:
    text = f"{HEAD}[tool.hdb.rules]\n{stated}\n"
    found = outcome(write({"pyproject.toml": text, "app/new.py": OPEN}))
    assert (found.advice, found.problem, found.remark) == ((), None, None)


def test_advice_on_all_files_where_the_project_wants_it(write: Writer) -> None:
    text = f"{HEAD}[tool.hdb.rules]\nfiles = 'all'\n"
    found = outcome(write({"pyproject.toml": text}))
    assert [one.file for one in found.advice] == ["app/old.py"]


def test_a_project_that_states_settings_is_told_that_nothing_is_known_to_be_changed(
    project: ProjectFactory,
) -> None:
    text = f"{HEAD}[tool.hdb.rules]\nignore = []\n"
    root = project({"pyproject.toml": text, "app/old.py": OPEN}, ready=False)
    assert outcome(root).remark == (
        "no advice, as no commit and no green batch says what changed: "
        "`hdb rules --check` asks about all files"
    )


BROKEN = "def f(:\n"


def test_a_file_that_cannot_be_parsed_is_told_as_unchecked(write: Writer) -> None:
    files = {f"app/new{number}.py": BROKEN for number in range(5)}
    found = outcome(write({**files, "app/new9.py": OPEN}))
    assert len(found.advice) == 1
    assert found.problem is None
    assert found.remark == (
        "not parsed, so not checked: app/new0.py (line 1: invalid syntax), "
        "app/new1.py (line 1: invalid syntax), app/new2.py (line 1: invalid syntax), and 2 more"
    )


def test_under_a_gate_a_file_that_cannot_be_parsed_is_a_problem(write: Writer) -> None:
    root = write({"pyproject.toml": HEAD + GATE, "app/bad.py": BROKEN})
    found = outcome(root)
    assert [one.file for one in found.diagnostics] == ["app/old.py"]
    assert found.problem == (
        "not parsed, so not checked: app/bad.py (line 1: invalid syntax)\n"
        "1 gated rule asked of 1 file"
    )


@pytest.mark.parametrize(
    "path", ["tests/test_bad.py", "app/material/bad.py"], ids=["tests", "ignored"]
)
def test_a_file_that_no_gate_concerns_may_be_broken(path: str, write: Writer) -> None:
    text = GATE + "per-file-ignores = {'app/material/**' = ['jwt-unpinned']}\n"
    root = write({"pyproject.toml": HEAD + text, path: BROKEN})
    found = outcome(root, Advised())
    assert (found.problem, found.remark) == (None, "1 gated rule asked of 1 file")


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one rule have a fault."""

    def check(module: Module) -> Iterator[Hit]:
        if module.path.endswith("new.py"):
            raise KeyError(module.path)
        yield from ()

    known = {**rules(), "retry-forever": replace(rules()["retry-forever"], check=check)}
    monkeypatch.setattr(asking, "rules", lambda: known)


@pytest.mark.usefixtures("faulty")
def test_a_fault_of_a_rule_costs_that_rule_only(write: Writer) -> None:
    found = outcome(write({"app/new.py": OPEN}))
    assert [one.code for one in found.advice] == ["jwt-unpinned"]
    assert found.remark == (
        "a fault of hdb's own: retry-forever in app/new.py: KeyError('app/new.py')"
    )
    assert found.problem is None


@pytest.mark.usefixtures("faulty")
def test_a_fault_of_a_gated_rule_is_a_problem(write: Writer) -> None:
    text = HEAD + "[tool.hdb.rules]\ngate = ['retry-forever']\n"
    found = outcome(write({"pyproject.toml": text, "app/new.py": OPEN}))
    assert (found.problem or "").startswith("a fault of hdb's own: retry-forever in app/new.py")


async def test_nothing_of_a_project_is_read_where_nothing_is_asked(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.advice.step.read_program", None)
    root = write({"pyproject.toml": HEAD + "[tool.hdb.rules]\nignore = []\n"})
    assert outcome(root).advice == ()
    (root / "pyproject.toml").write_text(HEAD, encoding="utf-8")
    assert rules_step(read_conventions(root), Advised()) is None


async def test_the_lines_of_a_change_are_known(write: Writer) -> None:
    root = write({"app/old.py": OPEN + "more = 1\n", "app/new.py": OPEN, "a.md": "x"})
    assert dict(advised(root).lines) == {"app/new.py": None, "app/old.py": frozenset({4})}


async def test_advice_is_the_same_in_every_run(write: Writer) -> None:
    root = write({"app/new.py": OPEN, "app/also.py": OPEN})
    first, second = await verify(root), await verify(root)
    assert json.loads(first.json_text())["advice"] == json.loads(second.json_text())["advice"]


async def test_a_fault_of_hdbs_own_costs_no_verdict(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("mcp_server.advice.step.read_program", fail)
    batch = await verify(write({"app/new.py": OPEN}))
    assert (batch.verdict, batch.advice, steps(batch)) == ("passed", (), [])
    said = "the only check passed: ruff; no advice, for a fault of hdb's own: RecursionError()"
    assert batch.summary == said
    batch = await verify(write({"pyproject.toml": HEAD + GATE}))
    assert (batch.verdict, steps(batch)[0][1]) == ("incomplete", "crashed")


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("preset_step.configuration", "ruff's rules could not be offered, for a fault of hdb's"),
        ("changed.before", "no advice, as what changed is not known, for a fault of hdb's own"),
    ],
)
async def test_a_fault_before_the_steps_costs_no_verdict(
    write: Writer, monkeypatch: pytest.MonkeyPatch, fails: str, said: str
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(f"mcp_server.advice.{fails}", fail)
    everything = f"{HEAD}[tool.hdb.rules]\nfiles = 'all'\n"
    batch = await verify(write({"pyproject.toml": everything, "app/new.py": OPEN}))
    assert batch.verdict == "passed"
    assert said in batch.summary


async def test_a_gate_counts_in_a_project_that_names_no_command(write: Writer) -> None:
    head = "[project]\nname = 'lib'\nversion = '1'\n"
    batch = await verify(write({"lib/pyproject.toml": head + GATE, "lib/a.py": OPEN}))
    assert [(one.code, one.file) for one in batch.failures] == [("jwt-unpinned", "lib/a.py")]
    (step,) = (one for one in batch.steps if one.tool == "rules")
    assert (step.verdict, step.source) == ("failed", "lib/pyproject.toml [tool.hdb.rules]")


async def test_of_a_target_the_changed_lines_are_known_too(write: Writer) -> None:
    root = write({"app/old.py": OPEN + "more = 1\n", "lib/new.py": OPEN, "lib/a.md": "x"})
    found = advised(root, read_targets(root, ["app", "pyproject.toml"]))
    assert (found.files, found.lines) == (("app/old.py",), {"app/old.py": frozenset({4})})
    assert advised(root, read_targets(root, ["lib/a.md"])) == Advised(chosen=True)


def test_people_are_told_how_advice_is_explained(
    write: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(write({"app/new.py": OPEN}))]) == 0
    shown = capsys.readouterr().out
    assert "advice  app/new.py:3  rules  jwt-unpinned: decodes a token without" in shown
    assert shown.endswith("\n`hdb rules jwt-unpinned` explains jwt-unpinned\n")


TEST = "def test_a() -> None:\n    pass\n"
ELSEWHERE = {"pyproject.toml": HEAD + GATE, "app/new.py": OPEN, "tests/test_a.py": TEST}


@pytest.mark.parametrize("target", ["app/clean.py", "tests/test_a.py"])
async def test_a_target_says_nothing_of_the_files_beside_it(target: str, write: Writer) -> None:
    root = write({**ELSEWHERE, "app/clean.py": "A = 1\n"})
    assert (await verify(root)).verdict == "failed"
    batch = await verify(root, Request(targets=[target]))
    assert (batch.verdict, batch.delta) == ("passed", Delta(unknown=2))


async def test_targets_that_no_gate_concerns_add_not_a_byte(write: Writer) -> None:
    batch = await verify(write(ELSEWHERE), Request(targets=["tests/test_a.py"]))
    assert (batch.verdict, steps(batch)) == ("passed", [])
    assert batch.summary == "all 2 checks passed: pytest, ruff; 1 test"


async def test_a_gate_that_concerns_no_file_is_no_check(write: Writer) -> None:
    everywhere = GATE + "per-file-ignores = {'**' = ['jwt-unpinned']}\n"
    batch = await verify(write({"pyproject.toml": HEAD + everywhere}))
    assert (batch.verdict, steps(batch)) == ("passed", [])
    assert batch.summary == "the only check passed: ruff; 1 gated rule asked of 0 files"


@pytest.mark.parametrize("target", ["app/target/new.py", "app/target"])
async def test_a_target_that_is_not_read_is_not_proven(target: str, write: Writer) -> None:
    root = write({"pyproject.toml": HEAD + GATE, "app/target/new.py": OPEN})
    batch = await verify(root, Request(targets=[target]))
    assert batch.verdict == "incomplete"
    assert steps(batch) == [("rules", "crashed", NOT_READ)]
    (root / "pyproject.toml").write_text(HEAD, encoding="utf-8")
    batch = await verify(root, Request(targets=[target]))
    assert (batch.verdict, steps(batch)) == ("passed", [])
    assert batch.summary.endswith(NOT_READ)


NOT_READ = (
    "not read, so not checked (hdb reads no files that git ignores or that tools make): "
    "app/target/new.py"
)


async def test_a_remark_makes_no_check(write: Writer) -> None:
    stale = "import re  # hdb: ignore[jwt-unpinned]\n\nprint(re)\n"
    batch = await verify(write({"app/new.py": stale}))
    assert (batch.verdict, steps(batch)) == ("passed", [])
    assert batch.summary == (
        "the only check passed: ruff; `# hdb: ignore` silences nothing: app/new.py:1 jwt-unpinned"
    )


async def test_the_commit_that_a_caller_names_says_what_is_advised_on(write: Writer) -> None:
    root = write({})
    commit(root, {"app/new.py": OPEN})
    assert (await verify(root)).advice == ()
    batch = await verify(root, Request(since="HEAD~1"))
    assert [one.file for one in batch.advice] == ["app/new.py"]
    assert (await verify(root, Request(since="HEAD"))).advice == ()


def test_of_many_lines_the_first_are_named(write: Writer) -> None:
    lines = "".join(f"c{number} = jwt.decode('t', 'k')\n" for number in range(20))
    (one,) = outcome(write({"app/new.py": f"import jwt\n\n{lines}"})).advice
    assert one.message == f"{ADVICE['message']} (also line 4, 5, 6, 7, 8 and 14 more)"


@pytest.mark.parametrize("gated", [True, False], ids=["gated", "advised"])
async def test_what_takes_too_long_is_not_run(
    gated: bool,  # noqa: FBT001 - a case
    write: Writer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def check(module: Module) -> Iterator[Hit]:
        asked.append(module.path)
        time.sleep(1.5)
        yield from ()

    known = {"jwt-unpinned": replace(rules()["jwt-unpinned"], check=check)}
    monkeypatch.setattr(asking, "rules", lambda: known)
    files = {f"app/new{number}.py": OPEN for number in range(3)}
    root = write({"pyproject.toml": HEAD + GATE * gated, **files})
    batch = await verify(root, Request(timeout=1))
    said = "not done within 1 s; a longer timeout allows more"
    assert batch.verdict == ("incomplete" if gated else "passed")
    assert steps(batch) == ([("rules", "not_run", said)] if gated else [])
    assert gated or batch.summary == f"the only check passed: ruff; {said}"
    # Nothing goes on behind it.
    await anyio.sleep(1)
    assert len(asked) == 1
