"""Answers a client's Stop hook: whether a session may end its turn with what it changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from mcp_server.conventions.choice.stated import STOP_CHECK
from mcp_server.conventions.files.settings import mapping
from mcp_server.conventions.files.toml import toml_file
from mcp_server.conventions.layout.projects import is_marked
from mcp_server.snapshot import Snapshot, differing, records
from mcp_server.snapshot.relevance import is_source
from mcp_server.standing import Standing, standing
from mcp_server.status import counted, shown_path

SWITCH = "HDB_STOP_CHECK"
OFF = frozenset({"0", "off", "false", "no"})
ALLOW = "{}"
"""What lets the session stop, in the hook's own form."""
_TOLD: set[tuple[Path, frozenset[tuple[str, str | None]]]] = set()
"""The content for which a stop was refused: saying it again helps nobody."""
MOST_NAMES = 3
LONGEST_NAME = 32
LONGEST_WHERE = 60
LONGEST_WHY = 60


def answer_stop(active: object, began: Callable[[], tuple[Path, Path, Snapshot]]) -> str:
    """Return what a Stop hook answers, as JSON text; never raises.

    `active` says whether the session goes on because of a hook already: only a plain "false"
    lets it be held back, so that no stop is refused twice; nor is one refused again in a later
    turn for the same content. `began` gives the folder that is verified by default, the one that
    the session works in, and the content of that one when the session began.
    """
    try:
        if str(active).strip().casefold() != "false" or _is_off(os.environ.get(SWITCH, "")):
            return ALLOW
        base, root, first = began()
        found = standing(root)
        # Where hdb cannot tell, a session would be held back for ever.
        tells = found.now.whole and first.whole and records.can_keep()
        if found.sources_verified or not tells:
            return ALLOW
        excused = _Excused(root)
        sources = (path for path in differing(first, found.now) if is_source(path))
        changed = [path for path in sources if not excused.holds(path)]
        told = root, frozenset((path, found.now.marks.get(path)) for path in changed)
        if not changed or told in _TOLD:
            return ALLOW
        _TOLD.add(told)
        where = "" if root == base else root.relative_to(base).as_posix()
        answer = {"decision": "block", "reason": _reason(changed, found, where)}
        return json.dumps(answer, separators=(",", ":"))
    except Exception:  # noqa: BLE001 - a fault of the check's own must not keep a session going
        return ALLOW


def _is_off(value: str) -> bool:
    return value.strip().casefold() in OFF


class _Excused:
    """Which files lie in a project that has switched the check off, or that is verified itself."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, bool] = {}

    def holds(self, path: str) -> bool:
        """Tell whether that is so of a folder around a file."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            excused = self._switched_off(folder) or self._verified(folder)
            self._folders[folder] = excused or (bool(folder) and self.holds(folder))
        return self._folders[folder]

    def _switched_off(self, folder: str) -> bool:
        tool = mapping(toml_file(self._root / folder / "pyproject.toml").get("tool"))
        return mapping(tool.get("hdb")).get(STOP_CHECK) is False

    def _verified(self, folder: str) -> bool:
        """Tell whether a part of the repository was verified by its own path."""
        if not folder or not is_marked(self._root / folder):
            return False
        return standing(self._root / folder).sources_verified


def _reason(changed: Sequence[str], found: Standing, where: str) -> str:
    """Return what is missing and what to do, in about 400 characters at most."""
    names = ", ".join(_cut(shown_path(one), LONGEST_NAME) for one in changed[:MOST_NAMES])
    more = len(changed) - MOST_NAMES
    if more > 0:
        names += f" and {more:,} more"
    path = f'path "{_cut(shown_path(where), LONGEST_WHERE)}" and ' if where else ""
    call = f"mcp__plugin_hdb_hdb__verify with {path}no targets"
    step = f"Call {call} and fix what it shows"
    if found.of_sources:
        step = f"Fix what your change caused and call {call}"
    return (
        f"Python files changed in this session ({names}) and are not verified: {_missing(found)}. "
        f"{step}; what was there before, or cannot be green, name plainly in the answer."
    )


def _missing(found: Standing) -> str:
    judged = found.of_sources or found.last
    if judged is None:
        return "no full batch was made yet"
    since = "" if found.of_sources else " before the last changes"
    if judged.verdict == "passed":
        return f"batch {judged.id} passed{since}"
    if judged.verdict == "failed":
        return f"batch {judged.id} failed with {counted(judged.failures, 'failure')}{since}"
    return f"batch {judged.id} is incomplete{since} ({_cut(judged.summary, -LONGEST_WHY)})"


def _cut(text: str, most: int) -> str:
    """Return the end of a text, or with a negative number of characters its beginning."""
    if len(text) <= abs(most):
        return text
    return f"...{text[3 - most :]}" if most > 0 else f"{text[: -most - 3]}..."
