"""An article by its URL, which consumers ask for as often as for its id."""

from pipelines.store.concurrent_index import build_index

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    build_index("article_by_url", "aiwire.article (url)")
