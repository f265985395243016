"""What the operator set in Jupyter's configuration files, read without a running server."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

from ..config import GenAILab, LabSettings
from ..errors import ConfigurationError

CONFIG_FILES = ("jupyter_server_config", "jupyter_coursia_genai_lab_config")
"""Those that a server reads; what was given on a server's command line is known to it alone."""


def operator_settings() -> LabSettings:
    """Return the traits of GenAILab as a server started now by this user would have them.

    Raises:
        ConfigurationError: a file cannot be read, or a trait has a value that cannot be.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    folder = Path(jupyter_runtime_dir()) / "coursia-genai" / socket.gethostname()
    return _traits().settings_from_traits(state_folder=str(folder))


def host_path() -> str:
    """Return GenAILab.state_path as it was set; empty: it was not, see `host_folder`.

    Raises:
        ConfigurationError: as `operator_settings`.
    """
    return _traits().state_path


def _traits() -> GenAILab:
    from traitlets import TraitError

    try:
        return GenAILab(config=_config())
    except TraitError as error:
        raise ConfigurationError(
            f"A setting in Jupyter's configuration cannot be: {' '.join(str(error).split())}",
            "Correct it in jupyter_server_config.py; `jupyter --paths` lists its folders.",
            code="setting_wrong",
        ) from None


def _config() -> Any:
    from jupyter_core.application import JupyterApp
    from traitlets.config import Config

    quiet = logging.Logger("genai-settings", logging.CRITICAL + 1)
    found = Config()
    for name in CONFIG_FILES:
        # A server leaves a broken file out, with a word in its log alone.
        app = JupyterApp(config_file_name=name, log=quiet, raise_config_file_errors=True)
        try:
            app.load_config_file(suppress_errors=False)
        except Exception as error:  # noqa: BLE001 -- a configuration file is a program
            raise ConfigurationError(
                f"{name} cannot be read: {type(error).__name__}: {' '.join(str(error).split())}",
                "Correct it; `jupyter --paths` lists the folders in which it may lie.",
                code="setting_wrong",
            ) from None
        found.merge(app.config)
    return found
