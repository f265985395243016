"""Every secret of a working server is looked for wherever it might come to light.

Each place has a test of its own, and the last ones plant a secret in it to see that it is found.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import red_team as team
from jupyter_process import JupyterProcess, write_notebook
from red_team import Searched

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]
NEEDY = """
from coursia_genai_lab import generate
import os, requests
requests.post(os.environ["THEIRS_URL"] + "/prompt", json={})
generate("a red fox")
"""
WORK = """
import os, sys, traceback
import httpx
from coursia_genai_lab import generate
[picture] = generate("a red fox", model="demo", size=(64, 64), steps=2, show_progress=False)
print(picture, repr(picture), picture.provenance)
print(dict(os.environ), open("/proc/self/environ").read())
for model in ("no-such-model", "gpt-image-2", "openrouter/black-forest-labs/flux.2-pro"):
    try:
        generate("a red fox", model=model, show_progress=False)
    except Exception:
        traceback.print_exc(file=sys.stdout)
door, token = os.environ["THEIRS_URL"], os.environ["THEIRS_TOKEN"]
opens = {"Authorization": f"Bearer {token}"}
graph = {"1": {"class_type": "KSampler", "inputs": {}}}
for way in ("/system_stats", "/queue", "/object_info", "/history", "/nothing-of-the-kind"):
    for headers in (opens, {}):
        answer = httpx.get(door + way, headers=headers, timeout=90)
        print(answer.status_code, dict(answer.headers), answer.text)
answer = httpx.post(door + "/prompt", json={"prompt": graph}, headers=opens, timeout=90)
print(answer.status_code, dict(answer.headers), answer.text)
picture.save("fox.png")
"""
MEMORY = """
import ctypes, os
from coursia_genai_lab.secret_files.own_memory import shut_own_memory
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a server that was started by that user
server = os.getpid()
def look():
    if os.fork():
        os.wait()
        return
    try:
        open(f"/proc/{server}/environ", "rb").read()
        os.write(1, b"open ")
    except PermissionError:
        os.write(1, b"shut ")
    os._exit(0)
