"""How strictly types are checked, by whom, and what loosens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conventions.facts.projects import facts_of

STRICT = """[tool.mypy]
strict = true
warn_return_any = true
plugins = ["pydantic.mypy", 3]
[[tool.mypy.overrides]]
module = "a.*"
ignore_errors = true
[[tool.mypy.overrides]]
module = "b.*"
ignore_missing_imports = true
[[tool.mypy.overrides]]
module = "d.*"
show_error_context = false
[[tool.mypy.overrides]]
module = "c.*"
disallow_untyped_defs = false
"""
INI = "[mypy]\ndisallow_untyped_defs = True\nplugins = a.b, c\n[mypy-x.*]\nignore_errors = True\n"


@pytest.mark.parametrize(
    ("files", "checkers", "strictness", "rest"),
    [
        (
            {"pyproject.toml": STRICT},
            ["mypy (pyproject.toml:1)"],
            ["mypy strict (pyproject.toml:2)"],
            (2, ("pydantic.mypy",)),
        ),
        (
            {"mypy.ini": INI},
            ["mypy (mypy.ini:1)"],
            ["mypy disallow_untyped_defs (mypy.ini:2)"],
            (1, ("a.b", "c")),
        ),
        (
            {"pyrightconfig.json": '{"typeCheckingMode": "strict"}'},
            ["pyright (pyrightconfig.json)"],
            ["pyright strict (pyrightconfig.json)"],
            (0, ()),
        ),
        (
            {"pyproject.toml": "[tool.ty.rules]\nx = 'y'\n[tool.pyright]\nstrict = ['a', 'b']\n"},
            ["pyright (pyproject.toml:3)", "ty (pyproject.toml:1)"],
            ["pyright strict in 2 paths (pyproject.toml:4)"],
            (0, ()),
        ),
        ({"pyproject.toml": "[tool.mypy]\nstrict = [1]\noverrides = 3\nplugins = 4\n"},
         ["mypy (pyproject.toml:1)"], [], (0, ())),
        ({"pyrightconfig.json": "// a comment\n{"}, ["pyright (pyrightconfig.json)"], [], (0, ())),
    ],
)  # fmt: skip
def test_checkers_say_how_strict_they_are(
    files: dict[str, str],
    checkers: list[str],
    strictness: list[str],
    rest: tuple[int, tuple[str, ...]],
    tmp_path: Path,
) -> None:
    found = facts_of(tmp_path, {"setup.py": "", **files}).typing
    assert [str(one) for one in found.checkers] == checkers
    assert [str(one) for one in found.strictness] == strictness
    assert (found.loosened, found.plugins) == rest
