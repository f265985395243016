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
