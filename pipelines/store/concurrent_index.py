"""An index on a table in use, for a migration's .py: built without keeping anybody from writing.

It is built outside a transaction: what the migration did before is committed by it, and should the build fail, is done
once more. So a migration that calls this has nothing else in it, or only what can be done twice.
"""

from __future__ import annotations

from alembic import op
from psycopg import Connection, sql

_PATIENCE = "10min"  # for those whose transactions are older than the build: it waits for them, and nobody for it


def build_index(name: str, on: str) -> None:
    """Run CREATE INDEX CONCURRENTLY `name` ON `on` ("aiwire.entry (settled_at) WHERE …"), unless it is there.

    The invalid index that a build leaves which was stopped in its midst is dropped, and built anew. Raises what psycopg
    raises; LockNotAvailable after ten minutes, whereupon the migration begins anew.
    """
    schema = on.split(".", 1)[0]
    with op.get_context().autocommit_block():
        bind = op.get_bind().connection.driver_connection
        assert isinstance(bind, Connection)  # noqa: S101 -- pipelines.store.migrate made it
        bind.execute(sql.SQL("SET lock_timeout = {}").format(_PATIENCE))
        try:
            row = bind.execute(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (f"{schema}.{name}",)
            ).fetchone()
            if row is not None and not row[0]:
                bind.execute(
                    sql.SQL("DROP INDEX CONCURRENTLY {}.{}").format(sql.Identifier(schema), sql.Identifier(name))
                )
            if row is None or not row[0]:
                bind.execute(f"CREATE INDEX CONCURRENTLY {name} ON {on}".encode())
        finally:
            bind.execute("RESET lock_timeout")
