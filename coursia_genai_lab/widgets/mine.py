"""A person's own jobs and figures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..client import Door, find_access

if TYPE_CHECKING:
    from ..wire.jobs import JobView
    from ..wire.usage import UsageView


def queue() -> list[JobView]:
    """Return my jobs that wait or are worked on, each with its place in line and an estimate.

    Raises:
        TokenMissing: GenAI is not enabled for this kernel.
        GenAIError: the Lab does not answer, or refuses.
    """
    with Door(find_access(os.environ)) as door:
        return door.queue()


def cancel(job: str | JobView) -> list[JobView]:
    """End a job of mine, as `queue` lists it or by its id; return those that are left.

    Raises:
        NotFound: it is over.
        GenAIError: the Lab does not answer, or refuses.
    """
    with Door(find_access(os.environ)) as door:
        return door.cancel(job if isinstance(job, str) else job.id)


def usage() -> UsageView:
    """Return what I have had made lately: pictures, seconds, and by which service.

    Raises:
        TokenMissing: GenAI is not enabled for this kernel.
        GenAIError: the Lab does not answer, or refuses.
    """
    with Door(find_access(os.environ)) as door:
        return door.usage()
