"""The front as an MCP client meets it: answers at once, and a server that may come, go or fail."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.environments import interpreter
from tests.installation import UV, Installation, install, script
from tests.manifest import FILE, LISTS, envelope, record
from tests.processes import alive

Message = dict[str, Any]
Connect = Callable[..., "Peer"]

MODERN = "2026-07-28"
VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN)
PATIENCE = 60.0
"""Seconds until a test gives up on a line; none of them takes a fraction of it."""
# A server that keeps what it hears and does what it is told.
PROGRAM = """
import json, os, signal, sys
import tinydep

def main() -> int:
    heard = []
    if "STARTS" in os.environ:
        with open(os.environ["STARTS"], "w") as begun:
            begun.write("1")
    for line in sys.stdin:
        message = json.loads(line)
        heard.append(message)
        method, name = message.get("method"), message.get("params", {}).get("name")
        if "id" not in message or name == "wait":
            continue
        if name == "die":
            os.kill(os.getpid(), 9)
        if name == "leave":
            os._exit(3)
        if name == "complain":
            print("what a day", file=sys.stderr, flush=True)
            print("no message", flush=True)
        if name == "resist":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if name == "close":
            os.close(1)
            signal.pause()
        if name == "tell":
            note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": 1}}
            print(json.dumps(note), flush=True)
        big = "x" * (3 << 20) * (name == "big")
        result = {"heard": heard, "pid": os.getpid(), "big": big}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
    return 0
