"""What a change in the work tree touches, told from its difference to a commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.code_map import map_change
from mcp_server.contract_map import MapView, SymbolMap
from mcp_server.errors import UsageError
from tests.repositories import commit

RULES, STORES, MODELS = "shop/pricing/rules.py", "shop/stores.py", "shop/models.py"


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new), encoding="utf-8")


def symbols(view: MapView) -> dict[str, SymbolMap]:
    return {one.symbol: one for one in view.symbols}


def test_only_what_differs_is_looked_at(repository: Path) -> None:
    edit(repository, RULES, "// 100", "// 10")
    view = map_change(repository)
    assert view.since is not None
    assert "HEAD" in view.since or "commit" in view.since
    assert {name: one.state for name, one in symbols(view).items()} == {"with_tax": "changed"}
    assert view.summary.startswith("1 symbol changed in 1 file: 1 caller, 1 route, ")


def test_comments_docstrings_and_moves_touch_nothing(repository: Path) -> None:
    edit(repository, RULES, "import os\n", '"""Prices."""\n\nimport os  # the surroundings\n')
    view = map_change(repository)
    assert view.symbols == ()
    assert view.others == (RULES,)


def test_who_still_uses_what_is_gone_is_found(repository: Path) -> None:
    edit(repository, RULES, "def rounding() -> int:", "def rounded() -> int:")
    (repository / "shop/settings.py").unlink()
    found = symbols(map_change(repository))
    assert found["rounding"].state == "deleted"
    assert found["rounding"].callers == (f"{RULES}:11 total_of",)
    assert found["settings"].callers == (f"{RULES}:7 with_tax",)
    assert found["rounded"].state == "added"


def test_an_import_of_what_is_gone_is_a_use_of_it(repository: Path) -> None:
    (repository / "shop/passed.py").write_text("from shop.pricing.rules import unused\n")
    commit(repository)
    edit(repository, RULES, "def unused() ->", "def other() ->")
    assert symbols(map_change(repository))["unused"].callers == ("shop/passed.py:1 (module)",)


@pytest.mark.parametrize(
    "what",
    [
        "rounding",
        f"{RULES}::rounding",
        "shop.pricing.rules:rounding",
        "shop.pricing.rules.rounding",
    ],
)
def test_what_the_change_deleted_can_be_asked_for(repository: Path, what: str) -> None:
    edit(repository, RULES, "def rounding() -> int:", "def rounded() -> int:")
    (gone,) = map_change(repository, [what]).symbols
    assert (gone.state, gone.callers) == ("deleted", (f"{RULES}:11 total_of",))


def test_a_deleted_file_can_be_asked_for(repository: Path) -> None:
    (repository / "shop/settings.py").unlink()
    found = symbols(map_change(repository, ["shop/settings.py"]))
    assert {one.state for one in found.values()} == {"deleted"}
    assert found["settings"].callers == (f"{RULES}:7 with_tax",)
    with pytest.raises(UsageError):
        map_change(repository, ["shop/never.py"])


def test_a_name_that_moved_and_is_passed_on_is_not_gone(repository: Path) -> None:
    edit(repository, RULES, "def unused() -> None:\n    return None\n", "")
    edit(repository, RULES, "import os\n", "import os\n\nfrom shop.other import unused\n")
    (repository / "shop/other.py").write_text("def unused() -> None:\n    return None\n")
    (moved,) = map_change(repository).symbols
    assert (moved.at, moved.state) == ("shop/other.py:1", "added")


def test_what_a_protocol_demands_anew_names_who_lacks_it(repository: Path) -> None:
    edit(
        repository,
        STORES,
        "    def load(self, number: int) -> Order: ...\n",
        "    def load(self, number: int) -> Order: ...\n\n    def drop(self) -> None: ...\n",
    )
    (added,) = map_change(repository).symbols
    assert (added.symbol, added.state) == ("Store.drop", "added")
    assert added.implementers == (f"{STORES}:17 SqlStore lacks drop",)


def test_a_column_without_a_revision_is_said(repository: Path) -> None:
    edit(repository, MODELS, "total: Mapped[int]", "total: Mapped[int]\n    note: Mapped[str]")
    view = map_change(repository)
    told = "columns changed: Order (note); no new revision in migrations/versions (head 0001)"
    assert view.migrations == (told,)
    revision = repository / "migrations/versions/0002_note.py"
    revision.write_text('revision = "0002"\ndown_revision = "0001"\n')
    (told,) = map_change(repository).migrations
    assert told.endswith("new in this change: migrations/versions/0002_note.py")


def test_a_method_of_a_model_needs_no_revision(repository: Path) -> None:
    edit(repository, MODELS, "self.total == 0", "not self.total")
    assert map_change(repository).migrations == ()


def test_a_changed_test_is_a_test_and_a_changed_fixture_leads_to_its_tests(
    repository: Path,
) -> None:
    edit(repository, "tests/unit/test_rules.py", "120", "121")
    edit(repository, "tests/conftest.py", "return MemoryCache()", "return MemoryCache() or None")
    view = map_change(repository)
    assert view.symbols == ()
    assert [(one.file, one.distance) for one in view.tests] == [
        ("tests/unit/test_rules.py", 0),
        ("tests/unit/test_service.py", 2),
    ]


def test_a_commit_to_compare_with_can_be_named(repository: Path) -> None:
    edit(repository, RULES, "// 100", "// 10")
    commit(repository)
    assert map_change(repository).symbols == ()
    assert set(symbols(map_change(repository, since="HEAD~1"))) == {"with_tax"}
    with pytest.raises(UsageError):
        map_change(repository, ["shop"], since="HEAD~1")
    with pytest.raises(UsageError):
        map_change(repository, since="nowhere")


def test_without_git_the_caller_must_name_something(bookshop: Path) -> None:
    with pytest.raises(UsageError) as refused:
        map_change(bookshop)
    assert "name files or symbols" in str(refused.value)


def test_a_file_that_cannot_be_read_is_said(repository: Path) -> None:
    (repository / "shop/broken.py").write_text("from shop.pricing.rules import with_tax\nx = (\n")
    edit(repository, RULES, "// 100", "// 10")
    assert any("shop/broken.py (line 2" in one for one in map_change(repository).unseen)


def test_a_fixture_of_the_same_name_beside_the_test_is_another(repository: Path) -> None:
    own = "import pytest\n\n\n@pytest.fixture\ndef store():\n    return 1\n\n\n"
    text = f"{own}def test_it_is_one(store):\n    assert store == 1\n"
    (repository / "tests/unit/test_own.py").write_text(text)
    commit(repository)
    edit(repository, "tests/conftest.py", "return SqlStore()", "return SqlStore() or None")
    reached = [one for one in map_change(repository).tests if one.via != "imports"]
    assert [one.file for one in reached] == ["tests/unit/test_service.py"]


def test_a_wide_change_stays_short_and_detail_shows_the_rest(repository: Path) -> None:
    names = [f"price_of_a_thing_with_a_long_name_{n}" for n in range(20)]
    rules = "".join(f"\n\ndef {one}() -> int:\n    return 1\n" for one in names)
    uses = "".join(
        f"\n\ndef use_{n}_of_{one}() -> int:\n    return many.{one}()\n"
        for one in names
        for n in range(15)
    )
    (repository / "shop/many.py").write_text(rules)
    (repository / "shop/uses.py").write_text(f"from shop import many\n{uses}")
    (repository / "shop/far.py").write_text("import shop.uses\n")
    commit(repository)
    edit(repository, "shop/many.py", "return 1", "return 2")
    view = map_change(repository)
    assert len(view.json_text().encode()) <= 6_000
    assert len(view.symbols) + view.more["symbols"] == len(names)
    assert all(len(one.callers) + one.more.get("callers", 0) == 15 for one in view.symbols)
    full = map_change(repository, detail=True)
    assert full.more == {}
    assert (view.indirect, view.importers) == (1, ("shop/uses.py",))
    far = "shop/far.py (2 imports away)"
    assert (full.indirect, full.importers) == (0, ("shop/uses.py", far))
    assert [len(one.callers) for one in full.symbols] == [15] * len(names)
