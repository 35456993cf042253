"""The HTTP interface: thin, every decision is the service's."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks
from fastapi.responses import PlainTextResponse

from orders.audit import AuditEntry
from orders.dependencies import AuditDep, CatalogueDep, NotifierDep, ServiceDep, SettingsDep
from orders.models import Item, Order
from orders.schemas import ItemOut, OrderIn, OrderOut, SummaryOut
from orders.service import Summary
from orders.receipts import format_receipt

router = APIRouter()


@router.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/items", response_model=list[ItemOut])
async def list_items(catalogue: CatalogueDep) -> list[Item]:
    return catalogue.all()


@router.get("/items/{sku}", response_model=ItemOut)
async def read_item(sku: str, catalogue: CatalogueDep) -> Item:
    return catalogue.get(sku)


@router.post("/orders", response_model=OrderOut, status_code=HTTPStatus.CREATED)
async def place_order(
    body: OrderIn, service: ServiceDep, notifier: NotifierDep, background: BackgroundTasks
) -> Order:
    order = service.place(body.customer, body.items, body.coupons, body.note)
    background.add_task(notifier.order_placed, order)
    return order


@router.get("/orders", response_model=list[OrderOut])
async def list_orders(service: ServiceDep, customer: str | None = None) -> list[Order]:
    return service.find(customer)


@router.get("/orders/{order_id}", response_model=OrderOut)
async def read_order(order_id: UUID, service: ServiceDep) -> Order:
    return service.get(order_id)


@router.get("/orders/{order_id}/receipt", response_class=PlainTextResponse)
async def read_receipt(order_id: UUID, service: ServiceDep, settings: SettingsDep) -> str:
    return format_receipt(service.get(order_id), settings.currency)


@router.post("/orders/{order_id}/cancel", response_model=OrderOut)
async def cancel_order(order_id: UUID, service: ServiceDep) -> Order:
    return service.cancel(order_id)


@router.get("/orders/summary", response_model=SummaryOut)
async def read_summary(service: ServiceDep) -> Summary:
    return service.summary()


@router.get("/audit", response_model=list[AuditEntry])
async def read_audit(audit: AuditDep, action: str | None = None) -> list[dict[str, object]]:
    return audit.export(action)