look()
shut_own_memory()
look()
"""
EXTENSIONS = {"coursia_genai_lab": True, "tells_of_the_inside": True, "jupyterlab": True}
OWN = {"OPENAI_API_KEY": team.SERVERS_OWN}


@pytest.fixture(scope="module")
def echo() -> Iterator[ThreadingHTTPServer]:
    with team.echoing() as server:
        yield server


@pytest.fixture(scope="module")
def worked(
    tmp_path_factory: pytest.TempPathFactory, echo: ThreadingHTTPServer
) -> Iterator[Searched]:
    base = tmp_path_factory.mktemp("red")
    seen: list[str] = echo.seen  # type: ignore[attr-defined]
    with JupyterProcess.start(
        base / "server",
        traits=team.prepared(base, f"http://127.0.0.1:{echo.server_address[1]}"),
        extensions=EXTENSIONS,
        environment=OWN,
        python_path=team.modules(base),
    ) as jupyter:
        heard: dict[str, str] = {}
        events = team.listening(jupyter, heard)
        write_notebook(jupyter.root / "fox.ipynb", NEEDY)
        session = jupyter.open_notebook("fox.ipynb")
        with team.agreeing(jupyter):
            outputs = jupyter.execute(session.kernel_id, WORK, timeout=400)
        credentials = [
            path.read_text() for path in (base / "server" / "state").rglob("credentials/*")
        ]
        assert credentials
        hidden = [*team.PLANTED, *credentials]
        done = Searched(jupyter, session, hidden, base / "secrets", seen)
        done.found["notebook outputs"] = outputs
        jupyter.api("POST", "coursia-genai/api/v1/models/gated/fetch", {"accept_licence": True})
        assert team.until_seen(seen, f"Bearer {team.HUB}")
        jupyter.wait_until("the refusal is told", lambda: team.refused(done))
        team.provoke(done)
        done.found |= team.answers(jupyter, session.kernel_id)
        events.close()
        done.found["events"] = heard.get("events", "")
        yield done


@pytest.fixture(scope="module")
def unlucky(
    tmp_path_factory: pytest.TempPathFactory, echo: ThreadingHTTPServer
) -> Iterator[Searched]:
    """A server whose store and policy cannot be had; their errors may say how they were asked."""
    base = tmp_path_factory.mktemp("unlucky")
    store = base / "store-url"
    store.write_text(f"postgresql://lab:{team.STORE}@127.0.0.1:1/lab?connect_timeout=2\n")
    store.chmod(0o600)
    address = f"http://127.0.0.1:{echo.server_address[1]}"
    traits = team.prepared(
        base, address, store_url=str(store), policy_source=f"{address}/bad-policy.json"
    )
    with JupyterProcess.start(
        base / "server",
        traits=traits,
        extensions=EXTENSIONS,
        environment=OWN,
        python_path=team.modules(base),
    ) as jupyter:
        write_notebook(jupyter.root / "fox.ipynb", NEEDY)
        session = jupyter.open_notebook("fox.ipynb")
        seen: list[str] = echo.seen  # type: ignore[attr-defined]
        done = Searched(jupyter, session, list(team.PLANTED), base / "secrets", seen)
        jupyter.wait_until("the store's trouble is told", lambda: "store" in warnings(jupyter))
        done.found = team.answers(jupyter, session.kernel_id)
        yield done


def warnings(jupyter: JupyterProcess) -> str:
    return str(jupyter.api("GET", "coursia-genai/api/v1/status")["warnings"])


def test_the_secrets_were_really_used_and_would_be_found(worked: Searched) -> None:
    used = (team.HUB, team.THEIRS, team.CLOUD, team.SERVERS_OWN, team.POLICY)
    assert [one[:12] for one in used if f"Bearer {one}" not in worked.seen_by_others] == []
    outputs = worked.found["notebook outputs"]
    assert "DEMO" in outputs or "demo" in outputs
    assert outputs.count("Traceback") == 3
    assert "POST" in " ".join(worked.found)
    assert all(worked.leaks(f'"{secret}"') for secret in worked.hidden)
    assert "theirs" in worked.found["events"]
    assert "500" in outputs
    assert "jupyter-config-data" in worked.found["page lab"]


def test_no_answer_event_metric_page_or_output_has_one(worked: Searched) -> None:
    assert {place: got for place, text in worked.found.items() if (got := worked.leaks(text))} == {}


def test_the_debug_log_has_none(worked: Searched) -> None:
    log = worked.jupyter.log_file.read_bytes()
    assert b"[D " in log
    assert b"DEBUG:" in log
    assert b"secrets_" in log or b"secrets file" in log
    assert worked.leaks(log) == []


def test_no_process_of_the_server_has_one_in_its_environment_or_command(worked: Searched) -> None:
    server = worked.jupyter.process.pid
    family = team.descendants(server)
    assert worked.jupyter.kernel(worked.session.kernel_id).pid in family
    assert len(family) >= 3  # the server, a kernel, the demo engine
    # What it was started with stays in the server's own; it is shut, see below.
    bad = team.in_processes(family - {server}, worked.hidden)
    given = [one for one in worked.hidden if one != team.SERVERS_OWN]
    assert (bad, team.in_processes({server}, given)) == ({}, {})


def test_only_private_files_of_their_own_have_one(worked: Searched) -> None:
    assert team.in_files(worked.jupyter.folder, worked.hidden) == {}


def test_none_of_our_objects_shows_one(worked: Searched) -> None:
    seen, bad = team.in_reprs(worked.jupyter, worked.hidden)
    assert seen > 100
    assert bad == []


def test_what_opens_a_door_lies_in_no_file_that_others_can_read(worked: Searched) -> None:
    token = worked.jupyter.kernel(worked.session.kernel_id).environ["GENAI_API_TOKEN"]
    bad = [
        str(path)
        for path in worked.jupyter.folder.rglob("*")
        if path.is_file() and token.encode() in path.read_bytes()
    ]
    assert bad == []
    # The kernel printed its own environment, where it belongs.
    said = {place: text for place, text in worked.found.items() if place != "notebook outputs"}
    assert [place for place, text in said.items() if token in text] == []


def test_a_store_and_a_policy_that_cannot_be_had_tell_nothing_of_how_they_were_asked(
    unlucky: Searched,
) -> None:
    assert f"Bearer {team.POLICY}" in unlucky.seen_by_others
    assert "policy" in warnings(unlucky.jupyter)
    found = {**unlucky.found, "the log": unlucky.jupyter.log_file.read_text()}
    assert {place: got for place, text in found.items() if (got := unlucky.leaks(text))} == {}
    assert team.in_files(unlucky.jupyter.folder, unlucky.hidden) == {}
    assert team.in_reprs(unlucky.jupyter, unlucky.hidden)[1] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_no_process_of_the_same_user_can_open_the_memory_of_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["open", "shut"]


def test_the_server_has_shut_its_memory_and_its_kernel_is_ordinary(worked: Searched) -> None:
    told = worked.jupyter.http.get(worked.jupyter.base_url + "whether-shut")
    ask = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    assert told.text == "0"
    assert worked.jupyter.execute(worked.session.kernel_id, ask).strip() == "1"


# -- the search itself -------------------------------------------------------------------------


def test_a_secret_that_is_planted_in_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "kernel.json").write_text(f'{{"key": "{team.HUB}"}}')
    (tmp_path / "credentials").mkdir(mode=0o700)
    for name, mode in (("private", 0o600), ("open", 0o644)):
        (tmp_path / "credentials" / name).write_text(team.HUB)
        (tmp_path / "credentials" / name).chmod(mode)
    found = team.in_files(tmp_path, [team.HUB])
    assert sorted(found) == ["credentials/open", "deep/kernel.json"]


@pytest.mark.parametrize("place", ["cmdline", "environ"])
def test_a_secret_that_is_planted_in_a_process_is_found(place: str) -> None:
    wait = "import sys; print('here', flush=True); sys.stdin.read()"
    more = [team.CLOUD] if place == "cmdline" else []
    environment = {"KEY": team.CLOUD} if place == "environ" else {}
    with subprocess.Popen(
        [sys.executable, "-c", wait, *more],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = team.in_processes(team.descendants(os.getpid()), [team.CLOUD])
        child.communicate(timeout=120)
    assert list(found) == [f"{child.pid} {place}"]


def test_an_object_that_shows_a_secret_is_found(worked: Searched) -> None:
    assert "Doors" in team.in_reprs(worked.jupyter, ["Doors object at"])[1]


def test_a_secret_is_found_in_every_form_that_headers_have() -> None:
    for text in (*team.forms(team.THEIRS), f"x {team.THEIRS} y".encode()):
        assert team.leaks(text, [team.THEIRS])
    assert team.leaks("nothing of the kind", team.PLANTED) == []
