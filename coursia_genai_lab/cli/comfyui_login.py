"""The tokens of ComfyUI servers behind ComfyUI-Login, which somebody else runs.

That login knows one text, line 1 of login/PASSWORD: the bearer of its API is that very text, and
the password of its web page is whatever has it as bcrypt hash. It reads the file when it starts.
A random text there opens the API and lets nobody into the page by password.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from ..catalog.load import Catalog
from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..errors import ConfigurationError, InvalidRequest, NotFound
from ..secret_files.editing import change_secrets, set_secret
from ..secret_files.folder import SecretsFolder
from ..secret_files.secret import Secret
from ..wire.problems import Problem

EXTRA = "coursia-genai-lab[comfyui-login]"
_BEARER, _RAW = "_BEARER_TOKEN", "_RAW_TOKEN"
_ROUNDS = 12
"""As ComfyUI-Login hashes: about a quarter of a second."""
_LONGEST_PASSWORD = 72
_LONGEST_FILE = 4096
_RESTART_CODES = frozenset({"external_locked"})


def raw_name(secret: str) -> str:
    """Return the name of the raw token beside the token that opens the API."""
    return secret.removesuffix(_BEARER) + _RAW


def logins(catalog: Catalog, services: Sequence[str]) -> list[Login]:
    """Return the logins of these services; without names of all that have one.

    Raises:
        NotFound, InvalidRequest: as `login_of`.
    """
    if services:
        return [login_of(catalog, name) for name in services]
    return [login_of(catalog, spec.name) for spec in catalog.values() if _has_login(spec)]


def login_of(catalog: Catalog, service: str) -> Login:
    """Return the login of a service.

    Raises:
        NotFound: there is no such service.
        InvalidRequest: it has no token that could be replaced here.
    """
    spec = catalog.get(service)
    if spec is None:
        raise NotFound(f"There is no service {service!r}.", "See `coursia-genai catalog show`.")
    if not _has_login(spec):
        raise InvalidRequest(
            f"{service} has no token to replace: what the Lab starts gets a new credential with "
            "each start.",
            'For a server of others write secret = "NAME" into [credential] of its service file.',
            code="secret_of_no_server",
        )
    return Login(spec, spec.credential.secret or "")


def _has_login(spec: ServiceSpec) -> bool:
    credential = spec.credential
    return bool(credential.secret) and spec.dialect == "comfyui" and credential.scheme == "bearer"


@dataclass(frozen=True)
class Login:
    """The login of one server."""

    spec: ServiceSpec
    secret: str
    """Name of the token that opens its API."""

    class Seen(TypedDict):
        """How it stands."""

        service: str
        secret: str
        changed: bool
        restart: bool
        """Whether the server has to be started again."""
        code: str | None
        sentence: str

    def rotate(self, path: Path, *, web_login: bool, login_file: Path | None) -> None:
        """Write a new token into the secrets, and before that into the server's file if given.

        Raises:
            ConfigurationError: a file cannot be written, or bcrypt is not there.
        """
        raw = Secret(secrets.token_urlsafe(32))
        token = Secret(_hashed(raw)) if web_login else raw
        if login_file is not None:
            _write_line(login_file, token)
        kept = raw if web_login else None
        change_secrets(path, {self.secret: token, raw_name(self.secret): kept})

    def hash_again(self, folder: SecretsFolder, path: Path) -> bool:
        """Make the token the hash of the raw one, where there is a raw one; say if it was not.

        Raises:
            ConfigurationError: the secrets cannot be read or written, or bcrypt is not there.
        """
        raw, token = folder.get(raw_name(self.secret)), folder.get(self.secret)
        if raw is None or (token is not None and _is_hash_of(token, raw)):
            return False
        set_secret(path, self.secret, Secret(_hashed(raw)))
        return True

    def write_file(self, folder: SecretsFolder, login_file: Path) -> bool:
        """Make line 1 of the server's file the token; say if it was another.

        Raises:
            ConfigurationError: there is no token, or the file cannot be written.
        """
        token = folder.get(self.secret)
        if token is None:
            raise ConfigurationError(
                f"There is no {self.secret} among the secrets.",
                f"Set it, or make one: coursia-genai secrets rotate {self.spec.name}",
                code="secret_missing",
            )
        return _write_line(login_file, token)

    def look(self, settings: LabSettings, folder: SecretsFolder, *, changed: bool) -> Login.Seen:
        """Ask the server, and return how its login stands. Bounded by a few seconds."""
        if folder.get(self.secret) is None:
            return self._seen(changed, None, f"there is no {self.secret} among the secrets")
        problem = asyncio.run(self._ask(settings, folder))
        if problem is None:
            words = f"its server answers: it takes our {self.secret}, or asks for none"
            return self._seen(changed, None, words)
        code = problem.code
        if code in _RESTART_CODES:
            return self._seen(changed, code, f"{problem.message} {problem.remedy}", restart=True)
        start = " Once it runs, it has to have read that token at its start." if changed else ""
        return self._seen(changed, code, f"{problem.message}{start}")

    async def _ask(self, settings: LabSettings, folder: SecretsFolder) -> Problem | None:
        # The runtimes load aiohttp and the Docker SDK, which other commands do without.
        from ..composition import build_runtimes

        runtimes = build_runtimes(settings, folder)
        try:
            return await runtimes["external"].check(self.spec)
        finally:
            for runtime in runtimes.values():
                await runtime.close()

    def _seen(
        self, changed: bool, code: str | None, sentence: str, *, restart: bool = False
    ) -> Login.Seen:
        return {
            "service": self.spec.name,
            "secret": self.secret,
            "changed": changed,
            "restart": restart,
            "code": code,
            "sentence": sentence,
        }


def _hashed(raw: Secret) -> str:
    bcrypt = _library()
    text = raw.reveal().encode()
    if len(text) > _LONGEST_PASSWORD:
        raise InvalidRequest(
            f"bcrypt hashes at most {_LONGEST_PASSWORD} bytes, and the raw token has more.",
            "Set a shorter one, or make one: coursia-genai secrets rotate SERVICE --web-login",
            code="secret_value",
        )
    return str(bcrypt.hashpw(text, bcrypt.gensalt(_ROUNDS)).decode("ascii"))


def _is_hash_of(token: Secret, raw: Secret) -> bool:
    if token.reveal() == raw.reveal():
        return False  # nobody could log in by it
    try:
        return bool(_library().checkpw(raw.reveal().encode(), token.reveal().encode()))
    except ValueError:  # it is no hash, and the library's words may show it
        return False


def _library() -> Any:
    try:
        import bcrypt
    except ImportError:
        raise ConfigurationError(
            "A web password needs the bcrypt library, which is not installed.",
            "Install it, or rotate without --web-login: a random token opens the API alone.",
            code="bcrypt_missing",
            command=f"python -m pip install '{EXTRA}'",
        ) from None
    return bcrypt


def _write_line(path: Path, token: Secret) -> bool:
    """Make line 1 of the file the token, in place: a file that is mounted alone cannot move."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "r+b") as file:
            lines = file.read(_LONGEST_FILE + 1).replace(b"\r\n", b"\n").split(b"\n")
            if sum(map(len, lines)) > _LONGEST_FILE:
                raise _unwritten(path, "it is no login file")
            line = token.reveal().encode()
            if lines[0] == line:
                return False
            file.seek(0)
            file.write(b"\n".join([line, *lines[1:]]))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritten(path, error.strerror or "it cannot be opened") from None
    return True


def _unwritten(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path} was not written: {reason}.",
        "Name the file login/PASSWORD of the ComfyUI, which this user may write.",
        code="login_file",
    )
