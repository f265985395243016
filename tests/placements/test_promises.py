"""The table of docs/admins/placements.md, row by row: a yes is tried, a no is got around."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import red_team as team
from docker_engine import DockerUnderTest
from jupyter_process import JupyterProcess, Session, write_notebook

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "admins" / "placements.md"
PLACEMENTS = ("own machine", "hub")
ROW = re.compile(r"^\| `([a-z-]+)` \| .* \| (yes|no) \| (yes|no) \|$", re.MULTILINE)
NOTEBOOK = """
from openai import OpenAI
from coursia_genai_lab import generate
OpenAI().images.generate(model="gpt-image-2", prompt="a fox")
generate("a red fox")
"""
WIDENED = {"genai": {"services": ["demo"]}}
DRAW = """
from coursia_genai_lab import generate
try:
    generate("a red fox", model="demo", size=(64, 64), steps=1, show_progress=False)
    print("drawn")
except Exception as error:
    print(type(error).__name__, error)
"""
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks into /proc, which only Linux has"
)
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user"
)


def table() -> dict[str, dict[str, str]]:
    """Return what the page says: row -> placement -> yes or no."""
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {row: dict(zip(PLACEMENTS, said, strict=True)) for row, *said in found}


@dataclass
class Placed:
    """A server in one of the placements."""

    placement: str
    jupyter: JupyterProcess
    base: Path
    echo_address: str
    seen: list[str]

    def says(self, row: str) -> str:
        """Return what the page says of a row here."""
        return table()[row][self.placement]

    def kernel(self, notebook: str = "needy.ipynb") -> tuple[Session, dict[str, str]]:
        """Open a notebook and return its session, and the environment of its kernel."""
        session = self.jupyter.open_notebook(notebook)
        return session, self.jupyter.kernel(session.kernel_id).environ

    def mode(self, value: str | None) -> None:
        """Choose a mode as a person in the panel does; None: no own choice."""
        body = {"layer": "person", "value": value}
        self.jupyter.api("PUT", "coursia-genai/api/v1/mode", body)


@pytest.fixture(scope="module", params=PLACEMENTS)
def placed(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Placed]:
    base = tmp_path_factory.mktemp("placed")
    policy = base / "policy.toml"
    policy.write_text('course = "a class"\n[[quotas]]\nscope = "person"\npictures = 1\n')
    policy.chmod(0o600)
    with team.echoing() as echo:
        address = f"http://127.0.0.1:{echo.server_address[1]}"
        traits = team.prepared(base, address, policy_source=str(policy))
        hub = request.param == "hub"
        if hub:
            traits["ServerApp"]["identity_provider_class"] = "hub_login.HubLogin"
        with JupyterProcess.start(
            base / "server",
            traits=traits,
            environment={
                "OPENAI_API_KEY": team.SERVERS_OWN,
                "KEPT_UNDER_ANOTHER_NAME": team.SERVERS_OWN,
                **({"JUPYTERHUB_API_TOKEN": "bob"} if hub else {}),
            },
            python_path=ROOT / "tests",
        ) as jupyter:
            if hub:
                jupyter.http.headers["Authorization"] = "token bob"
            write_notebook(jupyter.root / "needy.ipynb", NOTEBOOK)
            write_notebook(jupyter.root / "named.ipynb", "1 + 1", metadata=WIDENED)
            yield Placed(request.param, jupyter, base, address, echo.seen)  # type: ignore[attr-defined]


def test_every_row_of_the_page_has_a_test_and_every_test_a_row() -> None:
    named = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    tested = {row for row in table() if any(row.replace("-", "_") in name for name in named)}
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(table())  # no row says anything but yes and no
    assert sorted(set(rows) - tested) == []
    proofs = [name for name in named if name.startswith("row_")]
    starts = tuple(f"row_{row.replace('-', '_')}__" for row in rows)
    assert [name for name in proofs if not name.startswith(starts)] == []


def test_the_page_tells_of_the_placement_that_is_not_in_this_release() -> None:
    assert "**It is not in this release.**" in PAGE.read_text(encoding="utf-8")


@pytest.mark.server
@needs_proc
def test_row_keys_in_environment__a_kernel_with_a_token_has_none(placed: Placed) -> None:
    session, environment = placed.kernel()
    assert environment["GENAI_API_TOKEN"].startswith("cgl_")
    inside = placed.jupyter.execute(session.kernel_id, "import os; print(dict(os.environ))")
    assert team.leaks(inside + str(environment), team.PLANTED) == []
    assert placed.says("keys-in-environment") == "yes"


@pytest.mark.server
def test_row_keys_in_outputs__answers_log_and_outputs_have_none(placed: Placed) -> None:
    session, _ = placed.kernel()
    said = team.answers(placed.jupyter, session.kernel_id)
    said["an output"] = placed.jupyter.execute(session.kernel_id, DRAW, timeout=300)
    said["the log"] = placed.jupyter.log_file.read_text()
    bad = {place: got for place, text in said.items() if (got := team.leaks(text, team.PLANTED))}
    assert (bad, placed.says("keys-in-outputs")) == ({}, "yes")


OPEN = """
import ctypes, os, sys
from coursia_genai_lab.secret_files.own_memory import shut_own_memory
os.setgroups([]); os.setgid(65534); os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a server that was started by that user
if sys.argv[1] == "shut":
    assert shut_own_memory()
