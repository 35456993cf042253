"""Revisions against the main branch: edited and deleted ones fail, by meaning and not by bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.migrations.projects import faults, inspected, publish, revision, write

PLAIN = revision("b", "'a'", up="op.add_column('t', sa.Column('x', sa.Integer))")
SAME = '''"""Another word on it."""
from typing import Union
import sqlalchemy as sa  # sorted otherwise
from alembic import op

revision: str = 'b'
down_revision: Union[str, None] = 'a'


def upgrade() -> None:
    """Add x."""
    op.add_column(
        't', sa.Column('x', sa.Integer),
    )


def downgrade() -> None:
    op.drop_table('t')
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, {"a.py": revision("a"), "b.py": PLAIN})
    publish(tmp_path)
    return tmp_path


def test_layout_comments_and_annotations_are_no_edit(project: Path) -> None:
    write(project, {"b.py": SAME})
    found = inspected(project)
    assert (found.outcome.diagnostics, found.advice) == ((), ())


def test_another_operation_is_an_edit_that_says_against_what(project: Path) -> None:
    write(project, {"b.py": PLAIN.replace("sa.Integer", "sa.BigInteger")})
    (found,) = faults(project)
    assert (found.code, found.file) == ("edited-revision", "migrations/versions/b.py")
    assert found.message.startswith("upgrade() differs from the last commit (")


def test_another_meaning_of_an_imported_name_is_an_edit(project: Path) -> None:
    write(project, {"b.py": PLAIN.replace("import sqlalchemy as sa", "import own.types as sa")})
    assert [one.code for one in faults(project)] == ["edited-revision"]


def test_another_package_behind_a_relative_import_is_an_edit(tmp_path: Path) -> None:
    text = revision("a", up="f()").replace("import sqlalchemy as sa", "from .x import f")
    write(tmp_path, {"a.py": text})
    publish(tmp_path)
    write(tmp_path, {"a.py": text.replace("from .x", "from ..x")})
    (found,) = faults(tmp_path)
    assert found.message.startswith("import f differs")


def test_another_parent_is_an_edit(project: Path) -> None:
    write(project, {"b.py": PLAIN.replace("down_revision = 'a'", "down_revision = None")})
    assert {one.code for one in faults(project)} == {"edited-revision", "multiple-heads"}


def test_a_mended_way_back_only_advises(project: Path) -> None:
    write(project, {"b.py": PLAIN.replace("op.drop_table('t')", "op.drop_column('t', 'x')")})
    found = inspected(project)
    assert found.outcome.diagnostics == ()
    assert [one.code for one in found.advice] == ["edited-downgrade"]


def test_a_deleted_revision_is_named_where_it_stood(project: Path) -> None:
    (project / "migrations/versions/b.py").unlink()
    (found,) = faults(project)
    assert (found.code, found.file) == ("deleted-revision", "migrations/versions/b.py")


def test_a_renamed_file_is_the_same_revision(project: Path) -> None:
    folder = project / "migrations/versions"
    (folder / "b.py").rename(folder / "2026_b.py")
    found = inspected(project)
    assert (found.outcome.diagnostics, found.advice) == ((), ())


def test_a_moved_folder_makes_no_revision_new(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": revision("a", back="pass")})
    publish(tmp_path)
    (tmp_path / "migrations").rename(tmp_path / "schema")
    write(tmp_path, {"alembic.ini": "[alembic]\nscript_location = schema\n"})
    found = inspected(tmp_path)
    assert (found.outcome.diagnostics, found.advice) == ((), ())


def test_of_two_heads_the_new_one_is_blamed(project: Path) -> None:
    write(project, {"0.py": revision("0", "'a'", up="op.f('x')", back="op.f('x')")})
    (found,) = faults(project)
    assert (found.code, found.file) == ("multiple-heads", "migrations/versions/0.py")


def test_without_git_nothing_is_called_new_and_that_is_said(tmp_path: Path) -> None:
    found = inspected(write(tmp_path, {"a.py": revision("a", back="pass")}))
    assert found.advice == ()
    assert "without git" in (found.outcome.remark or "")


def test_a_new_revision_that_does_not_parse_is_a_fault(project: Path) -> None:
    write(project, {"c.py": revision("c", "'b'") + "\n    )\n"})
    assert [one.code for one in faults(project)] == ["unreadable-revision"]
