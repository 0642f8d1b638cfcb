import errno
import os

import pytest

from edge_runtime.device.container import KUBERNETES, hint, in_container
from edge_runtime.errors import BundleError


def wrapped(number: int) -> BundleError:
    try:
        raise BundleError("bundles/x: cannot be written") from OSError(number, os.strerror(number))
    except BundleError as error:
        return error


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_no_permission_names_the_user_and_the_flag(number: int) -> None:
    for error in (wrapped(number), OSError(number, "")):
        assert f"this container runs as user {os.getuid()}:{os.getgid()}" in hint(error)
        assert "--user $(id -u):$(id -g)" in hint(error)


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
