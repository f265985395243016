"""`coursia-genai exec`: a command with image services at hand, and nothing left afterwards."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_process import JupyterProcess, write_notebook

pytestmark = pytest.mark.server
COMMAND_SECONDS = 150
PYTHON = (sys.executable, "-c")
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
ASK = """
import json, os, urllib.request
request = urllib.request.Request(
    os.environ["GENAI_API_URL"] + "/images/generations",
    data=json.dumps({"prompt": "a red fox", "size": "64x64", "model": "demo"}).encode(),
    headers={"Authorization": "Bearer " + os.environ["GENAI_API_TOKEN"],
             "Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=120) as answer:
    made = json.load(answer)
print(json.dumps({"pictures": len(made["data"]), "url": os.environ["GENAI_API_URL"],
                  "token": os.environ["GENAI_API_TOKEN"]}), flush=True)
"""
FOX = "from coursia_genai_lab import generate\ngenerate('a red fox', size=(64, 64))"


def door_status(told: Mapping[str, str]) -> int | None:
    """Ask a door with a token; None where nobody listens any more."""
    headers = {"Authorization": f"Bearer {told['token']}"}
    try:
        return httpx.get(f"{told['url']}/models", headers=headers, trust_env=False).status_code
    except httpx.TransportError:
        return None


def processes_with(text: str) -> list[str]:
    """Return the command lines of processes that carry a text in their environment or arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in line:
            found.append(line.split(b"\0")[0].decode(errors="replace"))
    return found


# -- with a Lab that runs ----------------------------------------------------------------------


def test_the_command_makes_pictures_with_the_lab_that_runs(genai_with_lab: Any) -> None:
    done = genai_with_lab("exec", "--", *PYTHON, ASK)
    assert done.status == 0, done.err
    assert done.json["pictures"] == 1
    assert "the Lab at http://" in done.err


def test_token_and_claims_end_with_the_command(
    genai_with_lab: Any, jupyter: JupyterProcess
) -> None:
    done = genai_with_lab("exec", "--services", "forge-turbo", "--", *PYTHON, ASK)
    assert done.status == 0, done.err
    assert door_status(done.json) == 401
    status = jupyter.api("GET", "coursia-genai/api/v1/status")
    assert status["launches"] == []
    assert [one["name"] for one in status["services"] if one["holders"]] == []


def test_a_killed_command_leaves_no_claim_either(
    genai_with_lab: Any, jupyter: JupyterProcess
) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert genai_with_lab("exec", "--", *PYTHON, kill).status == 128 + signal.SIGKILL
    assert jupyter.api("GET", "coursia-genai/api/v1/status")["launches"] == []


def test_a_notebook_says_which_services_are_wanted(
    genai_with_lab: Any, jupyter: JupyterProcess
) -> None:
    code = 'import os, requests\nrequests.post(os.environ["FORGE_API_URL"] + "/sdapi/v1/txt2img")'
    write_notebook(jupyter.root / "forge.ipynb", code)
    notebook = str(jupyter.root / "forge.ipynb")
    done = genai_with_lab("exec", "--notebook", notebook, "--", *PYTHON, SHOW)
    assert done.json["GENAI_SERVICES"] == "forge-turbo"
    assert done.json["FORGE_PASSWORD"] == done.json["GENAI_API_TOKEN"]
    assert "forge-turbo" in done.err


def test_what_the_user_has_set_stays(genai_with_lab: Any) -> None:
    done = genai_with_lab(
        "exec", "--services", "openai", "--", *PYTHON, SHOW, OPENAI_API_KEY="sk-my-own"
    )
    assert done.json["OPENAI_API_KEY"] == "sk-my-own"
    assert "OPENAI_BASE_URL" not in done.json


def test_within_another_exec_the_inner_token_counts(genai_with_lab: Any) -> None:
    inner = ("exec", "--services", "openai", "--", *PYTHON, SHOW)
    outer = ("exec", "--services", "openai", "--", sys.executable, "-m", "coursia_genai_lab")
    done = genai_with_lab(*outer, *inner)
    assert done.status == 0, done.err
    assert done.json["OPENAI_API_KEY"] == done.json["GENAI_API_TOKEN"]


def test_loopback_goes_past_a_proxy_beside_what_was_excepted(genai_with_lab: Any) -> None:
    done = genai_with_lab("exec", "--", *PYTHON, SHOW, NO_PROXY="intranet")
    assert done.json["NO_PROXY"] == "intranet,127.0.0.1,localhost"


# -- without one -------------------------------------------------------------------------------


def test_without_a_lab_one_runs_as_long_as_the_command_and_leaves_nothing(
    genai: Any, tmp_path: Path
) -> None:
    done = genai("exec", "--mode", "demo", "--services", "forge-turbo", "--", *PYTHON, ASK)
    assert done.status == 0, done.err
    assert done.json["pictures"] == 1
    assert "a Lab of its own" in done.err
    assert door_status(done.json) is None
    assert processes_with(str(tmp_path)) == []


def test_a_notebook_that_needs_nothing_runs_as_it_is(genai: Any, tmp_path: Path) -> None:
    write_notebook(tmp_path / "plain.ipynb", "print(1)")
    done = genai("exec", "--notebook", str(tmp_path / "plain.ipynb"), "--", *PYTHON, SHOW)
    assert done.status == 0
    assert not [name for name in done.json if name.startswith("GENAI")]
    assert "NO_PROXY" not in done.json


def test_a_notebook_is_executed_in_batch(genai: Any, tmp_path: Path) -> None:
    pytest.importorskip("nbconvert")
    write_notebook(tmp_path / "fox.ipynb", FOX)
    notebook = str(tmp_path / "fox.ipynb")
    convert = (sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace")
    done = genai("exec", "--mode", "demo", "--notebook", notebook, "--", *convert, notebook)
    assert done.status == 0, done.err
    [cell] = json.loads((tmp_path / "fox.ipynb").read_text())["cells"]
    assert [output for output in cell["outputs"] if "image/png" in output.get("data", {})]


# -- the command's own affairs -----------------------------------------------------------------


def test_without_a_command_it_says_how_to_use_it(genai: Any) -> None:
    for arguments in (("exec",), ("exec", "--"), ("exec", "--services", "demo")):
        done = genai(*arguments)
        assert (done.status, done.out) == (2, "")
        assert "COMMAND" in done.err


def test_an_unknown_option_before_the_command_is_refused(genai: Any) -> None:
    assert genai("exec", "--no-such", "--", "true").status == 2


def test_the_status_is_the_commands_own(genai_with_lab: Any) -> None:
    assert genai_with_lab("exec", "--", *PYTHON, "raise SystemExit(7)").status == 7


def test_options_and_dashes_after_the_command_are_the_commands(genai_with_lab: Any) -> None:
    code = "import sys; print(sys.argv[1:])"
    for first in ((), ("--",)):
        done = genai_with_lab("exec", *first, *PYTHON, code, "--services", "x", "--", "--help")
        assert done.out.strip() == "['--services', 'x', '--', '--help']"


def test_input_and_output_pass_through_untouched(
    surroundings: Any, jupyter: JupyterProcess
) -> None:
    variables = surroundings({"JUPYTER_RUNTIME_DIR": str(jupyter.runtime)})
    data = bytes(range(256)) * 300
    code = "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    done = subprocess.run(
        [sys.executable, "-m", "coursia_genai_lab", "exec", "--", *PYTHON, code],
        input=data,
        capture_output=True,
        env=variables,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, data)


def test_what_is_no_command_has_the_shells_status(genai_with_lab: Any, tmp_path: Path) -> None:
    done = genai_with_lab("exec", "--", "no-such-command-at-all")
    assert done.status == 127
    assert "not found" in done.err
    (tmp_path / "plain.txt").write_text("no program")
    assert genai_with_lab("exec", "--", str(tmp_path / "plain.txt")).status == 126


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--services", "no-such"), "no service"),
        (("--mode", "off"), "off"),
        (("--url", "http://127.0.0.1:9/"), "answers"),
    ],
)
def test_what_the_lab_cannot_do_is_said_and_the_command_does_not_run(
    genai_with_lab: Any, arguments: tuple[str, ...], words: str
) -> None:
    done = genai_with_lab("exec", *arguments, "--", *PYTHON, "print('it ran')")
    assert (done.status, done.out) == (125, "")
    assert words in done.err


