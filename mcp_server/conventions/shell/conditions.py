"""Evaluates the shell's `[ ... ]` where files and strings that are known decide it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mcp_server.conventions.shell.words import UNKNOWN

OF_FILES: dict[str, Callable[[Path], bool]] = {
    "-d": Path.is_dir,
    "-f": Path.is_file,
    "-e": Path.exists,
    "-x": Path.exists,
    "-r": Path.exists,
    "-s": Path.exists,
}
COMPARING: dict[str, bool] = {"=": True, "==": True, "!=": False}


def holds(words: Sequence[str], folder: Path | None) -> bool | None:
    """Tell whether a condition holds; None where only running it would tell.

    Paths are looked up from `folder`; without one nothing is known about files.
    """
    verdict: bool | None = None
    match list(words):
        case [*_] if any(UNKNOWN in word for word in words):
            pass
        case ["!", *rest]:
            inner = holds(rest, folder)
            verdict = None if inner is None else not inner
        case [("-z" | "-n") as operator, text]:
            verdict = bool(text) is (operator == "-n")
        case [operator, path] if operator in OF_FILES and folder:
            verdict = OF_FILES[operator](folder / path)
        case [left, operator, right] if operator in COMPARING and "*" not in right:
            verdict = (left == right) is COMPARING[operator]
        case [text] if not text.startswith("-"):
            verdict = bool(text)
    return verdict
