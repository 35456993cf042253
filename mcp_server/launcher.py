"""Starts hdb on any python3: finds or builds its environment, then becomes the program in it."""

# Importing pathlib would cost more than all else this does.
# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH117, PTH118, PTH120

# No `from __future__ import annotations` here: Python 3.6 must be able to read this file, so that
# its users get a sentence instead of a SyntaxError.
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
NEWER = ["python3.%d" % minor for minor in range(14, 7, -1)]  # noqa: UP031 - as above
STOPPED_BY = "SIGINT", "SIGTERM", "SIGHUP"


class Stopped(BaseException):
    """A signal asked the build to end; not an Exception, so that nothing swallows it."""

    def __init__(self, number: int) -> None:
        """Remember the signal, because the process has to end by it."""
        super().__init__(number)
        self.number = number


def main() -> int:
    """Become hdb's own program; return only when that is not possible."""
    if sys.version_info < (3, 8):  # noqa: UP036 - this is where an old one is turned away
        become_newer()
        found = f"python3 is {sys.version.split()[0]}"
        say(f"{found}. Put Python 3.11 or newer first on PATH, then start hdb again.")
        return 2
    os.environ.pop("HDB_NEWER", None)
    sys.path.insert(0, ROOT)
    if sys.argv[1:] == ["mcp"]:
        from mcp_server.front import relay  # noqa: PLC0415 - older Pythons cannot read it

        return relay.serve(ROOT)
    if sys.argv[1:] != ["mcp", "--direct"]:
        os.environ.pop("HDB_FRONT", None)  # only the front may say so
    cache = cache_folder()
    if not cache:
        say("there is no home folder. Set HDB_CACHE to a folder you can write to.")
        return 2
    if sys.argv[1:] == ["doctor"]:
        from mcp_server import doctor  # noqa: PLC0415 - older Pythons cannot read it

        return doctor.examine(ROOT, cache)
    from mcp_server import runtime  # noqa: PLC0415 - older Pythons cannot read it

    try:
        environment = runtime.find(ROOT, cache) or build(cache)
        become(environment, cache)
    except runtime.StartError as problem:
        say(str(problem))
    return 2


def become_newer() -> None:
    """Start again under a newer Python of PATH; return where there is none."""
    if os.environ.pop("HDB_NEWER", ""):
        return  # a name said more than its Python is
    os.environ["HDB_NEWER"] = "1"
    for name in NEWER:
        for folder in os.get_exec_path():
            path = os.path.join(folder, name)
            if os.path.isabs(path) and os.access(path, os.X_OK) and not os.path.isdir(path):
                os.execv(path, [path, "-I", os.path.realpath(__file__), *sys.argv[1:]])  # noqa: S606 - no shell


def say(text: str) -> None:
    """Tell the person; never on stdout, which may carry MCP."""
    sys.stderr.write(f"hdb: {text}\n")
    sys.stderr.flush()


def cache_folder() -> str:
    """Return the folder for the environment and the program's state; "" where there is none.

    It is the same for the plugin's server and for the command line, since they share turns and
    batches; the plugin's own folder serves only where the user's cache cannot be written.
    """
    chosen = os.environ.get("HDB_CACHE")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    shared = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(shared):
        mac = sys.platform == "darwin"
        shared = os.path.expanduser("~/Library/Caches" if mac else "~/.cache")
    own = os.path.join(shared, "hdb")
    plugin = os.environ.get("CLAUDE_PLUGIN_DATA", "")
    if os.path.isabs(plugin) and not (os.path.isabs(own) and can_write(own)):
        return plugin
    return own if os.path.isabs(own) else ""


def can_write(folder: str) -> bool:
    """Tell whether a folder can be written, or made."""
    while not os.path.exists(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def build(cache: str) -> str:
    """Build the environment; end by the same signal if one arrives meanwhile."""
    import signal  # noqa: PLC0415 - the usual start does without it

    from mcp_server import runtime_build  # noqa: PLC0415 - the usual start does without it

    def stop(number: int, _frame: object) -> None:
        for known in before:
            signal.signal(known, signal.SIG_IGN)
        raise Stopped(number)

    numbers = [int(getattr(signal, name)) for name in STOPPED_BY]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: was for number, was in before.items() if was is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        return runtime_build.build(ROOT, cache, say)
    except Stopped as stopped:
        before[stopped.number] = signal.SIG_DFL
        signal.signal(stopped.number, signal.SIG_DFL)
        os.kill(os.getpid(), stopped.number)
        raise
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def become(environment: str, cache: str) -> None:
    """Replace this process by the program, so that signals and exit status are the program's."""
    from mcp_server import runtime  # noqa: PLC0415 - older Pythons cannot read it

    python = runtime.python_of(environment)
    program = os.path.join(ROOT, "mcp_server", "__main__.py")
    variables = dict(os.environ, HDB_CACHE=cache, HDB_RUNTIME=environment)
    try:
        os.execve(python, [python, "-I", program, *sys.argv[1:]], variables)  # noqa: S606 - no shell
    except OSError as error:
        runtime.retire(environment)
        message = f"{python} does not start ({error.strerror}). Start hdb again to rebuild it."
        raise runtime.StartError(message) from error


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
