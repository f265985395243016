"""Detection, cold and cached, beside `nbformat.read` of the same file."""

from __future__ import annotations

import base64
import os
import tempfile
from functools import partial
from pathlib import Path

import nbformat

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection.cache import ProfileCache
from coursia_genai_lab.detection.profile import Detector

from .measure import interleaved, show

COMFY = (
    "import os, requests\nbase = os.getenv('COMFYUI_API_URL')\n"
    "requests.post(f'{base}/prompt', json={'prompt': graph, 'client_id': '1'})\n"
)
CLASSIC = "import numpy as np\nx = np.linspace(0, 1, 100)\nprint(x.mean())\n"


def notebook(path: Path, *, code: str, cells: int, output_bytes: int = 0) -> Path:
    """Write a notebook with `cells` code cells and one picture of `output_bytes`."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CLASSIC) for _ in range(cells - 1)]
        + [nbformat.v4.new_code_cell(code)]
    )
    if output_bytes:
        picture = base64.b64encode(os.urandom(output_bytes * 3 // 4)).decode()
        output = nbformat.v4.new_output("display_data", {"image/png": picture})
        made.cells[0].outputs = [output]
    nbformat.write(made, path)
    return path


def main() -> None:
    """Print 12 KB, 1 MB and 20 MB, classic and not, a megabyte of code alone, and the cache."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        detector = Detector(load_catalog())
        cases = {
            "12 KB classic": (notebook(root / "a.ipynb", code=CLASSIC, cells=40), "", 50),
            "1 MB classic": (
                notebook(root / "b.ipynb", code=CLASSIC, cells=40, output_bytes=1_000_000),
                "<= 5 ms",
                30,
            ),
            "1 MB GenAI": (
                notebook(root / "c.ipynb", code=COMFY, cells=40, output_bytes=1_000_000),
                "<= 5 ms",
                30,
            ),
            "1 MB of code": (
                notebook(root / "e.ipynb", code=CLASSIC * (1_000_000 // len(CLASSIC)), cells=40),
                "<= 5 ms",
                15,
            ),
            "20 MB classic": (
                notebook(root / "d.ipynb", code=CLASSIC, cells=40, output_bytes=20_000_000),
                "<= 22 ms",
                7,
            ),
        }
        for name, (path, goal, n) in cases.items():
            figures = interleaved(
                {
                    f"{name}, cold": partial(detector.profile_file, path, root=root),
                    "nbformat.read": partial(nbformat.read, path, as_version=4),
                },
                n=n,
            )
            show(figures[f"{name}, cold"], figures["nbformat.read"], goal=goal)
        cache = ProfileCache(detector, root=root)
        path = cases["1 MB GenAI"][0]
        hit = interleaved({"cache hit": lambda: cache.get(path), "os.stat": path.stat}, n=2000)
        show(hit["cache hit"], hit["os.stat"], goal="<= 0.02 ms")


if __name__ == "__main__":
    main()
