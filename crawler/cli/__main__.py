"""`python -m crawler.cli`: the command `aiwire` where it is not installed."""

from crawler.cli import main

main()
