"""Notebooks as many tools write them: random content in random JSON styles."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from hypothesis import strategies as st

AWKWARD = st.sampled_from(
    ['"', "\\", '\\"', "\\\\", "{", "}", "[]", ',"genai":{', "é€😀", "\x7f", "\u2028", "a\nb", "\t"]
)
TEXTS = st.one_of(st.text(max_size=8), st.lists(AWKWARD, max_size=4).map("".join))
# Written as they stand: numbers that a round trip through Python would change, and NaN.
RAW = {"@1@": "1e5", "@2@": "1.0E-2", "@3@": "-0", "@4@": "NaN", "@5@": "12345678901234567890.10"}
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXTS, st.sampled_from(sorted(RAW)),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
NAMES = ["comfyui", "comfyui-qwen", "openai"]
OURS = {
    "services": st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    "mode": st.sampled_from(["auto", "local", "cloud", "demo", "off"]),
    "fallback": st.sampled_from(["ask", "auto", "never"]),
}
COURSE = {"enabled": True, "level": "débutant", "module": "01-3", "dependencies": ["requests>=2"]}
GENAI = st.one_of(
    st.none(),
    st.just(COURSE),
    # An empty one cannot be told from one that was emptied, and goes with the last word.
    st.fixed_dictionaries({}, optional=OURS).filter(bool),
    st.fixed_dictionaries({"enabled": st.booleans(), "level": TEXTS, **OURS}),
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a notebook; its `metadata.genai` is absent, a course's, ours, or a mixture."""
    cell = st.fixed_dictionaries(
        {
            "cell_type": st.just("code"),
            "source": TEXTS | st.lists(TEXTS, max_size=3),
            "outputs": VALUES,
        }
    )
    metadata = draw(st.dictionaries(TEXTS, VALUES, max_size=3))
    metadata.pop("genai", None)
    genai = draw(GENAI)
    if genai is not None:
        metadata["genai"] = dict(genai)
    entries: list[tuple[str, Any]] = [
        ("metadata", metadata),
        ("nbformat", draw(st.sampled_from([2, 3, 4]))),
        (draw(st.sampled_from(["cells", "worksheets"])), draw(st.lists(cell, max_size=3))),
        ("extra", draw(VALUES)),
    ]
    return dict(draw(st.permutations(entries)))


@st.composite
def styled(draw: st.DrawFn) -> bytes:
    """Return the bytes of a random notebook in a random style."""
    indent = draw(st.sampled_from([None, 0, 1, 2, 4, "\t"]))
    colon = draw(st.sampled_from([":", ": ", " : "]))
    text = json.dumps(
        draw(documents()),
        indent=indent,
        separators=("," if indent is not None else draw(st.sampled_from([",", ", "])), colon),
        ensure_ascii=draw(st.booleans()),
        sort_keys=draw(st.booleans()),
    )
    text = re.sub(r'"(@[1-5]@)"(?!\s*:)', lambda found: RAW[found.group(1)], text)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    data = (text + draw(st.sampled_from(["", "\n", "\r\n", "  "]))).encode("utf-8", "surrogatepass")
    return (codecs.BOM_UTF8 if draw(st.booleans()) else b"") + data


def parsed(data: bytes) -> Any:
    """Return what the bytes mean; NaN as a word that equals itself."""
    return json.loads(data.decode("utf-8-sig"), parse_constant=str)
