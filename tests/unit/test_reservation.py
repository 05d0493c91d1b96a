"""What reserves a page's text against machines, and what does not."""

from __future__ import annotations

import pytest

from pipelines.reservation import reservations


@pytest.mark.parametrize(
    ("headers", "metas", "told"),
    [
        ([], {"robots": "index, follow, max-snippet:-1, max-image-preview:large"}, ()),
        ([], {"robots": "NOARCHIVE, follow"}, ("meta robots: noarchive",)),
        ([], {"robots": "noai, noimageai"}, ("meta robots: noai", "meta robots: noimageai")),
        ([], {"aiwire": "none"}, ("meta aiwire: none",)),
        ([], {"googlebot": "noindex"}, ()),
        ([("X-Robots-Tag", "noai")], {}, ("X-Robots-Tag: noai",)),
        ([("x-robots-tag", "noindex, nosnippet")], {}, ("X-Robots-Tag: noindex", "X-Robots-Tag: nosnippet")),
        ([("X-Robots-Tag", "googlebot: noindex")], {}, ()),
        ([("X-Robots-Tag", "aiwire: noindex")], {}, ("X-Robots-Tag: noindex",)),
        (
            [("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST, noarchive")],
            {},
            ("X-Robots-Tag: noarchive",),
        ),
        ([("X-Robots-Tag", "otherbot: noindex"), ("X-Robots-Tag", "noai")], {}, ("X-Robots-Tag: noai",)),
        ([("TDM-Reservation", "1")], {}, ("TDM-Reservation: 1",)),
        ([("TDM-Reservation", "0")], {"tdm-reservation": "1"}, ()),
        ([], {"tdm-reservation": "1"}, ("meta tdm-reservation: 1",)),
        ([], {"tdm-reservation": "0"}, ()),
        ([("X-Robots-Tag", "")], {"robots": ""}, ()),
    ],
)
def test_reservation_is_told_with_its_place(
    headers: list[tuple[str, str]], metas: dict[str, str], told: tuple[str, ...]
) -> None:
    assert reservations(headers, metas) == told
