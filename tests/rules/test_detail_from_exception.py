"""Answers that carry the text of an exception which nobody wrote for the caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.detail_from_exception import RULE
from tests.rules.cases import hits

HITS = {
    "the text": """
        from fastapi import HTTPException
        async def pay():
            try:
                await charge()
            except Exception as e:
                raise HTTPException(500, detail=str(e)) from e  # hit
    """,
    "in a sentence, with a name between": """
        import fastapi as web
        async def pay():
            try:
                await charge()
            except BaseException as problem:
                message = f"No charge: {problem!r}"
                raise web.HTTPException(status_code=400, detail={"message": message})  # hit
    """,
    "an error of a driver": """
        from fastapi.responses import JSONResponse
        from sqlalchemy.exc import SQLAlchemyError
        def orders(session):
            try:
                return session.all()
            except (ValueError, SQLAlchemyError) as error:
                return JSONResponse({"error": "%s" % error}, status_code=500)  # hit
    """,
    "a handler of all": """
        from fastapi import FastAPI
        from starlette.responses import JSONResponse
        app = FastAPI()
        @app.exception_handler(Exception)
        async def answer(request, exc):
            return JSONResponse(content={"detail": repr(exc)}, status_code=500)  # hit
    """,
    "a registered handler": """
        import traceback
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        def answer(request, exc):
            return PlainTextResponse("Failed: {}".format(exc))  # hit
        app = Starlette()
        app.add_exception_handler(Exception, answer)
    """,
    "an own class of another module": """
        from app.errors import Failed
        def pay():
            try:
                charge()
            except:
                raise
            try:
                charge()
            except Exception as e:
                raise Failed(**{"status_code": 502, "detail": "Failed: " + str(e)})  # hit
        # file: app/errors.py
        from starlette.exceptions import HTTPException as Base
        class Failed(Base): ...
    """,
    "flask": """
        from flask import jsonify
        def pay():
            try:
                charge()
            except Exception as e:
                return jsonify(error=e.args[0]), 500  # hit
    """,
    "django rest framework": """
        from rest_framework.response import Response
        def pay(request):
            try:
                charge()
            except Exception as e:
                return Response({"error": str(e)}, status=400)  # hit
    """,
    "a handler that another module registers": """
        # file: app/errors.py
        from fastapi.responses import JSONResponse
        async def answer(request, exc):
            return JSONResponse({"detail": str(exc)}, status_code=500)  # hit
        async def refuse(request, exc):
            return JSONResponse({"detail": f"{exc}"}, status_code=500)  # hit
        # file: app/main.py
        from fastapi import FastAPI
        from app import errors
        HANDLERS = {Exception: errors.refuse}
        app = FastAPI(exception_handlers=HANDLERS)
        app.add_exception_handler(Exception, errors.answer)
    """,
    "a trace": """
        import traceback
        from fastapi import HTTPException
        from app.texts import told
        async def pay():
            try:
                await charge()
            except Exception as e:
                if late:
                    raise HTTPException(500, detail=traceback.format_exc())  # hit
                raise HTTPException(500, detail=told(e))  # hit
        # file: app/texts.py
        def told(problem):
            return f"No: {problem}"
    """,
    "quart": """
        from quart import jsonify
        async def pay():
            try:
                await charge()
            except Exception as e:
                return jsonify({"error": f"failed: {e}"})  # hit
    """,
    "django": """
        from django import http
        def pay(request):
            try:
                charge()
            except Exception as e:
                return http.JsonResponse({"errors": [str(e)]}, status=500)  # hit
    """,
}
CLEAN = {
    "an error written for the caller": """
        from fastapi import HTTPException
        from app.urls import checked
        def address(url):
            try:
                return checked(url)
            except Exception as e:
                raise HTTPException(400, detail=str(e)) from e
        # file: app/urls.py
        from pydantic import HttpUrl, ValidationError
        class InvalidUrl(Exception): ...
        def checked(url):
            url = prefixed(url)
            try:
                HttpUrl(url)
            except ValidationError:
                raise InvalidUrl(url)
            return url
        def prefixed(url):
            return f"https://{url}"
    """,
    "only admins may ask": """
        from fastapi import APIRouter, Depends, HTTPException
        router = APIRouter()
        @router.delete("/extensions", dependencies=[Depends(check_admin)])
        async def uninstall():
            try:
                await remove()
            except Exception as e:
                raise HTTPException(500, detail=str(e))
        @router.get("/extensions")
        async def listed(user = Depends(current_superuser)):
            try:
                return await find()
            except Exception as e:
                raise HTTPException(500, detail=str(e))
    """,
    "a tool on the user's own machine": """
        # file: app/cli/proxy.py
        import httpx
        from aiohttp import web
        async def show():
            try:
                await ask()
            except httpx.RequestError as e:
                return web.json_response({"message": str(e)}, status=502)
    """,
    "an error of the project's own": """
        from fastapi import HTTPException
        class OrderError(Exception): ...
        async def pay():
            try:
                await charge()
            except OrderError as e:
                raise HTTPException(409, detail=str(e)) from e
    """,
    "a value that was refused": """
        from fastapi import HTTPException
        async def pay():
            try:
                await charge()
            except ValueError as e:
                raise HTTPException(422, detail=str(e)) from e
    """,
    "a fixed text": """
        from fastapi import HTTPException
        async def pay():
            try:
                await charge()
            except Exception as e:
                log.exception("no charge: %s", e)
                raise HTTPException(500, detail="No charge was made") from e
    """,
    "only its class": """
        from fastapi import HTTPException
        async def pay():
            try:
                await charge()
            except Exception as e:
                raise HTTPException(500, detail=type(e).__name__) from e
    """,
    "where developers look": """
        from fastapi.responses import JSONResponse
        def answer(request, settings):
            try:
                charge()
            except Exception as e:
                if settings.debug:
                    return JSONResponse({"detail": str(e)})
                return JSONResponse({"detail": str(e) if settings.DEBUG else "failed"})
    """,
    "only what is meant for callers": """
        from fastapi import HTTPException
        async def pay():
            try:
                await charge()
            except Exception as e:
                detail = str(e) if isinstance(e, OrderError) else "failed"
                raise HTTPException(500, detail=detail) from e
    """,
    "a request that cannot be read": """
        import uuid
        from fastapi import HTTPException
        async def order(number: str):
            try:
                return uuid.UUID(number)
            except Exception as e:
                raise HTTPException(400, detail=str(e)) from e
    """,
    "an exception of the project that is called so": """
        from app.errors import Exception, HTTPException
        async def pay():
            try:
                await charge()
            except Exception as e:
                raise HTTPException(500, detail=str(e)) from e
        # file: app/errors.py
        class Exception(BaseException): ...
        class HTTPException(BaseException): ...
    """,
    "what goes to the log": """
        import logging
        async def pay():
            try:
                await charge()
            except Exception as e:
                logging.error("failed", extra={"detail": str(e)})
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
    assert found
