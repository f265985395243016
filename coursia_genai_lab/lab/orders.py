"""What the Lab tells a runtime to start: which one takes a service, and in whose name."""

from __future__ import annotations

import secrets

from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..errors import ServiceError
from ..runtimes.base import Secret, StartOrder
from .means import Means
from .ownership import OwnerSlot
from .routing import DEMO
from .survey import Survey


async def means_for(
    spec: ServiceSpec, survey: Survey, slot: OwnerSlot | None, settings: LabSettings
) -> Means:
    """Return a runtime that can start the service now, and the order with a new credential.

    Raises:
        ServiceError: none can, or the Lab has no folder for credentials.
    """
    if slot is None:
        raise ServiceError("The Lab has no state folder to keep credentials in.")
    runtime = await survey.runtime_for(spec)
    order = StartOrder(
        spec=spec,
        owner=slot.owner,
        namespace=settings.namespace,
        credential=Secret(secrets.token_urlsafe(32)),
        state_folder=str(slot.folder),
        model_roots=settings.model_roots,
        subnet=settings.network_subnet,
    )
    return Means(runtime, order)


def with_settings(spec: ServiceSpec, settings: LabSettings) -> ServiceSpec:
    """Return the spec as this operator runs it: what the next Lab compares must say so too."""
    if spec.name != DEMO or spec.process is None:
        return spec
    environment = {
        "GENAI_DEMO_BOOT_SECONDS": str(settings.demo_boot_seconds),
        "GENAI_DEMO_SECONDS_PER_STEP": str(settings.demo_seconds_per_step),
        **spec.process.environment,
    }
    process = spec.process.model_copy(update={"environment": environment})
    return spec.model_copy(update={"process": process})
