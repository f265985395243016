"""`coursia-genai secrets`, as people run it: no value on a command line, none in any output."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from coursia_genai_lab.secret_files.folder import ENV_FILE, TOKENS_FILE, SecretsFolder

VALUE = "hf_never-to-be-shown"
SECONDS = 120


class LoginServer:
    """Answers as ComfyUI behind ComfyUI-Login: line 1 of the file, read at its start, opens it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.token = ""
        self.start_again()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                good = self.headers.get("Authorization") == f"Bearer {outer.token}"
                body = {"system": {}, "devices": []} if good else {"error": "Authentication"}
                data = json.dumps(body).encode()
                self.send_response(200 if good else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def start_again(self) -> None:
        self.token = self.file.read_text().splitlines()[0]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(SECONDS)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LoginServer]:
    file = tmp_path / "login" / "PASSWORD"
    file.parent.mkdir()
    file.write_text("the-first-token\nadmin\n")
    one = LoginServer(file)
    yield one
    one.close()


@pytest.fixture
def folder(tmp_path: Path, server: LoginServer) -> Path:
    """A folder of secrets and a service of others, as the operator's configuration names them."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "theirs.toml").write_text(
        'title = "Theirs"\ndialect = "comfyui"\n'
        f'address = "{server.address}"\n[credential]\nsecret = "THEIR_BEARER_TOKEN"\n'
    )
    (tmp_path / "config").mkdir()
    traits = {
        "secrets_path": str(tmp_path / "secrets"),
        "services_path": str(tmp_path / "services"),
    }
    config = tmp_path / "config" / "jupyter_server_config.json"
    config.write_text(json.dumps({"GenAILab": traits}))
    return tmp_path / "secrets"


@pytest.fixture
def secrets(tmp_path: Path, folder: Path, surroundings: Any) -> Any:
    """Run `coursia-genai secrets` with a standard input."""

    def run(*arguments: Any, stdin: str | bytes = b"") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "coursia_genai_lab", "secrets", *map(str, arguments)],
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=surroundings({}),
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return run


def value(folder: Path, name: str) -> str | None:
    found = SecretsFolder(folder).get(name)
    return None if found is None else found.reveal()


def test_a_secret_is_set_listed_and_removed_and_never_shown(secrets: Any, folder: Path) -> None:
    done = secrets("set", "HF_TOKEN", "--from-stdin", stdin=f"{VALUE}\n")
    assert done.returncode == 0, done.stderr
    assert value(folder, "HF_TOKEN") == VALUE
    assert (folder / ENV_FILE).stat().st_mode & 0o777 == 0o600
    secrets("set", "COMFYUI_BEARER_TOKEN", "--from-stdin", stdin="$2b$12$x\r\n")
    assert (folder / TOKENS_FILE).read_text() == "COMFYUI_BEARER_TOKEN='$2b$12$x'\n"
    listed, shown = secrets("list", "--json"), secrets("list")
    rows = json.loads(listed.stdout)["secrets"]
    assert [row["name"] for row in rows] == ["COMFYUI_BEARER_TOKEN", "HF_TOKEN"]
    assert "comfyui-qwen, when somebody else runs it" in rows[0]["used_by"]
    assert rows[1]["used_by"] == ["fetches of gated model files"]
    assert rows[1]["changed"].startswith("20")
    assert "•••" in shown.stdout
    removed = secrets("unset", "HF_TOKEN")
    assert removed.returncode == 0
    assert value(folder, "HF_TOKEN") is None
    assert secrets("unset", "HF_TOKEN").returncode == 1
    for one in (done, listed, shown, removed):
        assert VALUE not in one.stdout + one.stderr


def test_a_secret_is_asked_for_in_a_terminal_that_does_not_show_it(
    folder: Path, surroundings: Any
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "coursia_genai_lab", "secrets", "set", "HF_TOKEN"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=surroundings({}),
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"not shown" not in shown:
        shown += os.read(ours, 1024)
    os.write(ours, f"{VALUE}\n".encode())
    while True:
        try:
            part = os.read(ours, 1024)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    assert process.wait(SECONDS) == 0
    os.close(ours)
    assert b"is set" in shown
    assert VALUE.encode() not in shown
    assert value(folder, "HF_TOKEN") == VALUE


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("set", f"HF_TOKEN={VALUE}"), "", "secret_on_command_line"),
        (("set", f"{VALUE}!", "--from-stdin"), "x", "secret_name"),
        (("set", "HF_TOKEN"), f"{VALUE}\n", "secret_value"),
        (("set", "HF_TOKEN", "--from-stdin"), "", "secret_value"),
        (("set", "HF_TOKEN", "--from-stdin"), f"{VALUE}\nand more\n", "secret_value"),
        (("set", "HF_TOKEN", "--from-stdin"), VALUE.encode() + b"\xff", "secret_value"),
        (("set", "HF_TOKEN", "--from-stdin"), VALUE * 2000, "secret_value"),
        (("rotate", "nothing"), "", "not_found"),
        (("rotate", "demo"), "", "secret_of_no_server"),
        (("sync", "theirs", "--login-file", "/nowhere/PASSWORD"), "", "secret_missing"),
    ],
)
def test_what_cannot_be_is_refused_without_showing_it(
    secrets: Any, folder: Path, arguments: Any, stdin: Any, code: str
) -> None:
    done = secrets(*arguments, "--json", stdin=stdin)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == code
    assert VALUE not in done.stdout + done.stderr
    assert not (folder / ENV_FILE).exists()


def test_without_a_folder_the_setting_is_named(genai: Any) -> None:
    done = genai("secrets", "list")
    assert done.status == 1
    assert "secrets_path" in done.err


def test_what_is_wrong_with_a_file_is_listed(secrets: Any, folder: Path) -> None:
    secrets("set", "HF_TOKEN", "--from-stdin", stdin=VALUE)
    (folder / ENV_FILE).chmod(0o644)
    done = secrets("list", "--json")
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["code"] == "secrets_exposed"
    assert "chmod 600" in problem["remedy"]
    refused = secrets("set", "HF_TOKEN", "--from-stdin", stdin="another")
    assert refused.returncode == 1
    assert VALUE in (folder / ENV_FILE).read_text()


def test_a_line_that_keeps_the_new_secret_from_being_read_is_told(
    secrets: Any, folder: Path
) -> None:
    secrets("set", "OTHER", "--from-stdin", stdin="x")
    with (folder / ENV_FILE).open("a") as file:
        file.write("half a line\n")
    done = secrets("set", "HF_TOKEN", "--from-stdin", stdin=VALUE)
    assert done.returncode == 0
    assert "Line 2" in done.stderr
    assert "half a line\nHF_TOKEN=" in (folder / ENV_FILE).read_text()


def test_a_rotated_token_opens_the_server_after_its_restart(
    secrets: Any, folder: Path, server: LoginServer
) -> None:
    rotated = secrets("rotate", "theirs", "--login-file", server.file, "--json")
    assert rotated.returncode == 0, rotated.stderr
    (seen,) = json.loads(rotated.stdout)["services"]
    assert (seen["changed"], seen["restart"]) == (True, True)
    token = value(folder, "THEIR_BEARER_TOKEN")
    assert token is not None
    assert server.file.read_text() == f"{token}\nadmin\n"
    assert value(folder, "THEIR_RAW_TOKEN") is None
    assert secrets("sync", "theirs").returncode == 1
    server.start_again()
    synced = secrets("sync", "theirs")
    assert synced.returncode == 0
    assert "its server answers" in synced.stdout
    assert token not in rotated.stdout + rotated.stderr + synced.stdout


def test_with_a_web_login_the_token_is_the_hash_of_the_password(
    secrets: Any, folder: Path, server: LoginServer
) -> None:
    done = secrets("rotate", "theirs", "--web-login")
    assert done.returncode == 0, done.stderr
    assert "line 1" in done.stdout
    token, raw = value(folder, "THEIR_BEARER_TOKEN"), value(folder, "THEIR_RAW_TOKEN")
    assert token is not None
    assert raw is not None
    assert token.startswith("$2b$12$")
    assert bcrypt.checkpw(raw.encode(), token.encode())
    assert secrets("sync", "theirs", "--login-file", server.file).returncode == 1
    assert server.file.read_text() == f"{token}\nadmin\n"
    server.start_again()
    assert secrets("sync", "theirs").returncode == 0


def test_sync_makes_the_hash_of_a_raw_token_that_was_changed(
    secrets: Any, folder: Path, server: LoginServer
) -> None:
    secrets("set", "THEIR_RAW_TOKEN", "--from-stdin", stdin="a password")
    assert (folder / TOKENS_FILE).exists()
    done = secrets("sync", "theirs", "--login-file", server.file, "--json")
    (seen,) = json.loads(done.stdout)["services"]
    assert (seen["changed"], seen["code"]) == (True, "external_locked")
    token = value(folder, "THEIR_BEARER_TOKEN")
    assert token is not None
    assert bcrypt.checkpw(b"a password", token.encode())
    again = secrets("sync", "theirs", "--login-file", server.file, "--json")
    assert json.loads(again.stdout)["services"][0]["changed"] is False


def test_setting_a_token_names_the_servers_that_read_it_at_their_start(
    secrets: Any, folder: Path
) -> None:
    done = secrets("set", "THEIR_BEARER_TOKEN", "--from-stdin", stdin="a token")
    assert "coursia-genai secrets sync theirs" in done.stdout
    told = json.loads(secrets("set", "HF_TOKEN", "--from-stdin", "--json", stdin=VALUE).stdout)
    assert told["servers"] == []


def test_a_rotated_token_is_asked_of_every_server_that_shares_it(
    secrets: Any, folder: Path, tmp_path: Path
) -> None:
    for name in ("theirs", "twin"):
        text = (tmp_path / "services" / "theirs.toml").read_text()
        (tmp_path / "services" / f"{name}.toml").write_text(text)
    done = secrets("rotate", "twin", "--json")
    seen = json.loads(done.stdout)["services"]
    assert [(one["service"], one["restart"]) for one in seen] == [("twin", True), ("theirs", True)]


def test_a_clouds_key_is_listed_with_its_cloud(secrets: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "services" / "paid.toml").write_text(
        'title = "Paid"\nkind = "cloud"\ndialect = "openai_images"\n'
        '[credential]\nsecret = "PAID_API_KEY"\n'
    )
    secrets("set", "PAID_API_KEY", "--from-stdin", stdin=VALUE)
    (row,) = json.loads(secrets("list", "--json").stdout)["secrets"]
    assert (row["name"], row["used_by"]) == ("PAID_API_KEY", ["paid, the cloud"])
    assert Path(row["file"]).name == ENV_FILE
