"""Who may speak to the demo engine."""

from __future__ import annotations

import base64

import pytest
import websocket
from servers.demo.harness import TOKEN, Engine

PATHS = [
    ("GET", "/system_stats"), ("GET", "/object_info"), ("GET", "/api/object_info/KSampler"),
    ("GET", "/models"), ("GET", "/models/vae"), ("GET", "/features"), ("GET", "/prompt"),
    ("POST", "/prompt"), ("GET", "/queue"), ("POST", "/queue"), ("GET", "/history"),
    ("GET", "/history/x"), ("POST", "/history"), ("GET", "/api/jobs"), ("GET", "/api/jobs/x"),
    ("POST", "/api/jobs/x/cancel"), ("GET", "/view"), ("POST", "/upload/image"),
    ("POST", "/upload/mask"), ("POST", "/interrupt"), ("POST", "/free"), ("GET", "/ws"),
    ("GET", "/v1/models"), ("GET", "/v1/models/demo"), ("POST", "/v1/images/generations"),
    ("POST", "/v1/images/edits"), ("POST", "/v1/chat/completions"), ("GET", "/"),
    ("GET", "/no/such/place"), ("GET", "/sdapi/v1/options"), ("POST", "/sdapi/v1/txt2img"),
    ("GET", "/internal/ping"),
]  # fmt: skip


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_address_but_the_liveness_one_asks_for_the_credential(
    locked_engine: Engine, method: str, path: str
) -> None:
    answer = locked_engine.http.request(method, path)

    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/json")
    assert "www-authenticate" not in answer.headers
    assert "server" not in answer.headers


def test_liveness_needs_no_credential(locked_engine: Engine) -> None:
    answer = locked_engine.http.get("/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", basic("anybody", TOKEN), basic("", TOKEN)])
def test_the_credential_is_taken_as_bearer_and_as_password(
    locked_engine: Engine, header: str
) -> None:
    answer = locked_engine.http.get("/system_stats", headers={"Authorization": header})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", TOKEN, f"Token {TOKEN}",
        basic(TOKEN, "wrong"), "Basic !!!", "Basic /w==", "Bearer \xe9",
    ],
)  # fmt: skip
def test_anything_else_is_no_credential(locked_engine: Engine, header: str) -> None:
    answer = locked_engine.http.get(
        "/system_stats", headers={"Authorization": header.encode("latin-1")}
    )

    assert answer.status_code == 401


def test_each_dialect_words_the_missing_credential_as_the_real_server_does(
    locked_engine: Engine,
) -> None:
    comfy = locked_engine.http.get("/prompt").json()
    openai = locked_engine.http.get("/v1/models").json()["error"]
    forge = locked_engine.http.get("/sdapi/v1/sd-models").json()

    assert comfy == {"error": "Authentication required."}
    assert openai["code"] == "invalid_api_key"
    assert forge["error"] == "HTTPException"


def test_a_query_credential_opens_the_socket_and_nothing_else(locked_engine: Engine) -> None:
    quoted = TOKEN.replace(" ", "%20")

    assert locked_engine.http.get(f"/system_stats?token={quoted}").status_code == 401
    address = f"ws://127.0.0.1:{locked_engine.port}/ws"
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(address)
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(f"{address}?token=wrong")
    websocket.create_connection(f"{address}?clientId=a&token={quoted}").close()
    websocket.create_connection(address, header={"Authorization": f"Bearer {TOKEN}"}).close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_name_is_refused(engine: Engine, host: str) -> None:
    answer = engine.http.get("/system_stats", headers={"Host": host})

    assert answer.status_code == 403
    assert answer.content == b""


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:80", "127.9.9.9"])
def test_the_names_of_the_own_machine_pass(engine: Engine, host: str) -> None:
    assert engine.http.get("/system_stats", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:8888"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/prompt", "/v1/images/generations", "/health"])
def test_pages_from_elsewhere_are_refused(
    engine: Engine, headers: dict[str, str], path: str
) -> None:
    answer = engine.http.post(path, headers=headers, json={})

    assert answer.status_code == 403


def test_a_page_of_its_own_may_speak_to_it(engine: Engine) -> None:
    assert engine.http.get("/prompt", headers={"Origin": engine.url}).status_code == 200


def test_a_socket_from_elsewhere_is_refused(engine: Engine) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(
            f"ws://127.0.0.1:{engine.port}/ws", origin="https://evil.example"
        )

    assert refused.value.status_code == 403
