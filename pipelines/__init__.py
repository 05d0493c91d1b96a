"""The core: bytes go in, rows come out. Pure, but for `store`."""
