"""Pictures and facts for the tests of provenance."""

from __future__ import annotations

import io
import zlib
from typing import Any

from PIL import Image

from coursia_genai_lab.wire.provenance import Provenance

KINDS = ("png", "jpeg", "webp")


def facts(**changed: Any) -> Provenance:
    """Return facts with everything in them."""
    known: dict[str, Any] = {
        "id": "6f1c1c2e-0d5c-4a3e-9a56-0c6f6f0c9b11",
        "made_at": "2026-11-21T16:30:00Z",
        "software": "coursia-genai-lab 0.1.0",
        "engine": "comfyui",
        "service": "comfyui-qwen",
        "mode": "auto",
        "model": "qwen-image-edit-2509",
        "model_files": ["qwen_image_edit_2509_fp8.safetensors", "qwen_vae.safetensors"],
        "model_hash": "sha256:" + "ab" * 32,
        "workflow": "qwen-image-edit",
        "workflow_hash": "sha256:" + "cd" * 32,
        "image_digest": "sha256:" + "ef" * 32,
        "prompt": 'un renard <roux> & "rusé" 🦊\nsous la pluie',
        "negative_prompt": "flou]]>",
        "seed": 2**63 - 1,
        "width": 96,
        "height": 64,
        "steps": 4,
        "guidance": 1.5,
        "inputs": ["sha256:" + "01" * 32],
    }
    return Provenance(**{**known, **changed})


def picture(kind: str = "png", *, size: tuple[int, int] = (96, 64), **options: Any) -> bytes:
    """Return a file of that format, all pixels different; `mode` and Pillow's own options."""
    mode = options.pop("mode", "RGB")
    drawn = Image.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 60).convert(mode)
    out = io.BytesIO()
    drawn.save(out, kind.upper(), **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return the picture, decoded in full."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def chunk(name: bytes, content: bytes, check: int | None = None) -> bytes:
    """Return one PNG chunk."""
    check = zlib.crc32(name + content) if check is None else check
    return len(content).to_bytes(4, "big") + name + content + check.to_bytes(4, "big")


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    """Return a PNG with more chunks behind its header."""
    return data[:33] + b"".join(chunks) + data[33:]


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return name and content of all chunks of a PNG, each with a right checksum."""
    found, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert int.from_bytes(data[at + 8 + size : at + 12 + size], "big") == zlib.crc32(
            name + content
        )
        found.append((name, content))
        at += size + 12
    return found
