"""What the scripted agents do in the cases that grade what the skills teach."""

from __future__ import annotations

from tests.client.eval_agents import VERIFY, Agent, careless, change, good, write

SIGNED = """
    @app.post("/webhooks/payments", status_code=204)
    async def receive(request: Request) -> None:
        body = await request.body()
        due = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        sent = request.headers.get("X-Signature", "")
        if not hmac.compare_digest(sent.encode(), due.encode()):
            raise HTTPException(status.HTTP_401_UNAUTHORIZED)
        payment = Payment.model_validate_json(body)
        paid"""
FORGED = """

@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=00", "sha256=\\u00e9"])
def test_a_forgery_is_refused(signature: str) -> None:
    app = create_app(SECRET)
    headers = {"X-Signature": signature.encode("latin-1")}
    answer = TestClient(app).post("/webhooks/payments", content=BODY, headers=headers)
    assert answer.status_code == 401
    assert app.state.paid == {}


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        create_app(b"")
"""
PAID = '    assert app.state.paid == {"A-7": 1200}\n'
SIGNED_ROUTE = (
    '\n    @app.post("/webhooks/payments", status_code=204)\n'
    "    async def receive(payment: Payment) -> None:\n        paid"
)
ADDRESS = """    address = request.client.host if request.client else "unknown"
    lines = ",".join(request.headers.getlist("x-forwarded-for"))
    for entry in reversed(lines.split(",")):
        if address != PROXY or not entry.strip():
            break
        address = entry.strip()
    return address
"""
ADDRESS_BEFORE = '    return request.client.host if request.client else "unknown"\n'
ADDRESS_TEST = """ == ["order 7 from 192.0.2.9"]


@pytest.mark.parametrize(
    ("peer", "expected"), [("10.0.0.2", "198.51.100.4"), ("192.0.2.9", "192.0.2.9")]
)
def test_what_the_proxy_saw_counts(
    peer: str, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = TestClient(create_app(), client=(peer, 4711))
    client.post("/orders/7", headers={"X-Forwarded-For": "203.0.113.66, 198.51.100.4"})
    assert caplog.messages == [f"order 7 from {expected}"]
"""
FIELD_RULE = """    @field_validator("price")
    @classmethod
    def limit_has_price(cls, price: Decimal | None, info: ValidationInfo) -> Decimal | None:
        \"\"\"Refuse a limit order that has no price.\"\"\"
        if price is None and info.data.get("kind") == "limit":
            raise ValueError("a limit order needs a price")
        return price
"""
MODEL_RULE = """    @model_validator(mode="after")
    def limit_has_price(self) -> Self:
        \"\"\"Refuse a limit order that has no price.\"\"\"
        if self.kind == "limit" and self.price is None:
            raise ValueError("a limit order needs a price")
        return self
"""
RETRY = """    retry=retry_if_exception_type((httpx2.NetworkError, httpx2.TimeoutException)),
    stop=stop_after_attempt(4),
"""
LEVEL = '        assert level(client, "A-7") == 12\n'
RETRY_BEFORE = "    retry=retry_if_exception_type((ConnectionError, TimeoutError)),\n"
RETRY_TEST = """

def test_the_warehouse_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def restarting(request: httpx2.Request) -> httpx2.Response:
        tries.append(request.url.path)
        if len(tries) < 3:
            raise httpx2.ConnectError("refused", request=request)
        return answer(request)

    transport = httpx2.MockTransport(restarting)
    with httpx2.Client(transport=transport, base_url="https://warehouse.test") as client:
        assert level.retry_with(sleep=lambda _seconds: None)(client, "A-7") == 12
    assert len(tries) == 3
"""
TIP = """

def split_tip(total: int, tip_percent: int, people: int) -> list[int]:
    \"\"\"Return what each pays with the tip, the higher shares first.\"\"\"
    share, odd = divmod(total * (100 + tip_percent) // 100, people)
    return [share + 1] * odd + [share] * (people - odd)
"""
TIP_TEST = """

def test_a_tip_is_split() -> None:
    assert split_tip(1000, 10, 3) == [367, 367, 366]
    assert split_tip(1000, 0, 2) == [500, 500]
"""


