"""Programs and packages of a Raspberry Pi's system as they behave: where tests run there is no ribbon camera.

`RPICAM_VID` takes the arguments of the manual of rpicam-apps and pipes MJPEG; `PICAMERA2` is as much of the package as
the capture process uses, by the Picamera2 manual.
"""

import os
import sys
from pathlib import Path

RPICAM_VID = """#!{python}
import argparse, os, sys, time
parser = argparse.ArgumentParser()
for name, kind in dict(camera=int, codec=str, width=int, height=int, timeout=int, output=str).items():
    parser.add_argument("--" + name, type=kind, required=True)
parser.add_argument("--nopreview", action="store_true", required=True)
parser.add_argument("--flush", action="store_true", required=True)
asked = parser.parse_args()
assert (asked.codec, asked.timeout, asked.output) == ("mjpeg", 0, "-")
if asked.camera > 0:
    sys.exit("ERROR: *** selected camera is not available ***")
import io
import numpy as np
from PIL import Image
number = 0
while True:
    file = io.BytesIO()
    Image.fromarray(np.full((asked.height, asked.width, 3), 40 * (number % 2), np.uint8)).save(file, "JPEG")
    sys.stdout.buffer.write(file.getvalue())
    sys.stdout.buffer.flush()
    number += 1
    if number == int(os.environ.get("CAMERA_FRAMES", 0)):
        time.sleep(600)
    time.sleep(0.02)
"""

PICAMERA2 = """
import os, time
import numpy as np
class Picamera2:
    def __init__(self, number=0):
        if number > 0:
            raise IndexError("list index out of range")
        self.frames = 0
    def create_video_configuration(self, main):
        return {"main": main}
    def configure(self, configuration):
        assert configuration["main"]["format"] == "BGR888", "R, G, B in memory"
        self.size = configuration["main"]["size"]
    def start(self):
        pass
    def capture_array(self, name):
        assert name == "main"
        self.frames += 1
        if self.frames > int(os.environ.get("CAMERA_FRAMES", 10**9)):
            time.sleep(600)
        time.sleep(0.02)
        return np.full((self.size[1], self.size[0], 3), (255, 128, self.frames % 256), np.uint8)
"""


def install_program(directory: Path, name: str = "rpicam-vid") -> Path:
    """Puts the program into a directory for PATH."""
    path = directory / name
    path.write_text(RPICAM_VID.replace("{python}", sys.executable))
    os.chmod(path, 0o755)
    return path


def install_package(directory: Path, content: str = PICAMERA2) -> Path:
    """Puts the package into a directory for PYTHONPATH."""
    path = directory / "picamera2.py"
    path.write_text(content)
    return path
