"""``edge-runtime capture``: grows a folder of pictures to train with. What is heavy is imported once it begins."""

import argparse
from pathlib import Path

from edge_runtime.addresses import SOURCES
from edge_runtime.commands.numbers import duration, not_negative, positive

NEXT = "\n  "
CHANGE = 4.0  # grey levels: what 'run --motion' takes for a movement


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--label",
        action="append",
        required=True,
        dest="labels",
        metavar="NAME",
        help="what the pictures show; given several times, the keys 1 to 9 choose",
    )
    parser.add_argument("--source", required=True, metavar="ADDRESS", help="where frames come from; see below")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="the folder that grows: FOLDER/NAME/*.jpg"
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--every", type=positive, metavar="N", help="keep every Nth frame")
    when.add_argument(
        "--interval", type=duration, metavar="TIME", help="keep one each 0.5 (seconds), 10s or 5m; of a video, its own"
    )
    parser.add_argument("--count", type=positive, metavar="N", help="end when so many are kept")
    parser.add_argument("--region", metavar="L,T,R,B", help="keep this part of the pictures alone: 25%%,0%%,75%%,100%%")
    parser.add_argument(
        "--min-change",
        nargs="?",
        type=not_negative,
        const=CHANGE,
        default=0.0,
        metavar="LEVELS",
        help="pass over a frame that is like the last one kept with the label: no part of it differs by so many grey "
        f"levels of 255 (without a number: {CHANGE:g})",
    )
    parser.add_argument(
        "--format",
        choices=("auto", "jpeg", "png"),
        default="auto",
        help="of frames that come as pixels, and of regions; auto: JPEG of quality 95, PNG up to 256 × 256; what is a "
        "file already is kept to the byte (default: %(default)s)",
    )
    parser.epilog = f"""No model is needed: this is for the first pictures, from the device that will judge.
('run --sink captures:DIR' is for later: a model chooses what it is unsure of, and 'captures' labels that.)

On a terminal, without --every and --interval, a key keeps a camera's next frame: space or Enter keeps, 1 to 9
choose the label, u takes the last picture back, q ends. With either of them, space pauses and goes on. Files and
videos are kept whole unless --every or --interval says less, and wait while it is paused; a video plays for the keys
with VIDEO?fps=N.

Frames are kept as large as they come, under names with time, source and digest; nothing is ever written over, and
the same frame is kept once. Black, frozen and stale frames are not kept, and counted.

Frames that follow each other are alike, and a test with the neighbours of what was learned flatters. For a figure
to rely on capture the test's pictures at another time, into parts/test beside parts/train.

sources:
  {NEXT.join(SOURCES)}

exit codes: 0 done or ended by somebody, 3 some could not be read, 1 nothing was kept, the source
failed or the disk is full, 2 typed wrongly

examples:
  edge-runtime capture --label bolt --label nut --source 0 --out parts
  edge-runtime capture --label bolt --source /dev/video0 --out parts \\
      --interval 0.5 --count 200 --min-change
  edge-runtime capture --label nut --source belt.mp4 --out parts --every 10
  python -m train prepare --dataset folder:parts --out data/parts"""


def run(arguments: argparse.Namespace) -> int:
    from edge_runtime.commands.capturing import capture

    return capture(arguments)
