import pytest

from tests.support import ROOT
from tools.delivery.machines import MACHINES
from tools.delivery.target import TreeError, names, target, without

LOCK = """\
# extra x
numpy==1.26.4 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
pillow==13.0.0 \\
    --hash=sha256:cc
tflite-runtime==2.14.0 \\
    --hash=sha256:dd
"""


@pytest.mark.parametrize(
    ("name", "python", "interpreter", "lock"),
    [
        ("linux/amd64", "3.13", "auto", "edge-litert.txt"),
        ("aarch64", "3.11", "auto", "edge-litert.txt"),
        ("arm64", "3.12", "onnx", "edge-onnx.txt"),
        ("armhf", "3.11", "auto", "edge-tflite.txt"),
        ("x86_64", "3.11", "tflite", "edge-tflite.txt"),
    ],
)
def test_a_device_gets_the_lock_of_its_interpreter(name: str, python: str, interpreter: str, lock: str) -> None:
    chosen = target(name, python, interpreter).lock
    assert chosen == ROOT / "locks" / lock
    assert chosen.is_file()


def test_opencv_comes_with_litert() -> None:
    assert target("arm64", "3.11", camera=True).lock.is_file()
    with pytest.raises(TreeError, match="OpenCV is locked together with litert alone; 'onnx' was asked for"):
        target("arm64", "3.11", "onnx", camera=True)


@pytest.mark.parametrize(
    ("name", "python", "interpreter", "sentence"),
    [
        ("linux/riscv64", "3.11", "auto", "linux/riscv64: no interpreter exists for this platform"),
        ("armv7l", "3.11", "litert", "'litert' has no wheel for it, only tflite-runtime 2.14 has"),
        ("armv7l", "3.13", "auto", "but for Python 3.11; take Debian 12, whose Python that is$"),
        ("amd64", "3.13", "tflite", "take Debian 12, whose Python that is, or ask for litert"),
    ],
)
def test_where_no_interpreter_exists_the_sentence_says_what_does(
    name: str, python: str, interpreter: str, sentence: str
) -> None:
    with pytest.raises(TreeError, match=sentence):
        target(name, python, interpreter)


def test_what_debian_supplies_is_taken_out_of_the_lock_with_its_hashes() -> None:
    [old] = [machine for machine in MACHINES if machine.from_debian]
    left = without(LOCK, dict(old.from_debian))
    assert left == "# extra x\ntflite-runtime==2.14.0 \\\n    --hash=sha256:dd\n"
    assert without(LOCK, {}) == LOCK


@pytest.mark.parametrize(
    ("name", "interpreter", "camera"),
    [("amd64", "litert", True), ("arm64", "onnx", False), ("arm64", "tflite", False)],
)
def test_what_checks_signatures_comes_beside_any_interpreter(name: str, interpreter: str, camera: bool) -> None:
    without_it = target(name, "3.11", interpreter, camera).requirements
    with_it = target(name, "3.11", interpreter, camera, signed=True).requirements
    assert with_it.startswith(without_it)
    assert names(with_it) - names(without_it) == {"cryptography", "cffi", "pycparser"}
    assert with_it.count("\nnumpy==") == with_it.count("\npillow==") == 1
    assert "cryptography" not in without_it


def test_where_it_has_no_wheel_debian_supplies_what_checks_signatures() -> None:
    old = target("armhf", "3.11", signed=True)
    assert old.requirements == target("armhf", "3.11").requirements
    assert old.from_debian["cryptography"] == "python3-cryptography"
    assert "cryptography" not in target("armhf", "3.11").from_debian
