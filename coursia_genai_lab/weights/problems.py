"""What goes wrong with model files, each with its sentence and what to do about it.

`what` is a file as people are shown it, `checkpoints/flux.safetensors`; `host` is where it comes
from. No address is shown whole, for its query may hold a signature.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import Conflict, ModelFilesError
from .inventory import amount

TOKEN_NAME = "HF_TOKEN"
SECRETS_FILE = ".env.genai-extension"


class Interruption(Exception):
    """A fetch was cut and is worth another try; `error` is what to say when there is none left."""

    def __init__(self, error: ModelFilesError, *, pause: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.pause = pause
        """Seconds that the source asked for."""


def no_source(what: str) -> ModelFilesError:
    """Nobody says where the file can be had."""
    return ModelFilesError(
        f"The catalogue does not say where {what} can be had.",
        "Put it into a model root yourself, or import it from a folder that has it: "
        "coursia-genai models import FOLDER.",
        code="model_no_source",
    )


def unreachable(host: str, reason: str) -> ModelFilesError:
    """No connection to the source."""
    return ModelFilesError(
        f"{host} cannot be reached: {reason}.",
        "Look at the network and at the proxy (HTTPS_PROXY, NO_PROXY), then fetch again; what is "
        "here already is kept. Without a network: coursia-genai models import FOLDER.",
        code="model_source_unreachable",
    )


def untrusted(host: str) -> ModelFilesError:
    """TLS says that the source is not who it claims to be."""
    return ModelFilesError(
        f"{host} cannot prove who it is: its certificate is not trusted here.",
        "Look at the clock of this machine; where a proxy of your institution reads the traffic, "
        "name its certificates in SSL_CERT_FILE.",
        code="model_source_untrusted",
    )


def insecure(host: str) -> ModelFilesError:
    """The source sends us from an encrypted address to a plain one."""
    return ModelFilesError(
        f"{host} sends us on to an address without encryption; it was not followed.",
        "Name another source in the service file, or bring the file by "
        "coursia-genai models import FOLDER.",
        code="model_source_insecure",
    )


def source_wrong(host: str, reason: str) -> ModelFilesError:
    """The source answers what no file server should."""
    return ModelFilesError(
        f"{host} does not answer as a file server does: {reason}.",
        "Try again later, or name another source in the service file.",
        code="model_source_wrong",
    )


def source_refuses(host: str, status: int) -> ModelFilesError:
    """Any other refusal."""
    return ModelFilesError(
        f"{host} answers {status}.",
        "Try again later, or name another source in the service file.",
        code="model_source_refuses",
    )


def rate_limited(host: str) -> ModelFilesError:
    """The source wants a pause, and after that another."""
    return ModelFilesError(
        f"{host} gives no more for now: too many requests.",
        f"Fetch again in an hour. A token of an account ({TOKEN_NAME} in {SECRETS_FILE}) is given "
        "more.",
        code="model_source_busy",
    )


def token_missing(what: str, host: str, page: str | None) -> ModelFilesError:
    """The source gives the file only to an account."""
    accept = f"Accept its licence at {page}, then put" if page else "Put"
    return ModelFilesError(
        f"{host} gives {what} only to an account.",
        f"{accept} a line {TOKEN_NAME}=… with a read token of that account into {SECRETS_FILE} "
        "in the folder of GenAILab.secrets_path.",
        code="model_token_missing",
        command=f"coursia-genai secrets set {TOKEN_NAME}",
    )


def token_refused(what: str, host: str, page: str | None) -> ModelFilesError:
    """The source knows the token, or not, and gives nothing for it."""
    accept = f"Accept the licence at {page} with the account of the token" if page else "Look"
    return ModelFilesError(
        f"{host} does not give {what} to the account of our token.",
        f"{accept}, and check that {TOKEN_NAME} in {SECRETS_FILE} is still valid and may read.",
        code="model_token_refused",
    )


def not_found(what: str, host: str) -> ModelFilesError:
    """The source has no such file."""
    return ModelFilesError(
        f"{host} has no {what} (any more).",
        "Correct the source in the service file, or use a newer release of coursia-genai-lab.",
        code="model_file_not_found",
    )


def hash_wrong(what: str, found: str, wanted: str) -> ModelFilesError:
    """The bytes are not the published ones."""
    return ModelFilesError(
        f"{what} is not the published file: its SHA-256 begins with {found[:12]}, not "
        f"{wanted[:12]}.",
        "It was not put in place. Try again; if it stays so, the source has changed and the "
        "service file must name the new hash, once somebody has checked it.",
        code="model_hash_wrong",
    )


def size_wrong(what: str, found: int, wanted: int) -> ModelFilesError:
    """The source has a file of another size."""
    return ModelFilesError(
        f"The source offers {what} with {found} bytes; the published file has {wanted}.",
        "It was not put in place. The source has changed: the service file must name the new "
        "size, once somebody has checked it.",
        code="model_size_wrong",
    )


def disk_full(root: Path, wanted: int | None, free: int | None) -> ModelFilesError:
    """There is no room; `wanted` and `free` are bytes, None where nobody knows."""
    room = "" if free is None else f" {amount(free) if free else '0 bytes'} are free,"
    need = "the file does not fit" if wanted is None else f"{amount(wanted)} are needed"
    return ModelFilesError(
        f"The disk of {root} is full:{room} {need} beside the reserve.",
        "Free some space, then fetch again; what is here already is kept. What may go: "
        "coursia-genai models gc.",
        code="model_disk_full",
        command="coursia-genai models gc",
    )


def disk_fails(root: Path, reason: str) -> ModelFilesError:
    """The disk takes no bytes, for another reason than room."""
    return ModelFilesError(
        f"The disk of {root} does not take the file: {reason}.",
        "Look at the disk and at the system's log, then fetch again.",
        code="model_disk_fails",
    )


def stalled(host: str, seconds: float) -> ModelFilesError:
    """The source keeps the line open and sends nothing."""
    return ModelFilesError(
        f"{host} sent nothing for {seconds:.0f} seconds, again and again.",
        "Fetch again later; it goes on where it ended.",
        code="model_fetch_stalled",
    )


def cut(host: str) -> ModelFilesError:
    """The connection breaks, again and again."""
    return ModelFilesError(
        f"The connection to {host} breaks off again and again.",
        "Fetch again later; it goes on where it ended.",
        code="model_fetch_cut",
    )


def root_missing(root: Path | None) -> ModelFilesError:
    """There is no folder for model files."""
    if root is None:
        return ModelFilesError(
            "No folder for model files is set (GenAILab.model_roots).",
            "Set one on a disk with room for tens of gigabytes, then start Jupyter again:",
            code="model_root_missing",
            command="coursia-genai setup --models FOLDER",
        )
    return ModelFilesError(
        f"The model root {root} does not exist.",
        "Create it, mount its disk, or correct GenAILab.model_roots.",
        code="model_root_missing",
    )


def root_readonly(root: Path) -> ModelFilesError:
    """We may not write there."""
    return ModelFilesError(
        f"The model root {root} cannot be written by this user.",
        "Run `coursia-genai models fetch` as the user who owns the folder.",
        code="model_root_readonly",
    )


def place_taken(what: str) -> Conflict:
    """Somebody's own file of that name lies there."""
    return Conflict(
        f"{what} is here already, is not the file that the catalogue means, and was not put "
        "there by the Lab.",
        "Move it away, or replace it: coursia-genai models fetch MODEL --replace.",
        code="model_place_taken",
    )


def busy(what: str, who: str) -> Conflict:
    """Another process writes the file."""
    return Conflict(
        f"{what} is being fetched by {who}.",
        "Wait for it, or end that process; what it has brought is kept.",
        code="model_busy",
    )


def licence_open(title: str, licence: str, url: str | None) -> Conflict:
    """Nobody has accepted the licence on this machine."""
    text = f" ({url})" if url else ""
    return Conflict(
        f"The licence of {title} is still to be accepted on this machine: {licence}{text}.",
        "Read it; an admin or a teacher then accepts it in the panel, or on the command line "
        "with --accept-licence.",
        code="model_licence",
    )
