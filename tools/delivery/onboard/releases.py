"""What `make deploy` keeps on a device, and nothing about what runs.

/opt/edge-runtime/packages/<digest>/   parts: never changed once they are whole
                  kits/<digest>/
                  bundles/<digest>/
                  releases/7/          links to a part of each kind, the unit, its settings, perhaps a public key
                  current -> releases/7
                  previous -> releases/6
"""

import hashlib
import itertools
import json
import os
import shlex
import shutil
from pathlib import Path

from tools.delivery.onboard.files import link, remove, text_of, write

KINDS = ("packages", "kits", "bundles")
# What a part is called in a release, and where in the part it is: the launcher finds lib and kit beside bin.
LINKS = {"packages": ("lib", "lib"), "kits": ("kit", "kit"), "bundles": ("bundle", "")}
LAUNCHER = Path("bin/edge-runtime")
CONF = "edge-runtime.conf"
UNIT_FILE = "edge-runtime.service"
KEY_FILE = "key.pub"
CURRENT = "/opt/edge-runtime/current/"  # as the settings name files of the release that runs


class Releases:
    """The directory of releases.

    Args:
        home: ``/opt/edge-runtime``, but in tests.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def current(self) -> Path | None:
        return self._named("current")

    @property
    def previous(self) -> Path | None:
        return self._named("previous")

    def part(self, kind: str, digest: str) -> Path:
        return self.home / kind / digest

    def parts(self) -> list[str]:
        """Returns which parts are there and can be used, as ``kind/digest``; a damaged bundle cannot."""
        found = [(kind, path) for kind in KINDS for path in (self.home / kind).glob("*")]
        return sorted(f"{kind}/{path.name}" for kind, path in found if kind != "bundles" or is_sound(path))

    def compose(self, parts: dict[str, str], conf: str, unit: str, key: str) -> Path:
        """Makes the next release of parts that are there."""
        numbers = [int(path.name) for path in (self.home / "releases").glob("*") if path.name.isdigit()]
        release = self.home / "releases" / str(max(numbers, default=0) + 1)
        partial = release.with_name(f"{release.name}.partial")
        (partial / "bin").mkdir(parents=True)
        for kind, (name, inside) in LINKS.items():
            (partial / name).symlink_to(Path("../..", kind, parts[kind], inside))
        # A copy: it looks for the rest beside where it really is.
        shutil.copy(self.part("kits", parts["kits"]) / LAUNCHER, partial / LAUNCHER)
        write(partial / CONF, conf)
        write(partial / UNIT_FILE, unit)
        if key:
            write(partial / KEY_FILE, key)
        partial.rename(release)
        return release

    def make_current(self, release: Path) -> None:
        link(self.home / "current", Path("releases", release.name))

    def make_previous(self, release: Path) -> None:
        link(self.home / "previous", Path("releases", release.name))

    def remove_unfinished(self) -> None:
        """Removes what an interrupted deploy left; parts that arrived whole stay, they need not be sent again."""
        for path in [*self.home.glob("*/*.partial"), *self.home.glob("*.partial")]:
            remove(path)
        for release in (self.home / "releases").glob("*"):
            if release not in (self.current, self.previous):
                remove(release)

    def prune(self) -> None:
        """Removes all but the current and the previous release with their parts."""
        self.remove_unfinished()
        for kind in KINDS:
            used = {part_of(release, kind) for release in (self.current, self.previous)}
            for part in (self.home / kind).glob("*"):
                if part.name not in used:
                    remove(part)

    def _named(self, name: str) -> Path | None:
        path = self.home / name
        return self.home / os.readlink(path) if path.is_symlink() else None


def is_sound(bundle: Path) -> bool:
    """Whether every file of a bundle is what its manifest says; an SD card may have lost some of them."""
    try:
        manifest = (bundle / "manifest.json").read_bytes()
        files = json.loads(manifest)["files"].items()
        identity, _, signed = bundle.name.partition("-")
        if hashlib.sha256(manifest).hexdigest() != identity:
            return False
        if signed and not hashlib.sha256((bundle / "model.sig").read_bytes()).hexdigest().startswith(signed):
            return False
        return all(hashlib.sha256((bundle / name).read_bytes()).hexdigest() == entry["sha256"] for name, entry in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def keys_of(release: Path) -> list[str]:
    """Returns the files with the public keys that a release's settings name, as in KEY="--key FILE", or in OPTIONS.

    The release's own is named as the current one's, which another release still is while this one is verified.
    """
    words = [*words_of(release, "KEY"), *words_of(release, "OPTIONS")]
    named = [word.partition("=")[2] for word in words if word.startswith("--key=")]
    named += [after for word, after in itertools.pairwise(words) if word == "--key"]
    return [str(release / name.removeprefix(CURRENT)) if name.startswith(CURRENT) else name for name in named]


def words_of(release: Path, name: str) -> list[str]:
    """Returns the words that a release's settings put into the service's command line for a variable."""
    for line in reversed(text_of(release / CONF).splitlines()):
        if line.startswith(f"{name}="):
            try:
                return shlex.split(" ".join(shlex.split(line.partition("=")[2])))
            except ValueError:  # a quote that is not closed
                return []
    return []


def part_of(release: Path | None, kind: str) -> str:
    """Returns the digest of a release's part."""
    return Path(os.readlink(release / LINKS[kind][0])).parts[3] if release else ""


def title(release: Path | None) -> str:
    """Returns what a release judges with, for people."""
    if release is None:
        return ""
    try:
        manifest = (release / "bundle" / "manifest.json").read_bytes()
        named = json.loads(manifest)
        return f"{named['name']} {named['version']} ({hashlib.sha256(manifest).hexdigest()[:12]})"
    except (OSError, ValueError, KeyError):
        return "a bundle without a readable manifest"
