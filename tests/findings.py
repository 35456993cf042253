"""Every finding of a batch by itself, with what it inherits from the head of its failure."""

from __future__ import annotations

from typing import Any

from mcp_server.contract import Batch


def findings(batch: Batch) -> list[dict[str, Any]]:
    """Return the findings of a batch as an agent reads them, heads and their `also` alike."""
    found = []
    for failure in batch.lean().get("failures", []):
        head = {key: value for key, value in failure.items() if key != "also"}
        found += [head, *({**head, **also} for also in failure.get("also", []))]
    return found
