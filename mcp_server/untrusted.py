"""Makes text of the project harmless to whoever reads it, without taking any of it away."""

from __future__ import annotations

import re

# What nobody sees, or what reorders what they see. Joiners of emoji and of Persian words are
# among it: escaped they lose nothing. Signs of category Cf that are visible are not.
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17))
)
# One variation selector chooses a form; further ones can only carry what nobody sees.
_SELECTORS = r"(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]"
_CONTROL = re.compile(rf"\r\n|[{_UNSEEN}]|{_SELECTORS}")

# Names of tags that clients and models use around results, calls and reminders. A name that
# could be a variable or a type needs the whole tag; `a<tool_call` is a comparison.
_TAGS = (
    r"(?:system|assistant|human|system_(?:prompt|message|instructions?|reminder)"
    r"|tool[_-](?:results?|use|use_error|calls?|outputs?|responses?)"
    r"|function[_-](?:results?|calls?|outputs?|responses?))"
)
_HYPHENATED = (
    r"(?:system-(?:reminder|prompt|message|instructions?)|local-command-\w+"
    r"|bash-(?:input|stdout|stderr)|user-prompt-submit-hook|persisted-output|task-notification)"
)
_ENDED = r"(?![\w.:-])"
_PREFIX = r"(?:\w+:)?"
_TAG = (
    rf"\s{{0,2}}/\s{{0,2}}{_PREFIX}(?:{_TAGS}|{_HYPHENATED}){_ENDED}"
    rf"|{_PREFIX}{_TAGS}(?:\s[^<>]*)?/?>"
    rf"|{_PREFIX}{_HYPHENATED}{_ENDED}"
    r"|\s{0,2}/?\s{0,2}antml:"
)
_TURN = r"/?(?:start_of_turn|end_of_turn|start_of_image)>"
_CHAT_TOKEN = r"[|\uff5c][\w\u2581 -]{1,64}[|\uff5c]>"  # noqa: S105 - of a model, no secret
_ANGLE = re.compile(
    rf"<(?={_CHAT_TOKEN}|<\s?/?\s?SYS\s?>>|{_TURN}|{_TAG}|!--|!\[CDATA\[)", re.IGNORECASE
)
# `data[INST]` and the node id of a test with such a parameter are ordinary.
_BRACKET = re.compile(
    r"(?<!\w)\[(?=(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT)\])"
    r"|\[(?=/(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT)\])"
)
_ROLE = re.compile(r"((?:\A|\n[ \t]*\n)[ \t]*(?:Human|HUMAN|Assistant|ASSISTANT)):")
_CDATA_END = re.compile(r"\]\]>")
_BACKTICKS = re.compile(r"`{3,}")
# The marks below a traceback's line are tildes as well, but never without a caret.
_TILDES = re.compile(r"^(?P<lead>[ \t]{0,3}(?:>[ \t]?)*)(?P<run>~{3,})(?=[^\n^]*$)", re.MULTILINE)
_HEADING = 4
"""The shortest underline of a heading; a fence is usually shorter."""
_FENCE = re.compile(
    r"^([ \t>]*)(?=[-=#*<]{3,}[ \t]*(?:BEGIN|END|START|STOP|CLOSE)(?:[ _-](?:OF|THE))*[ _-]"
    r"(?:EXTERNAL|UNTRUSTED|TRUSTED|USER|TOOL|SYSTEM|FUNCTION|DATA|CONTENT|CONTEXT|DOCUMENT|FILE"
    r"|INPUT|OUTPUT|RESULT|RESULTS|PROMPT|INSTRUCTIONS?|MESSAGE)(?![A-Z0-9])"
    r"[^\n]*[-=#*>]{3}[ \t]*$)",
    re.MULTILINE | re.IGNORECASE,
)
# Finds nothing in most text, which then is done. It starts with one set of characters, since the
# search for a set is many times faster than one for alternatives.
_SUSPECT = re.compile(
    rf"[{_UNSEEN}\ufe00-\ufe0f`~<\[\]HA=#*-](?:(?<=[{_UNSEEN}])|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    r"|(?<=`)``|(?<=~)~~|(?<=\])\]>|(?<=\[)/?[IASTC]|(?<=H)(?:uman|UMAN):"
    r"|(?<=A)(?:ssistant|SSISTANT):|(?<=<)(?:[|\uff5c<!/]|\s{0,2}/|\s{0,2}\w+[\w:>/\s-])"
    r"|(?<=[-=#*<])[-=#*<]{2}[ \t]*[BESCbesc])"
)


def neutral(text: str) -> str:
    r"""Return text of the project so that it is only text to a terminal, a renderer and a model.

    Every character that cannot be seen, also the first of a terminal sequence, is shown as an
    escape such as `\x1b`; a mark that could end a block of data or pass for an instruction gets a
    backslash (`<\system-reminder>`). Ordinary text stays as it is, and so does what is neutral
    already.
    """
    if _SUSPECT.search(text) is None:
        return text
    text = _CONTROL.sub(_shown, text)
    text = _BACKTICKS.sub(lambda run: r"\`" * len(run[0]), text)
    text = _TILDES.sub(_defused, text)
    text = _FENCE.sub(r"\1\\", text)
    text = _ROLE.sub(r"\1\\:", text)
    text = _BRACKET.sub(r"[\\", text)
    text = _CDATA_END.sub(r"]]\\>", text)
    return _ANGLE.sub(r"<\\", text)


def _shown(match: re.Match[str]) -> str:
    """Return the visible escape that stands for a control, or the end of a line of DOS."""
    found = match[0]
    return "\n" if found == "\r\n" else found.encode("unicode_escape", "surrogatepass").decode()


def _defused(match: re.Match[str]) -> str:
    """Escape the tildes of a fence, and leave those below a heading."""
    text, start = match.string, match.start()
    above = text[text.rfind("\n", 0, max(0, start - 1)) + 1 : max(0, start - 1)]
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)].rstrip()
    run = match["run"]
    # Without the backslashes, of which the heading itself may have got some.
    title = above.replace("\\", "").rstrip()
    if line == run and len(run) >= max(_HEADING, len(title)) and re.match(r"\w", title):
        return match[0]
    return match["lead"] + r"\~" * len(run)
