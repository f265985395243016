"""Where the operator's secrets stand, as commands find them, and who reads which."""

from __future__ import annotations

from pathlib import Path

import click

from ..catalog.load import Catalog, load_catalog
from ..errors import ConfigurationError
from ..secret_files.folder import ENV_FILE, TOKENS_FILE, SecretsFolder, refuse_among_notebooks
from ..weights.problems import TOKEN_NAME
from .comfyui_login import logins, raw_name
from .find import running_servers
from .settings import operator_settings

secrets_path = click.option(
    "--secrets-path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of secrets, in place of GenAILab.secrets_path.",
)


def catalog_here() -> Catalog:
    """Return the catalogue as a server of this user would have it."""
    return load_catalog(operator_settings().services_path or None)


def opened(chosen: Path | None) -> SecretsFolder:
    """Return the folder that is meant.

    Raises:
        ConfigurationError: none is set, or it lies among the notebooks of a server that runs.
    """
    path = chosen or operator_settings().secrets_path
    if not path:
        raise ConfigurationError(
            "No folder of secrets is set.",
            "Choose one outside the notebooks: add c.GenAILab.secrets_path = "
            '"/home/you/.genai-secrets" to jupyter_server_config.py, or give --secrets-path.',
            code="secrets_path_unset",
        )
    folder = SecretsFolder(path)
    assert folder.path is not None
    for address in running_servers():
        if address.root:
            refuse_among_notebooks(folder.path, Path(address.root))
    return folder


def place_of(folder: SecretsFolder, name: str) -> Path:
    """Return the file in which a name stands, or belongs."""
    for entry in folder.stands(name):
        return entry.file
    assert folder.path is not None
    services = logins(catalog_here(), ())
    of_comfyui = {word for one in services for word in (one.secret, raw_name(one.secret))}
    return folder.path / (TOKENS_FILE if name in of_comfyui else ENV_FILE)


def used_by(name: str, catalog: Catalog) -> list[str]:
    """Return what reads a secret of this name, in words."""
    users = ["fetches of gated model files"] if name == TOKEN_NAME else []
    for spec in catalog.values():
        secret = spec.credential.secret
        if name == secret and spec.kind == "cloud":
            users.append(f"{spec.name}, the cloud")
        elif name == secret:
            users.append(f"{spec.name}, when somebody else runs it")
        elif secret is not None and name == raw_name(secret):
            users.append(f"people on the web page of {spec.name}")
    return users


def servers_of(name: str) -> list[str]:
    """Return the services whose servers read a secret of this name when they start."""
    return [
        one.spec.name
        for one in logins(catalog_here(), ())
        if name in (one.secret, raw_name(one.secret))
    ]
