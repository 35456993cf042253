"""Who did what to which order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class AuditEntry(BaseModel):
    model_config = ConfigDict(frozen=True)

    action: str
    order_id: UUID
    at: datetime


class AuditLog:
    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []

    def record(self, action: str, order_id: UUID, at: datetime) -> None:
        self._entries.append(AuditEntry(action=action, order_id=order_id, at=at))

    def export(self, action: str | None = None) -> list[dict[str, Any]]:
        return [entry.dict() for entry in self._entries if action in (None, entry.action)]
