"""A course of 1,200 notebooks, examined one after the other, beside `nbformat.read` of the same.

The mix is that of a real one: nine in ten need no image service (among these text models and
data science that talks of images), most hold outputs, a fifth mention something.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import nbformat

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.detection import Detector
from coursia_genai_lab.detection.indicators import Indicators
from coursia_genai_lab.detection.read import read_notebook

from .measure import interleaved, show

NOTEBOOKS = 1_200
CLASSIC = (
    (
        "import numpy as np\nimport pandas as pd\ndf = pd.read_csv('data.csv')\n"
        "df = df[df['age'] > 30].groupby('city').agg({'income': ['mean', 'std']})\ndf.head()\n"
    ),
    (
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(8, 4))\n"
        "image = plt.imread('photo.png')\nax.imshow(image, cmap='gray')\nplt.show()\n"
    ),
    (
        "class Node:\n    def __init__(self, value, children=()):\n        self.value = value\n"
        "        self.children = list(children)\n\n    def walk(self):\n        yield self.value\n"
        "        for child in self.children:\n            yield from child.walk()\n"
    ),
    (
        "from sklearn.model_selection import train_test_split\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)\n"
        "model.fit(X_train, y_train)\nprint(f'{model.score(X_test, y_test):.3f}')\n"
    ),
    (
        "%matplotlib inline\n!pip install -q z3-solver\nfrom z3 import Ints, Solver\n"
        "x, y = Ints('x y')\ns = Solver()\ns.add(x + y == 10, x > y)\nprint(s.check(), s.model())\n"
    ),
)
TEXT = (
    "import os\nfrom openai import OpenAI\nclient = OpenAI(api_key=os.getenv('OPENAI_API_KEY'))\n"
    "prompt = 'Explain recursion.'\nreply = client.chat.completions.create(\n"
    "    model='gpt-4o-mini', messages=[{'role': 'user', 'content': prompt}])\n"
)
WORK = (
    (
        "import os, requests\nbase = os.getenv('COMFYUI_API_URL', 'http://localhost:8188')\n"
        "def send(graph):\n    body = {'prompt': graph, 'client_id': 'course'}\n"
        "    return requests.post(f'{base}/prompt', json=body, timeout=30).json()\n"
        "send({'3': {'class_type': 'KSampler', 'inputs': {'seed': 1, 'steps': 20}}})\n"
    ),
    "from openai import OpenAI\nOpenAI().images.generate(model='gpt-image-1', prompt='a fox')\n",
)


def course(root: Path, seed: int = 1) -> dict[Path, bool]:
    """Write the notebooks; return for each whether it needs an image service."""
    rng = random.Random(seed)
    found = {}
    for number in range(NOTEBOOKS):
        code = [rng.choice(CLASSIC) * rng.randint(1, 3) for _ in range(rng.randint(4, 40))]
        works = number % 10 == 0
        if works:
            code.insert(rng.randrange(len(code)), rng.choice(WORK))
        elif number % 7 == 0:
            code.append(TEXT)
        cells = [nbformat.v4.new_code_cell(source) for source in code]
        cells += [nbformat.v4.new_markdown_cell("# Images and prompts\n" * 5) for _ in code]
        for cell in rng.sample(cells[: len(code)], k=min(3, len(code))):
            picture = "iVBORw0KGgo" + "A" * rng.choice((500, 5_000, 60_000))
            cell.outputs = [nbformat.v4.new_output("display_data", {"image/png": picture})]
        path = root / f"{number}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        found[path] = works
    return found


def examined(detector: Detector, paths: Mapping[Path, bool], root: Path) -> None:
    """Examine every notebook, and see that each is what it should be."""
    for path, works in paths.items():
        if detector.profile_file(path, root=root).needs_image_service != works:
            raise SystemExit(f"{path} was misjudged")


def opened(paths: Mapping[Path, bool]) -> None:
    """Read every notebook with nbformat."""
    for path in paths:
        nbformat.read(path, as_version=4)


def unparsed(paths: Mapping[Path, bool], catalog: Mapping[str, ServiceSpec]) -> float:
    """Return the share of the classic notebooks that were decided without parsing a cell."""
    fragments = Indicators(catalog).fragments
    classic = [path for path, works in paths.items() if not works]
    return sum(not read_notebook(path.read_bytes(), fragments).cells for path in classic) / len(
        classic
    )


def main() -> None:
    """Print the time of the whole course, and how many classics were parsed."""
    catalog = load_catalog()
    detector = Detector(catalog)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        paths = course(root)
        name = f"{NOTEBOOKS} notebooks, cold"
        calls: dict[str, Callable[[], object]] = {
            name: partial(examined, detector, paths, root),
            "nbformat.read": partial(opened, paths),
        }
        figures = interleaved(calls, n=3, warm=1)
        show(figures[name], figures["nbformat.read"], goal="<= 2000 ms")
        share = unparsed(paths, catalog)
        print(f"  classic notebooks decided without parsing a cell: {share:.1%}; goal >= 95 %")


if __name__ == "__main__":
    main()
