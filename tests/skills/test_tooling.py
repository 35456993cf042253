"""The blocks on tooling, read by the tools that they are for: uv, ruff, mypy, ty, pytest, coverage.

What uv resolves are wheels of the tests' own, in a folder or behind a loopback index.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from mcp_server.conventions import read_conventions
from tests.skills.blocks import text

PROJECT = text("python-services/references/tooling.md#a-new-project", "toml")
IMAGE = text("python-services/references/tooling.md#images", "text")
WORKFLOW = text("python-services/references/tooling.md#ci", "yaml")
HOOKS = text("python-services/references/tooling.md#hooks", "yaml")
BIN = Path(sys.prefix, "bin")
RUFF, MYPY, TY, COVERAGE = (str(BIN / name) for name in ("ruff", "mypy", "ty", "coverage"))
UV = shutil.which("uv", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
# What the block above names, and what the resolutions below need.
RELEASES = (
    ("pydantic-settings", "2.16.3"), ("mypy", "2.4.1"), ("ruff", "0.17.5"),
    ("coverage", "7.17.3"), ("pytest", "9.2.0"), ("alpha", "1.0"), ("beta", "1.0"),
    ("gamma", "1.0"), ("httpx2", "2.16.2"),
)  # fmt: skip
TOOLS = frozenset({"mypy", "ruff", "coverage", "pytest"})
# Stands for a tool: notes how it was called, and fails where it is told to.
TOOL = """import os, pathlib, sys
def main():
    call = " ".join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]])
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(call + "\\n")
    return int(call.startswith(os.environ.get("FAILING", "-")))
"""

only_in_full = pytest.mark.skipif(
    "HDB_TEST_MATRIX" not in os.environ, reason="slow: only .ci/full runs it (HDB_TEST_MATRIX=1)"
)


def wheel(folder: Path, name: str, version: str, requires: str = "", source: str = "") -> Path:
    """Write a wheel whose module has the package's name."""
    module, scripts = name.replace("-", "_"), ""
    if name in TOOLS:
        source, scripts = TOOL, f"[console_scripts]\n{name} = {module}:main\n"
    info = f"{module}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as files:
        files.writestr(f"{module}/__init__.py", source or f"version = '{version}'\n")
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        files.writestr(f"{info}/METADATA", head)
        files.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        files.writestr(f"{info}/entry_points.txt", scripts)
        names = (f"{module}/__init__.py", *(f"{info}/{one}" for one in ("METADATA", "WHEEL")))
        lines = (f"{one},,\n" for one in (*names, f"{info}/entry_points.txt", f"{info}/RECORD"))
        files.writestr(f"{info}/RECORD", "".join(lines))
    return path


@dataclass(frozen=True)
class Uv:
    """Runs uv in a folder, with nothing but the wheels of the tests."""

    folder: Path
    variables: dict[str, str]

    def __call__(self, command: str, code: int = 0, **more: str) -> str:
        """Run a command, expect its exit status, and return what it says."""
        argv = [UV if word == "uv" else word for word in shlex.split(command)]
        done = subprocess.run(
            [str(word) for word in argv], cwd=self.folder, env=self.variables | more,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def write(self, pyproject: str) -> None:
        """Write the project, which has a package in `src`."""
        (self.folder / "src/orders").mkdir(parents=True, exist_ok=True)
        (self.folder / "pyproject.toml").write_text(pyproject)
        (self.folder / "src/orders/__init__.py").write_text('"""Takes orders."""\n')
        main = '"""The command."""\n\n\ndef main() -> int:\n    """Take one."""\n    return 7\n'
        (self.folder / "src/orders/main.py").write_text(main)

    @property
    def locked(self) -> dict[str, str]:
        """Return the versions that the lock names."""
        packages = tomllib.loads((self.folder / "uv.lock").read_text())["package"]
        return {one["name"]: one["version"] for one in packages if "registry" in one["source"]}

    @property
    def installed(self) -> set[str]:
        """Return the names of what the environment has."""
        found = self.folder.glob(".venv/lib/python3*/site-packages/*.dist-info")
        return {one.name.partition("-")[0].replace("_", "-") for one in found}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return uv's cache, and beside it the wheels."""
    folder = tmp_path_factory.mktemp("uv")
    (folder / "wheels").mkdir()
    for name, version in RELEASES:
        wheel(folder / "wheels", name, version)
    return folder


def isolated(cache: Path, folder: Path) -> dict[str, str]:
    """Copy the wheels into a folder, and return the variables by which uv knows nothing else."""
    shutil.copytree(cache / "wheels", folder / "wheels")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "VIRT"))}
    return kept | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "UV_PYTHON": sys.executable,
        "UV_CACHE_DIR": str(cache / "cache"), "UV_OFFLINE": "1", "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(folder / "wheels"), "UV_NO_CONFIG": "1", "UV_LINK_MODE": "copy",
        "CALLS": str(folder / "calls"),
    }  # fmt: skip


