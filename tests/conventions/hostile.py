"""Builds files that harm careless readers: endless, huge, tangled, or no text at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

HUGE = 10_000_000
"""How many bytes the hugest file has."""

WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: pytest own\n"
SOURCES = {
    "Makefile": "test:\n\tpytest own\n",
    "justfile": "test:\n    pytest own\n",
    "Taskfile.yml": "version: '3'\ntasks:\n  test: pytest own\n",
    "tox.ini": "[testenv]\ncommands = pytest own\n",
    "tox.toml": '[env_run_base]\ncommands = [["pytest", "own"]]\n',
    "noxfile.py": "import nox\n@nox.session\ndef test(session):\n"
    '    session.run("pytest", "own")\n',
    "tasks.py": 'from invoke import task\n@task\ndef test(c):\n    c.run("pytest own")\n',
    "pyproject.toml": "[tool.poe.tasks]\ntest = 'pytest own'\n",
    "hatch.toml": "[envs.default.scripts]\ntest = 'pytest own'\n",
    ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: tests\n    name: tests\n"
    "    entry: pytest own\n    language: system\n    pass_filenames: false\n",
    ".github/workflows/ci.yml": WORKFLOW,
    ".gitlab-ci.yml": "test:\n  script: pytest own\n",
    "azure-pipelines.yml": "steps:\n- script: pytest own\n",
    ".circleci/config.yml": "version: 2.1\njobs:\n  build:\n    docker: [{image: x}]\n    steps:\n"
    "    - run: pytest own\nworkflows:\n  w:\n    jobs: [build]\n",
    "package.json": '{"scripts": {"test": "pytest own"}}\n',
    "AGENTS.md": "Run `pytest own`.\n",
    "scripts/test": "#!/bin/sh\npytest own\n",
    "setup.cfg": "[metadata]\nname = own\n",
}
"""The files that name commands, each as it should be; most name `pytest own`."""
BYSTANDERS = {
    "CLAUDE.md": "Be brief.\n",
    "CONTRIBUTING.md": "Be kind.\n",
    "setup.py": "from setuptools import setup\nsetup()\n",
    "conftest.py": "import pytest\n",
    "requirements.txt": "pytest==8.0\n",
    "Pipfile": "[packages]\n",
    "environment.yml": "dependencies: [pytest]\n",
    "pixi.toml": "[dependencies]\n",
    "uv.lock": "version = 1\n",
    "poetry.lock": "",
    "pdm.lock": "",
    "mypy.ini": "[mypy]\n",
    "pytest.ini": "[pytest]\n",
    ".flake8": "[flake8]\n",
    "ruff.toml": "line-length = 80\n",
    ".python-version": "3.12\n",
    ".gitignore": "dist/\n",
    ".editorconfig": "root = true\n",
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/versions/one.py": "revision = 'a'\ndown_revision = None\n",
    "tests/test_own.py": "def test_own():\n    assert True\n",
    "tests/conftest.py": "import pytest\n",
    "own/main.py": "import fastapi\napp = fastapi.FastAPI()\n",
    ".github/actions/own/action.yml": "runs:\n  using: composite\n  steps: []\n",
    ".venv/pyvenv.cfg": "version = 3.12.1\n",
    ".envrc": "layout python\n",
}
"""Files that are read for facts, or that somebody might think of reading."""


def _circle(path: Path, text: str) -> None:
    del text
    path.symlink_to(path.name)


def _outside(path: Path, text: str) -> None:
    elsewhere = Path(os.environ["HDB_CACHE"]) / f"elsewhere-{path.name}"
    elsewhere.write_text(text, encoding="utf-8")
    path.symlink_to(elsewhere)


def _forbidden(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0)


def _pipe(path: Path, text: str) -> None:
    del text
    os.mkfifo(path)


Manner = Callable[[Path, str], object]
UNREADABLE: Mapping[str, tuple[Manner, str]] = {
    "huge": (lambda path, text: path.write_text(text + "#" * HUGE), "bytes"),
    "utf-16": (lambda path, text: path.write_bytes(text.encode("utf-16")), "NUL|utf-8|UTF-8"),
    "with-nul": (lambda path, text: path.write_text(f"{text}\0"), "NUL|Invalid"),
    "folder": (lambda path, _: path.mkdir(), "folder"),
    "pipe": (_pipe, "pipe"),
    "circle": (_circle, "circle"),
    "endless-device": (lambda path, _: path.symlink_to("/dev/zero"), "device|outside"),
    "link-outside": (_outside, "outside"),
    "forbidden": (_forbidden, "ermission"),
}
"""What lies at a path in a file's stead, and what a reason for not reading it speaks of."""
READABLE: Mapping[str, Manner] = {
    "bom": lambda path, text: path.write_text(text, encoding="utf-8-sig"),
    "crlf": lambda path, text: path.write_bytes(text.replace("\n", "\r\n").encode()),
}
"""How a file may be written and mean the same."""
HARMLESS: Mapping[str, Manner] = {
    "empty": lambda path, _: path.touch(),
    "latin-1": lambda path, text: path.write_bytes(text.encode() + b"# caf\xe9\n"),
    "noise": lambda path, _: path.write_bytes(bytes(range(1, 256)) * 400),
    "one-line": lambda path, _: path.write_text("a" * 500_000),
    "brackets": lambda path, _: path.write_text("[{(" * 60_000),
    "lines": lambda path, _: path.write_text("a: b\n" * 90_000),
    "dangling": lambda path, _: path.symlink_to("nowhere"),
}
"""What else may lie there, which may be told or not."""


