"""What the local services of a notebook want of the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..catalog import ServiceSpec
from ..wire.notebooks import Resources


def sum_resources(services: Iterable[str], specs: Mapping[str, ServiceSpec]) -> Resources:
    """Return the sum over the local ones among `services`, all running at one time.

    Services to which the operator gave the same GPU share it: it counts once. The memory of a
    service that runs as a process is not known and counts 0.
    """
    asked = [specs[name] for name in services if specs[name].kind == "local"]
    wanted = [spec.gpu for spec in asked if spec.gpu is not None]
    assigned = {device for gpu in wanted for device in gpu.ids}
    return Resources(
        gpus=len(assigned) + sum(gpu.count for gpu in wanted if not gpu.ids),
        vram_mib=sum(gpu.vram_mib for gpu in wanted),
        memory_mib=sum(spec.container.memory_mib for spec in asked if spec.container),
    )
