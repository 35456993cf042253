"""Finds tokens by the shapes their issuers gave them, and hashes of passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]
"""Where a secret begins and ends in a text."""

BEFORE = r"(?<![A-Za-z0-9_])"
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (trigger, shape)
    for triggers, pattern in (
        # Forges and registries of code.
        ("ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{20,}"),
        ("github_pat_", r"github_pat_\w{20,}"),
        (
            "glpat- gldt- gloas- glrt- glcbt- glptt- glft- glimt- glagent- glsoat- glffct- glwt-",
            r"gl(?:pat|dt|oas|rt|cbt|ptt|ft|imt|agent|soat|ffct|wt)-[\w.-]{16,}",
        ),
        ("GR1348941", r"GR1348941[\w-]{20,}"),
        ("pypi-A", r"pypi-A[\w-]{15,}"),
        ("npm_", r"npm_[A-Za-z0-9]{30,}"),
        ("rubygems_", r"rubygems_[a-f0-9]{48}"),
        ("dckr_", r"dckr_[po]at_[\w-]{20,}"),
        ("ATBB ATATT3 ATCTT3", r"(?:ATBB[A-Za-z0-9]{28,}|AT[AC]TT3[\w=-]{60,})"),
        # Clouds.
        ("AKIA ASIA ABIA ACCA", r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("ABSK", r"ABSK[A-Za-z0-9+/=]{60,}"),
        ("AIza", r"AIza[\w-]{35}"),
        ("GOCSPX-", r"GOCSPX-[\w-]{24,}"),
        ("ya29.", r"ya29\.[\w./-]{16,}"),
        ("1//0", r"1//0[\w-]{30,}"),
        ("Q~", r"[\w.~-]{3}\dQ~[\w.~-]{31,34}"),
        ("AccountKey= AccessKey=", r"(?:Account|SharedAccess|Access)Key=(?P<secret>[\w+/=-]{20,})"),
        ("doo_v1_ dop_v1_ dor_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
        ("HRKU-", r"HRKU-[\w-]{30,}"),
        ("tskey-", r"tskey-[a-z]+-[\w-]{16,}"),
        ("fo1_ fm2_", r"(?:fo1_[\w-]{40,}|fm[12]_[\w+/=,-]{40,})"),
        ("pul-", r"pul-[a-f0-9]{40}"),
        ("nfp_", r"nfp_[A-Za-z0-9]{36,}"),
        ("pscale_", r"pscale_(?:tkn|pw|oauth)_[\w.=-]{30,}"),
        ("sbp_ sb_secret_", r"(?:sbp_[a-f0-9]{40}|sb_secret_[\w-]{20,})"),
        ("atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}"),
        # Keepers of secrets.
        ("hvs. hvb. hvr.", r"hv[sbr]\.[\w-]{20,}"),
        ("s.", r"s\.(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{24}(?![\w.(])"),
        ("dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}"),
        ("ops_eyJ", r"ops_eyJ[\w+/=-]{60,}"),
        ("AGE-SECRET-KEY-", r"AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{50,}"),
        # Models.
        ("sk-", r"(?<!-)sk-(?!ecdsa-|ssh-)(?=[\w-]*\d)[\w-]{16,}"),
        ("hf_ api_org_", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
        ("gsk_ xai- pplx- r8_", r"(?:gsk_|xai-|pplx-|r8_)[A-Za-z0-9]{36,}"),
        ("dapi", r"dapi[a-f0-9]{32}(?:-\d+)?"),
        # Payment and shops.
        ("_live_ _test_ _prod_", r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}"),
        ("whsec_", r"whsec_[A-Za-z0-9+/=]{20,}"),
        ("shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
        ("sq0", r"sq0[a-z]{3}-[\w-]{22,}"),
        ("EAAA", r"EAAA[\w-]{60,}"),
        # Messages and mail.
        ("xox", r"xox[abeoprs](?:\.xox[bp])?-[\w-]{10,}"),
        ("xapp-", r"xapp-\d-[\w-]{20,}"),
        (
            "hooks.slack.com",
            r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/+-]{20,})",
        ),
        ("/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/\d+/(?P<secret>[\w-]{40,})"),
        (".", r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}"),
        (":AA", r"(?:bot)?\d{8,10}:(?P<secret>AA[\w-]{32,})"),
        ("SK", r"SK[a-f0-9]{32}(?![A-Za-z0-9])"),
        ("SG.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
        ("key-", r"key-[a-f0-9]{32}(?![A-Za-z0-9])"),
        ("-us", r"[a-f0-9]{32}-us\d{1,2}(?!\w)"),
        ("xkeysib-", r"xkeysib-[a-f0-9]{64}-\w{10,}"),
        # Watching.
        ("glsa_", r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
        ("glc_", r"glc_[A-Za-z0-9+/=]{32,}"),
        ("NRAK- NRII- NRJS- NRRA- NRBR-", r"NR(?:AK|II|JS|RA|BR)-[\w-]{19,}"),
        ("NRAL", r"[a-f0-9]{36}NRAL"),
        ("sntrys_ sntryu_", r"sntry[su]_[\w+/=-]{40,}"),
        ("dt0c01.", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.(?P<secret>[A-Z0-9]{64})"),
        # Work.
        ("lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
        ("secret_", r"secret_(?=[A-Za-z]*\d)[A-Za-z0-9]{43}(?!\w)"),
        ("ntn_", r"ntn_[A-Za-z0-9]{40,}"),
        ("PMAK-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
        ("figd_", r"figd_[\w-]{36,}"),
        ("pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
        # Signed tokens: signed, unsigned, encrypted; the first part is always a JSON object.
        (
            "eyJ",
            r"eyJ[\w-]{8,}+\.(?:eyJ[\w-]{2,}+(?:\.[\w-]*+)?|(?:[\w-]*+\.){3}[\w-]{8,}+)",
        ),
        # Hashes of passwords: the algorithm and its cost stay.
        ("$2", r"\$2[abxy]?\$\d\d\$(?P<secret>[./A-Za-z0-9]{53})"),
        (
            "$argon2",
            r"\$argon2(?:id|i|d)\$(?:v=\d+\$)?m=\d+,t=\d+,p=\d+\$(?P<secret>[\w+/=$-]{16,})",
        ),
        (
            "$1$ $5$ $6$ $7$ $y$ $apr1$ $gy$",
            r"\$(?:[1567]|g?y|apr1)\$(?:rounds=\d+\$)?(?P<secret>[./A-Za-z0-9$]{24,})",
        ),
        ("$scrypt$ $P$ $H$", r"\$(?:scrypt\$ln=[\w=,]+\$|[PH]\$)(?P<secret>[\w./+=$-]{24,})"),
        ("pbkdf2 scrypt:", r"(?:pbkdf2|scrypt)[\w:.-]*\$(?:\d+\$)?(?P<secret>[\w+/=.$-]{20,})"),
        ("{SSHA {SHA} {SMD5}", r"\{(?:SSHA\d*|SHA|SMD5)\}(?P<secret>[A-Za-z0-9+/=]{20,})"),
    )
    for shape in (re.compile(BEFORE + pattern),)
    for trigger in triggers.split()
)
"""Strings of which one is in every text that holds a token, each with the shape it announces."""

NAMED_HEX = re.compile(
    r"(?i:datadog|dd[_-]?(?:api|app)|twilio|heroku|mailchimp|cloudflare)[^\n]{0,40}?"
    r"(?<![A-Za-z0-9])(?P<secret>[a-f0-9]{40}|[a-f0-9]{32}"
    r"|[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})(?![A-Za-z0-9-])"
)
"""Keys without a shape of their own, near the name of who issued them."""
ISSUERS = ("datadog", "dd_a", "dd-a", "ddap", "twilio", "heroku", "mailchimp", "cloudflare")


def shaped(text: str, lowered: str) -> Iterator[Span]:
    """Yield where tokens of well-known shape lie; `lowered` is the text in lower case."""
    for trigger, shape in SHAPES:
        if trigger in text:
            yield from _spans(shape, text)
    for issuer in ISSUERS:
        if issuer in lowered:
            yield from _spans(NAMED_HEX, text)
            break


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    group = "secret" if "secret" in pattern.groupindex else 0
    for match in pattern.finditer(text):
        yield match.span(group)
