"""Revisions of the main branch that were edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.edited_migration import RULE
from tests.migrations.projects import revision
from tests.rules.revisions import FIRST, codes, example_codes

HITS: dict[str, dict[str, str]] = {
    "edited-revision": {"a.py": FIRST.replace("sa.Integer", "sa.BigInteger")},
    "edited-downgrade": {"a.py": FIRST.replace("drop_table('t')", "drop_table('orders')")},
    "deleted-revision": {"a.py": revision("b")},
}
CLEAN: dict[str, dict[str, str]] = {
    "untouched": {"b.py": revision("b", "'a'")},
    "formatted anew": {"a.py": FIRST.replace("'", '"')},
    "a comment": {"a.py": FIRST + "\n# Done in March.\n"},
    "annotated": {"a.py": FIRST.replace("def upgrade():", "def upgrade() -> None:")},
    "a docstring": {"a.py": FIRST.replace('"""a"""', '"""Create the orders."""')},
    "an import less": {
        "a.py": FIRST.replace("import sqlalchemy as sa\n", "import os\nimport sqlalchemy as sa\n")
    },
}


@pytest.mark.parametrize(("code", "files"), HITS.items(), ids=HITS)
def test_hits(code: str, files: dict[str, str], tmp_path: Path) -> None:
    assert codes(tmp_path, RULE, files) == {code}


@pytest.mark.parametrize("files", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(files: dict[str, str], tmp_path: Path) -> None:
    assert not codes(tmp_path, RULE, files)


def test_examples(tmp_path: Path) -> None:
    assert example_codes(tmp_path / "wrong", RULE, RULE.wrong)
    assert not example_codes(tmp_path / "right", RULE, RULE.right)
