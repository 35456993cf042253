"""The hooks of well-known repositories, as the command that each runs, with its own defaults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.hooks.folders import alternatives
from mcp_server.conventions.tasks.runner import unwrap

AFTER_CHECKOUT = frozenset({"post-checkout", "post-merge", "post-rewrite"})
MESSAGE = frozenset({"commit-msg"})


@dataclass(frozen=True, slots=True)
class Hook:
    """What a hook's `.pre-commit-hooks.yaml` says where a configuration does not say otherwise."""

    entry: tuple[str, ...]
    args: tuple[str, ...] = ()
    files: bool = True
    """Whether it is given the names of the files."""
    stages: frozenset[str] = frozenset()
    """The stages it runs in, where they are not all."""


def _hook(
    entry: str, args: str = "", *, files: bool = True, stages: frozenset[str] = frozenset()
) -> Hook:
    return Hook(tuple(entry.split()), tuple(args.split()), files, stages)


# Each as the `.pre-commit-hooks.yaml` of the repository that is named above it gives it.
HOOKS = {
    # astral-sh/ruff-pre-commit; `ruff` is the former name of `ruff-check`
    "ruff": _hook("ruff check --force-exclude"),
    "ruff-check": _hook("ruff check --force-exclude"),
    "ruff-format": _hook("ruff format --force-exclude"),
    # psf/black and psf/black-pre-commit-mirror
    "black": _hook("black"),
    "black-jupyter": _hook("black"),
    # PyCQA/isort
    "isort": _hook("isort", "--filter-files"),
    # PyCQA/flake8, PyCQA/autoflake, PyCQA/bandit, PyCQA/pydocstyle, PyCQA/docformatter, PyCQA/doc8
    "flake8": _hook("flake8"),
    "autoflake": _hook(
        "autoflake",
        "--in-place --expand-star-imports --remove-duplicate-keys --remove-unused-variables",
    ),
    "bandit": _hook("bandit"),
    "pydocstyle": _hook("pydocstyle"),
    "docformatter": _hook("docformatter", "-i"),
    "docformatter-venv": _hook("docformatter", "-i"),
    "doc8": _hook("python -m doc8"),
    # pylint-dev/pylint
    "pylint": _hook("pylint"),
    # pre-commit/mirrors-mypy
    "mypy": _hook("mypy", "--ignore-missing-imports --scripts-are-modules"),
    # RobertCraigie/pyright-python, DetachHead/basedpyright-pre-commit-mirror
    "pyright": _hook("pyright"),
    "basedpyright": _hook("basedpyright"),
    # allganize/ty-pre-commit and other mirrors, facebook/pyrefly-pre-commit
    "ty": _hook("ty check"),
    "ty-check": _hook("ty check"),
    "pyrefly": _hook("pyrefly check"),
    "pyrefly-check": _hook("pyrefly check"),
    # codespell-project/codespell, crate-ci/typos
    "codespell": _hook("codespell"),
    "typos": _hook("typos", "--write-changes --force-exclude"),
    # jendrikseipp/vulture, econchick/interrogate, ariebovenberg/slotscheck
    "vulture": _hook("vulture"),
    "interrogate": _hook("interrogate"),
    "slotscheck": _hook("slotscheck"),
    # seddonym/import-linter, fpgmaas/deptry
    "import-linter": _hook("lint-imports", files=False),
    "deptry": _hook("deptry .", files=False),
    # asottile/pyupgrade, asottile/yesqa, asottile/add-trailing-comma
    "pyupgrade": _hook("pyupgrade"),
    "yesqa": _hook("yesqa"),
    "add-trailing-comma": _hook("add-trailing-comma"),
    # adamchainz/django-upgrade, adamchainz/blacken-docs
    "django-upgrade": _hook("django-upgrade"),
    "blacken-docs": _hook("blacken-docs"),
    # astral-sh/uv-pre-commit
    "uv-lock": _hook("uv lock", files=False),
    "uv-export": _hook("uv export", "--frozen --output-file=requirements.txt", files=False),
    "uv-sync": _hook("uv sync", "--locked", files=False, stages=AFTER_CHECKOUT),
    "pip-compile": _hook("uv pip compile", files=False),
    # python-poetry/poetry
    "poetry-check": _hook("poetry check", files=False),
    "poetry-lock": _hook("poetry lock", files=False),
    "poetry-export": _hook("poetry export", "-f requirements.txt -o requirements.txt", files=False),
    "poetry-install": _hook("poetry install", files=False, stages=AFTER_CHECKOUT),
    # sphinx-contrib/sphinx-lint
    "sphinx-lint": _hook("sphinx-lint", "--jobs=1"),
    # zizmorcore/zizmor-pre-commit, rhysd/actionlint
    "zizmor": _hook("zizmor"),
    "actionlint": _hook("actionlint", files=False),
    # gitleaks/gitleaks, Yelp/detect-secrets
    "gitleaks": _hook("gitleaks dir --redact --verbose", files=False),
    "detect-secrets": _hook("detect-secrets-hook", "--base64-limit 4.5 --hex-limit 3"),
    # pypa/pip-audit, Lucas-C/pre-commit-hooks-safety
    "pip-audit": _hook("pip-audit", files=False),
    "python-safety-dependencies-check": _hook("safety check", files=False),
}
STAGES = {
    # compilerla/conventional-pre-commit, commitizen-tools/commitizen, jorisroovers/gitlint
    "conventional-pre-commit": MESSAGE,
    "commitizen": MESSAGE,
    "gitlint": MESSAGE,
}
"""The stages of hooks whose command is no check of the code."""
RECURSIVE = {"bandit": "-r", "autoflake": "-r", "docformatter": "-r"}
"""Tools that go through a folder only where an option says so."""
FOLDERS = (
    frozenset(
        "ruff black isort flake8 pflake8 flake8p mypy pylint pyright basedpyright ty pyrefly "
        "codespell typos vulture interrogate slotscheck pydocstyle sphinx-lint doc8 zizmor".split()
    )
    | RECURSIVE.keys()
)
"""Tools that take a folder in the place of its files."""
ANY_FILES = frozenset("codespell typos sphinx-lint doc8 zizmor".split())
"""Those of them that read files of other languages than Python."""
OTHER_ENDING = re.compile(r"\\\.(?:\w+|\([\w|]+\))\$?\Z")
PYTHON_ENDING = re.compile(r"\b(?:py[iwx]?|ipynb)\b")
MAX_ARGS = 50
"""How many arguments are looked up as paths."""
COMMANDS = frozenset({"ruff", "ty", "pyrefly"})
"""Tools whose first argument says what they do."""


