"""What a call to something imported means: an environment read, an address, work that is sent."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from .python_requests import Requests, flat, joined_address, tables
from .values import (
    UNKNOWN,
    Function,
    Instance,
    Klass,
    Named,
    Row,
    Table,
    Text,
    Value,
    as_text,
    choice,
    options,
    spread,
    texts,
)

_ENVIRONMENTS = {
    "os.environ", "dotenv.dotenv_values()", "environs.Env()", "decouple", "google.colab.userdata",
}  # fmt: skip
_READS = {
    "os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "decouple.config",
    "dotenv.get_key", "dotenv.dotenv_values().get", "google.colab.userdata.get",
}  # fmt: skip
_CHATS = ("chat.completions.create", "responses.create", "responses.stream")
_JOINS = {"urljoin", "join", "joinpath"}
_OWN_SERVERS = ("main.py", "launch.py", "webui.sh", "webui.py", "comfy launch", "comfyui/main")
_ADDRESS_WORDS = (
    "base_url", "url", "api_url", "server_url", "endpoint", "azure_endpoint", "api_base", "host",
    "server_address", "baseurl",
)  # fmt: skip
_HOST_WORDS = ("host", "server_address")
"""Of these, those whose value may stand without a scheme."""
_ONLY_LOOK = {"print", "help", "type", "dir", "callable", "hasattr", "isinstance", "repr", "str"}
_STUDY = {"pandas", "sklearn", "statsmodels", "seaborn", "xgboost", "lightgbm", "polars"}
_STUDY_STARTS = ("read_", "load_", "make_", "fit", "DataFrame", "fetch_")


class Libraries(Requests):
    """Know the libraries by which notebooks reach picture services."""

    def library(
        self, function: Named, positional: list[Value], named: dict[str, Value], node: ast.Call
    ) -> Value:
        """Return what the call gives, noting what it sends."""
        name = function.name
        word = name.rsplit(".", 1)[-1]
        plain = self._plain(name, word, positional, named, node)
        if plain is not None:
            return plain
        self._study(name, word, positional)
        self._starts_own_server(name, positional)
        self._work(function, positional, named, node)
        made = self.request(function, word, positional, named, node)
        self._run_callbacks(positional, named, node)
        if made is not None:
            return made
        address = choice([_address_in(key, named[key]) for key in _ADDRESS_WORDS if key in named])
        if address is UNKNOWN and not word.islower():
            # A client class may take its address first; a method's first argument is data.
            address = choice([one for one in positional[:1] for _ in _addresses(one)])
        key_names = [key for key in ("api_key", "token", "key") if key in named]
        return Named(
            f"{name}()",
            function.address if address is UNKNOWN else address,
            choice([named[key] for key in key_names]) if key_names else function.key,
        )

    def _plain(
        self,
        name: str,
        word: str,
        positional: list[Value],
        named: dict[str, Value],
        node: ast.AST,
    ) -> Value | None:
        if name in _READS or (word in {"get", "str"} and name[: -len(word) - 1] in _ENVIRONMENTS):
            if name == "os.environ.setdefault" and len(positional) == 2:
                return self.variable(positional[0], positional[1], node)
            default = positional[1] if len(positional) > 1 else named.get("default")
            return self.variable(positional[0] if positional else UNKNOWN, default, node)
        if word in _JOINS and positional and name.split(".")[0] in {"urllib", "os", "posixpath"}:
            return joined_address(positional)
        if name in {"builtins.str", "builtins.dict", "builtins.list"}:
            if positional:
                return positional[0]
            return Table(dict(named)) if word == "dict" else Row()
        if name in {"importlib.import_module", "importlib.util.spec_from_file_location"}:
            return _module(positional)
        if name in {"importlib.util.module_from_spec", "copy.deepcopy", "copy.copy"}:
            return positional[0] if positional else UNKNOWN
        if name == "json.dumps" and positional:
            return positional[0]
        if name == "builtins.super" and self.owners:
            return _parent_of(self.owners[-1])
        return None

    def holds_environment(self, name: str) -> bool:
        return name in _ENVIRONMENTS

    def is_library(self, module: str) -> bool:
        """Return whether a spec names this module, so that its star import is followed."""
        parts = module.split(".")
        return any(self.indicators.is_of(parts, call.modules) for call in self.indicators.calls)

    # Image work by a client library

    def _work(
        self, function: Named, positional: list[Value], named: dict[str, Value], node: ast.Call
    ) -> None:
        name = function.name
        call = self.indicators.call(name)
        if call is not None:
            services = self.provider(
                call.services, function.address, function.key, named.get("model")
            )
            edits = any(part in name.rsplit(".", 1)[-1] for part in ("edit", "img2img", "inpaint"))
            self.sign(
                services, f"call:{call.name}", node,
                work=True, address=function.address, edits=edits,
            )  # fmt: skip
        elif name.endswith(_CHATS):
            self._picture_by_chat(function, named, node)
        elif name.endswith("call_service") and positional:
            service = self.indicators.containers.get(as_text(positional[0]).text)
            if service and not self.is_cloud((service,)):
                self.sign((service,), "helper:call_service", node, work=True)

    def _picture_by_chat(self, function: Named, named: dict[str, Value], node: ast.AST) -> None:
        extra = [one for item in options(named.get("extra_body")) for one in tables(item)]
        modalities = named.get("modalities") or next(
            (one.entries["modalities"] for one in extra if "modalities" in one.entries), None
        )
        by_model = self.chat_model(named.get("model"), modalities)
        tools = [one for item in options(named.get("tools")) for one in tables(item)]
        if any(as_text(tool.entries.get("type")).text == "image_generation" for tool in tools):
            by_model = by_model or self.cloud_default("images.generate")
        if by_model:
            services = self.provider(
                (by_model,), function.address, function.key, named.get("model")
            )
            self.sign(services, "model:image", node, work=True, address=function.address)

    # The rest of the notebook

    def _starts_own_server(self, name: str, positional: list[Value]) -> None:
        if name.startswith(("subprocess.", "os.system", "os.popen", "asyncio.create_subprocess")):
            words = [as_text(item).text for value in positional for item in flat(value)]
            found = any(sign in word.lower() for word in words for sign in _OWN_SERVERS)
            if found and not self.aside:
                self.starts_own_server = True

    def _study(self, name: str, word: str, positional: list[Value]) -> None:
        if name.split(".")[0].removesuffix("()") not in _STUDY or self.aside:
            return
        cell = self.studies.setdefault(self.place.index, [0, 0])
        cell[0] += 1
        starts = word.startswith(_STUDY_STARTS)
        if word == "DataFrame":
            first = positional[0] if positional else UNKNOWN
            starts = (isinstance(first, Row) and len(first.items) > 1) or isinstance(first, Table)
        cell[1] += starts

    def _run_callbacks(
        self, positional: list[Value], named: dict[str, Value], node: ast.Call
    ) -> None:
        # What is handed over (to a thread, a button, asyncio, an agent) will be called.
        for value in [*positional, *named.values()]:
            for option in flat(value):
                if isinstance(option, Function):
                    self.run(option, [], {})
                elif isinstance(option, Named) and "." in option.name:
                    self._hand_over(option, node)

    def _hand_over(self, given: Named, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in _ONLY_LOOK:
            return
        made = given.name.endswith("()")
        call = self.indicators.call(f"{given.name}.run" if made else given.name)
        if call is not None and (not made or call.name.endswith("().run")):
            services = self.provider(call.services, given.address, given.key, None)
            self.sign(services, f"call:{call.name}", node, work=True, address=given.address)


def _address_in(word: str, value: Value) -> Value:
    return spread(value, _with_scheme) if word in _HOST_WORDS else value


def _with_scheme(value: Value) -> Value:
    if isinstance(value, Text) and value.text and "://" not in value.text:
        return replace(value, text=f"http://{value.text}")
    return value


def _addresses(value: Value) -> Iterator[Text]:
    for text in texts(value):
        if "://" in text.text or (":" in text.text and " " not in text.text) or text.variables:
            yield text


def _module(positional: list[Value]) -> Value:
    # The file says more than the name that a loader gives it.
    for value in reversed(positional[:2]):
        name = as_text(value).text.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".py")
        if name.replace(".", "").isidentifier():
            return Named(name)
    return UNKNOWN


def _parent_of(owner: Value) -> Value:
    if isinstance(owner, Instance):
        for base in owner.klass.bases:
            if isinstance(base, Klass):
                return Instance(base, owner.attributes)
    return UNKNOWN
