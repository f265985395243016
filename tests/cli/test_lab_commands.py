"""`status`, `start`, `stop`, `logs` and `doctor`, with a running Lab and without."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from coursia_genai_lab.cli.ports import holder, is_free

pytestmark = pytest.mark.server


def test_status_shows_mode_and_services_of_the_running_lab(genai_with_lab, jupyter):
    done = genai_with_lab("status", "--json")
    assert done.status == 0
    assert done.json["running"] is True
    assert done.json["url"].endswith(f":{jupyter.base_url.rpartition(':')[2]}")
    assert done.json["mode"]["effective"] == "auto"
    assert "demo" in {service["name"] for service in done.json["services"]}
    words = genai_with_lab("status").out
    assert "mode auto, this server" in words
    assert "demo" in words


def test_a_service_is_started_followed_logged_and_stopped(genai_with_lab, jupyter):
    started = genai_with_lab("start", "demo")
    assert (started.status, started.out) == (0, "demo is ready.\n")
    assert genai_with_lab("start", "demo", "--json").json["state"] == "ready"
    assert "listening" in genai_with_lab("logs", "demo").out
    assert any(
        "listening" in line for line in genai_with_lab("logs", "demo", "--json").json["lines"]
    )
    assert genai_with_lab("stop", "demo").status == 0
    jupyter.wait_until(
        "the demo engine has stopped",
        lambda: jupyter.api("GET", "coursia-genai/api/v1/services/demo")["state"] == "stopped",
    )


def test_a_service_is_pinned_and_unpinned(genai_with_lab):
    kept = genai_with_lab("pin", "demo", "--minutes", "90")
    assert kept.status == 0, kept.err
    assert kept.out.startswith("demo is kept until 20")
    (pin,) = genai_with_lab("pin", "demo", "--no-end", "--json").json["holders"]
    assert (pin["kind"], pin["ends_at"]) == ("pin", None)
    assert genai_with_lab("stop", "demo").status == 1
    assert genai_with_lab("unpin", "demo").out == "demo is kept no longer.\n"
    assert genai_with_lab("unpin", "demo", "--json").json["holders"] == []
    assert genai_with_lab("stop", "demo").status == 0
    assert genai_with_lab("pin", "demo", "--minutes", "0").status == 2


def test_a_stand_in_is_named_when_it_answers(genai_with_lab):
    done = genai_with_lab("start", "comfyui")
    assert done.out == "demo, which stands in for comfyui, is ready.\n", done.err


def test_a_start_without_waiting_returns_at_once(genai_with_lab):
    assert genai_with_lab("start", "demo", "--no-wait").out == "demo was asked to start.\n"


def test_a_log_is_followed_until_ctrl_c(jupyter, genai_with_lab, token):
    assert genai_with_lab("start", "demo").status == 0
    command = [sys.executable, "-m", "coursia_genai_lab", "logs", "demo", "--follow"]
    process = subprocess.Popen(
        [*command, "--url", jupyter.base_url, "--token", token],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "listening" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (0, 1)
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", ["start", "stop", "logs", "pin", "unpin"])
def test_an_unknown_service_is_told_in_words_and_as_json(genai_with_lab, command):
    words = genai_with_lab(command, "nobody")
    told = genai_with_lab(command, "nobody", "--json")
    assert (words.status, told.status) == (1, 1)
    assert "nobody" in words.err
    assert told.json["error"]["code"] == "not_found"
    assert told.json["error"]["remedy"]


def test_a_lab_can_be_named_by_option_and_by_variable(genai, jupyter, token):
    named = genai("status", "--json", "--url", jupyter.base_url, "--token", token)
    set_up = genai(
        "status", "--json", COURSIA_GENAI_URL=jupyter.base_url, COURSIA_GENAI_TOKEN=token
    )
    assert named.json["instance"] == set_up.json["instance"]


def test_a_wrong_token_is_refused_and_not_shown(genai, jupyter):
    done = genai("status", "--url", jupyter.base_url, COURSIA_GENAI_TOKEN="wrong-and-secret")
    assert done.status == 1
    assert "jupyter server list" in done.err
    assert "wrong-and-secret" not in done.out + done.err


def test_a_server_that_has_ended_is_passed_over(genai, tmp_path):
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    info = {"url": "http://127.0.0.1:1/", "token": "t", "pid": 2**22 + 1, "root_dir": "/"}
    (runtime / "jpserver-1.json").write_text(json.dumps(info), encoding="utf-8")
    (runtime / "jpserver-2.json").write_text("{half", encoding="utf-8")
    assert genai("status", "--json").json["running"] is False


def test_without_a_lab_status_shows_what_this_machine_offers(genai):
    done = genai("status", "--json")
    assert done.status == 0
    assert done.json["running"] is False
    offers = {service["name"]: service for service in done.json["services"]}
    assert offers["demo"]["can_start"] is True
    assert "jupyter lab" in genai("status").out


def test_without_a_lab_start_says_how_to_run_one(genai):
    done = genai("start", "demo")
    assert done.status == 1
    assert "jupyter lab" in done.err
    assert genai("start", "demo", "--json").json["error"]["code"] == "lab_unreachable"


def test_the_doctor_ends_in_one_command_and_a_matching_status(genai):
    done = genai("doctor", "--json")
    report = done.json
    assert done.status == (0 if report["usable"] else 1)
    assert report["next_command"]
    names = {finding["name"] for finding in report["findings"]}
    assert {"python", "server extension", "side panel", "docker", "gpu", "lab"} <= names
    assert all(f["remedy"] for f in report["findings"] if f["state"] == "missing")


def test_the_doctor_is_content_with_a_running_lab(genai_with_lab):
    done = genai_with_lab("doctor")
    assert "a Lab runs at" in done.out


def test_the_doctor_says_when_the_extension_is_switched_off(genai, tmp_path):
    config = tmp_path / "config" / "jupyter_server_config.d"
    config.mkdir(parents=True)
    (config / "off.json").write_text(
        '{"ServerApp": {"jpserver_extensions": {"coursia_genai_lab": false}}}', encoding="utf-8"
    )
    # In a virtual environment its own folder would win over the user's.
    own = {"JUPYTER_PREFER_ENV_PATH": "0"}
    done = genai("doctor", "--json", **own)
    assert done.status == 1
    assert done.json["next_command"] == "jupyter server extension enable coursia_genai_lab"
    assert "Next: jupyter server extension enable coursia_genai_lab" in (genai("doctor", **own).out)


def test_the_doctor_says_when_docker_is_closed_to_this_user(genai, tmp_path):
    socket = tmp_path / "docker.sock"
    done = genai("doctor", "--json", DOCKER_HOST=f"unix://{socket}")
    [docker] = [f for f in done.json["findings"] if f["name"] == "docker"]
    assert docker["state"] == "note"
    assert docker["remedy"]


def test_a_port_that_is_taken_is_told_with_its_holder(demo_engine):
    port = int(demo_engine.url.rpartition(":")[2])
    assert not is_free(port)
    assert f"(pid {demo_engine.process.pid})" in holder(port)


def test_a_free_port_has_no_holder(unused_port):
    assert is_free(unused_port)
    assert holder(unused_port) == ""


@pytest.mark.parametrize("flag", ["-h", "--help", "--version"])
def test_help_and_version_end_well(genai, flag):
    done = genai(flag)
    assert done.status == 0
    assert "coursia-genai" in done.out
