"""Domain errors as problem details (RFC 9457)."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from orders.errors import (
    InvalidOrderError,
    NotCancellableError,
    NotFoundError,
    OrdersError,
    OutOfStockError,
)

STATUS: dict[type[OrdersError], HTTPStatus] = {
    InvalidOrderError: HTTPStatus.BAD_REQUEST,
    NotCancellableError: HTTPStatus.CONFLICT,
    NotFoundError: HTTPStatus.NOT_FOUND,
    OutOfStockError: HTTPStatus.CONFLICT,
}


def problem(status: HTTPStatus, detail) -> JSONResponse:
    return JSONResponse(
        {"title": status.phrase, "status": status, "detail": detail},
        status_code=status,
        media_type="application/problem+json",
    )


def install_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(OrdersError)
    async def handle(request: Request, error: OrdersError) -> JSONResponse:
        status = STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        return problem(status, str(error))
