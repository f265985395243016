"""The hours, days, weeks and months after which quotas begin anew, by the server's local time.

A window is known by its local name ("2026-11-21"), never by an instant: a clock that is set back
comes into the same window again, with what was used in it, and so does the hour that the end of
summer time repeats. A clock that ran ahead spoils windows of a future alone.
"""

from __future__ import annotations

import time
from datetime import date, timedelta

from ...wire.policy import Window

WINDOWS: tuple[Window, ...] = ("hour", "day", "week", "month", "course")


def local_hour(at: float) -> str:
    """Return the hour of a Unix time, as in `2026-11-21T14`; all longer windows follow from it."""
    return time.strftime("%Y-%m-%dT%H", time.localtime(at))


def period(window: Window, hour: str) -> str:
    """Return the name of the window that an hour lies in; weeks bear that of their Monday."""
    if window == "hour":
        return hour
    if window == "day":
        return hour[:10]
    if window == "week":
        return _monday(hour).isoformat()
    return hour[:7] if window == "month" else ""


def hours(window: Window, name: str) -> tuple[str, str]:
    """Return the first and the last hour of a window, as they are compared in the store."""
    if window == "hour":
        return name, name
    if window == "day":
        return f"{name}T00", f"{name}T23"
    if window == "week":
        sunday = date.fromisoformat(name) + timedelta(days=6)
        return f"{name}T00", f"{sunday.isoformat()}T23"
    return (f"{name}-01T00", f"{name}-31T23") if window == "month" else ("", "~")


def renews_at(window: Window, hour: str) -> float | None:
    """Return the Unix time at which the window after the one of `hour` begins; None: never."""
    day = date.fromisoformat(hour[:10])
    if window == "hour":
        return _time_of(day, int(hour[11:]) + 1)
    if window == "day":
        return _time_of(day + timedelta(days=1))
    if window == "week":
        return _time_of(_monday(hour) + timedelta(days=7))
    if window == "month":
        return _time_of((day.replace(day=1) + timedelta(days=32)).replace(day=1))
    return None


def _time_of(day: date, hour: int = 0) -> float:
    # The C library carries hour 24 over, and knows when summer time begins and ends.
    return time.mktime((day.year, day.month, day.day, hour, 0, 0, -1, -1, -1))


def _monday(hour: str) -> date:
    day = date.fromisoformat(hour[:10])
    return day - timedelta(days=day.weekday())
