"""Hubs, tokens and redirects: what is asked of whom, and what is told to nobody."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from liar_server import COMMIT, Liar, Mood, liar_server
from model_fetching import Bringer

from coursia_genai_lab.errors import ConfigurationError, ModelFilesError
from coursia_genai_lab.weights.hub_token import read_token
from coursia_genai_lab.weights.inventory import find_file
from coursia_genai_lab.weights.sources import Sources

DATA = hashlib.shake_256(b"hub").digest(500_000)
GOOD = hashlib.sha256(DATA).hexdigest()
TOKEN = "hf_a_very_secret_token"
HUB_FILE = {"repository": "org/repo", "path": "split/model.safetensors"}


@pytest.fixture
def store() -> Iterator[Liar]:
    """Where the hub sends on to: another server."""
    with liar_server() as server:
        yield server


@pytest.fixture
def hub(liar: Liar, store: Liar) -> Liar:
    """A hub with one gated file, whose bytes lie on another server."""
    liar.offer("/org/repo/split/model.safetensors", DATA)
    store.offer("/org/repo/split/model.safetensors", DATA)
    liar.redirects["hub"] = store.address
    liar.token = TOKEN
    return liar


def with_token(bringer: Bringer, hub: Liar, token: str = TOKEN) -> None:
    sources = Sources(hub_url=hub.address, token=lambda: token)
    bringer.terms = bringer.with_terms(sources=sources)


@pytest.mark.parametrize("library", [True, False])
async def test_a_gated_file_comes_with_the_token_which_goes_to_the_hub_alone(
    bringer: Bringer,
    hub: Liar,
    store: Liar,
    library: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if not library:
        # As on a machine without the extra: the import fails.
        monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    caplog.set_level(logging.DEBUG)
    with_token(bringer, hub)
    await bringer.fetch(**HUB_FILE)
    assert bringer.place.target.read_bytes() == DATA
    assert all(one.headers.get("authorization") == f"Bearer {TOKEN}" for one in hub.asked)
    assert store.gets()
    assert not any("authorization" in one.headers for one in store.asked)
    assert TOKEN not in caplog.text
    assert "Signature" not in bringer.place.record.read_text(encoding="utf-8")
    if library:
        assert any(COMMIT in one.path for one in hub.gets())


async def test_the_hash_of_the_hub_counts_where_the_catalogue_has_none(
    bringer: Bringer, hub: Liar, store: Liar
) -> None:
    with_token(bringer, hub)
    store.offer("/org/repo/split/model.safetensors", DATA[::-1])
    with pytest.raises(ModelFilesError) as caught:
        await bringer.fetch(**HUB_FILE)
    assert caught.value.error_code == "model_hash_wrong"
    store.offer("/org/repo/split/model.safetensors", DATA)
    await bringer.fetch(**HUB_FILE)
    assert find_file(bringer.spec(**HUB_FILE), [bringer.root]).verified


async def test_an_address_on_the_hub_is_checked_by_what_the_hub_says(
    bringer: Bringer, hub: Liar, store: Liar
) -> None:
    with_token(bringer, hub)
    url = f"{hub.address}/org/repo/resolve/main/split/model.safetensors"
    await bringer.fetch(url=url)
    found = find_file(bringer.spec(url=url), [bringer.root])
    assert (found.state, found.verified) == ("present", True)
    assert not any("authorization" in one.headers for one in store.asked)


@pytest.mark.parametrize(
    ("token", "code"), [("", "model_token_missing"), ("hf_old", "model_token_refused")]
)
@pytest.mark.parametrize("library", [True, False])
async def test_a_gated_file_without_a_good_token_says_how_to_get_one(
    bringer: Bringer,
    hub: Liar,
    token: str,
    code: str,
    library: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not library:
        monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with_token(bringer, hub, token)
    with pytest.raises(ModelFilesError) as caught:
        await bringer.fetch(**HUB_FILE)
    error = caught.value
    assert error.error_code == code
    assert f"{hub.address}/org/repo" in error.remedy
    assert "HF_TOKEN" in error.remedy
    assert "hf_old" not in str(error) + repr(error.__cause__)


async def test_a_file_that_the_hub_has_not_is_told(bringer: Bringer, hub: Liar) -> None:
    with_token(bringer, hub)
    with pytest.raises(ModelFilesError) as caught:
        await bringer.fetch(repository="org/repo", path="gone.safetensors")
    assert caught.value.error_code == "model_file_not_found"


async def test_a_token_goes_over_no_open_line_and_to_no_other_host(hub: Liar) -> None:
    spec = Bringer(Path(), hub, terms=None).spec  # type: ignore[arg-type]
    far = Sources(hub_url="http://hub.example.org", token=lambda: TOKEN)
    url = "http://hub.example.org/org/repo/resolve/main/x"
    assert far.find(spec(url=url)).token == ""
    near = Sources(hub_url=hub.address, token=lambda: TOKEN)
    assert near.find(spec(url="https://elsewhere.example.org/x")).token == ""
    origin = near.find(spec(url=f"{hub.address}/org/repo/resolve/main/x"))
    assert origin.token == TOKEN
    assert TOKEN not in repr(origin)


def secrets(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / ".env.genai-extension"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_token_is_read_from_a_private_file(tmp_path: Path) -> None:
    assert read_token("") == ""
    assert read_token(tmp_path) == ""
    secrets(tmp_path, f"# ours\nOTHER=x\nexport HF_TOKEN='{TOKEN}'\n")
    assert read_token(tmp_path) == TOKEN
    secrets(tmp_path, "HF_TOKEN=two words\n")
    assert read_token(tmp_path) == ""


def test_a_secrets_file_that_others_can_reach_is_not_used(tmp_path: Path) -> None:
    path = secrets(tmp_path, f"HF_TOKEN={TOKEN}\n", 0o640)
    for folder, root in ((tmp_path, None), (tmp_path, tmp_path)):
        with pytest.raises(ConfigurationError) as caught:
            read_token(folder, notebook_root=root)
        assert caught.value.error_code == "secrets_exposed"
        assert TOKEN not in str(caught.value)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / path.name).symlink_to(path)
    with pytest.raises(ConfigurationError, match="is a link"):
        read_token(linked)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(ConfigurationError, match="is no file"):
        read_token(tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://0xa9fea9fe/latest",
        f"http://{'a' * 70}.example/model",
        "http://two..dots/model",
        "http://127.0.0.1:99999/model",
        "http://\u00e9.invalid/model",
        "file:///etc/hostname",
        "",
    ],
)
async def test_a_source_that_sends_to_no_place_of_files_is_told(
    bringer: Bringer, address: str
) -> None:
    bringer.liar.redirects = {"/model": address}
    with pytest.raises(ModelFilesError) as refusal:
        await bringer.fetch(size_bytes=1000)
    assert refusal.value.error_code == "model_source_wrong"


async def test_no_source_elsewhere_sends_us_to_this_machine(bringer: Bringer) -> None:
    with liar_server("127.0.0.2") as elsewhere:
        elsewhere.redirects = {"/model": bringer.liar.offer("/model", b"inner")}
        with pytest.raises(ModelFilesError) as refusal:
            await bringer.fetch(size_bytes=5, url=f"{elsewhere.address}/model")
    assert refusal.value.error_code == "model_source_wrong"
    assert bringer.liar.asked == []


async def test_a_number_of_thousands_of_digits_is_no_size(bringer: Bringer) -> None:
    data = bytes(100_000)
    bringer.liar.offer("/model", data)
    piece = ("Content-Range", f"bytes 1000-99999/{'9' * 5000}")
    bringer.liar.moods = [Mood(cut_after=1000), Mood(headers=(piece,))]
    await bringer.fetch(size_bytes=len(data))
    assert bringer.place.target.read_bytes() == data
