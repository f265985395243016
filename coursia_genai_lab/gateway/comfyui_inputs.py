"""The pictures that people upload to one ComfyUI: each has a folder of their own and sees no other.

ComfyUI has one input folder for everybody. A person's uploads go into a folder below it that only
the door names; in graphs and answers the caller meets the names that they gave.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from ..engines.comfyui_pictures import FOLDER
from ..errors import InvalidRequest, NotAllowed

REMEMBERED = 4096
"""Uploads whose names are known; the oldest are forgotten, and may be uploaded again."""
MOST_OF_ONE = 512
"""Of one person: whoever uploads more forgets their own."""
ANNOTATED = ("input", "output", "temp")
"""`LoadImage` takes `name [output]`, to mean a folder of its own."""
_OURS = re.compile(rf"{FOLDER}(-[0-9a-f]{{16}})?", re.IGNORECASE)
_PROSE = re.compile("text|prompt|string|value|positive|negative", re.IGNORECASE)
"""In names of inputs that hold what a person writes."""
_FILES = frozenset(
    {
        *("image", "images", "mask", "file", "filename", "path", "image_path", "file_path"),
        *("folder", "directory", "video", "audio", "model_file", "background_image"),
    }
)
"""Inputs by which nodes of any name load files."""


def folder_of(person: str) -> str:
    """Return the folder of a person's uploads below ComfyUI's input folder; it names nobody."""
    return f"{FOLDER}-{hashlib.sha256(person.encode()).hexdigest()[:16]}"


class OwnInputs:
    """Know what each person uploaded, by the names that they use."""

    def __init__(self) -> None:
        self._names: OrderedDict[tuple[str, str], None] = OrderedDict()

    def note(self, person: str, subfolder: str, name: str) -> None:
        """Remember an upload under the name by which its owner will call it."""
        key = person, _joined(subfolder, name)
        self._names[key] = None
        self._names.move_to_end(key)
        mine = self.names(person)
        if len(mine) > MOST_OF_ONE:
            del self._names[person, mine[0]]
        while len(self._names) > REMEMBERED:
            self._names.popitem(last=False)

    def names(self, person: str) -> list[str]:
        """Return what a person uploaded, the oldest first."""
        return [name for owner, name in self._names if owner == person]

    def has(self, person: str, subfolder: str, name: str) -> bool:
        """Say whether a person uploaded a file of this name."""
        return (person, _joined(subfolder, name)) in self._names

    def upstream(self, person: str, graph: dict[str, Any]) -> dict[str, Any]:
        """Return a graph with a person's own uploads under the names that ComfyUI knows.

        Raises:
            NotAllowed: it names a file of somebody else, or one outside the input folder.
        """
        return {
            key: self._node(person, node) if isinstance(node, dict) else node
            for key, node in graph.items()
        }

    def shown(self, person: str, value: Any) -> Any:
        """Return what ComfyUI told, its own names replaced by the caller's."""
        prefix = f"{folder_of(person)}/"
        if isinstance(value, str):
            return value.replace(prefix, "").replace(prefix[:-1], "") if FOLDER in value else value
        if isinstance(value, list):
            return [self.shown(person, one) for one in value]
        if isinstance(value, dict):
            return {key: self.shown(person, one) for key, one in value.items()}
        return value

    def _node(self, person: str, node: dict[str, Any]) -> dict[str, Any]:
        inputs = node.get("inputs")
        if not isinstance(inputs, dict):
            return node
        loads = str(node.get("class_type", "")).startswith("Load")
        mapped = {
            key: self._named(person, key, value, loads=loads) if isinstance(value, str) else value
            for key, value in inputs.items()
        }
        return {**node, "inputs": mapped}

    def _named(self, person: str, field: str, value: str, *, loads: bool) -> str:
        name, where = _annotation(value)
        if where in (None, "input") and (person, name) in self._names:
            suffix = "" if where is None else f" [{where}]"
            return f"{folder_of(person)}/{name}{suffix}"
        if not loads and _PROSE.search(field) and field not in _FILES:
            return value
        # Where output goes is no matter of inputs.
        if (loads or field != "filename_prefix") and any(
            _OURS.fullmatch(part.strip()) for part in re.split(r"[\\/]", name)
        ):
            raise _foreign(value)
        if (loads or field in _FILES) and (_outside(name) or where in ("output", "temp")):
            raise _foreign(value)
        return value


def checked_subfolder(subfolder: str) -> str:
    """Return a subfolder that a caller may upload into.

    Raises:
        InvalidRequest: it leads outside.
    """
    clean = subfolder.strip().strip("/")
    if _outside(subfolder.strip()) or len(clean) > 200 or FOLDER in clean:
        raise InvalidRequest("This subfolder cannot be used.", "Name a plain folder, or none.")
    return clean


def input_lists(described: dict[str, Any]) -> Iterator[list[Any]]:
    """Give the list of file names of each node that loads an uploaded picture."""
    for node in described.values():
        required = node.get("input", {}) if isinstance(node, dict) else {}
        groups = required.values() if isinstance(required, dict) else ()
        for group in groups:
            for spec in group.values() if isinstance(group, dict) else ():
                if isinstance(spec, list) and len(spec) > 1 and isinstance(spec[1], dict):
                    names = spec[0] if isinstance(spec[0], list) else spec[1].get("options")
                    if spec[1].get("image_upload") and isinstance(names, list):
                        yield names


def _joined(subfolder: str, name: str) -> str:
    return f"{subfolder}/{name}" if subfolder else name


def _annotation(value: str) -> tuple[str, str | None]:
    for where in ANNOTATED:
        if value.endswith(f"[{where}]"):
            return value[: -len(where) - 2].rstrip(), where
    return value, None


def _outside(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\", "~")) or ".." in parts or ":" in parts[0] or "\0" in name


def _foreign(value: str) -> NotAllowed:
    return NotAllowed(
        f"The graph loads {value[:100]!r}, which is not yours to load.",
        "Upload the picture with POST /upload/image and name what the answer names.",
        code="not_your_file",
    )
