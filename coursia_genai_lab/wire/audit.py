"""Deeds that change what others may do, or what is known of them: kept, never changed."""

from __future__ import annotations

from typing import Literal

from .shape import Shape

Deed = Literal[
    "mode", "policy", "quota", "force_stop", "token", "consent", "export", "erase", "charge", "key"
]


class AuditEntry(Shape):
    """One deed."""

    at: float
    """Unix time, seconds."""
    person: str
    """Who did it; empty: the Lab itself."""
    deed: Deed
    subject: str
    """What it was done to: a layer, a service, a person, a charge."""
    detail: str = ""
    """What changed, in words without secrets and prompts."""


class AuditView(Shape):
    """GET audit: the newest deeds, the newest first; for admins, and for teachers of the course."""

    entries: list[AuditEntry]
