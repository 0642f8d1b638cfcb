"""Settings of this folder's tests."""

from hypothesis import settings

# A loaded machine is no failure, and the same commit must give the same verdict.
settings.register_profile("edge_runtime", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("edge_runtime")
