"""The verbs of ``edge-runtime``: one module each with `configure` (its arguments) and `run` (its work)."""
