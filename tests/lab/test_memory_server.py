"""What a real server remembers, and that losing it stops nothing."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_process import JupyterProcess, write_notebook
from postgres_server import PASSWORD, PostgresServer

from coursia_genai_lab.lab.read_timeline import read_timeline
from coursia_genai_lab.lab.store.place import file_place

API = "coursia-genai/api/v1"
FAKE: dict[str, Any] = {"GenAILab": {"runtime": "fake"}}
Start = Callable[..., JupyterProcess]


def bring(jupyter: JupyterProcess, command: str, state: str, service: str = "comfyui") -> None:
    """Ask for a command and wait for the state that it leads to."""
    # Who asks before it is known what this machine can run is answered by the demo engine.
    jupyter.api("GET", f"{API}/status")
    path = f"{API}/services/{service}"
    jupyter.api("POST", f"{path}/{command}", {})
    jupyter.wait_until(state, lambda: jupyter.api("GET", path)["state"] == state)


def events(jupyter: JupyterProcess) -> list[str]:
    """Return what happened to the service, oldest first."""
    page = jupyter.api("GET", f"{API}/timeline?service=comfyui")
    return [entry["event"] for entry in reversed(page["entries"])]


def warned(jupyter: JupyterProcess) -> set[str]:
    """Return the codes of what the store warns of."""
    warnings = jupyter.api("GET", f"{API}/status")["warnings"]
    return {one["code"] for one in warnings if one["code"].startswith("store_")}


def store_file(jupyter: JupyterProcess) -> Path:
    return jupyter.folder / "data" / "coursia-genai" / "store.sqlite3"


def test_what_a_killed_server_did_is_told_by_the_next_one_and_the_last_stop_by_the_record(
    tmp_path: Path,
) -> None:
    with JupyterProcess.start(tmp_path, traits=FAKE) as first:
        bring(first, "start", "ready")
        told = events(first)
        assert told.index("asked") < told.index("started") < told.index("ready")
        first.stop(signum=signal.SIGKILL)
    with JupyterProcess.start(tmp_path, traits=FAKE) as second:
        assert events(second)[: len(told)] == told
        bring(second, "start", "ready")
        assert events(second).count("ready") == 2
        second.stop()
        left = read_timeline(file_place(store_file(second)), service="comfyui")
        assert left.entries[0].event == "stopped"


def test_a_pinned_process_goes_on_while_the_server_restarts(tmp_path: Path) -> None:
    demo: dict[str, Any] = {"GenAILab": {"mode": "demo"}}
    with JupyterProcess.start(tmp_path, traits=demo) as first:
        bring(first, "start", "ready", "demo")
        first.api("POST", f"{API}/services/demo/pin", {"minutes": 30})
        first.stop()
    with JupyterProcess.start(tmp_path, traits=demo) as second:

        def adopted() -> bool:
            service = second.api("GET", f"{API}/services/demo")
            pinned = [one["kind"] for one in service["holders"]] == ["pin"]
            return bool(service["state"] == "ready" and pinned)

        second.wait_until("the next server has it, with its pin", adopted)
        told = second.api("GET", f"{API}/timeline?service=demo")["entries"]
        assert "adopted" in [entry["event"] for entry in told]
        assert "stopped" not in [entry["event"] for entry in told]
        second.api("POST", f"{API}/services/demo/unpin", {})
        second.stop()
    assert not list((tmp_path / "state").glob("*.owner"))


def test_a_store_deleted_under_the_server_stops_no_service_and_no_kernel(
    jupyter_process: Start,
) -> None:
    jupyter = jupyter_process(traits=FAKE)
    write_notebook(jupyter.root / "classic.ipynb", "print('hello')")
    bring(jupyter, "start", "ready")
    jupyter.wait_until("the entry is there", lambda: "ready" in events(jupyter))
    shutil.rmtree(store_file(jupyter).parent)
    jupyter.wait_until("it is told", lambda: warned(jupyter) == {"store_lost"})
    service = jupyter.api("GET", f"{API}/services/comfyui")
    assert service["state"] == "ready"
    session = jupyter.open_notebook("classic.ipynb")
    assert jupyter.execute(session.kernel_id, "print(1 + 1)").strip() == "2"
    assert events(jupyter)[:3] == ["asked", "started", "ready"]
    assert store_file(jupyter).exists()


def test_a_damaged_store_lets_the_server_and_its_kernels_start(jupyter_process: Start) -> None:
    def damage(root: Path) -> None:
        file = root.parent / "data" / "coursia-genai" / "store.sqlite3"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"this was a database once" * 1000)

    jupyter = jupyter_process(traits=FAKE, before=damage)
    write_notebook(jupyter.root / "classic.ipynb", "print('hello')")
    session = jupyter.open_notebook("classic.ipynb")
    assert jupyter.execute(session.kernel_id, "print(1 + 1)").strip() == "2"
    bring(jupyter, "start", "ready")
    jupyter.wait_until("it is told", lambda: warned(jupyter) == {"store_corrupt"})
    assert len(list(store_file(jupyter).parent.glob("*.damaged-*"))) == 1
    assert "ready" in events(jupyter)


def test_a_database_that_hangs_delays_neither_the_server_nor_its_end(
    jupyter_process: Start, postgres: PostgresServer, tmp_path: Path
) -> None:
    url = tmp_path / "url"
    url.write_text(postgres.new_database())
    url.chmod(0o600)
    traits = {"GenAILab": {"runtime": "fake", "store_url": str(url)}}
    jupyter = jupyter_process(traits=traits)
    bring(jupyter, "start", "ready")
    assert "ready" in events(jupyter)
    with postgres.frozen():
        bring(jupyter, "stop", "stopped")
        page = jupyter.api("GET", f"{API}/timeline?service=comfyui")
        assert page["entries"][0]["event"] == "stopped"
        assert jupyter.stop() == 0
    assert PASSWORD not in jupyter.log_file.read_text()


def test_a_store_that_cannot_be_had_is_told_without_its_password(jupyter_process: Start) -> None:
    url = "postgresql://lab:hush@127.0.0.1:1/d"
    jupyter = jupyter_process(traits={"GenAILab": {"runtime": "fake", "store_url": url}})
    jupyter.wait_until("it is told", lambda: len(warned(jupyter)) == 1)
    bring(jupyter, "start", "ready")
    page = jupyter.http.get(f"{jupyter.base_url}{API}/timeline")
    assert not page.json()["durable"]
    assert "ready" in page.text
    status = jupyter.http.get(f"{jupyter.base_url}{API}/status").text
    assert "hush" not in status + page.text + jupyter.log_file.read_text()
