"""Whatever a notebook holds, detection gives a profile, and says when it could not look."""

from __future__ import annotations

import copy
import json
import random

import pytest
from detection_promises import DETECTOR, check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursia_genai_lab.detection.fragments import Fragments

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


NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "text"], "metadata": {}},
            {"cell_type": "code", "source": CODE.splitlines(keepends=True), "outputs": [1]},
            {"cell_type": "code", "source": "x = 1", "metadata": {"tags": ["parameters"]}},
            {"cell_type": "code", "source": "a;", "metadata": {"vscode": {"languageId": "csharp"}}},
        ],
        "metadata": {
            "kernelspec": {"name": "python3", "language": "python"},
            "genai": {"services": ["comfyui"], "mode": "demo"},
        },
        "nbformat": 4,
    }
)  # fmt: skip


@QUICK
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_any_bytes_changed_in_a_notebook_give_a_profile(rng: random.Random, changes: int):
    data = bytearray(NOTEBOOK.encode())
    for _ in range(changes):
        place, kind = rng.randrange(len(data)), rng.randrange(4)
        if kind == 0:
            data[place] = rng.randrange(256)
        elif kind == 1:
            del data[place : place + rng.randrange(20)]
        elif kind == 2:
            data[place:place] = rng.choice([b'"', b"\\", b"{", b"]", b"\xff", b"NaN", b"\\ud800"])
        else:
            end = rng.randrange(len(data))
            data[place:place] = data[min(place, end) : max(place, end)][:200]
        data = data or bytearray(b" ")
    check(bytes(data))


def places(value: object, found: list[tuple[object, object]]) -> list[tuple[object, object]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        found.append((value, key))
        places(value[key], found)
    return found


@QUICK
@given(st.randoms(use_true_random=False), st.lists(JSON, min_size=1, max_size=4))
def test_any_part_replaced_in_a_notebook_gives_a_profile(rng: random.Random, parts: list[object]):
    document = json.loads(NOTEBOOK)
    for part in parts:
        owner, key = rng.choice(places(document, []))
        other = copy.deepcopy(rng.choice(places(document, []))[0])
        owner[key] = part if rng.random() < 0.7 else other
    check(json.dumps(document).encode())


@QUICK
@given(st.text(alphabet="/prompt.images-generate_\\\"'é<u006\n ", max_size=60))
def test_what_the_bytes_do_not_mention_no_text_mentions(text: str):
    fragments = Fragments(["/prompt", "images.generate", "image-", "generate_image"])
    for ascii_only in (True, False):
        written = json.dumps(text, ensure_ascii=ascii_only)
        for spelled in (written, written.replace("/", "\\/")):
            if fragments.in_text(text.lower()):
                assert fragments.may_be_in(spelled.encode())


@pytest.mark.parametrize("word", ["/prompt", "images.generate", "call_service", "dall-e-"])
def test_a_word_is_found_however_json_spells_it(word: str):
    fragments = Fragments([word, "images.edit", "extra"])
    spelled = "".join(f"\\u{ord(letter):04X}" for letter in word)
    for raw in (word, word.upper(), spelled, word.replace("/", "\\/")):
        assert fragments.may_be_in(f'"x = {raw}"'.encode())
    assert not fragments.may_be_in(b'"nothing of it"')


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
    "quotes that are escaped": "x = = '/prompt'\nrequests.post(" + '\\"' * 45_000,
    "a variable of spaces": "x = '/prompt'\n%env a" + " " * 90_000 + "\n",
    "a magic of spaces": "x = '/prompt'\n" + (" " * 1_900 + "!\n") * 40,
    "one statement that is too heavy": "x = '/prompt'\ny = f'" + "{a}" * 30_000 + "'",
    "heavy statements": "x = '/prompt'\n" + "f(g(h(1)))\n" * 9_000,
    "a number for a place": "x = '{²}/prompt{99999999999}'.format(1)",
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
