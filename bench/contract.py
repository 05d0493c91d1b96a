"""The contract in figures: storing beside a bare COPY, the change feed under load, unchanged polls, a million articles.

    python bench/contract.py [--only storing,feed,unchanged,million] [--stored N]

Needs no network; the server is an embedded one, or that of DATABASE_URL, on which databases are made and dropped.
What is measured, and how, stands in `bench/contract_*.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

PARTS = ("storing",)


def main() -> None:
    parser = argparse.ArgumentParser(description="the contract in figures")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--stored", type=int, default=2_000, help="articles that are stored, for each row of the table")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    from bench.contract_server import server

    with server() as url:
        if "storing" in wanted:
            _storing(url, options.stored)


def _storing(url: str, count: int) -> None:
    from bench import contract_storing

    print(f"\nStoring {count} new articles, one transaction each: articles.store + entries.settle")
    storings, copyings = contract_storing.run(url, count=count, shapes=((1, 1), (1, 4), (2, 2)))
    bare = copyings[0].rate
    for one in storings:
        print(
            f"  {one.connections} connection{'s' * (one.connections > 1):1} in {one.processes} process{'es' * (one.processes > 1):2}"
            f"  {one.rate:8.0f} articles/s   {one.rate / bare:.3f} x bare COPY   CPU an article: client {one.client_ms:.2f} ms,"
            f" server {one.server_ms:.2f} ms"
        )
    print("The same rows by COPY, one stream, one commit; indexes of the tables:")
    for copied in copyings:
        print(
            f"  {copied.indexes:13}          {copied.rate:8.0f} articles/s   {copied.size / copied.things:.0f} bytes an article,"
            f" {copied.size / copied.seconds / 1e6:.0f} MB/s   CPU an article: server {copied.server_ms:.2f} ms"
        )


if __name__ == "__main__":
    main()
