import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

# As the launcher on devices and in the image: isolated, and both the kit and what it needs in places of their own.
LAUNCHER = """
import sys
sys.path[:0] = sys.argv[1:3]
import subprocess
from edge_runtime.device import child
import needed
code = "import edge_runtime, needed, sys; print(edge_runtime.__file__, needed.__file__, sep='|')"
sys.exit(subprocess.run(child.python("-c", code), env=child.environment()).returncode)
"""


def test_a_child_finds_what_a_launcher_found(tmp_path: Path) -> None:
    kit, lib, elsewhere = (tmp_path / name for name in ("kit", "lib", "elsewhere"))
    shutil.copytree(ROOT / "edge_runtime", kit / "edge_runtime", ignore=shutil.ignore_patterns("__pycache__"))
    lib.mkdir()
    (lib / "needed.py").touch()
    elsewhere.mkdir()
    (elsewhere / "needed.py").write_text("raise SystemExit('what lies around is not imported')")
    command = [sys.executable, "-I", "-c", LAUNCHER, kit, lib]
    done = subprocess.run([*map(str, command)], cwd=elsewhere, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip().split("|") == [str(kit / "edge_runtime" / "__init__.py"), str(lib / "needed.py")], (
        done.stderr
    )
