"""Parses Python source, also where it is newer than the Python that reads it."""

from __future__ import annotations

import ast
import re
import warnings

PARAMETERS = re.compile(r"^([ \t]*(?:async[ \t]+def|def|class)[ \t]+\w+)\[", re.MULTILINE)
ALIAS = re.compile(r"^([ \t]*)type[ \t]+(\w+)[ \t]*(\[[^\n]*?\])?[ \t]*=(?!=)", re.MULTILINE)
EXCEPT = re.compile(r"^([ \t]*except)[ \t]+([\w.]+[ \t]*,[^:(\n]*):", re.MULTILINE)


def parse(content: bytes) -> ast.Module | SyntaxError:
    """Return the tree of a file, or why it cannot be read."""
    try:
        return _parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        try:
            return _parse(_older(content.decode()).encode())
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return error if isinstance(error, SyntaxError) else SyntaxError(str(error))


def _parse(content: bytes) -> ast.Module:
    with warnings.catch_warnings():
        # Invalid escapes of the project's code concern its own tools.
        warnings.simplefilter("ignore")
        return ast.parse(content)


def _older(text: str) -> str:
    """Return the text without what came after Python 3.11, each line where it was."""
    text = EXCEPT.sub(r"\1 (\2):", ALIAS.sub(r"\1\2 =", text))
    parts, at = [], 0
    for match in PARAMETERS.finditer(text):
        end = _closing(text, match.end())
        if match.start() < at or end < 0:
            continue
        parts.append(text[at : match.end() - 1])
        # Lines inside of the brackets continue inside of the parentheses that follow.
        lines = text.count("\n", match.end(), end)
        opens = text[end : end + 1] == "("
        parts.append("(" + "\n" * lines + ("" if opens else ")"))
        at = end + opens
    return "".join((*parts, text[at:]))


def _closing(text: str, start: int) -> int:
    """Return the offset after the bracket that closes the one before `start`, -1 for none."""
    depth = 1
    for offset in range(start, min(len(text), start + 2_000)):
        depth += (text[offset] == "[") - (text[offset] == "]")
        if depth == 0:
            return offset + 1
    return -1
