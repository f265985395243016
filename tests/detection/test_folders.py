"""Finding the notebooks of a course, and nothing that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from coursia_genai_lab.detection.folders import Bounds, FolderWalk


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}", encoding="utf-8")


def found(root: Path, **bounds: float) -> tuple[list[str], bool]:
    walk = FolderWalk(root, bounds=Bounds(**bounds))  # type: ignore[arg-type]
    return [path.relative_to(root).as_posix() for path in walk], walk.truncated


def test_notebooks_come_by_name_those_of_a_folder_first(tmp_path: Path) -> None:
    make(tmp_path, "b/2.ipynb", "b/1.ipynb", "a/x/3.ipynb", "z.ipynb", "a/readme.md")
    assert found(tmp_path) == (["z.ipynb", "a/x/3.ipynb", "b/1.ipynb", "b/2.ipynb"], False)


def test_what_no_course_is_made_of_is_passed_over(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.ipynb",
        ".ipynb_checkpoints/a-checkpoint.ipynb",
        ".hidden.ipynb",
        ".git/b.ipynb",
        "node_modules/pkg/c.ipynb",
        "my-env/pyvenv.cfg",
        "my-env/share/d.ipynb",
        "conda/conda-meta/history",
        "conda/e.ipynb",
    )
    assert found(tmp_path) == (["a.ipynb"], False)


def test_a_folder_that_is_asked_for_itself_is_walked_whatever_it_is(tmp_path: Path) -> None:
    make(tmp_path, "pyvenv.cfg", "a.ipynb")
    assert found(tmp_path) == (["a.ipynb"], False)


def test_links_lead_neither_out_nor_round(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    make(root, "deep/a.ipynb")
    make(outside, "b.ipynb")
    (root / "deep" / "loop").symlink_to(root, target_is_directory=True)
    (root / "out").symlink_to(outside, target_is_directory=True)
    (root / "broken.ipynb").symlink_to(root / "nowhere")
    assert found(root) == (["broken.ipynb", "deep/a.ipynb"], False)


def test_a_link_that_leads_nowhere_hides_no_notebook_beside_it(tmp_path: Path) -> None:
    make(tmp_path, "a.ipynb", "deep/b.ipynb")
    (tmp_path / "loop.ipynb").symlink_to("loop.ipynb")
    (tmp_path / "through-a-file.ipynb").symlink_to("a.ipynb/c.ipynb")
    (tmp_path / "long.ipynb").symlink_to("x" * 1000)
    names, truncated = found(tmp_path)
    assert {"a.ipynb", "deep/b.ipynb"} <= set(names)
    assert not truncated


def test_a_folder_named_like_a_notebook_is_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "odd.ipynb/a.ipynb")
    assert found(tmp_path) == (["odd.ipynb/a.ipynb"], False)


@pytest.mark.parametrize(
    ("bounds", "names"),
    [
        ({"notebooks": 2}, ["0.ipynb", "1.ipynb"]),
        ({"folders": 1}, ["0.ipynb", "1.ipynb", "2.ipynb"]),
        ({"depth": 0}, ["0.ipynb", "1.ipynb", "2.ipynb"]),
        ({"seconds": -1.0}, []),
    ],
)
def test_every_bound_ends_the_walk_and_is_told(
    tmp_path: Path, bounds: dict[str, float], names: list[str]
) -> None:
    make(tmp_path, "0.ipynb", "1.ipynb", "2.ipynb", "deep/3.ipynb")
    assert found(tmp_path, **bounds) == (names, True)


def test_a_crowd_of_entries_ends_it_too(tmp_path: Path) -> None:
    make(tmp_path, *(f"{number}.txt" for number in range(20)))
    assert found(tmp_path, entries=10) == ([], True)


def test_as_many_notebooks_as_the_bound_are_not_too_many(tmp_path: Path) -> None:
    make(tmp_path, "0.ipynb", "1.ipynb")
    assert found(tmp_path, notebooks=2) == (["0.ipynb", "1.ipynb"], False)


def test_a_walk_that_is_stopped_ends(tmp_path: Path) -> None:
    make(tmp_path, "0.ipynb")
    assert list(FolderWalk(tmp_path, stop=lambda: True)) == []


def test_an_absent_folder_holds_nothing(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere") == ([], False)
