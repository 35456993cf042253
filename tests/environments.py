"""Makes the environments that the tests run projects in, from `envs.toml`; standard library only.

`python3 tests/environments.py` makes those that are missing or out of date under `.cache/envs/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = Path(os.environ.get("HDB_TEST_ENVS", ROOT / ".cache" / "envs"))


def main() -> int:
    """Make every environment; return 1 where one could not be made."""
    with (ROOT / "tests" / "envs.toml").open("rb") as file:
        wanted = tomllib.load(file)
    return max(_make(name, table) for name, table in wanted.items())


def _make(name: str, table: dict[str, Any]) -> int:
    folder = ENVIRONMENTS / name
    arguments = list(table.get("requires", []))
    for path in table.get("requirements", []):
        arguments += ["--require-hashes", "-r", str(ROOT / path)]
    contents = [(ROOT / path).read_text("utf-8") for path in table.get("requirements", [])]
    stamp = hashlib.sha256(json.dumps([sys.version, arguments, contents]).encode()).hexdigest()
    marker = folder / ".made-of"
    if marker.is_file() and marker.read_text("utf-8") == stamp:
        return 0
    print(f"making the test environment {name}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv")
    python = str(folder / "bin" / "python")
    if uv:
        make = [uv, "venv", "-q", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "-q", "--python", python, *arguments]
    else:
        make = [sys.executable, "-m", "venv", str(folder)]
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    for command in (make, install):
        if subprocess.run(command, check=False).returncode:
            print(f"the test environment {name} could not be made", file=sys.stderr)
            return 1
    marker.write_text(stamp, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
