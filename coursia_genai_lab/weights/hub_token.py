"""The token for gated model files, from the operator's secrets. It is shown nowhere."""

from __future__ import annotations

from pathlib import Path

from ..secret_files.folder import SecretsFolder
from .problems import TOKEN_NAME


def read_token(folder: str | Path | SecretsFolder, *, notebook_root: Path | None = None) -> str:
    """Return the hub token that the folder of secrets has now; empty: there is none.

    `notebook_root` counts where a path is given; a SecretsFolder knows its own.

    Raises:
        ConfigurationError: a file that may hold it lies among the notebooks, is a link, belongs
            to somebody else, or can be read by others.
    """
    if not isinstance(folder, SecretsFolder):
        folder = SecretsFolder(folder, notebook_root=notebook_root)
    found = folder.get(TOKEN_NAME)
    token = "" if found is None else found.reveal()
    # What no header may carry would be shown by the error that says so.
    return token if token.isascii() and token.isprintable() and " " not in token else ""
