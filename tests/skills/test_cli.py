"""The blocks of cli.md run as real commands, beside what naive ones do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.skills.blocks import load, text
from tests.skills.programs import PATIENCE

LINES = text("python-services/references/cli.md#the-entry", "python")
NAIVE = "import sys\nfor path in sys.argv[1:]:\n    print(open(path).read())\n"
RETURNS = """
import typer, click

app = typer.Typer()

@app.command()
def in_typer(interrupt: bool = False):
    if interrupt:
        raise KeyboardInterrupt
    return 1

@click.command()
@click.option("--interrupt", is_flag=True)
def in_click(interrupt):
    if interrupt:
        raise KeyboardInterrupt
    return 1
"""
# Whether the streams are buffered is for the program to get right, not for the tests' environment.
BARE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Return the command of the document, and beside it what it reads."""
    script = tmp_path / "lines.py"
    script.write_text(LINES, encoding="utf-8")
    (tmp_path / "two").write_text("a\nb\n", encoding="utf-8")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    return script


def call(script: Path, *words: str) -> tuple[int, str, str]:
    """Return a command's status, its output and its errors."""
    done = subprocess.run(
        [sys.executable, str(script), *words],
        cwd=script.parent,
        env=BARE,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr


def test_results_and_errors_go_their_own_ways(script: Path) -> None:
    assert call(script, "two") == (0, "2\ttwo\n", "")
    status, output, errors = call(script, "--json", "two", "none", "two")
    assert status == 1
    assert [json.loads(line) for line in output.splitlines()] == [{"path": "two", "lines": 2}]
    assert errors.startswith("lines: none: cannot be read")
    assert errors.count("\n") == 1
    assert call(script, "bytes")[0] == 1
    assert "Traceback" not in call(script, "bytes")[2]
    assert "Traceback" in call(_naive(script), "bytes")[2]


def test_lines_are_what_files_end_them_with(script: Path) -> None:
    (script.parent / "odd").write_bytes("a\u2028b\x0cc\r\nd\r\n".encode())
    (script.parent / "empty").touch()
    assert call(script, "odd", "empty")[:2] == (0, "2\todd\n0\tempty\n")


def test_a_wrong_call_is_two_and_help_is_none(script: Path) -> None:
    assert call(script)[0] == 2
    assert call(script)[1] == ""
    assert call(script, "--no-such")[0] == 2
    status, output, errors = call(script, "--help")
    assert (status, errors) == (0, "")
    assert "one JSON object a line" in output


def _naive(script: Path) -> Path:
    naive = script.with_name("naive.py")
    naive.write_text(NAIVE, encoding="utf-8")
    return naive


@pytest.mark.parametrize("size", [1, 20_000])
@pytest.mark.parametrize("naive", [False, True])
def test_a_closed_pipe_is_no_error_to_report(script: Path, size: int, *, naive: bool) -> None:
    command = _naive(script) if naive else script
    words = ["two"] * size
    read, write = os.pipe()
    with subprocess.Popen(
        [sys.executable, str(command), *words],
        cwd=script.parent,
        env=BARE,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(write)
        # As `head` does, once it has seen enough.
        os.close(read)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == (141 if not naive else 1 if size > 1 else 120)
    assert ("BrokenPipeError" in errors) is naive


def test_ctrl_c_is_130(script: Path) -> None:
    os.mkfifo(script.parent / "fifo")
    for command, status in ((script, 130), (_naive(script), -signal.SIGINT)):
        with (
            subprocess.Popen(
                [sys.executable, str(command), "fifo"],
                cwd=script.parent,
                env=BARE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
            # Opens when the command opens its side, so that it then waits in its work.
            (script.parent / "fifo").open("w"),
        ):
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == status
        assert ("Traceback" in errors) is (status != 130)


def test_it_is_called_in_the_process_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load("python-services/references/cli.md#the-entry")
    assert module.main([str(tmp_path / "none")]) == 1
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit) as caught:
        module.main([])
    assert caught.value.code == 2

    def bug(_: object) -> list[object]:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "count_lines", bug)
    with pytest.raises(ZeroDivisionError):
        module.main(["x"])


def test_the_entry_point_of_the_toml_is_the_function() -> None:
    tables = tomllib.loads(text("python-services/references/cli.md#the-entry", "toml"))
    module, _, function = tables["project"]["scripts"]["lines"].partition(":")
    assert (module, function) == ("lines.cli", "main")
    assert hasattr(load("python-services/references/cli.md#the-entry"), function)


def test_print_is_allowed_in_the_command_alone(tmp_path: Path) -> None:
    settings = text("python-services/references/cli.md#output", "toml")
    package = tmp_path / "src" / "lines"
    package.mkdir(parents=True)
    (tmp_path / "ruff.toml").write_text(
        settings.replace("[tool.ruff.lint", "[lint"), encoding="utf-8"
    )
    for name in ("cli", "count"):
        (package / f"{name}.py").write_text('print("x")\n', encoding="utf-8")
    argv = [sys.executable, "-m", "ruff", "check", "--select", "T20", "--output-format", "json"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert [Path(one["filename"]).name for one in json.loads(done.stdout)] == ["count.py"]


def test_what_is_nearer_to_the_call_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = load("python-services/references/cli.md#settings").read_settings
    monkeypatch.chdir(tmp_path)
    assert read([]).limit == 1000
    (tmp_path / "lines.toml").write_text('limit = 1\nencoding = "ascii"\n', encoding="utf-8")
    assert read([]).limit == 1
    monkeypatch.setenv("LINES_LIMIT", "2")
    assert read([]).limit == 2
    assert read(["--limit", "3"]).limit == 3
    assert read(["--limit", "3"]).encoding == "ascii"


def test_a_default_in_the_parser_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("python-services/references/cli.md#settings")

    def seed_settings(argv: list[str]) -> object:
        parser = module.argparse.ArgumentParser()
        parser.add_argument("--limit", type=int, default=1000)
        return module.Settings(**vars(parser.parse_args(argv))).limit

    monkeypatch.setenv("LINES_LIMIT", "2")
    assert seed_settings([]) == 1000
    assert module.read_settings([]).limit == 2


def test_the_typer_command_ends_with_its_statuses(tmp_path: Path) -> None:
    app = load("python-services/references/cli.md#typer-and-click").app
    (tmp_path / "empty").touch()
    (tmp_path / "two").write_text("a\n\nb\n", encoding="utf-8")

    def invoke(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, [*words], catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    assert invoke("load", str(tmp_path / "two")) == (0, "2 loaded\n", "")
    assert invoke("load", "--dry-run", str(tmp_path / "two")) == (0, "2 found\n", "")
    status, output, errors = invoke("load", str(tmp_path / "empty"))
    assert (status, output) == (1, "")
    assert errors.endswith("no orders\n")
    assert invoke("load", str(tmp_path / "none"))[0] == 2
    assert invoke()[0] == 2
    assert invoke("--help")[0] == 0


@pytest.mark.parametrize(("command", "interrupted"), [("app", 130), ("in_click", 1)])
def test_what_a_command_returns_is_not_its_status(
    tmp_path: Path, command: str, interrupted: int
) -> None:
    script = tmp_path / "returns.py"
    script.write_text(f"{RETURNS}\n{command}()\n", encoding="utf-8")
    assert call(script)[0] == 0
    assert call(script, "--interrupt")[0] == interrupted
