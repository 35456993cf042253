from datetime import UTC, datetime
from uuid import UUID

from orders.audit import AuditLog

ORDER_ID = UUID("8c3f2d4e-5b1a-4f77-9a53-0d6c1e2b7a10")
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_export_of_an_empty_log() -> None:
    assert AuditLog().export() == []


def test_export_of_one_action() -> None:
    log = AuditLog()
    log.record("placed", ORDER_ID, AT)
    log.record("cancelled", ORDER_ID, AT)
    assert log.export("placed") == [{"action": "placed", "order_id": ORDER_ID, "at": AT}]
