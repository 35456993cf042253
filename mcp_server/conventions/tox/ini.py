"""Reads the environments of tox.ini, and of setup.cfg's and pyproject.toml's tox in INI form."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tox.factors import Conditional, conditional, names_of, select
from mcp_server.conventions.tox.lines import with_line
from mcp_server.conventions.tox.substitution import Context, referred, resolve
from mcp_server.conventions.tox.targets import SECTION, ToxTarget, marked, merged, required

SETTING = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)$", re.DOTALL)
CORE = ("tox", "tox:tox")
ALIASES = {
    "set_env": "setenv",
    "change_dir": "changedir",
    "env_list": "envlist",
    "allowlist_externals": "whitelist_externals",
    "base_python": "basepython",
}
TRUE = frozenset({"true", "1", "yes", "on"})
MAX_WORK = 2_000_000
"""How many characters of settings are looked at for all environments together: 0.5 s."""
MAX_VARIABLES = 200

Sections = Mapping[str, Mapping[str, str]]


def of_ini(
    sections: Sections,
    source: str,
    *,
    lines: Mapping[str, int] | None = None,
    posargs: Sequence[str] | None = None,
) -> list[ToxTarget]:
    """Return `[testenv]`, each environment with own commands, and those that factors make.

    `source` names a section where it has `{}`; `lines` are its commands' lines, from
    `tox_lines`; `posargs` is what a call gives after `--`.
    """
    ini = _Ini(sections, source, dict(lines or {}), None if posargs is None else tuple(posargs))
    return merged(ini.targets())


@dataclass(slots=True)
class _Ini:
    """A configuration with what its environments inherit and refer to."""

    sections: Sections
    source: str
    lines: dict[str, int]
    posargs: tuple[str, ...] | None
    _conditional: dict[str, tuple[Conditional, ...]] = field(default_factory=dict)
    _spliced: dict[tuple[str, str], str] = field(default_factory=dict)
    _found: dict[tuple[str, str], tuple[str, str] | None] = field(default_factory=dict)

    def targets(self) -> Iterator[ToxTarget]:
        listed = self._listed()
        own: dict[str, str] = {}
        for section in self.sections:
            base, colon, names = section.partition(":")
            if base == SECTION and colon:
                own.update((name, section) for name in names_of(names) if name not in own)
        labels = self._labels()
        size = 1 + sum(len(text or "") for one in self.sections.values() for text in one.values())
        most = max(10, MAX_WORK // size)
        for name in list(dict.fromkeys([SECTION, *own, *listed]))[:most]:
            section = own.get(name, SECTION)
            default = name in listed or (name == SECTION and not listed)
            target = self._target(name, section, labels.get(name, ()), default=default)
            # An environment that nothing lists counts only where it has commands of its own.
            if target is not None and (default or name == SECTION or self._has(section)):
                yield target

    def _has(self, section: str) -> bool:
        return "commands" in self.sections.get(section, {})

    def _core(self, key: str) -> str:
        texts = (self._get(section, key) for section in CORE)
        return next((text for text in texts if text), "")

    def _listed(self) -> list[str]:
        return names_of("\n".join(self._select(self._core("env_list"), "")))

    def _labels(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for line in self._select(self._core("labels"), ""):
            label, _, names = line.partition("=")
            for name in names_of(names):
                found[name] = (*found.get(name, ()), label.strip())
        return found

    def _select(self, text: str, name: str) -> list[str]:
        if text not in self._conditional:
            self._conditional[text] = conditional(text)
        return select(self._conditional[text], name)

    def _get(self, section: str, key: str) -> str | None:
        values = self.sections.get(section, {})
        return values.get(key, values.get(ALIASES.get(key, key)))

    def _find(self, section: str, key: str) -> tuple[str, str] | None:
        """Return a setting of an environment, its own or inherited, and the section it is from."""
        if (section, key) not in self._found:
            self._found[section, key] = self._search(section, key)
        return self._found[section, key]

    def _search(self, section: str, key: str) -> tuple[str, str] | None:
        bases = (self._get(section, "base") or SECTION).replace("\n", ",").split(",")
        inherited = [one for base in bases for one in (base.strip(), f"{SECTION}:{base.strip()}")]
        for one in (section, *inherited):
            if self._get(one, key) is not None:
                return self._splice(one, key), one
        return None

    def _splice(self, section: str, key: str) -> str:
        if (section, key) not in self._spliced:
            text = referred(self._get(section, key) or "", self._referred)
            self._spliced[section, key] = text
        return self._spliced[section, key]

    def _referred(self, section: str, key: str) -> str | None:
        text = self._get(section, key)
        if text is None and section.startswith(SECTION):
            text = self._get(SECTION, key)
        return text

    def _target(
        self, name: str, section: str, labels: tuple[str, ...], *, default: bool
    ) -> ToxTarget | None:
        shown = "py" if name == SECTION else name

        def raw(key: str) -> list[str]:
            found = self._find(section, key)
            return self._select(found[0], shown) if found else []

        def one_line(key: str) -> str | None:
            found = self._find(section, key)
            return None if found is None else " ".join(self._select(found[0], shown))

        folder = resolve(" ".join(raw("change_dir")), Context(shown, ".", lookup=one_line)) or "."
        folder = UNKNOWN if UNKNOWN in folder else posixpath.normpath(folder)
        root = "." if UNKNOWN in folder else posixpath.relpath(".", folder)
        env: dict[str, str] = {}
        context = Context(shown, root, self.posargs, env, one_line)
        settings, files = _settings(raw("set_env"))
        for key, text in [*settings, *settings]:
            # A variable that names itself means the one that tox was started with.
            env.pop(key, None)
            env[key] = resolve(text, context)

        def filled(key: str) -> tuple[str, ...]:
            return tuple(filter(None, (resolve(line, context).strip() for line in raw(key))))

        found = self._find(section, "commands")
        lines, ignored = marked(filled("commands"))
        if found is None or not lines:
            return None
        deps, requirements = required(filled("deps"))
        return ToxTarget(
            name,
            with_line(self.source.format(found[1]), self.lines),
            lines,
            {key: text for key, text in env.items() if UNKNOWN not in text},
            folder,
            default=default,
            labels=(*labels, *names_of("\n".join(raw("labels")))),
            ignored=ignored,
            ignore_outcome=" ".join(raw("ignore_outcome")).lower() in TRUE,
            before=marked(filled("commands_pre"))[0],
            after=marked(filled("commands_post"))[0],
            deps=deps,
            requirements=requirements,
            groups=tuple(names_of("\n".join(filled("dependency_groups")))),
            extras=tuple(names_of("\n".join(filled("extras")))),
            skip_install=" ".join(raw("skip_install")).lower() in TRUE,
            runner=" ".join(raw("runner")),
            allowed=tuple(names_of("\n".join(filled("allowlist_externals")))),
            env_files=files,
        )


def _settings(lines: list[str]) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Return the variables of `set_env`, and the files that hold more (`file|path`)."""
    found = [(match[1], match[2]) for line in lines if (match := SETTING.match(line))]
    files = tuple(line.removeprefix("file|") for line in lines if line.startswith("file|"))
    return found[:MAX_VARIABLES], files
