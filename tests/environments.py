"""Makes the environments that the tests run projects in, from `envs.toml`; standard library only.

`python3 tests/environments.py` makes those that are missing or out of date under `.cache/envs/`,
and with `--matrix` also those of `matrix.toml`: every pytest on every Python that it supports.
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
    files = ["envs.toml", "matrix.toml"] if "--matrix" in sys.argv[1:] else ["envs.toml"]
    return max(_make(name, table) for file in files for name, table in tables(file).items())


def tables(file: str) -> dict[str, dict[str, Any]]:
    """Return what a file beside this one says of each environment."""
    with (ROOT / "tests" / file).open("rb") as content:
        return tomllib.load(content)


def without_plugins(prefix: Path, folder: Path) -> Path:
    """Make an environment with the packages of another, of whose pytest plugins only xdist loads.

    hdb's own tests need plugins that every pytest in a small project would import: Hypothesis alone
    is 0.3 s for each, 1.2 s with two workers. The packages are linked to, so this takes no time.
    """
    (packages,) = prefix.glob("lib/python3*/site-packages")
    (folder / "bin").mkdir(parents=True)
    for one in (prefix / "bin").iterdir():
        made = folder / "bin" / one.name
        start = f"#!{prefix}/bin/".encode()
        content = b"" if one.is_symlink() or not one.is_file() else one.read_bytes()
        if content.startswith(start):
            made.write_bytes(content.replace(start, f"#!{folder}/bin/".encode(), 1))
            made.chmod(0o755)
        else:
            made.symlink_to(one.readlink() if one.is_symlink() else one)
    shutil.copy(prefix / "pyvenv.cfg", folder)
    own = folder / packages.relative_to(prefix)
    own.mkdir(parents=True)
    for one in packages.iterdir():
        points = one / "entry_points.txt"
        plugin = points.is_file() and "[pytest11]" in points.read_text("utf-8")
        if not plugin or one.name.startswith("pytest_xdist-"):
            (own / one.name).symlink_to(one)
    return folder


def _make(name: str, table: dict[str, Any]) -> int:
    folder = ENVIRONMENTS / name
    arguments = list(table.get("requires", []))
    for path in table.get("requirements", []):
        arguments += ["--require-hashes", "-r", str(ROOT / path)]
    contents = [(ROOT / path).read_text("utf-8") for path in table.get("requirements", [])]
    base = interpreter(table.get("python"))
    if base is None:
        print(f"no Python {table['python']} for the test environment {name}", file=sys.stderr)
        return 0
    identity = json.dumps([sys.version, base, arguments, contents, "compiled"])
    stamp = hashlib.sha256(identity.encode()).hexdigest()
    marker = folder / ".made-of"
    if marker.is_file() and marker.read_text("utf-8") == stamp:
        return 0
    print(f"making the test environment {name}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv")
    python = str(folder / "bin" / "python")
    if uv:
        make = [uv, "venv", "-q", "--python", base, str(folder)]
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python]
        install += arguments
    else:
        make = [base, "-m", "venv", str(folder)]
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    # Hundreds of processes start in it: each would compile anew what lies there uncompiled.
    variables = {key: one for key, one in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for command in (make, install):
        if subprocess.run(command, env=variables, check=False).returncode:
            print(f"the test environment {name} could not be made", file=sys.stderr)
            return 1
    marker.write_text(stamp, "utf-8")
    return 0


def interpreter(version: str | None) -> str | None:
    """Return a Python of a version that runs, from PATH or pyenv; by default this one."""
    if version is None:
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    kept = [str(one) for one in sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for found in filter(None, [*kept, shutil.which(f"python{version}")]):
        # A shim of pyenv stands on PATH for versions that are switched off.
        if subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0:
            return found
    return None


if __name__ == "__main__":
    sys.exit(main())
