"""Detection under a coverage-guided fuzzer (atheris): `make soak`, or one input again.

    python tests/detection/fuzz.py FOLDER [--minutes 5] [--seed 1]
    python tests/detection/fuzz.py FILE          examine one saved input again

FOLDER keeps the inputs that reached new code (`corpus`) and those that broke a promise, hung or
took too much memory (`crashes`). The first byte of an input says what the rest becomes: the
notebook's own bytes, Python or C# cells parted by null characters, or JSON inside a notebook.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent.parent))
ROOT = HERE.parent.parent.parent
KINDS = ("bytes", "python", "C#", "cell", "metadata")
SLOWEST_SECONDS = 10
MOST_MIB = 2048
LONGEST_INPUT = 6_000
TOKENS = (
    "requests.post(", "os.getenv(", "class_type", "images.generate(", "OpenAI(", "base_url=",
    "def f(*a, **b):\n ", "class A(B):\n ", "for x in ", "if q:\n ", "else:\n ", "lambda x: ",
    "f'{x}'", "{**x}", ".format(", "urljoin(", "%env A=", "!curl -d ", "%%bash\n", "await ",
    "async with ", "yield ", "match x:\n case ", "x: int = ", "[x for x in y]", "json={", "'''",
    "global x\n", "self.", "return ", "@f\n", ":=", "*x, ", "import a as b\n", "from a import *\n",
    "try:\n ", "except:\n ", "\\N{DASH}", "\\ud800", "\\u0000", "#!csharp\n", "$\"{x}\"",
    '"cells":[', '"source":', '"metadata":{"genai":{"services":[', '"worksheets":[', "NaN", "1e999",
)  # fmt: skip


def notebook_of(data: bytes) -> bytes:
    """Return the notebook that an input stands for."""
    kind, rest = KINDS[(data[:1] or b"\0")[0] % len(KINDS)], data[1:]
    if kind == "bytes":
        return rest
    if kind in {"python", "C#"}:
        sources = rest.decode("utf-8", errors="replace").split("\0")
        cells = [{"cell_type": "code", "source": source} for source in sources]
        metadata = {"kernelspec": {"name": kind, "language": kind}}
        return json.dumps({"cells": cells, "metadata": metadata}).encode()
    work = b'{"cell_type":"code","source":"import openai\\nopenai.images.generate()"}'
    if kind == "cell":
        return b'{"cells":[%s,%s]}' % (work, rest)
    return b'{"cells":[%s],"metadata":{"genai":%s}}' % (work, rest)


def seeds() -> dict[str, bytes]:
    """Return inputs to begin with: our own examples and fixtures, and a little of each kind."""
    found = {
        "services": b'\4{"services":["comfyui","x"],"mode":"off"}',
        "list": b'\3{"cell_type":"code","source":["a\\n","b"],"metadata":{"tags":["parameters"]}}',
        "csharp": b'\2var c = new HttpClient(); await c.PostAsync("http://h/sdapi/v1/txt2img", b);',
        "old": b'\0{"nbformat":3,"worksheets":[{"cells":[{"cell_type":"code","input":["x"]}]}]}',
    }
    for path in sorted((ROOT / "examples").rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        found[path.stem] = b"\1" + "\0".join(code).encode()
    for path in sorted(HERE.parent.glob("test_*.py")):
        for number, text in enumerate(path.read_text(encoding="utf-8").split('"""')[3::2]):
            found[f"{path.stem}-{number}"] = b"\1" + text.encode()
    return found


def fuzz(folder: Path, minutes: float, seed: int) -> int:
    """Fuzz for a while; return 0 when nothing broke."""
    corpus, crashes = folder / "corpus", folder / "crashes"
    for made in (corpus, crashes):
        made.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (corpus / f"seed-{name}").write_bytes(data[:LONGEST_INPUT])
    words = [json.dumps(token, ensure_ascii=True) for token in TOKENS if token.isprintable()]
    (folder / "words.dict").write_text("\n".join(words) + "\n", encoding="utf-8")
    command = [
        sys.executable, str(HERE), "--child", str(corpus), f"-artifact_prefix={crashes}/",
        f"-max_total_time={int(minutes * 60)}", f"-seed={seed}", f"-timeout={SLOWEST_SECONDS}",
        f"-rss_limit_mb={MOST_MIB}", f"-max_len={LONGEST_INPUT}", f"-dict={folder / 'words.dict'}",
        "-print_final_stats=1",
    ]  # fmt: skip
    status = subprocess.run(command, check=False).returncode
    for crash in sorted(crashes.iterdir()):
        print(f"broken: examine it again with  {sys.executable} {HERE} {crash}")
    return status


def child() -> None:
    """Run libFuzzer in this process over instrumented detection."""
    import atheris

    with atheris.instrument_imports(include=["coursia_genai_lab.detection"]):
        from detection_promises import check

    def examine(data: bytes) -> None:
        check(notebook_of(data))

    atheris.Setup([sys.argv[0], *sys.argv[2:]], examine)
    atheris.Fuzz()


def main() -> int:
    """Fuzz into a folder, or examine one file again."""
    if sys.argv[1:2] == ["--child"]:
        child()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("path", type=Path, help="folder to keep inputs in, or one input")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.path.is_file():
        return fuzz(options.path, options.minutes, options.seed)
    from detection_promises import check

    print(check(notebook_of(options.path.read_bytes())).model_dump_json(indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
