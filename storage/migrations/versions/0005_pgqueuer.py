"""PgQueuer's own tables (1.6), where the database is PostgreSQL."""

from alembic import op

revision = "0005_pgqueuer"
down_revision = "0004_files"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The script has many statements, which only the driver itself takes at once."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment  # a tenth of a start, which SQLite does without

        script = QueryBuilderEnvironment().build_install_query()
        bind.connection.dbapi_connection.run_async(lambda driver: driver.execute(script))  # type: ignore[union-attr]