@pytest.fixture
def uv(cache: Path, tmp_path: Path) -> Uv:
    """Return uv for an empty folder."""
    (tmp_path / "project").mkdir()
    return Uv(tmp_path / "project", isolated(cache, tmp_path))


def newer(uv: Uv, *names: str) -> None:
    """Release 1.1 of packages."""
    for name in names:
        wheel(uv.folder.parent / "wheels", name, "1.1")


def needing(*requirements: str, more: str = "") -> str:
    """Return a project that requires packages and is none itself."""
    head = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.11"\n'
    return f"{head}dependencies = {list(requirements)}\n{more}"


def test_uv_locks_and_installs_the_new_project(uv: Uv) -> None:
    uv.write(PROJECT)

    said = uv("uv sync")

    assert "warning" not in said
    assert set(uv.locked) == TOOLS | {"pydantic-settings"}
    assert uv.installed == {*uv.locked, "orders"}
    uv("uv run --locked orders", code=7)
    uv("uv sync --locked --no-dev")
    assert uv.installed == {"pydantic-settings", "orders"}


def test_uv_begins_a_package_with_sources_in_a_folder_of_their_own(uv: Uv) -> None:
    uv("uv init --package --name orders --vcs none")

    begun = tomllib.loads((uv.folder / "pyproject.toml").read_text())
    assert begun["build-system"]["build-backend"] == "uv_build"
    assert (uv.folder / "src/orders/__init__.py").exists()


def test_an_extra_is_published_and_a_group_is_not(uv: Uv) -> None:
    extra = '[project.optional-dependencies]\ndev = ["alpha"]\n'
    uv.write(PROJECT.replace("[dependency-groups]", f"{extra}\n[dependency-groups]"))

    uv("uv build --wheel --out-dir out")

    (built,) = (uv.folder / "out").glob("*.whl")
    with zipfile.ZipFile(built) as files:
        published = files.read("orders-0.1.0.dist-info/METADATA").decode()
    assert "Provides-Extra: dev" in published
    assert "alpha" in published
    assert "mypy" not in published
    uv("uv sync")
    assert "alpha" not in uv.installed
    uv("uv sync --extra dev")
    assert "alpha" in uv.installed


def test_upgrading_one_package_leaves_the_others(uv: Uv) -> None:
    uv.write(needing("alpha>=1,<2", "beta>=1,<2"))
    uv("uv lock")
    before = (uv.folder / "uv.lock").read_text()
    newer(uv, "alpha", "beta")
    _, command, _ = text("python-services/references/tooling.md#dependencies", "sh").splitlines()

    uv("uv lock")
    assert uv.locked == {"alpha": "1.0", "beta": "1.0"}
    uv(command.replace("certifi", "alpha"))
    assert uv.locked == {"alpha": "1.1", "beta": "1.0"}

    (uv.folder / "uv.lock").write_text(before)
    seed = "uv add --upgrade gamma"
    uv(seed)
    assert uv.locked == {"alpha": "1.1", "beta": "1.1", "gamma": "1.0"}


def test_a_range_lets_two_packages_agree_where_pins_do_not(uv: Uv) -> None:
    newer(uv, "alpha")
    wheel(uv.folder.parent / "wheels", "delta", "1.0", requires="alpha>=1.1")
    uv.write(needing("delta", "alpha>=1,<2"))
    uv("uv lock")
    assert uv.locked["alpha"] == "1.1"

    uv.write(needing("delta", "alpha==1.0"))
    assert "unsatisfiable" in uv("uv lock", code=1)


