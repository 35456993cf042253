"""The base of the wire contract's records."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """A frozen record whose JSON leaves out every field that holds its default."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")

    def lean(self) -> dict[str, Any]:
        """Return the record as JSON data without defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def json_text(self) -> str:
        """Return the record as compact JSON, without defaults."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)
