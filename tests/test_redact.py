"""Credentials are masked in every shape, and what only looks like one comes back unchanged."""

from __future__ import annotations

import base64
import json
import re
import string
import sys
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_server.redact import MASK, redact, secrets

# No credential stands whole in this file: scanners of public repositories would report it.
MIXED = "q7RtZ2mKx9LbW4nVc8HsJ5dFy3GpT6aE1uQk"
HEX = "3f9a1c7be2d4086f5a1b9c3d7e8f2046"
UPPER = "Q7RTZ2MKX9LBW4NVC8HSJ5DFY3GPT6AE1UQK"
WORD = "hunter22x"
LONG = MIXED * 6
BEGIN, END = "-----BEGIN ", "-----END "
RSA = "RSA PRIVATE" + " KEY-----"


def joined(*pieces: str) -> str:
    return "".join(pieces)


SHAPED = {
    "github-classic": joined("gh", "p_", MIXED),
    "github-oauth": joined("gh", "o_", MIXED),
    "github-server": joined("gh", "s_", MIXED),
    "github-fine-grained": joined("github", "_pat_", MIXED[:22], "_", LONG[:59]),
    "gitlab-personal": joined("gl", "pat-", MIXED[:20]),
    "gitlab-routable": joined("gl", "pat-", MIXED[:27], ".01.", "0w1abcdef"),
    "gitlab-deploy": joined("gl", "dt-", MIXED[:20]),
    "gitlab-runner": joined("gl", "rt-", MIXED[:20]),
    "gitlab-trigger": joined("gl", "ptt-", HEX),
    "gitlab-registration": joined("GR13", "48941", MIXED[:20]),
    "pypi": joined("py", "pi-AgEI", "cHlwaS5vcmc", LONG[:80]),
    "npm": joined("np", "m_", MIXED),
    "rubygems": joined("ruby", "gems_", HEX, HEX[:16]),
    "docker": joined("dc", "kr_pat_", MIXED[:27]),
    "atlassian": joined("ATA", "TT3", LONG[:180], "=1A2B3C4D"),
    "aws-key-id": joined("AK", "IA", UPPER[:16]),
    "aws-temporary-key-id": joined("AS", "IA", UPPER[:16]),
    "gcp-api-key": joined("AI", "za", MIXED[:35]),
    "google-client": joined("GOC", "SPX-", MIXED[:28]),
    "google-oauth": joined("ya", "29.", LONG[:60]),
    "google-refresh": joined("1/", "/0", LONG[:60]),
    "azure-client": joined("abc", "8Q", "~", MIXED[:34]),
    "digitalocean": joined("do", "p_v1_", HEX, HEX),
    "heroku": joined("HR", "KU-AA", LONG[:58]),
    "tailscale": joined("ts", "key-auth-", MIXED[:12], "-", MIXED[:30]),
    "fly": joined("fm", "2_", LONG[:80]),
    "pulumi": joined("pu", "l-", HEX, HEX[:8]),
    "netlify": joined("nf", "p_", MIXED, "ab12"),
    "planetscale": joined("ps", "cale_pw_", MIXED, "abcdefg"),
    "supabase": joined("sb", "p_", HEX, HEX[:8]),
    "terraform": joined(MIXED[:14], ".atlas", "v1.", LONG[:67]),
    "vault": joined("hv", "s.", LONG[:90]),
    "vault-legacy": joined("s", ".", MIXED[:24]),
    "doppler": joined("dp", ".pt.", LONG[:43]),
    "1password": joined("ops_", "eyJ", LONG[:100]),
    "age": joined("AGE-SEC", "RET-KEY-1", (UPPER * 2)[:58]),
    "openai": joined("s", "k-", MIXED),
    "openai-project": joined("s", "k-proj-", LONG[:100]),
    "anthropic": joined("s", "k-ant-api03-", LONG[:93], "AA"),
    "hugging-face": joined("h", "f_", MIXED[:34]),
    "groq": joined("gs", "k_", LONG[:52]),
    "databricks": joined("da", "pi", HEX, "-2"),
    "stripe-live": joined("sk", "_live_", MIXED[:24]),
    "stripe-test": joined("sk", "_test_", MIXED[:24]),
    "stripe-restricted": joined("rk", "_live_", MIXED[:24]),
    "stripe-webhook": joined("wh", "sec_", MIXED[:32]),
    "shopify": joined("shp", "at_", HEX),
    "square": joined("sq", "0atp-", MIXED[:22]),
    "slack-bot": joined("xo", "xb-", "123456789012-1234567890123-", MIXED[:24]),
    "slack-user": joined("xo", "xp-", "123456789012-", HEX),
    "slack-app": joined("xa", "pp-1-A0123-456-", HEX),
    "discord": joined("M", "TA", MIXED[:22], ".GaBcDe.", MIXED[:30]),
    "twilio": joined("S", "K", HEX),
    "sendgrid": joined("S", "G.", MIXED[:22], ".", LONG[:43]),
    "mailgun": joined("ke", "y-", HEX),
    "mailchimp": joined(HEX, "-us", "12"),
    "brevo": joined("xke", "ysib-", HEX, HEX, "-", MIXED[:16]),
    "grafana": joined("gl", "sa_", MIXED[:32], "_", HEX[:8]),
    "grafana-cloud": joined("gl", "c_", LONG[:60]),
    "new-relic": joined("NR", "AK-", UPPER[:27]),
    "sentry": joined("snt", "ryu_", HEX, HEX),
    "linear": joined("lin", "_api_", MIXED, "abcd"),
    "notion": joined("nt", "n_", LONG[:46]),
    "notion-old": joined("sec", "ret_", LONG[:43]),
    "postman": joined("PM", "AK-", HEX[:24], "-", HEX, HEX[:2]),
    "figma": joined("fi", "gd_", LONG[:40]),
    "airtable": joined("pa", "t", MIXED[:14], ".", HEX, HEX),
    "jwt": joined("ey", "JhbGciOiJIUzI1NiJ9", ".ey", "JzdWIiOiIxIn0", ".c2lnbmF0dXJl"),
    "jwt-unsigned": joined("ey", "JhbGciOiJub25lIn0", ".ey", "JzdWIiOiIxIn0"),
    "jwe": joined("ey", "JhbGciOiJkaXIifQ", "..", MIXED[:16], ".", MIXED, ".", MIXED[:22]),
    "jwe-wrapped-key": joined(
        "ey", "JhbGciOiJSU0EifQ", ".", LONG[:80], ".", MIXED[:16], ".", MIXED, ".", MIXED[:22]
    ),
}
FAMILIES = {
    MIXED: "ghu_ ghr_ hvb. hvr. api_org_ xai- pplx- r8_ ATBB sb_secret_ sk_prod_ rk_prod_",
    f"{MIXED}{MIXED}": "fo1_ sntrys_",
    f"{LONG}==": "ABSK ATCTT3",
    LONG: "EAAA",
    MIXED[:20]: "gloas- glcbt- glft- glimt- glagent- glsoat- glffct- glwt-",
    UPPER[:16]: "ABIA ACCA",
    HEX: "shpca_ shppa_ shpss_",
    UPPER[:27]: "NRII- NRJS- NRRA- NRBR-",
    HEX * 2: "doo_v1_ dor_v1_",
    "": f"{HEX}3f9aNRAL",
}
SHAPED |= {each: each + body for body, all_ in FAMILIES.items() for each in all_.split()}
"""Tokens that are known wherever they stand, because of their shape."""

