"""What hdb_pytest_reporter writes, and how: the journal, the project's folder, an exception."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import FrameType

    from mcp_server.inject import hdb_pytest_text as texts
else:
    import hdb_pytest_text as texts

FRAMES = 30
FOREIGN = {"site-packages", "dist-packages", ".tox", ".nox"}
# pytest wraps what a file raised on import in its own exceptions.
WRAPPERS = {"CollectError", "ConftestImportFailure"}
ROOM = 24 * 1024 * 1024  # for whole texts; of what follows, only the ends
SHORT = 600
LONG = ("text", "message")


class Journal:
    """The file of records: opened for each line, since tests close descriptors and fork."""

    def __init__(self, path: str, session: int | None = None) -> None:
        self.path = path
        self.session = session or os.getpid()
        self._counted = session is None
        self._records = 0
        self._room = ROOM
        self._late = b""
        # Bound now: tests replace functions of os, and whole file systems.
        self._own = os.getpid()
        self._getpid, self._open, self._write, self._close = os.getpid, os.open, os.write, os.close
        self._makedirs = os.makedirs
        self._encode = json.JSONEncoder(separators=(",", ":"), default=str).encode

    def write(self, **record: Any) -> None:
        """Append one record; a fork of the session writes none.

        Those of the session itself are numbered, so that it shows when a test destroyed some.
        """
        if self._getpid() != self._own:
            return
        if self._counted:
            self._records += 1
            record["seq"] = self._records
        if self._room < 0:
            record.update((key, record[key][-SHORT:]) for key in LONG if record.get(key))
        record = {"p": self.session, **record}
        text = self._encode(record)
        if "\\ud" in text:
            # Half a character, or a whole one beyond 16 bits: worth a look at every string.
            text = self._encode(texts.clean(record))
        self._room -= len(text)
        self._late += text.encode("ascii") + b"\n"
        try:
            self._append()
        except OSError:
            # The descriptors are used up, or the disk is full; the next record takes this along.
            return

    def _append(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            descriptor = self._open(self.path, flags, 0o600)
        except FileNotFoundError:
            # A test emptied the folder for temporary files.
            self._makedirs(os.path.dirname(self.path), exist_ok=True)
            descriptor = self._open(self.path, flags, 0o600)
        try:
            while self._late:
                self._late = self._late[self._write(descriptor, self._late) :]
        finally:
            self._close(descriptor)


class Project:
    """The verified folder: which files are the project's own, and where they lie in it."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self._roots = {self.root, os.path.realpath(self.root)}
        self._base = os.getcwd()
        self._prefixes = {
            os.path.realpath(prefix)
            for prefix in (sys.prefix, sys.exec_prefix)
            if os.path.realpath(prefix) not in self._roots
        }
        self._isfile = os.path.isfile
        self._known: dict[str, str | None] = {}

    def canonical(self, path: str) -> str:
        """Return an absolute path that starts with the root as it was given, if it is inside."""
        path = os.path.normpath(os.path.join(self._base, path))
        for root in self._roots:
            if path == root or path.startswith(root.rstrip(os.sep) + os.sep):
                return os.path.normpath(os.path.join(self.root, os.path.relpath(path, root)))
        return path

    def own(self, file: str) -> str | None:
        """Return the canonical path of a file that is the project's own, else None."""
        if file not in self._known:
            self._known[file] = self._own(file)
        return self._known[file]

    def _own(self, file: str) -> str | None:
        if not file or file.startswith("<"):
            return None
        path = self.canonical(file)
        if not path.startswith(self.root.rstrip(os.sep) + os.sep):
            return None
        if any(path.startswith(prefix + os.sep) for prefix in self._prefixes):
            return None
        folders = os.path.relpath(path, self.root).split(os.sep)[:-1]
        if FOREIGN.intersection(folders):
            return None
        inside = [os.path.join(self.root, *folders[: end + 1]) for end in range(len(folders))]
        if any(self._isfile(os.path.join(folder, "pyvenv.cfg")) for folder in inside):
            return None
        return path


def exception_record(error: BaseException, project: Project) -> dict[str, Any]:
    """Describe an exception: its class, its whole message, and where in the project it arose."""
    try:
        return _exception_record(error, project)
    except Exception:  # noqa: BLE001 - an exotic exception must not break the run it ended
        return {"code": type(error).__name__, "message": texts.bounded(_text(error))}


