"""Which model files are here: a look at names and sizes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from coursia_genai_lab.catalog.spec import ModelFileSpec, ModelSpec, ServiceSpec
from coursia_genai_lab.weights.inventory import find_file, missing_models, weights_problem
from coursia_genai_lab.weights.places import Place
from coursia_genai_lab.weights.records import record_of, write_record, write_table

DATA = b"weights" * 100


def file_spec(name: str = "a.safetensors", **more: object) -> ModelFileSpec:
    given = {"folder": "checkpoints", "name": name, "size_bytes": len(DATA), **more}
    return ModelFileSpec.model_validate(given)


def service(*models: ModelSpec, **more: object) -> ServiceSpec:
    given = {
        "name": "pictures",
        "title": "Pictures",
        "dialect": "comfyui",
        "process": {"command": ["{python}"]},
        "models": models,
        **more,
    }
    return ServiceSpec.model_validate(given)


def model(model_id: str, *files: ModelFileSpec, **more: object) -> ModelSpec:
    return ModelSpec.model_validate({"id": model_id, "title": model_id, "files": files, **more})


def put(root: Path, data: bytes = DATA, name: str = "a.safetensors") -> Path:
    path = root / "checkpoints" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file_of_the_right_size_is_present(tmp_path: Path) -> None:
    put(tmp_path)
    found = find_file(file_spec(), [tmp_path])
    assert (found.state, found.done_bytes, found.verified) == ("present", len(DATA), False)


def test_a_file_of_another_size_is_wrong_and_an_empty_one_too(tmp_path: Path) -> None:
    put(tmp_path, DATA[:-1])
    found = find_file(file_spec(), [tmp_path])
    assert found.state == "wrong"
    assert found.problem is not None
    assert found.problem.code == "model_size_wrong"
    put(tmp_path, b"")
    assert find_file(file_spec(size_bytes=None), [tmp_path]).state == "wrong"


def test_a_hash_that_was_computed_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    path = put(tmp_path)
    place = Place(tmp_path, "checkpoints", path.name)
    good = hashlib.sha256(DATA).hexdigest()
    write_record(place.record, record_of("checkpoints", path.name, path.stat(), sha256=good))
    assert find_file(file_spec(sha256=good), [tmp_path]).verified
    found = find_file(file_spec(sha256="0" * 64), [tmp_path])
    assert (found.state, found.problem and found.problem.code) == ("wrong", "model_hash_wrong")
    path.unlink()
    put(tmp_path, DATA[::-1])
    again = find_file(file_spec(sha256="0" * 64), [tmp_path])
    assert (again.state, again.verified) == ("present", False)


def test_a_part_counts_only_with_its_journal(tmp_path: Path) -> None:
    place = Place(tmp_path, "checkpoints", "a.safetensors")
    place.part.parent.mkdir(parents=True)
    place.part.write_bytes(DATA[:10])
    assert find_file(file_spec(), [tmp_path]).state == "missing"
    write_table(place.journal, {})
    found = find_file(file_spec(), [tmp_path])
    assert (found.state, found.done_bytes) == ("partial", 10)


def test_links_within_the_folder_and_a_linked_folder_are_the_operators_choice(
    tmp_path: Path,
) -> None:
    store, root = tmp_path / "store", tmp_path / "root"
    put(store)
    root.mkdir()
    (root / "checkpoints").symlink_to(store / "checkpoints")
    assert find_file(file_spec(), [root]).state == "present"
    (store / "checkpoints" / "b.safetensors").symlink_to("a.safetensors")
    assert find_file(file_spec("b.safetensors"), [root]).state == "present"


def test_a_link_out_of_the_folder_is_wrong_for_a_container_does_not_see_it(tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere")
    folder = tmp_path / "root" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "a.safetensors").symlink_to(elsewhere)
    (folder / "b.safetensors").symlink_to(tmp_path / "nowhere")
    for name in ("a.safetensors", "b.safetensors"):
        found = find_file(file_spec(name), [tmp_path / "root"])
        assert (found.state, found.problem and found.problem.code) == (
            "wrong",
            "model_link_outside",
        )


def test_odd_things_in_the_place_of_a_file_are_told_and_never_raise(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "a.safetensors").mkdir(parents=True)
    assert find_file(file_spec(), [tmp_path]).state == "wrong"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert find_file(file_spec(), [loop]).state in ("wrong", "missing")
    (tmp_path / "plain").write_text("no folder", encoding="utf-8")
    assert find_file(file_spec(), [tmp_path / "plain"]).state == "missing"
    assert find_file(file_spec(), []).state == "missing"


def test_a_file_is_looked_for_in_the_root_that_has_its_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    put(second)
    assert find_file(file_spec(), [first, second]).state == "present"
    (first / "checkpoints").mkdir()
    assert find_file(file_spec(), [first, second]).state == "missing"


def test_a_service_starts_with_one_whole_model_that_is_not_optional(tmp_path: Path) -> None:
    one = model("one", file_spec("one.safetensors"))
    two = model("two", file_spec("two.safetensors"), file_spec("three.safetensors"))
    extra = model("extra", file_spec("extra.safetensors"), optional=True)
    nothing = model("nothing")
    spec = service(one, two, extra, nothing)
    assert [m.id for m in missing_models(spec, [tmp_path])] == ["one", "two"]
    put(tmp_path, name="extra.safetensors")
    put(tmp_path, name="two.safetensors")
    assert [m.id for m in missing_models(spec, [tmp_path])] == ["one", "two"]
    put(tmp_path, name="three.safetensors")
    assert missing_models(spec, [tmp_path]) == []
    assert weights_problem(spec, [tmp_path]) is None


def test_the_problem_names_what_is_missing_how_big_and_the_command(tmp_path: Path) -> None:
    url = "https://files.example.org/x"
    small = model("small", file_spec(size_bytes=2_500_000_000, url=url))
    large = model("large", file_spec("b.safetensors", url=url), size_mib=16_400, gated=True)
    tiny = model("tiny", file_spec("c.safetensors", size_bytes=1000, url=url), accept=True)
    by_hand = model("by-hand", file_spec("d.safetensors", size_bytes=1))
    problem = weights_problem(service(large, by_hand, tiny, small), [tmp_path])
    assert problem is not None
    assert problem.code == "models_missing"
    assert "small (2.5 GB to fetch)" in problem.message
    assert problem.command == "coursia-genai models fetch small"
    nowhere = weights_problem(service(by_hand), [tmp_path])
    assert nowhere is not None
    assert nowhere.command is None
    assert "models import" in nowhere.remedy
    rootless = weights_problem(service(small), [])
    assert rootless is not None
    assert "model_roots" in rootless.remedy


def test_what_somebody_else_runs_needs_no_files_of_ours() -> None:
    spec = service(model("one", file_spec()), process=None, address="http://127.0.0.1:8188")
    assert missing_models(spec, []) == []
