"""`coursia-genai keys`: one capped, expiring OpenRouter key for a class or a group."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast, get_args

import click
from rich.table import Table

from ..catalog.spec import ServiceSpec
from ..errors import ConfigurationError, Conflict, GenAIError, GenerationError, NotFound
from ..secret_files.editing import change_secrets, set_secret
from ..secret_files.folder import SecretsFolder
from ..secret_files.lines import is_name
from ..secret_files.secret import Secret
from .find import as_json as json_option
from .openrouter_keys import MANAGEMENT_KEY, AccountKeys, KeyView, Reset
from .secret_places import catalog_here, opened, place_of, secrets_path
from .shown import console, plain, print_json, told

LONGEST_DAYS = 400


@click.group()
def keys() -> None:
    """Keys of a class at OpenRouter, each with a limit and an end.

    They are made by the management key that stands among the secrets.
    """


@keys.command(short_help="Make a key for the class NAME, and write it into the secrets.")
@click.argument("name")
@click.option(
    "--dollars",
    type=click.FloatRange(0.01, 10_000),
    required=True,
    help="US dollars that it can spend, in all or in each time of --reset.",
)
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS),
    required=True,
    help="Days until it ends by itself.",
)
@click.option(
    "--reset",
    type=click.Choice(get_args(Reset)),
    help="When what it can spend begins anew (midnight UTC). Default: never.",
)
@click.option(
    "--as",
    "secret",
    default="",
    help="Name of the secret that holds it. Default: the one that the Lab's OpenRouter reads.",
)
@click.option("--replace", is_flag=True, help="Also where that secret holds another key.")
@click.option("--show", is_flag=True, help="Print the key, to carry it to another machine.")
@secrets_path
@json_option
def mint(
    name: str,
    dollars: float,
    days: int,
    reset: str | None,
    secret: str,
    replace: bool,
    show: bool,
    secrets_path: Path | None,
    as_json: bool,
) -> None:
    """Make a key for the class or group NAME, and write it into the secrets.

    A Lab of that class then spends at most what the key can, whatever else goes wrong. The key
    itself is not shown.
    """
    with told(as_json):
        folder = opened(secrets_path)
        spec, account = _account(folder)
        place = _Place(folder, secret or spec.credential.secret or "")
        place.prove(replace=replace)
        end = datetime.now(timezone.utc) + timedelta(days=days)
        key, view = account.mint(
            name,
            dollars=dollars,
            reset=cast("Reset | None", reset),
            expires_at=end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        place.write(key, view, account)
        if as_json:
            shown = {"key": key.reveal()} if show else {}
            print_json({"secret": place.name, "file": str(place.path), **asdict(view), **shown})
            return
        click.echo(
            f"{place.name} is set: {place.path}. It spends at most {_money(view)} and ends on "
            f"{view.expires_at}."
        )
        if show:
            click.echo(key.reveal())


@keys.command("list", short_help="List the keys of the account, what is left of each, its end.")
@secrets_path
@json_option
def list_(secrets_path: Path | None, as_json: bool) -> None:
    """List the keys of the account: limit, what is left, end, and which secret holds it."""
    with told(as_json):
        folder = opened(secrets_path)
        _, account = _account(folder)
        rows = [{**asdict(one), "secrets": _held(one, folder)} for one in account.all()]
        if as_json:
            print_json({"keys": rows})
            return
        if not rows:
            click.echo("The account has no keys.")
            return
        table = Table(box=None, pad_edge=False)
        for head in ("name", "hash", "limit", "left", "reset", "ends", "secret"):
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(*(plain(text) for text in _cells(row)))
        console().print(table)


@keys.command(short_help="End a key for good, by its hash or its name.")
@click.argument("key")
@secrets_path
@json_option
def revoke(key: str, secrets_path: Path | None, as_json: bool) -> None:
    """End KEY for good: its hash, the beginning of that, or its name where only one has it."""
    with told(as_json):
        folder = opened(secrets_path)
        _, account = _account(folder)
        chosen = _chosen(key, account.all())
        held = _held(chosen, folder)
        account.revoke(chosen)
        for name in held:
            for entry in folder.stands(name):
                change_secrets(entry.file, {name: None})
        if as_json:
            print_json({"revoked": chosen.hash, "name": chosen.name, "removed": held})
            return
        click.echo(f"{chosen.name or chosen.hash} is ended.")
        for name in held:
            click.echo(f"{name} held it, and is removed from the secrets.")


class _Place:
    """Where a key is written, proved before it is made: it is told only once."""

    def __init__(self, folder: SecretsFolder, name: str) -> None:
        if not is_name(name):
            raise ConfigurationError(
                "What was given with --as cannot name a secret.",
                "Use letters, digits and '_', not beginning with a digit.",
                code="secret_name",
            )
        self.name = name
        self.path = place_of(folder, name)
        self._folder = folder

    def prove(self, *, replace: bool) -> None:
        """Make sure that the file can be written and that no other key is lost.

        Raises:
            Conflict, ConfigurationError
        """
        if self._folder.get(self.name) is not None and not replace:
            raise Conflict(
                f"{self.name} holds a key already.",
                "End that key first (`coursia-genai keys list`), or give --replace; it is "
                "overwritten then and stays valid until it is ended.",
                code="secret_there",
            )
        change_secrets(self.path, {})

    def write(self, key: Secret, view: KeyView, account: AccountKeys) -> None:
        """Write the key; where that fails, end it again.

        Raises:
            GenAIError: it was not written.
        """
        try:
            set_secret(self.path, self.name, key)
        except GenAIError as error:
            try:
                account.revoke(view)
            except GenAIError:
                raise GenerationError(
                    f"The key was made and could not be kept: {error.message}",
                    "End it: nobody has it, and it counts until it ends.",
                    code="key_lost",
                    command=f"coursia-genai keys revoke {view.hash}",
                ) from None
            raise


def _account(folder: SecretsFolder) -> tuple[ServiceSpec, AccountKeys]:
    spec = next((one for one in catalog_here().values() if one.dialect == "openrouter"), None)
    if spec is None or spec.cloud is None:
        raise NotFound("The catalogue has no OpenRouter.", "See `coursia-genai catalog show`.")
    management = folder.get(MANAGEMENT_KEY)
    if management is None:
        raise ConfigurationError(
            f"There is no {MANAGEMENT_KEY} among the secrets.",
            "Make one at openrouter.ai under Management keys, and set it.",
            code="management_key_missing",
            command=f"coursia-genai secrets set {MANAGEMENT_KEY}",
        )
    return spec, AccountKeys(spec.cloud.url, management)


def _held(key: KeyView, folder: SecretsFolder) -> list[str]:
    """Return which secrets hold a key, as far as its label tells: both its ends are right."""
    first, gap, last = key.label.partition("...")
    if not gap or len(first) < len("sk-or-v1-abc") or not last:
        return []
    found = []
    for name in folder.names():
        value = folder.get(name)
        text = "" if value is None else value.reveal()
        if text.startswith(first) and text.endswith(last):
            found.append(name)
    return found


def _chosen(key: str, all_keys: list[KeyView]) -> KeyView:
    found = [one for one in all_keys if key == one.hash]
    found = found or [one for one in all_keys if key == one.name]
    found = found or [one for one in all_keys if len(key) >= 8 and one.hash.startswith(key)]
    if not found:
        # Somebody may have given the key itself.
        raise NotFound(
            "The account has no key of that name or hash.", "See `coursia-genai keys list`."
        )
    if len(found) > 1:
        hashes = ", ".join(one.hash[:16] for one in found)
        raise Conflict(
            f"{len(found)} keys have that name.",
            f"Name one by its hash: {hashes}",
            code="key_twice",
        )
    return found[0]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    def dollars(value: float | None) -> str:
        return "no limit" if value is None else f"${value:,.2f}"

    return (
        row["name"] + (" (disabled)" if row["disabled"] else ""),
        row["hash"][:16],
        dollars(row["limit"]),
        dollars(row["left"]),
        row["reset"] or "never",
        row["expires_at"] or "never",
        ", ".join(row["secrets"]) or "none here",
    )


def _money(view: KeyView) -> str:
    return f"${view.limit or 0:,.2f}" + (f" {view.reset}" if view.reset else "")
