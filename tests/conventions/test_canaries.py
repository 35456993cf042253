"""Reading runs nothing: no file of a project is executed or imported, and no process starts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conventions.canaries import CANARIES, PYPROJECT, UNREAD, fill

ROOT = Path(__file__).resolve().parents[2]
WATCH = """
import ast, json, os, sys
from pathlib import Path

from mcp_server.conventions import read_conventions
from mcp_server.conventions.facts import read_facts
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.files.settings import read_settings
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.conventions_view import conventions_view

base, sink = Path(sys.argv[1]), []
STARTS = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system",
          "os.startfile", "pty.", "socket.", "ctypes.dlopen")
BELOW = os.fspath(base) + os.sep

def texts(code):
    yield code.co_filename
    for one in code.co_consts:
        if isinstance(one, str):
            yield one
        elif hasattr(one, "co_consts"):
            yield from texts(one)

def hook(event, args):
    if event.startswith(STARTS):
        sink.append([event, repr(args)[:200]])
    elif event == "import" and any(str(one).startswith(BELOW) for one in args[2] or ()):
        sink.append([event, str(args[0])])
    elif event == "exec" and any(BELOW in one or "CANARY" in one for one in texts(args[0])):
        sink.append([event, args[0].co_filename])
    elif event == "compile" and args[0] is not None:
        source = args[0].decode("utf-8", "replace") if isinstance(args[0], bytes) else str(args[0])
        if "CANARY" in source and sys._getframe(1).f_globals.get("__name__") != "ast":
            sink.append([event, str(args[1])])
    elif event == "open" and isinstance(args[0], str) and args[0].startswith(BELOW):
        writes = args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        sink.append(["write" if writes else "read", args[0]])

told = {}
# What is loaded once, a lazily imported module of hdb's own included, is no concern.
for turn in range(2):
    for project in sorted(base.iterdir()):
        if turn == 1 and "hook" not in told:
            sys.addaudithook(hook)
            told["hook"] = True
        sink.clear()
        os.chdir(project)
        if project.name.startswith("zz-guilty"):
            if turn:
                exec((project / "guilty.py").read_text(), {"project": project, "sys": sys})
        else:
            found = read_conventions(project, dict(os.environ))
            conventions_view(found).json_text()
            read_facts(".", list_tree(project), read_settings(project), Place(project))
        told[project.name] = list(sink)
modules = [getattr(one, "__file__", None) for one in list(sys.modules.values())]
told["modules"] = [one for one in modules if one and one.startswith(BELOW)]
print(json.dumps(told))
"""
# Each does one of the forbidden things.
GUILTY = {
    "subprocess.Popen": "import subprocess; subprocess.Popen([sys.executable, '-c', '']).wait()",
    "os.system": "import os; os.system(':')",
    "socket.__new__": "import socket; socket.socket().close()",
    "exec": "exec(compile(\"x = 'CANARY'\", 'x', 'exec'))",
    "compile": "compile(\"x = 'CANARY'\", 'x', 'exec')",
    "import": "sys.path.insert(0, str(project)); import imported_bird",
    "write": "(project / 'x').write_text('')",
    "os.fork": "import os\npid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)",
}
Told = Mapping[str, Any]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """Return the folder of the canaries, and what was seen while each was read."""
    base = tmp_path_factory.mktemp("aviary") / "canaries"
    for case, files in CANARIES.items():
        folder = base / case
        for path, text in {"pyproject.toml": PYPROJECT, **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            filled = fill(text, str(base.parent / f"{case}.marker"), str(folder))
            (folder / path).write_text(filled, encoding="utf-8")
            if text.startswith("#!"):
                (folder / path).chmod(0o755)
    for number, code in enumerate(GUILTY.values()):
        folder = base / f"zz-guilty-{number}"
        folder.mkdir()
        (folder / "guilty.py").write_text(code, encoding="utf-8")
        (folder / "imported_bird.py").touch()
    done = subprocess.run(
        [sys.executable, "-P", "-c", WATCH, str(base)], cwd=ROOT, capture_output=True, timeout=100,
        check=False, text=True, env={"PATH": str(base), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: Told = json.loads(done.stdout)
    return base, told


@pytest.mark.parametrize("case", CANARIES)
def test_reading_runs_nothing_of(case: str, watched: tuple[Path, Told]) -> None:
    base, told = watched
    seen = told[case]
    assert not (base.parent / f"{case}.marker").exists()
    assert [one for one in seen if one[0] != "read"] == []
    opened = {Path(path).relative_to(base / case).as_posix() for kind, path in seen}
    first = next(iter(CANARIES[case]))
    assert case in UNREAD or first in opened, f"{first} was not read, only {sorted(opened)}"


def test_no_module_of_a_project_is_loaded(watched: tuple[Path, Told]) -> None:
    loaded = [Path(one).name for one in watched[1]["modules"]]
    assert loaded == ["imported_bird.py"]


@pytest.mark.parametrize("event", GUILTY)
def test_the_watch_would_notice(event: str, watched: tuple[Path, Told]) -> None:
    seen = watched[1][f"zz-guilty-{list(GUILTY).index(event)}"]
    assert event in {one[0] for one in seen}
