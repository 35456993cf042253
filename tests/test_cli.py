"""The command line as a person or a script uses it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from mcp_server.cli import main
from tests.conftest import ROOT, ProjectFactory

GREEN = {"pyproject.toml": "[tool.ruff]\n[tool.ruff.lint]\nselect = ['F']\n", "a.py": "A = 1\n"}
RED = {**GREEN, "a.py": "import os\n"}
Captured = pytest.CaptureFixture[str]


def test_a_green_project_exits_with_0(project: ProjectFactory, capsys: Captured) -> None:
    assert main(["verify", str(project(GREEN))]) == 0
    assert "passed: the only check passed: ruff" in capsys.readouterr().out


def test_failures_exit_with_1_and_are_shown_by_file(
    project: ProjectFactory, capsys: Captured
) -> None:
    assert main(["verify", str(project(RED))]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("a.py\n      1:8  ruff F401  (mechanical fix)  [")
    assert "`os` imported but unused" in shown


def test_json_is_alone_on_standard_output_and_in_one_line(
    project: ProjectFactory, capsys: Captured
) -> None:
    assert main(["verify", str(project(RED)), "--format", "json"]) == 1
    batch = json.loads(capsys.readouterr().out)
    assert batch["schema"] == "hdb.batch/1"
    assert batch["failures"][0]["fix"] == "auto"


def test_a_pipe_gets_no_colour_and_no_progress(project: ProjectFactory, capsys: Captured) -> None:
    main(["verify", str(project(RED))])
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert not captured.err


def test_a_missing_environment_exits_with_3_and_names_the_command(
    project: ProjectFactory, capsys: Captured
) -> None:
    folder = project({**GREEN, "uv.lock": ""}, ready=False)
    assert main(["verify", str(folder)]) == 3
    assert "uv sync" in capsys.readouterr().out


MISTAKES = {
    "no such folder": (["nowhere"], "There is no folder"),
    "a file for a folder": (["project/a.py"], "is a file, not a folder"),
    "not a Python project": (["empty"], "holds no Python project"),
    "a target outside": (["project", "../x.py"], "lies outside"),
    "a target that is not there": (["project", "b.py"], "There is no b.py"),
    "a target that is an option": (["--", "project", "-x"], "is not a target"),
    "a target that nothing checks": (["project", "notes.md"], "No check of the project applies"),
    "a scope without targets": (["project", "--scope", "targets"], "needs at least one target"),
    "targets and all": (["project", "a.py", "--scope", "full"], "takes no targets"),
    "targets and a change": (["project", "a.py", "--scope", "affected"], "takes no targets"),
    "a commit without a repository": (["project", "--since"], "no git repository"),
    "an empty path": ([""], "The path is empty"),
    "a path of the shell's own": (["~nobody"], "~ is expanded only by a shell"),
    "a path with half a character": (["a\ud800"], "half a character"),
    "a path longer than a name can be": (["a" * 300], "There is no folder aaa"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_wrong_usage_exits_with_2_and_one_clear_sentence(
    project: ProjectFactory,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    folder = project({**GREEN, "notes.md": ""})
    (folder.parent / "empty").mkdir()
    monkeypatch.chdir(folder.parent)
    assert main(["verify", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1
    assert not captured.out


@pytest.mark.parametrize("value", ["0", "-1", "soon", "inf", "nan"])
def test_a_timeout_that_is_no_time_is_wrong_usage(value: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["verify", "--timeout", value])
    assert stopped.value.code == 2
    assert "not a number of seconds" in capsys.readouterr().err


def test_invalid_toml_exits_with_3_and_says_where(
    project: ProjectFactory, capsys: Captured
) -> None:
    folder = project({**GREEN, "pyproject.toml": "[tool.ruff\n", "ruff.toml": ""})
    assert main(["verify", str(folder)]) == 3
    assert "pyproject.toml cannot be read" in capsys.readouterr().out


def test_a_folder_inside_a_project_is_no_project_of_its_own(
    project: ProjectFactory, capsys: Captured
) -> None:
    folder = project({**GREEN, "inner/b.py": ""})
    assert main(["verify", str(folder / "inner")]) == 2
    assert "is part of the project" in capsys.readouterr().err


def test_without_a_path_the_project_around_the_current_folder_is_verified(
    project: ProjectFactory, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project({**RED, "inner/b.py": ""}) / "inner")
    assert main(["verify"]) == 1
    assert capsys.readouterr().out.startswith("a.py\n")


def test_a_fault_of_hdbs_own_is_never_taken_for_a_verdict(
    project: ProjectFactory, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_server.cli.verify", None)
    assert main(["verify", str(project(GREEN))]) == 3
    assert "a fault of hdb's own" in capsys.readouterr().err


def test_conventions_fit_a_screen(project: ProjectFactory, capsys: Captured) -> None:
    assert main(["conventions", str(project(GREEN))]) == 0
    shown = capsys.readouterr().out
    assert "ruff check" in shown
    assert "(pyproject.toml:1 [tool.ruff])" in shown
    assert len(shown.splitlines()) < 24


def test_a_failure_of_the_last_batch_is_shown_in_full(
    project: ProjectFactory, capsys: Captured
) -> None:
    folder = project(RED)
    main(["verify", str(folder), "--format", "json"])
    key = json.loads(capsys.readouterr().out)["failures"][0]["id"]
    assert main(["failure", key, str(folder)]) == 0
    assert "    1> import os" in capsys.readouterr().out


def test_setup_creates_a_missing_environment_with_the_projects_own_command(
    project: ProjectFactory, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A plain Python on PATH holds all that the project declares, but not its tools.
    monkeypatch.setenv("PATH", os.pathsep.join([f"{sys.base_prefix}/bin", "/usr/bin", "/bin"]))
    makefile = "install:\n\tpython3 -m venv --without-pip .venv\n\nlint:\n\t.venv/bin/ruff check\n"
    folder = project({**GREEN, "Makefile": makefile}, ready=False)
    assert main(["verify", "--setup", str(folder)]) == 3
    captured = capsys.readouterr()
    assert "ruff is not installed in .venv" in captured.out
    assert "hdb: setting up: python3 -m venv --without-pip .venv" in captured.err
    assert (folder / ".venv" / "bin" / "python").exists()


def test_a_module_that_the_environment_lacks_is_missing_and_not_red(
    project: ProjectFactory, capsys: Captured
) -> None:
    makefile = "lint:\n\tpython3 -m no_such_tool\n\t.venv/bin/python -m flake8\n"
    folder = project({**GREEN, "Makefile": makefile}, ready=False)
    venv.create(folder / ".venv", symlinks=True)
    assert main(["verify", str(folder)]) == 3
    assert "flake8 is not installed in the environment of" in capsys.readouterr().out


def test_a_setup_that_fails_is_told_with_its_output(
    project: ProjectFactory, capsys: Captured
) -> None:
    makefile = "install:\n\tpython3 -m venv --no-such-option .venv\n"
    folder = project({**GREEN, "Makefile": makefile}, ready=False)
    assert main(["verify", "--setup", str(folder)]) == 3
    assert "unrecognized arguments: --no-such-option" in capsys.readouterr().err


def test_a_signal_that_the_user_had_ignored_stays_ignored(project: ProjectFactory) -> None:
    waits = "def test_a():\n    open('began', 'w').close()\n    open('goes').read(1)\n"
    folder = project({"pyproject.toml": "", "test_a.py": waits})
    for name in ("began", "goes"):
        os.mkfifo(folder / name)
    command = f'trap "" HUP; exec "{sys.executable}" -m mcp_server verify "{folder}"'
    running = subprocess.Popen(["/bin/sh", "-c", command], cwd=ROOT, stdout=subprocess.DEVNULL)
    with os.fdopen(os.open(folder / "goes", os.O_RDWR), "wb") as gate:
        with (folder / "began").open(encoding="utf-8"):
            running.send_signal(signal.SIGHUP)
        gate.write(b"1")
        gate.flush()
        assert running.wait(timeout=60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_that_was_started(
    project: ProjectFactory, number: signal.Signals
) -> None:
    folder = project(
        {
            "pyproject.toml": "",
            "test_slow.py": (
                "import os, pathlib, time\n\n\ndef test_slow():\n"
                "    pathlib.Path('pid').write_text(str(os.getpid()))\n"
                "    open('began.fifo', 'w').close()\n"
                "    time.sleep(600)\n"
            ),
        }
    )
    os.mkfifo(folder / "began.fifo")
    running = subprocess.Popen(
        [sys.executable, "-m", "mcp_server", "verify", str(folder)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    # Opening waits for the test to open the other end.
    with (folder / "began.fifo").open(encoding="utf-8"):
        running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 128 + number
    assert "hdb: stopped" in errors
    assert not Path(f"/proc/{(folder / 'pid').read_text(encoding='utf-8')}").exists()
