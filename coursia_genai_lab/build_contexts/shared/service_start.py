"""What every entry point does: read the credential, run the server, keep the one out of the log.

Standard library only, Python 3.10 or newer: it runs in images that hold nothing else of ours.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

TOKEN_FILE = "/run/secrets/coursia-genai/token"
DATA_FOLDERS = ("/data", "/tmp/coursia-genai/data")  # noqa: S108 -- within the container
WRONG_SETUP = 78
"""Exit status: the container was not started as it must be (EX_CONFIG)."""
OPEN_SERVER = 77
"""Exit status: the server would have let in people without a credential (EX_NOPERM)."""

# One word in a header, one field in `user:password` lists; as long as nobody guesses.
_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{16,512}")
_HIDDEN = b"(hidden)"
_LOOK_SECONDS = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def fail(sentence: str, status: int = WRONG_SETUP) -> None:
    """Say why nothing is started, and end."""
    print(f"coursia-genai: {sentence}", file=sys.stderr, flush=True)
    raise SystemExit(status)


def token_file() -> Path:
    """Return where the credential of this start is."""
    return Path(os.environ.get("GENAI_TOKEN_FILE", TOKEN_FILE))


def read_token() -> str:
    """Return the credential of this start; ends the program where there is no good one."""
    path = token_file()
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        fail(f"there is no credential in {path}. Mount a file with a random text there.")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"the credential in {path} cannot be read ({type(error).__name__}).")
    if not _TOKEN.fullmatch(text):
        fail(
            f"the credential in {path} is no good: 16 to 512 letters, digits and . _ ~ + / = - "
            "are needed, on one line."
        )
    return text


def data_folder() -> Path:
    """Return a folder that can be written, also in a container with a read-only file system."""
    wanted = os.environ.get("GENAI_DATA_FOLDER")
    for place in map(Path, [wanted] if wanted else DATA_FOLDERS):
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK | os.X_OK):
            return place
    fail("no folder can be written. Mount a volume at /data, or memory at /tmp.")
    raise AssertionError


def private_folder(path: Path) -> Path:
    """Make sure that only this user can enter the folder, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        fail(f"{path} is not a folder of this container's user.")
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, all of it or none."""
    half = path.with_name(path.name + ".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    half.replace(path)


class Hider:
    """Take the credential out of a stream of bytes, wherever its pieces are cut."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """Return what may be shown by now; the beginning of a credential is held back."""
        text = (self._rest + piece).replace(self._token, _HIDDEN)
        held = max(
            (n for n in range(1, len(self._token)) if text.endswith(self._token[:n])), default=0
        )
        shown, self._rest = text[: len(text) - held], text[len(text) - held :]
        return shown

    def end(self) -> bytes:
        """Return what was held back."""
        rest, self._rest = self._rest, b""
        return rest


def run(
    command: Sequence[str],
    token: str,
    *,
    folder: Path,
    environment: Mapping[str, str],
    port: int,
    path: str,
) -> int:
    """Run the server until it ends; return its status, 128 + N where signal N ended it.

    Signals are passed on, what it prints is printed without the credential. It is ended at once
    if it answers a request for `path` without a credential.
    """
    early: list[int] = []
    for number in _SIGNALS:
        # Until there is a server to pass them on to.
        signal.signal(number, lambda got, _: early.append(got))
    child = subprocess.Popen(  # noqa: S603 -- the command is the image's own
        list(command),
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    for number in _SIGNALS:
        signal.signal(number, lambda got, _: child.send_signal(got))
    for got in early:
        child.send_signal(got)
    opened = threading.Event()
    watch = threading.Thread(target=_watch, args=(child, port, path, opened), daemon=True)
    watch.start()
    _show(child, Hider(token))
    status = child.wait()
    if opened.is_set():
        fail(
            "the server answers without a credential, so it was ended. The image is not as it "
            "was built; build it again.",
            OPEN_SERVER,
        )
    return 128 - status if status < 0 else status


def _show(child: subprocess.Popen[bytes], hider: Hider) -> None:
    assert child.stdout is not None
    out = sys.stdout.buffer
    while piece := os.read(child.stdout.fileno(), 65_536):
        out.write(hider.feed(piece))
        out.flush()
    out.write(hider.end())
    out.flush()


def _watch(child: subprocess.Popen[bytes], port: int, path: str, opened: threading.Event) -> None:
    """Ask once, as soon as the server answers, whether it lets a stranger in."""
    while child.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            threading.Event().wait(_LOOK_SECONDS)
            continue
        finally:
            connection.close()
        if status not in (401, 403):
            opened.set()
            child.kill()
        return