@pytest.mark.parametrize(
    ("command", "code", "moves"),
    [
        ("uv run --locked true", 1, False),
        ("uv sync --locked", 1, False),
        ("uv lock --check", 1, False),
        ("uv run --frozen true", 0, False),
        ("uv run true", 0, True),  # as the seeds run everything
    ],
)
def test_a_stale_lock(command: str, code: int, *, moves: bool, uv: Uv) -> None:
    uv.write(needing("alpha"))
    uv("uv lock")
    uv.write(needing("alpha", "beta"))

    uv(command, code=code)

    assert ("beta" in uv.locked) is moves
    assert ("beta" in uv.installed) is moves


def test_a_tool_that_the_project_lacks_comes_from_elsewhere(uv: Uv) -> None:
    uv.write(needing())
    uv("uv lock")

    assert "ruff" in uv("uv run --locked ruff --version")
    assert "No module named ruff" in uv("uv run --locked python -m ruff", code=1)


def test_uv_brings_a_formatter_of_its_own(uv: Uv) -> None:
    uv.write(PROJECT)
    uv("uv sync")

    assert "Failed to find ruff" in uv("uv format --check", code=2)
    uv("uv run --locked ruff format --check")


@pytest.fixture
def index(uv: Uv) -> Iterator[Uv]:
    """Serve an index: alpha 1.0, which was yanked, alpha 1.1, and `pinning`, which wants 1.0."""
    for name, version, requires in (
        ("alpha", "1.0", ""), ("alpha", "1.1", ""), ("pinning", "1.0", "alpha==1.0"),
    ):  # fmt: skip
        folder = uv.folder.parent / "simple" / name
        folder.mkdir(parents=True, exist_ok=True)
        path = wheel(folder, name, version, requires)
        yanked = ' data-yanked="broken"' if (name, version) == ("alpha", "1.0") else ""
        with (folder / "index.html").open("a") as page:
            page.write(f'<a href="{path.name}"{yanked}>{path.name}</a>\n')

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=uv.folder.parent))
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    address = f"http://127.0.0.1:{server.server_port}/simple"
    off = ("UV_OFFLINE", "UV_NO_INDEX", "UV_FIND_LINKS")
    variables = {key: value for key, value in uv.variables.items() if key not in off}
    yield Uv(uv.folder, variables | {"UV_DEFAULT_INDEX": address, "NO_PROXY": "127.0.0.1"})
    server.shutdown()
    serving.join()
    server.server_close()


def test_a_yanked_release_that_somebody_pins(index: Uv) -> None:
    index.write(needing("pinning"))
    assert "yanked" in index("uv lock", code=1)

    index.write(needing("pinning", more='[tool.uv]\noverride-dependencies = ["alpha>=1.1"]\n'))
    index("uv lock")
    assert index.locked["alpha"] == "1.1"

    index.write(needing("pinning", more='[tool.uv]\nconstraint-dependencies = ["alpha==1.0"]\n'))
    assert "is yanked" in index("uv lock")
    assert index.locked["alpha"] == "1.0"


def test_what_is_outdated_is_shown_before_it_moves(index: Uv) -> None:
    index.write(needing("alpha==1.0"))
    index("uv lock")
    command, _, _ = text("python-services/references/tooling.md#dependencies", "sh").splitlines()

    assert "alpha v1.0 (latest: v1.1)" in index(command)
    assert index.locked["alpha"] == "1.0"


def test_a_script_says_what_it_needs(uv: Uv) -> None:
    uv.write(needing("alpha"))
    header = text("python-services/references/tooling.md#scripts", "text")
    script = uv.folder / "report.py"
    script.write_text(f"{header}import httpx2\n\nprint(httpx2.version)\n")

    assert "2.16.2" in uv("uv run report.py")
    assert "No module named 'httpx2'" in uv("uv run python report.py", code=1)
    uv("uv lock --script report.py")
    uv("uv run --locked report.py")
    uv("uv add --script report.py beta")
    uv("uv run --locked report.py")
    script.write_text(script.read_text().replace("beta", "gamma"))
    uv("uv run --locked report.py", code=1)
    script.write_text(f"{header}import alpha\n")
    assert "No module named 'alpha'" in uv("uv run report.py", code=1)


