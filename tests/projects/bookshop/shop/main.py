from importlib import import_module

from fastapi import FastAPI

from shop.api import router as orders

app = FastAPI()
app.include_router(orders, prefix="/v1")


def plug(name: str) -> None:
    import_module(f"shop.{name}")


def run() -> None:
    plug("pricing")
