"""What the routes ask for; built once by `create_app`."""

from typing import Annotated

from fastapi import Depends, Request

from orders.audit import AuditLog
from orders.catalogue import Catalogue
from orders.config import Settings
from orders.notifications import Notifier
from orders.service import OrderService


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


def _audit(request: Request) -> AuditLog:
    audit: AuditLog = request.app.state.audit
    return audit


def _notifier(request: Request) -> Notifier:
    notifier: Notifier = request.app.state.notifier
    return notifier


def _service(request: Request) -> OrderService:
    service: OrderService = request.app.state.service
    return service


SettingsDep = Annotated[Settings, Depends(_settings)]
CatalogueDep = Annotated[Catalogue, Depends(_catalogue)]
AuditDep = Annotated[AuditLog, Depends(_audit)]
NotifierDep = Annotated[Notifier, Depends(_notifier)]
ServiceDep = Annotated[OrderService, Depends(_service)]
