"""From a prepared dataset to a run directory."""
