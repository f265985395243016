"""Ports that are chosen long before anybody listens on them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from coursia_genai_lab.runtimes.loopback import free_port

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not RANGE.exists(), reason="this system does not tell its dynamic ports")
def test_a_free_port_is_none_that_the_system_gives_to_others_by_itself() -> None:
    first, last = map(int, RANGE.read_text().split())
    assert not any(first <= free_port() <= last for _ in range(20))


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] > 1024


def test_two_seekers_at_one_time_hardly_ever_get_the_same_port() -> None:
    assert len({free_port() for _ in range(10)}) > 5
