"""`coursia-genai models`, as people and scripts run it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from liar_server import Liar, Mood, liar_server
from model_catalogue import LARGE, SMALL, write_service

from coursia_genai_lab.weights.places import Place

Genai = Callable[..., Any]


@pytest.fixture
def liar() -> Iterator[Liar]:
    with liar_server() as server:
        yield server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def models(genai_here: Genai, tmp_path: Path, root: Path, liar: Liar) -> Genai:
    """Run `coursia-genai models` where the operator has set folders in Jupyter's configuration."""
    configure(tmp_path, root, liar)

    def run(*arguments: str, **variables: str) -> Any:
        return genai_here("models", *arguments, **variables)

    return run


def configure(tmp_path: Path, root: Path, liar: Liar) -> None:
    services = write_service(tmp_path / "services", liar)
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "jupyter_server_config.py").write_text(
        f"c.GenAILab.services_path = {str(services)!r}\n"
        f"c.GenAILab.model_roots = [{str(root)!r}]\n"
        "c.GenAILab.model_reserve_gib = 0\n",
        encoding="utf-8",
    )


def state_of(models: Genai, model_id: str) -> str:
    listed = models("list", "--json").json["models"]
    return str(next(one["state"] for one in listed if one["id"] == model_id))


def test_the_list_says_what_is_missing_and_the_command_that_brings_it(models: Genai) -> None:
    words = models("list").out
    assert "coursia-genai models fetch large" in words
    assert "No commerce (to be accepted)" in words
    assert "coursia-genai models import FOLDER" in words
    assert state_of(models, "large") == "missing"


def test_a_model_is_fetched_and_listed_as_checked(models: Genai, root: Path) -> None:
    done = models("fetch", "large")
    assert (done.status, done.out) == (0, "large is here.\n"), done.err
    assert (root / "checkpoints" / "large.safetensors").read_bytes() == LARGE
    assert "here, checked" in models("list").out
    assert models("fetch", "large").status == 0


def test_a_program_reads_lines_of_json(models: Genai) -> None:
    *steps, last = models("fetch", "small", "--json").lines
    assert {step["phase"] for step in steps} >= {"fetching", "putting it in place"}
    assert (last["id"], last["state"]) == ("small", "present")


def test_models_of_a_service_or_all_are_fetched_optional_ones_only_by_name(
    models: Genai,
) -> None:
    assert models("fetch", "--service", "pictures").out == "small is here.\nlarge is here.\n"
    assert state_of(models, "closed") == "missing"
    assert models("fetch", "--service", "nothing").status == 1
    assert models("fetch").status == 1
    assert models("fetch", "unknown").status == 1


def test_a_licence_is_asked_for_and_kept(models: Genai) -> None:
    refused = models("fetch", "closed", "--json")
    assert refused.status == 1
    assert refused.json["error"]["code"] == "model_licence"
    assert models("fetch", "closed", "--accept-licence").status == 0
    assert "accepted by" in models("list").out
    assert models("fetch", "closed").status == 0


def test_a_source_that_fails_ends_with_words_and_a_status(models: Genai, liar: Liar) -> None:
    liar.always = Mood(status=404)
    done = models("fetch", "small")
    assert done.status == 1
    assert "has no checkpoints/small.safetensors" in done.err
    assert models("fetch", "small", "--json").lines[-1]["error"]["code"] == "model_file_not_found"


def test_a_check_finds_a_file_that_was_changed_and_skips_what_was_not(
    models: Genai, root: Path
) -> None:
    models("fetch", "small")
    assert models("verify", "small", "--json").lines[-1]["skipped"] is True
    assert models("verify", "small", "--again", "--json").lines[-1]["verdict"] == "right"
    (root / "checkpoints" / "small.safetensors").write_bytes(SMALL[::-1])
    done = models("verify", "small")
    assert (done.status, "NOT the published file" in done.out) == (1, True)
    refused = models("fetch", "small", "--json")
    assert refused.lines[-1]["error"]["code"] == "model_place_taken"
    assert models("fetch", "small", "--replace").status == 0
    assert models("verify", "small").status == 0


def test_a_folder_is_imported_by_hash_and_by_name(
    models: Genai, root: Path, tmp_path: Path, liar: Liar
) -> None:
    stick = tmp_path / "stick"
    (stick / "deep").mkdir(parents=True)
    (stick / "renamed.bin").write_bytes(LARGE)
    (stick / "deep" / "small.safetensors").write_bytes(SMALL)
    (stick / "by-hand.safetensors").write_bytes(SMALL[::-1])
    done = models("import", str(stick), "large", "small")
    assert done.status == 0, done.err
    assert state_of(models, "large") == "present"
    assert not liar.asked
    (root / "checkpoints" / "large.safetensors").unlink()
    linked = models("import", str(stick), "large", "--link")
    assert "linked to" in linked.out
    assert (root / "checkpoints" / "large.safetensors").stat().st_ino == (
        stick / "renamed.bin"
    ).stat().st_ino
    (stick / "deep" / "small.safetensors").unlink()
    refused = models("import", str(stick), "unpublished")
    assert refused.status == 1
    assert "is not the published file" in refused.out
    assert models("import", str(tmp_path / "nowhere")).status == 1


