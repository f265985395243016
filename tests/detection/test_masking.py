"""No credential of a notebook is shown with the line that it stands on."""

from __future__ import annotations

import time
from itertools import product

import pytest

from coursia_genai_lab.detection.signs import masked


@pytest.mark.parametrize(
    "call",
    [
        "post('http://me:hunter22@127.0.0.1:8188/prompt', json=J)",
        "post('http://127.0.0.1:8188/prompt?token=hunter22', json=J)",
        "post('http://127.0.0.1:8188/prompt', json=J, auth=('me', 'hunter22'))",
        "post('http://127.0.0.1:8188/prompt', json=J, auth=HTTPBasicAuth('me', 'hunter22'))",
        "post('http://127.0.0.1:8188/prompt', json=J, headers={'X-API-Key': 'hunter22'})",
        "post('http://127.0.0.1:8188/prompt', json=J, headers=dict(auth_token=b'hunter22'))",
        "post('http://127.0.0.1:8188/prompt', json=J); PASSWORD='hunter22'",
        "post('http://127.0.0.1:8188/prompt', json=J, headers={'A': 'Basic hunter22'})",
        "post('http://127.0.0.1:8188/prompt', json=J); os.environ['MY_SECRET_1'] = 'hunter22'",
        "post('http://127.0.0.1:8188/prompt', json=J, headers={'A': 'Bearer hunter22'})",
    ],
)
def test_no_credential_stands_in_what_is_shown_of_a_line(detect, call):
    profile = detect("import os, requests", "J = {'prompt': {}}", f"requests.{call}")
    assert profile.services == ["comfyui"]
    assert profile.literal_addresses
    assert "hunter2" not in profile.model_dump_json()
    assert "127.0.0.1:8188" in profile.literal_addresses[0].excerpt


@pytest.mark.parametrize(
    "line",
    [
        "post(url, json={}, headers={'Authorization': f'Bearer {token}'})",
        "def generate(api_key: str = None, token=token): return images.generate(tokenizer='clip')",
        "key = os.getenv('COMFYUI_AUTH_TOKEN', ''); token = os.environ['COMFYUI_AUTH_TOKEN']",
        "TOKEN_URL = 'http://127.0.0.1:8188/prompt'",
    ],
)
def test_what_is_no_credential_is_shown(line):
    assert masked(line) == line


def test_masking_takes_no_longer_than_reading():
    words = ("token", "password=", "'", "://a:", "auth=('", "?key=", " ", "api_key: ", "x")
    began = time.process_time()
    for first, second in product(words, repeat=2):
        masked((first * 100 + second * 100) * 2)
    assert time.process_time() - began < 2
