"""Builds the environment that hdb's own program runs in, with uv or pip, once for all processes."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from mcp_server import runtime

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OLDEST = "3.11"
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
DAY = 24 * 3600
KEPT = {runtime.STAMP: 30 * DAY, runtime.RETIRED: DAY}
PATIENCE = 1.0
LOOK_SECONDS = 0.2
ASK_SECONDS = 20.0
"""How long an interpreter may take to tell its version; a shim may have nothing behind it."""
HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TAIL_LINES = 12
RETRYING = "WARNING: Retrying ("
QUESTION = (
    "import sys, importlib.util as u; "
    "print('%d.%d' % sys.version_info[:2], all(map(u.find_spec, ('venv', 'ensurepip'))))"
)
# What steers an installation elsewhere or adds to it. Where packages come from stays the user's.
STEERING = frozenset(
    f"{tool}_{name}"
    for tool in ("PIP", "UV")
    for name in (
        "TARGET PREFIX ROOT USER CONSTRAINT BUILD_CONSTRAINT OVERRIDE EXCLUDE REQUIREMENT EDITABLE "
        "DRY_RUN PYTHON SYSTEM_PYTHON PYTHON_VERSION PLATFORM ABI IMPLEMENTATION PROJECT "
        "WORKING_DIR"
    ).split()
)
PRIVATE = ("ANTHROPIC_", "CLAUDE_", "HDB_", "PYTHON", "VIRTUAL_ENV")


def build(root: str, cache: str, say: Callable[[str], None]) -> str:
    """Return a ready environment, built here or by the process that held the lock before."""
    store = Path(runtime.store_of(cache))
    try:
        os.makedirs(store, mode=0o700, exist_ok=True)  # noqa: PTH103 - Path.mkdir gives parents another mode
        lock = os.open(store / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        reason = f"cannot write to {cache} ({error.strerror})"
        message = f"{reason}. Set HDB_CACHE to a folder you can write to."
        raise runtime.StartError(message) from error
    try:
        _acquire(lock, store, say)
        return runtime.find(root, cache) or _build_new(root, store, say)
    except OSError as error:
        message = f"its environment could not be built ({error}). Mend that, then start again."
        raise runtime.StartError(message) from error
    finally:
        os.close(lock)


def ask(python: str) -> tuple[str, bool] | None:
    """Return an interpreter's version and whether it can create environments; None if it fails."""
    status, output = _run([python, "-I", "-c", QUESTION], Path(os.sep), ASK_SECONDS)
    words = output.split()
    if status != 0 or len(words) != len(("version", "able")):
        return None
    return words[0], words[1] == "True"


