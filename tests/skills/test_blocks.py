"""Every block of the skills: used by a test, formatted, clean, typed, and true to its tool."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.skills.blocks import DOCUMENTS, Block, blocks, python_sections, write

LOADED = re.compile(r"\bload\(\s*\"([^\"]+\.md#[^\"]+)\"")
LANGUAGES = {"python", "toml", "sh", "ini", "yaml", "json", "text", ""}
GUARDS = {"python-backend/references/limits.md", "python-backend/references/security.md"}
"""Documents whose every block keeps somebody out."""
# What examples need not have, each for its reason.
IGNORED = (
    "COM812",  # the formatter's own business
    "CPY",  # a block has no licence of its own
    "D",  # what a block does stands in the sentence above it
    "EM",  # a short example raises with its text in place
    "INP001",  # a block is no package
    "TRY003",  # as EM
    "TC",  # annotations are read at run time, and the skills say so
)
TYPED = """[mypy]
strict = true
plugins = pydantic.mypy
explicit_package_bases = true
namespace_packages = true
enable_error_code = ignore-without-code, redundant-expr, truthy-bool, deprecated
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which every section of Python is a module."""
    folder = tmp_path_factory.mktemp("blocks")
    write(folder)
    return folder


def used() -> set[str]:
    """Return the sections whose blocks some test beside this one runs or reads."""
    texts = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    return {where for text in texts for where in LOADED.findall(text)}


@pytest.mark.parametrize("where", sorted(python_sections()))
def test_a_test_drives_every_section_of_python(where: str) -> None:
    assert where in used()


@pytest.mark.parametrize(
    "where", [one for one in sorted(python_sections()) if one.partition("#")[0] in GUARDS]
)
def test_what_guards_is_attacked_beside_a_way_that_falls(where: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    driving = [text for text in texts if where in LOADED.findall(text)]
    assert any(re.search(r"(?:def|class) \w*([sS]eed|_falls)", text) for text in driving)


def test_a_language_is_one_that_is_checked() -> None:
    assert {block.language for block in blocks()} <= LANGUAGES


def test_what_is_not_run_says_why() -> None:
    for block in blocks("python"):
        assert block.not_run is None or len(block.not_run.split()) > 2, block.where


def test_documents_are_formatted() -> None:
    argv = [sys.executable, "-m", "ruff", "format", "--check", *map(str, DOCUMENTS)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_blocks_are_clean(modules: Path) -> None:
    argv = [
        sys.executable, "-m", "ruff", "check", "--isolated", "--select", "ALL", "--ignore",
        ",".join(IGNORED), "--target-version", "py311", "--line-length", "100",
        "--output-format", "json", ".",
    ]  # fmt: skip
    done = subprocess.run(argv, cwd=modules, capture_output=True, text=True, check=False)
    found = [
        f"{Path(one['filename']).relative_to(modules)}:{one['location']['row']} {one['message']}"
        for one in json.loads(done.stdout)
    ]
    assert found == []


def test_blocks_are_typed(modules: Path) -> None:
    (modules / "mypy.ini").write_text(TYPED, encoding="utf-8")
    argv = [sys.executable, "-m", "mypy", "--no-error-summary", "."]
    done = subprocess.run(argv, cwd=modules, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("block", [*blocks("toml")], ids=lambda block: block.where)
def test_a_toml_block_parses(block: Block) -> None:
    tomllib.loads(block.text)


@pytest.mark.parametrize("block", [*blocks("sh")], ids=lambda block: block.where)
def test_a_shell_block_parses(block: Block) -> None:
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n"], input=block.text, text=True, check=True, capture_output=True)
