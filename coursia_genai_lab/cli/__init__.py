"""The command line: `coursia-genai`."""

from __future__ import annotations

import importlib.metadata

import click

from .audit import audit
from .build import build
from .catalog import catalog
from .commands import logs, start, stop
from .detect import detect
from .doctor import doctor
from .exec import exec_
from .gpus import gpus
from .group import Commands
from .health import health
from .jobs import jobs
from .keys import keys
from .ledger import ledger
from .mark import mark
from .mode import mode
from .models import models
from .pin import pin, unpin
from .plan import plan
from .policy import policy
from .secrets import secrets
from .setup import setup
from .status import status
from .timeline import timeline
from .usage import usage
from .verify import verify
from .workflows import workflows


def _version() -> str:
    try:
        return importlib.metadata.version("coursia-genai-lab")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="coursia-genai")
def main() -> None:
    """Image services that start when a notebook needs them."""


for _command in (
    detect,
    mark,
    status,
    start,
    stop,
    pin,
    unpin,
    logs,
    timeline,
    verify,
    gpus,
    health,
    jobs,
    usage,
    ledger,
    audit,
    plan,
    doctor,
    setup,
    catalog,
    build,
    models,
    exec_,
    workflows,
    secrets,
    mode,
    policy,
    keys,
):
    main.add_command(_command)
