from typing import Annotated

from fastapi import APIRouter, Depends

from shop.service import OrderService
from shop.stores import MemoryCache, SqlStore

router = APIRouter(prefix="/orders")


def get_service() -> OrderService:
    return OrderService(SqlStore(), MemoryCache())


Service = Annotated[OrderService, Depends(get_service)]


@router.post("/")
def create(lines: list[int], service: Service) -> int:
    return service.place(lines).id


@router.get("/{number}")
def read(number: int, service: Service) -> int:
    return service.find(number).total
