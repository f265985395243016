"""What an account of every picture costs: admission, reservation, sending and settlement."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multidict import CIMultiDict

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.gateway.admission import Admission
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.charge import Amount, Limit, Spending
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.store.place import Place, file_place, find_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.runtimes.loopback import free_port

from .measure import Figures, show
from .status_cost import at_once

N = 300
WARM = 30
OLD_CHARGES = 2000
LIMITS = (
    Limit("person", "ada", "day", pictures=10**9),
    Limit("group", "blue", "week", pictures=10**9),
    Limit("course", "", "month", microusd=10**15),
    Limit("provider", "acme", "day", microusd=10**15),
)


def spending(paid: bool) -> Spending:
    """Return the job of one picture."""
    return Spending(
        id=str(uuid.uuid4()),
        person="ada",
        service="acme" if paid else "comfyui",
        model="flux",
        worst=Amount(1, 8.0, 40_000 if paid else 0),
        provider="acme" if paid else "",
    )


async def measure(name: str, place: Place, goal: str) -> None:
    """Print the figures of one database."""
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(
            catalog=load_catalog(),
            settings=LabSettings(state_path=folder, runtime="fake"),
            runtimes=lambda: {"fake": FakeRuntime()},
            answers=at_once,
        )
        await lab.open()
        await lab.opened(30)
        tokens = Tokens(lab.leases)
        lease = lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="ada", kernel_id="k")
        token = tokens.mint(lease.id, person="ada", services=["comfyui"], kernel_id="k")
        admission = Admission(tokens, mode=lab.policy.effective)
        headers = CIMultiDict(
            {"Host": "127.0.0.1:8188", "Authorization": f"Bearer {token.reveal()}"}
        )
        store = Store(lambda: place, "durable")
        ledger = Ledger(store, limits=lambda person, provider: LIMITS, groups=lambda who: ["blue"])
        store.open()
        await store.settled(60)
        for _ in range(OLD_CHARGES // 10):
            for charge in await ledger.reserve([spending(paid=True) for _ in range(10)]):
                charge.settle(Amount(1, 8.0, 40_000))
        for paid in (True, False):
            taken = []
            for turn in range(N + WARM):
                began = time.perf_counter()
                admission.admit(headers, "")
                (charge,) = await ledger.reserve([spending(paid)])
                await charge.sent()
                charge.settle(Amount(1, 7.5, 39_000 if paid else 0))
                # Nobody waits for a settlement; here it is, so that it is counted.
                await store.read(lambda connection: None)
                if turn >= WARM:
                    taken.append((time.perf_counter() - began) * 1000)
            show(Figures(f"{name}, {'bought' if paid else 'free, with quotas'}", taken), goal=goal)
        await ledger.close()
        await store.close(30)
        await lab.close()


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL as packages install it, with its usual settings; give its URL."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    if found is None:
        raise FileNotFoundError("no PostgreSQL is installed")
    programs, folder = Path(found).parent, Path(tempfile.mkdtemp(prefix="genai-bench-"))
    shutil.chown(folder, "postgres")
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    port = free_port()
    try:
        init = [*user, str(programs / "initdb"), "-D", str(folder / "data"), "-A", "trust"]
        subprocess.run([*init, "-U", "lab"], check=True, timeout=60, capture_output=True, cwd="/")
        sets = ["-c", f"port={port}", "-c", f"unix_socket_directories={folder}"]
        sets += ["-c", "dynamic_shared_memory_type=mmap", "-c", "shared_buffers=16MB"]
        command = [*user, str(programs / "postgres"), "-D", str(folder / "data"), *sets]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/")
        try:
            ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
            for _ in range(300):
                if subprocess.run(ready, check=False, capture_output=True).returncode == 0:
                    break
                time.sleep(0.1)
            yield f"postgresql://lab@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run the measurement."""
    with tempfile.TemporaryDirectory() as folder:
        place = file_place(Path(folder) / "store.sqlite3")
        asyncio.run(measure("SQLite", place, "<= 3 ms"))
    try:
        with postgres() as url:
            asyncio.run(measure("PostgreSQL", find_place(url, folder), "<= 6 ms"))
    except (FileNotFoundError, LookupError) as error:
        print(f"  PostgreSQL: not measured, {error}")


if __name__ == "__main__":
    main()