def test_what_nobody_needs_is_listed_and_deleted_only_when_asked_to(
    models: Genai, root: Path, tmp_path: Path, liar: Liar
) -> None:
    models("fetch", "large")
    (root / "checkpoints" / "mine.safetensors").write_bytes(b"of the operator")
    liar.always = Mood(cut_after=200_000)
    part = root / ".coursia-genai" / "parts" / "0123-old.part"
    part.write_bytes(b"half")
    os.utime(part, (0, 0))
    (tmp_path / "services" / "pictures.toml").write_text(
        'title = "Other"\ndialect = "comfyui"\naddress = "http://127.0.0.1:1"\n', encoding="utf-8"
    )
    listed = models("gc", "--json").lines
    names = {(one["kind"], Path(one["path"]).name) for one in listed}
    assert names == {
        ("part", part.name),
        ("file", "small.safetensors"),
        ("file", "large.safetensors"),
    }
    assert part.exists()
    assert "gc --delete" in models("gc").out
    assert "freed" in models("gc", "--delete").out
    assert sorted(path.name for path in (root / "checkpoints").iterdir()) == ["mine.safetensors"]
    assert not part.exists()
    assert models("gc").out == "Nothing to clean up.\n"


def test_files_of_a_service_whose_file_is_wrong_today_are_no_rubbish(
    models: Genai, root: Path, tmp_path: Path
) -> None:
    models("fetch", "small")
    part = root / ".coursia-genai" / "parts" / "0123-old.part"
    part.write_bytes(b"half")
    os.utime(part, (0, 0))
    file = tmp_path / "services" / "pictures.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"door_prot = 1\n{text}", encoding="utf-8")
    done = models("gc", "--delete")
    assert "pictures.toml:1" in done.err
    assert not part.exists()
    assert (root / "checkpoints" / "small.safetensors").exists()


def test_a_copy_that_a_crash_left_beside_the_models_is_cleaned_up(
    models: Genai, root: Path
) -> None:
    models("fetch", "small")
    place = Place(root, "checkpoints", "large.safetensors")
    place.coming.write_bytes(b"half")
    assert [one["path"] for one in models("gc", "--json").lines] == []
    os.utime(place.coming, (0, 0))
    models("gc", "--delete")
    assert not place.coming.exists()
    assert (root / "checkpoints" / "small.safetensors").exists()


def test_without_a_folder_for_models_it_says_which_setting(genai_here: Genai) -> None:
    done = genai_here("models", "fetch", "z-image-turbo")
    assert done.status == 1
    assert "GenAILab.model_roots" in done.err


def test_ctrl_c_keeps_what_came_and_says_how_to_go_on(
    tmp_path: Path, root: Path, liar: Liar, models: Genai
) -> None:
    liar.moods = [Mood(), Mood(stall_after=2_000_000)]
    home = {"HOME": "home", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_CONFIG_DIR": "config"}
    for name in home.values():
        (tmp_path / name).mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "coursia_genai_lab", "models", "fetch", "large"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **{key: str(tmp_path / name) for key, name in home.items()}},
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("checkpoints/large.safetensors: fetching"):
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on from there" in err
    assert "Traceback" not in err
    assert state_of(models, "large") == "partial"
    assert models("fetch", "large").status == 0
    assert liar.gets("/large")[-1].start > 0


def test_a_hop_from_tls_to_an_open_line_is_refused_and_a_strange_certificate_too(
    genai: Genai, genai_here: Genai, tmp_path: Path, root: Path, liar: Liar
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("this machine has no openssl to make a certificate with")
    pem = tmp_path / "server.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-keyout", str(pem), "-out", f"{pem}.crt"], check=True, capture_output=True
    )
    pem.write_text(pem.read_text() + Path(f"{pem}.crt").read_text(), encoding="utf-8")
    with liar_server(certificate=pem) as safe:
        configure(tmp_path, root, safe)
        untrusted = genai_here("models", "fetch", "small", "--json")
        assert untrusted.lines[-1]["error"]["code"] == "model_source_untrusted"
        trust = {"SSL_CERT_FILE": f"{pem}.crt"}
        safe.redirects["/small"] = liar.offer("/small", SMALL)
        refused = genai("models", "fetch", "small", "--json", **trust)
        assert refused.lines[-1]["error"]["code"] == "model_source_insecure"
        assert not liar.asked
        del safe.redirects["/small"]
        assert genai("models", "fetch", "small", **trust).status == 0
