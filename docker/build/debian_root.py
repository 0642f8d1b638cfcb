"""Fills a directory with Debian packages for any platform: the system part of an image, made without emulation.

    python3 -m docker.build.debian_root --platform linux/arm64 --out /root-fs python3-minimal libpython3-stdlib tini

apt chooses and checks the packages as this machine's own configuration says (mirrors, keys, proxies); they are unpacked
and not installed, so no maintainer script runs and nothing that packages only need for being installed comes along.
What each package was is kept in /var/lib/dpkg/status.d, where scanners for vulnerabilities look.
"""

from __future__ import annotations

import argparse
import compileall
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

from tools.delivery.machines import UnknownMachine, machine

# What these serve is not in an image: installing packages, line editing, reading terminals' descriptions, NIS, old
# databases. Debian's Python modules that need one of them are left out too.
LEFT_OUT = frozenset({
    "dpkg", "tar", "mawk", "media-types", "readline-common", "libreadline8", "libreadline8t64", "libncursesw6",
    "libtinfo6", "libdb5.3", "libdb5.3t64", "libnsl2", "libtirpc3", "libtirpc3t64", "libtirpc-common", "libkrb5-3",
    "libkrb5support0", "libgssapi-krb5-2", "libk5crypto3", "libkeyutils1", "libcom-err2", "libacl1", "libselinux1",
    "libpcre2-8-0", "netbase", "tzdata",
})  # fmt: skip
USELESS = (
    "etc/*",
    "home",
    "usr/include",
    "usr/lib/*/gconv",  # conversions between character sets; Python has its own
    "usr/lib/python3*/*/test",
    "usr/lib/python3.*/ensurepip",
    "usr/lib/python3.*/idlelib",
    "usr/lib/python3.*/lib2to3",
    "usr/lib/python3.*/pydoc_data",
    "usr/lib/python3.*/test",
    "usr/lib/python3.*/tkinter",
    "usr/lib/python3.*/turtledemo",
    "usr/lib/python3.*/lib-dynload/_curses*",
    "usr/lib/python3.*/lib-dynload/_dbm*",
    "usr/lib/python3.*/lib-dynload/nis*",
    "usr/lib/python3.*/lib-dynload/readline*",
    "usr/share/bash-completion",
    "usr/share/doc/*/[!c]*",  # all but copyright
    "usr/share/doc/*/changelog*",
    "usr/share/gcc",  # for debuggers
    "usr/share/gdb",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/python*/dist",
    "var/[!l]*",  # all but lib
    "var/lo*",
)
MERGED = ("bin", "lib", "lib64", "sbin")  # links to usr/…, as on an installed Debian
USERS = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n",
    "etc/group": "root:x:0:\nvideo:x:44:\nnonroot:x:65532:\n",
}


class RootError(Exception):
    """Its text is a sentence for the user."""


def download(architecture: str, packages: list[str], scratch: Path) -> list[Path]:
    """Returns the .deb files of `packages` and of all that they depend on.

    Raises:
        RootError: apt failed; it has said why.
    """
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "status").touch()  # as if nothing were installed
    settings = {
        "Dir::State": scratch / "state",
        "Dir::State::status": scratch / "status",
        "Dir::Cache": scratch / "cache",
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Dir::Etc::parts": "/etc/apt/apt.conf.d",
    }
    apt = ["apt-get", "--quiet=2", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    # Set up to remove packages after installing them, Debian's container images would remove what is downloaded here.
    apt += ["-o", "APT::Keep-Downloaded-Packages=true", "-o", "APT::Update::Post-Invoke::=true"]
    for step in (["update"], ["install", "--yes", "--download-only", *packages]):
        if subprocess.run([*apt, *step], check=False, stdout=subprocess.DEVNULL).returncode:
            raise RootError(f"apt-get {step[0]} for {architecture} failed; mend what it says above")
    return sorted((scratch / "cache" / "archives").glob("*.deb"))


def unpack(packages: list[Path], root: Path, keep_all: bool) -> None:
    """Unpacks packages into `root`, and notes what each was.

    Raises:
        RootError: A package is damaged.
    """
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    notes = root / "var/lib/dpkg/status.d"
    notes.mkdir(parents=True)
    for path in packages:
        name = path.name.partition("_")[0]
        if not keep_all and name in LEFT_OUT:
            continue
        # tar and not dpkg-deb --extract: that one replaces a link to a directory by a directory.
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(path)], stdout=subprocess.PIPE) as content:
            command = ["tar", "--extract", "--keep-directory-symlink", "--directory", str(root)]
            tar = subprocess.run(command, stdin=content.stdout, check=False)
        if tar.returncode or content.returncode:
            raise RootError(f"{path.name}: cannot be unpacked")
        control = subprocess.run(["dpkg-deb", "--field", str(path)], check=True, capture_output=True)
        (notes / name).write_bytes(control.stdout)


def finish(root: Path) -> None:
    """Removes what an image never reads, writes the few files that maintainer scripts would, compiles Python's library.

    Raises:
        RootError: This Python is not the one in `root`.
    """
    for pattern in USELESS:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    release = Path("/usr/lib/os-release")
    if (root / "usr/lib/os-release").exists() or release.exists():
        (root / "etc").mkdir(exist_ok=True)
        if not (root / "usr/lib/os-release").exists():
            shutil.copy(release, root / "usr/lib/os-release")
        (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    for name, content in USERS.items():
        (root / name).write_text(content, encoding="utf-8")
    for name in ("dev", "proc", "sys", "run", "tmp", "root"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    # libblas.so.3 and liblapack.so.3: Debian's alternatives, links that its installer makes.
    for path in root.glob("usr/lib/*-linux-*/*/lib*.so.3"):
        (path.parents[1] / path.name).symlink_to(path.relative_to(path.parents[1]))
    library = root / f"usr/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    if not library.is_dir():
        raise RootError(f"the packages hold another Python than {library.name}; take a base of the same release")
    compileall.compile_dir(
        library,
        maxlevels=20,
        quiet=1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        stripdir=str(root),
        prependdir="/",
    )


def main() -> int:
    parser = argparse.ArgumentParser("debian_root", description="Fill a directory with Debian packages.")
    parser.add_argument("--platform", required=True, help="as in linux/arm64")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="must be empty or missing")
    parser.add_argument("--scratch", type=Path, default=Path("/tmp/debian-root"), metavar="DIR")
    parser.add_argument("--python-packages", action="store_true", help="with what has no wheel for this platform")
    parser.add_argument("--signed", action="store_true", help="also with what checks signatures")
    parser.add_argument("--keep-all", action="store_true", help="leave out no package that another one asks for")
    parser.add_argument("packages", nargs="+", metavar="PACKAGE")
    arguments = parser.parse_args()
    try:
        found = machine(arguments.platform)
        packages = list(arguments.packages)
        if arguments.python_packages:
            packages += [package for _, package in found.from_debian]
            packages += [package for _, package in found.signed_from_debian if arguments.signed]
        os.umask(0o022)
        unpack(download(found.debian, packages, arguments.scratch), arguments.out, arguments.keep_all)
        finish(arguments.out)
    except (RootError, UnknownMachine) as error:
        print(f"debian_root: {error}", file=sys.stderr)
        return 1
    shutil.rmtree(arguments.scratch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
