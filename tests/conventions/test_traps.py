"""What misled readers of real projects is a small project each: hdb reads it as its people do."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_server.contract import ConventionsView, ProjectView
from mcp_server.conventions import read_conventions
from mcp_server.conventions_view import conventions_view
from mcp_server.repository import Command, Conventions, Project, Role

TRAPS = Path(__file__).resolve().parents[1] / "projects" / "traps"
SAYS = frozenset({"disagreements", "not_said", "problems", "not_planned"})
"""What `[says]` of an expected.toml may hold: parts of lines, and texts of commands."""

Check = Callable[[Command], object]
# What may be expected of each planned command of a role, beside its text.
FIELDS: Mapping[str, Check] = {
    "tool": lambda one: one.tool,
    "args": lambda one: list(one.args),
    "cwd": lambda one: one.cwd,
    "via": lambda one: one.via,
    "mutates": lambda one: one.mutates,
    "ci": lambda one: bool(one.in_ci),
}


def misread(
    expected: Mapping[str, Any], found: Conventions, view: ConventionsView
) -> Iterator[str]:
    """Yield a line for each thing that is not as `expected.toml` says.

    A role is expected as a command's text, a list of them, or a table of `FIELDS` with `command`,
    `commands`, `tools`, `has_args` (arguments in this order, among others), `has_args_of` (the same
    by tool) and `env` (variables, among others). "none" is a role that nothing serves,
    `{ unsure = true }` one for which commands are only told, `{ planned = false }` either.
    """
    projects = {one.path: one for one in found.projects}
    views = {one.path: one for one in view.projects}
    if projects.keys() != expected["projects"].keys():
        yield f"projects: {sorted(expected['projects'])} expected, {sorted(projects)} found"
        return
    for path, roles in expected["projects"].items():
        for role, wanted in roles.items():
            for line in _misread_role(Role(role), wanted, projects[path], views[path]):
                yield f"{path} {role}: {line}"
    yield from _missaid(expected.get("says", {}), found)
    place = expected.get("environment", {}).get("path")
    for one in view.projects if place else ():
        if one.environment.path != place:
            yield f"environment: {place} expected, {one.environment.path} found"


def _misread_role(role: Role, wanted: object, project: Project, view: ProjectView) -> Iterator[str]:
    planned = [one for one in project.commands if one.role is role]
    told = [one.command for one in view.roles.get(role.value, ())]
    table: Mapping[str, Any] = wanted if isinstance(wanted, dict) else {"commands": wanted}
    if wanted == "none":
        if told:
            yield f"no command expected, {told} found"
        return
    if table in ({"unsure": True}, {"planned": False}):
        if planned:
            yield f"nothing planned expected, {[one.text for one in planned]} planned"
        elif "unsure" in table and not told:
            yield "an unsure command expected, none told"
        return
    yield from _misplanned(table, planned)
    for command in planned:
        yield from _misread_command(table, command)


def _misplanned(table: Mapping[str, Any], planned: Sequence[Command]) -> Iterator[str]:
    texts = sorted(one.text for one in planned)
    commands = table.get("commands", table.get("command"))
    if commands is not None:
        commands = sorted([commands] if isinstance(commands, str) else commands)
        if texts != commands:
            yield f"{commands} expected, {texts} planned"
    elif "tools" in table:
        if sorted(one.tool for one in planned) != sorted(table["tools"]):
            yield f"{table['tools']} expected, {texts} planned"
    elif not planned:
        yield "a command expected, none planned"


def _misread_command(table: Mapping[str, Any], command: Command) -> Iterator[str]:
    for name, value in table.items():
        if name in FIELDS:
            has = FIELDS[name](command)
            if has != value:
                yield f"`{command.text}`: {name} = {value!r} expected, {has!r} found"
        elif name in {"has_args", "has_args_of"}:
            few = value if name == "has_args" else value.get(command.tool, ())
            if not _within(few, command.args):
                yield f"`{command.text}`: {few} expected among {list(command.args)}"
        elif name == "env":
            if not value.items() <= dict(command.env).items():
                yield f"`{command.text}`: {value} expected among {dict(command.env)}"
        elif name not in {"command", "commands", "tools"}:
            msg = f"expected.toml may not say {name}"
            raise ValueError(msg)


def _within(few: Sequence[str], many: Sequence[str]) -> bool:
    rest = iter(many)
    return all(one in rest for one in few)


def _missaid(says: Mapping[str, list[str]], found: Conventions) -> Iterator[str]:
    if not says.keys() <= SAYS:
        msg = f"expected.toml may say {sorted(SAYS)}"
        raise ValueError(msg)
    lines = {"disagreements": found.disagreements, "problems": found.problems}
    for kind, every in lines.items():
        for part in says.get(kind, ()):
            if not any(part in line for line in every):
                yield f"{kind}: a line with `{part}` expected, {list(every)} said"
    for part in says.get("not_said", ()):
        if any(part in line for line in found.disagreements):
            yield f"disagreements: no line with `{part}` expected, {list(found.disagreements)} said"
    planned = {one.text for project in found.projects for one in project.commands}
    for text in says.get("not_planned", ()):
        if text in planned:
            yield f"`{text}` is planned"


def overview(found: Conventions) -> str:
    """Return all that was found, to be read beside a failure."""
    lines = [f"problem: {one}" for one in found.problems]
    lines += [f"disagreement: {one}" for one in found.disagreements]
    for project in found.projects:
        for kind in ("commands", "others", "reported"):
            for one in getattr(project, kind):
                ci = f" in CI at {one.in_ci}" if one.in_ci else ""
                why = f": {one.reason}" if one.reason else ""
                lines.append(
                    f"{kind} {one.role.value}: {one.cwd}$ {one.text}  ({one.source}){ci}{why}"
                )
    return "\n".join(lines)


def lay_out(name: str, folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """Copy a trap without what is expected of it, and make the environment that it asks for."""
    copy = folder / "project"
    shutil.copytree(TRAPS / name, copy, ignore=shutil.ignore_patterns("expected.toml"))
    expected = tomllib.loads((TRAPS / name / "expected.toml").read_text(encoding="utf-8"))
    if made := expected.get("environment", {}).get("make"):
        (copy / made / "bin").mkdir(parents=True)
        (copy / made / "pyvenv.cfg").write_text("version = 3.13.1\n")
        for tool in ("python", "pytest", "coverage", "mypy", "ty", "ruff"):
            (copy / made / "bin" / tool).touch(mode=0o755)
    return copy, expected


@pytest.mark.parametrize("name", sorted(one.name for one in TRAPS.iterdir()))
def test_a_trap_is_read_as_its_people_mean_it(name: str, tmp_path: Path) -> None:
    copy, expected = lay_out(name, tmp_path)
    found = read_conventions(copy, {})
    wrong = list(misread(expected, found, conventions_view(found)))
    if wrong:
        listed = "\n  ".join(wrong)
        pytest.fail(f"{name}: {expected['why']}\n  {listed}\n{overview(found)}", pytrace=False)


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"lint": "flake8"}, "['flake8'] expected, ['flake8 mill'] planned"),
        ({"lint": ["flake8 mill", "x"]}, "['flake8 mill', 'x'] expected"),
        ({"lint": "none"}, "no command expected, ['flake8 mill'] found"),
        ({"lint": {"unsure": True}}, "nothing planned expected"),
        ({"lint": {"planned": False}}, "nothing planned expected"),
        ({"types": "mypy"}, "['mypy'] expected, [] planned"),
        ({"types": {"unsure": True}}, "an unsure command expected, none told"),
        ({"types": {"tool": "mypy"}}, "a command expected, none planned"),
        ({"format": {"tool": "ruff-format"}}, "tool = 'ruff-format' expected, 'black' found"),
        ({"format": {"mutates": True}}, "mutates = True expected"),
        ({"format": {"ci": True}}, "ci = True expected"),
        ({"format": {"via": "make"}}, "via = 'make' expected, 'make lint' found"),
        ({"format": {"has_args": ["mill", "--check"]}}, "expected among ['--check', 'mill']"),
        ({"format": {"env": {"A": "1"}}}, "{'A': '1'} expected among"),
    ],
)
def test_a_wrong_reading_would_be_noticed(
    wanted: Mapping[str, object], complaint: str, tmp_path: Path
) -> None:
    copy, _ = lay_out("decoy-ruff-table", tmp_path)
    found = read_conventions(copy, {})
    wrong = list(misread({"projects": {".": wanted}}, found, conventions_view(found)))
    assert len(wrong) == 1
    assert complaint in wrong[0]


def test_a_wrong_remark_would_be_noticed(tmp_path: Path) -> None:
    copy, _ = lay_out("decoy-ruff-table", tmp_path)
    found = replace(read_conventions(copy, {}), disagreements=("CI runs `that`",))
    says = {
        "disagreements": ["nobody says this"],
        "problems": ["nor this"],
        "not_said": ["CI runs"],
        "not_planned": ["flake8 mill"],
    }
    assert len(list(_missaid(says, found))) == 4


def test_every_trap_says_what_misleads_in_it() -> None:
    for folder in TRAPS.iterdir():
        expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
        assert expected["why"], folder.name
        assert expected["projects"], folder.name
