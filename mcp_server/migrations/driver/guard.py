"""Sees to it that nothing but the throwaway database is connected to, whatever env.py says."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from .attaching import NO_FILE, Attaching
from .drivers import wrap_drivers
from .refusal import Refused, other_file, reaches_out
from .role import QUERY, too_much

SOURCES = ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.future", "sqlalchemy.ext.asyncio")
PLACES = (
    "host", "hostaddr", "port", "user", "password", "dbname", "database", "dsn", "conninfo",
    "service", "passfile", "unix_sock", "direct_tls", "sslmode", "ssl", "ssl_context", "sslcert",
    "sslkey", "sslrootcert", "async_creator_fn",
)  # fmt: skip
"""What in a connection's arguments says where it leads, and how it is let in."""
CURES = {
    "postgresql": "name a PostgreSQL server for throwaway databases: database = "
    '"postgresql://USER@HOST" under [tool.hdb.migrations], or HDB_MIGRATIONS_SERVER',
    "sqlite": 'say database = "sqlite" under [tool.hdb.migrations]',
}
"""What to do where the project's backend is another than the one that hdb was asked for."""


class Guard:
    """Turns every engine to the throwaway database `url`, and refuses every other connection."""

    def __init__(self, url: Any) -> None:  # noqa: ANN401 - the project's own SQLAlchemy
        self.url = url
        self.backend: str = url.get_backend_name()
        self.refusal = ""
        self.version_tables: list[str] = ["alembic_version"]
        self._made: dict[int, Any] = {}
        self._opening = 0
        self._attaching = Attaching(self.keep)

    def install(self) -> None:
        """Put the guard between the project and every way to a database."""
        sqlalchemy = importlib.import_module("sqlalchemy")
        for name in SOURCES:
            try:
                importlib.import_module(name)
            except ImportError:
                continue
        original = sqlalchemy.create_engine
        self._replace(original, self._creating(original))
        engine = importlib.import_module("sqlalchemy.engine").Engine
        sqlalchemy.event.listen(engine, "do_connect", self._connect)
        sqlalchemy.event.listen(engine, "before_cursor_execute", self._executing)
        wrap_drivers(self._opened)
        self._attaching.install()
        sys.addaudithook(self._audit)
        environment = importlib.import_module("alembic.runtime.environment").EnvironmentContext
        environment.configure = self._configuring(environment.configure)

    def instead(self, asked: str) -> str:
        """Return what stands for a database address in a configuration: never a real one."""
        make_url = importlib.import_module("sqlalchemy.engine").make_url
        try:
            url = make_url(asked)
        except Exception:  # noqa: BLE001 - an address that cannot be read leads nowhere
            return str(self.url.render_as_string(hide_password=False))
        if url.get_backend_name() == self.backend:
            url = self.url.set(drivername=url.drivername)
        else:
            # Its driver stays, so that a refusal can say what the project asked for.
            kind = type(url)
            url = kind.create(url.drivername, host="hdb.invalid", database="hdb_throwaway")
        return str(url.render_as_string(hide_password=False))

    def refuse(self, why: str) -> None:
        """Stop the run; the reason is kept, should something swallow the exception."""
        self.keep(why)
        raise Refused(why)

    def keep(self, why: str) -> None:
        """Keep the first reason why the run is refused."""
        self.refusal = self.refusal or why

    @staticmethod
    def _replace(original: object, ours: object) -> None:
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in {"sqlalchemy", "sqlmodel"} and module is not None:
                for attribute, value in list(vars(module).items()):
                    if value is original:
                        setattr(module, attribute, ours)

    def _creating(self, original: Callable[..., Any]) -> Callable[..., Any]:
        make_url = importlib.import_module("sqlalchemy.engine").make_url

        def create_engine(url: Any, **options: Any) -> Any:  # noqa: ANN401
            asked = make_url(url)
            if asked.get_backend_name() == self.backend:
                url = self.url.set(drivername=asked.drivername)
                for name in ("creator", "pool"):
                    options.pop(name, None)
                kept = dict(options.pop("connect_args", None) or {})
                options["connect_args"] = {
                    name: value for name, value in kept.items() if name not in PLACES
                }
            return original(url, **options)

        return create_engine

    def _connect(self, dialect: Any, _record: Any, cargs: Any, cparams: Any) -> Any:  # noqa: ANN401
        """Open the one connection that is allowed; returning it, no other listener is asked."""
        if dialect.name != self.backend:
            made = "a SQLite file" if self.backend == "sqlite" else "a PostgreSQL database"
            cure = CURES.get(dialect.name, "hdb runs revisions on SQLite and PostgreSQL only")
            self.refuse(f"the project connects to {dialect.name} and hdb made {made}: {cure}")
        expected, named = self._expected(dialect)
        differing = [one for one in PLACES if cparams.get(one) != named.get(one)]
        if list(cargs) != expected or differing:
            self.refuse("env.py connects to another database than the one that hdb made for it")
        armed = self._attaching.armed
        self._opening += 1
        try:
            connection = dialect.connect(*cargs, **cparams)
        finally:
            self._opening -= 1
        if self.backend == "postgresql":
            self._verify(connection)
        elif self._attaching.armed == armed:
            self.refuse(f"hdb can hold Python's own sqlite3 to one file, and not {dialect.driver}")
        self._made[id(connection)] = connection
        return connection

    def _expected(self, dialect: Any) -> tuple[list[Any], dict[str, Any]]:  # noqa: ANN401
        url = self.url.set(drivername=f"{dialect.name}+{dialect.driver}")
        cargs, cparams = dialect.create_connect_args(url)
        return list(cargs), dict(cparams)

    def _verify(self, connection: Any) -> None:  # noqa: ANN401
        """Ask the server itself where this leads, and as whom."""
        cursor = connection.cursor()
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone()
        cursor.execute(QUERY)
        role = cursor.fetchone()
        cursor.close()
        connection.rollback()
        if name != self.url.database:
            self.refuse("the server connected to another database than the one that hdb made")
        if too_much(role):
            self.refuse(too_much(role))

    def _executing(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:  # noqa: ANN401
        if self.backend == "sqlite":
            words = other_file(statement)
        else:
            words = reaches_out(statement, self.url.database)
        if words:
            self.refuse(
                f"a revision changes more than its own database ({words}), which hdb does not run"
            )

    def _configuring(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def configure(context: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401
            connection = args[0] if args else options.get("connection")
            if connection is None:
                self.refuse("env.py configures alembic without a connection")
            pooled = getattr(connection, "connection", None)
            raw = getattr(pooled, "dbapi_connection", None) or getattr(pooled, "connection", None)
            if id(raw) not in self._made:
                self.refuse("env.py gives alembic a connection that hdb did not open")
            self.version_tables.append(str(options.get("version_table", "alembic_version")))
            return original(context, *args, **options)

        return configure

    def _opened(self, name: str) -> None:
        if not self._opening:
            self.refuse(f"the project connects by itself ({name}), not through alembic's engine")

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "sqlite3.connect":
            return
        if not self._attaching.connecting:
            self.refuse("the project opens SQLite in another way than sqlite3.connect")
        if not self._opening and args[0] not in NO_FILE:
            self.refuse("the project opens a SQLite file by itself, not through alembic's engine")
