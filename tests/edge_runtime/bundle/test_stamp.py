from pathlib import Path

from edge_runtime.bundle.stamp import stamp
from edge_runtime.bundle.store import Bundle


def test_a_bundle_that_is_signed_where_it_lies_is_seen(lamp: Bundle, tmp_path: Path) -> None:
    unsigned = stamp(lamp.directory)
    assert stamp(lamp.directory) == unsigned
    lamp.file("model.sig").write_bytes(b"{}")
    signed = stamp(lamp.directory)
    assert signed != unsigned
    (tmp_path / "new").write_bytes(b"[]")
    (tmp_path / "new").replace(lamp.file("model.sig"))
    assert stamp(lamp.directory) not in (signed, unsigned)


def test_a_signature_alone_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "model.sig").write_bytes(b"{}")
    assert stamp(tmp_path) is None
