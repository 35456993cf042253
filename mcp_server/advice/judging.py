"""Says which files a rule concerns, and makes diagnostics of what it finds in one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.models import Diagnostic
from mcp_server.rules import Rule
from mcp_server.rules.base import Hit, Part
from mcp_server.semantic import Module

TOOL = "rules"


def applies(rule: Rule, module: Module) -> bool:
    """Tell whether a rule is asked about a file of this kind."""
    return rule.check is not None and part_of(module) in rule.looks_at


def part_of(module: Module) -> Part:
    """Return what a file is a part of."""
    return "tests" if module.is_test else "scripts" if module.is_script else "service"


def project_of(module: Module) -> str:
    """Return the folder of the project that a file belongs to."""
    project = module.program.library.project(module.path)
    return project.path if project else "."


def hits(module: Module, rule: Rule) -> Iterator[Hit]:
    """Yield what a rule finds in a module, once a place."""
    seen: set[tuple[int, int]] = set()
    for hit in rule.check(module) if rule.check is not None else ():
        if place(hit.node) not in seen:
            seen.add(place(hit.node))
            yield hit


def diagnostic(module: Module, rule: Rule, hit: Hit) -> Diagnostic:
    """Return a hit as every check of a verification tells its findings."""
    line, column = place(hit.node)
    return Diagnostic(
        tool=TOOL,
        code=rule.name,
        file=module.path,
        line=line,
        column=column,
        message=hit.message,
        severity=rule.severity,
    )


def place(node: ast.AST) -> tuple[int, int]:
    """Return the line and the column of a node, from 1; those of a definition are its name's."""
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1


def order(one: Diagnostic) -> tuple[int, int, str]:
    """Return what the findings of a file are sorted by."""
    return one.line or 0, one.column or 0, one.code or ""
