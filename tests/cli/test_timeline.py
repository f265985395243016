"""`coursia-genai timeline`, with a running Lab and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_process import TOKEN, JupyterProcess

Genai = Any


@pytest.fixture(scope="module")
def lab(jupyter: JupyterProcess) -> JupyterProcess:
    """A server whose Lab has started and stopped the demo engine."""
    api = "coursia-genai/api/v1/services/demo"
    for command, state in (("start", "ready"), ("stop", "stopped")):
        jupyter.api("POST", f"{api}/{command}", {})
        jupyter.wait_until(state, lambda end=state: jupyter.api("GET", api)["state"] == end)
    return jupyter


def test_a_running_lab_tells_what_it_did_oldest_first(
    lab: JupyterProcess, genai_with_lab: Genai
) -> None:
    done = genai_with_lab("timeline", "--service", "demo", "--json")
    assert done.status == 0, done.err
    events = [entry["event"] for entry in done.lines]
    assert [event for event in events if event != "kept"][:2] == ["asked", "started"]
    assert events.index("ready") < events.index("stopped")
    ready = next(entry for entry in done.lines if entry["event"] == "ready")
    assert ready["seconds"] > 0


def test_people_get_a_line_an_entry(lab: JupyterProcess, genai_with_lab: Genai) -> None:
    done = genai_with_lab("timeline", "--limit", "1")
    assert done.status == 0, done.err
    (line,) = done.out.splitlines()
    assert "demo" in line
    assert "stopped" in line


def test_without_a_lab_the_record_is_read(lab: JupyterProcess, genai: Genai) -> None:
    store = lab.folder / "data" / "coursia-genai" / "store.sqlite3"
    done = genai("timeline", "--store", f"sqlite:///{store}", "--service", "demo", "--json")
    assert done.status == 0, done.err
    assert done.lines[-1]["event"] == "stopped"
    by_default = genai("timeline", "--json", JUPYTER_DATA_DIR=str(lab.folder / "data"))
    assert by_default.lines[-1] == done.lines[-1]


def test_where_no_lab_has_ever_been_the_remedy_says_so(genai: Genai, tmp_path: Path) -> None:
    done = genai("timeline", "--json", JUPYTER_DATA_DIR=str(tmp_path / "nothing"))
    assert done.status == 1
    assert done.json["error"]["code"] == "not_found"
    assert not (tmp_path / "nothing").exists()


def test_a_url_that_cannot_work_is_not_quoted(genai: Genai) -> None:
    done = genai("timeline", COURSIA_GENAI_STORE="mysql://u:hush@h/d")
    assert done.status == 1
    assert "GenAILab.store_url" in done.err
    assert "hush" not in done.err + done.out


def test_following_prints_what_happens_later(lab: JupyterProcess) -> None:
    command = [sys.executable, "-m", "coursia_genai_lab", "timeline", "--follow", "--json"]
    environment = {**os.environ, "COURSIA_GENAI_URL": lab.base_url, "COURSIA_GENAI_TOKEN": TOKEN}
    follower = subprocess.Popen(
        [*command, "--limit", "1"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert follower.stdout is not None
        first = json.loads(follower.stdout.readline())
        api = f"{lab.base_url}coursia-genai/api/v1/services/demo/start"
        httpx.post(api, headers={"Authorization": f"token {TOKEN}"}, json={}).raise_for_status()
        later = json.loads(follower.stdout.readline())
        assert (later["service"], later["event"]) == ("demo", "asked")
        assert later["at"] > first["at"]
    finally:
        follower.kill()
        follower.wait(10)
        follower.stdout.close()
