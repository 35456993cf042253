"""A copy of hdb with a tiny dependency, its package index, and the world that it is started in."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from mcp_server import runtime

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("launcher.py", "runtime.py", "runtime_build.py", "__init__.py", "__main__.py")
PACKAGES = ("front", "doctor")
# The environment that the tests run in brings one.
UV = shutil.which("uv", path=os.pathsep.join([f"{sys.prefix}/bin", os.environ["PATH"]]))
BUILDING = "preparing its environment"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A copy of hdb with a tiny dependency, and the world it is started in."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        """The folder of the environments."""
        return self.root.parent / "cache" / "runtime"

    @property
    def environments(self) -> list[Path]:
        """The environments that count as whole."""
        return sorted(path.parent for path in self.store.glob("*/.ready"))

    def start(self, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [self.root / "bin" / "hdb", *arguments],
            cwd=cwd,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Start the command and wait for its end."""
        process = self.start(*arguments)
        out, err = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def having(self, **variables: object) -> Installation:
        """Return the same installation in another environment."""
        return replace(self, variables=self.variables | {k: str(v) for k, v in variables.items()})


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def index(folder: Path) -> str:
    """Write a package index that holds one module's wheel; return the hash of the wheel."""
    about = "tinydep-1.0.dist-info"
    files = {
        "tinydep.py": "",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: tinydep\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    wheel = folder / "tinydep" / "tinydep-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(name, text)
    (wheel.parent / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def install(folder: Path, program: str, *, uv: str | None = UV) -> Installation:
    """Install hdb with `program` as what its command line does; without `uv` pip has to serve."""
    root = folder / "hdb"
    shutil.copytree(ROOT / "bin", root / "bin")
    for name in (*SOURCES, *PACKAGES):
        source, copy = ROOT / "mcp_server" / name, root / "mcp_server" / name
        copy.parent.mkdir(exist_ok=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    (root / "mcp_server" / "cli.py").write_text(program)
    digest = index(folder / "index")
    (root / "requirements.lock").write_text(f"tinydep==1.0 --hash=sha256:{digest}\n")
    script(folder / "bin" / "python3", f'exec "{sys.executable}" "$@"')
    if uv:  # may be a shim that needs the PATH it was found on
        script(folder / "bin" / "uv", f'PATH="{os.environ["PATH"]}" exec "{uv}" "$@"')
    for name in ("cat", "readlink"):
        (folder / "bin" / name).symlink_to(shutil.which(name) or name)
    return Installation(root=root).having(
        PATH=folder / "bin",
        HOME=folder / "home",
        HDB_CACHE=folder / "cache",
        PIP_INDEX_URL=(folder / "index").as_uri(),
        PIP_CONFIG_FILE=os.devnull,
        UV_DEFAULT_INDEX=(folder / "index").as_uri(),
        UV_CACHE_DIR=folder / "uv",
        UV_NO_CONFIG=1,
    )


def prepare(folder: Path) -> Installation:
    """Return this very hdb, whose environment is the one that the tests run in."""
    hdb = Installation(root=ROOT).having(
        PATH=os.pathsep.join([str(folder / "bin"), "/usr/bin", "/bin"]),
        HOME=folder / "home",
        HDB_CACHE=folder / "cache",
    )
    script(folder / "bin" / "python3", f'exec "{sys.executable}" "$@"')
    make_ready(folder / "cache")
    return hdb


def make_ready(cache: Path) -> None:
    """Have hdb's launcher find its environment ready: the packages that these tests run with."""
    store = Path(runtime.store_of(str(cache)))
    environment = store / f"{runtime.key_of(str(ROOT))}-prepared"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    (environment / "lib").symlink_to(Path(sys.prefix) / "lib")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", environment)
    runtime.write_stamp(str(environment), runtime.version_of_this())
