"""The last batches of a project are kept whole; what cannot be read is as if it were not there."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest

from mcp_server import store
from mcp_server.batch import Finished, assemble, remember
from mcp_server.contract import Batch
from mcp_server.models import Diagnostic, Outcome, Step, Verdict
from mcp_server.verify import verify
from tests.conftest import ROOT, ProjectFactory

RED = {"pyproject.toml": "[tool.ruff]\n[tool.ruff.lint]\nselect = ['F']\n", "a.py": "import os\n"}
PROJECT = Path("/project")
DAY = 24 * 60 * 60
Json: TypeAlias = Any
Place: TypeAlias = tuple[str | int, ...]


def keep(*names: str, root: Path = PROJECT, scope: Literal["full", "targets"] = "full") -> Batch:
    """Keep a batch that finds each of the names unused, in two equal lines."""
    found = tuple(
        Diagnostic(
            tool=tool,
            message=name,
            file=f"{name}.py",
            line=1,
            code="F401",
            topic="F401",
            detail="all\n",
        )
        for name in names
        for tool in ("ruff", "flake8")
    )
    step = Step(tool="ruff", argv=("ruff",), cwd=root, root=root, command="ruff", source="x")
    outcome = Outcome(diagnostics=found, checked=True, finished=frozenset({"t.py::a"}))
    over = [Finished(step, Verdict.FAILED if found else Verdict.PASSED, outcome, seconds=1.5)]
    batch, groups = assemble(over, scope=scope, previous=store.previous(root))
    store.save(root, batch, groups, remember(over, groups))
    return batch


def folder() -> Path:
    return Path(os.environ["HDB_CACHE"]) / "batches"


def kept() -> list[Path]:
    return list(folder().iterdir())


def rewrite(text: str | bytes) -> None:
    """Put another file in the place of the only one; as always, under a name of its own."""
    (path,) = kept()
    project, stamp, rest = path.name.split("-", 2)
    path.unlink()
    content = text.encode() if isinstance(text, str) else text
    path.with_name(f"{project}-{int(stamp) + 1:020}-{rest}").write_bytes(content)


def unread() -> bool:
    """Tell whether nothing is read, by whichever way."""
    return (store.last_batch(PROJECT), store.previous(PROJECT)) == (None, None)


async def test_a_batch_comes_back_as_it_was(project: ProjectFactory) -> None:
    folder = project(RED)
    batch = await verify(folder)
    assert store.last_batch(folder) == batch
    (member,) = store.last_members(folder, batch.failures[0].id) or []
    assert member["message"] == "`os` imported but unused"
    again = await verify(folder)
    assert again.delta is not None
    assert again.delta.lean() == {"same": 1}


async def test_batches_of_two_projects_are_kept_apart(project: ProjectFactory) -> None:
    first, second = project(RED), project({**RED, "b.py": "import sys\n"}, name="second")
    batches = [await verify(first), await verify(second)]
    assert [store.last_batch(first), store.last_batch(second)] == batches


def test_nothing_but_the_batch_is_left_in_the_folder() -> None:
    keep("a")
    assert len(kept()) == 1


def test_what_the_next_batch_compares_comes_back_as_it_was() -> None:
    keep("a", "b")
    keep("b", "c")
    batch = store.last_batch(PROJECT)
    assert batch is not None
    assert batch.delta is not None
    assert batch.delta.lean() == {"fixed": 2, "new": 2, "same": 2}


def test_a_batch_is_paged_after_another_session_has_stored_its_own() -> None:
    mine = keep("a")
    others = [keep(name) for name in "bcdefgh"]
    assert store.last_batch(PROJECT, mine.id) == mine
    assert store.last_batch(PROJECT) == others[-1]
    assert store.last_batch(PROJECT, "nothing") is None


def test_only_the_last_batches_of_a_project_are_kept() -> None:
    other = keep("other", root=Path("/other"))
    batches = [keep(name) for name in "abcdefghij"]
    found = [store.last_batch(PROJECT, batch.id) for batch in batches]
    assert found == [None, None, *batches[2:]]
    assert store.last_batch(Path("/other")) == other


def test_the_last_full_batch_outlives_any_number_over_targets() -> None:
    full = keep("a")
    for name in "bcdefghijk":
        keep(name, scope="targets")
    assert store.last_batch(PROJECT, full.id) == full
    previous = store.previous(PROJECT)
    assert previous is not None
    assert {trace.file for trace in previous.findings.values()} == {"a.py"}
    assert len(kept()) == store.KEPT_BATCHES + 1


def test_a_clock_that_is_set_back_does_not_make_an_old_batch_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep("a")
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    batch = keep("b")
    assert store.last_batch(PROJECT) == batch


def test_a_failure_is_looked_up_in_the_newest_batch_that_has_it() -> None:
    old = keep("a", "b")
    new = keep("b", "c")
    ids = {one.message: one.id for each in (old, new) for one in each.failures}
    for name in "abc":
        members = store.last_members(PROJECT, ids[name])
        assert members is not None
        assert {member["file"] for member in members} == {f"{name}.py"}
        assert members[0]["detail"] == "all\n"
    assert store.last_members(PROJECT, "") is None
    assert store.last_members(PROJECT, "nothing") is None


def test_an_id_may_be_longer_or_shorter_than_the_one_that_was_shown() -> None:
    keep("a")
    whole = (store.last_members(PROJECT, keep("a").failures[0].id) or [])[0]["id"]
    assert store.last_members(PROJECT, whole[:9]) is not None
    assert store.last_members(PROJECT, whole[:2]) is not None
    many_ids = [one.id for one in keep(*(f"n{number}" for number in range(99))).failures]
    shared = next(one[0] for one in many_ids if sum(other[0] == one[0] for other in many_ids) > 1)
    assert not whole.startswith(shared)
    assert store.last_members(PROJECT, shared) is None
    many = store.last_members(PROJECT, whole)
    assert many is not None
    assert many[0]["file"] == "a.py"


TEXTS = ["", "{", "[]", "null", '{"format": 0}', '{"format": 3}', "\0" * 99, "[" * 100_000]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_corrupt_file_is_as_if_it_were_not_there(text: str) -> None:
    keep("a")
    rewrite(text)
    assert unread()
    assert keep("a").delta is None
    assert not unread()


def test_a_file_that_is_cut_off_anywhere_is_as_if_it_were_not_there() -> None:
    keep("a")
    (path,) = kept()
    whole = path.read_bytes()
    for end in range(0, len(whole), 7):
        rewrite(whole[:end])
        assert unread()
    rewrite(whole)
    assert not unread()


def test_bytes_that_are_no_text_are_as_if_they_were_not_there() -> None:
    keep("a")
    rewrite(b"\xff\xfe" * 50)
    assert unread()


OTHERS: list[Json] = [None, True, 7, 1.5, "x", [], {}]
OPTIONAL = {"file", "line", "code", "topic", "detail"}


def places(value: Json, path: Place = ()) -> Iterator[tuple[Place, Json]]:
    yield path, value
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in inside:
            yield from places(inner, (*path, key))


def put(value: Json, path: Place, new: Json) -> Json:
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = put(value[path[0]], path[1:], new)
    return copied


def test_a_field_of_another_type_makes_the_file_as_if_it_were_not_there() -> None:
    """Nothing is half trusted; only what may be absent may be null, and a float be whole."""
    batch = keep("a", "b")
    (path,) = kept()
    content = json.loads(path.read_bytes())
    tried = 0
    for place, value in places(content):
        others = [one for one in OTHERS if type(one) is not type(value)]
        for other in others:
            rewrite(json.dumps(put(content, place, other)))
            absent = place and (place[-1] in OPTIONAL or {"also", "runs"} & {*place})
            whole = type(value) is float and type(other) is int
            harmless = bool(absent) if other is None else whole
            assert harmless or unread(), (place, other)
            members = store.last_members(PROJECT, batch.failures[0].id)
            assert members is None or harmless
            tried += 1
    assert tried > 300


def test_a_file_of_another_project_or_format_is_not_read() -> None:
    keep("a")
    (path,) = kept()
    whole = path.read_text(encoding="utf-8")
    rewrite(whole.replace('"/project"', '"/other"'))
    assert unread()
    rewrite(whole.replace(f'"format":{store.FORMAT}', '"format":2'))
    assert unread()
    rewrite(whole)
    assert not unread()


def test_a_scope_that_the_name_of_the_file_does_not_say_is_not_compared() -> None:
    keep("a", scope="targets")
    (path,) = kept()
    path.rename(path.with_name(path.name.replace("targets", "full")))
    assert store.previous(PROJECT) is None


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_as_if_it_were_not_there(make: Callable[[Path], None]) -> None:
    keep("a")
    (path,) = kept()
    path.unlink()
    make(path)
    assert unread()
    batch = keep("a")
    assert batch.delta is None
    assert store.last_batch(PROJECT) == batch


def test_what_is_no_file_takes_the_place_of_no_batch() -> None:
    batch = keep("a")
    project, stamp, rest = kept()[0].name.split("-", 2)
    for number in range(store.KEPT_BATCHES):
        (folder() / f"{project}-{int(stamp) + number + 1:020}-{rest}").mkdir()
    keep("b")
    assert store.last_batch(PROJECT, batch.id) == batch


def test_a_file_that_cannot_be_read_is_as_if_it_were_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep("a")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "no", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        assert unread()
    assert not unread()


def test_a_file_that_goes_while_it_is_read_gives_way_to_a_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep("a")
    newer: list[Batch] = []
    with monkeypatch.context() as patch:

        def overtaken(path: Path) -> bytes:
            patch.undo()
            path.unlink()
            newer.append(keep("b"))
            return path.read_bytes()

        patch.setattr(Path, "read_bytes", overtaken)
        assert [store.last_batch(PROJECT)] == newer


@pytest.mark.parametrize("name", ["", "/batches"])
def test_a_cache_that_is_a_file_spoils_no_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("HDB_CACHE", str(cache))
    path = Path(f"{cache}{name}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    assert keep("a").verdict == "failed"
    assert unread()
    assert path.read_text(encoding="utf-8") == "mine"


@contextlib.contextmanager
def small_files() -> Iterator[None]:
    """Let no file grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_spoils_no_batch_and_leaves_nothing_behind() -> None:
    first = keep("a")
    with small_files():
        assert keep("b").verdict == "failed"
    assert store.last_batch(PROJECT) == first
    assert len(kept()) == 1