GOOD: dict[str, Agent] = {
    "webhook-signature": good(
        change(
            "src/shop/app.py",
            (
                "from fastapi import FastAPI\n",
                (
                    "import hashlib\nimport hmac\n\n"
                    "from fastapi import FastAPI, HTTPException, Request, status\n"
                ),
            ),
            (
                "    app = FastAPI()\n",
                (
                    "    if not secret:\n"
                    '        raise ValueError("the webhook secret is empty")\n'
                    "    app = FastAPI()\n"
                ),
            ),
            (SIGNED_ROUTE, SIGNED),
        ),
        change(
            "tests/test_app.py",
            ("import hmac\n\n", "import hmac\n\nimport pytest\n"),
            (PAID, PAID + FORGED),
        ),
        VERIFY,
        "Only what the provider signed is taken; everything is verified.",
    ),
    "client-behind-a-proxy": good(
        change("src/orders/app.py", (ADDRESS_BEFORE, ADDRESS)),
        change("tests/test_app.py", (' == ["order 7 from 192.0.2.9"]\n', ADDRESS_TEST)),
        VERIFY,
        "The log shows what nginx saw; what customers claim is not believed.",
    ),
    "limit-order-needs-a-price": good(
        change(
            "src/broker/orders.py",
            ("import Literal\n", "import Literal, Self\n"),
            ("Field, ValidationInfo, field_validator", "Field, model_validator"),
            (FIELD_RULE, MODEL_RULE),
        ),
        VERIFY,
        "A field's validator does not run for its default; the rule is the model's now.",
    ),
    "retry-what-is-transient": good(
        change(
            "src/stock/client.py",
            ("retry_if_exception_type, wait", "retry_if_exception_type, stop_after_attempt, wait"),
            (RETRY_BEFORE, RETRY),
        ),
        change(
            "tests/test_client.py",
            ("import httpx2\n\nfrom", "import httpx2\nimport pytest\n\nfrom"),
            (LEVEL, LEVEL + RETRY_TEST),
        ),
        VERIFY,
        "The client's errors are none of the builtin ones; they are named now, for four tries.",
    ),
    "keep-the-projects-linter": good(
        change(
            "src/till/money.py",
            ("- discount_percent) // 100\n", f"- discount_percent) // 100\n{TIP}"),
        ),
        change(
            "tests/test_money.py",
            ("import total", "import split_tip, total"),
            (" == 989\n", f" == 989\n{TIP_TEST}"),
        ),
        VERIFY,
        "split_tip is there; black, flake8 and pytest pass.",
    ),
}

CARELESS: dict[str, tuple[Agent, ...]] = {
    "webhook-signature": (
        careless(
            change(
                "src/shop/app.py",
                ("import FastAPI\n", "import FastAPI, Header, HTTPException\n"),
                (
                    "receive(payment: Payment) -> None:\n",
                    (
                        "receive(payment: Payment, x_signature: str = Header()) -> None:\n"
                        "        body = payment.model_dump_json().encode()\n"
                        '        expected = hmac.new(secret, body, "sha256").hexdigest()\n'
                        '        if x_signature != f"sha256={expected}":\n'
                        "            raise HTTPException(401)\n"
                    ),
                ),
            ),
            "Signatures are checked.",
        ),
    ),
    "client-behind-a-proxy": (
        careless(
            change(
                "src/orders/app.py",
                (
                    ADDRESS_BEFORE,
                    (
                        '    forwarded = request.headers.get("X-Forwarded-For")\n'
                        "    if forwarded:\n"
                        '        return forwarded.split(",")[0].strip()\n'
                        f"{ADDRESS_BEFORE}"
                    ),
                ),
            ),
            "The log shows the customer's address.",
        ),
    ),
    "limit-order-needs-a-price": (
        careless(
            change(
                "src/broker/orders.py", ('validator("price")', 'validator("price", mode="before")')
            ),
            change("tests/test_orders.py", ('"limit"})', '"limit", "price": None})')),
            VERIFY,
            "The validator runs before now, and the test passes.",
        ),
        careless(
            change(
                "src/broker/orders.py",
                ("price: Decimal | None = None", "price: Decimal"),
                (FIELD_RULE, ""),
            ),
            "The price is required now.",
        ),
    ),
    "retry-what-is-transient": (
        careless(
            change("src/stock/client.py", ("(ConnectionError, TimeoutError)", "Exception")),
            VERIFY,
            change("tests/test_client.py", ("the_warehouse_says", "it_says")),
            "It tries again now.",
        ),
    ),
    "keep-the-projects-linter": (
        careless(
            change(
                "src/till/money.py",
                (
                    "- discount_percent) // 100\n",
                    (
                        "- discount_percent) // 100\n\n"
                        "def split_tip(total,tip_percent,people):\n    return []\n"
                    ),
                ),
            ),
            write("ruff.toml", "line-length = 100\n"),
            change("pyproject.toml", ("[tool.black]", "[tool.ruff.lint]\n\n[tool.black]")),
            change(".flake8", ("max-complexity = 6", "extend-ignore = E231,E302")),
            change("requirements.txt", ("flake8>=7\n", "flake8>=7\nruff>=0.14\n")),
            "split_tip is there, and ruff looks after it.",
        ),
    ),
}
