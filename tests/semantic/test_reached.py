"""Which functions run for requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.semantic.reached import answers, is_reached
from tests.semantic.asked import module

TEXT = """
from fastapi import APIRouter, Depends
from starlette.middleware.base import BaseHTTPMiddleware
from app.work import first
router = APIRouter()
def given(): ...
@router.get("/")
def show(one=Depends(given)):
    return first()
class Limit(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        limited()
def limited(): ...
def alone(): ...
# file: app/work.py
def first():
    return second()
def second():
    return third()
def third():
    return second()
def other(): ...
# file: tests/test_work.py
from app.main import router
from app.work import other
@router.get("/other")
def show():
    other()
"""
ANSWERS = {"given", "show", "dispatch"}
REACHED = {"first", "second", "third", "limited"}


@pytest.mark.parametrize("path", ["app/main.py", "app/work.py"])
def test_tells_what_runs_for_requests(path: str, tmp_path: Path) -> None:
    found = module(tmp_path, TEXT, path)
    for one in found.functions():
        assert answers(found, one) is (one.name in ANSWERS), one.name
        assert is_reached(found, one) is (one.name in REACHED), one.name
