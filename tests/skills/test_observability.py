"""The skills' log lines, request ids and metrics, given hostile values."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import httpx2
import pytest
import structlog

from tests.conftest import ROOT
from tests.skills.blocks import load

STRUCTLOG = load("python-services/references/observability.md#structured-records-with-structlog")
STDLIB = load(
    "python-services/references/observability.md#structured-records-with-the-standard-library"
)
IDS = load("python-services/references/observability.md#request-ids")
Lines = Callable[[], list[dict[str, object]]]


class Unprintable:
    """An object that no log can show."""

    def __repr__(self) -> str:
        """Fail."""
        raise LookupError


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)
VALUES = [
    datetime(2026, 11, 22, tzinfo=UTC),
    Decimal("1.10"),
    ValueError("bad"),
    {1, 2},
    b"\xff",
    {(1, 2): 3},
    float("nan"),
    CIRCLE,
    Unprintable(),
]


@pytest.fixture(params=[STRUCTLOG, STDLIB], ids=["structlog", "stdlib"])
def configured(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ModuleType, Lines]]:
    """Configure as a block does; return it, and what reads the lines written since."""
    root = logging.getLogger()
    theirs = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.access")]
    kept = [(one, one.handlers[:], one.level, one.propagate) for one in (root, *theirs)]
    root.handlers = []
    written = io.StringIO()
    with monkeypatch.context() as console:
        console.setattr("sys.stderr", written)
        request.param.configure_logging()

    def lines() -> list[dict[str, object]]:
        return [json.loads(one) for one in written.getvalue().splitlines()]

    yield request.param, lines
    structlog.reset_defaults()
    for logger, handlers, level, propagate in kept:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def log(module: ModuleType, message: str, **values: object) -> None:
    """Log as callers of each configuration do."""
    if module is STRUCTLOG:
        structlog.get_logger("shop").info(message, **values)
    else:
        logging.getLogger("shop").info(message, extra=values)


def seed_line(logger: logging.Logger, message: str, **values: object) -> None:
    """Write a line of JSON made in a wrapper around the logger."""
    now = datetime.now(UTC).isoformat()
    logger.info(json.dumps({"timestamp": now, "level": "info", "message": message, **values}))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_that_cannot_be_written_does_not_raise(
    configured: tuple[ModuleType, Lines], value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, lines = configured
    # pytest's own handlers raise what those of a service print.
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers[:1])
    log(module, "first", value=value)
    log(module, "second")
    written = lines()
    assert written[-1]["event" if module is STRUCTLOG else "message"] == "second"
    if module is STDLIB and not isinstance(value, Unprintable):
        assert written[0]["message"] == "first"
        assert written[0]["data"]
    if isinstance(value, datetime | Decimal):
        shown = written[0] if module is STRUCTLOG else written[0]["data"]
        assert isinstance(shown, dict)
        assert shown["value"] == str(value)


def test_a_value_that_is_too_deep_raises_behind_structlog_alone(
    configured: tuple[ModuleType, Lines], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, lines = configured
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers[:1])
    deep: list[object] = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    if module is STRUCTLOG:
        with pytest.raises(RecursionError):
            log(module, "first", value=deep)
    else:
        log(module, "first", value=deep)
        log(module, "second", unprintable=Unprintable(), value=CIRCLE)
        assert [line["message"] for line in lines()] == ["first", "second"][: len(lines())]
        assert "value" in str(lines()[0]["data"])


@pytest.mark.parametrize("value", VALUES[:6], ids=lambda value: type(value).__name__)
def test_a_wrapper_raises_in_the_caller(value: object) -> None:
    with pytest.raises(TypeError):
        seed_line(logging.getLogger("shop"), "first", value=value)


def test_a_traceback_is_text_in_its_line(configured: tuple[ModuleType, Lines]) -> None:
    module, lines = configured
    try:
        log(module, str(1 // 0))
    except ZeroDivisionError:
        logger = structlog.get_logger("a") if module is STRUCTLOG else logging.getLogger("a")
        logger.exception("lost")
    (line,) = lines()
    assert line["level"] in {"error", "ERROR"}
    assert str(line["exception"]).startswith("Traceback")
    assert "ZeroDivisionError" in str(line["exception"])


def test_callers_values_forge_nothing(configured: tuple[ModuleType, Lines]) -> None:
    module, lines = configured
    forged = dict.fromkeys(("level", "time", "timestamp", "logger", "where"), "forged")
    log(module, "order\n{}\r\n\u2028stored", **forged)
    logging.getLogger("library").warning("theirs", extra={"level": "forged"})
    ours, theirs = lines()
    own = {key: value for key, value in ours.items() if key not in {"data", "where"}}
    if module is STRUCTLOG:
        assert own.pop("time") == "forged"
    else:
        assert str(ours["where"]).startswith("test_observability.log:")
    assert "forged" not in own.values()
    assert str(theirs["level"]).lower() == "warning"


def test_a_wrapper_is_forged_and_names_itself(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    seed_line(logging.getLogger("shop"), "stored", level="critical", timestamp="1970")
    (record,) = caplog.records
    assert json.loads(record.message)["timestamp"] == "1970"
    assert record.funcName == "seed_line"


def test_a_record_is_the_same_after_the_formatter() -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": (1,), "cents": 250})
    before = dict(vars(record))
    line = json.loads(STDLIB.JsonFormatter().format(record))
    assert line["data"] == {"cents": 250}
    assert vars(record) == before


def test_a_filter_on_a_logger_does_not_see_its_children() -> None:
    written = io.StringIO()
    handler, parent = logging.StreamHandler(written), logging.getLogger("parent")
    handler.setFormatter(logging.Formatter("%(request_id)s", defaults={"request_id": "none"}))
    parent.addHandler(handler)
    parent.addFilter(IDS.add_request_id)
    logging.getLogger("parent.child").warning("a")
    handler.addFilter(IDS.add_request_id)
    logging.getLogger("parent.child").warning("a")
    parent.handlers.clear()
    assert written.getvalue().split() == ["none", "-"]


SERVED = """
import logging
from fastapi import FastAPI
from starlette.types import ASGIApp
from tests.skills.blocks import load

