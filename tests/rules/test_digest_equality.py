"""Signatures that are compared with `==`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.digest_equality import RULE
from tests.rules.cases import hits

HITS = {
    "a header": """
        import hmac
        def verify(request, body):
            mac = hmac.new(KEY, body, "sha256")
            if request.headers["x-signature"] != mac.hexdigest():  # hit
                raise ValueError
    """,
    "a prefix": """
        from hmac import new as sign
        def verify(body, sent):
            return f"sha256={sign(KEY, body, 'sha256').hexdigest()}" == sent  # hit
    """,
    "base64": """
        import base64, hmac
        def verify(body, sent):
            expected = base64.b64encode(hmac.new(KEY, body, "sha1").digest()).decode()
            return sent == expected  # hit
    """,
    "a function of another module": """
        from app.signing import expected
        class Hook:
            def verify(self, body, sent):
                return sent == expected(body)  # hit
        # file: app/signing.py
        import hmac
        def expected(body):
            digest = hmac.digest(KEY, body, "sha256")
            return digest.hex()
    """,
    "kept on the object": """
        import hmac
        class Hook:
            def __init__(self, body):
                self.expected = hmac.new(KEY, body, "sha256").digest()
            def verify(self, sent):
                return self.expected == sent  # hit
    """,
    "a hash that the caller signs with": """
        import hashlib
        def verify(request, body):
            expected = hashlib.sha256(body + SECRET).hexdigest()
            return request.headers.get("X-Signature") == expected  # hit
    """,
    "its class": """
        import hmac as mac_of
        def verify(body, sent):
            mac = mac_of.HMAC(KEY, digestmod="sha256")
            mac.update(body)
            return mac.digest() != bytes.fromhex(sent)  # hit
    """,
}
CLEAN = {
    "in constant time": """
        import hmac
        def verify(body, sent):
            return hmac.compare_digest(hmac.digest(KEY, body, "sha256"), sent)
    """,
    "a checksum": """
        import hashlib
        def is_same(content, known):
            return hashlib.sha256(content).hexdigest() == known
    """,
    "an entity tag": """
        import hashlib
        def not_modified(request, body):
            return request.headers.get("if-none-match") == hashlib.md5(body).hexdigest()
    """,
    "two that are both computed": """
        import hmac
        def is_same(one, other):
            left = hmac.new(KEY, one, "sha256").digest()
            return left == hmac.new(KEY, other, "sha256").digest()
    """,
    "a key that the source tells": """
        import base64, hmac
        def encode(start):
            secret = "webhook-id"
            return base64.b64encode(hmac.new(secret.encode(), start, "sha256").digest())
        def find(sent, starts):
            return [one for one in starts if encode(one) == sent]
        def is_short(sent, body):
            return hmac.digest(b"salt", body, "sha256") == sent
    """,
    "many names": """
        def statement(sent):
            text = "a"
            text = text + "b" + text
            text = text + "c" + text
            text = text + "d" + text
            text = text + "e" + text
            text = text + "f" + text
            text = text + "g" + text
            return text == sent
    """,
    "its length": """
        import hmac
        def is_whole(sent, body):
            return len(sent) == len(hmac.digest(KEY, body, "sha256"))
    """,
    "the project's own": """
        from app import hmac
        def verify(body, sent):
            return hmac.digest(KEY, body, "sha256") == sent
        # file: app/hmac.py
        def digest(key, body, name): ...
    """,
    "Python's signatures": """
        import inspect
        def is_same(one, signature):
            return inspect.signature(one) == signature
    """,
    "a column": """
        import hmac
        from app.models import Session
        def statement(select, token):
            digest = hmac.new(KEY, token, "sha256").hexdigest()
            return select(Session).where(Session.token == digest)
    """,
    "a hash that is stored": """
        import hmac
        def is_same(session, token):
            token_hash = hmac.new(KEY, token, "sha256").hexdigest()
            return session.token == token_hash
    """,
    "a cache": """
        import hmac
        def is_fresh(body, held):
            return hmac.new(KEY, body, "sha256").hexdigest() == held.cache_key
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
