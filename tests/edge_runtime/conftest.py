"""Settings of this folder's tests."""

from hypothesis import settings

# A loaded machine is no failure, and the same commit must give the same verdict.
settings.register_profile("edge_runtime", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("edge_runtime")
# DEV-ONLY
import shutil as _s
from pathlib import Path as _P
import pytest as _p


@_p.fixture(scope="session")
def bundle(tmp_path_factory):
    from edge_runtime.bundle.store import open_bundle

    d = tmp_path_factory.mktemp("b") / "small"
    _s.copytree("/tmp/etests_bundle", d)
    return open_bundle(d)
