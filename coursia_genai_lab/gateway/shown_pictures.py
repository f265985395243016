"""Holds a picture of a raw ComfyUI job while its owner fetches it, for its thumbnail.

The gateway fetches none by itself: what nobody looks at has no thumbnail.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..lab.thumbnails import TakePicture
from .own_jobs import OutputFile, RawJob

MOST_HELD = 16 * 2**20
"""Bytes of one picture; one that is larger is not held."""
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


def wants(job: RawJob, file: OutputFile, query: Mapping[str, str]) -> bool:
    """Say whether a file that is fetched would be the job's thumbnail.

    It is the first that was saved; where a job saves none, the first that it shows.
    """
    if job.pictured or not job.record_id:
        return False
    kind, _, name = file
    saves = any(one == "output" for one, _, _ in job.files)
    whole = query.get("channel", "rgba") in ("rgba", "rgb")
    return whole and kind == ("output" if saves else "temp") and name.lower().endswith(ENDINGS)


class HeldPicture:
    """Hear the pieces of an answer, and give them on once all of it has passed.

    Until then they are kept as they came: to join them takes time, and somebody waits.
    """

    def __init__(self, job: RawJob, picture: TakePicture) -> None:
        self._job = job
        self._picture = picture
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        self._size += len(piece)
        if self._size <= MOST_HELD:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def passed(self) -> None:
        """Give the picture on, if it was held and none was before."""
        if self._pieces and not self._job.pictured:
            self._job.pictured = True
            self._picture(self._job.record_id, b"".join(self._pieces))
