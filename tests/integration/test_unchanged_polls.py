"""Polls that find nothing new write down that they were, and nothing else."""

from __future__ import annotations

from bench import contract_unchanged
from bench.contract_unchanged import POLLED


def test_unchanged_polls_write_no_row_elsewhere_draw_no_number_and_take_no_more_room(database_url: str) -> None:
    polls = 2_000
    found = contract_unchanged.run(database_url, polls=polls)
    assert found.elsewhere == {}
    assert found.drawn == {}
    # Each poll wrote its source and its host, in place: what is seen is that they were counted at all.
    assert {table: rows[1] for table, rows in found.written.items()} == dict.fromkeys(POLLED, polls)
    # Pages are pruned as they are read: no vacuum was needed for that.
    assert found.after == found.halfway
