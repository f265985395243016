"""`coursia-genai keys` against an account on this machine, which keeps keys as OpenRouter does."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coursia_genai_lab.secret_files.folder import ENV_FILE, SecretsFolder

SECONDS = 120
MANAGEMENT = "sk-or-managing-and-never-shown"
NAME = "OPENROUTER_API_KEY"
FIELDS = {"name", "limit", "limit_reset", "expires_at", "include_byok_in_limit"}


class Account:
    """An account with its keys; `trouble` makes it behave badly."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.trouble = ""
        self.made: Callable[[], None] = lambda: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.answer(self)

            do_GET = do_DELETE = do_POST  # noqa: N815 -- http.server's names

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/api"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        parts = urlsplit(request.path)
        if request.headers.get("Authorization") != f"Bearer {MANAGEMENT}":
            said = f"No such key {request.headers.get('Authorization')}"
            self.say(request, 401, {"error": {"code": 401, "message": said}})
        elif request.command == "POST" and parts.path == "/api/v1/keys":
            self.make(request, json.loads(body))
        elif request.command == "DELETE":
            gone = self.keys.pop(parts.path.rpartition("/")[2], None)
            self.say(request, 404 if gone is None else 200, {"deleted": gone is not None})
        else:
            first = int(parse_qs(parts.query)["offset"][0])
            page = list(self.keys.values())[first : first + 2]
            self.say(request, 200, {"data": page} if self.trouble != "garbage" else ["?"])

    def make(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.bodies.append(body)
        assert set(body) == FIELDS
        if self.trouble == "refuses":
            self.say(request, 400, {"error": {"code": 400, "message": "limit is too small"}})
            return
        number = len(self.bodies)
        key = f"sk-or-v1-{number:03d}{'0123456789abcdef' * 3}{number:03d}"
        hash_ = hashlib.sha256(key.encode()).hexdigest()
        data = {
            **body,
            "hash": hash_,
            "label": f"{key[:12]}...{key[-3:]}",
            "limit_remaining": body["limit"],
            "disabled": False,
        }
        self.keys[hash_] = data
        self.made()
        if self.trouble == "no limit":
            data["limit"] = None
        if self.trouble == "cut":
            request.close_connection = True
            request.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{")
            return
        self.say(request, 500 if self.trouble == "fails" else 201, {"key": key, "data": data})

    def say(self, request: BaseHTTPRequestHandler, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(SECONDS)


@pytest.fixture
def account() -> Iterator[Account]:
    one = Account()
    yield one
    one.close()


@pytest.fixture
def folder(tmp_path: Path, account: Account) -> Path:
    for name in ("services", "config"):
        (tmp_path / name).mkdir()
    (tmp_path / "services" / "openrouter.toml").write_text(
        'title = "OpenRouter"\nkind = "cloud"\ndialect = "openrouter"\n'
        f'[cloud]\nurl = "{account.address}"\n[credential]\nsecret = "{NAME}"\n'
    )
    traits = {
        "secrets_path": str(tmp_path / "secrets"),
        "services_path": str(tmp_path / "services"),
    }
    config = tmp_path / "config" / "jupyter_server_config.json"
    config.write_text(json.dumps({"GenAILab": traits}))
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    (folder / ENV_FILE).write_text(f"OPENROUTER_MANAGEMENT_KEY={MANAGEMENT}\n# mine\n")
    (folder / ENV_FILE).chmod(0o600)
    return folder


@pytest.fixture
def keys(folder: Path, surroundings: Any) -> Any:
    """Run `coursia-genai keys`; the management key is in no output of it."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "coursia_genai_lab", "keys", *arguments],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env=surroundings({}),
        )
        assert MANAGEMENT not in done.stdout + done.stderr
        return done

    return run


def value(folder: Path, name: str = NAME) -> str | None:
    found = SecretsFolder(folder).get(name)
    return None if found is None else found.reveal()


MINT = ("mint", "physics-2b", "--dollars", "5", "--days", "30")


def test_a_capped_expiring_key_is_made_for_a_class_and_kept_unseen(
    keys: Any, folder: Path, account: Account
) -> None:
    done = keys(*MINT, "--reset", "weekly")
    assert done.returncode == 0, done.stderr
    key = value(folder)
    assert key is not None
    assert key.startswith("sk-or-v1-001")
    assert key not in done.stdout + done.stderr
    assert "$5.00 weekly" in done.stdout
    (body,) = account.bodies
    assert (body["name"], body["limit"], body["limit_reset"]) == ("physics-2b", 5.0, "weekly")
    end = datetime.fromisoformat(body["expires_at"].replace("Z", "+00:00"))
    assert abs(end - datetime.now(timezone.utc) - timedelta(days=30)) < timedelta(hours=1)
    assert body["include_byok_in_limit"] is True
    assert "# mine" in (folder / ENV_FILE).read_text()


def test_show_prints_the_key_and_as_names_another_secret(keys: Any, folder: Path) -> None:
    done = keys(*MINT, "--as", "GROUP_B_KEY", "--show")
    assert done.stdout.splitlines()[-1] == value(folder, "GROUP_B_KEY")
    shown = json.loads(keys(*MINT, "--as", "GROUP_C_KEY", "--show", "--json").stdout)
    assert shown["key"] == value(folder, "GROUP_C_KEY")
    assert "key" not in json.loads(keys(*MINT, "--json").stdout)


def test_keys_are_listed_over_pages_with_the_secret_that_holds_each(
    keys: Any, folder: Path
) -> None:
    for number in range(5):
        assert keys(*MINT, "--as", f"GROUP_{number}_KEY").returncode == 0
    rows = json.loads(keys("list", "--json").stdout)["keys"]
    assert [one["secrets"] for one in rows] == [[f"GROUP_{n}_KEY"] for n in range(5)]
    table = keys("list").stdout
    assert "physics-2b" in table
    assert "$5.00" in table
    values = [value(folder, f"GROUP_{n}_KEY") or "" for n in range(5)]
    assert not [one for one in values if one in table or one in json.dumps(rows)]


def test_a_revoked_key_leaves_the_account_and_the_secrets(
    keys: Any, folder: Path, account: Account
) -> None:
    keys(*MINT)
    done = keys("revoke", "physics-2b")
    assert done.returncode == 0, done.stderr
    assert (account.keys, value(folder)) == ({}, None)
    assert value(folder, "OPENROUTER_MANAGEMENT_KEY") == MANAGEMENT
    again = keys("revoke", "physics-2b", "--json")
    assert again.returncode == 1
    assert json.loads(again.stdout)["error"]["code"] == "not_found"


def test_of_two_keys_with_one_name_the_hash_decides(
    keys: Any, folder: Path, account: Account
) -> None:
    keys(*MINT, "--as", "ONE_KEY")
    keys(*MINT, "--as", "OTHER_KEY")
    refused = json.loads(keys("revoke", "physics-2b", "--json").stdout)["error"]
    first = next(iter(account.keys))
    assert refused["code"] == "key_twice"
    assert first[:16] in refused["remedy"]
    assert keys("revoke", first[:16]).returncode == 0
    assert (value(folder, "ONE_KEY"), len(account.keys)) == (None, 1)
    assert value(folder, "OTHER_KEY") is not None


def test_no_key_is_overwritten_unless_that_is_asked(
    keys: Any, folder: Path, account: Account
) -> None:
    keys(*MINT)
    before = value(folder)
    refused = json.loads(keys(*MINT, "--json").stdout)["error"]
    assert (refused["code"], value(folder), len(account.bodies)) == ("secret_there", before, 1)
    assert keys(*MINT, "--replace").returncode == 0
    assert value(folder) != before


@pytest.mark.parametrize(
    ("trouble", "code", "kept"),
    [
        ("refuses", "keys_refused", 0),
        ("cut", "key_perhaps_made", 1),
        ("fails", "key_perhaps_made", 1),
        ("no limit", "key_without_limit", 0),
    ],
)
def test_making_one_is_never_tried_twice_and_says_what_may_be_there(
    keys: Any, folder: Path, account: Account, trouble: str, code: str, kept: int
) -> None:
    account.trouble = trouble
    error = json.loads(keys(*MINT, "--json").stdout)["error"]
    assert (error["code"], bool(error["remedy"])) == (code, True)
    assert (len(account.bodies), len(account.keys), value(folder)) == (1, kept, None)


def test_a_key_that_cannot_be_kept_is_ended_again(
    keys: Any, folder: Path, account: Account
) -> None:
    account.made = lambda: (folder / ENV_FILE).chmod(0o644)
    error = json.loads(keys(*MINT, "--json").stdout)["error"]
    assert (error["code"], account.keys) == ("secrets_exposed", {})


def test_nothing_is_made_where_it_could_not_be_kept(
    keys: Any, folder: Path, account: Account
) -> None:
    (folder / ".secrets").mkdir(mode=0o700)
    (folder / ".secrets" / "comfyui_auth_tokens.conf").write_text("A=b\n")
    (folder / ".secrets" / "comfyui_auth_tokens.conf").chmod(0o644)
    error = json.loads(keys(*MINT, "--json").stdout)["error"]
    assert (error["code"], account.bodies) == ("secrets_exposed", [])


def test_a_management_key_that_is_missing_or_refused_is_told_with_what_helps(
    keys: Any, folder: Path, account: Account
) -> None:
    (folder / ENV_FILE).write_text("OPENROUTER_MANAGEMENT_KEY=sk-or-usual-key\n")
    refused = keys("list", "--json").stdout
    assert json.loads(refused)["error"]["code"] == "management_key_refused"
    assert "sk-or-usual-key" not in refused
    (folder / ENV_FILE).write_text("# nothing\n")
    missing = keys("list")
    assert missing.returncode == 1
    assert "coursia-genai secrets set OPENROUTER_MANAGEMENT_KEY" in missing.stderr


def test_an_answer_that_nobody_understands_and_no_answer_are_told(
    keys: Any, folder: Path, account: Account
) -> None:
    account.trouble = "garbage"
    error = json.loads(keys("list", "--json").stdout)["error"]
    assert error["code"] == "keys_wrong_answer"
    account.close()
    error = json.loads(keys(*MINT, "--json").stdout)["error"]
    assert (error["code"], bool(error["remedy"])) == ("keys_unreached", True)
