"""When a service answered, as its timeline tells."""

from __future__ import annotations

import pytest

from coursia_genai_lab.lab.uptime import seconds_of, up_spans
from coursia_genai_lab.wire.timeline import TimelineEntry, TimelineEvent

BEGAN, NOW = 1000.0, 2000.0


def spans(*story: tuple[float, TimelineEvent], up_since: float | None = None) -> list[object]:
    entries = [
        TimelineEntry(id=number, at=at, service="flux", event=event)
        for number, (at, event) in enumerate(story)
    ]
    found = up_spans(entries, began=BEGAN, now=NOW, up_since=up_since)
    assert seconds_of(found) == sum(span.ended - span.began for span in found)
    return [(span.began, span.ended) for span in found]


def test_a_service_is_up_from_its_readiness_to_the_order_to_stop() -> None:
    story: list[tuple[float, TimelineEvent]] = [
        (1100, "asked"),
        (1101, "started"),
        (1150, "ready"),
        (1300, "released"),
        (1400, "stopping"),
        (1405, "stopped"),
        (1500, "ready"),
        (1600, "failed"),
    ]
    assert spans(*story) == [(1150, 1400), (1500, 1600)]


def test_what_still_answers_is_up_until_now() -> None:
    assert spans((1200, "ready"), (1300, "kept"), up_since=1200) == [(1200, NOW)]
    assert spans(up_since=1700) == [(1700, NOW)]
    assert spans((1200, "ready"), (1300, "engine_away"), (1400, "adopted"), up_since=1400) == [
        (1200, NOW)
    ]


def test_only_the_window_counts() -> None:
    assert spans((500, "ready"), (1200, "stopping")) == [(BEGAN, 1200)]
    assert spans((500, "ready"), (600, "stopping")) == []
    assert spans(up_since=10) == [(BEGAN, NOW)]


def test_a_stop_whose_start_is_older_than_what_is_known_was_up_until_then() -> None:
    assert spans((1200, "stopping"), (1201, "stopped")) == [(BEGAN, 1200)]
    assert spans((1100, "asked"), (1200, "stopping")) == []


@pytest.mark.parametrize("anew", ["asked", "started"])
def test_an_end_that_nobody_saw_is_not_counted_beyond_what_was_seen(anew: TimelineEvent) -> None:
    story: list[tuple[float, TimelineEvent]] = [(1100, "ready"), (1250, "kept"), (1900, anew)]
    assert spans(*story) == [(1100, 1250)]
    assert spans((1100, "ready"), (1250, "kept")) == [(1100, 1250)]
