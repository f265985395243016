"""The operator's service files: what is wrong is told, what is right is kept."""

from __future__ import annotations

from pathlib import Path

from coursia_genai_lab.catalog.load import load_catalog

GOOD = 'title = "Mine"\ndialect = "comfyui"\naddress = "http://127.0.0.1:8188"\n'


def test_a_good_file_joins_the_built_in_services(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD, encoding="utf-8")
    catalog = load_catalog(tmp_path)
    assert {"mine", "demo"} <= set(catalog)
    assert catalog.problems == ()


def test_wrong_files_are_told_by_name_and_break_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "cut.toml").write_text("title = ", encoding="utf-8")
    (tmp_path / "open.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "open.toml").chmod(0o666)
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere.toml")
    catalog = load_catalog(tmp_path)
    assert "mine" in catalog
    told = [problem.message.split()[0].split(":")[0] for problem in catalog.problems]
    assert told == ["cut.toml", "gone.toml", "open.toml"]


def test_a_folder_that_is_missing_is_told_with_its_remedy(tmp_path: Path) -> None:
    (problem,) = load_catalog(tmp_path / "nowhere").problems
    assert "services_path" in problem.remedy


def test_a_folder_among_the_notebooks_is_not_read(tmp_path: Path) -> None:
    services = tmp_path / "course" / "services"
    services.mkdir(parents=True)
    (services / "mine.toml").write_text(GOOD, encoding="utf-8")
    catalog = load_catalog(services, notebook_root=tmp_path / "course")
    assert "mine" not in catalog
    assert [problem.code for problem in catalog.problems] == ["services_path_in_root"]
    assert "mine" in load_catalog(services, notebook_root=tmp_path / "elsewhere")


def test_a_folder_into_which_others_can_write_is_not_read(tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.mkdir()
    (services / "mine.toml").write_text(GOOD, encoding="utf-8")
    services.chmod(0o1777)
    catalog = load_catalog(services)
    assert "mine" not in catalog
    [problem] = catalog.problems
    assert "chmod go-w" in problem.remedy
    services.chmod(0o755)
    assert "mine" in load_catalog(services)


def test_a_link_to_a_file_among_the_notebooks_is_not_read(tmp_path: Path) -> None:
    course, services = tmp_path / "course", tmp_path / "services"
    course.mkdir()
    services.mkdir()
    (course / "mine.toml").write_text(GOOD, encoding="utf-8")
    (services / "mine.toml").symlink_to(course / "mine.toml")
    catalog = load_catalog(services, notebook_root=course)
    assert "mine" not in catalog
    assert "among the notebooks" in catalog.problems[0].message
    assert "mine" in load_catalog(services, notebook_root=tmp_path / "elsewhere")


def test_a_wrong_file_leaves_the_service_that_it_would_have_replaced(tmp_path: Path) -> None:
    (tmp_path / "flux.toml").write_text('title = "FLUX"\ndoor_prot = 1\n')
    catalog = load_catalog(tmp_path)
    assert catalog["flux"].title == "FLUX.1"
    [problem] = catalog.problems
    assert problem.code == "bad_spec"
    assert "flux.toml:2: door_prot" in problem.message
    assert "did you mean door_port?" in problem.message


def test_two_services_on_one_door_port_are_told_and_both_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("door_port = 8188\n" + GOOD)
    catalog = load_catalog(tmp_path)
    assert "mine" in catalog
    [problem] = catalog.problems
    assert problem.code == "door_port_shared"
    assert "comfyui-qwen and mine both want the port 8188" in problem.message


def test_a_file_that_takes_a_service_s_place_may_keep_its_port(tmp_path: Path) -> None:
    (tmp_path / "comfyui-qwen.toml").write_text("door_port = 8188\n" + GOOD)
    assert load_catalog(tmp_path).problems == ()


BUILT = """
title = "Mine"
dialect = "comfyui"
container = {{ image = "lab/mine:1", port = 8188 }}
build = {{ context = "{}" }}
"""


def test_what_lies_among_the_notebooks_or_is_writable_by_others_is_not_built(
    tmp_path: Path,
) -> None:
    course, services, own = tmp_path / "course", tmp_path / "services", tmp_path / "own"
    for folder in (course / "image", services, own):
        folder.mkdir(parents=True)
        (folder / "Dockerfile").touch(mode=0o644)
    (tmp_path / "link").symlink_to(course / "image")
    (services / "one.toml").write_text(BUILT.format(course / "image"))
    (services / "two.toml").write_text(BUILT.format(tmp_path / "link"))
    (services / "three.toml").write_text(BUILT.format(own))
    (services / "four.toml").write_text(BUILT.format(tmp_path / "open"))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (services / "five.toml").write_text(BUILT.format(tmp_path / "nowhere"))
    catalog = load_catalog(services, notebook_root=course)
    assert {"three", "five"} <= set(catalog)
    assert {"one", "two", "four"}.isdisjoint(catalog)
    told = " ".join(problem.message for problem in catalog.problems)
    assert told.count("among the notebooks") == 2
    assert told.count("written by others") == 1


def test_of_very_many_files_the_first_are_read_and_the_rest_is_told(tmp_path: Path) -> None:
    for number in range(205):
        (tmp_path / f"s{number:03}.toml").write_text(GOOD)
    catalog = load_catalog(tmp_path)
    assert ("s199" in catalog, "s200" in catalog) == (True, False)
    assert "205" in catalog.problems[0].message


def test_every_service_knows_the_file_that_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    catalog = load_catalog(tmp_path)
    assert set(catalog.sources) == set(catalog)
    assert catalog.sources["mine"] == str(tmp_path / "mine.toml")
