"""Programs from another Debian release than this machine's, unpacked and not installed.

    python -m tools.containers.suite trixie kubectl       prints the directory that holds it, as in DIR/usr/bin/kubectl

Debian 12 has a kubectl of 2021, whose Kustomize does not know half of what a kustomization says today, and a QEMU under
which interpreters crash; Debian 13's run on Debian 12 as they are. What is named is fetched and nothing that it depends
on: meant for programs that need libc at most. apt does it, with this machine's own mirror, proxies and certificates, in
a place of its own: neither root nor a change to the machine is needed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.files import directory_replaced
from tools.choices import Failure

KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")  # of all releases, also of later ones than this machine's
TIMEOUT = 600.0  # seconds for each step; a release's list is 10 MB, QEMU 71 MB
NAME = re.compile(r"[a-z0-9][a-z0-9+.:-]+")

# #clear: what the machine runs after an update (emptying caches, telling desktops) is not for this one, and needs root.
# Error-Mode: else a mirror that does not answer is a warning, and then the package seems not to exist.
SETTINGS = """\
#clear APT::Update;
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Dir::State::lists "{scratch}/lists";
Dir::State::status "{scratch}/status";
Dir::Cache "{scratch}/cache";
"""
SOURCES = """\
Dir::Etc::SourceList "{scratch}/sources.list";
Dir::Etc::SourceParts "/dev/null";
"""


def cached(suite: str, *packages: str) -> Path:
    """Returns the directory with the content of `packages`, fetched when it is asked for the first time.

    Raises:
        Failure: They cannot be had.
    """
    target = cache() / suite / "+".join(sorted(packages))
    if not target.is_dir():
        unpack(suite, packages, target)
    return target


def cache() -> Path:
    """Returns where the kit keeps what it fetched, by the XDG Base Directory Specification."""
    home = os.environ.get("XDG_CACHE_HOME", "")  # a relative one must be ignored, says the specification
    return (Path(home) if os.path.isabs(home) else Path("~/.cache").expanduser()) / "edge-runtime" / "debian"


def unpack(
    suite: str, packages: Sequence[str], target: Path, source: str | None = None, architecture: str | None = None
) -> None:
    """Fetches `packages` of `suite` and unpacks them into the directory `target`, which appears whole or not at all.

    Args:
        suite: A release by its code name, as in ``trixie``.
        packages: Names, as in ``kubectl``.
        target: An older one is replaced.
        source: The beginning of a line of apt's sources, ``deb [options] address``; None for this machine's own mirror.
        architecture: Debian's word for a processor, as ``arm64``; None for this machine's.

    Raises:
        Failure: There is no apt, no mirror, no such release or package, or the disk refused.
    """
    for name in (suite, *packages):
        if not NAME.fullmatch(name):
            raise Failure(f"'{name}' is no name of a Debian release or package")
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Failure(f"{tool} is not on this machine; Debian's packages are fetched with it")
    wanted = f"{', '.join(packages)} of Debian {suite}"
    with tempfile.TemporaryDirectory(prefix="suite-") as work:
        scratch = Path(work)
        for folder in ("lists/partial", "cache/archives/partial", "packages"):
            (scratch / folder).mkdir(parents=True)
        (scratch / "status").touch()  # as if nothing were installed: an installed version must not win
        settings = scratch / "apt.conf"
        settings.write_text(SETTINGS.format(scratch=scratch), encoding="utf-8")
        line = f"{source or _source(settings)} {suite} main\n"
        (scratch / "sources.list").write_text(line, encoding="utf-8")
        other = (
            f'APT::Architecture "{architecture}";\nAPT::Architectures {{"{architecture}";}};\n' if architecture else ""
        )
        settings.write_text((SETTINGS + SOURCES).format(scratch=scratch) + other, encoding="utf-8")
        _run(["apt-get", "-c", str(settings), "update"], wanted)
        _run(["apt-get", "-c", str(settings), "download", *packages], wanted, scratch / "packages")
        try:
            with directory_replaced(target) as fresh:
                for package in sorted((scratch / "packages").glob("*.deb")):
                    _run(["dpkg-deb", "--extract", str(package), str(fresh)], wanted)
        except OSError as error:
            raise Failure(f"{error.filename or target}: cannot be written: {error.strerror or error}") from error


def _source(settings: Path) -> str:
    """Returns the Debian mirror that this machine's apt uses, as the beginning of a line of its sources."""
    question = ["indextargets", "--format", "$(SITE)", "Label: Debian", "Created-By: Packages"]
    sites = _run(["apt-get", *question], "this machine's mirror").split()
    if not sites:  # containers come without apt's lists, and without a list apt does not know whose mirror is whose
        _run(["apt-get", "-c", str(settings), "update"], "this machine's mirror")
        sites = _run(["apt-get", "-c", str(settings), *question], "this machine's mirror").split()
    if not sites:
        raise Failure("this machine's apt is set up with no mirror of Debian, so nothing of another release can be had")
    return f"deb [signed-by={KEYS}] {sites[0]}" if KEYS.is_file() else f"deb {sites[0]}"


def _run(command: list[str], purpose: str, place: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{purpose}: {command[0]} took more than {TIMEOUT:.0f} s") from error
    if done.returncode != 0:
        # apt tells the cause in its first error, and in the last one that something failed.
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it gave no reason"]
        errors = [line for line in lines if line.startswith(("E: ", "dpkg-deb: error: "))] or lines
        raise Failure(f"{purpose}: {command[0]}: {errors[0].removeprefix('E: ')}")
    return done.stdout


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("suite", description="Fetch and unpack programs of another Debian release.")
    parser.add_argument("suite", metavar="SUITE", help="a release's code name, as in trixie")
    parser.add_argument("packages", nargs="+", metavar="PACKAGE", help="as in kubectl; without what it depends on")
    arguments = parser.parse_args(argv)
    try:
        print(cached(arguments.suite, *arguments.packages))
    except Failure as error:
        print(f"suite: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
