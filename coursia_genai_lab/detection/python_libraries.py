"""What a call to something imported means: an environment read, an address, work that is sent."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .python_state import State
from .signs import judge_address
from .values import (
    HOLE,
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
    as_texts,
    choice,
    join,
    options,
    texts,
)

_HTTP = {
    "requests", "httpx", "aiohttp", "urllib", "urllib2", "urllib3", "http", "websocket",
    "websockets", "grequests", "niquests", "curl_cffi", "pycurl", "treq", "tornado",
}  # fmt: skip
_SENDS = {"post", "put", "patch"}
_ASKS = {
    "get", "head", "options", "delete", "request", "stream", "urlopen", "Request", "urlretrieve",
    "ws_connect", "connect", "create_connection", "send", "WebSocketApp",
}  # fmt: skip
_ENVIRONMENTS = {
    "os.environ", "dotenv.dotenv_values()", "environs.Env()", "decouple", "google.colab.userdata",
}  # fmt: skip
_READS = {
    "os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "decouple.config",
    "dotenv.get_key", "dotenv.dotenv_values().get", "google.colab.userdata.get",
}  # fmt: skip
_JOINS = {"urljoin", "join", "joinpath"}
_OWN_SERVERS = ("main.py", "launch.py", "webui.sh", "webui.py", "comfy launch", "comfyui/main")
_ADDRESS_WORDS = (
    "base_url", "url", "api_url", "server_url", "endpoint", "azure_endpoint", "api_base", "host",
    "server_address", "baseurl",
)  # fmt: skip
_STUDY = {"pandas", "sklearn", "statsmodels", "seaborn", "xgboost", "lightgbm", "polars"}
_STUDY_STARTS = ("read_", "load_", "make_", "fit", "DataFrame", "fetch_")


class Libraries(State):
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
        made = self._request(function, word, positional, named, node)
        self._run_callbacks(positional, named)
        if made is not None:
            return made
        address = choice([named[key] for key in _ADDRESS_WORDS if key in named])
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
            return _joined_address(positional)
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
        return any(
            f".{known}." in f".{module}."
            for call in self.indicators.calls
            for known in call.modules
        )

    # Image work by a client library

    def _work(
        self, function: Named, positional: list[Value], named: dict[str, Value], node: ast.Call
    ) -> None:
        name = function.name
        call = self.indicators.call(name)
        if call is not None:
            services = self._provider(
                call.services, function.address, function.key, named.get("model")
            )
            edits = any(part in name.rsplit(".", 1)[-1] for part in ("edit", "img2img", "inpaint"))
            self.sign(
                services, f"call:{call.name}", node,
                work=True, address=function.address, edits=edits,
            )  # fmt: skip
        elif name.endswith(("chat.completions.create", "responses.create")):
            self._picture_by_chat(function, named, node)
        elif name.endswith("call_service") and positional:
            service = self.indicators.containers.get(as_text(positional[0]).text)
            if service and not self.is_cloud((service,)):
                self.sign((service,), "helper:call_service", node, work=True)

    def _picture_by_chat(self, function: Named, named: dict[str, Value], node: ast.AST) -> None:
        by_model = self._chat_model(named.get("model"), named.get("modalities"))
        tools = [one for item in options(named.get("tools")) for one in _tables(item)]
        if any(as_text(tool.entries.get("type")).text == "image_generation" for tool in tools):
            by_model = by_model or self.cloud_default("images.generate")
        if by_model:
            services = self._provider(
                (by_model,), function.address, function.key, named.get("model")
            )
            self.sign(services, "model:image", node, work=True, address=function.address)

    def _chat_model(self, model: Value | None, modalities: Value | None) -> str | None:
        for text in texts(model)[:1]:
            return self.indicators.cloud_model(text.text)
        rows = [one for one in options(modalities) if isinstance(one, Row)]
        if any(as_text(item).text == "image" for row in rows for item in row.items):
            return self.cloud_default("images.generate")
        return None

    def _provider(
        self,
        services: tuple[str, ...],
        address: Value | None,
        key: Value | None,
        model: Value | None,
    ) -> tuple[str, ...]:
        """Return whose service a cloud client reaches: by host, model, then variables.

        A client class says little: in real notebooks OPENAI_BASE_URL may lead to OpenRouter. A
        host that no spec knows is somebody else's service: none of ours.
        """
        if not self.is_cloud(services):
            return services
        where = texts(address)[:1]
        by_host = self.indicators.host(where[0].text) if where else None
        judged = judge_address(where[0]) if where else "unknown"
        if judged in {"hosted", "local"} and not where[0].variables:
            return (by_host,) if by_host else ()
        known = texts(model)[:1]
        by_model = self.indicators.cloud_model(known[0].text) if known else None
        found = (
            by_model
            or by_host
            or self.indicators.variable_service(where[0] if where else None)
            or self.indicators.variable_service(next(iter(texts(key)), None))
        )
        return (found,) if found else services

    # HTTP

    def _request(
        self,
        function: Named,
        word: str,
        positional: list[Value],
        named: dict[str, Value],
        node: ast.Call,
    ) -> Value | None:
        root = function.name.split(".")[0].removesuffix("()")
        if word not in _SENDS | _ASKS or root not in _HTTP | {"?"}:
            return None
        method, rest = "", positional
        if word in {"request", "stream"}:
            method = as_text(positional[0] if positional else named.get("method")).text.lower()
            rest = positional[1:]
        target = named.get("url") or (rest[0] if rest else UNKNOWN)
        body = [named[key] for key in ("json", "data", "content", "files", "body") if key in named]
        if word in _SENDS | {"urlopen", "Request", "request"}:
            body += rest[1:2]
        method = method or as_text(named.get("method")).text.lower()
        sends = word in _SENDS or method in _SENDS or function.sends
        sends = sends or (word in {"urlopen", "Request"} and bool(body))
        for option in options(target):
            if isinstance(option, Named) and option.address is not None:
                # A request that was prepared before: urlopen(Request(url, data)).
                sends, target = sends or option.sends, option.address
        whole = _with_base(function.address, target)
        self.note_request(whole, sends, body, node)
        return Named(f"{function.name}()", whole, function.key, sends)

    def note_request(self, address: Value, sends: bool, body: list[Value], node: ast.AST) -> None:
        """Note every route that a request may go to."""
        first = next(iter(texts(address)), None)
        for text in texts(address):
            for route in self.indicators.route(text.text)[:1]:
                graph = any(_has_graph(item) for item in body)
                surely = graph or (_field(body, "client_id") and _field(body, "prompt"))
                services = self._provider(
                    route.services, Text(text.text, text.variables), None, _field(body, "model")
                )
                self.sign(
                    services, f"route:{route.path}", node,
                    work=route.work and sends, address=first,
                    needs_support=route.common and not surely, graph=graph,
                    edits="edit" in route.path or "img2img" in route.path,
                )  # fmt: skip
            if sends and text.text.rstrip("/").endswith(("/chat/completions", "/responses")):
                model = self._chat_model(_field(body, "model"), _field(body, "modalities"))
                if model:
                    services = self._provider((model,), text, None, _field(body, "model"))
                    self.sign(services, "model:image", node, work=True, address=first)
            self.note_word(text.text, node)

    # The rest of the notebook

    def _starts_own_server(self, name: str, positional: list[Value]) -> None:
        if name.startswith(("subprocess.", "os.system", "os.popen", "asyncio.create_subprocess")):
            words = [as_text(item).text for value in positional for item in _flat(value)]
            if any(sign in word.lower() for word in words for sign in _OWN_SERVERS):
                self.starts_own_server = True

    def _study(self, name: str, word: str, positional: list[Value]) -> None:
        if name.split(".")[0].removesuffix("()") not in _STUDY:
            return
        cell = self.studies.setdefault(self.place.index, [0, 0])
        cell[0] += 1
        starts = word.startswith(_STUDY_STARTS)
        if word == "DataFrame":
            first = positional[0] if positional else UNKNOWN
            starts = (isinstance(first, Row) and len(first.items) > 1) or isinstance(first, Table)
        cell[1] += starts

    def _run_callbacks(self, positional: list[Value], named: dict[str, Value]) -> None:
        # A function that is handed over (to a thread, a button, asyncio) will be called.
        for value in [*positional, *named.values()]:
            for option in _flat(value):
                if isinstance(option, Function):
                    self.run(option, [], {})


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


def _joined_address(parts: list[Value]) -> Value:
    trimmed: list[Value] = []
    for index, part in enumerate(parts):
        made = [
            Text(t.text.rstrip("/") if index < len(parts) - 1 else t.text.lstrip("/"), t.variables)
            for t in as_texts(part)
        ]
        trimmed.append(choice(made))
    return join(trimmed, "/")


def _with_base(base: Value | None, target: Value) -> Value:
    if base is None or base is UNKNOWN:
        return choice([target]) if texts(target) else Text(HOLE)
    whole = [one for one in texts(target) if "://" in one.text or one.text.startswith(HOLE)]
    if whole:
        return choice(whole)
    return _joined_address([base, choice(texts(target))])


def _flat(value: Value) -> Iterator[Value]:
    for option in options(value):
        if isinstance(option, Row):
            for item in option.items:
                yield from options(item)
        else:
            yield option


def _tables(value: Value) -> Iterator[Table]:
    for option in _flat(value):
        if isinstance(option, Table):
            yield option


def _field(body: list[Value], name: str) -> Value | None:
    for item in body:
        for table in _tables(item):
            if name in table.entries:
                return table.entries[name]
    return None


def _has_graph(value: Value) -> bool:
    for table in _tables(value):
        for entry in table.entries.values():
            for inner in _tables(entry):
                if "class_type" in inner.entries:
                    return True
                if any(
                    "class_type" in node.entries
                    for item in inner.entries.values()
                    for node in _tables(item)
                ):
                    return True
    return False