PLACED: dict[str, tuple[str, str, str]] = {
    # Addresses.
    "url": (f"postgresql://app:{WORD}@db/x", WORD, "@db/x"),
    "url-one-letter": ("postgresql://u:p@h1,h2/db", ":p@", "@h1,h2/db"),
    "url-driver": (f"postgresql+psycopg://app:{WORD}@db:5432/x", WORD, "@db:5432/x"),
    "url-no-user": (f"redis://:{WORD}@cache:6379/0", WORD, "@cache:6379/0"),
    "url-srv": (f"mongodb+srv://app:{WORD}@c0.example.net/x", WORD, "@c0.example.net/x"),
    "url-amqp": (f"amqps://guest:{WORD}@mq:5671/%2f", WORD, "@mq:5671/%2f"),
    "url-slash": (f"postgresql://app:{WORD}/y@db/x", f"{WORD}/y", "@db/x"),
    "url-hash": (f"postgresql://app:{WORD}#y@db/x", f"{WORD}#y", "@db/x"),
    "url-question": (f"mysql://app:{WORD}?y@db/x", f"{WORD}?y", "@db/x"),
    "url-at": (f"postgresql://app:a@{WORD}@db/x", WORD, "@db/x"),
    "url-colon": (f"postgresql://app:a:{WORD}@db/x", WORD, "@db/x"),
    "url-all": (f"postgresql://app:a/b#c?d@e:{WORD}@db:1/x?y=1", WORD, "@db:1/x?y=1"),
    "url-web-slash": (f"https://app:a/{WORD}@pypi.example.org/simple", WORD, "@pypi.example.org"),
    "url-escaped": (f"postgres://app:a%40{WORD}@db/x", WORD, "@db/x"),
    "url-quoted": (f"create_engine('mysql://a:{WORD}@db/x', echo=True)", WORD, "', echo=True)"),
    "url-two": (f"amqp://a:{WORD}@h1,amqp://a:{WORD}@h2", WORD, "@h2"),
    "url-json": (f'"https:\\/\\/a:{WORD}@h\\/x"', WORD, "@h\\/x"),
    "url-token-as-user": (f"https://{HEX}@o1.example.io/42", HEX, "@o1.example.io/42"),
    "url-pip": (f"pip install --index-url https://ci:{WORD}@h/simple", WORD, "@h/simple"),
    "go-mysql": (f"app:{WORD}@tcp(db:3306)/shop", WORD, "@tcp(db:3306)/shop"),
    "no-scheme-port": (f"dsn is app:{WORD}@db.example.org:5432", WORD, "@db.example.org:5432"),
    "no-scheme-path": (f"app:{WORD}@db/shop", WORD, "@db/shop"),
    "oracle": (f"jdbc:oracle:thin:scott/{WORD}@//db:1521/x", WORD, "@//db:1521/x"),
    "curl-user": (f"curl -u app:{WORD} https://h/x", WORD, "https://h/x"),
    "curl-user-long": (f"curl --user 'app:{WORD}' https://h/x", WORD, "https://h/x"),
    "mysql-option": (f"mysql -uroot -p{WORD} shop", WORD, "shop"),
    "docker-login": (f"docker login -u me -p {WORD} registry.example.org", WORD, "registry."),
    # Queries and connection strings.
    "query-password": (f"https://h/x?password={WORD}&page=2", WORD, "&page=2"),
    "query-token": (f"https://h/x?page=2&access_token={MIXED}#top", MIXED, "#top"),
    "query-sas": (f"https://h/c?sv=2024&sig={MIXED}%3D&se=2026", MIXED, "&se=2026"),
    "query-aws": (f"https://h/o?X-Amz-Date=1&X-Amz-Signature={HEX}", HEX, "X-Amz-Date=1"),
    "query-aws-session": (f"https://h/o?X-Amz-Security-Token={LONG}&x=1", LONG, "&x=1"),
    "query-jdbc": (f"jdbc:postgresql://db/x?user=app&password={WORD}", WORD, "user=app"),
    "jdbc-sqlserver": (f"jdbc:sqlserver://db;user=app;password={WORD};x=1", WORD, ";x=1"),
    "ado": (f"Server=db;User Id=app;Password={WORD};Encrypt=yes", WORD, ";Encrypt=yes"),
    "ado-letters": ("Server=db;User Id=app;Password=swordfish;Encrypt=yes", "swordfish", "=yes"),
    "odbc": (f"Driver=x;UID=app;PWD={WORD};Port=1", WORD, ";Port=1"),
    "odbc-braces": ("Driver=x;UID=app;PWD={swordfish};Port=1", "swordfish", ";Port=1"),
    "libpq": (f"host=db user=app password={WORD} dbname=x", WORD, "dbname=x"),
    "libpq-letters": ("host=db user=app password=fencing dbname=x", "fencing", "dbname=x"),
    "libpq-dotted": ("host=db password=sword.fish dbname=x", "sword.fish", "dbname=x"),
    "libpq-first": ("password=sword.fish host=db", "sword.fish", "host=db"),
    "libpq-last": ("host=db password=sword.fish", "sword.fish", "host=db"),
    "env-line-dotted": ("DB_PASSWORD=sword.fish", "sword.fish", "DB_PASSWORD="),
    "url-at-slash": (f"postgresql://app:a@b/{WORD}@db/x", WORD, "@db/x"),
    "url-query-at": (f"postgresql://app:{WORD}@db/x?o=a@b", WORD, "@db/x?o=a@b"),
    "libpq-quoted": (f"host=db password='a \\' {WORD}' dbname=x", WORD, "dbname=x"),
    "azure-storage": (f"AccountName=x;AccountKey={LONG[:86]}==;EndpointSuffix=y", LONG[:86], "=y"),
    "azure-bus": (f"Endpoint=sb://x/;SharedAccessKey={MIXED}=", MIXED, "Endpoint=sb://x/"),
    # Headers.
    "header-bearer": (f"Authorization: Bearer {MIXED}", MIXED, "Authorization: Bearer"),
    "header-bearer-letters": ("Authorization: Bearer abcdefghijkl.mnop", "abcdef", "Bearer"),
    "header-basic": ("Authorization: Basic YXBwOmh1bnRlcjIy", "YXBwOmh1", "Basic"),
    "header-proxy": (f"Proxy-Authorization: Basic {MIXED}", MIXED, "Proxy-Authorization"),
    "header-none": (f"authorization: {MIXED}", MIXED, "authorization:"),
    "header-digest": (
        f'Authorization: Digest username="app", response="{HEX}"', HEX, "Authorization: Digest",
    ),
    "header-aws": (
        f"Authorization: AWS4-HMAC-SHA256 Credential=x/y, Signature={HEX}", HEX, "AWS4",
    ),
    "header-dict": (
        f"{{'Authorization': 'Bearer {MIXED}', 'Accept': '*/*'}}", MIXED, "'Accept': '*/*'}",
    ),
    "header-json": (f'{{"authorization": "Bearer {MIXED}", "n": 1}}', MIXED, '"n": 1}'),
    "header-escaped": (f'"{{\\"authorization\\": \\"Bearer {MIXED}\\", \\"n\\": 1}}"', MIXED, "n"),
    "header-bytes": (f"[(b'authorization', b'Bearer {MIXED}'), (b'x', b'y')]", MIXED, "b'y'"),
    "header-curl": (f"curl -H 'Authorization: token {MIXED}' https://h/x", MIXED, "https://h/x"),
    "header-key": (f"X-Api-Key: {WORD}", WORD, "X-Api-Key"),
    "header-gitlab": (f"PRIVATE-TOKEN: {WORD}", WORD, "PRIVATE-TOKEN"),
    "header-cookie": (f"Cookie: theme=x; sid={WORD}; a=b", WORD, "sid="),
    "header-cookie-dict": (f"{{'cookie': 'sid={WORD}; lang=en'}}", WORD, "lang=en"),
    "header-set-cookie": (f"Set-Cookie: sid={WORD}; Path=/admin; HttpOnly", WORD, "Path=/admin"),
    "bearer-alone": (f"sent bearer {MIXED} to h", MIXED, "to h"),
    # Names.
    "env-line": (f"API_KEY={WORD}", WORD, "API_KEY="),
    "env-line-letters": ("DB_PASSWORD=swordfish", "swordfish", "DB_PASSWORD="),
    "env-line-export": (f"export GITHUB_TOKEN={WORD}", WORD, "export GITHUB_TOKEN="),
    "env-line-quoted": (f'SECRET_KEY="{WORD}"', WORD, "SECRET_KEY="),
    "env-line-symbols": (f"DB_PASSWORD={WORD}$%^!(", f"{WORD}$%^!", "DB_PASSWORD="),
    "environ": (f"os.environ['DB_PASSWORD'] = '{WORD}'", WORD, "os.environ['DB_PASSWORD']"),
    "setenv": (f'monkeypatch.setenv("API_TOKEN", "{WORD}")', WORD, '"API_TOKEN"'),
    "aws-secret": (f"aws_secret_access_key = {LONG[:18]}/{LONG[:21]}", LONG[:18], "aws_secret"),
    "json": (f'{{"client_secret": "{WORD}", "id": 3}}', WORD, '"id": 3'),
    "json-tight": (f'{{"password":"{WORD}","id":3}}', WORD, '"id":3'),
    "json-in-string": (f'"{{\\"password\\": \\"{WORD}\\", \\"id\\": 3}}"', WORD, "id"),
    "dict": (f"E  -  'password': '{WORD}',", WORD, "'password'"),
    "keyword": (f"login(user='app', password='{WORD}')", WORD, "user='app'"),
    "keyword-bare": (f"Login(user=app, password={WORD})", WORD, "user=app"),
    "bytes": (f"secret_key=b'{WORD}'", WORD, "secret_key"),
    "quote-inside": (f"password = 'a\\'{WORD}' # x", WORD, "# x"),
    "cut-off": (f"password = '{WORD}...", WORD, "password = "),
    "annotated": (f'password: str = "{WORD}"', WORD, "password: str = "),
    "wrapped": (f"password=SecretStr('{WORD}')", WORD, "password=SecretStr("),
    "locals": (f"db_password = '{WORD}'", WORD, "db_password"),
    "camel": (f"clientSecret: '{WORD}'", WORD, "clientSecret"),
    "yaml": (f"password: {WORD}", WORD, "password:"),
    "yaml-dotted": (f"spring.datasource.password={WORD}", WORD, "spring.datasource"),
    "prose": (f"Enter password: {WORD}", WORD, "Enter password:"),
    "ruby": (f"'password' => '{WORD}'", WORD, "=>"),
    "xml": (f"<password>{WORD}</password>", WORD, "</password>"),
    "npmrc": (f"//registry.example.org/:_authToken={WORD}", WORD, "_authToken="),
    "attribute": ("self.password = 'swordfish'", "swordfish", "self.password"),
    "docker-config": ('"auth": "YXBwOmh1bnRlcjIy"', "YXBwOmh1", '"auth"'),
    "option": (f"--token={WORD} --verbose", WORD, "--verbose"),
    "option-space": (f"--password {WORD} --verbose", WORD, "--verbose"),
    "option-quoted": (f"--api-key '{WORD}' run", WORD, "run"),
    "two-line": (f"user=app\npassword={WORD}\nx=1", WORD, "\nx=1"),
    "escaped-line": (f"'user=app\\npassword={WORD}\\nx=1'", WORD, "\\nx=1"),
    "numbers": ("password=8412097733", "8412097733", "password="),
    "basic-auth": (f"get(url, auth=('app', '{WORD}'))", WORD, "'app'"),
    "basic-auth-class": (f"HTTPBasicAuth('app', '{WORD}')", WORD, "'app'"),
    "redis-cli": (f"redis-cli -h cache -a {WORD} ping", WORD, "ping"),
    "netrc": (f"machine h login me password {WORD} # x", WORD, "machine h login me"),
    "sql": (f"CREATE USER app WITH PASSWORD '{WORD}';", WORD, "CREATE USER app"),
    "sql-mysql": (f"CREATE USER app IDENTIFIED BY '{WORD}'", WORD, "CREATE USER app"),
    "yaml-quote": (f"password: 'it''s {WORD}' # x", WORD, "# x"),
    "url-quote-inside": (f"Engine(postgresql://app:it's{WORD}@db/x)", WORD, "@db/x"),
    "pass": (f"user=app pass={WORD}", WORD, "user=app"),
    "header-basic-letters": ("> authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "Basic"),
    "session": (f"PHPSESSID={WORD}", WORD, "PHPSESSID"),
    "datadog": (f"datadog key {HEX} refused", HEX, "refused"),
    "telegram": (joined("bot123456789:A", "A", MIXED[:33], "/getMe"), MIXED[:33], "/getMe"),
    "slack-hook": (joined("https://hooks.slack.com/", "services/T0/B0/", MIXED), MIXED, "hooks"),
    "discord-hook": (joined("https://discord.com/api/", "webhooks/12/", LONG), LONG, "webhooks/12"),
    # Hashes of passwords.
    "bcrypt": (joined("$2", "b$12$", LONG[:53]), LONG[:53], "$12$"),
    "argon2": (joined("$argon2", "id$v=19$m=65536,t=3,p=4$", MIXED, "$", MIXED), MIXED, "m=65536"),
    "crypt": (joined("root:$", "6$", MIXED[:12], "$", LONG[:86], ":1:2"), LONG[:86], "root:"),
    "htpasswd": (joined("app:$", "apr1$", MIXED[:8], "$", MIXED[:22]), MIXED[:22], "app:"),
    "django": (joined("pbkdf2_", "sha256$600000$", MIXED[:22], "$", MIXED, "="), MIXED, "600000"),
    "werkzeug": (joined("scrypt:", "32768:8:1$", MIXED[:16], "$", HEX * 4), HEX, "32768"),
    "argon2-scrypt": (joined("$scr", "ypt$ln=16,r=8,p=1$", MIXED, "$", MIXED), MIXED, "ln=16"),
    "phpass": (joined("$", "P$B", MIXED[:30]), MIXED[:30], "$P$"),
    "phpass-forum": (joined("$", "H$9", MIXED[:30]), MIXED[:30], "$H$"),
    "crypt-md5": (joined("app:$", "1$", MIXED[:8], "$", MIXED[:22]), MIXED[:22], "app:"),
    "crypt-sha256": (joined("app:$", "5$", MIXED[:8], "$", LONG[:43]), LONG[:43], "app:"),
    "crypt-scrypt": (joined("app:$", "7$", MIXED[:8], "$", LONG[:43]), LONG[:43], "app:"),
    "yescrypt": (joined("app:$", "y$j9T$", MIXED[:8], "$", LONG[:43]), LONG[:43], "app:"),
    "gost-yescrypt": (joined("app:$", "gy$j9T$", MIXED[:8], "$", LONG[:43]), LONG[:43], "app:"),
    "ldap-sha": (joined("{S", "HA}", MIXED[:27], "="), MIXED[:27], "{SHA}"),
    "ldap-md5": (joined("{SM", "D5}", MIXED[:27], "="), MIXED[:27], "{SMD5}"),
    "dynatrace": (joined("dt0", "c01.", UPPER[:24], ".", (UPPER * 2)[:64]), UPPER[24:], "dt0c01."),
    "ldap": (joined("{SS", "HA}", MIXED[:32]), MIXED[:32], "{SSHA}"),
    # Keys.
    "pem": (f"{BEGIN}{RSA}\n{LONG[:64]}\n{LONG[:20]}\n{END}{RSA}\nnext", LONG[:20], "\nnext"),
    "pem-one-line": (f"'{BEGIN}{RSA}\\n{LONG[:64]}\\n{END}{RSA}\\n', x", LONG[:64], "', x"),
    "pem-spaces": (f"{BEGIN}{RSA} {LONG[:64]} {END}{RSA}", LONG[:64], END),
    "pem-cut-off": (f"{BEGIN}{RSA}\n{LONG[:64]}\n{MIXED}\nE   AssertionError", MIXED, "AssertionE"),
    "pem-cut-off-early": (f"'{BEGIN}{RSA}\\n{MIXED[:9]}...", MIXED[:9], "..."),
    "pem-prefixed": (f"E   {BEGIN}{RSA}\nE   {MIXED}\nE   {END}{RSA}", MIXED, f"E   {END}"),
    "pem-encrypted": (
        f"{BEGIN}{RSA}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,{HEX}\n\n{MIXED}\n{END}{RSA}",
        MIXED,
        "Proc-Type: 4,ENCRYPTED",
    ),
    "openssh": (
        joined(BEGIN, "OPENSSH PRIVATE", " KEY-----\n", LONG[:70], "\n", MIXED[:9], "\n", END),
        LONG[:70],
        "OPENSSH",
    ),
    "pgp": (
        joined(BEGIN, "PGP PRIVATE", " KEY BLOCK-----\nVersion: x\n\n", LONG[:64], "\n=aB3d\n"),
        LONG[:64],
        "Version: x",
    ),
    "putty": (f"Private-Lines: 2\n{LONG[:64]}\n{MIXED[:9]}\nPrivate-MAC: {HEX}", MIXED[:9], "MAC"),
    "jwk": (f'{{"kty":"RSA","n":"{LONG}","e":"AQAB","d":"{MIXED}"}}', f'"{MIXED}"', LONG),
}  # fmt: skip
"""For each place: a text, the part that must vanish, and a part that must stay."""

ORDINARY = [
    # Addresses without a password.
    "https://example.org/a@b",
    "http://localhost:8000/x@y",
    "http://localhost:8000/users?email=a@b.org",
    "http://[::1]:8000/x@y",
    "https://medium.example/@user/post",
    "git@github.com:owner/name.git",
    "ssh://git@github.com/owner/name.git",
    "https://someone@bitbucket.example/o/r.git",
    "git+https://github.com/o/r.git@v1.2.3#egg=r",
    "redis://localhost:6379/0",
    "postgresql://app@db:5432/x",
    "postgresql://app:***@db/x",
    "postgresql://app:${DB_PASSWORD}@db/x",
    "postgresql://{user}:{password}@{host}/x",
    "postgresql://<user>:<password>@<host>/x",
    "mailto:someone@example.org/x",
    "From: Someone <someone@example.org>",
    "12:34:56@host/x",
    "python:3.12@sha256:0123456789abcdef",
    "npm:react@v18/x",
    "chown user:group /srv/x",
    "docker run -u 1000:1000 -p 8080:80 image",
    "mysql -h db -p shop",
    # Tests, code and types.
    "tests/test_a.py::test_b[sk-1]",
    "tests/test_token.py::test_token[password] PASSED",
    "tests/test_password.py:12: AssertionError",
    "assert token == 'abcdef'",
    "assert password != 'hunter22'",
    "assert 'a' == 'b'",
    "KeyError: 'password'",
    "invalid password for user app",
    "invalid password: must be at least 8 characters",
    "password: Field required",
    "token: invalid",
    "'password': ['This field is required.']",
    '{"password": "This field may not be blank."}',
    "fixture 'db_password' not found",
    "password: str",
    "password: SecretStr",
    "password: str | None = None,",
    "token: Token | None = None",
    "token: Token[str]",
    "def login(user: str, password: str, *, token: str = '') -> Token:",
    "token: Callable[[str], bytes]",
    "from app.auth import Token, password, secret_key",
    "import secrets",
    "token = secrets.token_urlsafe(32)",
    "login(user, password=password)",
    "login(user, password=self.password, token=token)",
    "login(user, password=raw)",
    "client(api_key=settings.api_key)",
    "password = os.environ['DB_PASSWORD']",
    "password = os.environ.get('DB_PASSWORD', None)",
    "token = create_token(user)",
    "token = await fetch(url)",
    "token = new_token",
    "secret = None",
    "password=True",
    "password=''",
    "password='abc'",
    "token = request.headers.get('Authorization')",
    "for token in tokens: print(token)",
    "lambda token: token.value",
    "token, password = pair",
    "('password', 'username')",
    '["API_KEY", "API_SECRET"]',
    "Unexpected token: 'foobar'",
    'Argument "token" to "f" has incompatible type "int"; expected "str"',
    'Possible hardcoded password assigned to: "token"',
    'S105 Possible hardcoded password assigned to argument: "password"',
    "sort_key='created'",
    "key='name'",
    "primary_key=True",
    "public_key='abcdefghijkl'",
    "cache_key='abcdefghijkl'",
    "secret_name='database/main'",
    "token_count=12345678",
    "token_type='bearer_type'",
    "max_tokens=1024",
    "tokens=50257000",
    "token=50256",
    "pad_token='<pad>'",
    "next_token='abcdefgh'",
    "password_field='passphrase_input'",
    "PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher']",
    "AUTH_PASSWORD_VALIDATORS=on",
    "TOKENIZERS_PARALLELISM=false",
    "--password-file=/run/secrets/db",
    "password=/run/secrets/db",
    "--password is required",
    "usage: tool [--password PASSWORD] [--token TOKEN]",
    "use --token to pass one",
    "slice[token:stop]",
    "listeners[token] = listener",
    "self.token = nextcharacter",
    '["DB_PASSWORD", "STAGE_HOST"]',
    "('password', 'confirmation')",
    "signing_secret=signing_secret",
    "src/password:12345: error",
    "token: expecting something else",
    "login(\n    ssl_password=ssl_password,\n)",
    "run(\n    password=stored_value,\n)",
    'print("token=" + repr(raw))',
    'print("password=", password)',
    'Token("paragraph", "", 0)',
    "private_key: ed25519.Ed25519PrivateKey",
    "Token: '#d8dee9'",
    "Authorization: Basic <username>:<password>",
    "joined('sk-ecdsa-sha2-nistp256')",
    "auth=('user', 'password')",
    "x[1:2], y[a:b]",
    # Headers and prose.
    "bearer of news",
    "Bearer of good understanding",
    "basic usage of something",
    "basic authentication failed",
    "Authorization: required",
    "Authorization: Bearer <token>",
    "Authorization: Bearer token",
    "Authorization header is missing",
    "authorization: str = Header(...)",
    "Authorization: administrators",
    "authorization: HTTPAuthorizationCredentials",
    'WWW-Authenticate: Bearer realm="api"',
    "{'Authorization': f'Bearer {token}'}",
    "Cookie: missing",
    "cookie = SimpleCookie(key=value)",
    "Set-Cookie: theme=; Path=/admin; Max-Age=3600",
    # Placeholders.
    "API_KEY=changeme",
    "API_KEY=<your-api-key>",
    "API_KEY=your-api-key-here",
    "DB_PASSWORD=${DB_PASSWORD}",
    "DB_PASSWORD=$DB_PASSWORD",
    "password: {{ password }}",
    "password=%(password)s",
    "SecretStr('**********')",
    "password='***'",
    "password='wrong-password'",
    "token='invalid-token'",
    "token=xxxxxxxx",
    # Digests, versions and the rest.
    "requests==2.32.3 --hash=sha256:" + HEX * 2,
    "commit 3f9a1c7be2d4086f5a1b9c3d7e8f20463f9a1c7b",
    "UUID('0b8e5c1a-7d7f-4c5e-9a54-2f6a3c1d9e10')",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    "requires numpy>=1.26,<3; python_version>='3.11'",
    "<app.models.Token object at 0x7f31a2b3c4d5>",
    "pypi-attestations-and-more-of-it",
    "sk-learn-contrib-and-more-of-it",
    "task-1234567890123456 done",
    "self.something_long_and_Named1(24)",
    'if "-----BEGIN RSA PRIVATE' + ' KEY-----" in text and "-----END" in text:',
    BEGIN + "CERTIFICATE-----\n" + LONG[:64] + "\n" + END + "CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI someone@host",
    "E       assert {'count': 3, 'key': 'b'} == {'count': 2, 'key': 'a'}",
    "?                      ^^^",
]

FRAGMENTS = [
    *SHAPED.values(),
    *(text for text, _, _ in PLACED.values()),
    *ORDINARY,
    *("password=", "token: ", "Bearer ", "://", "a:b", "@", "'", '"', "\\", "\n", "***", " ", ";"),
    *("Authorization: ", "Cookie: ", "&", "?", "=", ",", "--password ", "(", ")", "{", "}", "eyJ"),
]
texts = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join))
values = st.text(
    st.characters(exclude_characters="\0", exclude_categories=()), min_size=8, max_size=40
)


