"""The arguments that several tools declare, and what holds of every tool."""

from __future__ import annotations

from typing import Annotated

from mcp.types import ToolAnnotations
from pydantic import Field

READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
# The project's own tests may do anything; hdb itself changes nothing.
RUNS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
SPELT = frozenset({"Failure", "Finding"})
"""The records that the schemas of results spell out: what an agent acts on."""
# It edits files that are there, which is more than adding to them; a second time does nothing.
EDITS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)
WHOLE = {"anthropic/maxResultSizeChars": 60_000}
"""Above a page, so that no client puts one into a file."""

# The arguments are plain texts: the SDK takes a text that may also be null for JSON.
PathArgument = Annotated[
    str,
    Field(
        description="Project folder, or worktree; default: the project of this session.",
        examples=["backend"],
    ),
]
SinceArgument = Annotated[
    str,
    Field(description="The commit to hold it against; default: where the branch parted."),
]
CursorArgument = Annotated[
    str, Field(description="`next` of the last result: what follows it; runs nothing.")
]
