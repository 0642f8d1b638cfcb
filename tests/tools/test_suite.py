import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.choices import Failure
from tools.containers import suite

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="this is not Debian or Ubuntu")


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A repository of a release called ``other`` with one package ``hello``, as a line of apt's sources begins."""
    repository = tmp_path / "repository"
    content = tmp_path / "content"
    (content / "DEBIAN").mkdir(parents=True)
    control = (
        "Package: hello\nVersion: 2\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a test\n"
    )
    control += "Depends: not-in-this-repository\n"
    (content / "DEBIAN" / "control").write_text(control)
    (content / "usr" / "bin").mkdir(parents=True)
    (content / "usr" / "bin" / "hello").write_text("#!/bin/sh\necho hello\n")
    (content / "usr" / "bin" / "hello").chmod(0o755)
    index = repository / "dists" / "other" / "main" / f"binary-{architecture()}" / "Packages"
    index.parent.mkdir(parents=True)
    package = repository / "hello_2_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", str(content), str(package)], check=True)
    index.write_text(
        f"{control}Filename: {package.name}\nSize: {package.stat().st_size}\n"
        f"SHA256: {hashlib.sha256(package.read_bytes()).hexdigest()}\n"
    )
    name = index.relative_to(repository / "dists" / "other")
    digest = hashlib.sha256(index.read_bytes()).hexdigest()
    (repository / "dists" / "other" / "Release").write_text(
        f"Suite: other\nCodename: other\nComponents: main\nArchitectures: {architecture()}\n"
        f"SHA256:\n {digest} {index.stat().st_size} {name}\n"
    )
    return f"deb [trusted=yes] file:{repository}"


def architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


@needs_apt
def test_what_is_named_is_unpacked_and_nothing_that_it_depends_on(source: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    suite.unpack("other", ["hello"], target, source)
    assert [path.relative_to(target) for path in target.rglob("*") if path.is_file()] == [Path("usr/bin/hello")]
    assert subprocess.run([target / "usr/bin/hello"], capture_output=True, text=True).stdout == "hello\n"


@needs_apt
@pytest.mark.parametrize(
    ("release", "package", "reason"),
    [
        ("other", "nothing", "nothing of Debian other: apt-get: Unable to locate package nothing"),
        ("another", "hello", "hello of Debian another: apt-get: Failed to fetch .*dists/another"),
    ],
)
def test_a_release_or_package_that_is_not_there_is_told(
    source: str, tmp_path: Path, release: str, package: str, reason: str
) -> None:
    target = tmp_path / "target"
    with pytest.raises(Failure, match=reason):
        suite.unpack(release, [package], target, source)
    assert not target.exists()


@needs_apt
def test_a_package_that_is_not_what_the_release_says_is_refused(source: str, tmp_path: Path) -> None:
    with (tmp_path / "repository" / "hello_2_all.deb").open("r+b") as package:
        package.seek(-1, 2)
        package.write(b"?")
    with pytest.raises(Failure, match="hello of Debian other: apt-get"):
        suite.unpack("other", ["hello"], tmp_path / "target", source)


@needs_apt
def test_a_mirror_that_does_not_answer_is_told(tmp_path: Path) -> None:
    # Port 9 of this machine: nobody listens there.
    with pytest.raises(Failure, match=r"Could not connect to 127\.0\.0\.1:9"):
        suite.unpack("other", ["hello"], tmp_path / "target", "deb [trusted=yes] http://127.0.0.1:9/debian")


@pytest.mark.parametrize("name", ["-o", "../etc", "", "a b", "hello=1"])
def test_what_is_no_name_reaches_no_command(name: str, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="is no name of a Debian release or package"):
        suite.unpack("other", [name], tmp_path / "target")
    with pytest.raises(Failure, match="is no name of a Debian release or package"):
        suite.unpack(name, ["hello"], tmp_path / "target")


def test_a_machine_without_apt_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="apt-get is not on this machine"):
        suite.unpack("other", ["hello"], tmp_path / "target")


def test_what_was_fetched_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    there = tmp_path / "edge-runtime" / "debian" / "other" / "a-tool+hello"
    there.mkdir(parents=True)
    monkeypatch.setenv("PATH", "")
    assert suite.cached("other", "hello", "a-tool") == there
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert suite.cache().is_absolute()


@pytest.mark.container
def test_a_program_of_the_next_release_runs_here() -> None:
    kubectl = suite.cached("trixie", "kubectl") / "usr" / "bin" / "kubectl"
    answer = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True)
    assert "Client Version: v1.32" in answer.stdout