def takes_folders(argv: Sequence[str]) -> bool:
    """Tell whether a command can be given a folder for the files in it."""
    return unwrap(argv).program in FOLDERS


def leaves_python(argv: Sequence[str], exclude: str) -> bool:
    """Tell whether what an `exclude` pattern takes away is nothing that the tool would read."""
    if unwrap(argv).program in ANY_FILES:
        return False
    endings = [OTHER_ENDING.search(one.rstrip()) for one in alternatives(exclude)]
    return all(one is not None and not PYTHON_ENDING.search(one[0]) for one in endings)


def with_folders(argv: Sequence[str], folders: Sequence[str], root: Path) -> tuple[str, ...]:
    """Return a command with the folders that stand for a hook's files, unless it names its own."""
    started = unwrap(argv)
    args = started.args[1:] if started.program in COMMANDS else started.args
    if any(_is_path(args, index, root) for index in range(min(len(args), MAX_ARGS))):
        return tuple(argv)
    option = RECURSIVE.get(started.program)
    recursive = (option,) if option and option not in args and "--recursive" not in args else ()
    return (*argv, *recursive, *folders)


def _is_path(args: Sequence[str], index: int, root: Path) -> bool:
    """Tell whether an argument is a path and not the value of an option before it."""
    word = args[index]
    if word.startswith("-") or "\0" in word:
        return False
    try:
        path = root / word
        return path.is_dir() or (path.exists() and not (index and args[index - 1].startswith("-")))
    except OSError:
        return False
