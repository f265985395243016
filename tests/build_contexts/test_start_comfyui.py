"""The entry point of the ComfyUI image, with a stand-in for ComfyUI behind it."""

from __future__ import annotations

import shutil
import signal
import stat
from pathlib import Path

import pytest
from started_service import CONTEXTS, PATIENCE, STAND_INS, TOKEN, image_folder, started

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    return image_folder(tmp_path, "comfyui", "start_comfyui.py")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A ComfyUI folder with the plain stand-in; its login folder is a link, as in the image."""
    place = tmp_path / "app"
    place.mkdir()
    shutil.copy(STAND_INS / "plain_comfyui.py", place / "main.py")
    (place / "login").symlink_to(tmp_path / "memory" / "login")
    return place


@pytest.fixture
def app_with_nodes(tmp_path: Path) -> Path:
    """A ComfyUI folder whose stand-in loads custom nodes: a login with holes, and our guard."""
    place = tmp_path / "app"
    shutil.copytree(STAND_INS / "comfyui_app", place)
    shutil.copytree(CONTEXTS / "comfyui" / "guard", place / "custom_nodes" / "coursia_genai_guard")
    return place


def test_the_credential_is_what_the_login_node_takes(
    tmp_path: Path, entry: Path, app: Path
) -> None:
    with started(tmp_path, entry, app) as service:
        service.wait_until_it_answers()
        assert service.get("/system_stats").status_code == 401
        assert service.get("/system_stats", {"Authorization": "Bearer x"}).status_code == 401
        answer = service.get("/system_stats", BEARER)
        assert answer.status_code == 200
        password = tmp_path / "memory" / "login" / "PASSWORD"
        assert password.read_text().splitlines() == [TOKEN, "genai"]
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        assert stat.S_IMODE(password.parent.stat().st_mode) == 0o700
        told = answer.json()
        assert TOKEN not in str(told["argv"])
        assert TOKEN not in str(told["environ"])
        for flag in ("--disable-api-nodes", "--user-directory", "--extra-model-paths-config"):
            assert flag in told["argv"]
        assert "--enable-cors-header" not in told["argv"]
        for name in ("input", "output", "user"):
            assert (tmp_path / "data" / name).is_dir()


def test_the_credential_is_not_in_the_log(tmp_path: Path, entry: Path, app: Path) -> None:
    with started(tmp_path, entry, app) as service:
        service.wait_until_it_answers()
        service.end()
        assert TOKEN not in service.text
        assert "use token=(hidden)" in service.text
        assert "10% (hidden) 20%" in service.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_server(
    tmp_path: Path, entry: Path, app: Path, number: signal.Signals
) -> None:
    with started(tmp_path, entry, app) as service:
        service.wait_until_it_answers()
        assert service.end(number) in (128 + number, 1)


@pytest.mark.parametrize("text", ["", "\n", "short", "two words of some length", "a,b:c" * 5])
def test_without_a_good_credential_nothing_starts(
    tmp_path: Path, entry: Path, app: Path, text: str
) -> None:
    file = tmp_path / "bad"
    file.write_text(text)
    with started(tmp_path, entry, app, GENAI_TOKEN_FILE=str(file)) as service:
        assert service.process.wait(PATIENCE) == 78
        assert "is no good" in service.text
        assert not text.strip() or text not in service.text
    assert not (tmp_path / "memory").exists()


def test_a_missing_credential_is_told(tmp_path: Path, entry: Path, app: Path) -> None:
    with started(tmp_path, entry, app, GENAI_TOKEN_FILE=str(tmp_path / "none")) as service:
        assert service.process.wait(PATIENCE) == 78
        assert "there is no credential" in service.text
        assert "Traceback" not in service.text


@pytest.mark.parametrize("flag", ["--enable-cors-header", "--enable-cors-header=*", "--listen"])
def test_flags_that_open_the_server_are_refused(
    tmp_path: Path, entry: Path, app: Path, flag: str
) -> None:
    with started(tmp_path, entry, app, flag) as service:
        assert service.process.wait(PATIENCE) == 78
        assert "not for this image" in service.text


def test_what_an_earlier_start_left_lets_nobody_in(tmp_path: Path, entry: Path, app: Path) -> None:
    login = tmp_path / "memory" / "login"
    login.mkdir(parents=True, mode=0o700)
    for name in ("GUEST_MODE", "secret-key.txt"):
        (login / name).write_text("old")
    (login / "PASSWORD").write_text("the-old-credential\nsomebody")
    with started(tmp_path, entry, app) as service:
        service.wait_until_it_answers()
        assert service.get("/", BEARER).status_code == 200
        old = service.get("/", {"Authorization": "Bearer the-old-credential"})
        assert old.status_code == 401
    assert [path.name for path in login.iterdir()] == ["PASSWORD"]


def test_no_path_and_no_query_gets_past_the_guard(
    tmp_path: Path, entry: Path, app_with_nodes: Path
) -> None:
    with started(tmp_path, entry, app_with_nodes) as service:
        service.wait_until_it_answers()
        for path in ("/", "/userdata/x.js", "/x.css", "/login", "/x.ico", f"/x?token={TOKEN}"):
            assert service.get(path).status_code == 401, path
        assert service.get("/userdata/x.js", BEARER).json() == {"path": "/userdata/x.js"}
        assert TOKEN not in service.text


def test_a_broken_guard_leaves_the_login(tmp_path: Path, entry: Path, app_with_nodes: Path) -> None:
    guard = app_with_nodes / "custom_nodes" / "coursia_genai_guard" / "__init__.py"
    guard.write_text("raise ImportError('broken')\n")
    with started(tmp_path, entry, app_with_nodes) as service:
        service.wait_until_it_answers()
        assert service.get("/").status_code == 401
        assert service.get("/", BEARER).status_code == 200


def test_a_server_that_lets_strangers_in_is_ended(
    tmp_path: Path, entry: Path, app_with_nodes: Path
) -> None:
    shutil.rmtree(app_with_nodes / "custom_nodes")
    (app_with_nodes / "custom_nodes").mkdir()
    with started(tmp_path, entry, app_with_nodes) as service:
        assert service.process.wait(PATIENCE) == 77
        assert "without a credential" in service.text
