"""The last minutes of each device, for a small curve."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .reading import Reading


@dataclass(frozen=True)
class Point:
    """One past reading of a device."""

    at: float
    """Unix time, seconds."""
    used_mib: int | None
    busy_percent: float | None


class History:
    """Readings of the last `seconds`, one for each `interval` at most: more are bounded away."""

    def __init__(self, seconds: float, interval: float) -> None:
        self._seconds = seconds
        self._interval = interval
        self._most = max(1, int(seconds / interval)) if interval else 1
        self._points: dict[str, deque[Point]] = {}

    def points(self, uuid: str) -> list[Point]:
        """Return those of a device, oldest first."""
        return list(self._points.get(uuid, ()))

    def add(self, reading: Reading) -> None:
        """Add what a reading says; forget what is too old."""
        if reading.at is None:
            return
        for device in reading.devices:
            points = self._points.setdefault(device.uuid, deque(maxlen=self._most))
            # Whoever waits for memory reads many times a second.
            if not points or not 0 <= reading.at - points[-1].at < self._interval / 2:
                points.append(Point(reading.at, device.used_mib, device.busy_percent))
        for uuid, points in list(self._points.items()):
            while points and not 0 <= reading.at - points[0].at <= self._seconds:
                points.popleft()
            if not points:
                del self._points[uuid]
