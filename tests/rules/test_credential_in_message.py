"""Secrets in logs and in the texts of exceptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.credential_in_message import RULE
from tests.rules.cases import hits

HITS = {
    "an argument": """
        import logging
        log = logging.getLogger(__name__)
        def connect(redis_url):
            log.warning("no answer from %s", redis_url)  # hit
    """,
    "an exception": """
        class Wrong(Exception): ...
        def check(api_key):
            raise Wrong(f"no such key: {api_key}")  # hit
    """,
    "a message with a name": """
        def check(settings):
            message = f"cannot reach {settings.database_url}"  # hit
            raise RuntimeError(message)
    """,
    "a secret that is opened": """
        import logging as logs
        def start(settings):
            logs.info("using %s", settings.key.get_secret_value())  # hit
    """,
    "an attribute, by keyword": """
        import structlog
        class Client:
            def __init__(self):
                self.events = structlog.get_logger()
            def login(self, user):
                self.events.info("login", token=user.access_token)  # hit
    """,
    "percent": """
        from loguru import logger as out
        def login(name, password):
            out.error("refused %s:%s" % (name, password))  # hit
    """,
    "format, a key": """
        from fastapi import HTTPException
        def login(data):
            raise HTTPException(401, detail="refused {}".format(data["password"]))  # hit
    """,
    "kept on the logger": """
        import structlog
        log = structlog.get_logger()
        def check(webhook_secret):
            log.bind(step=1).info("x", secret=webhook_secret)  # hit
            return log.bind(secret=webhook_secret)  # hit
    """,
    "a header": """
        import logging
        def check(request):
            logging.info("sent %s", request.headers["Authorization"])  # hit
            logging.info("sent %s", request.headers.get("x-api-key"))  # hit
            sent = request.headers.get("authorization")
            logging.info(f"malformed: {sent}")  # hit
    """,
    "most of it": """
        import logging
        def check(api_key):
            logging.info("using %s...", api_key[:20])  # hit
    """,
    "what a forger needs": """
        import hmac, logging
        def check(body, sent):
            expected_signature = hmac.new(KEY, body, "sha256").hexdigest()
            logging.warning(f"expected {expected_signature}, received {sent}")  # hit
    """,
    "compared with another": """
        import logging
        def check(api_key, known):
            if api_key == known.api_key:
                logging.info("known: %s", api_key)  # hit
    """,
    "a good token of somebody else": """
        import jwt, logging
        def user(access_token):
            try:
                return find(jwt.decode(access_token, KEY, algorithms=["HS256"]))
            except NoResultFound:
                logging.info("bad user in %s", access_token)  # hit
    """,
    "a token that lets in": """
        import jwt
        from app.output import logger
        def user(token):
            logger.debug(f"decoding {token}")  # hit
            return jwt.decode(token, KEY, algorithms=["HS256"])
        # file: app/output.py
        import logging
        logger = logging.getLogger("app")
    """,
}
CLEAN = {
    "masked": """
        import logging
        def connect(redis_url):
            logging.info("connecting to %s", redact(redis_url))
    """,
    "masked before": """
        import logging
        def connect(url):
            redis_url = mask_password(url)
            logging.info("connecting to %s", redis_url)
    """,
    "a secret of pydantic": """
        import logging
        from pydantic import SecretStr
        def login(password: SecretStr):
            logging.info("login with %s", password)
    """,
    "its length": """
        import logging
        def login(password):
            logging.info("password of %d letters, %s", len(password), bool(password))
    """,
    "what is no secret": """
        import logging
        def start(token_url, token_type, max_tokens, server_url, next_token):
            logging.info("%s %s %s %s", token_url, token_type, max_tokens, server_url)
            logging.info("%s", next_token)
    """,
    "a word of a language": """
        PASSWORD = "password"
        def parse(token):
            raise SyntaxError(f"unexpected token {token}")
    """,
    "the name of a setting": """
        import logging
        API_KEY = "api_key"
        logging.info("%s is missing", API_KEY)
    """,
    "a header that lets nobody in": """
        import logging
        def check(request):
            sent = request.headers.get("user-agent")
            logging.info("sent by %s", sent)
    """,
    "a hint at it": """
        import logging
        def check(api_key):
            logging.info("using %s...", api_key[:4])
    """,
    "the name of a secret": """
        async def read(vault, totp_secret_key):
            found = await vault.get_secret(totp_secret_key, "main")
            if not found:
                raise ValueError(f"not found by key: {totp_secret_key}")
            return found
    """,
    "a text that the code knows": """
        def connect(db_url):
            if db_url == "sqlite:///":
                raise ValueError(f"bad address {db_url}")
    """,
    "a key that nobody has": """
        import logging
        def environment(api_key):
            try:
                return Environment.objects.get(api_key=api_key)
            except Environment.DoesNotExist:
                logging.info("%s does not exist", api_key)
    """,
    "an object": """
        import logging
        class Token:
            def __repr__(self): return "Token"
        def use(access_token: Token):
            logging.info("using %s", access_token)
    """,
    "a place in a list": """
        import logging
        def page(room, password):
            token = room.stream.to_string()
            logging.info("purging up to token %s", token)
    """,
    "a token that was refused": """
        import jwt, logging
        def user(token):
            try:
                return jwt.decode(token, KEY, algorithms=["HS256"])
            except jwt.ExpiredSignatureError:
                logging.info("too late: %s", token)
    """,
    "no message": """
        class Refused(Exception): ...
        def login(session, password):
            session.info(password)
            raise Refused(password)
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
