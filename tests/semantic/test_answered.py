"""What is sent to callers, and who answers errors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.semantic.answered import answered, handled_by
from tests.semantic.asked import asked, module

BODIES = {
    "JSONResponse(body)": "body",
    "HTTPException(500, detail=body)": "body",
    "abort(500, body)": "body",
    "jsonify(error=body)": None,
    "Response(body, status=400)": "body",
    "print(body)": None,
}
TEXT = """
from fastapi import HTTPException
from fastapi.responses import JSONResponse
from flask import abort, jsonify
from rest_framework.response import Response
ask({})
"""
HANDLERS = """
from flask import Flask
app = Flask(__name__)
@app.errorhandler(OSError)
def decorated(problem): ...
def added(request, problem): ...
def listed(request, problem): ...
def other(request, problem): ...
# file: app/api.py
from fastapi import FastAPI
from app import main
HANDLERS = {Exception: main.listed}
app = FastAPI(exception_handlers=HANDLERS)
app.add_exception_handler(ValueError, main.added)
"""
CAUGHT = {"decorated": "OSError", "added": "ValueError", "listed": "Exception"}


@pytest.mark.parametrize(("text", "wanted"), BODIES.items())
def test_tells_the_body_of_an_answer(text: str, wanted: str | None, tmp_path: Path) -> None:
    found = module(tmp_path, TEXT.format(text))
    (call,) = asked(found)
    assert isinstance(call, ast.Call)
    body = answered(found, call)
    if isinstance(body, ast.Dict):
        assert [ast.unparse(one) for one in body.values] == ["body"]
    else:
        assert (ast.unparse(body) if body is not None else None) == wanted


def test_tells_which_exceptions_a_function_answers(tmp_path: Path) -> None:
    found = module(tmp_path, HANDLERS)
    for one in found.functions():
        held = [ast.unparse(node) for _, node in handled_by(found, one)]
        assert held == ([CAUGHT[one.name]] if one.name in CAUGHT else [])
