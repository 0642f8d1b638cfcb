import errno
import os
from pathlib import Path

import pytest

from edge_runtime.device.container import KUBERNETES, hint, in_container
from edge_runtime.errors import BundleError
from tests.edge_runtime.samples import in_a_process


def wrapped(number: int) -> BundleError:
    try:
        raise BundleError("bundles/x: cannot be written") from OSError(number, os.strerror(number))
    except BundleError as error:
        return error


AS_ANOTHER = """
import os, sys
from edge_runtime.device.container import hint
if os.getuid() == 0:
    os.setuid(65534)  # root may read everything
try:
    open(sys.argv[1], sys.argv[2]).close()
except OSError as error:
    print(hint(error), end="")
"""


@pytest.mark.parametrize(
    ("named", "mode", "stopper"),
    [
        ("shut/below/a.png", "rb", "shut"),  # may not be passed
        ("shut", "rb", "shut"),
        ("secret.png", "rb", "secret.png"),
        ("full/new.jsonl", "wb", "full"),  # not there: its directory may not be written
    ],
)
def test_no_permission_names_the_place_that_refuses_its_owner_and_the_flag(
    named: str, mode: str, stopper: str, tmp_path: Path
) -> None:
    for above in (tmp_path, *tmp_path.parents[:2]):
        above.chmod(0o755)
    (tmp_path / "shut" / "below").mkdir(parents=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "secret.png").touch()
    for closed, rights in (("shut", 0), ("secret.png", 0), ("full", 0o555)):
        (tmp_path / closed).chmod(rights)
    told = in_a_process(AS_ANOTHER, tmp_path / named, mode).stdout
    (tmp_path / "shut").chmod(0o755)
    place = tmp_path / stopper
    if os.getuid():  # whoever is not root cannot become another: the rights alone are in the way
        assert told.endswith(f", who owns {place}, but not with that right: chmod u+rwX {place}")
        return
    assert told.startswith("; this container runs as user 65534:")
    assert f", and {place} belongs to {os.getuid()}:{place.stat().st_gid}: " in told
    assert f"start the container with --user {os.getuid()}:" in told
    assert told.endswith(f" {place}")


def test_an_error_that_names_no_file_gets_no_advice_about_folders() -> None:
    for number in (errno.EACCES, errno.EPERM):  # a port below 1024, another user's process
        assert hint(wrapped(number)) == ""
        assert hint(OSError(number, "")) == ""


def test_a_read_only_place_names_the_mount() -> None:
    assert "mount a folder of yours without ':ro'" in hint(wrapped(errno.EROFS))


def test_other_errors_are_left_alone() -> None:
    assert hint(wrapped(errno.ENOSPC)) == ""
    assert hint(ValueError("x")) == ""
    assert hint(None) == ""


def test_kubernetes_is_known_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_runtime.device.container.MARKS", ())
    monkeypatch.delenv(KUBERNETES, raising=False)
    assert not in_container()
    monkeypatch.setenv(KUBERNETES, "10.0.0.1")
    assert in_container()
