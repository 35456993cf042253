"""Judges whether a PostgreSQL role can hurt anything but the databases that hdb makes as it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OURS = "'^hdb_throwaway_[0-9a-f]{32}$'"
QUERY = (
    # What a role may do is what the role may do that it logged in as, whatever it set since.
    "SELECT r.rolname, r.rolsuper, r.rolcreaterole, r.rolreplication, "  # noqa: S608 - all of it is written here
    "(SELECT string_agg(m.rolname, ', ' ORDER BY m.rolname) FROM pg_roles m "
    "WHERE m.oid <> r.oid AND m.rolname <> 'pg_database_owner' "
    "AND pg_has_role(r.oid, m.oid, 'MEMBER')), "
    "(SELECT string_agg(d.datname, ', ' ORDER BY d.datname) FROM pg_database d "
    f"WHERE d.datdba = r.oid AND d.datname !~ {OURS}), "
    # What it owns or was given elsewhere; letting it into a database or a tablespace is harmless.
    "(SELECT string_agg(DISTINCT coalesce(d.datname, 'the whole server'), ', ') "
    "FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid "
    "WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid "
    f"AND s.deptype IN ('o', 'a') AND coalesce(d.datname, '') !~ {OURS} "
    "AND NOT (s.dbid = 0 AND (s.classid = 'pg_database'::regclass "
    "OR s.classid = 'pg_tablespace'::regclass AND s.deptype = 'a'))) "
    "FROM pg_roles r WHERE r.rolname = session_user"
)
"""One row about the role of a connection, for `too_much`."""
CURE = (
    "hdb runs revisions as a role that owns nothing else: "
    "CREATE ROLE hdb LOGIN CREATEDB, and name postgresql://hdb@HOST/postgres"
)


def too_much(row: Sequence[Any]) -> str:
    """Return what a role may do beyond making databases, as a sentence; "" where nothing."""
    name, superuser, roles, replication, member, databases, elsewhere = row
    what = (
        "is a superuser" if superuser
        else "may make roles (CREATEROLE)" if roles
        else "may replicate (REPLICATION)" if replication
        else f"owns the database {databases}" if databases
        else f"is a member of {member}" if member
        else f"owns or was given objects in {elsewhere}" if elsewhere
        else ""
    )  # fmt: skip
    return f"the role {name} {what}; {CURE}" if what else ""
