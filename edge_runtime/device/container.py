"""Whether this process runs in a container, and what then is the matter when a file cannot be written."""

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
    """Returns what to do about an error that comes from the container's user or root, or nothing.

    Args:
        error: The error; those that it was raised from count as well.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM):
            who = f"{os.getuid()}:{os.getgid()}"
            return (
                f"; this container runs as user {who}: give the folder to that user (chown {who}), "
                "or start the container as the folder's owner (--user $(id -u):$(id -g))"
            )
        if isinstance(error, OSError) and error.errno == errno.EROFS:
            return "; this container may not write there: mount a folder of yours without ':ro'"
        error = error.__cause__
    return ""
