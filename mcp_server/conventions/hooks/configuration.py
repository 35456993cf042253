"""Reads pre-commit's configuration, and prek's, into the commands that the hooks run."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from mcp_server.conventions.choice.hook_commands import doubted, limited
from mcp_server.conventions.files.toml import parse_toml
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping, parse_yaml
from mcp_server.conventions.hooks.folders import folders_of, reasons
from mcp_server.conventions.hooks.hook_file import FORMER_STAGES, PLAIN_STAGE, HookFile, selected
from mcp_server.conventions.hooks.tools import (
    HOOKS,
    STAGES,
    Hook,
    leaves_python,
    takes_folders,
    with_folders,
)
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile, take_apart
from mcp_server.models import Filter

__all__ = ["HookFile", "read_hooks", "selected"]

FILES = ("prek.toml", ".pre-commit-config.yaml", ".pre-commit-config.yml")
"""In the order in which prek takes them; pre-commit reads the second only."""
WITHOUT_COMMAND = frozenset({"pygrep", "fail", "docker", "docker_image"})
"""Languages whose `entry` is no command of this machine."""
NO_REPOSITORY = frozenset({"meta", "builtin"})
PYTHON_TYPES = frozenset("python pyi jupyter cython file text non-executable executable".split())
MAX_HOOKS = 500
MAX_WORDS = 300
MAX_TEXT = 5000
"""How long a text of a hook may be, in characters."""
WORK = 100_000
"""How many characters the fields of all hooks together may have."""
MAX_SHOWN = 120
HASH = re.compile(r"[0-9a-f]{40}\Z")
VERSION = re.compile(r"v?(\d+(?:\.\d+)+[\w.+-]*)\Z")
FROZEN = re.compile(r"#\s*(?:frozen:\s*)?v?(\d+(?:\.\d+)+[\w.+-]*)")
PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([\w.+-]+)\Z")
USES_PREK = re.compile(r"[\"']prek\b(?![\w-])")


def read_hooks(place: Place, folder: str) -> HookFile | None:
    """Return the hooks that the configuration in `folder`, relative to the root, names."""
    for name in FILES:
        path = posixpath.normpath(posixpath.join(folder, name))
        text = place.text(path)
        if text is None:
            continue
        try:
            document = _toml(text) if name.endswith(".toml") else parse_yaml(text)
        except ValueError as error:
            place.reader.unreadable(path, str(error))
            return None
        except RecursionError:
            place.reader.unreadable(path, "it nests too deep to be read")
            return None
        if isinstance(document, list):
            # The form before version 1.0 is the list of repositories itself.
            document = {"repos": document}
        return _Configuration(place, path, folder, text, as_mapping(document)).read()
    return None


def _toml(text: str) -> Value:
    """Return what TOML holds as YAML would, with the lines in which the hooks' ids stand."""
    document = parse_toml(text)
    lines = [
        number
        for number, line in enumerate(text.split("\n"), 1)
        if re.search(r"(?:^|[{,\s])id\s*=", line)
    ]
    return _located(document, iter(lines), "")


def _located(value: object, lines: Iterator[int], key: str) -> Value:
    if isinstance(value, dict):
        found: dict[str, Value] = {}
        for name, one in value.items():
            found[name] = _located(one, lines, name)
        return found
    if isinstance(value, list):
        return [_located(one, lines, "") for one in value]
    scalar = Located(str(value).lower() if isinstance(value, bool) else str(value))
    scalar.line = next(lines, 1) if key == "id" else 1
    return scalar


@dataclass(frozen=True, slots=True)
class _Sight:
    """A hook's command and why it sees fewer files than that names: which, where all is known."""

    argv: Sequence[str]
    reasons: tuple[str, ...] = ()
    within: Filter | None = None


