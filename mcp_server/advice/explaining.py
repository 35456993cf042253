"""Says in full what a rule is about: why, both examples, how to silence it, where it rests on."""

from __future__ import annotations

import textwrap

from mcp_server.rules import Rule


def in_full(rule: Rule) -> str:
    """Return a rule's reasons as a failure in full shows them."""
    wrong, right = (textwrap.indent(one.rstrip(), "    ") for one in (rule.wrong, rule.right))
    sources = "\n".join(rule.source)
    return f"{rule.why}\n\nwrong:\n{wrong}\n\nright:\n{right}\n\n{silenced(rule)}\n{sources}"


def silenced(rule: Rule) -> str:
    """Return how a project says that a finding of a rule is meant."""
    if rule.check is None:
        codes = ", ".join(rule.reported_as)
        return f"to leave it out: [tool.hdb.migrations] ignore, by its codes: {codes}"
    same = f", or `noqa: {'`, `noqa: '.join(rule.same_as)}`" if rule.same_as else ""
    return f"where it is meant: `# hdb: ignore[{rule.name}]` on the line{same}"


def gating(rule: Rule) -> str:
    """Return how a project makes a rule fail its check."""
    if rule.check is None:
        codes = ", ".join(rule.reported_as)
        return f"to fail the check: [tool.hdb.migrations] gate, by its codes: {codes}"
    return f'to fail the check: [tool.hdb.rules] gate = ["{rule.name}"]'
