"""Fetching one model file from a server that cuts, lies and stalls."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from dataclasses import replace
from typing import Any

import pytest
from liar_server import Liar, Mood
from model_fetching import QUICK, Bringer
from waiting import until

from coursia_genai_lab.errors import Conflict, GenAIError, ModelFilesError
from coursia_genai_lab.weights.bring import bring_file, offered_by
from coursia_genai_lab.weights.inventory import find_file
from coursia_genai_lab.weights.places import HIDDEN
from coursia_genai_lab.weights.writer import WriterLock

DATA = hashlib.shake_256(b"weights").digest(3_000_000)
MOSTLY = 2_500_000
"""What of a cut at 99 % is kept at least: the last pieces can be lost in the connection."""
GOOD = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def _offer(liar: Liar) -> None:
    liar.offer("/model", DATA)


async def code_of(bringer: Bringer, **more: Any) -> str:
    with pytest.raises(GenAIError) as caught:
        await bringer.fetch(**more)
    assert caught.value.remedy
    assert not bringer.place.target.exists()
    return caught.value.error_code


async def test_a_file_comes_whole_and_checked(bringer: Bringer) -> None:
    await bringer.fetch(sha256=GOOD, size_bytes=len(DATA))
    place = bringer.place
    assert place.target.read_bytes() == DATA
    assert stat.S_IMODE(place.target.stat().st_mode) == 0o644
    found = find_file(bringer.spec(sha256=GOOD), [bringer.root])
    assert (found.state, found.verified, found.fetched) == ("present", True, True)
    assert not place.part.exists()
    assert not place.journal.exists()
    assert bringer.steps[-1].total_bytes == len(DATA)
    assert bringer.phases() == ["asking the source", "fetching", "putting it in place"]


async def test_what_is_here_is_not_fetched_again(bringer: Bringer) -> None:
    await bringer.fetch(sha256=GOOD)
    await bringer.fetch(sha256=GOOD)
    assert len(bringer.liar.gets()) == 1


async def test_a_cut_at_99_percent_goes_on_from_there(bringer: Bringer) -> None:
    bringer.liar.moods = [Mood(cut_after=len(DATA) * 99 // 100)]
    await bringer.fetch(sha256=GOOD)
    assert bringer.place.target.read_bytes() == DATA
    first, second = bringer.liar.gets()
    assert first.start == 0
    assert MOSTLY < second.start <= len(DATA) * 99 // 100
    assert second.headers["if-range"] == f'"{hashlib.md5(DATA).hexdigest()}"'
    assert second.headers["accept-encoding"] == "identity"


async def test_a_source_that_cuts_after_every_few_bytes_is_left_at_last(bringer: Bringer) -> None:
    bringer.liar.always = Mood(cut_after=1000)
    terms = bringer.with_terms(patience=replace(QUICK, attempts=50, most_attempts=6))
    with pytest.raises(ModelFilesError) as failure:
        await bringer.fetch(terms, sha256=GOOD)
    assert failure.value.error_code == "model_fetch_cut"
    assert len(bringer.liar.gets()) == 6
    assert not bringer.place.target.exists()


async def test_cuts_without_end_are_told_and_keep_what_came(bringer: Bringer) -> None:
    bringer.liar.moods = [Mood(cut_after=2_900_000)]
    bringer.liar.always = Mood(cut_after=0)
    assert await code_of(bringer, sha256=GOOD) == "model_fetch_cut"
    assert len(bringer.liar.gets()) == QUICK.attempts
    kept = find_file(bringer.spec(), [bringer.root])
    assert kept.state == "partial"
    bringer.liar.always = None
    await bringer.fetch(sha256=GOOD)
    # On a slow machine a cut takes more of what is on its way with it.
    assert bringer.liar.gets()[-1].start == kept.done_bytes > 0
    assert "checking what is here" in bringer.phases()
    assert bringer.place.target.read_bytes() == DATA


async def test_a_wrong_hash_puts_nothing_in_place(bringer: Bringer) -> None:
    bringer.liar.always = Mood(body=DATA[::-1])
    assert await code_of(bringer, sha256=GOOD) == "model_hash_wrong"
    assert find_file(bringer.spec(), [bringer.root]).state == "missing"


async def test_a_source_that_offers_another_size_is_not_read(bringer: Bringer) -> None:
    assert await code_of(bringer, size_bytes=len(DATA) + 1) == "model_size_wrong"
    assert not bringer.place.part.stat().st_size


async def test_a_part_of_an_older_version_is_thrown_away(bringer: Bringer) -> None:
    old = DATA[::-1]
    bringer.liar.offer("/model", old)
    bringer.liar.moods = [Mood(cut_after=2_900_000)]
    bringer.liar.always = Mood(cut_after=0)
    await code_of(bringer)
    bringer.liar.always = None
    bringer.liar.offer("/model", DATA)
    await bringer.fetch()
    assert bringer.place.target.read_bytes() == DATA


async def test_a_server_without_ranges_is_asked_for_the_whole_again(bringer: Bringer) -> None:
    bringer.liar.moods = [Mood(cut_after=2_000_000), Mood(no_ranges=True)]
    await bringer.fetch(sha256=GOOD)
    assert bringer.place.target.read_bytes() == DATA


@pytest.mark.parametrize(
    "lie",
    [
        Mood(shifted=1000),
        Mood(lie=True),
        Mood(headers=(("Content-Range", "bytes nonsense"),)),
        Mood(headers=(("Content-Range", f"bytes 2000000-2999999/{len(DATA) + 5}"),)),
        Mood(status=416),
        Mood(headers=(("ETag", '"another"'),)),
    ],
)
async def test_lies_about_ranges_end_in_the_right_bytes(bringer: Bringer, lie: Mood) -> None:
    bringer.liar.moods = [Mood(cut_after=2_000_000), lie]
    await bringer.fetch(sha256=GOOD)
    assert bringer.place.target.read_bytes() == DATA


async def test_a_server_that_says_too_much_or_too_little_is_found_out(bringer: Bringer) -> None:
    bringer.liar.always = Mood(chunked=True)
    assert await code_of(bringer) == "model_source_wrong"
    bringer.liar.always = Mood(length=len(DATA) - 10)
    assert await code_of(bringer, size_bytes=len(DATA)) == "model_size_wrong"
    bringer.liar.always = Mood(body=DATA + b"more", chunked=True)
    assert await code_of(bringer, size_bytes=len(DATA)) == "model_source_wrong"
    bringer.liar.always = Mood(chunked=True)
    await bringer.fetch(sha256=GOOD)
    assert bringer.place.target.read_bytes() == DATA


async def test_a_packed_answer_is_refused(bringer: Bringer) -> None:
    bringer.liar.always = Mood(headers=(("Content-Encoding", "gzip"),))
    assert await code_of(bringer) == "model_source_wrong"


async def test_a_stall_is_noticed_and_the_fetch_goes_on(bringer: Bringer) -> None:
    bringer.liar.moods = [Mood(stall_after=1_000_000)]
    terms = bringer.with_terms(patience=replace(QUICK, stall_seconds=0.5))
    await bringer.fetch(terms, sha256=GOOD)
    assert len(bringer.liar.gets()) > 1
    assert bringer.place.target.read_bytes() == DATA
    bringer.place.target.unlink()
    bringer.liar.always = Mood(stall_after=0)
    once = bringer.with_terms(patience=replace(QUICK, stall_seconds=0.5, attempts=1))
    assert await code_of(bringer, terms=once) == "model_fetch_stalled"


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        (Mood(status=404), "model_file_not_found"),
        (Mood(status=403), "model_source_refuses"),
        (Mood(status=401), "model_token_missing"),
        (Mood(status=418), "model_source_refuses"),
        (Mood(status=503), "model_source_refuses"),
        (Mood(status=429, headers=(("Retry-After", "7"),)), "model_source_busy"),
    ],
)
async def test_each_refusal_has_its_word(bringer: Bringer, mood: Mood, code: str) -> None:
    bringer.liar.always = mood
    assert await code_of(bringer) == code


async def test_a_source_that_wants_a_pause_is_asked_again(bringer: Bringer) -> None:
    busy = Mood(status=429, headers=(("Retry-After", "1"),))
    bringer.liar.moods = [busy, Mood(status=503)]
    await bringer.fetch(sha256=GOOD)
    assert "waiting for the source" in bringer.phases()


async def test_no_network_is_told_with_what_works_without(bringer: Bringer) -> None:
    with pytest.raises(ModelFilesError) as caught:
        await bringer.fetch(url="http://127.0.0.1:1/model")
    assert caught.value.error_code == "model_source_unreachable"
    assert "models import" in caught.value.remedy


async def test_the_proxy_of_the_environment_is_used(
    bringer: Bringer, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = "http://files.example.org/model"
    bringer.liar.files[far] = DATA
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", bringer.liar.address)
    await bringer.fetch(url=far, sha256=GOOD)
    assert bringer.liar.gets(far)
    monkeypatch.setenv("no_proxy", "*")
    await bringer.fetch(sha256=GOOD)


async def test_nobody_knows_where_it_is(bringer: Bringer) -> None:
    assert await code_of(bringer, url=None) == "model_no_source"


async def test_redirects_are_followed_but_not_without_end(bringer: Bringer) -> None:
    bringer.liar.redirects = {"/first": "/model?sig=a%2Fb", "/round": "/back", "/back": "/round"}
    await bringer.fetch(url=f"{bringer.liar.address}/first", sha256=GOOD)
    assert bringer.liar.gets()[-1].path == "/model?sig=a%2Fb"
    bringer.place.target.unlink()
    assert await code_of(bringer, url=f"{bringer.liar.address}/round") == "model_source_wrong"


async def test_a_full_disk_is_told_before_and_during_and_the_part_stays(bringer: Bringer) -> None:
    full = bringer.with_terms(free_bytes=lambda _: 1000)
    assert await code_of(bringer, terms=full, sha256=GOOD) == "model_disk_full"
    assert not bringer.place.part.stat().st_size
    await bringer.fetch(bringer.with_terms(reserve_bytes=1, free_bytes=lambda _: len(DATA) + 1))


async def test_a_root_that_is_missing_is_told(bringer: Bringer) -> None:
    bringer.root.rmdir()
    assert await code_of(bringer) == "model_root_missing"


async def test_somebodys_own_file_is_replaced_only_when_asked_to(bringer: Bringer) -> None:
    target = bringer.place.target
    target.parent.mkdir()
    target.write_bytes(b"mine")
    with pytest.raises(Conflict) as caught:
        await bringer.fetch(size_bytes=len(DATA))
    assert caught.value.error_code == "model_place_taken"
    assert target.read_bytes() == b"mine"
    await bringer.fetch(bringer.with_terms(replace=True), size_bytes=len(DATA))
    assert target.read_bytes() == DATA


async def test_a_file_of_ours_that_the_catalogue_means_otherwise_now_is_replaced(
    bringer: Bringer,
) -> None:
    await bringer.fetch(sha256=GOOD)
    newer = DATA[::-1]
    bringer.liar.offer("/model", newer)
    await bringer.fetch(sha256=hashlib.sha256(newer).hexdigest())
    assert bringer.place.target.read_bytes() == newer


async def test_who_cancels_keeps_what_came(bringer: Bringer) -> None:
    bringer.liar.moods = [Mood(stall_after=1_500_000)]
    fetching = asyncio.ensure_future(bringer.fetch(sha256=GOOD))
    await until(bringer.liar.reached.is_set)
    await until(lambda: bool(bringer.steps) and bringer.steps[-1].done_bytes > 0)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    kept = find_file(bringer.spec(), [bringer.root])
    assert (kept.state, kept.done_bytes > 0) == ("partial", True)
    await bringer.fetch(sha256=GOOD)
    assert bringer.liar.gets()[-1].start == kept.done_bytes
    assert bringer.place.target.read_bytes() == DATA


async def test_two_fetches_of_one_file_ask_once(bringer: Bringer) -> None:
    await asyncio.gather(*(bringer.fetch(sha256=GOOD) for _ in range(5)))
    assert len(bringer.liar.gets()) == 1
    assert bringer.place.target.read_bytes() == DATA


async def test_who_does_not_wait_hears_who_writes(bringer: Bringer) -> None:
    bringer.place.lock.parent.mkdir(parents=True)
    lock = WriterLock(bringer.place.lock, bringer.root)
    assert lock.take()
    try:
        with pytest.raises(Conflict, match=r"process \d+ of .* on ") as caught:
            await bringer.fetch(bringer.with_terms(wait_for_others=False))
        assert caught.value.error_code == "model_busy"
    finally:
        lock.release()


async def test_nothing_but_whole_files_is_ever_visible(bringer: Bringer) -> None:
    bringer.liar.moods = [Mood(cut_after=n) for n in (100_000, 900_000)] + [Mood(lie=True)]
    seen: set[str] = set()

    def look(*_: object) -> None:
        seen.update(
            path.name
            for path in bringer.root.rglob("*")
            if path.is_file() and HIDDEN not in path.parts
        )
        if bringer.place.target.exists():
            assert bringer.place.target.read_bytes() == DATA

    bringer.steps = type("Looks", (list,), {"append": lambda self, step: look()})()
    await bringer.fetch(sha256=GOOD)
    look()
    assert seen == {"model.safetensors"}


async def test_containers_can_read_the_file_whatever_the_mask_of_the_admin(
    bringer: Bringer,
) -> None:
    before = os.umask(0o077)
    try:
        await bringer.fetch(sha256=GOOD)
    finally:
        os.umask(before)
    assert bringer.place.target.parent.stat().st_mode & 0o777 == 0o755
    assert bringer.place.target.stat().st_mode & 0o777 == 0o644


def test_an_import_too_and_no_link_is_made_to_what_others_may_not_read(bringer: Bringer) -> None:
    offered = bringer.root.parent / "stick"
    offered.mkdir()
    (offered / "model.safetensors").write_bytes(DATA)
    (offered / "model.safetensors").chmod(0o600)
    before = os.umask(0o077)
    try:
        brought = bring_file(
            bringer.spec(sha256=GOOD, folder="vae/large"),
            [bringer.root],
            offered_by(offered),
            bringer.terms,
            lambda _: None,
            link=True,
        )
    finally:
        os.umask(before)
    assert brought is not None
    assert not brought.linked
    for folder in ("vae", "vae/large"):
        assert (bringer.root / folder).stat().st_mode & 0o777 == 0o755
    here = bringer.root / "vae" / "large" / "model.safetensors"
    assert here.stat().st_mode & 0o777 == 0o644