# -- signals -----------------------------------------------------------------------------------

TRAP = """
import os, signal, time
def heard(number, frame):
    os.write(1, b"heard %d\\n" % number)
    raise SystemExit(40 + number)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, heard)
os.write(1, b"ready\\n")
time.sleep(600)
"""
"""Its words are written past Python's buffers: a signal may come in the middle of a print."""
Started = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def nothing_ignored() -> Iterator[None]:
    """Start a child as a terminal would: these tests may run under nohup themselves."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ignored = [one for one in signals if signal.getsignal(one) is signal.SIG_IGN]
    for one in ignored:
        signal.signal(one, signal.SIG_DFL)
    try:
        yield
    finally:
        for one in ignored:
            signal.signal(one, signal.SIG_IGN)


@pytest.fixture
def started(surroundings: Any, jupyter: JupyterProcess) -> Iterator[Started]:
    """Start `coursia-genai exec` and leave it running; what still runs is ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "coursia_genai_lab", "exec", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=surroundings({"JUPYTER_RUNTIME_DIR": str(jupyter.runtime), **variables}),
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=COMMAND_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_command_once_and_its_answer_is_the_status(
    started: Started, jupyter: JupyterProcess, number: signal.Signals
) -> None:
    with nothing_ignored():
        process = started("--", *PYTHON, TRAP)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, _ = process.communicate(timeout=COMMAND_SECONDS)
    assert (process.returncode, out) == (40 + number, f"heard {int(number)}\n")
    assert jupyter.api("GET", "coursia-genai/api/v1/status")["launches"] == []


