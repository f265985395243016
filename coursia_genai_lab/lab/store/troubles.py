"""What a failed database call means: a code, a sentence and a remedy, without any secret."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from ...errors import GenAIError, StoreError
from ...wire.problems import Problem
from .place import Place

CORRUPT = "store_corrupt"
FULL = "store_full"
LOCKED = "store_locked"
READ_ONLY = "store_read_only"
UNREACHABLE = "store_unreachable"
REFUSED = "store_refused"
BROKEN = "store_broken"
LOST = "store_lost"
REPLACED = "store_replaced"
USABLE = frozenset({FULL, LOCKED, READ_ONLY})
"""After these the connection still reads."""

_MEANWHILE = "Services and kernels go on; what happens is kept in memory until it can be written."

# SQLite's own words (sqlite3.c, sqlite3ErrStr): Python 3.10 gives no error number.
_SQLITE_WORDS = (
    ("malformed", CORRUPT),
    ("not a database", CORRUPT),
    ("disk is full", FULL),
    ("locked", LOCKED),
    ("readonly", READ_ONLY),
    ("unable to open", READ_ONLY),
)
# https://www.postgresql.org/docs/15/errcodes-appendix.html
_SQLSTATES = (
    ("25006", READ_ONLY),
    ("42501", READ_ONLY),
    ("53100", FULL),
    ("55P03", LOCKED),
    ("57014", LOCKED),
    ("28", REFUSED),
    ("3D", REFUSED),
)
_ERRNOS = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
}


def store_error(error: BaseException, place: Place) -> StoreError:
    """Return what `error` means for the store at `place`."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, GenAIError):
        return StoreError(f"{error.message} {_MEANWHILE}", error.remedy, code=error.error_code)
    if isinstance(error, ModuleNotFoundError):
        return StoreError(
            f"The driver for {place.shown} is not installed. {_MEANWHILE}",
            "Install it into Jupyter's environment and restart the server.",
            code="store_no_driver",
            command="pip install 'coursia-genai-lab[postgres]'",
        )
    code = _code(error, place)
    return _ERRORS[code](place, type(getattr(error, "orig", None) or error).__name__)


def _code(error: BaseException, place: Place) -> str:
    if isinstance(error, OSError):
        return _ERRNOS.get(error.errno or 0, BROKEN)
    cause = getattr(error, "orig", None) or error
    if place.path is not None:
        words = str(cause)
        return next((code for word, code in _SQLITE_WORDS if word in words), BROKEN)
    state = str(getattr(cause, "sqlstate", None) or "")
    known = next((code for begin, code in _SQLSTATES if state.startswith(begin)), None)
    if known is None and "password" in str(cause):
        # A refusal before the session has begun carries no SQLSTATE in psycopg.
        known = REFUSED
    return known or (UNREACHABLE if _lost(error) else BROKEN)


def _lost(error: BaseException) -> bool:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & {"OperationalError", "InterfaceError"}) or bool(
        getattr(error, "connection_invalidated", False)
    )


def _full(place: Place, kind: str) -> StoreError:
    where = os.fspath(place.path.parent) if place.path else place.shown
    return StoreError(
        f"The disk of the Lab's record is full ({place.shown}). {_MEANWHILE}",
        f"Free some space in {where}; writing goes on by itself.",
        code=FULL,
    )


def _locked(place: Place, kind: str) -> StoreError:
    return StoreError(
        f"Another program keeps the Lab's record locked ({place.shown}). {_MEANWHILE}",
        "End the program that holds it, a database browser for instance.",
        code=LOCKED,
    )


def _read_only(place: Place, kind: str) -> StoreError:
    return StoreError(
        f"The Lab's record cannot be written ({place.shown}). {_MEANWHILE}",
        "Give the server's user the right to write there; writing goes on by itself.",
        code=READ_ONLY,
    )


def _unreachable(place: Place, kind: str) -> StoreError:
    return StoreError(
        f"{place.shown} cannot be reached. {_MEANWHILE}",
        "Start the database, or correct GenAILab.store_url; it is tried again every few seconds.",
        code=UNREACHABLE,
    )


def _refused(place: Place, kind: str) -> StoreError:
    return StoreError(
        f"{place.shown} refuses this server: user, password or database is wrong. {_MEANWHILE}",
        "Correct GenAILab.store_url, or the database's own rules.",
        code=REFUSED,
    )


def _corrupt(place: Place, kind: str) -> StoreError:
    return StoreError(
        f"The Lab's record is damaged ({place.shown}).",
        "It is set aside, and a new one begins.",
        code=CORRUPT,
    )


def _broken(place: Place, kind: str) -> StoreError:
    return StoreError(
        f"The Lab's record failed ({place.shown}: {kind}). {_MEANWHILE}",
        "Look at the disk or the database; it is tried again every few seconds.",
        code=BROKEN,
    )


_ERRORS: dict[str, Callable[[Place, str], StoreError]] = {
    CORRUPT: _corrupt,
    FULL: _full,
    LOCKED: _locked,
    READ_ONLY: _read_only,
    UNREACHABLE: _unreachable,
    REFUSED: _refused,
    BROKEN: _broken,
}


def silent(shown: str) -> Problem:
    """Return what to tell of a store that hangs."""
    return Problem(
        code="store_silent",
        message=f"The Lab's record does not answer ({shown}). Services and kernels go on; what "
        "happens is kept in memory.",
        remedy="Look at the disk or the database.",
    )


def dropped(count: int) -> Problem:
    """Return what to tell of changes that were given up."""
    return Problem(
        code="store_entries_lost",
        message=f"The Lab's record was away for so long that its {count} oldest unwritten entries "
        "were given up.",
        remedy="Nothing else is lost; mend what the other warnings name.",
    )
