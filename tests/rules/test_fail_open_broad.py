"""Decisions that let everything through when whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.fail_open_broad import RULE
from tests.rules.cases import hits

HITS = {
    "a limiter": """
        class Limiter:
            async def is_allowed(self, key):
                try:
                    return await self.redis.incr(key) < 5
                except Exception:  # hit
                    return True
    """,
    "bare, and a result object": """
        def check_quota(account):
            try:
                return ask(account)
            except:  # hit
                log("down")
                return Verdict(allowed=True, left=1)
    """,
    "falls through to yes": """
        def has_permission(user, action):
            try:
                if not policy.ask(user, action):
                    return False
            except (ValueError, Exception) as error:  # hit
                log(error)
            return True
    """,
    "a tuple of errors by name": """
        from app.errors import ANY as anything
        def verify_signature(body, given):
            try:
                compare(body, given)
            except anything:  # hit
                return True
            return True
        # file: app/errors.py
        ANY = (KeyError, BaseException)
    """,
    "refuses by raising, and catches that": """
        def require_permission(user):
            try:
                if not allowed(user):
                    raise PermissionError
            except Exception:  # hit
                log("cannot tell")
    """,
    "suppressed": """
        import contextlib as c
        def can_access(user, page):
            with c.suppress(Exception):
                ...
            with c.suppress(Exception):  # hit
                if page.owner != user:
                    return False
            return True
    """,
    "False that lets through": """
        def is_token_revoked(token):
            try:
                return store.exists(token)
            except Exception:  # hit
                return False
    """,
    "by way of a name": """
        def is_authorized(user):
            try:
                verdict = ask(user)
            except Exception:  # hit
                verdict = True
            return verdict
    """,
    "a bare name in a class that decides": """
        class RateLimiter:
            def allow(self, key):
                try:
                    return self.left(key) > 0
                except BaseException:  # hit
                    return True, 0
    """,
    "allowed until somebody says no": """
        def is_allowed(user):
            allowed = True
            try:
                allowed = lookup(user)
            except Exception:  # hit
                log.exception("no answer")
            return allowed
    """,
    "allowed until a condition says no": """
        def is_allowed(user):
            allowed = True
            try:
                if lookup(user).banned:
                    allowed = False
            except Exception:  # hit
                log.exception("no answer")
            return allowed
    """,
}
CLEAN = {
    "refuses": """
        def is_allowed(key):
            try:
                return ask(key)
            except Exception:
                return False
    """,
    "catches what it means": """
        from redis.exceptions import ConnectionError
        def is_allowed(key):
            try:
                return ask(key)
            except ConnectionError:
                return True
    """,
    "decided by a setting": """
        def is_allowed(self, key):
            try:
                return ask(key)
            except Exception:
                if self.fail_open:
                    return True
                raise
    """,
    "decides nothing": """
        def is_started(service):
            try:
                ping(service)
            except Exception:
                return True
    """,
    "returns the one it found": """
        def verify_token(token):
            try:
                return decode(token)
            except Exception:
                return None
    """,
    "the project's own Exception": """
        from app.errors import Exception
        def check_permission(user):
            try:
                return ask(user)
            except Exception:
                return True
        # file: app/errors.py
        class Exception(ValueError): ...
    """,
    "a test": """
        # file: tests/test_limits.py
        def check_limit():
            try:
                ask()
            except Exception:
                return True
    """,
    "a metric on the side": """
        def check_permission(user):
            if not user.active:
                return False
            try:
                metrics.increment("checked")
            except Exception:
                log("no metrics")
            return True
    """,
    "requires more, not less": """
        def is_captcha_required(request):
            try:
                return ask(request)
            except Exception:
                return True
    """,
    "refuses by a call": """
        from flask import abort
        def check_permission(user):
            try:
                ask(user)
            except Exception:
                abort(403)
            return True
        def require_permission(user):
            try:
                if user is None:
                    raise ValueError
            except Exception as error:
                log(error)
            sign_in_again(user)
    """,
    "a job, and no right": """
        def is_task_revoked(task):
            try:
                return task.id in revoked
            except Exception:
                return False
    """,
    "falls through to no": """
        def verify_password(given, held):
            try:
                if compare(given, held):
                    return True
            except Exception:
                log("no")
            return False
    """,
    "raises on": """
        def authorize(user):
            try:
                ask(user)
            except Exception as error:
                raise Refused from error
            return True
    """,
    "tells what is allowed": """
        async def allowed_payload(actor):
            try:
                rows = await allowed(actor)
            except Exception:
                return {"ok": True, "total": 0, "items": []}, 200
            return {"ok": True, "total": len(rows), "items": rows}, 200
    """,
    "refused until somebody says yes": """
        def is_allowed(user):
            allowed = False
            try:
                allowed = lookup(user)
            except Exception:
                log.exception("no answer")
            return allowed
    """,
    "what the body fetches decides later": """
        def is_allowed(user):
            allowed = True
            try:
                name = lookup(user)
            except Exception:
                name = ""
            if name in banned:
                allowed = False
            return allowed
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
