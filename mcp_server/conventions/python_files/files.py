"""Parses a Python file of the project, which is never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.tasks.commands import task_text

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def parse_python(place: Place, path: str) -> ast.Module | None:
    """Return the syntax tree of a file, None where there is none; why it is unreadable is told."""
    text = task_text(place, path)
    if text is None:
        return None
    try:
        return ast.parse(text)
    except SyntaxError as error:
        place.reader.unreadable(path, f"it is no Python in line {error.lineno or 1}: {error.msg}")
    except (RecursionError, MemoryError):
        place.reader.unreadable(path, "it is no Python that people write: it nests too deeply")
    except ValueError as error:
        place.reader.unreadable(path, f"it is no Python: {error}")
    return None


def functions(statements: Iterable[ast.stmt]) -> Iterator[Function]:
    """Yield the functions that a module defines at its top, also under a condition."""
    for node in statements:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        elif isinstance(node, (ast.If, ast.Try, ast.With, ast.For)):
            yield from functions(node.body)
            yield from functions(getattr(node, "orelse", ()))
