"""What captured pictures are called, and what their names tell later.

``20261121T220300.125Z_dev-video0_000007_0123456789ab.jpg``: when and where it was taken, its frame's number and the
beginning of its sha256.
"""

import re
from pathlib import Path

from edge_runtime.addresses import VIDEOS
from edge_runtime.result import timestamp
from edge_runtime.sinks.slug import slug
from edge_runtime.sources import Frame

OURS = re.compile(
    r"(?P<hour>\d{8}T\d\d)\d{4}\.\d{3}Z_(?P<source>[\w-]+)_\d{6,}_(?P<digest>[0-9a-f]{12})\.[a-z]{3,4}", re.ASCII
)
# What tells a video from a camera: its name keeps the suffix, as in belt-mp4.
FROM_VIDEO = tuple(suffix.replace(".", "-") for suffix in VIDEOS)


def stem_of(frame: Frame) -> str:
    """Returns how the name of a frame's picture begins."""
    stamp = re.sub("[-:]", "", timestamp(frame.captured_at))
    return f"{stamp}_{_source(frame)}_{frame.number:06}"


def recording_of(name: str) -> str | None:
    """Returns which recording a captured picture is of, by its name alone; None for a name that is not ours.

    A video is one, whenever its frames were taken out. Of a camera it is what it saw within one hour of the clock, UTC:
    neighbouring frames are alike, what it sees an hour later need not be.
    """
    met = OURS.fullmatch(name)
    if met is None:
        return None
    return met["source"] if met["source"].endswith(FROM_VIDEO) else f"{met['source']} {met['hour']}"


def _source(frame: Frame) -> str:
    """Returns what a frame's source is called: a file without the way to it."""
    video = Path(frame.source.partition("?")[0])
    if video.suffix.lower() in VIDEOS:
        return slug(video.stem) + video.suffix.lower().replace(".", "-")
    return slug(Path(frame.path).stem if frame.path else frame.source)
