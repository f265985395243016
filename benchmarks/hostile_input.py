"""Notebooks made to hurt: time, memory, and how long the server's event loop stands still.

Each case runs in an interpreter of its own, in a thread beside an event loop that ticks every
millisecond; the stall is the longest gap between two ticks, beside that of an idle loop. Memory
is what the process and the one it starts took at their highest, beyond the notebook's own bytes.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector

from .measure import Figures

MB = 1024 * 1024
CELL = 95_000
"""Characters of one hostile cell; three stand in a notebook, so that all are followed."""
LOOK = "x = '/prompt'\n"
SEND = "import openai\nopenai.images.generate(prompt='x')\n"
TICK_SECONDS = 0.001
RUNS = 3
IDLE_SECONDS = 0.2
T = TypeVar("T")
MIB_PER_RSS_UNIT = 1024 if sys.platform != "darwin" else MB


def notebook(*sources: str, metadata: object = None) -> bytes:
    """Return the bytes of a Python notebook."""
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": metadata or {}}).encode()


def around(inside: bytes) -> bytes:
    """Return a notebook with JSON in the outputs of a cell that would be followed."""
    cell = json.dumps(SEND).encode()
    return b'{"cells":[{"cell_type":"code","source":%s,"outputs":%s}]}' % (cell, inside)


def filled(part: str, *, head: str = LOOK, tail: str = "") -> bytes:
    """Return three cells of about CELL characters of the same part."""
    source = head + part * (CELL // len(part)) + tail
    return notebook(source, source, source)


FILES: dict[str, Callable[[], bytes]] = {
    "a line of 50 MB": lambda: notebook(SEND, "x = '" + "a" * 50 * MB + "'"),
    "a line of 50 MB in one cell with work": lambda: notebook(SEND + "x = '" + "a" * 50 * MB),
    "50 MB of outputs": lambda: around(b'["' + b"a" * 50 * MB + b'"]'),
    "100,000 cells": lambda: notebook(*["x = 1"] * 100_000, SEND),
    "100,000 cells that mention something": lambda: notebook(*[LOOK] * 100_000, SEND),
    "7 million empty cells": lambda: b'{"cells":[{}' + b",{}" * 7_000_000 + b"]}",
    "20 MB of open brackets": lambda: b"[" * 20 * MB,
    "20 MB of nested lists": lambda: around(
        b"[" + (b"[" * 500 + b"]" * 500 + b",") * 20_000 + b"1]"
    ),
    "20 MB of small numbers": lambda: around(b"[0" + b",0" * 10 * MB + b"]"),
    "20 MB of escapes": lambda: around(b'"' + b"\\n" * 10 * MB + b'"'),
    "20 MB with NaN": lambda: around(b"[NaN" + b",1" * 10 * MB + b"]"),
    "50 MB of broken JSON": lambda: around(b"[0" + b",0" * 25 * MB)[:-3],
    "a source of 4 million lines": lambda: (
        b'{"cells":[{"cell_type":"code","source":["/prompt"' + b',"a"' * 4_000_000 + b"]}]}"
    ),
    "metadata of 20 MB": lambda: notebook(SEND, metadata={"genai": {"services": ["x"] * 4 * MB}}),
    "a list of 8 MB in one cell": lambda: notebook(SEND + "x = [" + "1, " * (8 * MB // 3) + "]"),
    "a list of 8 MB before the work": lambda: notebook(
        "x = [" + "1, " * (8 * MB // 3) + "]\n" + SEND
    ),
}
CODE: dict[str, Callable[[], bytes]] = {
    "a list of numbers": lambda: filled("1,", head=LOOK + "x = [", tail="]"),
    "a million letters": lambda: notebook(LOOK + "a" * 1_000_000 + " = 1"),
    "90,000 letters": lambda: filled("a", tail=" = 1"),
    "assignments": lambda: filled("a=b;"),
    "many names": lambda: notebook(
        LOOK + "\n".join(f"a{n} = a{n - 1} + '/'" for n in range(5_000))
    ),
    "holes in a text": lambda: filled("{a}", head=LOOK + "x = f'", tail="'"),
    "texts in holes": lambda: filled("{f'{a}'}", head=LOOK + 'x = f"', tail='"'),
    "calls in calls": lambda: filled("f(g(h(1)))\n"),
    "arguments": lambda: filled("a,", head=LOOK + "f(", tail="a=1, b)"),
    "open brackets": lambda: filled("(" * 150 + ")" * 150 + "\n"),
    "a long sum": lambda: filled("a+", head=LOOK + "x = ", tail="a"),
    "lambdas": lambda: filled("lambda:", head=LOOK + "x = ", tail="0"),
    "comparisons": lambda: filled("a<", head=LOOK + "x = ", tail="a"),
    "statements that are broken": lambda: filled("x = = 1\n"),
    "pieces that are broken": lambda: filled("x = [" + "1," * 600 + "] = = 1\n"),
    "quotes that are escaped": lambda: filled('\\"', head=LOOK + "requests.post(\n= = 1 "),
    "quotes": lambda: filled("\"'", head=LOOK + "requests.post(\n= = 1 "),
    "backslashes": lambda: filled("\\", head=LOOK + "x = '"),
    "dollars": lambda: filled("$"),
    "exclamation marks": lambda: filled("!"),
    "magics": lambda: filled("%env a=b\n"),
    "curls": lambda: filled("!curl -d x http://a/prompt "),
    "concatenations": lambda: filled("x = x + x\n"),
    "choices": lambda: filled("if q: x = x + 'a'\nelse: x = 'b' + x\n", tail="f(x + '/prompt')"),
    "functions that double": lambda: notebook(
        "".join(f"def f{n}(x):\n  f{n + 1}(x)\n  return f{n + 1}(x)\n" for n in range(200))
        + "def f200(x): x.images.generate()\nf0(1)"
    ),
    "functions with many arguments": lambda: filled(
        "f('/prompt', a=f, b=f(f))\n", head="def f(*a, **b): return f(*a, **b)\n"
    ),
    "replacements": lambda: filled(
        "x = x.replace('a', 'aa').join([x, x])\n", head="x = 'a' * 2000 + '/prompt'\n"
    ),
    "formats": lambda: filled("x = '{}{}{}{}'.format(x, x, x, x)\n", head="x = '/prompt'\n"),
    "tables": lambda: filled("x = {'a': x, **x}\n", head="x = {'/prompt': 1}\n"),
    "posts": lambda: filled(
        "requests.post(u, json=x)\n",
        head="import requests\nu = 'http://h/prompt'\nx = {'1': {'class_type': 'KSampler'}}\n",
    ),
    "classes": lambda: filled("class A(A):\n  a = A()\n", head=LOOK),
    "assigned urls": lambda: filled(
        "a = 'http://10.0.0.1/prompt'\nrequests.post(a)\n", head="import requests\n"
    ),
    "spaces": lambda: filled(" ", tail="1"),
    "tabs and lines": lambda: filled("\n\t"),
    "C# escapes": lambda: notebook(
        "#!csharp\n//prompt /prompt\nvar a = client.PostAsync(" + '\\"' * 100_000
    ),
    "C# comments": lambda: notebook("#!csharp\n/prompt PostAsync(" + "/*" * 100_000),
    "C# quotes": lambda: notebook("#!csharp\n/prompt PostAsync(" + '@"""' * 50_000),
}
CASES = {**FILES, **CODE}


