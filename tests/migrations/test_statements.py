"""Which statements reach further than hdb's own database, whatever they are written like."""

from __future__ import annotations

import pytest

from mcp_server.migrations.driver.refusal import other_file, reaches_out

OWN = f"hdb_throwaway_{'0' * 32}"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("COMMENT ON TABLE t IS 'https://x -- y'; CREATE ROLE evil", "create role"),
        ("SELECT '/*'; DROP USER x; SELECT '*/'", "drop user"),
        ("/* a /* b */ */ ALTER SYSTEM SET work_mem = 1", "alter system"),
        ("SELECT E'\\''; DROP ROLE x --'", "drop role"),
        ('DROP DATABASE "Foo"', "drop database"),
        ("GRANT CREATE ON DATABASE precious TO app", "grant create on database"),
        (f"REVOKE ALL ON DATABASE {OWN}, precious FROM app", "revoke all on database"),
        ("GRANT SET ON PARAMETER work_mem TO app", "grant set on parameter"),
        ("GRANT CREATE ON TABLESPACE x TO app", "grant create on tablespace"),
        ("GRANT maker TO reader", "grant"),
        ("COMMENT ON DATABASE precious IS ''", "comment on database"),
        ("SECURITY LABEL FOR x ON ROLE y IS 'z'", "security label for x on role"),
        ("COPY (SELECT 1) TO E'/tmp/x'", "copy ( ) to ''"),
        ("COPY t (a, b) FROM $$/tmp/x$$", "copy t ( ) from ''"),
        ("COPY t TO PROGRAM 'cat'", "copy t to program"),
        ("DO $$ BEGIN COPY t TO '/tmp/x'; END $$", "copy t to ''"),
        ("SELECT pg_drop_replication_slot('x')", "pg_drop_replication_slot ("),
        ("SELECT pg_create_logical_replication_slot('x', 'y')", "pg_create_logical_replicat"),
        ("UPDATE pg_database SET datallowconn = false", "update pg_database"),
        ("WITH x AS (DELETE FROM pg_catalog.pg_authid) SELECT 1", "delete from pg_catalog . pg_a"),
        ("DO 'BEGIN EXECUTE ''DROP ROLE x''; END'", "drop role"),
        ("DO $$ DECLARE s text := 'DROP ROLE x'; BEGIN EXECUTE s; END $$", "drop role"),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $a$ DROP USER x $a$", "drop user"),
    ],
)
def test_the_words_that_reach_further_are_named(statement: str, words: str) -> None:
    assert reaches_out(statement, OWN).startswith(words)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t ALTER role SET DEFAULT 'x'; ALTER TABLE t DROP role",
        "COMMENT ON TABLE t IS $$ drop user rows $$",
        "CREATE TRIGGER a AFTER UPDATE ON t EXECUTE FUNCTION f(); COMMENT ON TYPE t IS 'drop user'",
        "DO $$ BEGIN ALTER TABLE t ALTER role SET DEFAULT 'drop role x'; END $$",
        "INSERT INTO t VALUES ('x; drop role y'); SELECT E'\\'; DROP ROLE x; --'",
        "COPY t FROM STDIN WITH (DELIMITER ',')",
        "COPY (SELECT substring(x from 'a') FROM t) TO STDOUT",
        "ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT SELECT ON TABLES TO y",
        f'GRANT CONNECT ON DATABASE "{OWN}" TO PUBLIC',
        f"ALTER DATABASE {OWN} SET work_mem = '8MB'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET x = 1', current_database()); END $$",
    ],
)
def test_words_that_only_look_like_it_are_not_refused(statement: str) -> None:
    assert not reaches_out(statement, OWN)


@pytest.mark.parametrize("statement", ["-- own\nATTACH 'x' AS y", "/* a */ vacuum into 'x'"])
def test_a_statement_that_opens_another_file_is_named(statement: str) -> None:
    assert other_file(statement)


@pytest.mark.parametrize(
    "statement", ["ATTACH DATABASE ':memory:' AS x", "VACUUM", "SELECT attach"]
)
def test_a_statement_that_opens_none_is_left_alone(statement: str) -> None:
    assert not other_file(statement)
