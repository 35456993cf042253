"""Names and finds the environment that hdb's own program runs in, cheaply enough for every start.

Environments live in `<cache>/runtime/<key>-<random>/`. Each build gets a new folder, because an
environment cannot be moved, and counts only once its stamp, written last, is there.
"""

# Importing pathlib would cost more than all else this does.
# ruff: noqa: PTH105, PTH116, PTH118, PTH123, PTH208

from __future__ import annotations

import os
import sys

STAMP = ".ready"
RETIRED = ".retired"


class StartError(Exception):
    """What keeps hdb from starting, and the next step, in words for the person."""


def store_of(cache: str) -> str:
    """Return the folder that holds the environments."""
    return os.path.join(cache, "runtime")


def python_of(environment: str) -> str:
    """Return the path of an environment's interpreter."""
    return os.path.join(environment, "bin", "python")


def requirements_of(root: str) -> str:
    """Return the path of the pinned requirements of this hdb."""
    return os.path.join(root, "requirements.lock")


def key_of(root: str) -> str:
    """Return what the environments of these requirements under this kind of Python share."""
    import hashlib  # noqa: PLC0415 - the launcher can fail earlier without paying for it

    version = version_of_this()
    machine = os.uname().machine
    flags = getattr(sys, "abiflags", "")
    libc = getattr(sys.implementation, "_multiarch", "")
    identity = f"{sys.implementation.name} {version} {flags} {sys.platform} {machine} {libc}"
    requirements = requirements_of(root)
    try:
        with open(requirements, "rb") as file:
            content = file.read()
    except OSError as error:
        message = f"cannot read {requirements} ({error.strerror}). Reinstall hdb."
        raise StartError(message) from error
    return hashlib.sha256(content + identity.encode()).hexdigest()[:16]


def version_of_this() -> str:
    """Return the running interpreter's version as `3.11`."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def find(root: str, cache: str) -> str | None:
    """Return the environment that is ready for use; no process is started where all is well."""
    store = store_of(cache)
    prefix = f"{key_of(root)}-"
    try:
        names = os.listdir(store)
    except OSError:
        return None  # nothing was built yet, or the build will say what is wrong
    for name in names:
        environment = os.path.join(store, name)
        if name.startswith(prefix) and _is_ready(environment):
            return environment
    return None


def retire(environment: str) -> None:
    """Take an environment out of use; its files stay a while for what still runs in it."""
    try:
        os.replace(os.path.join(environment, STAMP), os.path.join(environment, RETIRED))
    except OSError:
        return  # another process was first, or the folder is read-only


def write_stamp(environment: str, version: str) -> None:
    """Declare an environment whole, in one step, for the Python that is in it now."""
    stamp = os.path.join(environment, STAMP)
    draft = f"{stamp}.{os.getpid()}"
    with open(draft, "w", encoding="utf-8") as file:
        file.write(f"{version}\n{_fingerprint(environment)}")
    os.replace(draft, stamp)


def _is_ready(environment: str) -> bool:
    stamp = os.path.join(environment, STAMP)
    try:
        with open(stamp, encoding="utf-8") as file:
            version, _, recorded = file.read().partition("\n")
    except OSError:
        return False
    found = _fingerprint(environment)
    try:
        if found == recorded:
            os.utime(stamp)  # tells the clean-up that it is in use
            return True
        if found and _still_runs(environment, version):
            write_stamp(environment, version)
            return True
    except OSError:
        return True  # a read-only cache is no reason to build another
    retire(environment)
    return False


def _fingerprint(environment: str) -> str:
    python = python_of(environment)
    try:
        status = os.stat(python)
    except OSError:
        return ""
    if not os.access(python, os.X_OK):
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {os.path.realpath(python)}"


def _still_runs(environment: str, version: str) -> bool:
    # An update of the same Python keeps the environment good; another one in its place does not.
    from mcp_server.runtime_build import ask  # noqa: PLC0415 - only after a change of the Python

    answer = ask(python_of(environment))
    return answer is not None and answer[0] == version