def _exception_record(error: BaseException, project: Project) -> dict[str, Any]:
    leaves = list(_leaves(error))
    names = {type(leaf).__name__ for leaf in leaves}
    record: dict[str, Any] = {
        "code": names.pop() if len(names) == 1 else type(error).__name__,
        "message": _message(leaves[0]),
    }
    if len(leaves) > 1:
        lines = [f"{type(leaf).__name__}: {_message(leaf)}" for leaf in leaves]
        record["message"] = "\n".join([f"{type(error).__name__}: {_text(error)}", *lines])
    record["message"] = texts.bounded(record["message"])
    if isinstance(leaves[0], SyntaxError):
        file = project.own(leaves[0].filename or "")
        if file:
            record["place"] = [file, leaves[0].lineno, ""]
            record["column"] = leaves[0].offset
    cause = leaves[0].__cause__
    if cause is not None and not _frames(leaves[0], project):
        # A warning about a thread or an object that nobody waited for hides what it raised.
        record["message"] += f"\n{type(cause).__name__}: {_message(cause)}"
        leaves.append(cause)
    found = (_frames(one, project) for one in (*leaves, error))
    frames = next((one for one in found if one), None)
    if frames:
        record.setdefault("place", frames[-1])
        record["frames"] = frames[-FRAMES:]
    return record


def interruption(error: BaseException, project: Project) -> dict[str, Any]:
    """Describe an interruption; asyncio raises it anew, above the coroutine that it cancelled."""
    record = exception_record(error, project)
    inner = error.__context__
    while inner is not None and type(inner).__name__ == "CancelledError":
        frames = _frames(inner, project)
        if frames:
            record["frames"] = (record.get("frames", []) + frames)[-FRAMES:]
            record["place"] = frames[-1]
            break
        inner = inner.__context__
    return record


def real_cause(error: BaseException) -> BaseException:
    """Return what a file raised on import, from inside what pytest made of it."""
    while type(error).__name__ in WRAPPERS:
        inner = getattr(error, "cause", None) or error.__cause__
        if not isinstance(inner, BaseException):
            inner = (getattr(error, "excinfo", None) or (None, None))[1]
        # A skip outside of a test, and clashing file names, are explained by the wrapper alone.
        if not isinstance(inner, Exception) or type(inner).__name__ == "ImportPathMismatchError":
            break
        error = inner
    return error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions of a group (of groups), or the exception itself."""
    group = any(one.__name__ == "BaseExceptionGroup" for one in type(error).__mro__)
    inner = getattr(error, "exceptions", None)
    if group and isinstance(inner, tuple) and inner:
        for one in inner:
            yield from _leaves(one)
    else:
        yield error


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the project's own __str__ may raise anything
        return f"<unprintable {type(error).__name__}>"


def _message(error: BaseException) -> str:
    name = type(error).__name__
    if name == "FixtureLookupError":
        return _fixture_message(error)
    text = error.msg if isinstance(error, SyntaxError) else _text(error)
    notes = getattr(error, "__notes__", None)
    lines = [text, *notes] if isinstance(notes, list) else [text]
    return "\n".join(str(line) for line in lines).strip() or name


def _fixture_message(error: Any) -> str:
    lines = error.formatrepr().errorstring.split("\n")
    kept = [line.strip() for line in lines]
    noise = ("available fixtures:", "use 'pytest --fixtures")
    return "\n".join(line for line in kept if line and not line.startswith(noise))


def _frames(error: BaseException, project: Project) -> list[list[Any]]:
    """Return the project's frames, outermost first, without those that hide themselves."""
    found: list[tuple[list[Any], bool]] = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        file = project.own(code.co_filename)
        if file:
            place = [file, step.tb_lineno or code.co_firstlineno, code.co_name]
            found.append((place, _hidden(step.tb_frame, error)))
        step = step.tb_next
    shown = [place for place, hidden in found if not hidden]
    return shown or [place for place, _ in found]


def _hidden(frame: FrameType, error: BaseException) -> bool:
    value = frame.f_locals.get("__tracebackhide__", frame.f_globals.get("__tracebackhide__"))
    if not callable(value):
        return bool(value)
    try:
        info: Any = (type(error), error, error.__traceback__)
        return bool(value(pytest.ExceptionInfo.from_exc_info(info)))
    except Exception:  # noqa: BLE001 - the project's own function; pytest would show the frame
        return False


def doctest_record(report: Any, project: Project) -> dict[str, Any]:
    """Return the place and message of a failed doctest, whose frames lie outside its file."""
    found = getattr(report.longrepr, "reprlocation_lines", None)
    if not found:
        return {}
    location, lines = found[0]
    file, line = project.canonical(str(location.path)), location.lineno
    return {
        "place": [file, line, ""],
        "message": texts.tail("\n".join(map(str, lines[-12:])).strip()),
    }


def test_place(report: Any, state: Any, config: Any, project: Project) -> list[Any]:
    """Return where a test stands, for what did not fail in code of the project."""
    location = state.get("location") or getattr(report, "location", None)
    file, line, name = location or (report.nodeid.split("::")[0], None, "")
    path = project.canonical(os.path.join(str(config.rootpath), file))
    named = "" if name == file else name.split("[")[0]
    return [path, None if line is None else line + 1, named]
