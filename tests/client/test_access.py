"""Where the client calls, and with what."""

from __future__ import annotations

import pytest

from coursia_genai_lab.client import Access, Door, LabClient, find_access
from coursia_genai_lab.errors import InvalidRequest, TokenMissing


def test_the_door_is_found_in_the_environment():
    access = find_access({"GENAI_API_URL": "http://127.0.0.1:9/v1/", "GENAI_API_TOKEN": "cgl_x"})
    assert access.url == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    "environ", [{}, {"GENAI_API_URL": "http://127.0.0.1:9/v1"}, {"GENAI_API_TOKEN": "cgl_x"}]
)
def test_without_address_or_token_the_remedy_names_the_button_and_the_command(environ):
    with pytest.raises(TokenMissing) as caught:
        find_access(environ)
    assert "Enable GenAI for this kernel" in caught.value.remedy
    assert "command palette" in caught.value.remedy


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "127.0.0.1:8888", "http://u:p@host/", "http://h/?token=1"]
)
def test_an_address_that_is_none_or_holds_a_credential_is_refused(url):
    with pytest.raises(InvalidRequest) as caught:
        Access(url, "t")
    assert url == "" or url not in str(caught.value)


def test_a_token_shows_in_no_repr():
    access = Access("http://127.0.0.1:9", "cgl_secret")
    with Door(access) as door, LabClient("http://127.0.0.1:9", "cgl_secret") as lab:
        shown = f"{access!r} {door!r} {lab!r} {access.settings()!r}"
    assert "cgl_secret" not in shown


def test_loopback_goes_past_the_proxies_of_the_environment():
    assert not Access("http://127.0.0.1:9", "t").settings()["trust_env"]
    assert Access("https://lab.example.org", "t").settings()["trust_env"]
