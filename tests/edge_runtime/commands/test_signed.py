"""What `--key` changes in the commands of a device."""

import json
import shutil
import signal
import sys
from pathlib import Path

import pytest

from edge_runtime.bundle.manifest import SIGNATURE
from edge_runtime.bundle.store import Bundle
from edge_runtime.files import directory_replaced
from export.signing.private import PrivateKey
from export.signing.sign import sign
from tests.edge_runtime.commands.running import started
from tests.signing import pair
from tests.support import python

VARIANT = ("--variant", "full_int8.tflite")


@pytest.fixture
def our(tmp_path: Path) -> PrivateKey:
    return pair(tmp_path)


@pytest.fixture
def copy(bundle: Bundle, tmp_path: Path) -> Bundle:
    """The exported bundle, not signed yet."""
    shutil.copytree(bundle.directory, tmp_path / "copy")
    return Bundle(tmp_path / "copy", bundle.manifest, bundle.digest)


def commands(copy: Bundle, pictures: Path) -> dict[str, tuple[object, ...]]:
    first = next(pictures.rglob("*.png"))
    return {
        "verify": ("verify", copy.directory, *VARIANT),
        "classify": ("classify", first, "--bundle", copy.directory, *VARIANT),
        "run": ("run", "--bundle", copy.directory, "--source", first, *VARIANT),
        "run --check": ("run", "--check", "--bundle", copy.directory, "--source", first, *VARIANT),
        "benchmark": ("benchmark", copy.directory, *VARIANT, "--seconds", "0", "--queries", "1", "--threads", "1"),
        "doctor": ("doctor", copy.directory),
    }


@pytest.mark.parametrize("name", ["verify", "classify", "run", "run --check", "benchmark", "doctor"])
def test_with_a_key_only_what_was_signed_with_it_is_taken(
    name: str, copy: Bundle, our: PrivateKey, pictures: Path, tmp_path: Path
) -> None:
    words = (*commands(copy, pictures)[name], "--key", our.public.path)
    refused = python("-m", "edge_runtime", *words)
    assert refused.returncode == 1
    assert f"{copy.directory}: not signed, it has no model.sig, and here a key was given" in (
        refused.stderr + refused.stdout
    )
    sign(copy.directory, our)
    taken = python("-m", "edge_runtime", *words)
    assert taken.returncode == 0, taken.stderr
    other = pair(tmp_path, "other")
    refused = python("-m", "edge_runtime", *words[:-1], other.public.path)
    assert refused.returncode == 1
    assert "model.sig: made with another key" in refused.stderr + refused.stdout


def test_verify_says_who_has_signed_and_whether_it_looked(copy: Bundle, our: PrivateKey) -> None:
    hint = our.public.hint[:12]
    words = ("-m", "edge_runtime", "verify", copy.directory, *VARIANT)
    assert "signature: none\n" in python(*words).stdout
    sign(copy.directory, our)
    assert f"signature: with the key {hint}; not checked, --key FILE does\n" in python(*words).stdout
    assert f"signature: right, made with the key {hint}\n" in python(*words, "--key", our.public.path).stdout
    assert f"  signed      with the key {hint}\n" in python("-m", "edge_runtime", "info", copy.directory).stdout


def test_a_configuration_names_the_keys(copy: Bundle, our: PrivateKey, pictures: Path, tmp_path: Path) -> None:
    config = tmp_path / "edge-runtime.toml"
    first = next(pictures.rglob("*.png"))
    text = f'bundle = "{copy.directory}"\nvariant = "full_int8.tflite"\n[[source]]\naddress = "{first}"\n'
    config.write_text(f'keys = ["{our.public.path}"]\n{text}')
    refused = python("-m", "edge_runtime", "run", "--config", config)
    assert (refused.returncode, "not signed" in refused.stderr) == (1, True)
    sign(copy.directory, our)
    done = python("-m", "edge_runtime", "run", "--config", config)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["variant"] == "full_int8.tflite"
    config.write_text(f"keys = []\n{text}")
    refused = python("-m", "edge_runtime", "run", "--config", config)
    assert refused.returncode == 2
    assert "keys: no file found; name the public key's, or leave 'keys' out" in refused.stderr


@pytest.mark.parametrize("wrong", ["unsigned", "another key's", "another bundle's"])
def test_a_new_bundle_with_a_wrong_signature_never_takes_over_and_once_signed_it_does(
    wrong: str, bundle: Bundle, copy: Bundle, our: PrivateKey, tmp_path: Path
) -> None:
    signature = sign(copy.directory, our).file(SIGNATURE).read_bytes()
    made = python("-c", RENAMED, bundle.directory, tmp_path / "next")
    assert made.returncode == 0, made.stderr
    if wrong == "another key's":
        sign(tmp_path / "next", pair(tmp_path, "other"))
    elif wrong == "another bundle's":
        (tmp_path / "next" / SIGNATURE).write_bytes(signature)
    (tmp_path / "pictures").mkdir()
    words = ("--key", str(our.public.path), *VARIANT)
    with started(copy, tmp_path / "beat", f"watch:{tmp_path / 'pictures'}", *words) as process:
        assert process.stderr
        assert f"edge-runtime: {bundle.title} full_int8.tflite on " in process.stderr.readline()
        with directory_replaced(copy.directory) as fresh:
            shutil.copytree(tmp_path / "next", fresh, dirs_exist_ok=True)
        line = process.stderr.readline()
        assert "edge-runtime: the new bundle does not take over: " in line
        assert ("not signed" if wrong == "unsigned" else "model.sig: ") in line
        sign(copy.directory, our)
        assert " 9.9 (" in (line := process.stderr.readline()), line
        assert line.endswith(" takes over\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


RENAMED = """
import sys
from dataclasses import replace
from pathlib import Path
from edge_runtime.bundle.store import open_bundle
from edge_runtime.bundle.writer import write_bundle
was = open_bundle(Path(sys.argv[1]))
files = {path: was.content(path) for path in was.manifest.files}
write_bundle(Path(sys.argv[2]), replace(was.manifest, version="9.9", files={}), files)
"""


def test_the_first_verdict_imports_no_cryptography_without_a_key(bundle: Bundle, pictures: Path) -> None:
    code = """
import sys
from edge_runtime.commands.main import main
assert main(sys.argv[1:]) == 0
print([name for name in sys.modules if "cryptography" in name or name.startswith("edge_runtime.keys")])
"""
    words = commands(bundle, pictures)["classify"]
    done = python("-c", code, *words)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert sys.executable