def test_a_package_at_the_top_is_imported_without_being_installed(uv: Uv) -> None:
    uv.write(PROJECT)
    imported = [sys.executable, "-c", "import orders"]
    ours = subprocess.run(imported, cwd=uv.folder, capture_output=True, check=False)
    seed = subprocess.run(imported, cwd=uv.folder / "src", capture_output=True, check=False)

    assert b"No module named 'orders'" in ours.stderr
    assert seed.returncode == 0


FOUND = {
    "UP045": "from typing import Optional\n\nname: Optional[str] = None\n",
    "UP007": "from typing import Union\n\nname: Union[str, int] = 3\n",
    "UP006": "from typing import Dict\n\nnames: Dict[str, float] = {}\n",
    "UP042": "from enum import Enum\n\n\nclass Kind(str, Enum):\n    A = 'a'\n",
    "RUF013": "def f(name: str = None) -> None:\n    del name\n",
    "RUF012": "class A:\n    names = []\n",
    "RUF100": "import os  # noqa: E711\n\nprint(os)\n",
    "B904": "try:\n    pass\nexcept OSError:\n    raise ValueError\n",
    "B006": "def f(names: list[str] = []) -> None:\n    del names\n",
    "B024": "from abc import ABC\n\n\nclass A(ABC):\n    def f(self) -> None:\n        del self\n",
    "B027": "from abc import ABC, abstractmethod\n\n\nclass A(ABC):\n    def f(self) -> None:\n"
    "        ...\n\n    @abstractmethod\n    def g(self) -> None: ...\n",
    "BLE001": "try:\n    pass\nexcept Exception:\n    x = 1\n",
    "E722": "try:\n    pass\nexcept:\n    x = 1\n",
    "S110": "try:\n    pass\nexcept Exception:\n    pass\n",
    "S108": 'path = "/tmp/orders"\n',
    "SIM115": "file = open('a')\n",
    "TRY002": "def f() -> None:\n    raise Exception\n",
    "N818": "class Missing(Exception):\n    pass\n",
    "PGH003": "x: int = ''  # type: ignore\n",
    "PGH004": "import os  # noqa\n\nprint(os)\n",
    "PLC0415": "def f() -> None:\n    import os\n\n    del os\n",
    "PLW0603": "count = 0\n\n\ndef f() -> None:\n    global count\n    count = 1\n",
    "F401": "from os import path\n",
    "F821": "from tenacity import retry\n\n\n@retry(stop=stop_after_delay(60))\n"
    "def f() -> None: ...\n",
    "ANN401": "from typing import Any\n\n\ndef f(x: Any) -> None:\n    del x\n",
    "PYI034": "class A:\n    def __enter__(self) -> 'A':\n        return self\n",
    "T201": "print('a')\n",
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return what ruff finds in each of the files above by the block's configuration."""
    folder = tmp_path_factory.mktemp("ruff")
    (folder / "pyproject.toml").write_text(PROJECT)
    for code, source in FOUND.items():
        (folder / f"{code.lower()}.py").write_text(source)
    argv = [RUFF, "check", "--no-cache", "--output-format", "json", "."]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    found: dict[str, set[str]] = {code: set() for code in FOUND}
    for one in json.loads(done.stdout):
        found[Path(one["filename"]).stem.upper()].add(one["code"])
    return found


@pytest.mark.parametrize("code", sorted(FOUND))
def test_the_configuration_finds(code: str, findings: dict[str, set[str]]) -> None:
    assert code in findings[code]


def test_the_target_version_is_that_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT.replace(">=3.11", ">=3.10"))
    (tmp_path / "kind.py").write_text(FOUND["UP042"])
    argv = [RUFF, "check", "--no-cache", "--select", "UP042", "."]
    assert subprocess.run(argv, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_what_cannot_be_fixed_does_not_keep_the_rest_unformatted(tmp_path: Path) -> None:
    block = text("python-services/references/tooling.md#format-and-lint", "sh")
    ruff = [line.removeprefix("uv run --locked ") for line in block.splitlines()]
    source = tmp_path / "a.py"

    def after(script: str) -> str:
        source.write_text("import os\nx=missing\n")
        variables = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run(
            ["/bin/sh", "-c", script], cwd=tmp_path, env=variables, check=False,
            capture_output=True,
        )  # fmt: skip
        return source.read_text()

    assert after("\n".join(ruff)) == "x = missing\n"
    seed = "ruff check --fix . && ruff format ."
    assert after(seed) == "x=missing\n"


SETTINGS = """from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_host: str


settings = Settings()
"""
VENDOR = "def strict(number: int) -> str:\n    return str(number)\n\ndef loose(a):\n    return a\n"
CALLS = """from typing import cast

from vendor import loose, strict

strict("seven")
wrong = cast("int", "seven")
"""
NEEDLESS = """import typed

typed.call()  # type: ignore[no-untyped-call]  # it has no types
wrong: int = ""  # type: ignore
"""


def mypy(folder: Path, *argv: str) -> Callable[[], list[str]]:
    """Start mypy; what is returned waits for it and returns the codes of its findings."""
    command = [MYPY, "--output", "json", *argv]
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)

    def codes() -> list[str]:
        said, _ = running.communicate()
        return [json.loads(line)["code"] for line in said.splitlines() if line.startswith("{")]

    return codes


