from __future__ import annotations

import pytest

from coursia_genai_lab.errors import TokenMissing, TokenRefused
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.leases import Leases


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def mint(tokens: Tokens, lease_id: str, **more: object) -> str:
    made = tokens.mint(
        lease_id,
        person="ada",
        services=["comfyui"],
        kernel_id="k",
        path="a.ipynb",
        **more,  # type: ignore[arg-type]
    )
    return made.reveal()


def take(leases: Leases, **more: object) -> str:
    return leases.take("kernel", ["comfyui"], label="a", person="ada", **more).id  # type: ignore[arg-type]


def test_a_token_tells_whose_kernel_it_is_and_what_it_opens() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    lease = take(leases)
    text = mint(tokens, lease)
    grant = tokens.check(text)
    assert text.startswith("cgl_")
    assert len(text) == 47
    assert (grant.lease_id, grant.kernel_id, grant.person, grant.path) == (
        lease,
        "k",
        "ada",
        "a.ipynb",
    )
    assert grant.services == {"comfyui"}


def test_every_token_is_another_one() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    lease = take(leases)
    assert len({mint(tokens, lease) for _ in range(50)}) == 50


def test_a_token_ends_with_its_lease() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    lease = take(leases)
    text = mint(tokens, lease)
    grant = tokens.check(text)
    leases.drop(lease)
    assert not tokens.holds(grant)
    with pytest.raises(TokenRefused):
        tokens.check(text)


async def test_a_token_of_a_pending_lease_opens_until_the_lease_lapses() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    tokens = Tokens(leases)
    text = mint(tokens, take(leases, pending_seconds=60))
    assert tokens.check(text).person == "ada"
    clock.now += 61
    with pytest.raises(TokenRefused):
        tokens.check(text)


def test_a_token_ends_with_its_own_time() -> None:
    clock = Clock()
    leases = Leases()
    tokens = Tokens(leases, clock=clock)
    text = mint(tokens, take(leases), lifetime_seconds=30)
    clock.now += 29
    assert tokens.holds(tokens.check(text))
    clock.now += 1
    with pytest.raises(TokenRefused):
        tokens.check(text)


def test_revoking_ends_the_tokens_of_one_lease_only() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    one, two = take(leases), take(leases)
    first, second = mint(tokens, one), mint(tokens, two)
    tokens.revoke(one)
    tokens.revoke(one)
    with pytest.raises(TokenRefused):
        tokens.check(first)
    assert tokens.check(second).lease_id == two


@pytest.mark.parametrize(
    "text", ["cgl_", "cgl_" + "A" * 43, "x" * 47, "cgl_é" + "A" * 42, " ", "cgl_" + "A" * 4000]
)
def test_what_was_never_minted_is_refused(text: str) -> None:
    leases = Leases()
    tokens = Tokens(leases)
    mint(tokens, take(leases))
    with pytest.raises(TokenRefused):
        tokens.check(text)


def test_no_token_at_all_is_told_apart_from_a_bad_one() -> None:
    with pytest.raises(TokenMissing):
        Tokens(Leases()).check("")


def test_neither_a_secret_nor_the_store_shows_a_token() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    made = tokens.mint(take(leases), person="ada", services=[], kernel_id=None)
    assert made.reveal() not in repr(made)
    assert made.reveal() not in repr(vars(tokens))
