"""An MCP server as its clients see it: refusals that teach, callers, approvals, standard output."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
import jwt
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.request_state import RequestStateSecurity
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    InputRequiredResult,
    InputResponses,
    TextContent,
)
from starlette.applications import Starlette

from tests.skills.blocks import load

SERVER = load("python-backend/references/mcp.md#a-server")
UNKNOWN = load("python-backend/references/mcp.md#arguments-that-no-tool-has")
CALLER = load("python-backend/references/mcp.md#who-calls")
APPROVAL = load("python-backend/references/mcp.md#a-persons-approval")

KEY = "k" * 32
URL = "https://orders.example/mcp"
MODES = pytest.mark.parametrize("mode", ["auto", "legacy"])


@dataclass
class Shop:
    """Orders of two customers, and what was cancelled."""

    states: dict[tuple[str, str], str] = field(
        default_factory=lambda: {
            ("ada", "O-0001"): "open",
            ("ada", "O-0002"): "shipped",
            ("bob", "O-0003"): "open",
        }
    )
    cancelled: list[str] = field(default_factory=list)

    async def of(self, customer: str, limit: int) -> Sequence[Any]:
        """List a customer's orders."""
        found = [await self.find(who, number) for who, number in self.states if who == customer]
        return [*filter(None, found)][:limit]

    async def find(self, customer: str, order_id: str) -> Any:  # noqa: ANN401 - a block's model
        """Return an order, None where it is nobody's or another's."""
        state = self.states.get((customer, order_id))
        return state and SERVER.Order(order_id=order_id, state=state)

    async def cancel(self, customer: str, order_id: str) -> Any:  # noqa: ANN401 - a block's model
        """Cancel an order."""
        if order_id == "O-0009":
            message = "postgres://shop:hunter2@db/orders is gone"
            raise RuntimeError(message)
        self.states[customer, order_id] = "cancelled"
        self.cancelled.append(order_id)
        return await self.find(customer, order_id)


def build(shop: Shop, caller: Callable[[str], str] = lambda _: "ada") -> MCPServer[None]:
    server: MCPServer[None] = SERVER.create_server(shop, caller)
    return server


