"""OpenSSF's own tool, in an environment of its own: it takes what we sign, and we take what it signs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from edge_runtime.bundle.manifest import SIGNATURE
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.errors import SignatureError
from edge_runtime.trust import open_trusted
from export.signing.private import Kind
from export.signing.sign import sign
from tests.edge_runtime.samples import contents, manifest
from tests.signing import pair
from tools.benchmarks.beside_mediapipe import environment

pytestmark = pytest.mark.system

# 1.1.1 imports pyOpenSSL and does not ask for it.
PACKAGES = ("model-signing==1.1.1", "pyopenssl")
KINDS: tuple[Kind, ...] = ("p256", "p384", "p521")


@pytest.fixture(scope="module")
def model_signing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("model_signing"), *PACKAGES)


@pytest.fixture
def lamp(tmp_path: Path) -> Bundle:
    return write_bundle(tmp_path / "lamp", manifest(), contents())


def tool(model_signing: Path, verb: str, bundle: Bundle, *more: object) -> subprocess.CompletedProcess[str]:
    command = [
        model_signing,
        "-m",
        "model_signing",
        verb,
        "key",
        bundle.directory,
        "--signature",
        bundle.file(SIGNATURE),
    ]
    return subprocess.run(
        [*map(str, command), *map(str, more)], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("kind", KINDS)
def test_its_tool_verifies_what_we_sign(kind: Kind, model_signing: Path, lamp: Bundle, tmp_path: Path) -> None:
    key, other = pair(tmp_path, "our", kind), pair(tmp_path, "other", kind)
    sign(lamp.directory, key)
    done = tool(model_signing, "verify", lamp, "--public_key", key.public.path)
    assert (done.returncode, done.stdout) == (0, "Verification succeeded\n"), done.stderr
    assert tool(model_signing, "verify", lamp, "--public_key", other.public.path).returncode == 1
    lamp.file("README.md").write_bytes(b"# lump\n")
    done = tool(model_signing, "verify", lamp, "--public_key", key.public.path)
    assert done.returncode == 1
    assert "Signature mismatch: ['Hash mismatch for" in done.stderr.replace("\\", "").replace('"', "'"), done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_we_verify_what_its_tool_signs(kind: Kind, model_signing: Path, lamp: Bundle, tmp_path: Path) -> None:
    key = pair(tmp_path, "our", kind)
    (tmp_path / "our.key").write_bytes(key.pem())
    done = tool(model_signing, "sign", lamp, "--private_key", tmp_path / "our.key")
    assert done.returncode == 0, done.stderr
    assert open_trusted(lamp.directory, [key.public.path]).signer == key.public.hint
    moved = tmp_path / "moved"
    shutil.copytree(lamp.directory, moved)
    assert open_trusted(moved, [key.public.path]).digest == lamp.digest


def test_what_its_tool_was_told_to_leave_out_is_refused(model_signing: Path, lamp: Bundle, tmp_path: Path) -> None:
    key = pair(tmp_path, "our", "p256")
    (tmp_path / "our.key").write_bytes(key.pem())
    left_out = ("--ignore-paths", lamp.file("variants/float32.tflite"))
    assert tool(model_signing, "sign", lamp, "--private_key", tmp_path / "our.key", *left_out).returncode == 0
    with pytest.raises(SignatureError, match=r"variants/float32\.tflite was not signed; sign the bundle again"):
        open_trusted(lamp.directory, [key.public.path])
