"""Checks by a pattern that ends in `$`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.match_dollar import RULE
from tests.rules.cases import hits

HITS = {
    "directly": """
        import re
        def check_name(name):
            if not re.match(r"^[a-z]+$", name):  # hit
                raise ValueError(name)
    """,
    "compiled in another module": """
        from app.patterns import NAME
        class Form:
            def validate_name(self, name):
                if NAME.match(name) is None:  # hit
                    raise ValueError(name)
        # file: app/patterns.py
        from re import compile as pattern
        NAME = pattern("^[a-z0-9_]{3,20}$")
    """,
    "its truth": """
        import re as regex
        WORD = r"^\\w+$"
        def is_valid(name: str) -> bool:
            return regex.match(WORD, name) is not None  # hit
    """,
    "bool": """
        import re
        class Names:
            def __init__(self):
                self.pattern = re.compile("[a-z]+$")
            def is_name(self, text):
                return bool(re.match("[a-z]+$", text))  # hit
    """,
    "search from the start": """
        import re
        def ensure(text):
            if re.search("^[a-f0-9]{40}$", text):  # hit
                return text
            else:
                raise ValueError(text)
        def verify(text):
            if not re.search("^[a-f0-9]{40}$", text):  # hit
                raise ValueError(text)
    """,
    "by its name": """
        import re
        def save(slug):
            found = re.match("^[a-z-]+$", slug)  # hit
            if not found:
                raise ValueError(slug)
            return slug
    """,
    "one of several conditions": """
        from re import match
        def save(slug, draft):
            if not draft and not match("^[a-z-]+$", slug):  # hit
                raise ValueError(slug)
    """,
}
CLEAN = {
    "fullmatch": """
        import re
        def check(name):
            if not re.fullmatch("[a-z]+", name):
                raise ValueError(name)
    """,
    "the true end": """
        import re
        def check(name):
            if not re.match(r"^[a-z]+\\Z", name):
                raise ValueError(name)
    """,
    "its groups": """
        import re
        def parse(line):
            found = re.match("^([a-z]+)=([a-z]+)$", line)
            if not found:
                raise ValueError(line)
            return found.group(1)
    """,
    "stripped": """
        import re
        def check(name):
            name = name.strip()
            if not re.match("^[a-z]+$", name):
                raise ValueError(name)
            return name
    """,
    "many lines": """
        import re
        def check(text):
            if not re.match("^[a-z]+$", text, re.MULTILINE):
                raise ValueError(text)
    """,
    "no check": """
        import re
        def colour(line):
            if re.match("^[a-z]+$", line):
                return "red"
            return "blue"
    """,
    "a header has no newline": """
        import re
        def check(request):
            if not re.match("^[a-z]+$", request.headers["x-name"]):
                raise ValueError
    """,
    "a dollar": """
        import re
        def check(price):
            if not re.match(r"^[0-9]+\\$", price):
                raise ValueError
    """,
    "Django's fields strip": """
        import re
        from django import forms
        class Form(forms.Form):
            def clean_name(self):
                name = self.cleaned_data["name"]
                if not re.match("^[a-z]+$", name):
                    raise forms.ValidationError("no name")
                return name
    """,
    "a part of the address": """
        import re
        def page(request, name="start"):
            if not re.match("^[a-z]+$", name):
                raise Http404(name)
    """,
    "the command line": """
        import argparse, re
        def check(version):
            if not re.match("^[a-z]+$", version):
                raise SystemExit(version)
    """,
    "the project's own": """
        from app import re
        def check(name):
            if not re.match("^[a-z]+$", name):
                raise ValueError
        # file: app/re.py
        def match(pattern, text): ...
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
