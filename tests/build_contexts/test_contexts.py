"""The build contexts that the package brings: whole, pinned, and without a way in."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from started_service import CONTEXTS

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.runtimes.build_context import build_context

CATALOG = load_catalog()
BUILT = {spec.build.context: spec for spec in CATALOG.values() if spec.build is not None}
NAMES = sorted(path.name for path in CONTEXTS.iterdir() if (path / "Dockerfile").exists())
FETCH = CONTEXTS / "shared" / "fetch_commit.sh"


def dockerfile(name: str) -> str:
    return (CONTEXTS / name / "Dockerfile").read_text(encoding="utf-8")


def members(name: str) -> dict[str, tarfile.TarInfo]:
    archive, _ = build_context(BUILT[name]).pack()
    with archive, tarfile.open(fileobj=archive) as tar:
        return {member.name: member for member in tar}


def test_every_service_that_is_built_has_its_context() -> None:
    assert NAMES == ["comfyui", "forge"]
    assert set(BUILT) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_is_copied_is_sent(name: str) -> None:
    sent = members(name)
    copied = [
        word
        for line in re.findall(r"^COPY (.*)$", dockerfile(name), re.MULTILINE)
        for word in line.split()[:-1]
    ]
    assert copied
    assert set(copied) <= set(sent)
    assert sent["shared/fetch_commit.sh"].mode & 0o111
    assert {(one.mtime, one.uid, one.gid, one.uname) for one in sent.values()} == {(0, 0, 0, "")}
    assert not [member for member in sent if "__pycache__" in member]


@pytest.mark.parametrize("name", NAMES)
def test_equal_files_have_an_equal_hash(name: str) -> None:
    archive, first = build_context(BUILT[name]).pack()
    archive.close()
    archive, second = build_context(BUILT[name]).pack()
    archive.close()
    # A base image that is ordered for once makes no other context of it; one in the file does.
    archive, ordered = build_context(BUILT[name], "another:1").pack()
    archive.close()
    spec = BUILT[name]
    assert spec.build is not None
    build = spec.build.model_copy(update={"arguments": {"BASE_IMAGE": "another:1"}})
    archive, other = build_context(spec.model_copy(update={"build": build})).pack()
    archive.close()
    assert first == second == ordered
    assert first != other


@pytest.mark.parametrize("name", NAMES)
def test_everything_from_elsewhere_is_pinned(name: str) -> None:
    text = dockerfile(name)
    context = build_context(BUILT[name])
    assert re.search(r"@sha256:[0-9a-f]{64}$", context.base)
    commits = re.findall(r"^ARG \w+_COMMIT=(.*)$", text, re.MULTILINE)
    assert commits
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for commit in commits)
    assert len(re.findall(r"https://github\.com/", text)) == len(commits)
    assert not re.search(r"^ADD |curl |wget |git clone|@latest|Manager", text, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_the_service_runs_as_nobody_in_particular(name: str) -> None:
    text = dockerfile(name)
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["1000:1000"]
    assert "VOLUME" not in text
    assert re.search(r'^LABEL io\.coursia\.genai\.context="', text, re.MULTILINE)
    container = BUILT[name].container
    assert container is not None
    assert f"EXPOSE {container.port}\n" in text
    # The first step that makes anything bears the label by which a killed build is found.
    steps = [line for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]
    after = steps[next(i for i, line in enumerate(steps) if line.startswith("FROM ")) + 1]
    assert after.startswith("LABEL ")


def test_comfyui_finds_every_folder_that_the_catalogue_mounts() -> None:
    text = (CONTEXTS / "comfyui" / "extra_model_paths.yaml").read_text(encoding="utf-8")
    table = yaml.safe_load(text)["coursia_genai"]
    assert table.pop("base_path") == "/models"
    found = {line for value in table.values() for line in value.split()}
    for spec in CATALOG.values():
        if spec.build is not None and spec.build.context == "comfyui" and spec.container:
            mounted = {*spec.container.models, *spec.container.optional_models}
            assert mounted <= found, spec.name


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """A repository, and its first commit, which is not its last."""
    place = tmp_path / "repository"
    run = lambda *words: subprocess.run(  # noqa: E731
        ["git", *words],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"},
    ).stdout.strip()
    place.mkdir()
    run("init", "--quiet")
    run("config", "user.email", "somebody@example.org")
    run("config", "user.name", "Somebody")
    run("config", "uploadpack.allowAnySHA1InWant", "true")
    (place / "file").write_text("first")
    run("add", "file")
    run("commit", "--quiet", "-m", "first")
    commit = run("rev-parse", "HEAD")
    (place / "file").write_text("second")
    run("commit", "--quiet", "-am", "second")
    return place, commit


def fetch(url: str, commit: str, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(FETCH), url, commit, str(target)], capture_output=True, text=True, timeout=90
    )


def test_exactly_the_commit_is_fetched(tmp_path: Path, repository: tuple[Path, str]) -> None:
    place, commit = repository
    target = tmp_path / "target"
    done = fetch(place.as_uri(), commit, target)
    assert done.returncode == 0, done.stderr
    assert (target / "file").read_text() == "first"
    assert not (target / ".git").exists()


@pytest.mark.parametrize("commit", ["master", "HEAD", "0" * 40])
def test_a_name_in_place_of_a_commit_is_refused(
    tmp_path: Path, repository: tuple[Path, str], commit: str
) -> None:
    place, _ = repository
    target = tmp_path / "target"
    assert fetch(place.as_uri(), commit, target).returncode != 0
    assert not (target / "file").exists()