def test_ty_knows_the_fields_of_settings_and_heeds_its_own_comments(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "theirs.py").write_text('x: int = ""  # type: ignore[assignment]\n')
    (tmp_path / "own.py").write_text(
        'x: int = ""  # ty: ignore[invalid-assignment]\ny = 1  # ty: ignore[invalid-assignment]\n'
    )
    argv = [TY, "check", "--output-format", "concise", "--python", sys.prefix]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)

    *findings, _ = done.stdout.splitlines()
    assert [one.partition(" ")[0] for one in findings] == ["own.py:2:8:", "theirs.py:1:10:"]
    assert "unused-ignore-comment" in findings[0]
    assert done.returncode == 1


@only_in_full
def test_mypy_needs_the_plugin_for_the_fields_of_settings(tmp_path: Path) -> None:
    started: list[Callable[[], list[str]]] = []
    for name, pyproject in (
        ("ours", PROJECT),
        ("seed", PROJECT.replace('plugins = ["pydantic.mypy"]\n', "")),
    ):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "tests").mkdir()
        (tmp_path / name / "pyproject.toml").write_text(pyproject)
        (tmp_path / name / "src" / "settings.py").write_text(SETTINGS)
        (tmp_path / name / "tests" / "test_a.py").write_text("")
        started.append(mypy(tmp_path / name))

    assert [codes() for codes in started] == [[], ["call-arg"]]


OVERRIDES = """
[[tool.mypy.overrides]]
module = "vendor.*"
follow_untyped_imports = true

[[tool.mypy.overrides]]
module = "other.*"
ignore_missing_imports = true
"""


