"""Whether a path lies on a disk of this host: memory shared through a network is no memory."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
# fmt: off
NETWORK_TYPES = frozenset({
    "9p", "acfs", "afs", "autofs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs",
    "fuse.ceph", "fuse.cvmfs", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse", "gfs", "gfs2", "glusterfs", "gpfs", "lustre",
    "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "vboxsf",
    "virtiofs", "vmhgfs", "wekafs",
})
# fmt: on
"""Types whose files other hosts (or the host of this machine) may open at the same time."""


def file_system_type(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds an absolute path; empty: not listed.

    `mounts` is the text of /proc/self/mountinfo (proc(5)): the mount point is the fifth field,
    the type follows the lone dash.
    """
    best, found = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = Path(_unescaped(fields[4]))
        # Of two mounts on one point the later hides the earlier.
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), after.split()[0]
    return found


def on_network(path: Path) -> str | None:
    """Return the type of the network file system that holds `path`; None: it is a local disk.

    Where the system does not list its mounts (macOS, Windows), every disk passes for local.
    """
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        kind = file_system_type(path.resolve(), mounts)
    except OSError:
        return None
    return kind if kind in NETWORK_TYPES else None


def _unescaped(field: str) -> str:
    for code, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        field = field.replace(code, character)
    return field
