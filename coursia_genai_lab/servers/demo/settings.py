"""The switches of the demo engine: one frozen value, read once."""

from __future__ import annotations

import argparse
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

PREVIEW_METHODS = ("none", "auto", "latent2rgb", "taesd")
TOKEN_BYTES = 4096
TROUBLES = (
    "out-of-memory", "refusal", "die", "hang", "no-answer", "silence", "trickle", "garbage",
    "wrong-picture",
)  # fmt: skip


class SettingsError(Exception):
    """A switch cannot be used as given; the message says which and why."""


@dataclass(frozen=True)
class Settings:
    """How one demo engine runs.

    `port` 0 picks a free one. `seconds_per_step` and `boot_seconds` are seconds, 0 means at once.
    `fail_at_step` None never fails; K fails every job at its step K (from 1).
    `trouble` is a kind of trouble that jobs get into, None for none: the first `trouble_after` go
    well, then `trouble_times` do not, None for all. With `trouble_header` a call may name its
    trouble itself, where there is a token. `trickle_seconds` lie between two bytes of a trickle.
    `parent_pid` None watches nobody. `token` None leaves the engine open to local callers.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = field(default=None, repr=False)
    boot_seconds: float = 0.0
    seconds_per_step: float = 0.05
    fail_at_step: int | None = None
    preview_method: str = "none"
    trouble: str | None = None
    trouble_after: int = 0
    trouble_times: int | None = None
    trouble_header: bool = False
    trickle_seconds: float = 60.0
    parent_pid: int | None = None


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError("must be between 0 and 3600 seconds")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return value


def _step(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("steps are counted from 1")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _yes(text: str) -> bool:
    if text.lower() not in ("0", "1", "false", "true"):
        raise argparse.ArgumentTypeError("must be 0 or 1")
    return text.lower() in ("1", "true")


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    def default(name: str, otherwise: str | None) -> str | None:
        # argparse converts string defaults by `type`, so the two ways in share one check.
        return environ.get(f"GENAI_DEMO_{name}") or otherwise

    parser = argparse.ArgumentParser(
        prog="demo",
        description="An image server for trying things out: real protocols, drawn pictures.",
    )
    add = parser.add_argument
    add("--host", default=default("HOST", "127.0.0.1"), help="address to listen on")
    add("--port", type=_port, default=default("PORT", "8188"), help="0 picks a free port")
    add("--token-file", default=default("TOKEN_FILE", None), help="file that holds the credential")
    add("--boot-seconds", type=_seconds, default=default("BOOT_SECONDS", "0"))
    add("--seconds-per-step", type=_seconds, default=default("SECONDS_PER_STEP", "0.05"))
    add("--fail-at-step", type=_step, default=default("FAIL_AT_STEP", None))
    add(
        "--preview-method",
        choices=PREVIEW_METHODS,
        default=default("PREVIEW_METHOD", "none"),
        help="previews for ComfyUI jobs that do not say",
    )
    _add_trouble(parser, default)
    add(
        "--parent-pid",
        type=int,
        default=None,
        help="end when this process ends (default: the real parent; 0: outlive everybody)",
    )
    return parser


def _add_trouble(
    parser: argparse.ArgumentParser, default: Callable[[str, str | None], str | None]
) -> None:
    group = parser.add_argument_group("trouble on purpose, to see how callers take it")
    add = group.add_argument
    add("--trouble", choices=TROUBLES, default=default("TROUBLE", None), help="what goes wrong")
    add(
        "--trouble-after",
        type=_count,
        default=default("TROUBLE_AFTER", "0"),
        help="so many jobs go well before",
    )
    add(
        "--trouble-times",
        type=_count,
        default=default("TROUBLE_TIMES", None),
        help="so many jobs go wrong, then none does any more (default: all)",
    )
    add(
        "--trouble-header",
        type=_yes,
        default=default("TROUBLE_HEADER", "0"),
        help="1: the header X-Demo-Trouble of a call with the credential names its trouble",
    )
    add("--trickle-seconds", type=_seconds, default=default("TRICKLE_SECONDS", "60"))


def read_token(path: str) -> str:
    """Return the credential in the first line of the file at `path`.

    Raises SettingsError for a link, anything that is no plain file, and an empty first line.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise SettingsError(f"The token file cannot be opened: {error.strerror}.") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise SettingsError("The token file is not a plain file.")
        text = os.read(handle, TOKEN_BYTES).decode("utf-8", "replace")
    finally:
        os.close(handle)
    token = text.partition("\n")[0].strip()
    if not token:
        raise SettingsError("The first line of the token file is empty.")
    return token


def _known_trouble(kind: str | None) -> str | None:
    # argparse does not look at defaults, and so not at the environment.
    if kind is not None and kind not in TROUBLES:
        raise SettingsError(f"GENAI_DEMO_TROUBLE must be one of {', '.join(TROUBLES)}.")
    return kind


def read_settings(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Return the settings; the command line wins over the environment.

    Raises SettingsError for an unusable token file, SystemExit(2) for bad usage.
    """
    options = _parser(environ).parse_args(argv)
    parent = options.parent_pid
    if parent is None and os.getppid() > 1:
        parent = os.getppid()
    return Settings(
        host=options.host,
        port=options.port,
        token=read_token(options.token_file) if options.token_file else None,
        boot_seconds=options.boot_seconds,
        seconds_per_step=options.seconds_per_step,
        fail_at_step=options.fail_at_step,
        preview_method=options.preview_method,
        trouble=_known_trouble(options.trouble),
        trouble_after=options.trouble_after,
        trouble_times=options.trouble_times,
        trouble_header=options.trouble_header,
        trickle_seconds=options.trickle_seconds,
        parent_pid=parent or None,
    )
