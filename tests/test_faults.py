"""Faults in a project's tools: docs/faults.md says what a user sees, and each row is a real run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

import pytest

from mcp_server import process
from mcp_server.contract import Batch
from mcp_server.verify import Request, verify
from tests.conftest import ROOT, ProjectFactory

BEFORE = "def test_before():\n    assert 1 == 2\n\n\n"
AFTER = "\n\ndef test_after():\n    pass\n"


@dataclass(frozen=True)
class Fault:
    """A project with a fault: its files, and what is needed to let it show."""

    files: dict[str, str]
    tool: str = "pytest"
    seconds: float = 60
    variables: dict[str, str] = field(default_factory=dict)
    before: bool = False
    """Whether a failing test comes before the fault, which must be in the batch."""
    prepare: Callable[[Path], object] | None = None
    mount: str = ""
    """What is mounted, in a shell, before hdb runs; "$1" is the project."""
    constants: dict[str, int] = field(default_factory=dict)


def in_test(body: str, head: str = "", **more: object) -> Fault:
    """Return a fault in a test that has a failing one before it and a good one after it."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"{head}{BEFORE}def test_fault():\n{lines}{AFTER}"
    return Fault({"test_a.py": text}, before=True, **more)  # type: ignore[arg-type]


def in_fixture(body: str) -> Fault:
    text = f"import pytest\n\n\n{BEFORE}@pytest.fixture\ndef broken():\n    {body}\n\n\n"
    return Fault({"test_a.py": f"{text}def test_fault(broken):\n    pass\n{AFTER}"}, before=True)


def table(tool: str, files: dict[str, str], more: str = "", **others: object) -> Fault:
    """Return a fault of a tool that only its table in pyproject.toml asks for."""
    text = f"[tool.{tool}]\n{more}"
    return Fault({"pyproject.toml": text, **files}, tool=tool, **others)  # type: ignore[arg-type]


HANG = "import time\n\n\ndef wait():\n    time.sleep(600)\n\n\n"
ASYNC = (
    "import asyncio\n\n\nasync def wait():\n    await asyncio.Event().wait()\n\n\n"
    f"{BEFORE}def test_fault():\n    asyncio.run(wait())\n"
)
STUBBORN = "import signal, time\nsignal.signal(2, signal.SIG_IGN)\nwhile True:\n    time.sleep(1)"
ORPHANED = "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)"
THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()"
LOUD = "def test_fault():\n    while True:\n        print('x' * 10_000)\n"
DYING = "def test_fault():\n    import os\n    os._exit(1)\n"
SMALL = 'mkdir "$1.tmp"; mount -t tmpfs -o size=4k none "$1.tmp"; export TMPDIR="$1.tmp"'
XDIST = "[pytest]\naddopts = -n 2\n"

# The reporter takes the variable with its path away, so a test that means it has to look for it.
FOUND = """import gc, os
lost = next(one.path for one in gc.get_objects() if type(one).__name__ == 'Journal')
"""
EMPTIED = f"{FOUND}import shutil\nshutil.rmtree(os.path.dirname(lost))"
TRUNCATED = f"{FOUND}os.truncate(lost, 0)"


def without(tool: str) -> Callable[[Path], object]:
    """Return what gives a project an environment that lacks a tool."""

    def prepare(folder: Path) -> None:
        own(folder)
        (folder / ".venv" / "bin" / tool).unlink(missing_ok=True)

    return prepare


def own(folder: Path) -> Path:
    """Give a project an environment of its own with what is in this one."""
    venv = folder / ".venv"
    other = venv.resolve()
    venv.unlink()
    (venv / "bin").mkdir(parents=True)
    for one in (other / "bin").iterdir():
        (venv / "bin" / one.name).symlink_to(one)
    (venv / "pyvenv.cfg").write_text((other / "pyvenv.cfg").read_text("utf-8"), "utf-8")
    return venv


def dangling(folder: Path) -> None:
    for one in (own(folder) / "bin").glob("python*"):
        one.unlink()
        one.symlink_to("/nowhere/python3")


def moved(folder: Path) -> None:
    program = own(folder) / "bin" / "pytest"
    program.unlink()
    program.write_text("#!/nowhere/python3\n", encoding="utf-8")
    program.chmod(0o755)


