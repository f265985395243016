"""Fixtures of the tests of notebooks and courses."""

from __future__ import annotations

from launch_bench import opened_bench

__all__ = ["opened_bench"]