async def stalled(work: Callable[[], T]) -> tuple[float, float, T]:
    """Return seconds taken, the longest gap between two ticks of the loop, and the result."""
    longest, over = 0.0, asyncio.Event()

    async def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not over.is_set():
            await asyncio.sleep(TICK_SECONDS)
            now = time.perf_counter()
            longest, last = max(longest, now - last - TICK_SECONDS), now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(TICK_SECONDS)
    begin = time.perf_counter()
    result = await asyncio.to_thread(work)
    taken = time.perf_counter() - begin
    over.set()
    await ticking
    return taken, longest, result


def highest() -> float:
    """Return the most memory that this process and its children took, MiB."""
    sizes = [
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(sizes) / MIB_PER_RSS_UNIT


def one(name: str) -> None:
    """Print the figures of a case, as JSON."""
    detector = Detector(load_catalog())
    examine = detector.profile_bytes
    asyncio.run(stalled(partial(examine, notebook(SEND))))
    data = CASES[name]()
    before = highest()
    runs = [asyncio.run(stalled(partial(examine, data))) for _ in range(RUNS)]
    idle = asyncio.run(stalled(partial(time.sleep, IDLE_SECONDS)))
    profile = runs[-1][2]
    print(
        json.dumps(
            {
                "seconds": [run[0] for run in runs],
                "stalls": [run[1] for run in runs],
                "idle": idle[1],
                "memory": highest() - before,
                "result": f"{profile.type} {','.join(profile.services)}",
                "note": profile.note,
            }
        )
    )


def main() -> None:
    """Print every case, or those named as arguments."""
    worst = {"ms": 0.0, "stall ms": 0.0, "MiB": 0.0}
    for name in sys.argv[2:] if sys.argv[1:2] == ["only"] else CASES:
        run = [sys.executable, "-m", __spec__.name, name]
        try:
            done = subprocess.run(run, check=False, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            print(f"  {name}: HANGS", flush=True)
            continue
        if done.returncode:
            print(f"  {name}: BROKE\n{done.stderr[-2000:]}")
            continue
        found = json.loads(done.stdout)
        taken = Figures(name, [1000 * one for one in found["seconds"]])
        stall = sorted(1000 * one for one in found["stalls"])[RUNS // 2]
        result = f"{found['result']}{' (' + found['note'] + ')' if found['note'] else ''}"
        flag = (
            "" if taken.median <= 1000 and stall <= 50 and found["memory"] <= 300 else "  <-- OVER"
        )
        print(
            f"  {taken}; stall {stall:.0f} ms (idle {1000 * found['idle']:.0f}); "
            f"{found['memory']:.0f} MiB; {result}{flag}",
            flush=True,
        )
        worst["ms"] = max(worst["ms"], taken.median)
        worst["stall ms"] = max(worst["stall ms"], stall)
        worst["MiB"] = max(worst["MiB"], found["memory"])
    print(f"  worst: {worst}; goals <= 1000 ms, <= 50 ms, <= 300 MiB")


if __name__ == "__main__":
    one(sys.argv[1]) if len(sys.argv) == 2 else main()
