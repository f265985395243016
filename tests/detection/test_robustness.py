"""Whatever a notebook holds, detection gives a profile, and says when it could not look."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector

DETECTOR = Detector(load_catalog())
DEFECT = "defect"

QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
CELL_KEYS = st.sampled_from(["cell_type", "source", "input", "metadata", "language"])
CODE = """
%env COMFYUI_API_URL=http://localhost:8188
import os, requests
from openai import OpenAI
from urllib.parse import urljoin
BASE = os.getenv("COMFYUI_API_URL", "http://localhost:8188") or "https://h"
class Client(Base):
    def __init__(self, url=BASE, **more):
        super().__init__(url)
        self.url, *self.rest = url, 1
    @property
    def address(self):
        return "{}/{x}".format(self.url, x="%s" % ("prompt",))
    async def send(self, *graphs, token=None):
        for name, graph in {"a": {"1": {"class_type": "KSampler"}}}.items():
            async with self.session.post(self.address, json={"prompt": graph}) as reply:
                yield (await reply.json())["prompt_id"]
try:
    client = Client(BASE) if os.environ["X"] == "1" else Client()
    [x async for x in client.send(*[1], **{"token": None})]
except Exception as error:
    print(f"{error!r:>{10}}", file=open("x", "w"))
finally:
    OpenAI(base_url=BASE).images.generate(model=f"dall-e-{3}", prompt=lambda x: x)
match client:
    case Client(url=u): requests.post(urljoin(u, "/sdapi/v1/txt2img"), data=b"")
!curl -X POST http://localhost:8188/prompt -d @x
"""
WORDS = [
    "class X:", "def f(a, *b, c=1, **d):", "    return f(a)", "global x", "lambda: f", "f(*a, **b)",
    "x = x + '/prompt'", "requests.post(x)", "for x in x:", "    x[x] = x", "with x as (y, *z):",
    "    pass", "@f", "if not x:", "else:", "try:", "except:", "%%time", "!ls", "x?", "'''",
    "{x: x}",
    "x: int", "x += '/prompt'", "import a.b as x", "from . import *", "del x", "match x:",
    "    case {'a': b}: f(b)", "await x", "(x := f(x))", "[f(y) for y in x]", "x.y.z = f", "\\",
    "f'{x!r}'",
]  # fmt: skip


def check(data: bytes) -> None:
    profile = DETECTOR.profile_bytes(data)
    assert DEFECT not in profile.note
    assert profile.needs_image_service == bool(profile.services)
    assert (profile.type == "CLASSIC") == (not profile.services)


def cell(source: object, language: str = "python") -> bytes:
    metadata = {"kernelspec": {"name": language, "language": language}}
    cells = [{"cell_type": "code", "source": source}]
    return json.dumps({"cells": cells, "metadata": metadata}).encode()


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes_give_a_profile(data):
    check(data)


@QUICK
@given(JSON)
def test_any_json_gives_a_profile(document):
    check(json.dumps(document).encode("utf-8", errors="surrogatepass"))


@QUICK
@given(
    st.fixed_dictionaries(
        {
            "cells": st.lists(
                st.dictionaries(CELL_KEYS, JSON | st.just("code"), max_size=5), max_size=4
            ),
            "metadata": st.dictionaries(
                st.sampled_from(["genai", "kernelspec", "language_info"]), JSON, max_size=3
            ),
        }
    )
)
def test_any_cells_and_metadata_give_a_profile(document):
    check(json.dumps(document).encode("utf-8", errors="surrogatepass"))


@QUICK
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_any_mutation_of_working_code_gives_a_profile(rng: random.Random, changes: int):
    lines = CODE.split("\n")
    for _ in range(changes):
        place = rng.randrange(len(lines))
        kind = rng.randrange(5)
        if kind == 0:
            del lines[place]
        elif kind == 1:
            lines.insert(place, lines[rng.randrange(len(lines))])
        elif kind == 2:
            lines[place] = lines[place][: rng.randrange(len(lines[place]) + 1)]
        elif kind == 3:
            lines[place] = lines[place].lstrip()
        else:
            words = lines[place].split(" ")
            rng.shuffle(words)
            lines[place] = " ".join(words)
        lines = lines or [""]
    check(cell("\n".join(lines)))


@QUICK
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=25))
def test_any_sequence_of_statements_gives_a_profile(words):
    check(cell("/prompt\n" + "\n".join(words)))
    check(cell("x = '/prompt'\n" + "\n".join(words)))


HOSTILE = {
    "open brackets": "x='/prompt'\n" + "(" * 50_000,
    "a long sum": "y='/prompt'\nx=" + '"a"+' * 9_000 + '"b"',
    "many signs": "y='/prompt'\nx=" + "-" * 50_000 + "1",
    "a long chain": "y='/prompt'\na" + ".b" * 20_000,
    "a list of numbers": "y='/prompt'\nx=[" + "1," * 40_000 + "]",
    "a function that calls itself": (
        "import requests\ndef f(x):\n  requests.post(x+'/prompt')\n  return f(f(x+x))\nf('a')"
    ),
    "calls that double at every step": (
        "".join(f"def f{i}(x):\n  f{i + 1}(x)\n  return f{i + 1}(x)\n" for i in range(60))
        + "def f60(x): x.images.generate()\nf0(1)"
    ),
    "branches that double at every step": (
        "x='a'\n" + "if q:\n  x=x+'b'\nelse:\n  x='c'+x\n" * 500 + "requests.post(x+'/prompt')"
    ),
    "a class that is its own base": (
        "class A(A): pass\nclass A(A): pass\nA().images.generate()\nclass B(B): b = B\n"
    ),
    "a table that holds itself": "x={}\nx['prompt']=x\nrequests.post('http://h/prompt', json=x)",
    "many broken statements": "'/prompt'\n" + "x = = 1\n" * 4_000,
    "many decorators": "'/prompt'\n" + "@a\n" * 4_000,
    "many quotes": "/prompt requests.post(" + "\"'" * 20_000,
    "a long shell line": "!python " * 10_000 + "/prompt",
    "a long curl line": "!curl " * 10_000 + "/prompt",
    "many dollar signs": "/prompt " + "$" * 90_000,
    "many blank lines": "/prompt" + "\n" * 90_000 + "%",
    "null characters": "x='/prompt'\x00",
    "an unknown escape": "x = '\\d/prompt'; y = b'\\d'; z = '\\400'",
}


@pytest.mark.parametrize("language", ["python", "C#"])
@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_code_gives_a_profile(source, language):
    check(cell(source, language))


def test_work_in_code_that_is_too_long_to_follow_is_scanned():
    loop = "x = '/prompt'\n" + "y = x + x + x + x + x + x\n" * 2_600
    work = "import openai\nopenai.images.generate(prompt='x')"
    cells = [{"cell_type": "code", "source": source} for source in (loop, loop, work)]
    profile = DETECTOR.profile_bytes(json.dumps({"cells": cells}).encode())
    assert profile.services == ["openai"]


def test_many_cells_give_a_profile():
    one = {"cell_type": "code", "source": "x = '/prompt'"}
    check(json.dumps({"cells": [one] * 10_000}).encode())


def test_the_parser_s_warnings_do_not_reach_the_server(recwarn):
    check(cell("import re\nre.compile('\\d+/prompt')\nx = 1if True else 2\nx is 1"))
    assert not [str(item.message) for item in recwarn if "escape" in str(item.message)]