"""


CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
NO_MESSAGES: tuple[tuple[bytes, int, object], ...] = (
    (b"{", -32700, None),
    (b"\xff\xfe", -32700, None),
    (b"\xef\xbb\xbf" + CALL + b"{}}", -32700, None),
    (CALL + b'{"name":NaN}}', -32700, None),
    (CALL + b'{"name":"\\ud800"}}', -32700, None),
    (CALL + b'{"name":"\xed\xa0\x80"}}', -32700, None),
    (b"[" * 100_000, -32600, None),
    (CALL + b'{"a":' * 300 + b"1" + b"}" * 301, -32600, 1),
    (CALL + b"[]}", -32600, 1),
    (CALL + b'{},"error":{"code":1,"message":"a"}}', -32600, 1),
    (b"[]", -32600, None),
    (b"7", -32600, None),
    (b'{"id":1,"method":"ping"}', -32600, 1),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, None),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, None),
    (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600, None),
    (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600, 1),
    (b'{"jsonrpc":"2.0","id":1}', -32600, None),
)
"""Lines, the code of the answer, and its id."""


class Peer:
    """An MCP client over pipes, line by line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._read = b""
        self._asked = 0

    def write(self, line: bytes) -> None:
        """Write bytes as they are."""
        assert self.process.stdin
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def send(self, message: Message) -> None:
        """Write a message."""
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def ask(self, method: str, params: Message | None = None, **more: object) -> object:
        """Send a request; return its id."""
        self._asked += 1
        self.send({"id": self._asked, "method": method, "params": params or {}, **more})
        return self._asked

    def call(self, name: str, meta: Message | None = None) -> object:
        """Send a tool call; return its id."""
        return self.ask("tools/call", {"name": name, "arguments": {}, "_meta": meta or {}})

    def next(self) -> Message:
        """Return the next message that comes."""
        assert self.process.stdout
        while b"\n" not in self._read:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            data = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
            assert data, f"nothing came after {self._read!r}"
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        message: Message = json.loads(line)
        return message

    def answer(self, identity: object) -> Message:
        """Return the next message, which must be the answer to that request."""
        message = self.next()
        assert message.get("id") == identity, message
        return message

    def result(self, identity: object) -> Message:
        """Return the result that the next message must bring."""
        result: Message = self.answer(identity)["result"]
        return result

    def greet(self, version: str) -> Message:
        """Begin in that version's manner; return what the server says of itself."""
        if version == MODERN:
            return self.result(self.ask("server/discover", {"_meta": envelope(MODERN)}))
        about = {"protocolVersion": version, "capabilities": {}}
        client = {"name": "peer", "version": "7"}
        greeting = self.result(self.ask("initialize", {**about, "clientInfo": client}))
        self.send({"method": "notifications/initialized"})
        return greeting

    def leave(self) -> int:
        """Close the client's side; return the exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(PATIENCE)


@pytest.fixture
def hdb(tmp_path: Path) -> Installation:
    return install(tmp_path, PROGRAM)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return an installation whose environment is there; no test changes it."""
    hdb = install(tmp_path_factory.mktemp("built"), PROGRAM)
    with subprocess.Popen([hdb.root / "bin" / "hdb"], env=hdb.variables, stdin=subprocess.DEVNULL):
        pass
    assert hdb.environments
    return hdb


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return what starts the front of an installation; all of them end with the test."""
    peers: list[Peer] = []

    def start(hdb: Installation, *command: str) -> Peer:
        process = subprocess.Popen(
            command or [str(hdb.root / "bin" / "hdb"), "mcp"],
            env=hdb.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        peers.append(Peer(process))
        return peers[-1]

    yield start
    for peer in peers:
        with peer.process:
            peer.process.kill()


@pytest.fixture
def gate(hdb: Installation, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Hold every build of `hdb` until the returned function is called."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    uv = Path(hdb.variables["PATH"], "uv")
    script(uv, f'[ ! -e "{path}" ] || cat "{path}"\n{uv.read_text()}')
    with os.fdopen(os.open(path, os.O_RDWR), "wb") as held:

        def release() -> None:
            path.unlink()
            held.close()

        yield release


needs_uv = pytest.mark.skipif(not UV, reason="needs uv on PATH")


def meta(version: str) -> Message:
    return envelope(MODERN) if version == MODERN else {}


def text(result: Message) -> str:
    (only,) = result["content"]
    assert result["isError"], result
    return str(only["text"])


def test_the_manifest_says_what_the_real_server_says() -> None:
    # `make manifest` writes it anew.
    assert json.loads(FILE.read_text(encoding="utf-8")) == record()


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_is_advertised_is_answered_before_there_is_a_server(
    hdb: Installation, connect: Connect, tmp_path: Path, version: str
) -> None:
    (tmp_path / "bin" / "uv").unlink(missing_ok=True)
    peer = connect(hdb.having(PIP_INDEX_URL=(tmp_path / "nowhere").as_uri()))
    greeting = peer.greet(version)
    assert greeting.get("protocolVersion", MODERN) == version
    recorded = json.loads(FILE.read_text(encoding="utf-8"))
    for method in LISTS:
        name = method.partition("/")[0]
        assert name in greeting["capabilities"]
        answer = peer.result(peer.ask(method, {"_meta": meta(version)}))
        assert answer == recorded["results"][recorded["versions"][version][method]]


@pytest.mark.parametrize("version", VERSIONS[-2:])
def test_a_server_that_cannot_be_built_is_told_to_the_call_and_tried_again(
    hdb: Installation, connect: Connect, tmp_path: Path, version: str
) -> None:
    index = tmp_path / "index"
    index.rename(tmp_path / "away")
    peer = connect(hdb)
    peer.greet(version)
    result = peer.result(peer.call("heard", meta(version)))
    assert "hdb could not start" in text(result)
    assert "Check the network and the package index settings" in text(result)
    assert result.get("resultType") == ("complete" if version == MODERN else None)
    hook = {"name": "status", "arguments": {"stop_hook": "false"}, "_meta": meta(version)}
    allowed = peer.result(peer.ask("tools/call", hook))
    assert (allowed["content"][0]["text"], allowed.get("isError")) == ("{}", None)
    (tmp_path / "away").rename(index)
    assert "heard" in peer.result(peer.call("heard", meta(version)))


def test_a_server_is_opened_with_the_clients_own_words(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    peer.greet("2025-06-18")
    initialize, initialized, call = peer.result(peer.call("heard"))["heard"]
    assert initialize["params"] == {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "peer", "version": "7"},
    }
    assert initialized["method"] == "notifications/initialized"
    assert call["params"]["name"] == "heard"


@needs_uv
def test_calls_that_wait_for_the_build_hear_of_it_and_can_be_cancelled(
    hdb: Installation, connect: Connect, gate: Callable[[], None]
) -> None:
    peer = connect(hdb)
    peer.greet("2025-11-25")
    quiet = peer.call("heard")
    told = peer.call("heard", {"progressToken": "mine"})
    notes = [peer.next()["params"] for _ in range(2)]
    assert {note["progressToken"] for note in notes} == {"mine"}
    assert 0 < notes[0]["progress"] < notes[1]["progress"] < 1
    assert "preparing its environment" in notes[1]["message"]
    peer.send({"method": "notifications/cancelled", "params": {"requestId": told}})
    gate()
    heard = peer.result(quiet)["heard"]
    assert [one["params"].get("name") for one in heard if "id" in one] == [None, "heard"]
    assert peer.leave() == 0  # and nothing came for the call that was cancelled
    assert peer.process.stdout
    assert peer.process.stdout.read() == b""


def test_the_cancelling_of_a_running_call_reaches_the_server(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    peer.greet(MODERN)
    waiting = peer.call("wait", meta(MODERN))
    peer.result(peer.call("heard", meta(MODERN)))
    cancelled = {"method": "notifications/cancelled", "params": {"requestId": waiting}}
    peer.send(cancelled)
    heard = peer.result(peer.call("heard", meta(MODERN)))["heard"]
    assert cancelled["params"] in [one.get("params") for one in heard]


def test_a_call_that_was_cancelled_is_not_failed_when_its_server_dies(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    assert peer.result(peer.call("heard"))
    waits = {"method": "tools/call", "params": {"name": "wait"}}
    for identity in (7, "7"):
        peer.send({"id": identity, **waits})
    peer.send({"method": "notifications/cancelled", "params": {"requestId": "7"}})
    dying = peer.call("die")
    failed = [peer.next()["id"] for _ in range(2)]
    assert failed == [7, dying]
    assert peer.result(peer.call("heard"))


@pytest.mark.parametrize("version", VERSIONS[-2:])
@pytest.mark.parametrize(("name", "how"), [("die", "by SIGKILL"), ("leave", "with status 3")])
def test_a_server_that_dies_fails_its_calls_with_a_sentence_and_is_started_again(
    built: Installation, connect: Connect, version: str, name: str, how: str
) -> None:
    peer = connect(built)
    peer.greet(version)
    first = peer.result(peer.call("heard", meta(version)))
    waiting = peer.call("wait", meta(version))
    dying = peer.call(name, meta(version))
    for identity in (waiting, dying):
        said = text(peer.result(identity))
        assert f"ended {how} during this call" in said
        assert "call again" in said
    again = peer.result(peer.call("heard", meta(version)))
    assert again["pid"] != first["pid"]
    opening = (
        ["server/discover"] if version == MODERN else ["initialize", "notifications/initialized"]
    )
    assert [one["method"] for one in again["heard"]] == [*opening, "tools/call"]


def test_what_else_waits_when_a_server_dies_is_refused_as_its_kind(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    peer.result(peer.call("heard"))
    other = peer.ask("prompts/get", {"name": "wait"})
    peer.call("die")
    refused = peer.answer(other)
    assert refused["error"]["code"] == -32603
    assert "ended by SIGKILL" in refused["error"]["message"]


@pytest.mark.parametrize("version", VERSIONS[-2:])
def test_a_line_that_is_no_message_is_answered_and_nothing_is_lost(
    built: Installation, connect: Connect, version: str
) -> None:
    peer = connect(built)
    peer.greet(version)
    for line, code, identity in NO_MESSAGES:
        peer.write(line + b"\n\n")
        answer = peer.answer(identity)
        assert (answer["error"]["code"], answer["error"]["message"][-1]) == (code, "."), line
    assert peer.result(peer.ask("tools/list", {"_meta": meta(version)}))["tools"]


def test_odd_lines_that_are_messages_are_served(built: Installation, connect: Connect) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    peer.write(b'{"jsonrpc":"2.0","id":"a","method":"tools/list","params":null}\n')
    assert peer.result("a")["tools"]
    # To the server a bare carriage return would end the line.
    peer.write(b'{"jsonrpc":"2.0",\r"id":"b","method":"tools/call","params":{"name":"heard"}}\r\n')
    assert peer.result("b")["heard"]
    peer.send({"id": "hdb-front-1", "method": "tools/call", "params": {"name": "heard"}})
    assert peer.result("hdb-front-1")["heard"]
    peer.send({"id": "c", "method": "tools/call", "params": {"name": "x" * (3 << 20)}})
    assert peer.result("c")["heard"][-1]["params"]["name"] == "x" * (3 << 20)


@pytest.mark.parametrize("identity", [[1], {}, None, True, 7, "never asked"])
def test_a_cancelling_of_what_is_not_there_harms_nothing(
    built: Installation, connect: Connect, identity: object
) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    peer.send({"method": "notifications/cancelled", "params": {"requestId": identity}})
    assert peer.result(peer.call("heard"))


def test_a_version_of_the_handshake_is_none_of_the_stateless_protocol(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    about = {**envelope(MODERN), "io.modelcontextprotocol/protocolVersion": "2025-11-25"}
    refused = peer.answer(peer.ask("tools/list", {"_meta": about}))["error"]
    assert (refused["code"], refused["data"]["supported"]) == (-32022, [MODERN])


def test_a_server_that_served_is_started_again_before_it_is_needed(
    built: Installation, connect: Connect, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    os.mkfifo(starts)
    with os.fdopen(os.open(starts, os.O_RDWR), "rb", buffering=0) as begun:
        peer = connect(built.having(STARTS=starts))
        peer.greet("2025-11-25")
        assert begun.read(1)
        peer.result(peer.call("heard"))
        peer.call("die")
        assert peer.next()
        assert begun.read(1)


@pytest.mark.parametrize("leaves", ["with unread output", "and reads on"])
def test_a_client_over_sockets_may_leave_as_it_likes(built: Installation, leaves: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        front = subprocess.Popen(
            [str(built.root / "bin" / "hdb"), "mcp"],
            env=built.variables,
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
        )
        theirs.close()
        ask = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/list",
            "params": {"_meta": envelope(MODERN)},
        }
        ours.sendall(json.dumps(ask).encode() + b"\n")
        assert select.select([ours], [], [], PATIENCE)[0]
        if leaves == "with unread output":
            ours.close()
        else:
            ours.shutdown(socket.SHUT_WR)
            assert b'"verify"' in ours.recv(1 << 20)
        errors = front.communicate(timeout=PATIENCE)[1]
    assert (front.returncode, errors) == (0, b"")


def test_the_last_line_needs_no_end(built: Installation, connect: Connect) -> None:
    peer = connect(built)
    line = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/list",
        "params": {"_meta": envelope(MODERN)},
    }
    peer.write(json.dumps(line).encode())
    assert peer.process.stdin
    peer.process.stdin.close()
    assert peer.result(1)["tools"]


def test_what_a_server_complains_of_is_passed_on(built: Installation, connect: Connect) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    peer.result(peer.call("complain"))
    assert peer.process.stderr
    said = {peer.process.stderr.readline() for _ in range(2)}
    assert said == {b"what a day\n", b"no message\n"}


def test_a_server_that_does_not_end_when_asked_is_ended(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    pid = peer.result(peer.call("resist"))["pid"]
    assert "ended by SIGKILL" in text(peer.result(peer.call("close")))
    assert not alive(pid)
    assert peer.result(peer.call("heard"))["pid"] != pid


def test_a_protocol_of_the_future_is_told_what_is_spoken(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    future = {**envelope(MODERN), "io.modelcontextprotocol/protocolVersion": "2031-01-01"}
    error = peer.answer(peer.ask("server/discover", {"_meta": future}))["error"]
    assert error["code"] == -32022
    assert error["data"] == {"supported": [MODERN], "requested": "2031-01-01"}
    assert peer.greet("2025-11-25")["protocolVersion"] == "2025-11-25"
    assert "heard" in peer.result(peer.call("heard"))


def test_an_unknown_version_of_the_handshake_gets_the_newest(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    assert peer.greet("1999-01-01")["protocolVersion"] == "2025-11-25"


def test_a_client_that_changes_the_era_gets_a_server_of_that_era(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    peer.greet(MODERN)
    first = peer.result(peer.call("heard", meta(MODERN)))
    peer.greet("2025-11-25")
    second = peer.result(peer.call("heard"))
    assert first["pid"] != second["pid"]
    assert [one["method"] for one in second["heard"]][:2] == [
        "initialize",
        "notifications/initialized",
    ]


def test_what_the_server_says_of_itself_reaches_the_client(
    built: Installation, connect: Connect
) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    called = peer.call("tell")
    assert peer.next()["method"] == "notifications/message"
    assert peer.result(called)


def test_a_large_result_waits_for_a_slow_reader(built: Installation, connect: Connect) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    calls = [peer.call("big"), peer.call("heard")]
    assert len(peer.result(calls[0])["big"]) == 3 << 20
    assert peer.result(calls[1])["big"] == ""


@pytest.mark.parametrize("ending", ["close", "SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_the_server_ends_with_the_front(built: Installation, connect: Connect, ending: str) -> None:
    peer = connect(built)
    peer.greet("2025-11-25")
    pid = peer.result(peer.call("heard"))["pid"]
    peer.call("wait")
    watch = os.pidfd_open(pid)
    if ending == "close":
        assert peer.leave() == 0
    else:
        number = signal.Signals[ending]
        peer.process.send_signal(number)
        status = -number if ending == "SIGKILL" else 128 + number
        assert peer.process.wait(PATIENCE) == status
    assert select.select([watch], [], [], PATIENCE)[0]
    os.close(watch)
    assert not alive(pid)


@needs_uv
@pytest.mark.parametrize("ending", ["close", "SIGTERM", "SIGKILL"])
def test_the_build_ends_with_the_front(
    hdb: Installation, connect: Connect, tmp_path: Path, ending: str
) -> None:
    os.mkfifo(tmp_path / "alive")
    os.mkfifo(tmp_path / "never")
    blocks = f'mkdir -p "$3"; exec 9>"{tmp_path}/alive"; echo built >&9; cat "{tmp_path}/never"'
    script(tmp_path / "bin" / "uv", blocks)
    peer = connect(hdb)
    with (tmp_path / "alive").open() as held:
        assert held.readline() == "built\n"
        if ending == "close":
            peer.leave()
        else:
            peer.process.send_signal(signal.Signals[ending])
        assert held.read() == ""  # the end of the file: no child holds it open any more
    peer.process.wait(PATIENCE)
    with (hdb.store / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # held until the build has cleared up
    assert [path.name for path in hdb.store.iterdir()] == [".lock"]


def test_two_sessions_at_once_share_one_build(hdb: Installation, connect: Connect) -> None:
    peers = [connect(hdb), connect(hdb)]
    for peer in peers:
        peer.greet(MODERN)
    calls = [peer.call("heard", meta(MODERN)) for peer in peers]
    pids = {peer.result(call)["pid"] for peer, call in zip(peers, calls, strict=True)}
    assert len(pids) == 2
    assert len(hdb.environments) == 1


def test_after_the_first_start_no_index_is_needed(
    hdb: Installation, connect: Connect, tmp_path: Path
) -> None:
    assert connect_and_call(connect, hdb)
    for name in ("index", "uv"):
        (tmp_path / name).rename(tmp_path / f"no-{name}")
    (tmp_path / "bin" / "uv").unlink(missing_ok=True)
    assert connect_and_call(connect, hdb)
    assert len(hdb.environments) == 1


def test_a_build_that_was_cut_off_is_made_anew(hdb: Installation, connect: Connect) -> None:
    assert connect_and_call(connect, hdb)
    (whole,) = hdb.environments
    (whole / ".ready").unlink()
    (whole / "bin" / "python").unlink()
    assert connect_and_call(connect, hdb)
    assert hdb.environments != [whole]


def test_an_update_with_other_requirements_has_its_own_environment(
    hdb: Installation, connect: Connect
) -> None:
    old = connect(hdb)
    old.greet(MODERN)
    old.result(old.call("heard", meta(MODERN)))
    lock = hdb.root / "requirements.lock"
    lock.write_text(f"# newer\n{lock.read_text()}")
    assert connect_and_call(connect, hdb)
    assert len(hdb.environments) == 2
    assert "heard" in old.result(old.call("heard", meta(MODERN)))  # what runs goes on


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_every_python3_serves(hdb: Installation, connect: Connect, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    script(Path(hdb.variables["PATH"]) / "python3.11", f'exec "{sys.executable}" "$@"')
    launcher = str(hdb.root / "mcp_server" / "launcher.py")
    # A warning is what the next Python removes.
    peer = connect(hdb, python, "-I", "-W", "error", launcher, "mcp")
    peer.greet(MODERN)
    assert "heard" in peer.result(peer.call("heard", meta(MODERN)))
    assert peer.leave() == 0


def connect_and_call(connect: Connect, hdb: Installation) -> bool:
    peer = connect(hdb)
    peer.greet(MODERN)
    done = "heard" in peer.result(peer.call("heard", meta(MODERN)))
    return done and peer.leave() == 0
