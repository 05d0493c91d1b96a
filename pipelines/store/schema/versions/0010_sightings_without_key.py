"""Sightings of blocks without a foreign key."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.get_bind().connection.driver_connection.execute(Path(__file__).with_suffix(".sql").read_bytes())