def test_a_root_that_no_encoding_can_carry_is_kept_all_the_same() -> None:
    root = Path("/project\udcff")
    assert store.last_batch(root) is None
    batch = keep("a", root=root)
    assert store.last_batch(root) == batch


def test_what_projects_print_is_for_their_owner_alone() -> None:
    folder().mkdir(parents=True)
    folder().chmod(0o755)
    before = os.umask(0)
    try:
        keep("a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700
    assert stat.S_IMODE(kept()[0].stat().st_mode) == 0o600


def aged(path: Path, seconds: float) -> Path:
    when = time.time() - seconds
    os.utime(path, (when, when))
    return path


def test_what_killed_processes_left_is_removed_when_it_is_old() -> None:
    folder().mkdir(parents=True)
    old, fresh = (folder() / f"{store.TEMPORARY}{name}" for name in ("old", "fresh"))
    for path in (old, fresh):
        path.write_text("{", encoding="utf-8")
    aged(old, 2 * 60 * 60)
    keep("a")
    assert not old.exists()
    assert fresh.exists()


def test_projects_that_nobody_verifies_any_more_are_forgotten() -> None:
    for name in ("gone", "quiet"):
        keep("a", root=Path(f"/{name}"))
    gone, quiet = sorted(kept(), key=lambda path: '"/quiet"' in path.read_text(encoding="utf-8"))
    aged(gone, 61 * DAY)
    aged(quiet, 59 * DAY)
    former = aged(folder() / gone.name, 61 * DAY).with_name("0123456789abcdef-full.json")
    former.write_text("{}", encoding="utf-8")
    aged(former, 61 * DAY)
    keep("a")
    assert store.last_batch(Path("/gone")) is None
    assert store.last_batch(Path("/quiet")) is not None
    assert not former.exists()


def test_a_project_is_kept_whole_as_long_as_one_of_its_batches_is_young() -> None:
    old = keep("a", root=Path("/other"))
    aged(kept()[0], 61 * DAY)
    keep("b", root=Path("/other"))
    keep("a")
    assert store.last_batch(Path("/other"), old.id) == old


HAMMER = """
import sys
from tests.test_store import PROJECT, keep, store
for number in range(40):
    names = [f"{sys.argv[1]}x{number}x{one}" for one in range(60)]
    mine = keep(*names, scope="targets" if number % 3 else "full")
    assert store.last_batch(PROJECT, mine.id) in (mine, None)
    last = store.last_batch(PROJECT)
    assert last is not None and len(last.failures) == 60
    previous = store.previous(PROJECT)
    assert previous is not None and len(previous.findings) == 120
    members = store.last_members(PROJECT, last.failures[0].id)
    assert members is None or len(members) == 2
"""


def test_sessions_that_store_and_read_at_once_never_see_half_a_batch() -> None:
    keep(*(f"first{number}" for number in range(60)))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(number)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    said = [process.communicate()[1] for process in running]
    assert said == ["", "", ""]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(kept()) <= store.KEPT_BATCHES + 1
    assert not list(folder().glob(f"{store.TEMPORARY}*"))
