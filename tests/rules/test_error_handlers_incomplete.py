"""Error handlers that miss the router's errors, or cannot write their own answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.error_handlers_incomplete import RULE
from tests.rules.cases import hits

HITS = {
    "FastAPI's own only": """
        from fastapi import FastAPI, HTTPException
        app = FastAPI()
        @app.exception_handler(HTTPException)  # hit
        async def refused(request, error): ...
    """,
    "registered by a call": """
        from fastapi.exceptions import HTTPException as Refused
        def install(app, handler):
            app.add_exception_handler(Refused, handler)  # hit
    """,
    "in a table": """
        import fastapi
        HANDLERS = {
            ValueError: invalid,
            fastapi.HTTPException: refused,  # hit
        }
        app = fastapi.FastAPI(exception_handlers=HANDLERS)
    """,
    "through the project's own module": """
        from app.errors import HTTPException
        def install(app, f):
            app.add_exception_handler(handler=f, exc_class_or_status_code=HTTPException)  # hit
        # file: app/errors.py
        from fastapi import HTTPException, Request
    """,
    "raw errors": """
        from fastapi.exceptions import RequestValidationError
        from fastapi.responses import JSONResponse
        async def invalid(request, exc: RequestValidationError):
            return JSONResponse({"errors": exc.errors()}, status_code=422)  # hit
    """,
    "raw errors of a model": """
        import pydantic
        from fastapi import HTTPException, status
        def order(body):
            try:
                return Order.model_validate(body)
            except pydantic.ValidationError as e:
                raise HTTPException(422, detail=e.errors()) from e  # hit
    """,
    "raw errors under a name": """
        from fastapi import FastAPI
        from fastapi.exceptions import RequestValidationError as Invalid
        from starlette.responses import JSONResponse as Answer
        app = FastAPI()
        @app.exception_handler(Invalid)
        async def invalid(request, exc):
            errors = exc.errors()  # hit
            return Answer(status_code=422, content={"errors": errors, "body": None})
    """,
    "copies of raw errors": """
        from fastapi.exceptions import RequestValidationError
        from fastapi.responses import JSONResponse
        async def invalid(request, exc: "RequestValidationError"):
            return JSONResponse(content={"errors": [dict(e) for e in exc.errors()]})  # hit
    """,
}
CLEAN = {
    "Starlette's": """
        from fastapi import FastAPI
        from starlette.exceptions import HTTPException
        app = FastAPI()
        @app.exception_handler(HTTPException)
        async def refused(request, error): ...
    """,
    "both": """
        from fastapi import HTTPException
        from starlette.exceptions import HTTPException as RouterError
        def install(app, handler):
            app.add_exception_handler(HTTPException, handler)
            app.add_exception_handler(RouterError, handler)
    """,
    "with one for 404": """
        from fastapi import HTTPException
        def install(app, handler):
            app.add_exception_handler(HTTPException, handler)
            app.add_exception_handler(404, handler)
    """,
    "an error of the project's own": """
        from app.errors import HTTPException
        def install(app, handler):
            app.add_exception_handler(HTTPException, handler)
        # file: app/errors.py
        class HTTPException(Exception): ...
    """,
    "encoded": """
        from fastapi.encoders import jsonable_encoder
        from fastapi.exceptions import RequestValidationError
        from fastapi.responses import JSONResponse
        async def invalid(request, exc: RequestValidationError):
            return JSONResponse({"errors": jsonable_encoder(exc.errors())}, status_code=422)
    """,
    "without the context": """
        from fastapi import HTTPException
        from pydantic import ValidationError
        def order(body):
            try:
                return Order.model_validate(body)
            except ValidationError as e:
                raise HTTPException(422, detail=e.errors(include_context=False))
    """,
    "chosen parts": """
        from fastapi.exceptions import RequestValidationError
        from fastapi.responses import JSONResponse
        async def invalid(request, exc: RequestValidationError):
            errors = [{"loc": e["loc"], "msg": e["msg"]} for e in exc.errors()]
            return JSONResponse({"errors": errors})
    """,
    "mended before": """
        from fastapi.exceptions import RequestValidationError
        from fastapi.responses import JSONResponse
        async def invalid(request, exc: RequestValidationError):
            errors = exc.errors()
            for error in errors:
                error.pop("ctx", None)
            return JSONResponse({"errors": errors})
    """,
    "a form's errors": """
        from fastapi.responses import JSONResponse
        async def invalid(form: Form):
            return JSONResponse({"errors": form.errors()})
    """,
    "pydantic 1": """
        from fastapi.exceptions import RequestValidationError
        from fastapi.responses import JSONResponse
        async def invalid(request, exc: RequestValidationError):
            return JSONResponse({"errors": exc.errors()}, status_code=422)
        # file: app/models.py
        from pydantic import BaseModel, root_validator
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [*CLEAN.values(), RULE.right], ids=[*CLEAN, "right"])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_hits_its_own_example(tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, RULE.wrong)
    assert len(found) == 2
