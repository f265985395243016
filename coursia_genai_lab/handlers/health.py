"""Liveness, without authentication: status only."""

from __future__ import annotations

from jupyter_server.auth.decorator import allow_unauthenticated

from .base import LabHandler


class HealthHandler(LabHandler):
    """GET health."""

    @allow_unauthenticated
    def get(self) -> None:
        """Say that the Lab's server answers, and nothing else."""
        self.finish('{"status": "ok"}')
