"""Bundles on disk, as they are read: opened only when every file is the one the manifest names."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from edge_runtime.bundle import manifest as manifests
from edge_runtime.bundle.manifest import Manifest, Variant
from edge_runtime.console import did_you_mean
from edge_runtime.errors import BundleError, IntegrityError, SignatureError, VariantError
from edge_runtime.frozen import dataclass

CHUNK = 1 << 20


@dataclass(frozen=True)
class Signed:
    """What a signature vouches for.

    Attributes:
        hint: Of the key it was made with.
        files: sha256 by path, the manifest's among them.
    """

    hint: str
    files: Mapping[str, str]


Check = Callable[[Path, bytes], Signed]
"""Takes a bundle's directory and its manifest's bytes, and returns what was signed; raises SignatureError."""


@dataclass(frozen=True)
class Bundle:
    """An opened bundle: every digest was right when it was opened.

    Attributes:
        directory: Where it lies.
        manifest: What it says.
        digest: sha256 of the manifest's bytes, the bundle's identity.
        signer: Hint of the key that its signature was checked with; empty where nobody asked for one.
    """

    directory: Path
    manifest: Manifest
    digest: str
    signer: str = ""

    @property
    def short_digest(self) -> str:
        return self.digest[: manifests.SHORT_DIGEST]

    @property
    def title(self) -> str:
        return f"{self.manifest.name} {self.manifest.version} ({self.short_digest})"

    def file(self, path: str) -> Path:
        return self.directory / path

    def content(self, path: str) -> bytes:
        """Returns a file's bytes, which are those that its digest is of.

        Raises:
            IntegrityError: It is another file than when the bundle was opened.
        """
        try:
            content = self.file(path).read_bytes()
        except OSError as error:
            raise IntegrityError(f"{self.file(path)}: cannot be read: {error.strerror or error}") from error
        if manifests.digest(content) != self.manifest.files[path].sha256:
            raise IntegrityError(f"{self.file(path)}: has changed since the bundle was opened; try again")
        return content

    def variant(self, name: str) -> Variant:
        """Returns the variant called `name`; without its suffix where that names only one.

        Raises:
            VariantError: There is none, or more than one.
        """
        found = [v for v in self.manifest.variants if name in (v.name, v.name.rpartition(".")[0])]
        exact = [v for v in found if v.name == name] or found
        if len(exact) == 1:
            return exact[0]
        if exact:
            raise VariantError(f"variant '{name}' could be {' or '.join(v.name for v in exact)}; say which")
        hint = did_you_mean(name, [v.name for v in self.manifest.variants])
        raise VariantError(f"{self.directory}: no variant '{name}'{hint}")


def open_bundle(directory: Path, check: Check | None = None) -> Bundle:
    """Opens a bundle after comparing every file with the manifest.

    Args:
        directory: The bundle's.
        check: Asked who signed the manifest before any of it is parsed; None: it may be anybody's.

    Raises:
        SignatureError: `check` does not know who signed it, or not every file was signed.
        BundleError: `directory` is not a bundle, or may not be read.
        ManifestError: Its manifest cannot be read by this version.
        IntegrityError: A file is missing, extra, altered or a link.
    """
    try:
        return _open(directory, check)
    except OSError as error:
        raise BundleError(f"{directory}: cannot be read: {error.strerror or error}") from error


def _open(directory: Path, check: Check | None) -> Bundle:
    path = directory / manifests.FILE_NAME
    if not directory.exists():
        raise BundleError(f"{directory}: no such bundle")
    if directory.is_file():
        hint = f"; unpack a transport file with 'tar -xf {directory}'" if directory.suffix == ".tar" else ""
        raise BundleError(f"{directory}: a bundle is a directory{hint}")
    if not path.is_file():
        raise BundleError(f"{directory}: not a bundle, it has no {manifests.FILE_NAME}")
    content = path.read_bytes()
    signed = check(directory, content) if check else None
    manifest = manifests.from_bytes(content, str(path))
    if signed:
        _check_signed(directory / manifests.SIGNATURE, manifest, signed)
    _check_files(directory, manifest)
    return Bundle(directory, manifest, manifests.digest(content), signed.hint if signed else "")


def _check_signed(where: Path, manifest: Manifest, signed: Signed) -> None:
    listed = {path: entry.sha256 for path, entry in manifest.files.items()}
    for path in sorted(listed.keys() | (signed.files.keys() - {manifests.FILE_NAME})):
        if path not in signed.files:
            raise SignatureError(f"{where}: {path} was not signed; sign the bundle again")
        if path not in listed:
            raise SignatureError(f"{where}: {path!a} was signed and is not in the manifest; sign the bundle again")
        if signed.files[path] != listed[path]:
            raise SignatureError(f"{where}: another {path} was signed than the manifest lists; sign the bundle again")


def _check_files(directory: Path, manifest: Manifest) -> None:
    found = set(_walk(directory, directory))
    wanted = set(manifest.files) | {manifests.FILE_NAME}
    for path in sorted(wanted - found):
        raise IntegrityError(f"{directory}: {path} is missing; copy the bundle again")
    for path in sorted(found - wanted - {manifests.SIGNATURE}):
        raise IntegrityError(f"{directory}: {path} is not in the manifest; remove it or copy the bundle again")
    buffer = bytearray(min(CHUNK, max((entry.size for entry in manifest.files.values()), default=0) + 1))
    for path, entry in sorted(manifest.files.items()):
        size = (directory / path).stat().st_size
        if size != entry.size:
            raise IntegrityError(f"{directory}: {path}: {entry.size} bytes expected, {size} found; copy it again")
        actual = _sha256(directory / path, buffer)
        if actual != entry.sha256:
            short = manifests.SHORT_DIGEST
            raise IntegrityError(
                f"{directory}: {path}: sha256 {entry.sha256[:short]}… expected, {actual[:short]}… found; "
                "copy the bundle again"
            )


def _walk(directory: Path, root: Path) -> list[str]:
    """Returns the files below `directory` as paths relative to `root`; links are refused, they may lead anywhere."""
    paths = []
    with os.scandir(directory) as entries:
        for entry in entries:
            relative = Path(entry.path).relative_to(root).as_posix()
            if entry.is_symlink():
                raise IntegrityError(f"{root}: {relative} is a link; a bundle holds plain files only")
            if entry.is_dir():
                paths += _walk(Path(entry.path), root)
            elif entry.is_file():
                paths.append(relative)
            else:
                raise IntegrityError(f"{root}: {relative} is a pipe, socket or device; a bundle holds plain files only")
    return paths


def _sha256(path: Path, buffer: bytearray) -> str:
    total, view = hashlib.sha256(), memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            total.update(view[:count])
    return total.hexdigest()
