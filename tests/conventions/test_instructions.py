"""Instructions name commands; those that check something are kept, with their lines."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mcp_server.conventions.instructions.documents import Instructions, read_instructions
from mcp_server.conventions.shell.pieces import Place, Simple


def read(root: Path, files: dict[str, str], *folders: str) -> Instructions:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_instructions(Place(root, {}), folders)


def named(root: Path, text: str, name: str = "AGENTS.md") -> list[tuple[str, str]]:
    return [(one.text, one.source) for one in read(root, {name: text}).named]


def test_the_files_that_instruct_are_found_in_the_root_and_in_projects(tmp_path: Path) -> None:
    names = (
        "CLAUDE.md AGENTS.md .claude/CLAUDE.md .github/copilot-instructions.md CONTRIBUTING.rst "
        "docs/contributing.md .claude/rules/a/b.md .cursor/rules/c.mdc api/AGENTS.md".split()
    )
    other = {"web/AGENTS.md": "x", ".claude/rules/x.txt": "x", "README.md": "x"}
    found = read(tmp_path, {**dict.fromkeys(names, ""), **other}, ".", "api")
    assert found.paths == tuple(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```bash\n$ pytest -q  # all\n```", [("pytest -q", 2)]),
        ("```\npytest\n```", [("pytest", 2)]),
        ("~~~sh\nruff check .\n~~~", [("ruff check .", 2)]),
        ("1. Do:\n\n   ```sh\n   mypy src\n   ```", [("mypy src", 4)]),
        ("```python\npytest\n```", []),
        ("```console\n$ pytest\n3 passed\nmypy\n```", [("pytest", 2)]),
        ("```bash\npytest \\\n  -q\n```\n", [("pytest -q", 2)]),
        ("```\n(venv) user@host:~$ tox\n```", [("tox", 2)]),
        ("text\n\n    mypy src\n\n    other words\n", [("mypy src", 3)]),
        ("Run `make test` and `uv run mypy .`.", [("make test", 1), ("uv run mypy .", 1)]),
        ("Run ``python -m pytest`` or `pytest`.", [("python -m pytest", 1)]),
        ("`CI=1 pytest`", [("CI=1 pytest", 1)]),
        ("The `mypy.ini` of `make` is `test`.", []),
        ("`npm test`, `pip install x`, `git push`, `uv sync`, `poetry install`", []),
        ("`pytest <path>`, `pytest ...`, `ruff [OPTIONS] x`, `pytest path/to/test.py`", []),
        ("```\n# pytest\nls\nrm -rf x\n```", []),
        ("```\nmypy a && pytest b\n```", [("mypy a && pytest b", 2)]),
        ("`mypy x` and `mypy x`", [("mypy x", 1)]),
        ("`tox -e lint`, `nox -s x`, `invoke tests`", None),
    ],
)
def test_commands_are_found_in_markdown(
    tmp_path: Path, text: str, expected: list[tuple[str, int]] | None
) -> None:
    found = named(tmp_path, text)
    if expected is None:
        assert len(found) == 3
    else:
        assert found == [(command, f"AGENTS.md:{line}") for command, line in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Run::\n\n    $ pytest\n\nThen", [("pytest", 3)]),
        (".. code-block:: bash\n   :caption: x\n\n   mypy src\n", [("mypy src", 4)]),
        (".. code-block:: python\n\n   pytest\n", []),
        (".. code-block:: console\n\n    $ pytest\n    mypy\n", [("pytest", 3)]),
        ("Use ``make test`` here.", [("make test", 1)]),
        ("A::\n\n  x = 1\n\nB\n", []),
    ],
)
def test_commands_are_found_in_restructured_text(
    tmp_path: Path, text: str, expected: list[tuple[str, int]]
) -> None:
    found = named(tmp_path, text, "CONTRIBUTING.rst")
    assert found == [(command, f"CONTRIBUTING.rst:{line}") for command, line in expected]


def folders(found: Instructions) -> list[str]:
    return [p.piece.cwd for n in found.named for p in n.parts if isinstance(p.piece, Simple)]


def test_a_command_runs_where_its_block_moved_to(tmp_path: Path) -> None:
    text = "```\ncd api\npytest\n```\n```\npytest -q\ncd api && mypy .\n```\n"
    assert folders(read(tmp_path, {"AGENTS.md": text})) == ["api", ".", "api"]


def test_the_folder_of_a_project_is_where_its_instructions_hold(tmp_path: Path) -> None:
    assert folders(read(tmp_path, {"api/AGENTS.md": "`pytest -q`"}, "api")) == ["api"]


def test_the_folder_that_was_cloned_is_the_root(tmp_path: Path) -> None:
    text = "```\ngit clone https://x.org/app\ncd app\npytest\n```\n"
    assert folders(read(tmp_path, {"AGENTS.md": text})) == ["."]


def test_a_script_counts_where_the_project_has_it(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/check").write_text("print(1)\n")
    text = "```\nscripts/check\nscripts/gone\nscripts/\n```\n"
    assert [one for one, _ in named(tmp_path, text)] == ["scripts/check"]


def test_at_most_two_hundred_commands_of_a_file_are_kept(tmp_path: Path) -> None:
    text = "".join(f"`pytest t{n}`\n" for n in range(500))
    assert len(named(tmp_path, text)) == 200


def test_a_file_under_two_names_is_read_once(tmp_path: Path) -> None:
    found = read(tmp_path, {"CLAUDE.md": "`pytest -q`", "AGENTS.md": "`pytest -q`"})
    assert found.paths == ("CLAUDE.md", "AGENTS.md")
    assert [one.source for one in found.named] == ["CLAUDE.md:1"]


@pytest.mark.parametrize(
    "text",
    [
        "`" * 400_000,
        "` `` " * 80_000,
        "[args <a " * 40_000,
        "```bash\n" + "pytest a\\\n" * 40_000,
        "```bash\n" + "".join(f"pytest a{n} && mypy b{n}\n" for n in range(15_000)),
        " " * 500_000,
        ("> " * 240 + "\n") * 900,
        ("- " * 240 + "\n") * 900,
        "```console\n" + ("a" * 490 + "\n") * 1000,
        "```\n" + ("A=" * 240 + "\n") * 1000,
        "a::\n\n" + "    x\n" * 80_000,
    ],
)
def test_an_odd_text_is_read_in_time(tmp_path: Path, text: str) -> None:
    begun = time.perf_counter()
    read(tmp_path, {"AGENTS.md": text, "CONTRIBUTING.rst": text})
    assert time.perf_counter() - begun < 2


def test_nothing_that_a_text_names_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    read(tmp_path, {"AGENTS.md": f"```\npytest $(touch {marker})\nmake x; touch {marker}\n```\n"})
    assert not marker.exists()
