"""Small files beside the models: whole for everybody who reads them, whoever writes."""

from __future__ import annotations

import threading
from pathlib import Path

from coursia_genai_lab.catalog.spec import ModelSpec
from coursia_genai_lab.weights.licences import Licences
from coursia_genai_lab.weights.records import read_table, write_table

WRITERS = 8
TIMES = 40


def test_several_writers_of_one_table_never_leave_half_of_one(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    wrong: list[object] = []
    write_table(path, {"writer": -1})

    def write(number: int) -> None:
        try:
            for _ in range(TIMES):
                write_table(path, {"writer": number, "filling": "x" * 20_000})
                if read_table(path) is None:
                    wrong.append("half a table")
        except OSError as error:
            wrong.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert wrong == []
    assert list(tmp_path.iterdir()) == [path]


def test_a_licence_that_two_models_share_is_accepted_for_both_at_once(tmp_path: Path) -> None:
    models = [
        ModelSpec(id=f"m{n}", title="M", licence="L", licence_url="https://a.example/", accept=True)
        for n in range(WRITERS)
    ]
    failures: list[Exception] = []

    def accept(model: ModelSpec) -> None:
        try:
            Licences([tmp_path]).accept(model, "ada")
        except Exception as error:
            failures.append(error)

    for _ in range(TIMES // 4):
        people = [threading.Thread(target=accept, args=(model,)) for model in models]
        for one in people:
            one.start()
        for one in people:
            one.join()
    assert failures == []
    assert not any(Licences([tmp_path]).must_accept(model) for model in models)
