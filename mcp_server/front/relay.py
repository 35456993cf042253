"""Serves an MCP client on standard input and output, with hdb's own server behind."""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from mcp_server.front.conversation import OPENING, Conversation
from mcp_server.front.lines import Lines
from mcp_server.front.manifest import Manifest
from mcp_server.front.messages import UnreadableError

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from mcp_server.front.child import Child

STOPPED_BY = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
INPUT, OUTPUT, ERRORS = 0, 1, 2
CHUNK = 65536
FULL = 1 << 20
"""How many bytes may wait for a client that does not read before the server has to wait."""
MOST_SAID = 1 << 16
"""How many bytes may wait for a client that does not read standard error; more are dropped."""
FIRST_SECONDS = 0.02
"""How long the start of the server is put off for the client's first message."""
TELL_SECONDS = 1.0
LINGER_SECONDS = 10.0
"""How long a client that has closed its side may take to read the rest."""
LEAVE_SECONDS = 0.5
"""How long a server whose output has ended may take to end, by itself and again when asked to."""


def serve(root: str) -> int:
    """Serve until the client closes its side or a signal asks to stop; return the exit status."""
    if not (_is_open(INPUT) and _is_open(OUTPUT)):
        sys.stderr.write("hdb: hdb mcp speaks over standard input and output: ")
        sys.stderr.write("let an MCP client start it.\n")
        return 2
    return Relay(root).run()


class Relay:
    """The input and output of one conversation."""

    def __init__(self, root: str) -> None:
        """Begin with nothing said and no server started."""
        self._root = root
        self._about = {
            "HDB_FRONT": str(os.getpid()),
            "HDB_SESSION": os.urandom(8).hex(),
            "HDB_BEGAN": str(time.time_ns()),
        }
        self._conversation = Conversation(Manifest.load())
        self._child: Child | None = None
        self._lines = Lines()
        self._unsent = bytearray()
        self._unsaid = bytearray()
        self._tells = _is_open(ERRORS)
        self._told = time.monotonic()
        self._due = True
        """Whether a server is to be started before a call needs one."""
        self._stopped = 0
        self._left = False

    def run(self) -> int:
        """Pass messages on until the end, and end the server whatever happens."""
        wake, woken = os.pipe()
        for end in (wake, woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        for number in STOPPED_BY:
            signal.signal(number, self._stop)
        try:
            while not (self._stopped or self._left):
                self._turn(wake)
        finally:
            # First of all: a client that has left may never read what there still is to say.
            if self._child is not None:
                self._child.end()
        self._finish(wake)
        return 128 + self._stopped if self._stopped else 0

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._stopped = number

    def _turn(self, wake: int) -> None:
        """Do what can be done now, or wait until something can."""
        child = self._child
        reads: dict[int, Callable[[], None]] = {INPUT: self._read, wake: lambda: _drain(wake)}
        writes: dict[int, Callable[[], None]] = {}
        if self._unsent:
            writes[OUTPUT] = self._write
        if self._unsaid:
            writes[ERRORS] = self._say
        if child is not None:
            if not child.mute:
                reads[child.errors] = self._overhear
            if len(self._unsent) < FULL:
                reads[child.output] = self._hear
            if child.unsent:
                writes[child.input] = child.send
        readable, writable, _ = select.select([*reads], [*writes], [], self._patience())
        for known, able in ((writes, writable), (reads, readable)):
            for descriptor in able:
                # What one of them does may have ended the child of another.
                if child is self._child or descriptor in {INPUT, OUTPUT, ERRORS, wake}:
                    known[descriptor]()
        self._attend()

    def _patience(self) -> float | None:
        if self._child is None and self._due:
            return FIRST_SECONDS
        return TELL_SECONDS if self._conversation.waits else None

    def _attend(self) -> None:
        """Start or change the server where that is due, and hand on what there is to say."""
        talk = self._conversation
        if self._child is not None and talk.wants_another:
            self._replace(self._child)
        answered = not (talk.to_client or self._unsent)
        if self._child is None and (talk.waits or (self._due and answered)):
            self._start()
        if self._child is not None and talk.waits and time.monotonic() > self._told + TELL_SECONDS:
            self._told = time.monotonic()
            talk.tell(self._child.doing)
        self._unsent += b"".join(talk.to_client)
        talk.to_client.clear()
        if self._child is not None:
            self._child.unsent += b"".join(talk.to_server)
            talk.to_server.clear()

    def _start(self) -> None:
        # Imported late: the client's first message is answered without it.
        from mcp_server.front.child import Child  # noqa: PLC0415

        self._due = False
        self._told = time.monotonic()
        self._conversation.server_began()
        try:
            self._child = Child(self._root, self._about)
        except OSError as error:
            self._conversation.server_ended(f"hdb's server cannot be started: {error}.")

    def _replace(self, child: Child) -> None:
        child.end()
        self._child = None
        self._due = True
        self._conversation.server_ended("The client began anew during this call.")

    def _read(self) -> None:
        try:
            data = os.read(INPUT, CHUNK)
        except OSError:
            data = b""  # the other end of a socket was closed with something unread in it
        lines = self._lines.feed(data)
        if not data:
            self._left = True
            lines = [self._lines.rest() + b"\n"]
        for line in lines:
            if line.strip():
                self._conversation.hear_client(line)

    def _hear(self) -> None:
        child = self._child
        lines = child.lines() if child else []
        if child and lines is None:
            self._ended(child)
        for line in lines or ():
            try:
                self._conversation.hear_server(line)
            except UnreadableError:
                self._note(line)

    def _overhear(self) -> None:
        if self._child is not None:
            self._note(self._child.listen())

    def _ended(self, child: Child) -> None:
        how = child.end(patience=LEAVE_SECONDS, grace=LEAVE_SECONDS)
        why = f"hdb's server ended {how} during this call, and what it ran with it: call again."
        if self._conversation.state == OPENING:
            why = child.complaint or f"hdb's server ended {how} before it served."
            why = f"hdb could not start, so nothing was done: {why}"
        else:
            # One that never served would only end again.
            self._due = self._conversation.proved
        self._child = None
        self._conversation.server_ended(why)

    def _note(self, data: bytes) -> None:
        if self._tells and len(self._unsaid) < MOST_SAID:
            self._unsaid += data

    def _write(self) -> None:
        # A pipe that is ready takes this much at once, so that the write never waits.
        try:
            sent = os.write(OUTPUT, self._unsent[: select.PIPE_BUF])
        except OSError:
            self._left = True  # nobody reads any more
            sent = len(self._unsent)
        del self._unsent[:sent]

    def _say(self) -> None:
        try:
            said = os.write(ERRORS, self._unsaid[: select.PIPE_BUF])
        except OSError:
            self._tells = False
            said = len(self._unsaid)
        del self._unsaid[:said]

    def _finish(self, wake: int) -> None:
        """Write what a client that closed only its side still gets."""
        end = time.monotonic() + LINGER_SECONDS
        while self._unsent and not self._stopped and time.monotonic() < end:
            if OUTPUT in select.select([wake], [OUTPUT], [], LINGER_SECONDS)[1]:
                self._write()


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _drain(wake: int) -> None:
    os.read(wake, CHUNK)
