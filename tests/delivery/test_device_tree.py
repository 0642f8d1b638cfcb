import subprocess
import sys
import zipfile
from pathlib import Path

from edge_runtime import __version__
from tools.delivery import device_tree
from tools.delivery.device_tree import useless


def test_what_a_device_never_reads_is_found_and_nothing_else(tmp_path: Path) -> None:
    for name in ("numpy/_core/tests/test_x.py", "numpy/core.py", "numpy/core.pyi", "ai_edge_litert/aot/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "ai_edge_litert/interpreter.py").touch()
    assert {str(path.relative_to(tmp_path)) for path in useless(tmp_path)} == {
        "numpy/_core/tests",
        "numpy/core.pyi",
        "ai_edge_litert/aot",
    }


def test_the_launcher_runs_the_kit_of_its_own_tree_wherever_that_is(tmp_path: Path) -> None:
    wheel = tmp_path / f"edge_runtime-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("edge_runtime/__init__.py", "")
        file.writestr("edge_runtime/commands/__init__.py", "")
        code = "import sys\ndef main():\n    print(__file__, sys.flags.isolated)\n    return 7\n"
        file.writestr("edge_runtime/commands/main.py", code)
        file.writestr(f"edge_runtime-{__version__}.dist-info/METADATA", f"Name: edge-runtime\nVersion: {__version__}\n")
        file.writestr(f"edge_runtime-{__version__}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"edge_runtime-{__version__}.dist-info/RECORD", "")
    tree = tmp_path / "tree"
    device_tree.install_kit(wheel, tree)
    (tmp_path / "elsewhere").symlink_to(tree / "bin" / "edge-runtime")
    done = subprocess.run([sys.executable, "-I", tmp_path / "elsewhere"], capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    assert done.stdout == f"{tree}/kit/edge_runtime/commands/main.py 1\n"
