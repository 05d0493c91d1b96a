"""What is learned of an outlet's pages: repeated blocks, figures, what is to be read again."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(Path(__file__).with_suffix(".sql").read_bytes())
