"""How many pictures a graph asks for, before it is drawn, and how many came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .comfyui_graph import Graph, counts, is_link
from .own_jobs import OutputFile

FILMS = ("Animated", "Video")
"""In the names of nodes that make one file of many pictures."""
MOST = 100_000
SOCKET = "Websocket"
"""In the name of the node whose pictures come by the socket alone."""


def pictures_asked(graph: Graph) -> int:
    """Return how many pictures a graph puts out at the most that it tells, and 1 at least.

    What it saves and what it only shows are mostly the same pictures, so the larger number counts.
    """
    batches = _batches(graph)
    asked: Counter[str] = Counter()
    for name, node in graph.items():
        class_type = str(node.get("class_type"))
        film = any(word in class_type for word in FILMS)
        asked[_kind(class_type)] += 1 if film else batches[name]
    del asked[""]
    return min(MOST, max(asked.values(), default=1))


def pictures_made(files: Iterable[OutputFile], by_socket: int) -> int:
    """Return how many pictures came: as files or, larger, by the socket; inputs shown are none."""
    kinds = Counter(kind for kind, _, _ in files)
    return max(kinds["output"], kinds["temp"], by_socket)


def _kind(class_type: str) -> str:
    if SOCKET in class_type:
        return "socket"
    return next((word for word in ("Save", "Preview") if word in class_type), "")


def _batches(graph: Graph) -> dict[str, int]:
    """Return how many pictures each node gives at a time: of its largest input, times its own.

    Goes once over the graph, for some are long; a circle, which ComfyUI refuses, ends anywhere.
    """
    found: dict[str, int] = {}
    for first in graph:
        waiting = [(first, False)]
        seen = {first}
        while waiting:
            name, fed = waiting.pop()
            if name in found:
                continue
            before = _before(graph, name)
            if not fed:
                waiting.append((name, True))
                waiting += [(one, False) for one in before if one not in found and one not in seen]
                seen.update(before)
                continue
            made = max((found.get(one, 1) for one in before), default=1)
            for _, several in counts(graph, graph[name]):
                made = int(min(float(MOST), made * max(1.0, several)))
            found[name] = made
    return found


def _before(graph: Graph, name: str) -> list[str]:
    return [value[0] for value in graph[name]["inputs"].values() if is_link(graph, value)]
