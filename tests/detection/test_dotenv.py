"""What the notebook's own .env sets."""

from __future__ import annotations

import os
import time
from pathlib import Path

from coursia_genai_lab.detection.dotenv import MAX_BYTES, Surroundings, names_set

NAMES = ("COMFYUI_API_URL", "COMFYUI_AUTH_TOKEN", "OPENAI_API_KEY")


def test_the_nearest_file_upwards_counts_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "course" / "images"
    folder.mkdir(parents=True)
    (tmp_path / ".env").write_text("OPENAI_API_KEY=far\n")
    assert names_set(folder, tmp_path, NAMES) == {"OPENAI_API_KEY": ".env"}
    (tmp_path / "course" / ".env").write_text("COMFYUI_API_URL=https://remote.example\nOTHER=1\n")
    assert names_set(folder, tmp_path, NAMES) == {"COMFYUI_API_URL": "course/.env"}


def test_a_file_above_the_root_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / ".env").write_text("OPENAI_API_KEY=x\n")
    assert names_set(root, root, NAMES) == {}
    assert names_set(tmp_path, root, NAMES) == {}


def test_empty_templates_comments_and_export_lines_are_read_as_dotenv_reads_them(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text(
        "# OPENAI_API_KEY=no\nCOMFYUI_API_URL=\nCOMFYUI_AUTH_TOKEN\n"
        "export OPENAI_API_KEY='${HOME}'\n",
        encoding="utf-8-sig",
    )
    assert names_set(tmp_path, tmp_path, NAMES) == {"OPENAI_API_KEY": ".env"}


def test_a_link_inside_the_root_is_followed(tmp_path: Path) -> None:
    (tmp_path / "shared.env").write_text("OPENAI_API_KEY=x\n")
    (tmp_path / ".env").symlink_to("shared.env")
    assert names_set(tmp_path, tmp_path, NAMES) == {"OPENAI_API_KEY": ".env"}


def test_a_file_that_may_not_be_examined_counts_as_setting_everything(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    outside = tmp_path / "outside.env"
    outside.write_text("X=1\n")
    (root / ".env").symlink_to(outside)
    assert set(names_set(root, root, NAMES)) == set(NAMES)
    (root / ".env").unlink()
    (root / ".env").write_bytes(b"#" * (MAX_BYTES + 1))
    assert "could not be examined" in names_set(root, root, NAMES)["OPENAI_API_KEY"]


def test_a_pipe_of_that_name_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    assert set(names_set(tmp_path, tmp_path, NAMES)) == set(NAMES)


def test_a_folder_of_that_name_is_a_python_environment_and_sets_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "course"
    (folder / ".env" / "bin").mkdir(parents=True)
    (tmp_path / ".env").write_text("OPENAI_API_KEY=x\nCOMFYUI_API_URL=https://comfy.example.org\n")
    files = Path("/dev/fd")
    before = len(list(files.iterdir()))
    for _ in range(3):
        assert names_set(folder, tmp_path, ("OPENAI_API_KEY",)) == {"OPENAI_API_KEY": ".env"}
    assert Surroundings(folder, tmp_path).address("COMFYUI_API_URL") == "hosted"
    assert len(list(files.iterdir())) == before


def test_a_file_made_to_hurt_its_reader_is_read_in_a_moment(tmp_path: Path) -> None:
    white = " \t" * (MAX_BYTES // 2 - 200)
    (tmp_path / ".env").write_text(f'A=x{white}y\nOPENAI_API_KEY="a{white[:100]}b"\n')
    before = time.process_time()
    assert names_set(tmp_path, tmp_path, NAMES) == {"OPENAI_API_KEY": ".env"}
    # A parser that looks at every blank from every blank before it takes a minute.
    assert time.process_time() - before < 5


def test_bytes_that_are_no_text_break_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00OPENAI_API_KEY\nCOMFYUI_API_URL=http://x\n")
    assert names_set(tmp_path, tmp_path, NAMES) == {"COMFYUI_API_URL": ".env"}
