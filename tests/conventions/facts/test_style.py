"""The layout of code: the effective line length, quotes, docstrings and import order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conventions.facts.projects import facts_of


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, "100 columns, says ruff"),
        ({"ruff.toml": "line-length = 90\n"}, "90 columns, says ruff"),
        ({"pyproject.toml": "[tool.black]\n"}, "88 columns, says black's default"),
        (
            {"pyproject.toml": "[tool.ruff]\nline-length = 80\n[tool.black]\nline-length = 99\n"},
            "99 columns, says black",
        ),
        (
            {"pyproject.toml": "[tool.black]\nline-length = 99\n[tool.ruff.format]\n"},
            "88 columns, says ruff's default",
        ),
        ({".flake8": "[flake8]\nmax-line-length = 120\n"}, "120 columns, says flake8"),
        ({"setup.cfg": "[isort]\nline_length = 79\n"}, "79 columns, says isort"),
        ({".editorconfig": "[*]\nmax_line_length = 95\n"}, "95 columns, says editorconfig"),
        ({"pyproject.toml": "[tool.ruff]\nline-length = true\n"}, None),
        ({"pyproject.toml": "[tool.ruff]\nline-length = ['x']\n"}, None),
    ],
)
def test_the_formatter_decides_on_the_line_length(
    files: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    found = facts_of(tmp_path, {"setup.py": "", **files}).style.line_length
    assert (found.text if found else None) == expected


def test_tools_that_allow_another_length_disagree(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[tool.black]\nline-length = 100\n[tool.isort]\nline_length = 100\n",
        ".flake8": "[flake8]\nselect = E\nmax-line-length = 79 # narrow\n",
    }
    found = facts_of(tmp_path, files).style
    assert [str(one) for one in found.disagreements] == ["flake8 allows 79 columns (.flake8:3)"]


def test_the_default_of_a_tool_that_is_told_nothing_is_no_disagreement(tmp_path: Path) -> None:
    text = "[tool.black]\nline-length = 100\n[tool.ruff.lint]\nselect = ['E']\n"
    assert facts_of(tmp_path, {"pyproject.toml": text}).style.disagreements == ()


def test_settings_of_the_folder_above_hold_where_the_project_has_none(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[tool.ruff]\nline-length = 77\n",
        "api/pyproject.toml": "[project]\nname = 'api'\n",
    }
    found = facts_of(tmp_path, files, "api").style.line_length
    assert str(found) == "77 columns, says ruff (pyproject.toml:2)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.ruff.format]\nquote-style = 'single'\n", "single, says ruff format"),
        ("[tool.ruff.lint.flake8-quotes]\ninline-quotes = 'single'\n", "single, says ruff"),
        ("[tool.ruff.format]\n", "double, ruff format's default"),
        ("[tool.black]\n", "double, black's default"),
        ("[tool.black]\nskip-string-normalization = true\n", "mostly single: 25 % of 40 strings"),
        ("", "mostly single: 25 % of 40 strings in 1 file have double quotes"),
    ],
)
def test_the_quotes_are_stated_or_counted(text: str, expected: str, tmp_path: Path) -> None:
    code = (
        '"""It\'s a "text"."""\n' + "a = 'x'\n" * 30 + 'b = "y" # don\'t\n' * 10 + 'c = "it\'s"\n'
    )
    found = facts_of(tmp_path, {"pyproject.toml": text, "shop/__init__.py": code}).style.quotes
    assert found is not None
    assert found.text.startswith(expected)


@pytest.mark.parametrize(
    ("text", "docstrings", "imports"),
    [
        ("[tool.ruff.lint.pydocstyle]\nconvention = 'google'\n", "google", None),
        ("[tool.pydocstyle]\nconvention = 'numpy'\n", "numpy", None),
        ("[tool.ruff.lint]\nselect = ['E', 'I']\n", None, "ruff, rule I"),
        ("[tool.ruff.lint]\nextend-select = ['ALL']\n", None, "ruff, rule I"),
        ("[tool.ruff.lint]\nselect = ['E']\n", None, None),
        ("[tool.isort]\nprofile = 'black'\n", None, "isort, profile black"),
        ("[tool.isort]\n", None, "isort, without a profile"),
    ],
)
def test_docstrings_and_imports_are_as_their_tools_are_told(
    text: str, docstrings: str | None, imports: str | None, tmp_path: Path
) -> None:
    found = facts_of(tmp_path, {"pyproject.toml": text}).style
    assert (found.docstrings.text if found.docstrings else None) == docstrings
    assert (found.imports.text if found.imports else None) == imports
