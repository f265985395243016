"""Layers added up to one figure that never goes backwards."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coursia_genai_lab.runtimes.docker_layers import Layers


def event(identifier: str, status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    detail = {"current": current, "total": total} if total else {}
    return {"id": identifier, "status": status, "progressDetail": detail}


def told(*events: dict[str, Any]) -> Layers:
    layers = Layers()
    for one in events:
        layers.take(one)
    return layers


def test_the_total_is_told_once_every_layer_has_told_its_size() -> None:
    begun = [event("a", "Pulling fs layer"), event("b", "Pulling fs layer")]
    half = told(*begun, event("a", "Downloading", 50, 100))
    assert (half.done_bytes, half.total_bytes) == (50, None)
    whole = told(*begun, event("a", "Downloading", 50, 100), event("b", "Downloading", 1, 900))
    assert (whole.done_bytes, whole.total_bytes) == (51, 1000)


def test_a_layer_that_is_here_counts_for_nothing() -> None:
    layers = told(event("a", "Already exists"), event("b", "Downloading", 5, 10))
    assert (layers.done_bytes, layers.total_bytes) == (5, 10)


def test_a_layer_that_goes_on_after_a_break_keeps_what_it_had() -> None:
    layers = told(
        event("a", "Downloading", 60, 100),
        event("a", "Retrying in 5 seconds"),
    )
    assert layers.phase == "the registry broke off; trying again"
    layers.take(event("a", "Downloading", 10, 40))
    assert (layers.done_bytes, layers.total_bytes) == (70, 100)
    assert layers.phase == "downloading the image"


def test_extracting_is_told_when_all_is_fetched() -> None:
    layers = told(event("a", "Downloading", 5, 10), event("a", "Download complete"))
    assert layers.phase == "extracting the image"
    before = layers.percent
    layers.take(event("a", "Extracting", 9, 10))
    assert layers.percent > before
    layers.take(event("a", "Pull complete"))
    assert layers.bytes_to_come == 0


def test_what_is_to_come_is_what_the_known_layers_lack() -> None:
    layers = told(event("a", "Downloading", 30, 100), event("b", "Downloading", 0, 50))
    assert layers.bytes_to_come == 120


STATUSES = [
    "Pulling fs layer", "Waiting", "Downloading", "Retrying in 2 seconds", "Verifying Checksum",
    "Download complete", "Extracting", "Pull complete", "Already exists", "Something new",
]  # fmt: skip
EVENTS = st.builds(
    event,
    st.sampled_from("abc"),
    st.sampled_from(STATUSES),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)


@given(st.lists(EVENTS, max_size=40))
def test_nothing_ever_goes_backwards_or_over_the_top(events: list[dict[str, Any]]) -> None:
    layers, percent, done = Layers(), 0.0, 0
    for one in events:
        layers.take(one)
        assert percent <= layers.percent <= 99
        assert done <= layers.done_bytes
        percent, done = layers.percent, layers.done_bytes