def chain(count: int, line: str) -> str:
    """Return a line for each number `n` below the count, of which each may name the next, `m`."""
    return "".join(line.format(n=n, m=n + 1) for n in range(count))


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + chain(
    30, "a{m}: &a{m} [*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n}]\n"
)
MERGES = "a0: &a0 {b: c}\n" + chain(3000, "a{m}: &a{m} {{<<: [*a{n}, *a{n}], k{n}: x}}\n")
TAG = "a: !!python/object/apply:os.system ['touch marker']\n"
YAML_FILES = {
    "Taskfile.yml": "version: '3'\ntasks:\n  test: !!python/name:os.system pytest\n",
    ".pre-commit-config.yaml": "repos: !!python/object/new:os.system [touch marker]\n",
    ".github/workflows/ci.yml": "on: push\njobs: !!python/object/apply:os.system [touch marker]\n",
    ".gitlab-ci.yml": "test: {script: !!python/object/apply:os.system [touch marker]}\n",
    "azure-pipelines.yml": "steps: !!python/object/apply:os.system [touch marker]\n",
    ".circleci/config.yml": "jobs: !!python/object/apply:os.system [touch marker]\n",
    "environment.yml": "dependencies: !!python/object/apply:os.system [touch marker]\n",
}
YAML_TEXTS = {
    "bomb": BOMB,
    "merges": MERGES,
    "tag": TAG,
    "itself": "a: &a [*a, &b {c: *b}]\n<<: *a\n",
    "deep": "[" * 100_000,
    "deep-blocks": "".join(" " * n + "a:\n" for n in range(900)),
    "keys": "".join(f"k{n}: {n}\n" for n in range(30_000)),
    "documents": "---\na: 1\n...\n" * 30_000,
    "anchors": "".join(
        f"k{n}: &a{n} [*a{n - 1}, x]\n" if n else "k0: &a0 [x]\n" for n in range(900)
    ),
    "no-yaml": "\t{: - ]\n@`%",
}
"""What a YAML file may hold."""
TOML_FILES = "pyproject.toml tox.toml hatch.toml ruff.toml pixi.toml Pipfile uv.lock".split()
TOML_TEXTS = {
    "a-megabyte": "[a]\n" + "".join(f"k{n} = 'some value of some length'\n" for n in range(30_000)),
    "400-kilobytes": "[a]\n" + "".join(f"k{n} = 'some value of length'\n" for n in range(11_500)),
    "deep": f"a = {'[' * 100_000}{']' * 100_000}\n",
    "deep-tables": f"a = {'{a=' * 50_000}",
    "dotted": "a" + ".a" * 100_000 + " = 1\n",
    "dotted-tables": "".join(f"[{'.'.join(['a'] * 40)}.k{n}]\n" for n in range(4_000)),
    "many-tables": "[[a]]\n" * 60_000,
    "many-dotted": "".join(f"a.b.c.d.k{n} = 1\n" for n in range(25_000)),
    "digits": f"a = {'1' * 100_000}\n",
    "quotes": "a = " + '"' * 300_000,
    "wrong-types": "tool = 3\nproject = []\nworkspace = ''\nsource = 1\npackage = 'x'\nenvs = 4\n",
}
"""What a TOML file may hold."""
INNER = "hdb pytest mypy ruff poe pdm hatch taskipy tox uv poetry pixi rye black isort".split()
PYTHON_FILES = (
    "noxfile.py tasks.py setup.py conftest.py own/main.py tests/test_own.py "
    "migrations/versions/one.py".split()
)
PYTHON_TEXTS = {
    "parentheses": "a = " + "(" * 100_000,
    "minuses": "a = " + "-" * 100_000 + "1\n",
    "sum": "a = 1" + "+1" * 60_000 + "\n",
    "calls": "a" + "()" * 60_000 + "\n",
    "attributes": "@a" + ".a" * 60_000 + "\ndef test(): pass\n",
    "blocks": "".join(" " * n + "if a:\n" for n in range(99)) + " " * 99 + "pass\n",
    "strings": "a = " + "'x' " * 60_000 + "\n",
    "formats": "a = f'" + "{a}" * 60_000 + "'\n",
    "doubles": "a0 = 'x'\n" + chain(60, "a{m} = a{n} + a{n}\n") + "session.run(a60)\n",
    "times": "a = 'x' * 10**10\nb = [a] * 10**10\nc = 2 ** 10 ** 10\nd = 'x'.ljust(10**12)\n",
    "itself": "from own.main import *\nimport tasks, noxfile\ndef test(): test(); test()\n",
    "no-python": "def (:\n  @@\n",
    "tabs": "if a:\n\tb\n        c\n",
}
"""What a Python file may hold."""
