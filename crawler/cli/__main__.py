"""`python -m crawler.cli`: the command `aiwire` where it is not installed."""

from crawler.cli import main

if __name__ == "__main__":
    main()
