"""Metrics: what the Lab tells, as Prometheus reads it."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from coursia_genai_lab.lab.metrics import LabMetrics, held
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.wire.services import LabEvent, ServiceState


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"coursia_genai_{name}", labels) or 0.0


def see(metrics: LabMetrics, service: str, state: ServiceState) -> None:
    metrics.see(LabEvent(instance="i", revision=1, kind="service", service=service, state=state))


class Growth:
    """How much values have grown since now; other tests of the process have counted too."""

    def __init__(self) -> None:
        self._before: dict[str, float] = {}
        for sample in (sample for family in REGISTRY.collect() for sample in family.samples):
            self._before[f"{sample.name}{sorted(sample.labels.items())}"] = sample.value

    def of(self, name: str, **labels: str) -> float:
        key = f"coursia_genai_{name}{sorted(labels.items())}"
        return value(name, **labels) - self._before.get(key, 0.0)


def test_a_service_is_counted_in_its_present_state_alone() -> None:
    growth, metrics = Growth(), LabMetrics()
    metrics.begin([("flux", "stopped"), ("sd35", "stopped")])
    see(metrics, "flux", "starting")
    see(metrics, "flux", "starting")
    see(metrics, "flux", "ready")
    assert growth.of("services", state="ready") == 1
    assert growth.of("services", state="starting") == 0
    assert growth.of("services", state="stopped") == 1
    metrics.close()
    assert growth.of("services", state="ready") == 0
    assert growth.of("services", state="stopped") == 0


def test_two_labs_of_one_process_add_up() -> None:
    growth, one, two = Growth(), LabMetrics(), LabMetrics()
    see(one, "flux", "ready")
    see(two, "flux", "ready")
    one.count_leases([("kernel", "active"), ("kernel", "active"), ("pin", "protected")])
    two.count_leases([("kernel", "active")])
    assert growth.of("services", state="ready") == 2
    assert growth.of("leases", kind="kernel", strength="active") == 3
    one.close()
    one.close()
    assert growth.of("services", state="ready") == 1
    assert growth.of("leases", kind="kernel", strength="active") == 1
    assert growth.of("leases", kind="pin", strength="protected") == 0
    two.close()


def test_starts_their_seconds_and_failures_are_counted() -> None:
    metrics = LabMetrics()
    for note in (
        TimelineNote("m1", "started"),
        TimelineNote("m1", "ready", seconds=7.0),
        TimelineNote("m1", "failed", code="image_missing"),
    ):
        metrics.note(note)
    assert value("starts_total", service="m1") == 1
    assert value("failures_total", service="m1", code="image_missing") == 1
    assert value("start_seconds_count", service="m1") == 1
    assert value("start_seconds_bucket", service="m1", le="5.0") == 0
    assert value("start_seconds_bucket", service="m1", le="10.0") == 1


def test_a_request_counts_while_it_is_held_and_no_longer() -> None:
    with held():
        assert value("holds") == 1
        with held():
            assert value("holds") == 2
    with pytest.raises(ZeroDivisionError), held():
        _ = 1 / 0
    assert value("holds") == 0
