"""Makes a step's texts fit to leave hdb: no credentials, nothing that acts on who reads them."""

from __future__ import annotations

import re
from dataclasses import replace

from mcp_server.finished import Finished
from mcp_server.models import Diagnostic
from mcp_server.redact import redact
from mcp_server.untrusted import neutral

_COLOUR = re.compile(r"\x1b\[[0-9:;]*m")


def outgoing(finished: Finished, hidden: tuple[str, ...]) -> Finished:
    """Return a step without the credentials of known shape and the `hidden` values.

    What no encoding can carry, and what would act on a terminal, a renderer or a model, is shown
    instead of passed on.
    """
    here = f"{finished.step.root}/"

    def clean(text: str | None) -> str | None:
        return None if text is None else neutral(redact(text, hidden))

    def local(text: str | None) -> str | None:
        # Where the project lies on this machine says nothing, and would change the ids.
        return None if text is None else neutral(redact(text, hidden).replace(here, ""))

    def uncoloured(text: str | None) -> str | None:
        # Whole output is coloured for reading; a message's colours may be what differs. First, as
        # colours inside a credential would hide it.
        return None if text is None else clean(_COLOUR.sub("", text))

    def clean_one(one: Diagnostic) -> Diagnostic:
        return replace(
            one,
            message=local(one.message) or "",
            brief=local(one.brief),
            detail=uncoloured(one.detail),
            file=clean(one.file),
            code=clean(one.code),
            symbol=clean(one.symbol),
            test=clean(one.test),
            topic=clean(one.topic),
        )

    step, outcome = finished.step, finished.outcome
    return replace(
        finished,
        step=replace(
            step,
            tool=clean(step.tool) or "",
            command=clean(step.command) or "",
            source=clean(step.source) or "",
            ran=clean(step.ran),
        ),
        outcome=replace(
            outcome,
            diagnostics=tuple(clean_one(one) for one in outcome.diagnostics),
            advice=tuple(clean_one(one) for one in outcome.advice),
            finished=frozenset(clean(test) or "" for test in outcome.finished),
        ),
        reason=local(finished.reason),
    )
