"""The command line in a process of its own, as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jupyter_process import TOKEN, JupyterProcess

from coursia_genai_lab.cli import main

COMMAND_SECONDS = 150


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON line that was printed."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """All JSON lines that were printed."""
        return [json.loads(line) for line in self.out.splitlines()]


Genai = Callable[..., Done]


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return variables that show no Jupyter of this machine, and write nowhere but in `folder`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "GENAI", "COURSIA", "DOCKER"))
    }
    own = {"HOME": "home", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_CONFIG_DIR": "config"}
    for name in own.values():
        (folder / name).mkdir(exist_ok=True)
    return {**kept, **{key: str(folder / name) for key, name in own.items()}, **more}


@pytest.fixture
def genai(tmp_path: Path) -> Genai:
    """Run `coursia-genai` with these arguments and variables; no Jupyter server is known."""

    def run(*arguments: str, **variables: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "coursia_genai_lab", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
            env=environment(tmp_path, variables),
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def genai_here(tmp_path: Path) -> Genai:
    """As `genai`, in this process: for the many tests that need no other."""

    def run(*arguments: str, **variables: str) -> Done:
        runner = CliRunner(env=environment(tmp_path, variables))
        done = runner.invoke(main, arguments, prog_name="coursia-genai", catch_exceptions=False)
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A real server with our extension."""
    with JupyterProcess.start(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture
def genai_with_lab(genai: Genai, jupyter: JupyterProcess) -> Genai:
    """Run `coursia-genai` where it finds the running server by itself."""

    def run(*arguments: str, **variables: str) -> Done:
        return genai(*arguments, JUPYTER_RUNTIME_DIR=str(jupyter.runtime), **variables)

    return run


@pytest.fixture
def token() -> str:
    """The token of the running server."""
    return TOKEN


@pytest.fixture
def surroundings(tmp_path: Path) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """Return the variables that `genai` sets, with more of them, for tests that start it alone."""
    return lambda more: environment(tmp_path, more)