@pytest.fixture(scope="module")
def typed(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return what mypy says by the block's configuration, by file."""
    folder = tmp_path_factory.mktemp("typed")
    uv = Uv(folder / "project", isolated(cache, folder))
    for name in ("vendor", "other"):
        wheel(folder / "wheels", name, "1.0", source=VENDOR)
    uv.folder.mkdir()
    uv.write(PROJECT.replace('"pydantic-settings>=2.16,<3"', '"vendor", "other"') + OVERRIDES)
    uv("uv sync --no-dev")
    (uv.folder / "tests").mkdir()
    for path, source in (
        ("src/typed.py", "def call() -> None: ...\n"), ("tests/needless.py", NEEDLESS),
        ("tests/read.py", CALLS), ("tests/ignored.py", CALLS.replace("vendor", "other")),
    ):  # fmt: skip
        (uv.folder / path).write_text(source)
    argv = [MYPY, "--output", "json", "--python-executable", ".venv/bin/python"]
    done = subprocess.run(argv, cwd=uv.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for one in map(json.loads, done.stdout.splitlines()):
        found.setdefault(one["file"], []).append(one["code"])
    return found


@only_in_full
def test_mypy_reports_ignores_that_are_bare_or_needless(typed: dict[str, list[str]]) -> None:
    assert sorted(typed["tests/needless.py"]) == ["ignore-without-code", "unused-ignore"]


@only_in_full
def test_a_library_without_types_is_read_rather_than_ignored(typed: dict[str, list[str]]) -> None:
    assert typed["tests/read.py"] == ["arg-type"]
    assert "tests/ignored.py" not in typed


def child_pytest(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run pytest without the plugins of this environment."""
    variables = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *argv]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


@only_in_full
def test_pytest_reads_its_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "import warnings\n\ndef test_a():\n    warnings.warn('old')\n"
    )
    assert "1 failed" in child_pytest(tmp_path).stdout

    (tmp_path / "tests" / "test_a.py").write_text(
        "import pytest\n\n@pytest.mark.slwo\ndef test_a(): ...\n"
    )
    assert "'slwo' not found in `markers`" in child_pytest(tmp_path).stdout

    both = "[tool.pytest.ini_options]\nminversion = '6'\n"
    (tmp_path / "pyproject.toml").write_text(f"{PROJECT}\n{both}")
    assert child_pytest(tmp_path, "--collect-only").returncode != 0


def test_a_bar_for_coverage_is_held_by_the_report(uv: Uv) -> None:
    uv.write(PROJECT)
    (uv.folder / "use.py").write_text("import orders.main\n")
    variables = os.environ | {"PYTHONPATH": "src"}
    run = partial(subprocess.run, cwd=uv.folder, env=variables, capture_output=True, text=True)
    _, report = (
        line.removeprefix("uv run --locked coverage ")
        for line in text("python-services/references/tooling.md#coverage", "sh").splitlines()
    )

    assert run([COVERAGE, "run", "use.py"], check=False).returncode == 0
    below = run([COVERAGE, report], check=False)
    assert (below.returncode, "fail-under=85" in below.stdout + below.stderr) == (2, True)
    assert "unrecognized arguments: --cov" in child_pytest(uv.folder, "--cov").stderr


def steps() -> Sequence[dict[str, str]]:
    """Return the steps of the workflow that run a command."""
    workflow = yaml.safe_load(WORKFLOW)
    return [step for step in workflow["jobs"]["checks"]["steps"] if "run" in step]


def test_a_failed_check_does_not_hide_the_others(uv: Uv) -> None:
    uv.write(PROJECT)
    uv("uv lock")
    install, *checks = steps()
    assert "if" not in install
    assert {step["if"] for step in checks} == {
        "${{ !cancelled() && steps.installed.outcome == 'success' }}"
    }
    uv(install["run"])
    assert "--locked" in install["run"]

    for step in checks:
        runner, _, command = step["run"].partition(" --locked ")
        assert runner == "uv run"
        uv(step["run"], code=int(command.startswith("ruff format")), FAILING="ruff format")

    ran = Path(uv.variables["CALLS"]).read_text().splitlines()
    assert ran == [
        "ruff format --check", "ruff check", "mypy", "coverage run -m pytest", "coverage report",
    ]  # fmt: skip


def test_the_seeds_sequence_ends_at_the_first_failure(uv: Uv) -> None:
    uv.write(PROJECT)
    uv("uv lock")
    seed = "'$UV run ruff format --check && $UV run ruff check && $UV run mypy'"

    uv(f"/bin/sh -c {seed}", code=1, FAILING="ruff", UV=str(UV))

    assert Path(uv.variables["CALLS"]).read_text() == "ruff format --check\n"


def test_actions_are_named_by_commit_and_may_only_read() -> None:
    workflow = yaml.safe_load(WORKFLOW)
    uses = [step["uses"] for step in workflow["jobs"]["checks"]["steps"] if "uses" in step]

    assert [len(one.partition("@")[2]) for one in uses] == [40, 40]
    assert workflow["permissions"] == {"contents": "read"}


def test_hdb_plans_what_the_workflow_runs(uv: Uv) -> None:
    uv.write(PROJECT)
    (uv.folder / "uv.lock").write_text("")
    (uv.folder / "tests").mkdir()
    (uv.folder / "tests" / "test_a.py").write_text("def test_a() -> None: ...\n")
    (uv.folder / ".github/workflows").mkdir(parents=True)
    (uv.folder / ".github/workflows/checks.yml").write_text(WORKFLOW)
    (uv.folder / ".pre-commit-config.yaml").write_text(HOOKS)

    (found,) = read_conventions(uv.folder).projects

    assert {one.text for one in found.commands} == {step["run"] for step in steps()[1:]}
    assert found.environment.creation == "uv sync"
    assert {one.tool for one in found.others} <= {"ruff", "ruff-format", "mypy"}


def test_hooks_run_what_the_lock_names(uv: Uv) -> None:
    uv.write(PROJECT)
    uv("uv lock")
    (repository,) = yaml.safe_load(HOOKS)["repos"]

    for hook in repository["hooks"]:
        assert hook["entry"].startswith("uv run --locked ")
        files = "" if hook.get("pass_filenames") is False else " src/orders/main.py"
        uv(f"{hook['entry']}{files}")

    assert repository["repo"] == "local"
    assert Path(uv.variables["CALLS"]).read_text().splitlines() == [
        "ruff check --force-exclude --fix src/orders/main.py",
        "ruff format --force-exclude src/orders/main.py",
        "mypy",
    ]


def test_the_image_has_the_program_and_no_tools(uv: Uv) -> None:
    lines = [line.partition(" ") for line in IMAGE.splitlines() if line]
    said = [argument for name, _, argument in lines if name == "RUN" and "uv sync" in argument]
    uv.write(PROJECT)
    uv("uv lock")
    dependencies, project = said

    uv(dependencies)
    assert uv.installed == {"pydantic-settings"}
    uv(project)
    shutil.rmtree(uv.folder / "src")
    assert uv.installed == {"pydantic-settings", "orders"}
    (command,) = (json.loads(argument) for name, _, argument in lines if name == "CMD")
    uv(f".venv/bin/{command[0]}", code=7)

    users = [argument for name, _, argument in lines if name == "USER"]
    assert users == ["orders"]
    assert [name for name, _, _ in lines][-2:] == ["USER", "CMD"]
    copied = [argument for name, _, argument in lines if name == "COPY"]
    assert copied[0] == "pyproject.toml uv.lock ./"


def test_a_readme_that_the_metadata_names_is_needed_by_the_build(uv: Uv) -> None:
    uv("uv init --package --name orders --vcs none")
    uv("uv lock")
    (uv.folder / "README.md").unlink()  # as in the image, where only `src` was copied

    assert "README.md" in uv("uv sync --locked --no-dev --no-editable", code=2)


def test_an_editable_install_needs_its_sources(uv: Uv) -> None:
    uv.write(PROJECT)
    seed = "uv sync"
    uv(seed)
    shutil.rmtree(uv.folder / "src")

    assert "No module named 'orders'" in uv(".venv/bin/orders", code=1)


WORKS = """import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("works", flush=True)
signal.pause()
"""


@pytest.mark.parametrize(
    ("start", "arrives"),
    [
        ("{}", True),  # CMD ["orders"]
        ('/bin/sh -c "exec {}"', True),  # the end of a start script
        ('/bin/sh -c "{} | cat"', False),  # CMD orders | tee log
    ],
)
def test_the_signal_to_stop_arrives(start: str, tmp_path: Path, *, arrives: bool) -> None:
    (tmp_path / "worker.py").write_text(WORKS)
    argv = shlex.split(start.format(f"{sys.executable} {tmp_path}/worker.py"))
    started = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == "works\n"
        started.send_signal(signal.SIGTERM)
        assert started.wait(30) == (0 if arrives else -signal.SIGTERM)
        if arrives:
            assert started.stdout.read() == ""
        else:
            os.killpg(started.pid, signal.SIGKILL)  # raises where nothing was left
    finally:
        started.communicate()
