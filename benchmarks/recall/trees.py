"""Says which trees of real commits are compared, and lays their files out."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

from benchmarks.conventions import lines_of

Form: TypeAlias = Literal["commit", "taken back", "ahead"]
FORMS: dict[Form, str] = {
    "commit": "the commit against its parent",
    "taken back": "the commit with its sources as they were",
    "ahead": "the parent with the commit's sources",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A line of the corpus: where a project's sources and tests lie, and how its tests run.

    Paths are relative to `folder`, the part of the repository that would be verified.
    """

    repo: str
    python: str
    install: tuple[str, ...]
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    module: str
    commits: tuple[str, ...]
    folder: str = ""
    path: tuple[str, ...] = (".",)
    metadata: str = ""
    """A released version, whose metadata (version, entry points) the tests read."""
    arguments: tuple[str, ...] = ()
    whole: int = 0
    """Of so many commits, the newest, all three pairs are run; of the others the cheapest."""

    @property
    def name(self) -> str:
        """OWNER+NAME, as folders are called."""
        return self.repo.replace("/", "+")


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a commit, with the sources of another."""

    base: str
    sources: str

    @property
    def key(self) -> str:
        """Names the file that keeps what a run of this tree gave."""
        return f"{self.base[:12]}-{self.sources[:12]}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two trees, and the paths (relative to the project's folder) in which they differ."""

    commit: str
    form: Form
    before: Tree
    after: Tree
    changed: tuple[str, ...]
    deleted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Where git directories, environments and results of runs lie."""

    projects: Path
    mirror: Path | None
    again: bool = False
    """Nothing is run: what has no kept result is not measured."""

    def git(self, project: Project, *arguments: str) -> bytes:
        """Return what git says of a project's repository."""
        home = self.mirror / project.name / "repo" if self.mirror else self.bare(project)
        argv = ["git", "--git-dir", str(home), *arguments]
        return subprocess.run(argv, capture_output=True, check=True).stdout

    def bare(self, project: Project) -> Path:
        """Return where a project's repository is cloned to."""
        return self.projects / f"{project.name}.git"

    def environment(self, project: Project) -> Path:
        """Return where the interpreter with a project's dependencies lies."""
        return self.projects / "environments" / project.name

    def result(self, project: Project, tree: Tree, files: tuple[str, ...]) -> Path:
        """Return where the outcomes of a tree's run, of all tests or of `files`, are kept."""
        part = hashlib.sha256("\0".join(files).encode()).hexdigest()[:8] if files else "all"
        return self.projects / "results" / project.name / f"{tree.key}.{part}.json"


def below(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a path is one of the folders or files, or lies in one."""
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def is_source(project: Project, path: str) -> bool:
    """Tell whether a path is what the tests test, and no test."""
    return below(path, project.sources) and not below(path, project.tests)


def differing(store: Store, project: Project, old: str, new: str) -> dict[str, bool]:
    """Return the paths below the project's folder that differ, and whether they exist in new."""
    asked = ["diff", "--name-status", "--no-renames", "-z", old, new, "--", project.folder or "."]
    words = store.git(project, *asked).decode().split("\0")[:-1]
    prefix = f"{project.folder}/" if project.folder else ""
    states = zip(words[::2], words[1::2], strict=True)
    return {path.removeprefix(prefix): state != "D" for state, path in states}


def pairs_of(store: Store, project: Project) -> Iterator[Pair]:
    """Yield the pairs of each commit: its sources taken back, and of some the other two."""
    for number, commit in enumerate(project.commits):
        parent = store.git(project, "rev-parse", f"{commit}^").decode().strip()
        own = differing(store, project, parent, commit)
        sources = {path: there for path, there in own.items() if is_source(project, path)}
        old, new = Tree(parent, parent), Tree(commit, commit)
        back = differing(store, project, commit, parent)
        back = {path: there for path, there in back.items() if path in sources}
        yield _pair(commit, "taken back", (new, Tree(commit, parent)), back)
        if number < project.whole:
            yield _pair(commit, "ahead", (old, Tree(parent, commit)), sources)
            yield _pair(commit, "commit", (old, new), own)


def _pair(commit: str, form: Form, trees: tuple[Tree, Tree], paths: dict[str, bool]) -> Pair:
    changed = tuple(sorted(path for path, there in paths.items() if there))
    deleted = tuple(sorted(path for path, there in paths.items() if not there))
    return Pair(commit, form, *trees, changed, deleted)


def lay_out(store: Store, project: Project, tree: Tree, target: Path) -> Path:
    """Write the files of a tree below `target`; return the project's folder in it."""
    with tarfile.open(fileobj=io.BytesIO(store.git(project, "archive", tree.base))) as archive:
        archive.extractall(target, filter="tar")
    root = target / project.folder
    for path, there in differing(store, project, tree.base, tree.sources).items():
        if is_source(project, path):
            if there:
                name = f"{tree.sources}:{PurePosixPath(project.folder, path)}"
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(store.git(project, "cat-file", "blob", name))
            else:
                (root / path).unlink()
    return root


def projects_of(path: Path) -> list[Project]:
    """Return the projects of a corpus file."""
    found = []
    for line in lines_of(path):
        row: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in line.items()
        }
        found.append(Project(**row))
    return found
