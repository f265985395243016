"""Whatever a file holds, it is a workflow or is refused with a sentence."""

from __future__ import annotations

import copy
import json
from typing import Any

from foreign_graphs import (
    base_and_refiner,
    flux_by_guider,
    inpainting_by_alpha,
    inpainting_by_colours,
    with_control_net,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines.exported import read_exported
from coursia_genai_lab.engines.orders import Order
from coursia_genai_lab.engines.registering import inspect, registration
from coursia_genai_lab.engines.registration_file import text_of
from coursia_genai_lab.engines.workflow_plan import plan
from coursia_genai_lab.errors import GenAIError

CATALOG = load_catalog(packages=False)
GRAPHS = [
    base_and_refiner(),
    flux_by_guider(),
    inpainting_by_alpha(),
    inpainting_by_colours(),
    with_control_net(),
]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x40\x00\x00\x00\x40\x08\x06\x00\x00\x00"
NAMES = st.sampled_from(
    ["text", "prompt", "seed", "noise_seed", "steps", "cfg", "width", "image", "positive", "model"]
)
KINDS = st.sampled_from(
    [
        *("KSampler", "CLIPTextEncode", "LoadImage", "LoadImageMask", "SaveImage", "ImageToMask"),
        *(
            "ConditioningZeroOut",
            "PrimitiveInt",
            "EmptyLatentImage",
            "SaveImageWebsocket",
            "Nobody",
        ),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def carried_through(data: bytes) -> None:
    """Read, inspect, register and order; nothing but our own errors may come of it."""
    refused: list[GenAIError] = []
    try:
        made = registration(inspect(read_exported(data)), "mine", CATALOG)
    except GenAIError as error:
        refused.append(error)
    else:
        text_of(made)
        for images in ((), (PNG,), (PNG, PNG)):
            for mask in (None, PNG):
                order = Order("mine", "a fox", 1, images=images, mask=mask, workflow=made.workflow)
                try:
                    graph = plan(order).graph_for(1, {"image": "a.png"})
                    json.dumps(graph, allow_nan=False)
                except GenAIError as error:
                    refused.append(error)
    assert all(error.message and error.remedy for error in refused)


@given(st.binary(max_size=200))
@QUICK
def test_bytes(data: bytes) -> None:
    carried_through(data)


@given(JSON)
@QUICK
def test_any_json(value: Any) -> None:
    carried_through(json.dumps(value).encode())


@given(st.data())
@QUICK
def test_workflows_with_something_changed(data: st.DataObject) -> None:
    graph: dict[str, Any] = copy.deepcopy(data.draw(st.sampled_from(GRAPHS)))
    links = st.tuples(st.sampled_from([*graph, "999"]), st.integers(-1, 3)).map(list)
    for _ in range(data.draw(st.integers(1, 5))):
        node = data.draw(st.sampled_from(list(graph)))
        about = graph[node]
        what = data.draw(st.sampled_from(["input", "link", "kind", "drop", "gone"]))
        if what == "kind":
            about["class_type"] = data.draw(KINDS)
        elif what == "gone" and len(graph) > 1:
            del graph[node]
        elif what == "drop" and about["inputs"]:
            del about["inputs"][data.draw(st.sampled_from(list(about["inputs"])))]
        else:
            name = data.draw(NAMES | st.sampled_from([*about["inputs"], "another"]))
            about["inputs"][name] = data.draw(links if what == "link" else JSON)
    carried_through(json.dumps(graph).encode())
