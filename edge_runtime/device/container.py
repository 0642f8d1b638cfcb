"""Whether this process runs in a container, and what then is the matter when a file cannot be read or written."""

import errno
import os
from pathlib import Path

MARKS = ("/.dockerenv", "/run/.containerenv")  # Docker's and Podman's
KUBERNETES = "KUBERNETES_SERVICE_HOST"
IMAGE = "EDGE_RUNTIME_IMAGE"  # set by docker/edge.Dockerfile


def in_container() -> bool:
    """Whether this is a container of Docker's, Podman's or Kubernetes'."""
    return KUBERNETES in os.environ or any(Path(mark).exists() for mark in MARKS)


def is_image() -> bool:
    """Whether this is the kit's own image, into which nothing can be installed."""
    return IMAGE in os.environ


def hint(error: BaseException | None) -> str:
    """Returns what to do in a container about an error that comes from its user or its root, or nothing.

    Args:
        error: The error; those that it was raised from count as well. One that names no file (a port, a signal) has
            nothing to do with a folder.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM) and error.filename:
            return _ownership(_stopper(Path(os.fsdecode(error.filename))))
        if isinstance(error, OSError) and error.errno == errno.EROFS:
            return "; this container may not write there: mount a folder of yours without ':ro'"
        error = error.__cause__
    return ""


def _stopper(path: Path) -> Path:
    """Returns the first place on the way to `path` where this user may not pass; `path` itself, or of one that is not
    there the directory above it, where all others are open."""
    path = path.absolute()
    for above in reversed(path.parents):
        if not os.access(above, os.X_OK):
            return above
    return path if os.path.lexists(path) else path.parent


def _ownership(place: Path) -> str:
    who = f"{os.getuid()}:{os.getgid()}"
    try:
        found = place.lstat()
    except OSError:
        return f"; this container runs as user {who}"
    if found.st_uid == os.getuid():
        return f"; this container runs as user {who}, who owns {place}, but not with that right: chmod u+rwX {place}"
    owner = f"{found.st_uid}:{found.st_gid}"
    return (
        f"; this container runs as user {who}, and {place} belongs to {owner}: start the container with --user {owner},"
        f" or give it to this one: chown {who} {place}"
    )
