"""Whatever lies in a repository, reading it ends, raises nothing, and says what was not read."""

from __future__ import annotations

import os
import re
import signal
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.conventions_view import conventions_view
from mcp_server.repository import Conventions
from tests.conventions.hostile import (
    BYSTANDERS,
    HARMLESS,
    PYTHON_FILES,
    PYTHON_TEXTS,
    READABLE,
    SOURCES,
    TOML_FILES,
    TOML_TEXTS,
    UNREADABLE,
    YAML_FILES,
    YAML_TEXTS,
)
from tests.conventions.tangled import CONFIGURED, SHELLS

MOST_SECONDS = 20
HEALTHY = "mypy healthy"
ELSEWHERE = frozenset({"folder", "pipe", "circle"})
"""Manners in which a script is none: scripts are listed, not asked for by name."""
Check = Callable[[str, Conventions], str | None]


@contextmanager
def a_limit() -> Iterator[None]:
    """End what hangs, also inside a regular expression or in front of a pipe."""

    def give_up(number: int, frame: types.FrameType | None) -> None:
        del number, frame
        pytest.fail(f"reading takes more than {MOST_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def project(folder: Path, besides: str) -> Path:
    """Write a project whose type check is told by another file than the hostile one."""
    root = folder / "project"
    (root / "healthy").mkdir(parents=True)
    (root / "healthy" / "__init__.py").touch()
    if besides == "Makefile":
        (root / "justfile").write_text(f"types:\n    {HEALTHY}\n")
    else:
        (root / "Makefile").write_text(f"types:\n\t{HEALTHY}\n")
    return root


def read(root: Path) -> Conventions:
    """Read a project with its facts and show it as agents see it."""
    with a_limit():
        found = read_conventions(root, {}, facts=True)
        conventions_view(found).json_text()
    assert all(one.facts is not None for one in found.projects)
    return found


def planned(found: Conventions) -> set[str]:
    return {command.text for one in found.projects for command in one.commands}


def texts(found: Conventions) -> set[str]:
    return {
        command.text
        for one in found.projects
        for command in (*one.commands, *one.others, *one.reported)
    }


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def complaints(
    names: Iterable[str], folder: Path, lay: Callable[[Path, str], object], check: Check
) -> str:
    """Lay something in the place of each file, read, and return a line for each that went wrong.

    The rest of the project has to be read in any case.
    """
    wrong = []
    for number, name in enumerate(names):
        root = project(folder / str(number), name)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        lay(root, name)
        try:
            found = read(root)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - it is told by name
            wrong.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
            continue
        if HEALTHY not in planned(found):
            wrong.append(f"{name}: the rest is not read: {texts(found)}")
        if (why := check(name, found)) is not None:
            wrong.append(f"{name}: {why}")
    return "\n".join(wrong)


def told(name: str, found: Conventions, why: str = "") -> str | None:
    """Return what is missing where a file is not named as unreadable, with the reason."""
    named = [line for line in found.problems if line.startswith(f"{name} ")]
    if len(named) == 1 and re.search(why, named[0]):
        return None
    return f"one problem{why and f' about `{why}`'} expected, {list(found.problems)} told"


def survived(name: str, found: Conventions) -> None:
    """Ask for nothing but the end."""


@pytest.mark.parametrize("manner", UNREADABLE)
def test_a_source_that_cannot_be_read_is_named_with_the_reason(manner: str, tmp_path: Path) -> None:
    if manner == "forbidden" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    build, why = UNREADABLE[manner]
    names = [one for one in SOURCES if manner not in ELSEWHERE or one != "scripts/test"]
    assert not complaints(
        names,
        tmp_path,
        lambda root, name: build(root / name, SOURCES[name]),
        lambda name, found: told(name, found, why),
    )


@pytest.mark.parametrize("manner", READABLE)
def test_a_source_in_another_manner_of_writing_means_the_same(manner: str, tmp_path: Path) -> None:
    def check(_name: str, found: Conventions) -> str | None:
        if found.problems:
            return f"no problems expected, {list(found.problems)} told"
        return None if "pytest own" in texts(found) else f"only {texts(found)} found"

    assert not complaints(
        [one for one in SOURCES if one != "setup.cfg"],
        tmp_path,
        lambda root, name: READABLE[manner](root / name, SOURCES[name]),
        check,
    )


@pytest.mark.parametrize("manner", [*HARMLESS, *UNREADABLE])
def test_whatever_lies_in_the_place_of_a_file_the_rest_is_read(manner: str, tmp_path: Path) -> None:
    build = HARMLESS.get(manner) or UNREADABLE[manner][0]
    every = {**SOURCES, **BYSTANDERS}
    assert not complaints(
        BYSTANDERS if manner in UNREADABLE else every,
        tmp_path,
        lambda root, name: build(root / name, every[name]),
        survived,
    )


@pytest.mark.parametrize("kind", YAML_TEXTS)
def test_a_hostile_document_in_yaml_is_survived(kind: str, tmp_path: Path) -> None:
    broken = kind in {"bomb", "deep", "no-yaml"}
    assert not complaints(
        YAML_FILES,
        tmp_path,
        lambda root, name: write(root, {name: YAML_TEXTS[kind]}),
        lambda name, found: told(name, found) if broken and name in SOURCES else None,
    )


def test_a_tag_in_yaml_is_not_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not complaints(
        YAML_FILES, tmp_path, lambda root, name: write(root, {name: YAML_FILES[name]}), survived
    )
    assert not list(tmp_path.rglob("marker"))


@pytest.mark.parametrize("kind", TOML_TEXTS)
def test_a_hostile_document_in_toml_is_survived(kind: str, tmp_path: Path) -> None:
    broken = kind in {"a-megabyte", "deep", "deep-tables", "dotted", "quotes"}
    assert not complaints(
        TOML_FILES,
        tmp_path,
        lambda root, name: write(root, {name: TOML_TEXTS[kind]}),
        lambda name, found: told(name, found) if broken and name in SOURCES else None,
    )


@pytest.mark.parametrize("kind", PYTHON_TEXTS)
def test_a_hostile_module_is_survived(kind: str, tmp_path: Path) -> None:
    broken = kind in {"parentheses", "no-python"}
    assert not complaints(
        PYTHON_FILES,
        tmp_path,
        lambda root, name: write(
            root, {"alembic.ini": BYSTANDERS["alembic.ini"], name: PYTHON_TEXTS[kind]}
        ),
        lambda name, found: told(name, found) if broken and name == "noxfile.py" else None,
    )


@pytest.mark.parametrize("case", [*SHELLS, *CONFIGURED])
def test_what_tangles_up_its_reader_is_survived(case: str, tmp_path: Path) -> None:
    files = {**SHELLS, **CONFIGURED}[case]()
    root = project(tmp_path, "Makefile" if "Makefile" in files else "")
    write(root, files)
    assert HEALTHY in planned(read(root))


def test_links_that_lead_round_are_not_followed(tmp_path: Path) -> None:
    root = project(tmp_path, "")
    (root / "round").symlink_to(root)
    (root / "healthy" / "back").symlink_to("..")
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "tests").symlink_to("/")
    found = read(root)
    assert [one.path for one in found.projects] == ["."]
    assert HEALTHY in planned(found)


def test_names_that_are_no_text_are_survived(tmp_path: Path) -> None:
    root = project(tmp_path, "")
    for name in (b"\xff\xfe.py", b"a\nb.py", b"-x.py", b"$(touch marker).py", b"a" * 250 + b".py"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text("x = 1\n")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).mkdir()
    Path(os.fsdecode(os.fsencode(root) + b"/\xff/pyproject.toml")).touch()
    assert HEALTHY in planned(read(root))


def test_folders_in_folders_without_end_are_survived(tmp_path: Path) -> None:
    root = project(tmp_path, "")
    folder = root
    for _ in range(300):
        folder /= "deep"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    assert HEALTHY in planned(read(root))
