"""Many who want GPU memory at once: calm, fair, and each counted once."""

from __future__ import annotations

from pathlib import Path

from gpu_bench import bench, gpu_service, simulated

FLUX = gpu_service("flux", 16_000)
FORGE = gpu_service("forge", 14_000)
TINY = gpu_service("tiny", 12_000)


async def test_who_waits_together_does_not_keep_each_other_awake(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE, TINY) as lab:
        await lab.ready("flux")
        job = lab.job("flux")
        lab.lab.start("forge", by="ben")
        lab.lab.start("tiny", by="cleo")
        await lab.until(lambda: (lab.state("forge"), lab.state("tiny")) == ("starting", "starting"))
        for _ in range(5):
            await lab.settle()
        before, told = lab.gpus.readings, len(lab.phases)
        for _ in range(20):
            await lab.settle()
        # No time has passed and nothing has changed: nobody has a reason to look.
        assert lab.gpus.readings - before <= 2
        assert len(lab.phases) - told <= 2
        lab.lab.leases.drop(job.id)