def test_the_status_of_the_lab_names_the_command(started: Started, genai_with_lab: Any) -> None:
    process = started("--services", "forge-turbo", "--", *PYTHON, TRAP)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    told = genai_with_lab("status").out
    assert f"command {Path(sys.executable).name}: forge-turbo" in told
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=COMMAND_SECONDS)


def test_a_signal_before_the_command_runs_ends_it_all(started: Started, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(COMMAND_SECONDS)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        process = started("--url", url, "--", *PYTHON, "print('it ran')")
        asked, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=COMMAND_SECONDS)
        asked.close()
    assert (process.returncode, out) == (128 + signal.SIGINT, "")


def test_a_command_that_ends_by_the_signal_says_so(started: Started) -> None:
    process = started("--", *PYTHON, "import time; print('ready', flush=True); time.sleep(600)")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM


def test_with_a_lab_of_its_own_a_signal_leaves_nothing_either(
    started: Started, tmp_path: Path
) -> None:
    (tmp_path / "nowhere").mkdir()
    process = started(
        "--mode", "demo", "--services", "forge-turbo", "--", *PYTHON, ASK + TRAP,
        JUPYTER_RUNTIME_DIR=str(tmp_path / "nowhere"),
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert process.stdout.readline() == "ready\n"
    assert door_status(told) == 200
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 40 + signal.SIGTERM
    assert door_status(told) is None
    ends = time.monotonic() + 60
    while left := processes_with(str(tmp_path)):
        assert time.monotonic() < ends, left
        time.sleep(0.05)


COUNT = """
import signal, time
heard = []
signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
print("ready", flush=True)
while not heard:
    time.sleep(0.05)
time.sleep(1)
print("heard", len(heard), flush=True)
"""


def test_ctrl_c_at_a_terminal_reaches_the_command_once(
    surroundings: Any, jupyter: JupyterProcess
) -> None:
    variables = surroundings({"JUPYTER_RUNTIME_DIR": str(jupyter.runtime)})
    arguments = [sys.executable, "-m", "coursia_genai_lab", "exec", "--", *PYTHON, COUNT]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, arguments, variables)
    shown = b""
    ends = time.monotonic() + COMMAND_SECONDS
    pressed = False
    while b"heard" not in shown and time.monotonic() < ends:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 1000)
        if b"ready" in shown and not pressed:
            pressed = True
            os.write(terminal, b"\x03")
    while b"heard 1" not in shown and select.select([terminal], [], [], 60)[0]:
        shown += os.read(terminal, 1000)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert b"heard 1" in shown
    assert os.waitstatus_to_exitcode(status) in (0, 128 + signal.SIGHUP)


def test_what_is_ignored_stays_ignored(started: Started) -> None:
    # As under nohup: the shell that starts us has SIGHUP ignored, and so has the command.
    code = "import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = started("--", *PYTHON, code)
    finally:
        signal.signal(signal.SIGHUP, before)
    out, err = process.communicate(timeout=COMMAND_SECONDS)
    assert out == "True\n", err
