"""Installed packages bring service files by an entry point, and nothing of them runs."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from coursia_genai_lab.catalog.load import load_catalog

GOOD = 'title = "Theirs"\ndialect = "comfyui"\naddress = "http://127.0.0.1:8188"\n'


def install(site: Path, value: str, *, name: str = "lab-services", **files: str) -> None:
    """Put a distribution with an entry point into a folder on Python's path."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[coursia_genai_lab.services]\nours = {value}\n")
    package = site / "lab_services_of_a_test"
    (package / "files").mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("raise RuntimeError('a package was imported')\n")
    (package / "files" / "__init__.py").write_text("raise RuntimeError('imported, too')\n")
    for stem, text in files.items():
        (package / "files" / f"{stem}.toml").write_text(text)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on Python's path, and a present folder that is elsewhere."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    elsewhere = tmp_path / "notebooks"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return folder


def test_its_files_join_the_catalogue_and_no_code_of_it_runs(site: Path) -> None:
    install(site, "lab_services_of_a_test.files", theirs=GOOD)
    catalog = load_catalog()
    assert catalog["theirs"].title == "Theirs"
    assert catalog.problems == ()
    assert not any(name.startswith("lab_services_of_a_test") for name in sys.modules)
    assert "theirs" not in load_catalog(packages=False)


def test_the_operator_comes_after_packages_and_these_after_ours(site: Path, tmp_path: Path) -> None:
    install(site, "lab_services_of_a_test.files", theirs=GOOD, comfyui=GOOD, flux=GOOD)
    own = tmp_path / "own"
    own.mkdir()
    (own / "flux.toml").write_text(GOOD.replace("Theirs", "My own"))
    catalog = load_catalog(own)
    assert catalog["comfyui"].title == "Theirs"
    assert catalog["flux"].title == "My own"
    assert catalog.sources["flux"] == str(own / "flux.toml")
    assert "FLUX_API_URL" not in str(catalog["flux"].exports)  # replaced as a whole


def test_a_wrong_file_of_a_package_is_told_with_its_line_and_the_service_stays(site: Path) -> None:
    install(site, "lab_services_of_a_test.files", flux="title = 3\n", theirs=GOOD)
    catalog = load_catalog()
    assert catalog["flux"].title == "FLUX.1"
    assert "theirs" in catalog
    [problem] = catalog.problems
    assert problem.message.startswith("lab-services: flux.toml:1: ")
    assert "lab-services" in problem.remedy


@pytest.mark.parametrize(
    "value",
    [
        "no_such_package",
        "no_such_package.files",
        "lab_services_of_a_test.nowhere",
        "lab_services_of_a_test...",
        "json",
        "sys",
        "../../etc",
        "",
    ],
)
def test_an_entry_point_that_leads_nowhere_is_told_and_breaks_nothing(
    site: Path, value: str
) -> None:
    install(site, value)
    install(site, "lab_services_of_a_test.files", name="others", theirs=GOOD)
    catalog = load_catalog()
    assert "theirs" in catalog
    assert {problem.code for problem in catalog.problems} <= {"services_package_bad"}
    assert all("lab-services" in problem.message for problem in catalog.problems)


def test_a_package_among_the_notebooks_is_left_out(site: Path) -> None:
    install(site, "lab_services_of_a_test.files", theirs=GOOD)
    catalog = load_catalog(notebook_root=site.parent)
    assert "theirs" not in catalog
    [problem] = catalog.problems
    assert problem.code == "services_package_bad"
    assert "among the notebooks" in problem.message


def test_without_a_root_the_present_folder_is_taken_for_the_notebooks(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "lab_services_of_a_test.files", theirs=GOOD)
    monkeypatch.chdir(site)
    assert "theirs" not in load_catalog()


def test_a_link_from_a_package_into_the_notebooks_is_left_out(site: Path, tmp_path: Path) -> None:
    course = tmp_path / "notebooks" / "files"
    course.mkdir()
    (course / "theirs.toml").write_text(GOOD)
    install(site, "lab_services_of_a_test.linked")
    (site / "lab_services_of_a_test" / "linked").symlink_to(course)
    assert "theirs" not in load_catalog(notebook_root=tmp_path / "notebooks")


def test_a_zipped_package_is_told(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "zipped_of_a_test")
    archive = site / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped_of_a_test/__init__.py", "")
        file.writestr("zipped_of_a_test/theirs.toml", GOOD)
    monkeypatch.syspath_prepend(str(archive))
    [problem] = load_catalog().problems
    assert "no folder of a package" in problem.message