@dataclass(slots=True)
class _Configuration:
    """A configuration while its hooks are read."""

    place: Place
    path: str
    folder: str
    text: str
    document: Mapping[str, Value]
    left: int = WORK
    prek: bool = False
    tasks: dict[str, Task] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    filters: dict[str, Filter] = field(default_factory=dict)
    narrowed: dict[str, str] = field(default_factory=dict)
    stages: dict[str, frozenset[str]] = field(default_factory=dict)
    names: dict[str, frozenset[str]] = field(default_factory=dict)

    def read(self) -> HookFile:
        self.prek = self._is_for_prek()
        for repository, fields, hook in islice(self._hooks(), MAX_HOOKS):
            self._add(repository, fields, hook)
        ci = as_mapping(self.document.get("ci"))
        skip = {_short(one) for one in as_list(ci.get("skip"))} - {""}
        shown = f"{'prek' if self.prek else 'pre-commit'} run --all-files "
        return HookFile(
            TaskFile(self.path, self.folder, self.tasks, shown),
            self.versions,
            "pre-commit.ci" if "ci" in self.document else "",
            frozenset(name for name, stages in self.stages.items() if PLAIN_STAGE not in stages),
            frozenset(name for name, own in self.names.items() if own & skip),
            self.filters,
            self.narrowed,
            self.stages,
            self.names,
        )

    def _is_for_prek(self) -> bool:
        if self.path.endswith(".toml") or "minimum_prek_version" in self.document:
            return True
        names = dict.fromkeys((posixpath.join(self.folder, "pyproject.toml"), "pyproject.toml"))
        texts = [self.place.text(posixpath.normpath(name)) or "" for name in names]
        return any(USES_PREK.search(one) and "pre-commit" not in one for one in texts)

    def _hooks(self) -> Iterator[tuple[str, Mapping[str, Value], Mapping[str, Value]]]:
        for entry in as_list(self.document.get("repos")):
            fields = as_mapping(entry)
            for hook in as_list(fields.get("hooks")):
                if isinstance(hook, dict):
                    yield _short(fields.get("repo")), fields, hook

    def _add(self, repository: str, fields: Mapping[str, Value], hook: Mapping[str, Value]) -> None:
        key = hook.get("id")
        if not self._is_affordable(hook):
            return
        if not isinstance(key, Located) or not key or len(key) > MAX_TEXT:
            return
        alias = _short(hook.get("alias"))
        name = base = alias or str(key)
        number = 2
        while name in self.tasks:
            name, number = f"{base}-{number}", number + 1
        outside = repository not in {"local", *NO_REPOSITORY}
        known = HOOKS.get(key) if outside else None
        source = f"{self.path}:{key}:{key.line}"
        self.names[name] = frozenset({str(key), alias} - {""})
        self._note_stages(name, hook, known.stages if known else STAGES.get(key, frozenset()))
        argv = [] if repository in NO_REPOSITORY else _argv(hook, known)
        parts: tuple[Part, ...] = ()
        if argv is None:
            parts = take_apart(f"{UNREADABLE}{hook['entry']}", source, self.folder, self.place)
        elif argv and _short(hook.get("language")) not in WITHOUT_COMMAND:
            self._note_version(argv, repository, fields.get("rev"), hook)
            files = hook.get("pass_filenames") != "false" and (known is None or known.files)
            sight = self._sight(hook, argv) if files else _Sight(argv)
            parts = take_apart(shlex.join(sight.argv), source, self.folder, self.place)
            if sight.reasons:
                parts = self._narrowed(name, sight, parts)
        self.tasks[name] = Task(name, source, parts)

    def _is_affordable(self, hook: Mapping[str, Value]) -> bool:
        """Take what a hook's fields cost from what is left; False where that is used up."""
        if self.left <= 0:
            why = f"its hooks have more than {WORK:,} characters, and hdb reads no more of them"
            self.place.reader.unreadable(self.path, why)
            return False
        for one in hook.values():
            texts = one[:MAX_WORDS] if isinstance(one, list) else [one]
            self.left -= sum(len(text) for text in texts if isinstance(text, Located))
        return True

    def _note_stages(self, name: str, hook: Mapping[str, Value], own: frozenset[str]) -> None:
        stated = as_list(hook.get("stages")) or (
            [] if own else as_list(self.document.get("default_stages"))
        )
        texts = {str(one) for one in stated if isinstance(one, Located)}
        stages = frozenset(FORMER_STAGES.get(one, one) for one in texts) or own
        if stages:
            self.stages[name] = stages

    def _note_version(
        self, argv: Sequence[str], repository: str, rev: Value | None, hook: Mapping[str, Value]
    ) -> None:
        """Keep the version of a hook's tool: that of its repository, or of what it depends on."""
        tool = argv[2] if argv[:2] == ["python", "-m"] else argv[0]
        for one in as_list(hook.get("additional_dependencies"))[:MAX_WORDS]:
            match = PINNED.match(_short(one))
            if match and match[1].lower() == tool:
                self.versions.setdefault(tool, match[2])
        basename = repository.rstrip("/").rpartition("/")[2].lower()
        if not isinstance(rev, Located) or tool not in basename:
            return
        match = VERSION.match(_short(rev))
        if HASH.match(rev):
            line = self.text.split("\n", rev.line)[rev.line - 1 : rev.line]
            match = FROZEN.search(line[0][:MAX_TEXT]) if line else None
        if match:
            self.versions.setdefault(tool, match[1])

    def _sight(self, hook: Mapping[str, Value], argv: Sequence[str]) -> _Sight:
        """Return a command with the folders of the files that it is given."""
        files, odd = _patterns("files", hook, self.document)
        exclude, more = _patterns("exclude", hook, self.document)
        files = [one for one in files if one not in {"^", ".*"}]
        exclude = [one for one in exclude if one != "^$" and not leaves_python(argv, one)]
        told, searchable = reasons(files, exclude)
        other = [*odd, *more, *(["hdb does not search with such a pattern"] * (not searchable))]
        if told and self.folder != "." and not self.prek:
            other.append("whether its patterns begin at the configuration is not known")
        stated_types = (one for key in ("types", "types_or") for one in as_list(hook.get(key)))
        types = {_short(one) for one in stated_types} - {""}
        if types and not types & PYTHON_TYPES:
            other.append(f"only {' and '.join(sorted(types))} files")
        # prek works in the configuration's folder, pre-commit in the root of the Git repository.
        base = self.folder if self.prek else "."
        folders = (folders_of(files[0]) if len(files) == 1 else None) or (".",)
        given = tuple(argv)
        if takes_folders(argv):
            inside = [posixpath.relpath(posixpath.join(base, one), self.folder) for one in folders]
            given = with_folders(argv, inside, self.place.root / self.folder)
        elif folders != (".",):
            other.append(f"only files in {', '.join(folders)}")
        # A command that names paths of its own reads them all, whatever it is given besides.
        exact = not other and given != tuple(argv)
        within = Filter(tuple(files), tuple(exclude), posixpath.normpath(base))
        return _Sight(given, (*told, *other), within if exact else None)

    def _narrowed(self, name: str, sight: _Sight, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Return the parts of a hook that is not given all files of the folders in its command."""
        if sight.within is not None and (known := limited(parts, sight.within)) is not None:
            self.filters[name] = sight.within
            return known
        self.narrowed[name] = why = "; ".join(_shown(one) for one in sight.reasons)
        return doubted(parts, why)


def _patterns(key: str, *fields: Mapping[str, Value]) -> tuple[list[str], list[str]]:
    """Return the patterns that are stated, and why others cannot be read."""
    values = [value for one in fields if (value := one.get(key))]
    texts = [text for one in values if (text := _short(one))]
    return texts, [f"hdb cannot read its `{key}`"] * (len(texts) < len(values))


def _argv(hook: Mapping[str, Value], known: Hook | None) -> list[str] | None:
    """Return the words of a hook's command, none where it names none, None where unreadable."""
    entry = hook.get("entry")
    words: list[str] = list(known.entry) if known else []
    if isinstance(entry, Located):
        try:
            words = shlex.split(entry[:MAX_TEXT])
        except ValueError:
            return None
    stated = hook.get("args")
    args = list(known.args) if known else []
    if stated is not None:
        args = [_short(one) for one in as_list(stated)[:MAX_WORDS]]
    return [*words, *args] if words else []


def _short(value: object) -> str:
    return str(value) if isinstance(value, Located) and len(value) <= MAX_TEXT else ""


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN else f"{line[:MAX_SHOWN]}..."
