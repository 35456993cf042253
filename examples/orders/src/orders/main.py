"""Put the parts together."""

from fastapi import FastAPI

from orders.audit import AuditLog
from orders.catalogue import ITEMS, Catalogue
from orders.config import Settings
from orders.discounts import CouponBook
from orders.error_handlers import install_error_handlers
from orders.notifications import LogTransport, Notifier
from orders.repository import MemoryOrderRepository
from orders.routes import router
from orders.service import OrderService
from orders.stock import Stock

INITIAL_STOCK = 20


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    catalogue = Catalogue()
    audit = AuditLog()
    app = FastAPI(title="Orders", version="0.4.0")
    app.state.settings = settings
    app.state.catalogue = catalogue
    app.state.audit = audit
    app.state.notifier = Notifier(LogTransport(), settings.delivery_attempts)
    app.state.service = OrderService(
        settings=settings,
        catalogue=catalogue,
        stock=Stock({item.sku: INITIAL_STOCK for item in catalogue.all()}),
        coupons=CouponBook(),
        repository=MemoryOrderRepository(),
        audit=audit,
    )
    app.include_router(router)
    install_error_handlers(app)
    return app
