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
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
