"""Installs the pinned client from npm into `.cache/client/`; standard library only.

`python3 tests/client/install.py` ends with 0 also where there is no npm or where it refuses: it
says so, and the tests of the client are skipped. `package-lock.json` holds version and hashes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".cache" / "client"
PACKAGES = Path("node_modules", "@anthropic-ai")
# The package's own install script would only link this machine's program to another place.
OPTIONS = ["--ignore-scripts", "--engine-strict=false", "--no-audit", "--no-fund"]
TIMEOUT = 300
"""Seconds for the download of 360 MB, which takes 17 from a near registry."""


def program(folder: Path = FOLDER) -> Path | None:
    """Return this machine's program of an installed client."""
    return next(iter(sorted(folder.glob(f"{PACKAGES}/claude-code-*/claude"))), None)


def pinned() -> str:
    """Return the version that `package.json` asks for."""
    pin: str = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"][
        "@anthropic-ai/claude-code"
    ]
    return pin


def installed() -> str | None:
    """Return the version that is installed, if its program is there, too."""
    manifest = FOLDER / PACKAGES / "claude-code" / "package.json"
    if program() is None or not manifest.is_file():
        return None
    version: str = json.loads(manifest.read_text("utf-8"))["version"]
    return version


def main() -> int:
    """Install the client where it is missing or of another version."""
    if installed() == pinned():
        return 0
    npm = shutil.which("npm")
    if npm is None:
        return _skipped("npm is not on PATH")
    print(f"installing the client {pinned()} from npm", flush=True)
    # Built beside its place, so that an install that was cut off is never taken for a whole one.
    building = FOLDER.with_name("client.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, building)
    try:
        done = subprocess.run(
            [npm, "ci", *OPTIONS],
            cwd=building,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _skipped(f"npm took longer than {TIMEOUT} seconds")
    if done.returncode:
        return _skipped(f"npm ended with {done.returncode}: {_last_line(done.stderr)}")
    if program(building) is None:
        return _skipped("npm has no client for this machine")
    shutil.rmtree(FOLDER, ignore_errors=True)
    building.rename(FOLDER)
    return 0


def _skipped(reason: str) -> int:
    print(f"{reason}: the tests of the real client will be skipped", file=sys.stderr)
    return 0


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main())
