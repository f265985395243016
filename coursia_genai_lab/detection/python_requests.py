"""What is sent over HTTP, to whom, and whose cloud a client reaches."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .indicators import Route
from .python_state import State
from .signs import judge_address
from .values import (
    HOLE,
    UNKNOWN,
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

_ANSWERED = {"json()", "headers", "cookies"}
"""Parts of an answer: what is read from them by `get` is no request."""


class Requests(State):
    """Recognise the routes of picture services in requests."""

    def request(
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
        if _ANSWERED & set(function.name.split(".")):
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
                surely = graph or self._is_common_work(route, text, body)
                services = self.provider(
                    route.services, Text(text.text, text.variables), None, _field(body, "model")
                )
                self.sign(
                    services, f"route:{route.path}", node,
                    work=route.work and sends, address=first,
                    needs_support=route.common and not surely, graph=graph,
                    edits="edit" in route.path or "img2img" in route.path,
                )  # fmt: skip
            # Chat that answers with pictures.
            if sends and text.text.rstrip("/").endswith(("/chat/completions", "/responses")):
                model = self.chat_model(_field(body, "model"), _field(body, "modalities"))
                if model:
                    services = self.provider((model,), text, None, _field(body, "model"))
                    self.sign(services, "model:image", node, work=True, address=first)
            self.note_word(text.text, node)

    def _is_common_work(self, route: Route, address: Text, body: list[Value]) -> bool:
        """Return whether what is sent to a path that anybody might use is a graph."""
        prompt = _field(body, "prompt")
        if prompt is None or texts(prompt):
            return prompt is not None and _field(body, "client_id") is not None
        if _field(body, "client_id") is not None:
            return True
        loaded = any(
            isinstance(one, Named) and one.name.startswith("json.load") for one in options(prompt)
        )
        word = self.indicators.dialect_word(route.services)
        return (
            loaded
            or self.indicators.usual_port(route.services, address.text)
            or any(word in line.split("#", 1)[0].lower() for line in self.place.lines)
        )

    # Clouds

    def chat_model(self, model: Value | None, modalities: Value | None) -> str | None:
        for text in texts(model)[:1]:
            found = self.indicators.cloud_model(text.text)
            if found:
                return found
        rows = [one for one in options(modalities) if isinstance(one, Row)]
        if any(as_text(item).text == "image" for row in rows for item in row.items):
            return self.cloud_default("images.generate")
        return None

    def provider(
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
        known = next((text.text for text in texts(model)), "")
        by_model = self.indicators.cloud_model(known)
        provider, _, rest = known.partition("/")
        if rest and not by_model:
            # Named with its provider, as in "azure/dall-e-3".
            by_model = self.indicators.cloud_model(rest)
        found = (
            by_model
            or by_host
            or self.indicators.variable_service(where[0] if where else None)
            or self.indicators.variable_service(next(iter(texts(key)), None))
        )
        if not found and rest and provider not in services:
            return ()
        return (found,) if found else services


def joined_address(parts: list[Value]) -> Value:
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
    return joined_address([base, choice(texts(target))])


def flat(value: Value) -> Iterator[Value]:
    for option in options(value):
        if isinstance(option, Row):
            for item in option.items:
                yield from options(item)
        else:
            yield option


def tables(value: Value) -> Iterator[Table]:
    for option in flat(value):
        if isinstance(option, Table):
            yield option


def _field(body: list[Value], name: str) -> Value | None:
    for item in body:
        for table in tables(item):
            if name in table.entries:
                return table.entries[name]
    return None


def _has_graph(value: Value) -> bool:
    for table in tables(value):
        for entry in table.entries.values():
            for inner in tables(entry):
                if "class_type" in inner.entries:
                    return True
                if any(
                    "class_type" in node.entries
                    for item in inner.entries.values()
                    for node in tables(item)
                ):
                    return True
    return False