def _acquire(lock: int, store: Path, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return
        say("waiting for another hdb that is preparing the environment...")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        reason = f"cannot lock {store} ({error.strerror})"
        message = f"{reason}. Set HDB_CACHE to a folder on a local disk."
        raise runtime.StartError(message) from error


def _build_new(root: str, store: Path, say: Callable[[str], None]) -> str:
    _sweep(store)
    environment = str(store / f"{runtime.key_of(root)}-{os.urandom(4).hex()}")
    said: dict[str, str] = {}
    for tool, seconds, commands in _recipes(environment, runtime.requirements_of(root)):
        if not said:
            say(f"preparing its environment (once, about {seconds} s)...")
        try:
            said[tool] = _follow(commands, store)
            answer = ask(runtime.python_of(environment)) if not said[tool] else None
            said[tool] = said[tool] or "The Python of the new environment does not start."
            if answer is not None:
                runtime.write_stamp(environment, answer[0])
                return environment
        finally:
            if not Path(environment, runtime.STAMP).exists():
                shutil.rmtree(environment, ignore_errors=True)
    raise runtime.StartError(_explain(said) if said else needs())


def _sweep(store: Path) -> None:
    """Remove what a dead build left and what nobody used for long; the lock must be held."""
    for environment in store.iterdir():
        if environment.is_dir() and not any(_is_kept(environment, stamp) for stamp in KEPT):
            runtime.retire(str(environment))  # first, so that nobody starts in what is going
            shutil.rmtree(environment, ignore_errors=True)


def _is_kept(environment: Path, stamp: str) -> bool:
    try:
        used = (environment / stamp).stat().st_mtime
    except OSError:
        return False
    return used > time.time() - KEPT[stamp]


def _recipes(environment: str, requirements: str) -> Iterator[tuple[str, int, list[list[str]]]]:
    """Yield the ways to build, best first: the tool, about how many seconds, the commands."""
    python = runtime.python_of(environment)
    pinned = ["--no-deps", "--require-hashes", "-r", requirements]
    known = list(pythons())
    uv = next(programs("uv"), None)
    if uv:
        venv = [uv, "venv", "--no-project", environment, "--python"]
        # Copies: a link into uv's cache breaks when someone cleans or edits that.
        install = [uv, "pip", "install", "--link-mode", "copy", "--compile-bytecode"]
        install += ["--python", python, *pinned]
        if known:
            yield "uv", 5, [[*venv, known[0][0]], install]
        else:
            venv.append(f">={OLDEST}")
            yield "uv", 5, [[*venv, "--no-python-downloads"], install]
            yield "uv", 30, [venv, install]
    # Also after uv has failed: the index that works here may be known only to pip.
    base = next((path for path, able in known if able), None)
    if base:
        install = [python, "-I", "-m", "pip", "install", "--disable-pip-version-check"]
        install += ["--no-input", "--no-user", "--target=", "--prefix", environment, *pinned]
        yield "pip", 15, [[base, "-I", "-m", "venv", environment], install]


def pythons() -> Iterator[tuple[str, bool]]:
    """Yield interpreters that are new enough, up to the first that can create environments."""
    for path in _candidates():
        answer = ask(path)
        if answer is None or number(answer[0]) < number(OLDEST):
            continue
        yield path, answer[1]
        if answer[1]:
            return


def _candidates() -> Iterator[str]:
    if sys.version_info[:2] >= number(OLDEST):
        yield sys.executable
    for name in NEWER:
        yield from programs(name)


def programs(name: str) -> Iterator[str]:
    """Yield every program of that name: the first may be a shim with nothing behind it."""
    # Applications with a thin PATH start hdb too, and uv installs itself and its Pythons here.
    for folder in [*os.get_exec_path(), os.path.expanduser("~/.local/bin")]:  # noqa: PTH111 - never fails
        path = Path(folder, name)
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            yield str(path)


def number(version: str) -> tuple[int, ...]:
    """Return a version as numbers, which compare as versions do."""
    return tuple(int(part) for part in version.split("."))


def _follow(commands: list[list[str]], folder: Path) -> str:
    """Run the commands up to the first that fails; return what that one said, else nothing."""
    for command in commands:
        status, output = _run(command, folder)
        if status != 0:
            # What pip says at each attempt tells nothing that its last line does not.
            lines = [line for line in output.strip().splitlines() if RETRYING not in line]
            tail = lines[-TAIL_LINES:]
            return "\n".join(tail) or f"ended with status {status}"
    return ""


def _run(command: list[str], folder: Path, limit: float | None = None) -> tuple[int, str]:
    # Not in the user's folder: a project's own settings for uv must not reach hdb's environment.
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in STEERING and not name.startswith(PRIVATE)
    }
    # A signal while the process starts would be raised before anyone knows whom to end.
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        process = subprocess.Popen(  # noqa: S603 - fixed commands; nothing comes from a project
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_release,  # noqa: PLW1509 - there is one thread
        )
    except OSError as error:
        _release()
        return 127, str(error)
    try:
        _release()
        output = _output(process, limit)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, output.decode("utf-8", "replace")


def _release() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)


def _output(process: subprocess.Popen[bytes], limit: float | None) -> bytes:
    # Looked at again and again: a signal that comes just before a blocking read is not seen
    # until the read returns.
    end = None if limit is None else time.monotonic() + limit
    while True:
        if end is not None and time.monotonic() > end:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return b""
        try:
            return process.communicate(timeout=LOOK_SECONDS)[0]
        except subprocess.TimeoutExpired:
            if _is_orphan():
                msg = "the client has left"
                raise runtime.StartError(msg) from None


def _is_orphan() -> bool:
    """Tell whether the front that this build is for has gone, perhaps killed."""
    front = os.environ.get("HDB_FRONT", "")
    return front.isdecimal() and os.getppid() != int(front)


def _explain(said: dict[str, str]) -> str:
    lines = ["its environment could not be built."]
    for tool, text in said.items():
        lines.append(f"{tool} said:")
        lines += [f"    {line}" for line in text.splitlines()]
    return "\n".join([*lines, _next_step(" ".join(said.values()).lower())])


def _next_step(said: str) -> str:
    if "hash mismatch" in said or "do not match the hashes" in said:
        return (
            "A package is not the one this hdb was released with (its hash differs), so it was "
            "refused. Check the package index or mirror this machine uses, then start hdb again."
        )
    if "no interpreter found" in said:
        return f"hdb needs Python {OLDEST} or newer: run `uv python install`, then start hdb again."
    return "Check the network and the package index settings, then start hdb again."


def needs() -> str:
    """Return what this machine lacks to build an environment, with the next step."""
    version = runtime.version_of_this()
    if sys.version_info[:2] >= number(OLDEST):
        return (
            f"python3 is {version} but cannot create environments. Install its venv module "
            f"(Debian, Ubuntu: apt install python{version}-venv) or uv, then start hdb again."
        )
    return (
        f"python3 is {version}; hdb needs Python {OLDEST} or newer, or uv. Install one of them "
        "(for example: python3 -m pip install --user uv), then start hdb again."
    )
