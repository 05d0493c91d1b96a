"""The contract in figures: storing beside a bare COPY, the change feed under load, unchanged polls, a million articles.

    python bench/contract.py [--only storing,feed,unchanged,million] [--changes 1000000] [--articles 1000000] [--plans]

Needs no network; the server is an embedded one, or that of DATABASE_URL, on which databases are made and dropped.
What is measured, and how, stands in `bench/contract_*.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.contract_copying import Copying
    from bench.contract_feed import Feed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

PARTS = ("storing", "feed", "unchanged", "million")


def main() -> None:
    parser = argparse.ArgumentParser(description="the contract in figures")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--stored", type=int, default=2_000, help="articles that are stored, for each row of the table")
    parser.add_argument("--changes", type=int, default=50_000, help="changes that are told; the figure's are 1,000,000")
    parser.add_argument("--polls", type=int, default=100_000, help="polls that find their source unchanged")
    parser.add_argument(
        "--articles", type=int, default=50_000, help="articles that are read; the figure's are 1,000,000"
    )
    parser.add_argument("--plans", action="store_true", help="print the plan of each question to the articles")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    from bench.contract_server import server

    with server() as url:
        if "storing" in wanted:
            _storing(url, options.stored)
        if "feed" in wanted:
            _feed(url, options.changes)
        if "unchanged" in wanted:
            _unchanged(url, options.polls)
        if "million" in wanted:
            _million(url, options.articles, plans=options.plans)


def _storing(url: str, count: int) -> None:
    from bench import contract_storing

    print(f"\nStoring {count} new articles with all their rows, as a worker's visits bring them")
    storings, copyings = contract_storing.run(url, count=count, shapes=((1, 1), (1, 8), (1, 32), (2, 32)))
    bare = copyings[0].rate
    for one in storings:
        print(
            f"  {one.visits:3} visits, {one.processes} process{'es' * (one.processes > 1):2}  {one.rate:7.0f} articles/s"
            f"   {one.rate / bare:.3f} x bare COPY   {one.stored / one.transactions:4.1f} a transaction"
            f"   CPU an article: client {one.client_ms:.2f} ms, server {one.server_ms:.2f} ms"
        )
    print("The same rows by COPY, one stream, one commit; indexes of the tables:")
    _copyings(copyings, "articles")


def _feed(url: str, changes: int) -> None:
    from bench import contract_feed
    from bench.contract_copying import copied
    from bench.contract_server import database

    print(
        "\nThe feed: 16 writers, 3 followers; article + revision a change; long, aborted and lost transactions among them"
    )
    with database(url) as one:
        _told("one change a commit", contract_feed.run(one, changes=changes))
        print("  the same rows by COPY, one stream, one commit; indexes of the tables:")
        _copyings(copied(one, ("article", "revision", "change"), things=changes), "changes")
    with database(url) as one:
        _told("8 changes a commit", contract_feed.run(one, changes=changes // 5, together=8))
    with database(url) as one:
        _told("an id for a cursor, and no feed", contract_feed.run(one, changes=changes // 5, naive=True))


def _unchanged(url: str, polls: int) -> None:
    from bench import contract_unchanged
    from bench.contract_server import database

    with database(url) as one:
        found = contract_unchanged.run(one, polls=polls)
    print(f"\n{polls} polls that find their source unchanged, in {found.seconds:.0f} s")
    print(
        f"  rows written elsewhere than in source and host: {found.elsewhere or 'none'}; numbers drawn: {found.drawn or 'none'}"
    )
    print(f"  bytes of source and host halfway {found.halfway}, at the end {found.after}")


def _million(url: str, count: int, *, plans: bool) -> None:
    from bench import contract_reads, contract_rows
    from bench.contract_server import database

    print(f"\n{count} articles by generated rows")
    with database(url) as one:
        contract_rows.fill(one, count=count, note=lambda told: print(f"  {told}", flush=True))
        for read in (*contract_reads.consumers(one, plans=plans), *contract_reads.operators(one)):
            print(
                f"  {read.name:28} median {read.median:8.1f} ms, most {max(read.took):8.1f} ms   {read.rows} rows",
                flush=True,
            )
            for line in read.plan:
                print(f"      {line}")


def _told(name: str, feed: Feed) -> None:
    print(
        f"  {name}: {feed.changes} changes in {feed.seconds:.1f} s: {feed.changes / feed.seconds:.0f} changes/s,"
        f" {feed.commits / feed.seconds:.0f} commits/s; {feed.long} long, {feed.aborted} aborted, {feed.lost} lost"
    )
    print(
        f"    followers: missed {feed.missed}, doubled {feed.doubled}, out of order {feed.disordered}, wrong {feed.strange};"
        f" lag p50 {_ms(feed.lag_p50)}, p99 {_ms(feed.lag_p99)}; the last was told {feed.followed - feed.seconds:.2f} s after the end"
    )


def _ms(seconds: list[float]) -> str:
    return f"{max(seconds) * 1_000:.1f} ms"


def _copyings(copyings: list[Copying], things: str) -> None:
    for copied in copyings:
        print(
            f"    {copied.indexes:13} {copied.rate:8.0f} {things}/s   {copied.size / copied.things:.0f} bytes each,"
            f" {copied.size / copied.seconds / 1e6:.0f} MB/s   CPU each: server {copied.server_ms:.2f} ms"
        )


if __name__ == "__main__":
    main()
