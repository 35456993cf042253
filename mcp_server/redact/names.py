"""Says which names announce a secret: of variables, keys, options, parameters and headers."""

from __future__ import annotations

import re
from functools import lru_cache

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
ENDINGS = (
    "password", "passwords", "passwd", "passphrase", "passcode", "secret", "secrets", "token",
    "tokens", "credential", "credentials", "apikey", "accesskey", "secretkey", "privatekey",
    "accountkey",
)  # fmt: skip
"""A word with one of these endings is a secret's: people also write `dbpassword`."""
ALONE = frozenset({"pwd", "psk", "pgpass", "phpsessid", "jsessionid", "sessionid", "authkey"})
QUALIFIERS = frozenset(
    "access account admin api app auth cipher crypto decryption deploy encrypt encryption fernet"
    " hmac host ingest jwt license master private rest root rsa sas secret service session shared"
    " sign signing ssh storage stripe subscription vapid webhook openai anthropic sendgrid"
    " mailgun github gitlab dd datadog".split()
)
"""What makes a key a secret one; a sort key, a primary key or a public key is none."""
BEFORE_PASS = frozenset(
    "admin db database email ftp mail mongo my mysql pg postgres redis root smtp user".split()
)
MARKER_TOKENS = frozenset(
    "bos bot cls continuation current end eos eot first last lexer mask next pad page pagination"
    " prev previous sep special start stop sync unexpected unk".split()
)
"""Tokens of language models, lexers and paging, which protect nothing."""
KEEPING = frozenset(
    "value values b64 base64 hex pem raw plain plaintext text str string bytes old new prod"
    " production staging dev live primary secondary ci default".split()
)
"""Words that may follow a secret's name without making it the name of something else."""
HARMLESS_LAST = frozenset(
    "age alg algorithm algorithms arn at attempts backend bucket budget cache change changed chars"
    " class cls cmd command config count created days dir directory disabled enabled endpoint env"
    " error errors exists expire expired expires expiration expiry factory field fields file"
    " filename fingerprint folder form format generator hasher hashers header headers help helper"
    " hint hours id ids index info input instance issuer key_id kind label len length level"
    " lifetime limit limits list location manager max message method min minutes missing mode"
    " model module name names ns number option optional options owner parallelism param"
    " parameter path paths pattern placeholder policy pos position prefix present prompt provider"
    " rate regex region required reset rotation rules schema scope scopes score seconds sec"
    " selector serializer server service set size sock socket source state status storage store"
    " strategy strength strict suffix timeout title ttl type types uri url usage used user"
    " username uuid valid validation validator validators validity var verifier version view"
    " warning width window".split()
)
"""What a name ends with that only speaks of a secret: its file, its length, its policy."""
ONLY_VARIABLES = frozenset({"auth", "authtoken", "cookie", "cookies", "salt", "pepper", "dsn"})
"""Last words that say secret in the name of an environment variable, not of a Python name."""


@lru_cache(maxsize=4096)
def names_secret(name: str) -> bool:
    """Tell whether a name in running text announces a secret as its value."""
    words = _words(name)
    while len(words) > 1 and words[-1] in KEEPING:
        words.pop()
    if not words:
        return False
    if name.isupper() and len(words) > 1 and words[-1] not in HARMLESS_LAST:
        return any(_ends(words[: at + 1], plural=True) for at in range(len(words)))
    return _ends(words, plural=False)


@lru_cache(maxsize=4096)
def variable_names_secret(name: str) -> bool:
    """Tell whether the name of an environment variable announces a secret as its value."""
    words = _words(name)
    if not words or words[-1] in HARMLESS_LAST or name in {"PWD", "OLDPWD"}:
        return False
    if words[-1] in ONLY_VARIABLES or words[-2:] == ["connection", "string"]:
        return True
    return any(_ends(words[: at + 1], plural=True) for at in range(len(words)))


def _words(name: str) -> list[str]:
    found = [word.lower() for word in WORDS.findall(name)]
    while found and found[-1].isdigit():
        found.pop()
    return found


def _ends(words: list[str], *, plural: bool) -> bool:
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last.endswith(ENDINGS):
        return plural or not (last == "tokens" or (last == "token" and before in MARKER_TOKENS))
    if last == "key":
        return before in QUALIFIERS
    if last == "pass":
        return before in BEFORE_PASS
    return last in ALONE
