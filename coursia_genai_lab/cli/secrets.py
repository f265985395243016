"""`coursia-genai secrets`: the operator's secrets, which are never shown and never arguments."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import click
from rich.table import Table

from ..errors import InvalidRequest, NotFound
from ..secret_files.editing import set_secret, unset_secret
from ..secret_files.folder import SecretsFolder
from ..secret_files.lines import LONGEST_VALUE
from ..secret_files.secret import Secret
from .comfyui_login import Login, login_of, logins
from .find import as_json as json_option
from .secret_places import catalog_here, opened, place_of, secrets_path, servers_of, used_by
from .settings import operator_settings
from .shown import console, plain, print_json, told

MASK = "•••"
_PIPE_BYTES = 4 * LONGEST_VALUE


@click.group()
def secrets() -> None:
    """Keys and tokens in private files; no command shows one."""


@secrets.command("set", short_help="Set the secret NAME, which is asked for without an echo.")
@click.argument("name")
@click.option("--from-stdin", is_flag=True, help="Read the value from the standard input.")
@secrets_path
@json_option
def set_(name: str, from_stdin: bool, secrets_path: Path | None, as_json: bool) -> None:
    """Set the secret NAME. Its value is asked for without an echo, or read from a pipe.

    A running server uses it within seconds. Comments and other lines of the file stay.
    """
    with told(as_json):
        if "=" in name:
            raise InvalidRequest(
                "A value never stands on a command line: other users see it there, and your "
                "shell keeps it.",
                "Have that secret replaced where it was issued, clean the history, and give the "
                "name alone.",
                code="secret_on_command_line",
            )
        folder = opened(secrets_path)
        path = place_of(folder, name)
        set_secret(path, name, _from_stdin() if from_stdin else _asked(name))
        servers = servers_of(name)
        if as_json:
            print_json({"name": name, "file": str(path), "servers": servers})
        else:
            click.echo(f"{name} is set: {path}")
            if servers:
                click.echo(
                    f"A ComfyUI reads its token only when it starts: coursia-genai secrets sync "
                    f"{' '.join(servers)}"
                )
            # Another line may keep the server from reading it.
            _warn(folder)


@secrets.command()
@click.argument("name")
@secrets_path
@json_option
def unset(name: str, secrets_path: Path | None, as_json: bool) -> None:
    """Remove the secret NAME."""
    with told(as_json):
        folder = opened(secrets_path)
        assert folder.path is not None
        files = [one.file for one in folder.stands(name)]
        if not files:
            raise NotFound("There is no secret of that name.", "See `coursia-genai secrets list`.")
        for path in files:
            unset_secret(path, name)
        if as_json:
            print_json({"removed": name, "files": [str(path) for path in files]})
        else:
            click.echo(f"{name} is removed: {', '.join(map(str, files))}")


@secrets.command("list", short_help="List the names, who uses each, and what is wrong.")
@secrets_path
@json_option
def list_(secrets_path: Path | None, as_json: bool) -> None:
    """List the names, their files, when those changed, who uses each, and what is wrong."""
    with told(as_json):
        folder = opened(secrets_path)
        catalog = catalog_here()
        wrong = folder.problems()
        rows = [
            {
                "name": one.name,
                "file": str(one.file),
                "changed": _time(one.changed).isoformat(timespec="seconds"),
                "used_by": used_by(one.name, catalog),
            }
            for one in folder.entries()
        ]
        if as_json:
            problems = [one.model_dump(mode="json") for one in wrong]
            print_json({"folder": str(folder.path), "secrets": rows, "problems": problems})
            return
        _warn(folder)
        if not rows:
            click.echo("There are no secrets. Set one: coursia-genai secrets set NAME")
            return
        table = Table(box=None, pad_edge=False)
        for head in ("name", "value", "file", "file changed", "used by"):
            table.add_column(head, overflow="fold")
        for row in rows:
            users = ", ".join(row["used_by"]) or "nobody here"
            cells = (row["name"], MASK, row["file"], row["changed"], users)
            table.add_row(*(plain(str(text)) for text in cells))
        console().print(table)


@secrets.command(short_help="Bring the tokens of ComfyUI servers of others into line.")
@click.argument("services", nargs=-1)
@click.option(
    "--login-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="login/PASSWORD of that one server's ComfyUI, where it is on this machine: its line 1 is "
    "made to say the token.",
)
@secrets_path
@json_option
def sync(
    services: tuple[str, ...], login_file: Path | None, secrets_path: Path | None, as_json: bool
) -> None:
    """Bring the tokens of SERVICES into line: ComfyUI servers of others behind ComfyUI-Login.

    The raw token is what counts: where the token that opens the API, its bcrypt hash, is missing
    or of another, it is made anew. Then each server is asked. The status is 1 where one does not
    take its token, as one does that was not started again.
    """
    with told(as_json):
        folder = opened(secrets_path)
        chosen = logins(catalog_here(), services)
        if login_file is not None and len(chosen) != 1:
            raise InvalidRequest("--login-file belongs to one service.", "Name that service.")
        seen = []
        for login in chosen:
            hashed = login.hash_again(folder, place_of(folder, login.secret))
            filed = login_file is not None and login.write_file(folder, login_file)
            seen.append(login.look(operator_settings(), folder, changed=hashed or filed))
        _tell(seen, as_json)
    raise SystemExit(1 if any(one["restart"] for one in seen) else 0)


@secrets.command(short_help="Replace the token of a ComfyUI server of others.")
@click.argument("service")
@click.option(
    "--web-login",
    is_flag=True,
    help="Also make a password for its web page, and the token its bcrypt hash, as ComfyUI-Login "
    "does. Needs the bcrypt library.",
)
@click.option(
    "--login-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="login/PASSWORD of its ComfyUI, where it is on this machine: line 1 gets the new token.",
)
@secrets_path
@json_option
def rotate(
    service: str,
    web_login: bool,
    login_file: Path | None,
    secrets_path: Path | None,
    as_json: bool,
) -> None:
    """Replace the token of SERVICE, a ComfyUI server of others behind ComfyUI-Login.

    That server takes the new token once it has been started again; until then it refuses. What
    the Lab starts itself needs none of this: it gets a new credential with each start.
    """
    with told(as_json):
        folder = opened(secrets_path)
        login = login_of(catalog_here(), service)
        login.rotate(place_of(folder, login.secret), web_login=web_login, login_file=login_file)
        # Another service may have the same secret, and its server wants the new token, too.
        names = [service, *(name for name in servers_of(login.secret) if name != service)]
        settings = operator_settings()
        seen = [
            one.look(settings, folder, changed=True) for one in logins(catalog_here(), tuple(names))
        ]
        _tell(seen, as_json)
        if not as_json and login_file is None:
            click.echo(
                f"Write the value of {login.secret} into line 1 of login/PASSWORD of that ComfyUI."
            )


def _warn(folder: SecretsFolder) -> None:
    for problem in folder.problems():
        console(stderr=True).print(plain(f"{problem.message} {problem.remedy}", "yellow"))


def _asked(name: str) -> Secret:
    if not sys.stdin.isatty():
        raise InvalidRequest(
            "There is no terminal to ask for the value.",
            f"Pipe it: … | coursia-genai secrets set {name} --from-stdin",
            code="secret_value",
        )
    return Secret(click.prompt(f"Value of {name} (not shown)", hide_input=True, err=True))


def _from_stdin() -> Secret:
    data = sys.stdin.buffer.read(_PIPE_BYTES + 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:  # it would show the bytes
        text = ""
    return Secret(text.removesuffix("\n").removesuffix("\r"))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone()


def _tell(seen: list[Login.Seen], as_json: bool) -> None:
    if as_json:
        print_json({"services": seen})
        return
    for one in seen:
        click.echo(f"{one['service']}: {one['sentence']}")
    if not seen:
        click.echo("No service has a secret for a server of others.")
