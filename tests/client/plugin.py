"""Installs hdb's tree, as it stands, into a home of the real client from a bare clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.client.claude import ROOT, Claude, new_home
from tests.installation import make_ready

ADDRESS = "https://github.com/hdb/hdb.git"
"""What git is told to take from the bare clone; nothing is fetched from there."""
IDENTITY = ["-c", "user.name=test", "-c", "user.email=test@localhost"]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A client that has hdb installed, the files that it was installed from, and where it lies."""

    claude: Claude
    source: Path
    root: Path


def export(folder: Path) -> list[str]:
    """Copy the files that git tracks or would add into a new folder; return their names."""
    listing = _git("ls-files", "-coz", "--exclude-standard", cwd=ROOT)
    names = sorted({name for name in listing.split("\0") if name and (ROOT / name).is_file()})
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return names


def installed(program: Path, folder: Path) -> Plugin:
    """Install the tree with `marketplace add` and `install`, as a person would.

    Raises AssertionError with the client's words where one of them fails.
    """
    source, bare = folder / "source", folder / "hdb.git"
    export(source)
    _git("init", "-q", "-b", "main", cwd=source)
    _git("add", "--all", "--force", cwd=source)
    _git(*IDENTITY, "commit", "-q", "-m", "the tree as it stands", cwd=source)
    _git("clone", "-q", "--bare", str(source), str(bare), cwd=folder)
    home = new_home(folder / "home")
    instead = f'[url "{bare.as_uri()}"]\n\tinsteadOf = {ADDRESS}\n'
    (home / ".gitconfig").write_text(instead, "utf-8")
    make_ready(home / ".cache" / "hdb")
    # The Python that these tests run in is the one that the prepared environment is made for.
    path = os.pathsep.join([f"{sys.prefix}/bin", os.environ.get("PATH", os.defpath)])
    claude = Claude(program, home, {"PATH": path})
    for arguments in (["marketplace", "add", "hdb/hdb"], ["install", "hdb@hdb"]):
        run = claude.run("plugin", *arguments, cwd=folder)
        assert run.status == 0, run
    (root,) = (home / ".claude" / "plugins" / "cache" / "hdb" / "hdb").iterdir()
    return Plugin(claude, source, root)


def _git(*arguments: str, cwd: Path) -> str:
    variables = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 - whichever git the developer has
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
