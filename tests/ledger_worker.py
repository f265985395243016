"""A Lab's ledger in a process of its own: it does what it reads, line by line, and says what came.

    python ledger_worker.py STORE_URL PICTURES_OF_THE_COURSE

`reserve N CENTS`, `race N` (so many calls at once), `sent I`, `settle I`, `flush`. It ends with
its input, as it ends with the test that feeds it.
"""

from __future__ import annotations

import asyncio
import sys

from ledger_harness import CENT, opened, spending

from coursia_genai_lab.errors import QuotaExceeded
from coursia_genai_lab.lab.charge import Amount, Charge, Limit
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.store.place import find_place


async def obey(ledger: Ledger, charges: list[Charge], word: str, *numbers: int) -> str:
    """Do one thing and return what came of it."""
    if word == "reserve":
        many, cents = numbers
        charges += await ledger.reserve([spending(cents=cents) for _ in range(many)])
    elif word == "race":
        asked = (ledger.reserve([spending(f"person {n}")]) for n in range(numbers[0]))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [one for one in answers if isinstance(one, QuotaExceeded)]
        for call in answers:
            if isinstance(call, list):
                charges += call
        assert len(charges) + len(refused) >= numbers[0], answers
        return str(len(answers) - len(refused))
    elif word == "sent":
        await charges[numbers[0]].sent()
    elif word == "settle":
        charges[numbers[0]].settle(Amount(pictures=1, microusd=CENT))
    elif word == "flush":
        await ledger.left("anybody")
    return "done"


async def main(url: str, most: int) -> None:
    """Obey until the input ends."""
    course = Limit("course", "", "course", pictures=most)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with opened(find_place(url, "/nonexistent"), course) as ledger:
        charges: list[Charge] = []
        tasks = []
        print("open", flush=True)
        while line := (await lines.readline()).decode():
            word, *numbers = line.split()
            if word == "begin":
                # Not waited for: the test holds the store's lock and kills us meanwhile.
                word, *numbers = numbers
                doing = obey(ledger, charges, word, *map(int, numbers))
                tasks.append(asyncio.create_task(doing))
                await asyncio.sleep(0)
                print("begun", flush=True)
                continue
            print(await obey(ledger, charges, word, *map(int, numbers)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
