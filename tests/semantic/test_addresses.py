"""Whose choice an address is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.semantic.addresses import is_own_address
from tests.semantic.asked import asked, module

TEXT = """
import os
from urllib.parse import urljoin
from app.config import settings
BASE = "https://rates.example"
def of(name):
    return f"{BASE}/{{name}}"
class Client:
    def __init__(self, base):
        self._base = base or settings.url
        self.other = None
    def ask(self, path, url, order):
        host = order.host
        {}
"""
CASES = {
    "a literal": ('ask("https://rates.example/latest")', True),
    "a host, then what is computed": ('ask(f"https://rates.example/{path}")', True),
    "a region of a host": ('ask(f"https://eu-{path}.rates.example")', True),
    "a constant": ('ask(BASE + "/latest")', True),
    "configured": ('ask(f"{settings.url}/{path}")', True),
    "of the environment": ('ask(os.environ["RATES"])', True),
    "given to the object": ('ask(f"{self._base}/{path}")', True),
    "joined": ("ask(urljoin(BASE, path))", True),
    "formatted": ('ask("https://rates.example/{}".format(path))', True),
    "returned": ("ask(of(path))", True),
    "a parameter": ("ask(url)", False),
    "a host that is computed": ('ask(f"https://{host}/hook")', False),
    "of a record": ("ask(order.url)", False),
    "a parameter with a default": ("url = url or BASE; ask(url)", False),
    "of a mapping": ('ask(order["url"])', False),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_tells_whose_choice_it_is(text: str, *, wanted: bool, tmp_path: Path) -> None:
    found = module(tmp_path, TEXT.replace("{}", text).replace("{{name}}", "{name}"))
    (node,) = asked(found)
    assert is_own_address(found, node) is wanted
