"""Cameras of this machine, as Linux shows them: device nodes, asked for what they are with V4L2's own question."""

import contextlib
import errno
import fcntl
import grp
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import SourceError

DEVICES = Path("/dev")
# linux/videodev2.h: struct v4l2_capability (driver, card, bus_info, version, capabilities, device_caps, reserved).
CAPABILITY = struct.Struct("16s32s32sIII12x")
VIDIOC_QUERYCAP = 0x80685600  # _IOR('V', 0, struct v4l2_capability)
CAN_CAPTURE = 0x00000001 | 0x00001000  # V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE


@dataclass(frozen=True)
class Device:
    """A node that gives pictures.

    Attributes:
        path: ``/dev/video0``.
        name: What the driver calls the camera.
    """

    path: Path
    name: str

    def __str__(self) -> str:
        return f"{self.path} ({self.name})"


def cameras(directory: Path = DEVICES) -> list[Device]:
    """Returns the nodes that give pictures to this user, by number.

    One camera may have several: the others carry metadata, and the boards' codecs have nodes too. Those are left out.
    """
    found = []
    for path in _nodes(directory):
        with contextlib.suppress(OSError):
            name, capabilities = _ask(path)
            if capabilities & CAN_CAPTURE:
                found.append(Device(path, name))
    return found


def forbidden(directory: Path = DEVICES) -> list[Path]:
    """Returns the nodes that this user may not open, by number."""
    return [path for path in _nodes(directory) if not os.access(path, os.R_OK | os.W_OK, effective_ids=True)]


def check(path: Path) -> None:
    """Makes sure that `path` is a camera that this user may open.

    Raises:
        SourceError: It is not; the sentence says what to do.
    """
    try:
        name, capabilities = _ask(path)
    except OSError as error:
        raise SourceError(f"{path}: {_refusal(path, error)}") from error
    if not capabilities & CAN_CAPTURE:
        raise SourceError(f"{path}: belongs to '{name}' but gives no pictures; {_others()}")


def _nodes(directory: Path) -> list[Path]:
    nodes = [path for path in directory.glob("video*") if path.name[5:].isdigit()]
    return sorted(nodes, key=lambda path: int(path.name[5:]))


def _ask(path: Path) -> tuple[str, int]:
    """Returns the camera's name and what the node can do; raises OSError."""
    node = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        answer = bytearray(CAPABILITY.size)
        fcntl.ioctl(node, VIDIOC_QUERYCAP, answer)
    finally:
        os.close(node)
    _, card, _, _, _, capabilities = CAPABILITY.unpack(answer)
    return card.split(b"\0")[0].decode(errors="replace"), capabilities


def _refusal(path: Path, error: OSError) -> str:
    """Returns why a node cannot be asked and what to do, as the rest of a sentence."""
    match error.errno:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV:
            return f"there is no such camera; {_others()}; in a container give it with --device {path}"
        case errno.EACCES | errno.EPERM:
            group = _group(path)
            return (
                f"no permission to open it; join its group with 'sudo usermod -aG {group} USER' and log in again; "
                f"in a container give it with --device {path} --group-add {group}"
            )
        case errno.EBUSY:
            return f"another program uses it; 'fuser {path}' tells which"
        case errno.ENOTTY | errno.EINVAL | errno.EISDIR:
            return f"not a camera; {_others()}"
        case _:
            return f"cannot be opened: {error.strerror}"


def _others() -> str:
    found = ", ".join(map(str, cameras()))
    return f"there are: {found}" if found else "none is to be seen here"


def _group(path: Path) -> str:
    """Returns the name of the group that owns a node, or its number where this system, or container, has no name."""
    try:
        number = path.stat().st_gid
    except OSError:
        return "video"
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
