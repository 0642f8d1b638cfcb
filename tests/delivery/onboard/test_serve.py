"""The agent as it is really sent: through a pipe, into another Python."""

import json
import subprocess
import sys
from pathlib import Path

from tools.delivery.ssh import _LOADER, MODULES, ONBOARD

START = "import json, sys; exec(json.loads(sys.stdin.buffer.readline()))"


def test_what_is_sent_runs_in_a_python_that_knows_nothing_of_the_kit(tmp_path: Path) -> None:
    sources = {f"tools.delivery.onboard.{name}": (ONBOARD / f"{name}.py").read_text() for name in MODULES}
    requests = [_LOADER, sources, {"do": "dance"}, {"do": "look"}]
    requests += [{"do": "has_directory", "path": str(place)} for place in (tmp_path, tmp_path / "mistyped")]
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", START],
        input="".join(json.dumps(line) + "\n" for line in requests),
        cwd=tmp_path,
        env={"PATH": str(tmp_path)},  # no systemctl
        capture_output=True,
        text=True,
        timeout=60,
    )
    first, second, *there = (json.loads(line) for line in answer.stdout.splitlines())
    assert first == {"failed": "no request is called 'dance'"}
    assert second == {"failed": "systemctl: No such file or directory"}
    assert there == [{"done": True}, {"done": False}]
    assert answer.stderr == ""


def test_every_module_on_board_is_sent() -> None:
    assert {path.stem for path in ONBOARD.glob("*.py")} == set(MODULES)
