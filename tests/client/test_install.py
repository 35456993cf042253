"""The set-up of the client's tests: what it installs, and what it says where it cannot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client import install

Run = Callable[[], subprocess.CompletedProcess[str]]
# What npm leaves behind when it has installed the client.
NPM = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
[ -f package-lock.json ] || exit 9
mkdir -p node_modules/@anthropic-ai/claude-code node_modules/@anthropic-ai/claude-code-this-machine
echo '{"version": "PINNED"}' > node_modules/@anthropic-ai/claude-code/package.json
: > node_modules/@anthropic-ai/claude-code-this-machine/claude
"""


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """Return the only folder on PATH, with what the stand-in for npm needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "mkdir", "dirname"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.fixture
def run(tmp_path: Path, bin_folder: Path) -> Run:
    """Return what runs a copy of the script in a tree of its own."""
    copy = tmp_path / "tests" / "client"
    copy.mkdir(parents=True)
    for name in ("install.py", "package.json", "package-lock.json"):
        shutil.copy(install.HERE / name, copy)
    command = [sys.executable, str(copy / "install.py")]
    variables = {"PATH": str(bin_folder)}
    return lambda: subprocess.run(
        command, env=variables, capture_output=True, text=True, check=False
    )


def npm(folder: Path, script: str) -> None:
    (folder / "npm").write_text(script.replace("PINNED", install.pinned()))
    (folder / "npm").chmod(0o755)


def test_the_client_is_installed_once(run: Run, bin_folder: Path, tmp_path: Path) -> None:
    npm(bin_folder, NPM)
    assert [run().returncode, run().returncode] == [0, 0]
    assert install.program(tmp_path / ".cache" / "client")
    (call,) = (bin_folder / "calls").read_text().splitlines()
    assert call.split()[:2] == ["ci", "--ignore-scripts"]


def test_another_version_is_replaced(run: Run, bin_folder: Path, tmp_path: Path) -> None:
    npm(bin_folder, NPM)
    run()
    client = tmp_path / ".cache" / "client"
    manifest = client / install.PACKAGES / "claude-code" / "package.json"
    manifest.write_text('{"version": "0.1.0"}')
    (client / "old").touch()
    assert run().returncode == 0
    assert json.loads(manifest.read_text())["version"] == install.pinned()
    assert not (client / "old").exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("", "npm is not on PATH"),
        ("#!/bin/sh\necho 'npm error code E404' >&2\nexit 1\n", "npm error code E404"),
        ("#!/bin/sh\n", "npm has no client for this machine"),
    ],
    ids=["no npm", "npm refuses", "another machine"],
)
def test_a_client_that_cannot_be_had_is_said_and_fails_nothing(
    script: str, reason: str, run: Run, bin_folder: Path, tmp_path: Path
) -> None:
    if script:
        npm(bin_folder, script)
    done = run()
    assert done.returncode == 0
    assert reason in done.stderr
    assert "tests of the real client will be skipped" in done.stderr
    assert not (tmp_path / ".cache" / "client").exists()


def test_the_pin_and_the_lock_agree() -> None:
    lock = json.loads((install.HERE / "package-lock.json").read_text("utf-8"))["packages"]
    clients = {name: entry for name, entry in lock.items() if name}
    assert {entry["version"] for entry in clients.values()} == {install.pinned()}
    assert all(entry["integrity"].startswith("sha512-") for entry in clients.values())
    assert not any("resolved" in entry for entry in clients.values())
