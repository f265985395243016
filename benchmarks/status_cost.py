"""What a snapshot of twenty services costs, and what the Lab costs while nothing happens."""

from __future__ import annotations

import asyncio
import tempfile
import time

from coursia_genai_lab.catalog.load import Catalog, load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.views import service_views
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.services import ServiceList

from .measure import Figures, show

SERVICES = 20
KERNELS = 30
N = 200
IDLE_SECONDS = 10.0


async def at_once(spec: ServiceSpec, instance: Instance) -> None:
    """Take every instance for one that answers."""


def twenty() -> Catalog:
    """Return a catalogue with so many local services."""
    known = load_catalog()
    one = known["comfyui"]
    more = {
        f"comfyui-{number}": one.model_copy(update={"name": f"comfyui-{number}"})
        for number in range(SERVICES - len(known))
    }
    return Catalog({**known, **more})


async def measure() -> None:
    """Print both."""
    catalog = twenty()
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(
            catalog=catalog,
            settings=LabSettings(state_path=folder, runtime="fake", max_concurrent=SERVICES),
            runtimes=lambda: {"fake": FakeRuntime()},
            answers=at_once,
        )
        await lab.open()
        await lab.opened(30)
        try:
            local = [spec.name for spec in catalog.values() if spec.kind == "local"]
            for number in range(KERNELS):
                lab.leases.take(
                    "kernel",
                    [local[number % len(local)]],
                    label=f"{number}.ipynb",
                    person="ada",
                    kernel_id=f"k{number}",
                )
            for name in local:
                await lab.endpoint(name, timeout=30)
            show(snapshots(lab), goal="<= 5 ms")
            await idle(lab)
        finally:
            await lab.close()


def snapshots(lab: Lab) -> Figures:
    """Time whole snapshots, from the Lab's state to the JSON of the answer."""
    taken = []
    for _ in range(N):
        begin = time.perf_counter()
        views = service_views(lab, door=lambda name: None, person="ada")
        ServiceList(revision=lab.revision, services=views).model_dump_json()
        taken.append((time.perf_counter() - begin) * 1000)
    return Figures(f"status with {len(lab.catalog)} services and {KERNELS} kernels", taken)


async def idle(lab: Lab) -> None:
    """Count the processor time of a while in which kernels only live."""
    begin, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - begin < IDLE_SECONDS:
        for number in range(KERNELS):
            lab.kernel_busy(f"k{number}", False)
        await asyncio.sleep(1)
    share = (time.process_time() - cpu) / (time.perf_counter() - begin)
    print(
        f"  idle Lab, {len(lab.catalog)} services, {KERNELS} kernels: "
        f"{100 * share:.2f} % of a core over {IDLE_SECONDS:.0f} s; goal <= 1 %"
    )


def main() -> None:
    """Run the measurement."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