LOGS = load("python-services/references/observability.md#{section}")
IDS = load("python-services/references/observability.md#request-ids")

def create() -> ASGIApp:
    LOGS.configure_logging()
    for handler in logging.getLogger().handlers:
        handler.addFilter(IDS.add_request_id)
    app = FastAPI()

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError

    return IDS.RequestId(app)
"""


@pytest.mark.parametrize(
    "where", [STRUCTLOG.__name__, STDLIB.__name__], ids=["structlog", "stdlib"]
)
def test_a_servers_lines_are_of_the_same_format(where: str, tmp_path: Path) -> None:
    section = where.rpartition(".")[2].replace("_", "-")
    (tmp_path / "served.py").write_text(SERVED.replace("{section}", section), encoding="utf-8")
    argv = "-m uvicorn served:create --factory --port 0".split()
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    with subprocess.Popen(
        [sys.executable, *argv], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        found: list[dict[str, object]] = []

        def until(part: str) -> str:
            assert server.stderr is not None
            for line in server.stderr:
                if found or "startup complete" in line:
                    found.append(json.loads(line))
                if part in line:
                    return line
            pytest.fail(f"no line with {part!r}")

        try:
            started = until("Uvicorn running on")
            port = re.search(r"http://127\.0\.0\.1:(\d+)", started)
            assert port
            url = f"http://127.0.0.1:{port[1]}/broken?token=s3cr3t"
            assert httpx2.get(url, headers={"x-request-id": "order-7.a_b"}).status_code == 500
            until("LookupError")
        finally:
            server.terminate()
    _, access, error = found[-3:]
    assert "token=s3cr3t" in json.dumps(access)
    assert "Traceback" in str(error["exception"])
    if where == STDLIB.__name__:
        assert error["data"] == {"request_id": "order-7.a_b"}
