"""The actions of GitHub's marketplace that run a check, as the command that each stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Inputs: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stands:
    """What an action runs: shell text, and the folder it runs in, "" for the workspace."""

    text: str
    folder: str = ""


def is_check(name: str) -> bool:
    """Tell whether the action `owner/name` runs a check."""
    return name.lower() in ACTIONS


def stands_for(name: str, inputs: Inputs) -> Stands:
    """Return what a check runs with these inputs, an empty text where they leave nothing to run.

    The defaults are those of each action's own `action.yml`.
    """
    text = " ".join(ACTIONS[name.lower()](inputs).split())
    folder = inputs.get("working-directory", "") or inputs.get("working_directory", "")
    return Stands(text, folder)


def _first(inputs: Inputs, *names: str, default: str = "") -> str:
    return next((inputs[name] for name in names if inputs.get(name)), default)


def _options(inputs: Inputs, options: Mapping[str, str]) -> str:
    """Return the options that inputs stand for, `none` being how an input is left out."""
    given = ((option, inputs.get(name, "")) for name, option in options.items())
    return " ".join(f"{option}={value}" for option, value in given if value not in {"", "none"})


def _pre_commit(inputs: Inputs) -> str:
    return f"pre-commit run {inputs.get('extra_args', '--all-files')}"


def _prek(inputs: Inputs) -> str:
    if inputs.get("install-only", "").lower() == "true":
        return ""
    return f"prek run {_first(inputs, 'extra-args', 'extra_args', default='--all-files')}"


def _ruff(inputs: Inputs) -> str:
    return f"ruff {_first(inputs, 'args', default='check')} {_first(inputs, 'src', default='.')}"


def _black(inputs: Inputs) -> str:
    if older := inputs.get("black_args"):
        return f"black {older}"
    options = inputs.get("options", "--check --diff")
    return f"black {options} {_first(inputs, 'src', default='.')}"


def _isort(inputs: Inputs) -> str:
    options = inputs.get("configuration", "--check-only --diff")
    return f"isort {options} {_first(inputs, 'sort-paths', 'sortPaths', default='.')}"


def _pyright(inputs: Inputs) -> str:
    options = _options(
        inputs, {"project": "--project", "level": "--level", "python-version": "--pythonversion"}
    )
    warnings = "--warnings" if inputs.get("warnings") == "true" else ""
    types = f"--verifytypes {inputs['verify-types']}" if inputs.get("verify-types") else ""
    return f"pyright {options} {warnings} {types} {inputs.get('extra-args', '')}"


def _codespell(inputs: Inputs) -> str:
    if inputs.get("only_warn"):
        return ""
    options = _options(
        inputs,
        {
            "exclude_file": "--exclude-file",
            "skip": "--skip",
            "builtin": "--builtin",
            "ignore_words_file": "--ignore-words",
            "ignore_words_list": "--ignore-words-list",
        },
    )
    names = "--check-filenames" if inputs.get("check_filenames") else ""
    hidden = "--check-hidden" if inputs.get("check_hidden") else ""
    return f"codespell {names} {hidden} {options} {inputs.get('path', '')}"


def _typos(inputs: Inputs) -> str:
    write = "--write-changes" if inputs.get("write_changes") == "true" else ""
    return f"typos {_options(inputs, {'config': '--config'})} {write} {inputs.get('files', '.')}"


def _pip_audit(inputs: Inputs) -> str:
    # A folder is audited as a project, a file as requirements.
    named = inputs.get("inputs", "").split()
    return " ".join(["pip-audit", *(f"-r {one}" if one.endswith(".txt") else one for one in named)])


def _flake8(inputs: Inputs) -> str:
    options = _options(
        inputs,
        {
            "ignore": "--ignore",
            "exclude": "--exclude",
            "max-line-length": "--max-line-length",
        },
    )
    more = inputs.get("args", "none").replace("none", "")
    return f"flake8 {options} {more} {_first(inputs, 'path', default='.')}"


def _zizmor(inputs: Inputs) -> str:
    return f"zizmor {_first(inputs, 'inputs', default='.')}"


def _input(name: str) -> Callable[[Inputs], str]:
    return lambda inputs: inputs.get(name, "")


ACTIONS: dict[str, Callable[[Inputs], str]] = {
    "pre-commit/action": _pre_commit,
    "j178/prek-action": _prek,
    "astral-sh/ruff-action": _ruff,
    "chartboost/ruff-action": _ruff,
    "psf/black": _black,
    "isort/isort-action": _isort,
    "jamescurtin/isort-action": _isort,
    "jakebailey/pyright-action": _pyright,
    "codespell-project/actions-codespell": _codespell,
    "crate-ci/typos": _typos,
    "pypa/gh-action-pip-audit": _pip_audit,
    "py-actions/flake8": _flake8,
    "zizmorcore/zizmor-action": _zizmor,
    "codspeedhq/action": _input("run"),
    "coactions/setup-xvfb": _input("run"),
    "gabrielbb/xvfb-action": _input("run"),
    "nick-fields/retry": _input("command"),
    "nick-invision/retry": _input("command"),
    "wandalen/wretry.action": _input("command"),
}
"""By lower-case name, which is how GitHub finds them. Setting up a tool runs no check, so that
`wntrblm/nox` and its like are not here; neither is what only builds, such as
`hynek/build-and-inspect-python-package`."""
