"""The driver's commands: make a throwaway database, run the cycle on it, drop it."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from .drift import flat, sentence
from .guard import Guard
from .places import first_words, place_of_error, place_of_name, place_of_table
from .refusal import Refused
from .running import Running, Stage, revision_files
from .schema import left_behind
from .server import create, drop
from .telling import Teller

ADDRESS = "HDB_THROWAWAY"
WAYS = (("upgrade", "upgrade"), ("downgrade", "downgrade"), ("upgrade", "upgrade-again"))
MOST_DRIFT = 200


def main(words: list[str]) -> int:
    """Do what the first word says and tell how it went; every end is an event."""
    teller = Teller()
    address = os.environ.pop(ADDRESS, "")
    try:
        if words[0] == "create":
            create(address, words[1])
        elif words[0] == "drop":
            drop(address, words[1])
        else:
            _Cycle(teller, json.loads(words[1]), _url(address, words[2])).run()
        teller.say("end")
    except Refused as refusal:
        teller.say("refused", why=refusal.why)
    except ImportError as error:
        teller.say("problem", why=f"{error} (in {sys.prefix})", detail=traceback.format_exc())
    except _StageFailedError:
        teller.say("end")
    return teller.status


class _StageFailedError(Exception):
    """A stage failed and said so; what follows it would not mean anything."""


def _url(address: str, file: str) -> Any:  # noqa: ANN401 - the project's own SQLAlchemy
    engine = importlib.import_module("sqlalchemy.engine")
    if address:
        return engine.make_url(address)
    return engine.URL.create("sqlite", database=file)


class _Cycle:
    def __init__(self, teller: Teller, options: dict[str, Any], url: Any) -> None:  # noqa: ANN401
        self._say = teller.say
        self._guard = Guard(url)
        self._running = Running(options, self._guard)
        self._files: list[str] = []

    def run(self) -> None:
        """Go up, compare with the models, go down, look what is left, and go up again."""
        self._guard.install()
        # What the tools need may be kept compiled; the project's folders stay as they are.
        sys.dont_write_bytecode = True
        stages: dict[str, Stage] = {}
        for direction, name in WAYS:
            stages[name] = self._stage(direction, name)
            if name == "upgrade":
                self._files = revision_files(self._running.script(self._running.config("check")))
                self._drift()
            elif name == "downgrade":
                self._left(stages["upgrade"], stages[name])
        self._again(stages["upgrade"], stages["upgrade-again"])

    def _stage(self, direction: str, name: str) -> Stage:
        stage = Stage()
        try:
            self._running.move(direction, stage)
        except (Refused, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._refusing(stage)
            self._failed(name, stage, error)
            raise _StageFailedError from error
        self._refusing(stage)
        self._say("stage", name=name, steps=stage.steps)
        return stage

    def _refusing(self, stage: Stage) -> None:
        """Stop where something of the project swallowed a refusal."""
        if self._guard.refusal:
            where = f" (in {stage.current.revision.revision})" if stage.current else ""
            raise Refused(self._guard.refusal + where)

    def _failed(self, name: str, stage: Stage, error: BaseException) -> None:
        detail = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        words = first_words(error)
        if stage.current is None:
            self._say(
                "problem", why=f"env.py did not come to the revisions: {words}", detail=detail
            )
            return
        revision = stage.current.revision
        statement = " ".join(str(getattr(error, "statement", "") or "").split())
        self._find(
            f"{name}-failed",
            place_of_error(error, str(Path(revision.path).absolute())),
            f"{name.replace('-', ' ')} of {revision.revision} fails: {words}"
            + (f" in: {statement[:300]}" if statement else ""),
            symbol=revision.revision,
            detail=detail,
        )

    def _drift(self) -> None:
        errors = importlib.import_module("alembic.util")
        try:
            diffs = self._running.check() or []
        except errors.CommandError as error:
            self._say("remark", text=f"drift was not checked: {error}")
            return
        except (Refused, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - the project's own code ran
            detail = traceback.format_exc()
            self._refusing(Stage())
            # The way down can be judged all the same.
            self._say("problem", why=f"alembic check failed: {first_words(error)}", detail=detail)
            return
        for one in list(flat(diffs))[:MOST_DRIFT]:
            if isinstance(one, str):
                self._find("drift", (None, None), one)
                continue
            table, said = sentence(one)
            file, line = place_of_table(table)
            if file is None:
                file, line = place_of_name(table, self._files)
            self._find("drift", (file, line), said)
        self._say("stage", name="drift", steps=len(diffs))

    def _left(self, up: Stage, down: Stage) -> None:
        for kind, name in left_behind(up.before, down.after, self._guard.version_tables):
            said = f"the way down leaves the {kind} `{name}` behind: drop it in downgrade()"
            self._find("left-behind", place_of_name(name, self._files), said)

    def _again(self, first: Stage, second: Stage) -> None:
        for kind, name in sorted(first.after.keys() | second.after.keys()):
            before, after = first.after.get((kind, name)), second.after.get((kind, name))
            if before != after:
                how = "gone" if after is None else "new" if before is None else "another"
                said = f"after down and up again the {kind} `{name}` is {how}: downgrade() and "
                said += "upgrade() do not undo each other"
                self._find("not-repeatable", place_of_name(name, self._files), said)

    def _find(self, code: str, place: Any, message: str, **more: Any) -> None:  # noqa: ANN401
        file, line = place
        self._say("finding", code=code, file=file, line=line, message=message, **more)
