"""Settings of this folder's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A loaded machine is no failure, and the same commit must give the same verdict.
settings.register_profile("edge_runtime", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("edge_runtime")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where these tests and their programs keep what they have measured: not where the user does."""
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("cache")
        patch.setenv("CACHE_DIRECTORY", str(directory))
        yield directory
