"""What a person has used."""

from __future__ import annotations

from .shape import Shape


class ServiceUsage(Shape):
    """What a person had one service make."""

    service: str
    pictures: int
    seconds: float
    """Time for which an engine worked on them."""
    failed: int = 0


class UsageView(Shape):
    """GET usage: what the caller had made since a time."""

    since: float
    """Unix time; what is older is not counted."""
    pictures: int
    seconds: float
    failed: int = 0
    services: list[ServiceUsage]
