"""What `make test-system` runs: the tests that need a program which is no Python package, as a broker or a browser.

python3 -m tools.system_tests [--install] [pytest's own flags]
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tools.choices import Failure
from tools.debian import bring

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = f"/usr/lib/{sysconfig.get_config_var('MULTIARCH') or f'{platform.machine()}-linux-gnu'}/"
# Each program or file and the Debian package that has it.
PROGRAMS = {
    "mosquitto": "mosquitto",
    "chromium": "chromium",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",  # the page measures its text
    "openssl": "openssl",
    # What MediaPipe links to, also where it classifies on the CPU.
    LIBRARIES + "libEGL.so.1": "libegl1",
    LIBRARIES + "libGLESv2.so.2": "libgles2",
    # A camera server: Python's binding, GStreamer's RTSP server, RTP and H.264.
    "/usr/lib/python3/dist-packages/gi": "python3-gi",
    LIBRARIES + "girepository-1.0/GstRtspServer-1.0.typelib": "gir1.2-gst-rtsp-server-1.0",
    LIBRARIES + "gstreamer-1.0/libgstrtp.so": "gstreamer1.0-plugins-good",
    LIBRARIES + "gstreamer-1.0/libgstx264.so": "gstreamer1.0-plugins-ugly",
}


def say(text: str) -> None:
    print(f"test-system: {text}", file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("system-tests", description="Run the tests that need more than Python packages.")
    parser.add_argument("--install", action="store_true", help="install with apt what is missing on this machine")
    arguments, flags = parser.parse_known_args(argv)
    try:
        bring(PROGRAMS, arguments.install, say)
        tests = [sys.executable, "-m", "pytest", "-q", "--durations=10", "-m", "system", *flags]
        return subprocess.run(tests, check=False, cwd=ROOT).returncode
    except Failure as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())
