"""How many kernels began: everybody's numbers, and everybody's own."""

from __future__ import annotations

from coursia_genai_lab.launch.tally import Starts, StartTally


def test_everybody_has_own_numbers() -> None:
    tally = StartTally()
    tally.began("ada", "CLASSIC")
    tally.began("ada", "HYBRID")
    tally.began("paul", "GENAI_BASIC")
    tally.fell_back("paul")
    assert tally.of("ada") == Starts(classic=1, hybrid=1)
    assert tally.of("paul") == Starts(genai=1, fallback=1)
    assert tally.of("nobody") == Starts()
    assert tally.of(None) == Starts(classic=1, genai=1, hybrid=1, fallback=1)
