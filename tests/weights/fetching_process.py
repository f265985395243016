"""Fetch one file in a process of its own: python fetching_process.py ROOT URL SHA256."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from coursia_genai_lab.catalog.spec import ModelFileSpec
from coursia_genai_lab.weights.fetch import fetch_file, new_session
from coursia_genai_lab.weights.places import Place
from coursia_genai_lab.weights.sources import Sources
from coursia_genai_lab.weights.terms import Step, Terms
from coursia_genai_lab.weights.transfer import Patience


def tell(step: Step) -> None:
    print(step.phase, step.done_bytes, flush=True)


async def main(root: str, url: str, sha256: str) -> None:
    spec = ModelFileSpec(folder="checkpoints", name="model.safetensors", url=url, sha256=sha256)
    terms = Terms(
        Sources(), reserve_bytes=0, patience=Patience(first_pause=0.01, look_seconds=0.05)
    )
    async with new_session() as session:
        await fetch_file(spec, Place(Path(root), spec.folder, spec.name), terms, session, tell)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
