"""The last minutes of each device, for a small curve."""

from __future__ import annotations

from collections import deque

from ..wire.gpu import GPUPoint
from .reading import Reading


class History:
    """What readings of the last `seconds` said, one point each `step` seconds at most."""

    def __init__(self, seconds: float, step: float) -> None:
        self._seconds = seconds
        self._step = step
        self._points: dict[str, deque[GPUPoint]] = {}

    def points(self, uuid: str) -> list[GPUPoint]:
        """Return those of a device, oldest first."""
        return list(self._points.get(uuid, ()))

    def add(self, reading: Reading) -> None:
        """Add what a reading says; forget what is too old, or lies in the future by now."""
        if reading.at is None:
            return
        for uuid, points in list(self._points.items()):
            while points and not 0 <= reading.at - points[0].at <= self._seconds:
                points.popleft()
            if not points:
                del self._points[uuid]
        for device in reading.devices:
            points = self._points.setdefault(device.uuid, deque())
            if not points or reading.at - points[-1].at >= self._step:
                points.append(
                    GPUPoint(
                        at=round(reading.at, 1),
                        used_mib=device.used_mib,
                        busy_percent=device.busy_percent,
                    )
                )