FAULTS: dict[str, Fault] = {
    "a segfault in a test": in_test("import ctypes\nctypes.string_at(0)"),
    "`os._exit(0)` in a test": in_test("import os\nos._exit(0)"),
    "`os._exit(0)` in a fixture": in_fixture("import os; os._exit(0)"),
    "`os._exit(0)` in conftest.py": Fault(
        {"conftest.py": "import os\nos._exit(0)\n", "test_a.py": BEFORE}
    ),
    "`os._exit(0)` at import": Fault(
        {"test_a.py": BEFORE, "test_b.py": "import os\nos._exit(0)\n"}
    ),
    "`sys.exit(0)` in a test": in_test("import sys\nsys.exit(0)"),
    "`sys.exit(0)` in a fixture": in_fixture("import sys; sys.exit(0)"),
    "`sys.exit(0)` in conftest.py": Fault(
        {"conftest.py": "import sys\nsys.exit(0)\n", "test_a.py": BEFORE}
    ),
    "`sys.exit(0)` at import": Fault(
        {"test_a.py": BEFORE, "test_b.py": "import sys\nsys.exit(0)\n"}
    ),
    "a process killed from outside": in_test("import os\nos.kill(os.getpid(), 9)"),
    "a test that kills its process group": in_test("import os\nos.killpg(0, 9)"),
    "a test that kills its parent": in_test(ORPHANED),
    "a hang in a test": in_test("wait()", HANG, seconds=5),
    "a hang in a coroutine": Fault({"test_a.py": ASYNC}, seconds=5, before=True),
    "a hang that ignores Ctrl-C": in_test(STUBBORN, seconds=5),
    "a hang at import": Fault({"test_a.py": BEFORE, "test_b.py": f"{HANG}wait()\n"}, seconds=5),
    "a thread that does not end": in_test(THREAD, seconds=5),
    "captured output without end": in_test(
        "while True:\n    print('x' * 10_000)", constants={"FLOOD_BYTES": 10_000_000}
    ),
    "output without end": Fault(
        {"pytest.ini": "[pytest]\naddopts = -s\n", "test_a.py": f"{BEFORE}{LOUD}"},
        seconds=5,
        before=True,
    ),
    "a file that grows without end": in_test(
        "with open('large', 'wb') as file:\n    while True:\n        file.write(bytes(100_000))",
        constants={"GIB": 1_000_000},
    ),
    "a gigabyte of output": Fault(
        {
            "pytest.ini": "[pytest]\naddopts = -s\n",
            "test_a.py": f"{BEFORE}def test_fault():\n    for _ in range(1024):\n"
            "        print('x' * 1024 * 1024)\n",
        },
        before=True,
    ),
    "output with NUL and invalid UTF-8": in_test(
        "import os\nos.write(1, b'a\\0\\xff\\n')\nassert 'a\\0' == 'b\\udcff'"
    ),
    "output in another encoding": in_test(
        "print('gr\\xfc\\xdfe')\nassert 'gr\\xfc\\xdfe' == ''",
        variables={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"},
    ),
    "a test that closes stdout and stderr": in_test("import os\nos.close(1)\nos.close(2)"),
    "a test that changes the folder": in_test(
        "import os, tempfile\nos.chdir(tempfile.mkdtemp())\nassert 3 == 4"
    ),
    "a test that deletes the report": in_test(EMPTIED),
    "a test that destroys the report": Fault(
        {"test_a.py": f"def test_fault():\n{indent(TRUNCATED, '    ')}\n{AFTER}"}
    ),
    "`mypy` fails inside": table(
        "mypy",
        {
            "a.py": "",
            "plug.py": "def plugin(version):\n    raise RuntimeError('broken')\n",
        },
        "plugins = ['plug.py']\nfiles = ['a.py']\n",
    ),
    "a tool prints a traceback and ends with 1": Fault(
        {
            ".flake8": "[flake8]\n[flake8:local-plugins]\nextension =\n    X1 = plug:Check\n"
            "paths = .\n",
            "plug.py": "class Check:\n    name = 'x'\n    version = '1'\n\n"
            "    def __init__(self, tree):\n        pass\n\n    def run(self):\n        1 / 0\n",
        },
        tool="flake8",
    ),
    "a plugin of pytest that fails to load": Fault(
        {"pytest.ini": "[pytest]\naddopts = -p nowhere\n", "test_a.py": BEFORE}
    ),
    "a plugin of mypy that fails to load": table(
        "mypy", {"a.py": ""}, "plugins = ['nowhere']\nfiles = ['a.py']\n"
    ),
    "a plugin of flake8 that fails to load": Fault(
        {
            ".flake8": "[flake8]\n[flake8:local-plugins]\nextension =\n    X1 = nowhere:C\n",
            "a.py": "",
        },
        tool="flake8",
    ),
    "unreadable configuration": Fault(
        {"pyproject.toml": "[tool.ruff\n", "test_a.py": "def test_a():\n    pass\n"}
    ),
    "unreadable configuration of one tool": Fault(
        {"mypy.ini": "[mypy\nfiles = a.py\n", "a.py": ""}, tool="mypy"
    ),
    "a setting that a tool ignores": Fault(
        {"mypy.ini": "[mypy]\nfiles = a.py\nwarn_unreachable = perhaps\n", "a.py": ""}, tool="mypy"
    ),
    "no test collected": Fault({"pytest.ini": "[pytest]\n", "test_a.py": ""}),
    "every test deselected": Fault(
        {"pytest.ini": "[pytest]\naddopts = -k nothing\n", "test_a.py": BEFORE}
    ),
    "every test skipped": Fault({"test_a.py": f"import pytest\n\n\n@pytest.mark.skip\n{BEFORE}"}),
    "a tool that is not installed": table("pyright", {"a.py": ""}, prepare=without("pyright")),
    "an environment that is not there": Fault(
        {"requirements.txt": "pytest\nis-nowhere-installed\n", "test_a.py": BEFORE},
        prepare=lambda folder: (folder / ".venv").unlink(),
    ),
    "an environment of another Python": Fault(
        {
            "pyproject.toml": "[project]\nname = 'a'\nrequires-python = '>=3.99'\n",
            "test_a.py": BEFORE,
        }
    ),
    "an environment whose Python is gone": Fault(
        {"test_a.py": BEFORE}, prepare=dangling, variables={"PATH": f"{sys.base_prefix}/bin:/bin"}
    ),
    "an environment that was moved": Fault({"test_a.py": BEFORE}, prepare=moved),
    "a full disk": Fault(
        {"test_a.py": f"{BEFORE}def test_long():\n    assert 'x' * 20_000 == ''\n{AFTER}"},
        before=True,
        mount=SMALL,
    ),
    "a read-only project": Fault(
        {
            "pyproject.toml": "[tool.mypy]\nfiles = ['test_a.py']\n[tool.ruff]\n",
            "test_a.py": AFTER.strip() + "\n",
        },
        mount='mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"',
    ),
    "xdist workers that crash": Fault(
        {"pytest.ini": XDIST, "test_a.py": f"{BEFORE}{DYING}"}, before=True
    ),
}


def rows() -> dict[str, tuple[str, str]]:
    """Return the rows of the tables that users read: verdict and what they see, by fault."""
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (.+?) \| `(\w+)` \| (.*?) ?\|$", text, re.MULTILINE)
    return {name: (verdict, said) for name, verdict, said in found}


def verified(fault: Fault, folder: Path) -> Batch:
    """Run hdb in a mount namespace of its own, where disks can be full and folders read-only."""
    words = [sys.executable, "-P", str(ROOT / "mcp_server"), "verify", "--format", "json", "."]
    script = f'set -e; {fault.mount}; cd "$1"; shift; exec "$@"'
    isolated = [shutil.which("unshare") or "unshare", "-rm", "sh", "-c", script, "sh"]
    inside = subprocess.run(
        [*isolated, str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if not inside.stdout:
        pytest.skip(f"no mount namespace can be made here: {inside.stderr}")
    return Batch.model_validate_json(inside.stdout)


async def run(fault: Fault, make: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Batch:
    for name, value in fault.variables.items():
        monkeypatch.setenv(name, value)
    for name, number in fault.constants.items():
        monkeypatch.setattr(process, name, number)
    folder = make({"setup.cfg": "", **fault.files})
    if fault.prepare:
        fault.prepare(folder)
    if fault.mount:
        return verified(fault, folder)
    return await verify(folder, Request(timeout=fault.seconds))


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_seen(
    name: str, project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict, said = rows()[name]
    fault = FAULTS[name]
    batch = await run(fault, project, monkeypatch)
    (step,) = [one for one in batch.steps if one.tool == fault.tool]
    assert step.verdict == verdict
    seen = " ".join([step.reason or "", *batch.problems, *map(str, batch.failures)])
    for part in said.split(" ... "):
        assert part.strip("`").replace("\\|", "|") in " ".join(seen.split())
    if fault.before:
        assert "test_a.py::test_before" in {one.test for one in batch.failures}
    assert (batch.verdict == "passed") == (verdict == "passed")


def test_every_fault_is_told_to_users() -> None:
    assert rows().keys() == FAULTS.keys()