@pytest.mark.parametrize("token", SHAPED.values(), ids=SHAPED)
@pytest.mark.parametrize("around", ["{}", "got {} here", "'{}'", 'x = ["{}", 1]', "a\n{}\nb"])
def test_a_token_of_known_shape_is_masked_and_nothing_else(token: str, around: str) -> None:
    assert redact(around.format(token)) == around.format(MASK)


@pytest.mark.parametrize(("text", "secret", "kept"), PLACED.values(), ids=PLACED)
def test_a_secret_is_masked_where_it_stands(text: str, secret: str, kept: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert kept in masked
    assert MASK in masked
    assert masked.count("\n") == text.count("\n")
    assert redact(masked) == masked


@pytest.mark.parametrize("text", ORDINARY)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_the_value_of_a_secret_variable_is_masked_wherever_it_appears() -> None:
    hidden = secrets({"DB_PASSWORD": "correct-horse", "HOME": "/home/someone", "API_KEY": "short"})
    assert (
        redact("got correct-horse in /home/someone, short", hidden)
        == "got *** in /home/someone, short"
    )


SECRET_VARIABLES = [
    "DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "SMTP_PASS", "GITHUB_TOKEN", "TOKEN", "NPM_AUTH",
    "CLIENT_SECRET", "SECRET_KEY_BASE", "DJANGO_SECRET_KEY", "STRIPE_API_KEY_2", "OPENAI_APIKEY",
    "SSH_PRIVATE_KEY", "GPG_PASSPHRASE", "AWS_SECRET_ACCESS_KEY", "SESSION_COOKIE", "SIGNING_KEY",
    "ENCRYPTION_KEY", "PASSWORD_SALT", "AZURE_STORAGE_CONNECTION_STRING", "REDIS_DSN", "apiKey",
    "AZURE_CREDENTIALS", "TOKEN_PRODUCTION",
]  # fmt: skip
OTHER_VARIABLES = [
    "HOME", "PATH", "PWD", "TOKENIZERS_PARALLELISM", "SSH_AUTH_SOCK", "SECRETS_DIR", "KEYBOARD",
    "PASSWORD_FILE", "TOKEN_URL", "SECRET_NAME", "MAX_TOKENS_COUNT", "GPG_KEY", "XAUTHORITY",
    "AUTH_TOKEN_TTL", "AWS_ACCESS_KEY_ID", "GIT_ASKPASS", "MONKEY", "AUTHOR", "SORT_KEY",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRET_VARIABLES)
def test_a_variable_whose_name_says_secret_is_one(name: str) -> None:
    assert secrets({name: "correct-horse"}) == ("correct-horse",)


@pytest.mark.parametrize("name", OTHER_VARIABLES)
def test_a_variable_that_only_speaks_of_secrets_is_none(name: str) -> None:
    assert secrets({name: "correct-horse"}) == ()


@pytest.mark.parametrize(
    "value",
    [
        "short", "true", "disabled", "12345678", "postgres", "/run/secrets/db", "changeme",
        "${OTHER_SECRET}", "<your-token>", "********", "my-secret-token",
    ],
)  # fmt: skip
def test_a_value_that_hides_nothing_is_no_secret(value: str) -> None:
    assert secrets({"API_TOKEN": value}) == ()


def test_a_path_that_exists_is_no_secret() -> None:
    assert secrets({"API_TOKEN": __file__}) == ()


def test_what_another_variable_says_openly_is_no_secret() -> None:
    assert secrets({"DB_USER": "warehouse", "DB_PASSWORD": "warehouse"}) == ()
    assert secrets({"HOME": "/home/warehouse", "DB_PASSWORD": "warehouse"}) == ()


def test_of_an_address_only_the_password_is_secret() -> None:
    assert secrets({"DATABASE_URL": f"postgresql://app:{WORD}@db/shop"}) == (WORD,)
    assert secrets({"SHOP_DSN": f"postgresql://app:{WORD}@db/shop"}) == (WORD,)
    assert secrets({"X_CONNECTION_STRING": f"Server=db;Password={WORD};"}) == (WORD,)
    assert secrets({"DATABASE_DSN": "correct-horse"}) == ("correct-horse",)


def test_longer_secrets_come_first() -> None:
    hidden = secrets({"A_TOKEN": "correct-horse", "B_TOKEN": "correct-horse-staple"})
    assert hidden == ("correct-horse-staple", "correct-horse")
    assert redact("correct-horse-staple", hidden) == MASK
    assert redact("correct-horse-staple", ("correct-horse-staple", "horse-st")) == MASK


@pytest.mark.parametrize("user", ["", "u:", "us:", "use:", "user:"])
@pytest.mark.parametrize("rest", ["", "!", "!!", "!!!"])
def test_a_secret_is_masked_inside_base64(user: str, rest: str) -> None:
    code = base64.b64encode(f"{user}{WORD}>?{rest}".encode()).decode()
    for form in (code, code.replace("+", "-").replace("/", "_").rstrip("=")):
        masked = redact(f"sent {form}", (f"{WORD}>?",))
        assert MASK in masked
        assert base64.b64encode(WORD.encode()).decode()[4:8] not in masked


def test_the_lines_of_a_secret_are_masked_apart() -> None:
    hidden = (f"{MIXED}\n{LONG[:64]}\n",)
    assert redact(f"{MIXED}\n{LONG[:64]}\n", hidden) == "***\n***\n"
    assert redact(f"E   {MIXED}\nE   {LONG[:64]}\n", hidden) == "E   ***\nE   ***\n"


HOSTILE = [
    "password=", "password=;", "password='", "password=a,", "password=\\", "token: ", "<password>",
    "Authorization: ", "authorization: bearer ", "cookie: a=b;", "a=bcdef;", "://", "a://b:c",
    "a:b@", "@", "?a=", "&sig=", BEGIN + RSA, f"{BEGIN}{RSA}\n", "AAAA\n", "--password ",
    "curl -u ", "mysql -p", "host= password=x ", "eyJaaaaaaaaaa.", "sk-", "\\n", "***", "a://b'",
]  # fmt: skip
"""What must not make the work grow faster than the text."""


@pytest.mark.parametrize("before", ["", "password=", "Authorization: Bearer ", "a://b:"])
@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_the_text_is_about_twice_the_work(piece: str, before: str) -> None:
    once, twice = (_calls(before + piece * times) for times in (500, 1000))
    assert twice <= 2.5 * once + 100


def _calls(text: str) -> int:
    """Return how many calls it takes to mask a text."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        redact(text)
    finally:
        sys.setprofile(before)
    return calls


@given(texts)
@example(f"password={WORD}***")
@example("password='***'***x")
def test_masking_twice_is_masking_once(text: str) -> None:
    masked = redact(text)
    assert redact(masked) == masked


@given(st.lists(values, max_size=3), st.lists(st.one_of(texts, values), max_size=3))
@example(["abc***def", "XXXXXXXX"], ["abcXXXXXXXXdef"])
@example(["*abcdefg", "XXXXXXXX"], ["XXXXXXXXabcdefg"])
def test_masking_values_twice_is_masking_them_once(hidden: list[str], parts: list[str]) -> None:
    masked = redact("".join([*parts, *hidden]), tuple(hidden))
    assert redact(masked, tuple(hidden)) == masked


@given(texts, st.lists(st.text(max_size=12), max_size=3))
@example("\ud800 password=\udfff\udfff\udfff\udfff", ["\ud800", ""])
def test_lines_stay_whatever_the_text(text: str, hidden: list[str]) -> None:
    masked = redact(text, tuple(one for one in hidden if "\n" not in one))
    assert masked.count("\n") == text.count("\n")


@given(values, st.text(), st.text())
def test_the_value_of_a_variable_never_survives(value: str, before: str, after: str) -> None:
    hidden = secrets({"API_TOKEN": value})
    if value not in hidden:
        return
    for form in _forms(value):
        assert form not in redact(f"{before}{form}{after}", hidden)


def _forms(value: str) -> list[str]:
    """Return how tools write a value; what has no bytes is written by none of the last."""
    found = [value, repr(value)[1:-1], json.dumps(value)[1:-1], ascii(value)[1:-1]]
    found.append(json.dumps(json.dumps(value))[3:-3])
    found.append(value.encode("utf-8", "backslashreplace").decode())
    try:
        raw = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return found
    codes = [base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()]
    urls = [quote(raw), quote(raw, safe=""), quote_plus(raw)]
    lower = [re.sub("%..", lambda code: code[0].lower(), url) for url in urls]
    return [*found, *codes, *(code.rstrip("=") for code in codes), *urls, *lower]


@given(st.text(st.sampled_from(string.ascii_letters + " \n,()<'")))
@example("the token of the password is secret, says the bearer")
def test_text_without_a_sign_of_assignment_stays(text: str) -> None:
    assert redact(text) == text
