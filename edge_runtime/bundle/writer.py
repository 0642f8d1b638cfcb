"""Bundles on disk, as they are written: whole or not at all, the same bytes for the same contents. Not on devices."""

import contextlib
import errno
import os
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from edge_runtime.bundle import manifest as manifests
from edge_runtime.bundle.manifest import FileEntry, Manifest
from edge_runtime.bundle.store import Bundle
from edge_runtime.errors import BundleError
from edge_runtime.files import PARTIAL, directory_replaced, file_replaced


def write_bundle(target: Path, manifest: Manifest, contents: Mapping[str, bytes]) -> Bundle:
    """Writes a bundle; `manifest.files` is filled in from `contents`.

    Args:
        target: The bundle's directory; an older bundle there is replaced in one step.
        manifest: What to write, with `files` empty.
        contents: By path inside the bundle, everything but the manifest.

    Raises:
        BundleError: The disk refused; whatever was at `target` is still there.
    """
    check_target(target)
    entries = {path: FileEntry(manifests.digest(data), len(data)) for path, data in contents.items()}
    complete = replace(manifest, files=entries)
    complete.check_complete()
    text = complete.to_bytes()
    try:
        with directory_replaced(target) as fresh:
            for path, data in contents.items():
                place = fresh / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            (fresh / manifests.FILE_NAME).write_bytes(text)
    except OSError as error:
        kept = "the bundle that was there is untouched" if target.exists() else "nothing was left behind"
        raise BundleError(f"{target}: cannot be written: {error.strerror or error}; {kept}") from error
    return Bundle(target, complete, manifests.digest(text))


def check_target(target: Path) -> None:
    """Accepts a place where a bundle may be written: nothing, or an older bundle.

    Raises:
        BundleError: Something else is there, or nothing can be made in the directory above.
    """
    if target.exists() and not (target / manifests.FILE_NAME).is_file():
        raise BundleError(f"{target}: exists and is not a bundle; choose another place or remove it")
    above = next(path for path in Path(os.path.realpath(target)).parents if path.exists())
    if not above.is_dir():
        raise BundleError(f"{target}: cannot be written: {above} is not a directory")
    try:  # tried, not asked for: to root every directory seems writable, also in /proc
        trial = tempfile.mkdtemp(dir=above, prefix=f".{target.name}.", suffix=PARTIAL)
        with contextlib.suppress(FileNotFoundError):  # another process took it for abandoned
            os.rmdir(trial)
    except OSError as error:
        if error.errno == errno.EACCES:
            cause = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(above))
            raise BundleError(f"{target}: cannot be written: this user may not write to {above}") from cause
        reason = error.strerror or error
        raise BundleError(f"{target}: cannot be written: nothing can be made in {above}: {reason}") from error


def pack(bundle: Bundle, target: Path) -> None:
    """Writes the bundle as one uncompressed tar, the same bytes for the same bundle, holding ``<name>/…``.

    A signature that lies in it goes along.

    Raises:
        BundleError: The disk refused; an older file at `target` is still there.
    """
    signature = [manifests.SIGNATURE] * bundle.file(manifests.SIGNATURE).is_file()
    paths = sorted([manifests.FILE_NAME, *signature, *bundle.manifest.files])
    try:
        with file_replaced(target) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in paths:
                # A fresh TarInfo has owner 0, time 0 and mode 0644: nothing of this machine gets in.
                entry = tarfile.TarInfo(f"{bundle.manifest.name}/{path}")
                entry.size = bundle.file(path).stat().st_size
                with bundle.file(path).open("rb") as data:
                    tar.addfile(entry, data)
    except OSError as error:
        raise BundleError(f"{target}: cannot be written: {error.strerror or error}") from error
