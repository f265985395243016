"""For every indicator of a service file: what it means, an example and a counter-example.

The rows become docs/teachers/what-is-detected.md and, in tests/detection/test_indicators.py, run
through the real detection. They follow from a template for each kind of indicator, so that a new
service brings its own; where a template cannot be right, the service file says its own under
`[detect.examples]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from coursia_genai_lab.catalog import ServiceSpec
from coursia_genai_lab.catalog.spec import DetectSpec

KINDS = tuple(name for name in DetectSpec.model_fields if name != "examples")
PROMPT = '"a red fox"'
SHORTEST_CSHARP_CALL = 12


@dataclass(frozen=True)
class Row:
    """One indicator of one service."""

    service: str
    kind: str
    """The key of the `[detect]` table."""
    literal: str
    """As the service file has it: a literal or a glob."""
    meaning: str
    example: str
    """A cell for which the service is detected."""
    counter_example: str
    """A cell that looks alike and needs nothing."""
    why_not: str
    rule: str = ""
    """The rule that its evidence names; empty where another indicator is the evidence."""
    language: Literal["python", "csharp"] = "python"


def rows_of(spec: ServiceSpec, specs: Mapping[str, ServiceSpec]) -> Iterator[Row]:
    """Yield a row for each indicator of a service, in the order of its file."""
    for kind in KINDS:
        for literal in getattr(spec.detect, kind):
            row = _TEMPLATES[kind](_Maker(spec, specs), literal)
            own = spec.detect.examples.get(f"{kind}:{literal}")
            if own is not None:
                row = replace(
                    row,
                    example=own.example.strip(),
                    counter_example=own.counter_example.strip(),
                    why_not=own.why_not or row.why_not,
                    # Which call a library's own example shows, the template cannot know.
                    rule="" if kind == "modules" else row.rule,
                )
            yield row


@dataclass(frozen=True)
class _Maker:
    spec: ServiceSpec
    specs: Mapping[str, ServiceSpec]

    @property
    def detect(self) -> DetectSpec:
        return self.spec.detect

    def row(
        self,
        kind: str,
        literal: str,
        meaning: str,
        example: str,
        counter: str,
        why: str,
        **more: str,
    ) -> Row:
        return Row(self.spec.name, kind, literal, meaning, example, counter, why, **more)  # type: ignore[arg-type]

    @property
    def address(self) -> str:
        """An address at which nobody but this service answers."""
        if self.detect.hosts:
            return f"https://{filled(self.detect.hosts[0], 'school')}"
        name = self.detect.prefers[0] if self.detect.prefers and self.has_sisters else "localhost"
        return f"http://{name}:{self.spec.door_port or 8000}"

    @property
    def has_sisters(self) -> bool:
        """Whether another service takes work at the same paths, and this is not the plain one."""
        return self.spec.name != self.spec.dialect and any(
            other.name != self.spec.name and set(other.detect.routes) & set(self.detect.routes)
            for other in self.specs.values()
        )

    def url(self, route: str) -> str:
        """The address with a path; clouds keep theirs below `/v1`."""
        below = "/v1" if self.spec.kind == "cloud" and not route.startswith("/api") else ""
        return f"{self.address}{below}{filled(route, 'single-image')}"

    def body(self, node: str = "", model: str = "") -> str:
        """What is sent: a graph where the service takes graphs."""
        if not self.detect.nodes:
            name = f', "model": "{model}"' if model else ""
            return f'{{"prompt": {PROMPT}{name}}}'
        inputs = f'{{"unet_name": "{model}"}}' if model else "{}"
        kind = node or "KSampler"
        return f'{{"prompt": {{"1": {{"class_type": "{kind}", "inputs": {inputs}}}}}}}'

    @property
    def post(self) -> str:
        """Lines that send work to this service."""
        if self.detect.routes:
            url = self.url(self.detect.routes[0])
            return f'import requests\nrequests.post("{url}", json={self.body()})'
        module, call = self.detect.modules[0], self.detect.calls[0]
        return f"import {module}\n{module}.{filled(call, '_image')}({PROMPT})"

    def call(self, module: str, call: str, model: str = "") -> str:
        """Lines that call something of a client library."""
        name = filled(call, "_image")
        arguments = f'model="{model}", prompt={PROMPT}' if model else PROMPT
        if self.has_sisters:
            arguments += f', server="{self.address}"'
        owner = f"{module}.Client()" if "." in name and name[0].islower() else module
        return f"import {module}\n{owner}.{name}({arguments})"


def filled(pattern: str, word: str) -> str:
    """Return a text that a glob stands for."""
    return pattern.replace("*", word)


def is_csharp(call: str) -> bool:
    """Return whether an entry of `calls` is a method of a .NET library."""
    dotnet = call.endswith("Async") or call.startswith(("GenerateImage", "GetImage"))
    return "." not in call and dotnet and len(call) >= SHORTEST_CSHARP_CALL


def _variable(make: _Maker, name: str) -> Row:
    route = make.detect.routes[0] if make.detect.routes else ""
    if name.endswith("_URL") and route:
        read = f'BASE = os.getenv("{name}", "{make.address}")'
        example = (
            f'import os, requests\n{read}\nrequests.post(BASE + "{route}", json={make.body()})'
        )
    else:
        key = f'KEY = os.environ["{name}"]'
        example = f"import os\n{key}\n{make.post}"
    return make.row(
        "variables", name,
        "Holds its address or credential. It says which service is meant where work is sent.",
        example, f'import os\nprint(os.getenv("{name}") is not None)',
        "It is read, and nothing is sent.", rule=f"variable:{name}",
    )  # fmt: skip


def _host(make: _Maker, host: str) -> Row:
    name = filled(host, "school")
    route = make.detect.routes[0] if make.detect.routes else "/images/generations"
    below = "" if route.startswith("/api") else "/v1"
    url = f"https://{name}{below}{filled(route, 'single-image')}"
    return make.row(
        "hosts", host, "Work that is sent to this host is for this service.",
        f'import requests\nrequests.post("{url}", json={make.body()})',
        f'import requests\nrequests.get("https://{name}/v1/models")',
        "No picture is asked for.",
    )  # fmt: skip


def _module(make: _Maker, module: str) -> Row:
    calls = [call for call in make.detect.calls if not is_csharp(call)]
    call = next((one for one in calls if "." not in one), calls[0])
    return make.row(
        "modules", module, "A client library: the calls below count on what comes from it.",
        make.call(filled(module, "api"), call),
        f"import {filled(module, 'api')}\nprint({filled(module, 'api')}.__name__)",
        "It is imported, and nothing is called.", rule=f"call:{call}",
    )  # fmt: skip


def _call(make: _Maker, call: str) -> Row:
    meaning = "A call of this name, on something of its libraries, asks for a picture."
    name = filled(call, "_image")
    if is_csharp(call):
        library = f"using {make.detect.modules[0].title()};" if make.detect.modules else ""
        line = f"var image = await client.{call}({PROMPT});"
        return make.row(
            "calls", call, "A .NET call of this name asks for a picture, its library being named.",
            f"{library}\n{line}", f"{library}\n// {line}",
            "A comment does nothing.", rule=f"call:{call}", language="csharp",
        )  # fmt: skip
    if "." in call:
        counter, why = f"print('client.{name}() makes a picture')", "A string does nothing."
    else:
        counter = f"def {name}(words):\n    return words\n{name}({PROMPT})"
        why = "A function of one's own by that name."
    module = make.detect.modules[0] if make.detect.modules else "client"
    return make.row(
        "calls", call, meaning, make.call(module, call), counter, why, rule=f"call:{call}"
    )


def _route(make: _Maker, route: str) -> Row:
    url = make.url(route)
    return make.row(
        "routes", route, "A POST to this path asks for a picture.",
        f'import requests\nrequests.post("{url}", json={make.body()})',
        f'HELP = "POST {filled(route, "single-image")} makes a picture"\nprint(HELP)',
        "A string does nothing.", rule=f"route:{route}",
    )  # fmt: skip


def _probe(make: _Maker, probe: str) -> Row:
    asked = f'requests.get("{make.address}{filled(probe, "example")}")'
    return make.row(
        "probes", probe, "A path of its server that makes no picture; it supports other evidence.",
        f"{make.post}\n{asked}", f"import requests\n{asked}",
        "It alone makes no picture.", rule=f"route:{probe}",
    )  # fmt: skip


def _node(make: _Maker, node: str) -> Row:
    graph = f'{{"1": {{"class_type": "{node}", "inputs": {{}}}}}}'
    url = make.url(make.detect.routes[0])
    return make.row(
        "nodes", node, "A node of a graph; it counts where a graph is sent.",
        f'import requests\nrequests.post("{url}", json={make.body(node)})',
        f"graph = {graph}\nprint(len(graph))", "The graph is sent nowhere.", rule=f"node:{node}",
    )  # fmt: skip


def _model(make: _Maker, model: str) -> Row:
    name = filled(model, "-1" if model.endswith(("image*", "vl*", "b*")) else "1")
    counter = f'models = ["{name}"]\nprint(len(models))'
    why = "It is named, and not asked for anything."
    if make.spec.kind == "cloud":
        call = next((c for c in make.detect.calls if "." in c and c[0].islower()), "")
        chat = "import openai\nopenai.OpenAI().chat.completions.create"
        example = f'{chat}(model="{name}", messages=[])'
        if call and make.detect.modules:
            example = make.call(make.detect.modules[0], call, name)
        return make.row(
            "models", model, "A picture model of this service: asking it is asking this service.",
            example, counter, why,
        )  # fmt: skip
    url = f"http://localhost:{make.spec.door_port or 8000}{make.detect.routes[0]}"
    return make.row(
        "models", model, "A model or file that chooses this service among those of its kind.",
        f'import requests\nrequests.post("{url}", json={make.body(model=name)})', counter, why,
        rule="word",
    )  # fmt: skip


def _prefers(make: _Maker, word: str) -> Row:
    host = make.detect.hosts[0] if make.detect.hosts else ""
    route = filled(make.detect.routes[0], "single-image")
    url = make.url(route) if word in host else f"http://{word}:{make.spec.door_port}{route}"
    return make.row(
        "prefers", word, "In a host, variable or file name: chooses it among those of its kind.",
        f'import requests\nrequests.post("{url}", json={make.body()})', f'print("{word}")',
        "A word alone is nothing.", rule="word",
    )  # fmt: skip


_TEMPLATES = {
    "variables": _variable,
    "hosts": _host,
    "modules": _module,
    "calls": _call,
    "routes": _route,
    "probes": _probe,
    "nodes": _node,
    "models": _model,
    "prefers": _prefers,
}
