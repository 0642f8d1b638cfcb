from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from docker.build import sbom
from docker.build.debian_root import LEFT_OUT
from tests.support import python

STATUS = "Package: libc6\nVersion: 2:2.36-9+deb12u14\nArchitecture: arm64\nDescription: libc\n in two lines\n"
METADATA = "Metadata-Version: 2.4\nName: Typing_Extensions\nVersion: 4.16.0\nLicense-Expression: PSF-2.0\n\nText\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "var/lib/dpkg/status.d").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status.d/libc6").write_text(STATUS)
    (tmp_path / "lib/typing_extensions-4.16.0.dist-info").mkdir(parents=True)
    (tmp_path / "lib/typing_extensions-4.16.0.dist-info/METADATA").write_text(METADATA)
    return tmp_path


def test_both_kinds_of_packages_are_known_by_their_package_url(root: Path) -> None:
    assert [component["purl"] for component in sbom.debian(root)] == [
        "pkg:deb/debian/libc6@2%3A2.36-9%2Bdeb12u14?arch=arm64"
    ]
    [component] = sbom.python(root)
    assert component["purl"] == "pkg:pypi/typing-extensions@4.16.0"
    assert component["licenses"] == [{"expression": "PSF-2.0"}]


def test_the_document_is_valid_and_the_same_for_the_same_content(root: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("one.json", "two.json"):
        arguments = ["--name", "edge-runtime", "--version", "1", "--root", root, "--python", root, root]
        assert python("-m", "docker.build.sbom", *arguments, "--out", tmp_path / name).returncode == 0
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(texts[0]) is None
    assert validator.validate_str(texts[0].replace('"purl"', '"package"')) is not None


def test_nothing_that_python_is_linked_with_is_left_out() -> None:
    # Python's own extension modules (ssl, sqlite3, ctypes, lzma, bz2, uuid), its interpreter and the wheels need these.
    needed = {"libc6", "libgcc-s1", "libstdc++6", "libssl3", "libssl3t64", "libsqlite3-0", "libffi8", "liblzma5"}
    assert not LEFT_OUT & {*needed, "libbz2-1.0", "libuuid1", "libexpat1", "zlib1g", "tini", "base-files", "libcrypt1"}
