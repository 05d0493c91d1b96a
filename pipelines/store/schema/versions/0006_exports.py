"""Large exports: parts as rows, done by any worker; withdrawn articles found without a look at all."""

from pathlib import Path

from alembic import op

from pipelines.store.concurrent_index import build_index

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # First: it commits what was done before it.
    build_index("article_withdrawn", "aiwire.article (id) WHERE withdrawn_at IS NOT NULL")
    op.get_bind().connection.driver_connection.execute(Path(__file__).with_suffix(".sql").read_bytes())
