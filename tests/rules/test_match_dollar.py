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
    "stripped too late": """
        import re
        def avatar(avatar_id):
            if not re.match("^[a-z]+$", avatar_id):  # hit
                raise ValueError(avatar_id)
            avatar_id = avatar_id.strip()
            return avatar_id
    """,
    "the last part": """
        import re
        def check(path, image):
            for part in path.split("/"):
                if not re.match("^[a-z]+$", part):  # hit
                    raise ValueError(part)
            if not re.match("^[a-z]+$", image.split("/")[-1]):  # hit
                raise ValueError(image)
    """,
    "refused by an answer": """
        import re
        async def register(request):
            body = await request.json()
            email = body["email"]
            if not re.match("^[a-z]+@[a-z]+$", email):  # hit
                return answer(400, "no address")
            return answer(200, email)
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
    "words that are counted": """
        import re
        def is_chinese(line):
            found = 0
            for word in re.split("[ ]+", line):
                if not re.match("[a-z]+$", word):
                    found += 1
            return found > 2
    """,
    "names of its own": """
        import re
        GOOD = {"one", "two"}
        def is_good(name):
            for one in GOOD:
                if re.match("[a-z]+$", one):
                    return one == name
            return False
    """,
    "a number": """
        import re
        def is_number(value):
            return bool(re.match(r"^[-+]?[0-9]*\\.?[0-9]+$", value))
    """,
    "another end": """
        import re
        def check(search):
            if search.endswith(":") and not re.match("^[:]+$", search):
                raise ValueError(search)
    """,
    "a command": """
        import re
        def check(name):
            if not re.match("^[a-z]+$", name):
                raise SystemExit(1)
            return name
    """,
    "a choice among answers": """
        import re
        def show(colour):
            if re.match("^[a-z]+$", colour):
                return name_of(colour)
            return colour
    """,
    "a generated model": """
        # Generated by OpenAPI Generator (https://openapi-generator.tech)
        # Do not edit the class manually.
        import re
        def validate(value):
            if not re.match("^[a-z]+$", value):
                raise ValueError(value)
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
