"""HEIC, what phones take unless told otherwise: Pillow has no decoder for it, and neither has the device."""

from pathlib import Path

SUFFIXES = (".heic", ".heif")
# The brands of an ISO base media file (ISO/IEC 14496-12, 23008-12) that are such pictures.
BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
CONVERT = (
    "HEIC is not read here or on the device; convert it to JPEG (heif-convert in Debian's libheif-examples), "
    "or set the phone to take JPEG ('most compatible')"
)


def is_heic(path: Path) -> bool:
    """Whether a file is a HEIC picture, whatever its suffix says: phones' pictures are often merely renamed."""
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError:
        return False
    return start[4:8] == b"ftyp" and start[8:] in BRANDS
