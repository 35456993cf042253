"""Holds the launcher to its promise: one command, one build, and a sentence where none can be."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.environments import interpreter
from tests.installation import BUILDING, UV, Installation, install, script

PROGRAM = """
import os, sys
def main() -> int:
    import tinydep
    print(tinydep.__file__, os.environ["HDB_CACHE"], sys.argv[1:], sep="\\n")
    return int(os.environ.get("STATUS", "0"))
"""
# A Python that believes it is 3.9: what the launcher sees on an older system.
OLD = f"""shift; exec '{sys.executable}' -I -c "
import runpy, sys
sys.version_info = (3, 9, 18, 'final', 0)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')" "$@"
"""

WITH_UV = pytest.param(UV, id="uv", marks=pytest.mark.skipif(not UV, reason="needs uv on PATH"))
WITHOUT_UV = pytest.param("", id="pip")
with_and_without_uv = pytest.mark.parametrize("hdb", [WITH_UV, WITHOUT_UV], indirect=True)
without_uv = pytest.mark.parametrize("hdb", [WITHOUT_UV], indirect=True)


@pytest.fixture
def hdb(tmp_path: Path, request: pytest.FixtureRequest) -> Installation:
    # pip takes ten times as long
    return install(tmp_path, PROGRAM, uv=getattr(request, "param", UV))


@with_and_without_uv
def test_first_start_builds_and_the_second_uses_it(hdb: Installation) -> None:
    first = hdb.run("verify")
    assert (first.returncode, BUILDING in first.stderr) == (0, True), first.stderr
    second = hdb.run("verify")
    assert (second.returncode, second.stderr, second.stdout) == (0, "", first.stdout)
    assert len(hdb.environments) == 1
    assert first.stdout.startswith(str(hdb.environments[0]))
    made_by_uv = "uv = " in (hdb.environments[0] / "pyvenv.cfg").read_text()
    assert made_by_uv == (Path(hdb.variables["PATH"]) / "uv").exists()


def test_arguments_and_exit_status_pass_through(hdb: Installation) -> None:
    done = hdb.having(STATUS=3).run("verify", "a b", "--x=*", "")
    assert done.returncode == 3
    assert done.stdout.splitlines()[1] == hdb.variables["HDB_CACHE"]
    assert done.stdout.splitlines()[2] == "['verify', 'a b', '--x=*', '']"


def test_a_chain_of_symlinks_finds_its_way_home(hdb: Installation, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    (linked / "bin").mkdir(parents=True)
    (linked / "absolute").symlink_to(hdb.root / "bin" / "hdb")
    (linked / "bin" / "hdb").symlink_to(Path("..") / "absolute")
    done = replace(hdb, root=linked).run()
    assert done.returncode == 0, done.stderr


def test_two_at_once_build_once(hdb: Installation) -> None:
    hdb.store.mkdir(parents=True)
    with (hdb.store / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        both = [hdb.start(), hdb.start()]
        for process in both:
            assert process.stderr is not None
            assert "waiting for another hdb" in process.stderr.readline()
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(BUILDING in text for text in said) == 1
    assert len(hdb.environments) == 1


@pytest.mark.parametrize(
    ("lost", "instead"), [(".ready", ""), ("bin/python", ""), ("bin/python", "exit 1")]
)
def test_a_damaged_environment_is_built_again(hdb: Installation, lost: str, instead: str) -> None:
    hdb.run()
    damaged = hdb.environments[0]
    (damaged / lost).unlink()
    if instead:
        script(damaged / lost, instead)
    done = hdb.run()
    assert (done.returncode, BUILDING in done.stderr) == (0, True)
    assert damaged not in hdb.environments
    assert damaged.exists() == (lost != ".ready")  # others may still run in what was whole


def test_an_update_of_the_same_python_keeps_the_environment(hdb: Installation) -> None:
    hdb.run()
    stamp = hdb.environments[0] / ".ready"
    written = stamp.read_text()
    stamp.write_text(written + ".older")
    done = hdb.run()
    assert (done.returncode, done.stderr, stamp.read_text()) == (0, "", written)


def test_a_lost_module_is_repaired_in_the_same_start(hdb: Installation) -> None:
    Path(hdb.run().stdout.splitlines()[0]).unlink()
    done = hdb.having(STATUS=1).run("verify")
    assert (done.returncode, BUILDING in done.stderr) == (1, True)
    assert done.stdout.splitlines()[2] == "['verify']"


def test_a_module_that_no_build_brings_ends_with_a_sentence(hdb: Installation) -> None:
    (hdb.root / "mcp_server" / "cli.py").write_text("import notpinned")
    done = hdb.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "No module named 'notpinned', even in a new environment" in done.stderr


@with_and_without_uv
def test_a_package_with_another_hash_is_refused(hdb: Installation) -> None:
    (hdb.root / "requirements.lock").write_text(f"tinydep==1.0 --hash=sha256:{'0' * 64}\n")
    done = hdb.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "its hash differs" in done.stderr
    assert not hdb.environments


def test_pip_is_tried_where_uv_fails(hdb: Installation, tmp_path: Path) -> None:
    script(tmp_path / "bin" / "uv", "echo no such index; exit 1")
    assert hdb.run().returncode == 0


@with_and_without_uv
def test_settings_that_steer_an_installation_do_not_reach_it(
    hdb: Installation, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    config = tmp_path / "pip.conf"
    config.write_text(f"[install]\nuser = true\ntarget = {elsewhere}\n")
    steered = {"PIP_PREFIX": elsewhere, "PYTHONHOME": elsewhere, "UV_SYSTEM_PYTHON": 1}
    done = hdb.having(PIP_CONFIG_FILE=config, **steered).run()
    assert done.returncode == 0, done.stderr
    assert not elsewhere.exists()


@without_uv
@pytest.mark.parametrize(
    ("python3", "sentence"),
    [(OLD, "python3 is 3.9; hdb needs Python 3.11 or newer"), ("", "python3 is not on PATH")],
)
def test_no_python_of_use_is_said(
    hdb: Installation, tmp_path: Path, python3: str, sentence: str
) -> None:
    (tmp_path / "bin" / "python3").unlink()
    if python3:
        script(tmp_path / "bin" / "python3", python3)
    done = hdb.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


@without_uv
def test_an_old_python_finds_a_newer_one_behind_a_dead_shim(
    hdb: Installation, tmp_path: Path
) -> None:
    script(tmp_path / "bin" / "python3", OLD)
    script(tmp_path / "bin" / "python3.14", "exit 127")
    script(tmp_path / "bin" / "python3.11", f'exec "{sys.executable}" "$@"')
    assert hdb.run().returncode == 0


@pytest.mark.parametrize("version", ["3.6", "3.7"])
def test_a_python3_that_is_too_old_hands_over_to_a_newer_one(
    hdb: Installation, tmp_path: Path, version: str
) -> None:
    old = interpreter(version)
    if old is None:
        pytest.skip(f"there is no Python {version} here")
    script(tmp_path / "bin" / "python3", f'exec "{old}" "$@"')
    alone = hdb.run()
    assert (alone.returncode, f"python3 is {version}." in alone.stderr) == (2, True)
    script(tmp_path / "bin" / "python3.11", f'exec "{sys.executable}" "$@"')
    assert hdb.run().returncode == 0
    # A name that says more than there is must not lead round in a circle.
    script(tmp_path / "bin" / "python3.12", f'exec "{old}" "$@"')
    assert hdb.run().returncode == 2


def test_a_shim_with_nothing_behind_it_is_passed_over(hdb: Installation, tmp_path: Path) -> None:
    script(tmp_path / "shims" / "python3", "echo 'command not found' >&2; exit 127")
    path = f"{tmp_path}/shims:{hdb.variables['PATH']}"
    (tmp_path / "bin" / "python3").rename(tmp_path / "bin" / "python3.11")
    done = hdb.having(PATH=path).run()
    assert (done.returncode, "command not found" in done.stderr) == (0, False), done.stderr


def test_without_a_home_nothing_is_written_beside_the_project(
    hdb: Installation, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    homeless = hdb.having(HOME="relative", HDB_CACHE="")
    process = homeless.start("verify", cwd=tmp_path / "project")
    errors = process.communicate()[1]
    assert (process.returncode, "there is no home folder. Set HDB_CACHE" in errors) == (2, True)
    assert not list((tmp_path / "project").iterdir())
    plugin = homeless.having(CLAUDE_PLUGIN_DATA=tmp_path / "plugin")
    assert plugin.run().stdout.splitlines()[1] == str(tmp_path / "plugin")


def test_what_only_the_front_may_say_means_nothing_elsewhere(hdb: Installation) -> None:
    assert hdb.having(HDB_FRONT=1).run("verify").returncode == 0


def test_a_cache_that_cannot_be_written_is_said(hdb: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = hdb.having(HDB_CACHE=tmp_path / "file" / "below").run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Set HDB_CACHE to a folder you can write to" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_build_and_its_children(
    hdb: Installation, tmp_path: Path, number: signal.Signals
) -> None:
    os.mkfifo(tmp_path / "alive")
    os.mkfifo(tmp_path / "never")
    blocks = f'mkdir -p "$3"; exec 9>"{tmp_path}/alive"; echo built >&9; cat "{tmp_path}/never"'
    script(tmp_path / "bin" / "uv", blocks)
    process = hdb.start()
    with (tmp_path / "alive").open() as alive:
        assert alive.readline() == "built\n"
        process.send_signal(number)
        assert alive.read() == ""  # the end of the file: no child holds it open any more
    process.communicate()
    assert process.returncode == -number
    assert [path.name for path in hdb.store.iterdir()] == [".lock"]


def test_unused_environments_go_and_others_stay(hdb: Installation) -> None:
    for name, days in {"old-1": 31, "young-1": 29}.items():
        (hdb.store / name).mkdir(parents=True)
        stamp = hdb.store / name / ".ready"
        stamp.touch()
        os.utime(stamp, times=(time.time() - days * 86400,) * 2)
    hdb.run()
    assert [path.exists() for path in (hdb.store / "old-1", hdb.store / "young-1")] == [False, True]