print(os.getpid(), flush=True)
sys.stdin.read()
"""
LOOK = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for part in ("environ", "mem"):
    try:
        open(f"/proc/{sys.argv[1]}/{part}", "rb").close()
        print("open")
    except PermissionError:
        print("shut")
"""


@needs_proc
@needs_root
@pytest.mark.server
def test_row_keys_in_memory__another_process_of_the_user_cannot_open_it(placed: Placed) -> None:
    shut = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    session, _ = placed.kernel()
    assert placed.jupyter.execute(session.kernel_id, shut).strip() == "1"  # a kernel is ordinary
    found = {}
    for state in ("open", "shut"):
        with subprocess.Popen(
            [sys.executable, "-c", OPEN, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as server:
            assert server.stdout is not None
            pid = server.stdout.readline().decode().strip()
            look = [sys.executable, "-c", LOOK, pid]
            done = subprocess.run(look, capture_output=True, text=True, timeout=120, check=True)
            found[state] = done.stdout.split()
            server.communicate(timeout=120)
    assert found == {"open": ["open", "open"], "shut": ["shut", "shut"]}
    # And the server is in that state: /proc gives its files to root.
    owner = Path(f"/proc/{placed.jupyter.process.pid}/environ").stat().st_uid
    assert (owner, placed.says("keys-in-memory")) == (0, "yes")


@pytest.mark.server
def test_row_keys_in_files__code_in_a_kernel_reads_them(placed: Placed) -> None:
    session, _ = placed.kernel()
    read = f"print(open({str(placed.base / 'secrets' / '.env.genai-extension')!r}).read())"
    assert team.CLOUD in placed.jupyter.execute(session.kernel_id, read)
    assert placed.says("keys-in-files") == "no"


@pytest.mark.server
def test_row_token_scope__it_opens_doors_alone_and_ends_with_its_kernel(placed: Placed) -> None:
    session, environment = placed.kernel()
    jupyter, bearer = placed.jupyter, {"Authorization": f"Bearer {environment['GENAI_API_TOKEN']}"}
    models = environment["GENAI_API_URL"] + "/models"
    assert jupyter.http.get(models, headers=bearer).status_code == 200
    as_token = {"Authorization": f"token {environment['GENAI_API_TOKEN']}"}
    for path in ("api/contents", "api/kernels", "coursia-genai/api/v1/status"):
        for headers in (bearer, as_token):
            # Without the cookie that Jupyter gave to whoever came with its own token.
            url = jupyter.base_url + path
            answer = httpx.get(url, headers=headers, timeout=60, trust_env=False)
            assert answer.status_code in (302, 401, 403), path
    jupyter.shut_down(session.kernel_id)
    jupyter.wait_until(
        "the token has ended",
        lambda: jupyter.http.get(models, headers=bearer).status_code == 401,
    )
    assert placed.says("token-scope") == "yes"


@pytest.mark.server
@needs_root
def test_row_other_users__they_get_through_no_door_and_read_no_secret(placed: Placed) -> None:
    _, environment = placed.kernel()
    door = environment["GENAI_API_URL"] + "/models"
    for headers in ({"Authorization": ""}, {"Authorization": f"Bearer cgl_{'0' * 43}"}):
        assert placed.jupyter.http.get(door, headers=headers).status_code == 401
    files = [
        *(placed.base / "secrets").rglob("*.*"),
        *(placed.base / "server" / "state").rglob("credentials/*"),
    ]
    assert len([path for path in files if path.is_file()]) >= 2
    look = (
        "import os, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print([os.access(path, os.R_OK) for path in sys.argv[1:]])"
    )
    # The folders above are the tests' own and shut; what counts is what bears the secret.
    assert [path for path in files if path.is_file() and path.stat().st_mode & 0o077] == []
    done = subprocess.run(
        [sys.executable, "-c", look, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "True" not in done.stdout
    assert placed.says("other-users") == "yes"


@pytest.mark.server
def test_row_mode_off__it_closes_doors_to_tokens_that_live(placed: Placed) -> None:
    _, environment = placed.kernel()
    bearer = {"Authorization": f"Bearer {environment['GENAI_API_TOKEN']}"}
    body = {"model": "demo", "prompt": "a red fox"}
    url = environment["GENAI_API_URL"] + "/images/generations"
    placed.mode("off")
    try:
        refusal = placed.jupyter.wait_until(
            "the door is closed",
            lambda: (
                answer
                if (answer := placed.jupyter.http.post(url, json=body, headers=bearer)).is_error
                and "off" in answer.text
                else None
            ),
        )
        assert refusal.status_code == 403
    finally:
        placed.mode(None)
    assert placed.says("mode-off") == "yes"


@pytest.mark.server
def test_row_mode_off_around__code_buys_with_the_key_of_the_file(placed: Placed) -> None:
    placed.mode("off")
    try:
        session, environment = placed.kernel()
        assert "GENAI_API_TOKEN" not in environment
        around = f"""
import httpx, re
text = open({str(placed.base / "secrets" / ".env.genai-extension")!r}).read()
key = re.search("OPENROUTER_API_KEY=(.*)", text)[1]
past = {{"Authorization": "Bearer past-" + key}}
httpx.post({placed.echo_address!r} + "/v1/images", headers=past)
"""
        placed.jupyter.execute(session.kernel_id, around)
    finally:
        placed.mode(None)
    assert f"Bearer past-{team.CLOUD}" in placed.seen
    assert placed.says("mode-off-around") == "no"


AROUND = """
import os, pathlib, subprocess, sys
own = pathlib.Path(os.environ["HOME"]) / "own"
(own / "config").mkdir(parents=True)
(own / "config" / "jupyter_server_config.py").write_text("c.GenAILab.mode = 'demo'")
told = "import os; print(os.environ['GENAI_MODE'], os.environ['GENAI_API_TOKEN'][:4])"
done = subprocess.run(
    [sys.executable, "-m", "coursia_genai_lab", "exec", "--services", "demo", "--"]
    + [sys.executable, "-c", told],
    env={
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
    },
    capture_output=True, text=True, timeout=120,
)
print(done.stdout or done.stderr)
"""


@pytest.mark.server
def test_row_operators_word__code_in_a_kernel_runs_a_lab_of_its_own(placed: Placed) -> None:
    placed.mode("off")
    try:
        session, environment = placed.kernel()
        assert "GENAI_API_TOKEN" not in environment
        said = placed.jupyter.execute(session.kernel_id, AROUND, timeout=200)
    finally:
        placed.mode(None)
    assert said.split() == ["demo", "cgl_"]
    assert placed.says("operators-word") == "no"


@pytest.mark.server
def test_row_roles__a_student_is_refused_where_somebody_says_who_that_is(placed: Placed) -> None:
    logs = placed.jupyter.base_url + "coursia-genai/api/v1/services/demo/logs"
    status = placed.jupyter.http.get(logs).status_code
    role = placed.jupyter.api("GET", "coursia-genai/api/v1/status")["role"]
    refused = status == 403
    assert role == ("student" if refused else "admin")
    assert placed.says("roles") == ("yes" if refused else "no")


@pytest.mark.server
def test_row_quotas__the_doors_make_no_more_than_is_granted(placed: Placed) -> None:
    session, _ = placed.kernel()
    outcomes = [
        placed.jupyter.execute(session.kernel_id, DRAW, timeout=300).strip() for _ in range(3)
    ]
    # Another row may have drawn the one picture before.
    assert outcomes.count("drawn") <= 1
    assert outcomes[-1].startswith("QuotaExceeded")
    assert placed.says("quotas") == "yes"


@pytest.mark.server
def test_row_quota_record__code_in_a_kernel_changes_what_was_counted(placed: Placed) -> None:
    session, _ = placed.kernel()
    placed.jupyter.execute(session.kernel_id, DRAW, timeout=300)
    used_up = placed.jupyter.execute(session.kernel_id, DRAW, timeout=300)
    assert used_up.startswith("QuotaExceeded")
    store = placed.jupyter.folder / "data" / "coursia-genai" / "store.sqlite3"
    wipe = f"""
import sqlite3
store = sqlite3.connect({str(store)!r}, timeout=60)
with store:
    store.execute("DELETE FROM genai_charges")
    store.execute("DELETE FROM genai_counters")
store.close()
"""
    placed.jupyter.execute(session.kernel_id, wipe)
    assert placed.jupyter.execute(session.kernel_id, DRAW, timeout=300).strip() == "drawn"
    assert placed.says("quota-record") == "no"


@pytest.mark.server
def test_row_consents__code_in_a_kernel_confirms(placed: Placed) -> None:
    session, _ = placed.kernel()
    confirm = """
import glob, httpx, json, os
[file] = glob.glob(os.environ["JUPYTER_RUNTIME_DIR"] + "/jpserver-*.json")
server = json.load(open(file))
token = os.environ.get("JUPYTERHUB_API_TOKEN") or server["token"]
url = server["url"] + "coursia-genai/api/v1/consents"
with httpx.Client(headers={"Authorization": "token " + token}, trust_env=False) as http:
    asked = http.get(url, params={"path": "named.ipynb"}).json()["asked"]
    body = {"kind": "metadata", "path": "named.ipynb", "digest": asked["digest"]}
    print(asked["given"], http.post(url, json=body).status_code)
"""
    assert placed.jupyter.execute(session.kernel_id, confirm).split() == ["False", "201"]
    assert placed.says("consents") == "no"


@pytest.mark.docker
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_row_docker_socket__code_in_a_kernel_uses_it(
    docker_engine: DockerUnderTest, placement: str, tmp_path: Path
) -> None:
    traits = {"GenAILab": {"docker_host": docker_engine.host, "mode": "off"}}
    with JupyterProcess.start(tmp_path / "server", traits=traits) as jupyter:
        write_notebook(jupyter.root / "plain.ipynb", "1 + 1")
        session = jupyter.open_notebook("plain.ipynb")
        ask = f"import docker; print(docker.DockerClient({docker_engine.host!r}).ping())"
        assert jupyter.execute(session.kernel_id, ask).strip() == "True"
    assert table()["docker-socket"][placement] == "no"