def said(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@MODES
async def test_tools_tell_what_they_take_give_and_do(mode: str) -> None:
    async with Client(build(Shop()), mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert {*tools} == {"list_orders", "cancel_order"}
    reads, cancels = tools["list_orders"].annotations, tools["cancel_order"].annotations
    assert reads
    assert reads.read_only_hint
    assert cancels
    assert cancels.destructive_hint
    assert cancels.idempotent_hint
    taken = tools["cancel_order"].input_schema["properties"]["order_id"]
    assert taken["description"]
    assert taken["pattern"]
    given = tools["cancel_order"].output_schema
    assert given
    assert {*given["properties"]} == {"order_id", "state"}


@MODES
async def test_a_call_is_answered_with_structure(mode: str) -> None:
    async with Client(build(Shop()), mode=mode) as client:
        listed = await client.call_tool("list_orders", {"limit": 1})
        cancelled = await client.call_tool("cancel_order", {"order_id": "O-0001"})
    assert listed.structured_content == {"result": [{"order_id": "O-0001", "state": "open"}]}
    assert cancelled.structured_content == {"order_id": "O-0001", "state": "cancelled"}


@MODES
async def test_a_call_that_is_repeated_changes_nothing_more(mode: str) -> None:
    shop = Shop()
    async with Client(build(shop), mode=mode) as client:
        first = await client.call_tool("cancel_order", {"order_id": "O-0001"})
        again = await client.call_tool("cancel_order", {"order_id": "O-0001"})
    assert first.structured_content == again.structured_content
    assert shop.cancelled == ["O-0001"]


@pytest.mark.parametrize(
    ("tool", "arguments", "teaches"),
    [
        ("cancel_order", {"order_id": "O-0002"}, "is shipped"),
        ("cancel_order", {"order_id": "O-7777"}, "`list_orders` shows"),
        ("cancel_order", {"order_id": "O-0003"}, "`list_orders` shows"),  # bob's
        ("cancel_order", {"order_id": "O-1; DROP"}, "should match pattern"),
        ("cancel_order", {"order_id": "O-0001\n"}, "should match pattern"),
        ("list_orders", {"limit": 5000}, "less than or equal to 50"),
    ],
)
async def test_a_refusal_says_what_is_wrong_and_changes_nothing(
    tool: str, arguments: dict[str, Any], teaches: str
) -> None:
    shop = Shop()
    async with Client(build(shop)) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert teaches in said(result)
    assert shop.cancelled == []


async def test_the_text_of_another_error_stays_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop({("ada", "O-0009"): "open"})
    with caplog.at_level(logging.ERROR):
        async with Client(build(shop)) as client:
            result = await client.call_tool("cancel_order", {"order_id": "O-0009"})
    assert result.is_error
    assert said(result) == "Error executing tool cancel_order"
    assert "hunter2" in caplog.text


async def test_the_sdk_drops_an_argument_that_no_tool_has() -> None:
    shop = Shop()
    async with Client(build(shop)) as client:
        await client.call_tool("cancel_order", {"order_id": "O-0001", "dry_run": True})
    assert shop.cancelled == ["O-0001"]


@MODES
async def test_ours_refuses_it_and_says_what_there_is(mode: str) -> None:
    shop = Shop()
    server = build(shop)
    UNKNOWN.refuse_unknown_arguments(server)
    async with Client(server, mode=mode) as client:
        result = await client.call_tool("cancel_order", {"order_id": "O-0001", "dry_run": True})
        assert result.is_error
        assert said(result) == "cancel_order has no dry_run; it takes order_id."
        assert shop.cancelled == []
        # All else goes its way.
        assert not (await client.call_tool("cancel_order", {"order_id": "O-0001"})).is_error
        assert not (await client.call_tool("list_orders")).is_error
        assert "Unknown tool" in said(await client.call_tool("nothing", {"order_id": 1}))


@contextmanager
def signed_in(*scopes: str, subject: str | None = "ada") -> Iterator[None]:
    token = AccessToken(token=KEY, client_id="agent", scopes=[*scopes], subject=subject)
    reset = auth_context_var.set(AuthenticatedUser(token))
    try:
        yield
    finally:
        auth_context_var.reset(reset)


def test_the_caller_is_who_the_token_says() -> None:
    with signed_in("orders:read", "orders:write"):
        assert CALLER.caller("orders:write") == "ada"


@pytest.mark.parametrize(
    ("scopes", "subject"), [((), "ada"), (("orders:read",), "ada"), (("orders:write",), None)]
)
def test_without_the_scope_or_a_subject_nobody_calls(
    scopes: tuple[str, ...], subject: str | None
) -> None:
    with signed_in(*scopes, subject=subject), pytest.raises(CALLER.ToolError, match="orders:write"):
        CALLER.caller("orders:write")


async def test_without_a_token_a_tool_refuses() -> None:
    shop = Shop()
    async with Client(build(shop, CALLER.caller)) as client:
        result = await client.call_tool("cancel_order", {"order_id": "O-0001"})
    assert result.is_error
    assert "sign in" in said(result)
    assert shop.cancelled == []


def decode(token: str) -> Any:  # noqa: ANN401 - claims are what the issuer writes
    required = ["exp", "aud", "sub", "client_id", "scope"]
    return jwt.decode(token, KEY, ["HS256"], {"require": required}, audience=URL)


def token(key: str = KEY, **changed: object) -> str:
    claims = {
        "sub": "ada",
        "aud": URL,
        "exp": int(time.time()) + 86_400,
        "client_id": "agent",
        "scope": "orders:read orders:write",
    }
    return jwt.encode(claims | changed, key, algorithm="HS256")


def unsigned() -> str:
    """Return a token that claims to need no signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{token().split('.')[1]}."


def over_http(shop: Shop) -> Starlette:
    """Return the application that the text describes: one audience, one host."""
    auth = AuthSettings.model_validate(
        {
            "issuer_url": "https://login.example",
            "resource_server_url": URL,
            "required_scopes": ["orders:read"],
            "validate_token_resource": False,
        }
    )
    server = SERVER.create_server(shop, CALLER.caller, CALLER.Verifier(decode), auth)
    app: Starlette = server.streamable_http_app(transport_security=LISTED)
    return app


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (None, 401),
        ("", 401),
        ("Basic YTpi", 401),
        ("Bearer nonsense", 401),
        (f"Bearer {token(key='another key of thirty-two bytes!')}", 401),
        (f"Bearer {token(exp=1)}", 401),
        (f"Bearer {token(exp=None)}", 401),
        (f"Bearer {token(aud='https://mail.example/mcp')}", 401),
        (f"Bearer {token(aud=[])}", 401),
        (f"Bearer {token(sub=None)}", 401),
        (f"Bearer {unsigned()}", 401),
        (f"Bearer {token(scope='mail:read')}", 403),
        # Past the check of the token: RFC 7519 allows fractions of a second.
        (f"Bearer {token(exp=time.time() + 86_400.5)}", 400),
    ],
)
async def test_over_http_a_token_is_for_this_service_or_refused(
    sent: str | None, status: int
) -> None:
    app = over_http(Shop())
    transport = httpx2.ASGITransport(app)
    headers = {"authorization": sent} if sent is not None else {}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, headers=headers) as http,
    ):
        answer = await http.post(URL, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert answer.status_code == status


async def test_over_http_a_tool_knows_its_caller() -> None:
    shop = Shop()
    app = over_http(shop)
    transport = httpx2.ASGITransport(app)
    headers = {"authorization": f"Bearer {token(sub='bob')}"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, headers=headers) as http,
        Client(streamable_http_client(URL, http_client=http)) as client,
    ):
        refused = await client.call_tool("cancel_order", {"order_id": "O-0001"})
        done = await client.call_tool("cancel_order", {"order_id": "O-0003"})
    assert refused.is_error
    assert not done.is_error
    assert shop.cancelled == ["O-0003"]


LISTED = TransportSecuritySettings(allowed_hosts=["orders.example"])


@pytest.mark.parametrize(
    ("options", "host", "status"),
    [
        ({}, "orders.example", 421),
        # A session that was never opened: past the check of the host.
        ({}, "localhost:8000", 400),
        ({"host": "0.0.0.0"}, "evil.example", 400),  # noqa: S104 - what the test is about
        ({"host": "0.0.0.0", "transport_security": LISTED}, "evil.example", 421),  # noqa: S104
        ({"host": "0.0.0.0", "transport_security": LISTED}, "orders.example", 400),  # noqa: S104
    ],
)
async def test_over_http_another_host_is_refused_where_hosts_are_listed(
    options: dict[str, Any], host: str, status: int
) -> None:
    app = build(Shop()).streamable_http_app(**options)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http,
    ):
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        answer = await http.post(f"http://{host}/mcp", json=ping)
    assert answer.status_code == status


@dataclass(frozen=True)
class Person:
    """Who answers what a server asks."""

    action: Literal["accept", "decline", "cancel"]
    approved: bool = False

    async def __call__(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        """Answer the one question that the server has."""
        del context
        assert params.message == "Pay the money for order O-0001 back?"
        if self.action != "accept":
            return ElicitResult(action=self.action)
        return ElicitResult(action="accept", content={"approved": self.approved})


def refunding(key: str | None = None) -> tuple[MCPServer[None], list[str]]:
    security = RequestStateSecurity(keys=[key]) if key else None
    server: MCPServer[None] = MCPServer(
        "refunds", log_level="WARNING", request_state_security=security
    )
    refunded = list[str]()

    async def refund(order_id: str) -> None:
        refunded.append(order_id)

    APPROVAL.add_refund(server, refund)
    return server, refunded


@MODES
async def test_a_person_who_agrees_lets_it_happen_once(mode: str) -> None:
    server, refunded = refunding()
    async with Client(
        server, mode=mode, elicitation_callback=Person("accept", approved=True)
    ) as client:
        assert not (await client.call_tool("refund_order", {"order_id": "O-0001"})).is_error
    assert refunded == ["O-0001"]


@MODES
@pytest.mark.parametrize("action", ["accept", "decline", "cancel"])
async def test_a_model_cannot_agree_for_the_person(
    mode: str, action: Literal["accept", "decline", "cancel"]
) -> None:
    server, refunded = refunding()
    async with Client(server, mode=mode, elicitation_callback=Person(action)) as client:
        (tool,) = (await client.list_tools()).tools
        assert {*tool.input_schema["properties"]} == {"order_id"}
        forged = {"order_id": "O-0001", "approval": {"approved": True}}
        assert (await client.call_tool("refund_order", forged)).is_error
    assert refunded == []


@MODES
async def test_a_client_that_cannot_ask_gets_an_error(mode: str) -> None:
    server, refunded = refunding()
    async with Client(server, mode=mode) as client:
        with pytest.raises(MCPError, match="elicitation"):
            await client.call_tool("refund_order", {"order_id": "O-0001"})
    assert refunded == []


async def approve(server: MCPServer[None], order_id: str, asked: InputRequiredResult) -> bool:
    """Send an approval to a server, perhaps another than asked for it; say whether it counts."""
    (question,) = asked.input_requests or {}
    yes: InputResponses = {question: ElicitResult(action="accept", content={"approved": True})}
    async with Client(server, elicitation_callback=Person("accept")) as client:
        with suppress(MCPError):
            await client.session.call_tool(
                "refund_order",
                {"order_id": order_id},
                input_responses=yes,
                request_state=asked.request_state,
                allow_input_required=True,
            )
            return True
    return False


@pytest.mark.parametrize("key", [None, KEY])
async def test_an_approval_is_for_its_arguments_and_counts_as_often_as_it_is_sent(
    key: str | None,
) -> None:
    server, refunded = refunding(key)
    replica, elsewhere = refunding(key)
    async with Client(server, elicitation_callback=Person("accept")) as client:
        asked = await client.session.call_tool(
            "refund_order", {"order_id": "O-0001"}, allow_input_required=True
        )
    assert isinstance(asked, InputRequiredResult)
    assert not await approve(server, "O-0002", asked)
    assert refunded == []
    assert await approve(server, "O-0001", asked)
    assert await approve(server, "O-0001", asked)
    assert refunded == ["O-0001", "O-0001"]
    # A replica knows it where the key is shared.
    assert await approve(replica, "O-0001", asked) is bool(key)
    assert elsewhere == (["O-0001"] if key else [])


@MODES
@pytest.mark.parametrize("order_id", ["O-0001 back? The bank has agreed.\n\nSay", "O-0001\n", ""])
async def test_a_model_cannot_write_the_question(mode: str, order_id: str) -> None:
    server, refunded = refunding()
    # A person who agrees, and fails on another question than the one we know.
    person = Person("accept", approved=True)
    async with Client(server, mode=mode, elicitation_callback=person) as client:
        result = await client.call_tool("refund_order", {"order_id": order_id})
    assert "should match pattern" in said(result)
    assert refunded == []


PRINTS = """
import logging, sys
from mcp.server import MCPServer
print("a banner", flush=True)
before = len(logging.getLogger().handlers)
server = MCPServer("prints", log_level="ERROR")
print("handlers", before, len(logging.getLogger().handlers), file=sys.stderr)
@server.tool()
def speak() -> str:
    print("stray", flush=True)
    return "done"
server.run()
"""


async def test_what_is_printed_before_serving_reaches_the_client_and_later_words_do_not() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PRINTS, stdin=-1, stdout=-1, stderr=-1
    )
    start = {"protocolVersion": "2025-06-18", "capabilities": {}}
    start["clientInfo"] = {"name": "test", "version": "1"}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "speak"}},
    ]
    assert process.stdin
    assert process.stdout
    process.stdin.writelines(json.dumps(one).encode() + b"\n" for one in messages)
    async with asyncio.timeout(60):
        lines = [await process.stdout.readline() for _ in range(3)]
        process.stdin.close()
        rest, errors = await process.communicate()
    assert lines[0] == b"a banner\n"
    assert [json.loads(one)["id"] for one in lines[1:]] == [1, 2]
    assert b"done" in lines[2]
    assert rest == b""
    assert b"stray" in errors
    # Who has configured no logging has it configured by the SDK, for the root logger.
    assert b"handlers 0 1" in errors
