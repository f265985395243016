"""A short hash of what a spec says about running, to tell an old instance from a present one."""

from __future__ import annotations

import hashlib
import json

from ..catalog.spec import ServiceSpec


def fingerprint(spec: ServiceSpec) -> str:
    """Return 16 hexadecimal digits that change when the way to run the service changes.

    Titles, exports, detection and the like do not count: they need no new start.
    """
    said = spec.model_dump(
        mode="json", include={"container", "process", "gpu", "credential", "dialect"}
    )
    if said.get("container"):
        del said["container"]["pull"]  # how an image came here changes nothing that runs
    return _short_hash(said)


def speech_fingerprint(spec: ServiceSpec) -> str:
    """Return 16 hexadecimal digits that change when the service must be spoken to otherwise.

    An instance with another one is of no use, however well it runs.
    """
    said = spec.model_dump(mode="json", include={"credential", "dialect"})
    if spec.container is not None:
        said["place"] = [spec.container.port, spec.container.token_path]
    return _short_hash(said)


def _short_hash(said: object) -> str:
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
